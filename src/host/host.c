// SPDX-License-Identifier: MIT
//
// The driver and its GPUs.
#include "host/host.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/mask.h"

static int load_library(struct pv_host *host, const char *driver)
{
   static const char *const loaders[] = {"libvulkan.so.1", "libvulkan.so", "libvulkan.1.dylib", "libMoltenVK.dylib"};
   if (driver) {
      host->library = dlopen(driver, RTLD_NOW | RTLD_LOCAL);
      if (!host->library) {
         pv_error(
             "cannot load the Vulkan driver \"%s\": %s. Name the driver's shared library, or leave --driver out to "
             "use the system's loader.",
             driver, dlerror());
         return -ENOENT;
      }
   }
   for (size_t i = 0; !host->library && i < sizeof loaders / sizeof *loaders; i++)
      host->library = dlopen(loaders[i], RTLD_NOW | RTLD_LOCAL);
   if (!host->library) {
      pv_error("no Vulkan loader on this host (libvulkan.so.1): install it, on Debian the package libvulkan1.");
      return -ENOENT;
   }
   void *proc = dlsym(host->library, "vk_icdGetInstanceProcAddr");
   if (!proc)
      proc = dlsym(host->library, "vkGetInstanceProcAddr");
   if (!proc) {
      pv_error("\"%s\" is no Vulkan driver: it exports neither vk_icdGetInstanceProcAddr nor vkGetInstanceProcAddr.",
               driver ? driver : "libvulkan");
      return -ENODEV;
   }
   // A driver named directly wants to hear which interface version its caller speaks (loader-driver interface, version
   // 5).
   VkResult (*negotiate)(uint32_t *) = NULL;
   void *negotiate_proc = dlsym(host->library, "vk_icdNegotiateLoaderICDInterfaceVersion");
   memcpy(&negotiate, &negotiate_proc, sizeof negotiate);
   uint32_t interface_version = 5;
   if (driver && negotiate)
      negotiate(&interface_version);
   memcpy(&host->get_instance_proc, &proc, sizeof proc);
   return 0;
}

// The loader leaves drivers with VK_KHR_portability_subset out unless an instance asks for them.
static bool lists_portability(const struct pv_host *host)
{
   uint32_t count = 0;
   bool found = false;
   if (!host->vk.EnumerateInstanceExtensionProperties ||
       host->vk.EnumerateInstanceExtensionProperties(NULL, &count, NULL) < 0)
      return false;
   VkExtensionProperties *list = calloc(count ? count : 1, sizeof *list);
   if (list && host->vk.EnumerateInstanceExtensionProperties(NULL, &count, list) >= 0)
      for (uint32_t i = 0; i < count; i++)
         found |= !strcmp(list[i].extensionName, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
   free(list);
   return found;
}

VkResult pv_host_make_instance(const struct pv_host *host, const VkApplicationInfo *app, VkInstance *instance,
                               struct pv_instance_procs *vk)
{
   static const char *const portability = VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
   VkApplicationInfo ours = *app;
   ours.apiVersion = host->api_version;
   const VkInstanceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
      .flags = host->portability ? VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR : 0,
      .pApplicationInfo = &ours,
      .enabledExtensionCount = host->portability,
      .ppEnabledExtensionNames = &portability,
   };
   VkResult result = host->vk.CreateInstance(&info, NULL, instance);
   if (result == VK_SUCCESS)
      pv_load_instance_procs(vk, host->get_instance_proc, *instance);
   return result;
}

static int make_instance(struct pv_host *host, VkInstance *instance, struct pv_instance_procs *vk)
{
   const VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "PearVisor"};
   VkResult result = pv_host_make_instance(host, &app, instance, vk);
   if (result == VK_SUCCESS)
      return 0;
   pv_error("the host's Vulkan does not start (vkCreateInstance: %d). Is a driver installed? On Debian the package "
            "mesa-vulkan-drivers has one for every machine; VK_DRIVER_FILES, if set, must name it.",
            result);
   return result == VK_ERROR_INCOMPATIBLE_DRIVER ? -ENOENT : -ENODEV;
}

static void read_identity(const struct pv_instance_procs *vk, VkPhysicalDevice device,
                          VkPhysicalDeviceProperties *properties, VkPhysicalDeviceDriverProperties *driver,
                          uint8_t uuid[VK_UUID_SIZE])
{
   *driver = (VkPhysicalDeviceDriverProperties){.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
   VkPhysicalDeviceIDProperties id = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, .pNext = driver};
   VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &id};
   vk->GetPhysicalDeviceProperties2(device, &all);
   *properties = all.properties;
   memcpy(uuid, id.deviceUUID, VK_UUID_SIZE);
}

static bool both_ways(VkFlags features, VkFlags exportable, VkFlags importable)
{
   return (features & exportable) && (features & importable);
}

static void read_sync_fd(struct pv_gpu *gpu, const struct pv_instance_procs *vk, VkPhysicalDevice device)
{
   const VkPhysicalDeviceExternalSemaphoreInfo semaphore = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
      .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT};
   VkExternalSemaphoreProperties semaphores = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES};
   const VkPhysicalDeviceExternalFenceInfo fence = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                    .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
   VkExternalFenceProperties fences = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
   if (pv_gpu_has(gpu, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME))
      vk->GetPhysicalDeviceExternalSemaphoreProperties(device, &semaphore, &semaphores);
   if (pv_gpu_has(gpu, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME))
      vk->GetPhysicalDeviceExternalFenceProperties(device, &fence, &fences);
   gpu->semaphore_sync_fd =
       both_ways(semaphores.externalSemaphoreFeatures, VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT,
                 VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT);
   gpu->fence_sync_fd = both_ways(fences.externalFenceFeatures, VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT,
                                  VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT);
}

static int read_gpu(struct pv_gpu *gpu, const struct pv_instance_procs *vk, VkPhysicalDevice device)
{
   read_identity(vk, device, &gpu->properties, &gpu->driver, gpu->uuid);
   vk->GetPhysicalDeviceMemoryProperties(device, &gpu->memory);
   if (*gpu->driver.driverName)
      snprintf(gpu->driver_text, sizeof gpu->driver_text, "%s %s", gpu->driver.driverName, gpu->driver.driverInfo);
   else // it need not tell before Vulkan 1.2
      snprintf(gpu->driver_text, sizeof gpu->driver_text, "unnamed, version 0x%x", gpu->properties.driverVersion);
   uint32_t count = 0;
   vk->EnumerateDeviceExtensionProperties(device, NULL, &count, NULL);
   gpu->extensions = calloc(count ? count : 1, sizeof *gpu->extensions);
   if (!gpu->extensions)
      return -ENOMEM;
   vk->EnumerateDeviceExtensionProperties(device, NULL, &count, gpu->extensions);
   gpu->extension_count = gpu->extensions_listed = count;
   read_sync_fd(gpu, vk, device);
   return 0;
}

static void uuid_text(const uint8_t uuid[VK_UUID_SIZE], char out[37])
{
   char *p = out, *end = out + 37;
   for (unsigned i = 0; i < VK_UUID_SIZE; i++)
      p += snprintf(p, (size_t)(end - p), i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
}

static bool contains_ignoring_case(const char *text, const char *part)
{
   size_t n = strlen(part);
   for (; *text; text++) {
      size_t i = 0;
      while (i < n && text[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
         i++;
      if (i == n)
         return true;
   }
   return false;
}

static bool gpu_matches(const struct pv_gpu *gpu, uint32_t index, const char *choice)
{
   char *end;
   unsigned long number = strtoul(choice, &end, 10);
   if (end != choice && !*end)
      return number == index;
   char uuid[37], plain[33];
   uuid_text(gpu->uuid, uuid);
   char *p = plain;
   for (const char *q = uuid; *q; q++)
      if (*q != '-')
         *p++ = *q;
   *p = 0;
   return !strcasecmp(choice, uuid) || !strcasecmp(choice, plain) ||
          contains_ignoring_case(gpu->properties.deviceName, choice);
}

static void forget_gpu(struct pv_gpu *gpu)
{
   free(gpu->extensions);
   gpu->extensions = NULL;
}

static void list_gpus(const struct pv_host *host, char *out, size_t size)
{
   size_t used = 0;
   *out = 0;
   for (uint32_t i = 0; i < host->gpu_count && used < size; i++)
      used += (size_t)snprintf(out + used, size - used, "%s%u \"%s\"", i ? ", " : "", i,
                               host->gpus[i].properties.deviceName);
}

static bool same_gpu(const struct pv_gpu *a, const struct pv_gpu *b)
{
   return !memcmp(a->uuid, b->uuid, sizeof a->uuid) && a->properties.deviceID == b->properties.deviceID &&
          a->driver.driverID == b->driver.driverID && !strcmp(a->properties.deviceName, b->properties.deviceName);
}

// Marks the one GPU that `choice` names.
static int mark_gpu(const struct pv_host *host, const char *choice, bool *marked)
{
   uint32_t found = 0, last = 0;
   for (uint32_t i = 0; i < host->gpu_count; i++) {
      if (gpu_matches(&host->gpus[i], i, choice)) {
         found++;
         last = i;
      }
   }
   if (found == 1) {
      marked[last] = true;
      return 0;
   }
   char list[512];
   list_gpus(host, list, sizeof list);
   pv_error(found ? "\"%s\" names several GPUs. Say the index or the UUID; this host has: %s."
                  : "no GPU \"%s\" on this host. Say an index, a UUID or part of a name; this host has: %s.",
            choice, list);
   return found ? -EINVAL : -ENOENT;
}

// Keeps the GPUs that `choice` names: indices with commas between them, or one name (which may have a comma in it).
static int choose_gpus(struct pv_host *host, const char *choice, VkPhysicalDevice *devices)
{
   bool *marked = calloc(host->gpu_count ? host->gpu_count : 1, sizeof *marked);
   char *copy = choice ? strdup(choice) : NULL;
   bool list = choice && strspn(choice, "0123456789,") == strlen(choice);
   int error = !marked || (choice && !copy) ? -ENOMEM : 0;
   for (char *rest = copy, *one; !error && (one = list ? strsep(&rest, ",") : rest); rest = list ? rest : NULL)
      error = mark_gpu(host, one, marked);
   uint32_t kept = 0;
   for (uint32_t i = 0; !error && choice && i < host->gpu_count; i++) {
      if (marked[i]) {
         devices[kept] = devices[i];
         host->gpus[kept++] = host->gpus[i];
      } else {
         forget_gpu(&host->gpus[i]);
      }
   }
   if (!error && choice)
      host->gpu_count = kept;
   free(copy);
   free(marked);
   return error;
}

static int read_gpus(struct pv_host *host, const struct pv_instance_procs *vk, VkInstance instance, const char *choice,
                     bool in_process)
{
   uint32_t count = 0;
   VkResult result = vk->EnumeratePhysicalDevices(instance, &count, NULL);
   if (result < 0)
      count = 0;
   VkPhysicalDevice *devices = calloc(count ? count : 1, sizeof *devices);
   host->gpus = calloc(count ? count : 1, sizeof *host->gpus);
   if (!devices || !host->gpus) {
      free(devices);
      return -ENOMEM;
   }
   if (count)
      vk->EnumeratePhysicalDevices(instance, &count, devices);
   int error = 0;
   for (uint32_t i = 0; i < count && !error; i++) {
      struct pv_gpu *gpu = &host->gpus[host->gpu_count];
      VkPhysicalDeviceProperties properties;
      vk->GetPhysicalDeviceProperties(devices[i], &properties);
      if (properties.apiVersion < VK_API_VERSION_1_1)
         continue; // the protocol needs 1.1
      error = read_gpu(gpu, vk, devices[i]);
      if (!error && gpu->driver.driverID == VK_DRIVER_ID_MESA_VENUS)
         forget_gpu(gpu);
      else if (!error) {
         for (uint32_t k = 0; k < host->gpu_count; k++)
            gpu->twin += same_gpu(&host->gpus[k], gpu);
         devices[host->gpu_count++] = devices[i];
      }
   }
   if (!error && !host->gpu_count) {
      pv_error("the host's Vulkan driver shows no usable GPU (Vulkan 1.1 or later). On Debian the package "
               "mesa-vulkan-drivers "
               "has a driver for every machine; VK_DRIVER_FILES, if set, must name a working one.");
      error = -ENOENT;
   }
   if (!error)
      error = choose_gpus(host, choice, devices);
   for (uint32_t i = 0; i < host->gpu_count && !error; i++)
      pv_gpu_probe_memory(&host->gpus[i], vk, devices[i], in_process);
   free(devices);
   return error;
}

int pv_host_open(struct pv_host *host, const char *driver, const char *choice, const char *mask, bool in_process)
{
   memset(host, 0, sizeof *host);
   if (!mask)
      mask = getenv("PEARVISOR_RESTRICT");
   int error = load_library(host, driver);
   if (!error && mask && *mask)
      error = pv_mask_put_on(mask, &host->get_instance_proc);
   if (error)
      goto fail;
   host->vk.CreateInstance = (PFN_vkCreateInstance)host->get_instance_proc(NULL, "vkCreateInstance");
   host->vk.EnumerateInstanceVersion =
       (PFN_vkEnumerateInstanceVersion)host->get_instance_proc(NULL, "vkEnumerateInstanceVersion");
   host->vk.EnumerateInstanceExtensionProperties = (PFN_vkEnumerateInstanceExtensionProperties)host->get_instance_proc(
       NULL, "vkEnumerateInstanceExtensionProperties");
   uint32_t version = VK_API_VERSION_1_0;
   if (host->vk.EnumerateInstanceVersion)
      host->vk.EnumerateInstanceVersion(&version);
   if (!host->vk.CreateInstance || version < VK_API_VERSION_1_1) {
      pv_error("the host's Vulkan loader or driver is older than Vulkan 1.1: install a newer one.");
      error = -ENODEV;
      goto fail;
   }
   // Always the newest we know: drivers hide functions above the version an instance asked for.
   host->api_version = version < VK_HEADER_VERSION_COMPLETE ? version : VK_HEADER_VERSION_COMPLETE;
   host->portability = lists_portability(host);
   struct pv_instance_procs vk;
   VkInstance instance;
   error = make_instance(host, &instance, &vk);
   if (error)
      goto fail;
   error = read_gpus(host, &vk, instance, choice, in_process);
   vk.DestroyInstance(instance, NULL);
   if (!error)
      return 0;
fail:
   pv_host_close(host);
   return error;
}

void pv_host_close(struct pv_host *host)
{
   for (uint32_t i = 0; i < host->gpu_count; i++)
      forget_gpu(&host->gpus[i]);
   free(host->gpus);
   // The library stays loaded: drivers leave threads and handlers behind that do not survive dlclose.
   memset(host, 0, sizeof *host);
}

void pv_host_match(const struct pv_host *host, const struct pv_instance_procs *vk, const VkPhysicalDevice *devices,
                   uint32_t count, const struct pv_gpu **out)
{
   struct pv_gpu *seen = calloc(count ? count : 1, sizeof *seen); // who they are; nothing else of them is read
   for (uint32_t i = 0; i < count; i++) {
      out[i] = NULL;
      if (!seen)
         continue;
      vk->GetPhysicalDeviceProperties(devices[i], &seen[i].properties);
      if (seen[i].properties.apiVersion < VK_API_VERSION_1_1)
         continue;
      read_identity(vk, devices[i], &seen[i].properties, &seen[i].driver, seen[i].uuid);
      for (uint32_t k = 0; k < i; k++)
         seen[i].twin += same_gpu(&seen[k], &seen[i]);
      for (uint32_t k = 0; k < host->gpu_count && !out[i]; k++)
         if (host->gpus[k].twin == seen[i].twin && same_gpu(&host->gpus[k], &seen[i]))
            out[i] = &host->gpus[k];
   }
   free(seen);
}

bool pv_gpu_has(const struct pv_gpu *gpu, const char *extension)
{
   for (uint32_t i = 0; i < gpu->extension_count; i++)
      if (!strcmp(gpu->extensions[i].extensionName, extension))
         return true;
   return false;
}

void *pv_chain_find(const void *chain, VkStructureType type)
{
   for (const VkBaseInStructure *s = chain; s; s = s->pNext)
      if (s->sType == type)
         return (void *)s;
   return NULL;
}

bool pv_chain_drop(void *root, VkStructureType type)
{
   bool dropped = false;
   for (VkBaseOutStructure *s = root; s->pNext;) {
      if (s->pNext->sType == type) {
         s->pNext = s->pNext->pNext;
         dropped = true;
      } else {
         s = s->pNext;
      }
   }
   return dropped;
}
