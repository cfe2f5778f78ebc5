// SPDX-License-Identifier: MIT
//
// A GPU as guests see it: the host's extensions that the protocol can carry, plus the few that we emulate.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
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

// Lists what we do ourselves if the host does not have it. True if that is so.
static bool emulate(struct pv_gpu_view *view, const char *name)
{
   if (pv_gpu_view_has(view, name))
      return false;
   add(view, name, 1);
   unsigned n = 0;
   while (view->emulated[n])
      n++;
   view->emulated[n] = name;
   return true;
}

static bool view_has(const void *view, const char *extension)
{
   return pv_gpu_view_has(view, extension);
}

// Takes off the list what lacks something it needs, since the wire, the host or we do not have that: a guest may rely
// on the registry's word. Taking one off may cost another.
static void keep_complete(struct pv_gpu_view *view)
{
   uint32_t before;
   do {
      before = view->extension_count;
      uint32_t kept = 0;
      for (uint32_t i = 0; i < before; i++) {
         size_t known = (size_t)(protocol_extension(view->extensions[i].extensionName) - pv_protocol_extensions);
         if (pv_protocol_complete(known, view->api_version, view_has, view))
            view->extensions[kept++] = view->extensions[i];
         else
            pv_debug("GPU \"%s\": %s is not shown, for something that it needs is missing",
                     view->gpu->properties.deviceName, view->extensions[i].extensionName);
      }
      view->extension_count = kept;
   } while (view->extension_count != before);
}

// Types that a guest cannot map are shown as what they still are: memory for the GPU. No heap is larger than what one
// guest may take.
static void show_memory(struct pv_gpu_view *view, uint64_t budget)
{
   const VkMemoryPropertyFlags host =
       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
   view->memory = view->gpu->memory;
   for (uint32_t i = 0; i < view->memory.memoryTypeCount; i++)
      if (!(view->gpu->shareable_types >> i & 1))
         view->memory.memoryTypes[i].propertyFlags &= ~host;
   for (uint32_t i = 0; budget && i < view->memory.memoryHeapCount; i++)
      if (view->memory.memoryHeaps[i].size > budget)
         view->memory.memoryHeaps[i].size = budget;
}

// What stock guest drivers want before they offer a device at all, Vulkan 1.3 or a swapchain, and what costs nothing to
// have. Each is carried by us where the host lacks it.
static void show_emulated(struct pv_gpu_view *view)
{
   emulate(view, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME);
   emulate(view, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME); // hook_sync.c
   emulate(view, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME);
   if (view->gpu->path != PV_MEMORY_NONE)
      emulate(view, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME); // sharing.h
   view->own_format_list =
       view->api_version < VK_API_VERSION_1_2 && emulate(view, VK_KHR_IMAGE_FORMAT_LIST_EXTENSION_NAME);
   view->own_modifiers = emulate(view, VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME);
   view->own_foreign = emulate(view, VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME);
   view->own_budget = emulate(view, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME); // hook_query.c
}

int pv_gpu_view_make(struct pv_gpu_view *view, const struct pv_gpu *gpu, uint64_t budget)
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
   uint32_t highest = PV_REGISTRY_VERSION;
   view->api_version = gpu->properties.apiVersion < highest ? gpu->properties.apiVersion : highest;
   show_emulated(view);
   keep_complete(view);
   show_memory(view, budget);
   return 0;
}

void pv_gpu_view_free(struct pv_gpu_view *view)
{
   free(view->extensions);
   view->extensions = NULL;
}
