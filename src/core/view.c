// SPDX-License-Identifier: MIT
//
// A GPU as guests see it: the host's extensions that the protocol can carry, plus the few that we emulate.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/protocol.gen.h"

static const struct pv_protocol_extension *protocol_extension(const char *name)
{
   for (size_t i = 0; i < PV_PROTOCOL_EXTENSIONS; i++)
      if (!strcmp(pv_protocol_extensions[i].name, name))
         return &pv_protocol_extensions[i];
   return NULL;
}

bool pv_gpu_view_has(const struct pv_gpu_view *view, const char *extension)
{
   for (uint32_t i = 0; i < view->extension_count; i++)
      if (!strcmp(view->extensions[i].extensionName, extension))
         return true;
   return false;
}

static void add(struct pv_gpu_view *view, const char *name, uint32_t version)
{
   VkExtensionProperties *extension = &view->extensions[view->extension_count++];
   memset(extension, 0, sizeof *extension);
   strncpy(extension->extensionName, name, sizeof extension->extensionName - 1);
   extension->specVersion = version;
}

static void emulate(struct pv_gpu_view *view, const char *name)
{
   if (pv_gpu_view_has(view, name))
      return;
   add(view, name, 1);
   unsigned n = 0;
   while (view->emulated[n])
      n++;
   view->emulated[n] = name;
}

// Types that a guest cannot map are shown as what they still are: memory for the GPU.
static void show_memory(struct pv_gpu_view *view)
{
   const VkMemoryPropertyFlags host =
       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
   view->memory = view->gpu->memory;
   for (uint32_t i = 0; i < view->memory.memoryTypeCount; i++)
      if (!(view->gpu->shareable_types >> i & 1))
         view->memory.memoryTypes[i].propertyFlags &= ~host;
}

int pv_gpu_view_make(struct pv_gpu_view *view, const struct pv_gpu *gpu)
{
   memset(view, 0, sizeof *view);
   view->gpu = gpu;
   view->extensions =
       calloc(gpu->extension_count + sizeof view->emulated / sizeof *view->emulated, sizeof *view->extensions);
   if (!view->extensions)
      return -ENOMEM;
   for (uint32_t i = 0; i < gpu->extension_count; i++) {
      const struct pv_protocol_extension *known = protocol_extension(gpu->extensions[i].extensionName);
      if (!known || known->guest_side || !known->in_registry)
         continue;
      // Guests know these as SYNC_FD only; a driver that has them for other handles alone counts as without.
      if ((!strcmp(known->name, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME) && !gpu->semaphore_sync_fd) ||
          (!strcmp(known->name, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME) && !gpu->fence_sync_fd))
         continue;
      uint32_t version = gpu->extensions[i].specVersion;
      add(view, known->name, version < known->spec_cap ? version : known->spec_cap);
   }
   // Stock drivers want these before they offer a device at all, and Vulkan 1.3 or a swapchain.
   emulate(view, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME);
   emulate(view, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME);
   uint32_t highest = PV_REGISTRY_VERSION;
   view->api_version = gpu->properties.apiVersion < highest ? gpu->properties.apiVersion : highest;
   show_memory(view);
   return 0;
}

void pv_gpu_view_free(struct pv_gpu_view *view)
{
   free(view->extensions);
   view->extensions = NULL;
}
