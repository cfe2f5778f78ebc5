// SPDX-License-Identifier: MIT
//
// Masks at work: our functions in the place of the driver's, each the driver's own answer less what the mask hides.
#define VK_ENABLE_BETA_EXTENSIONS // VK_KHR_portability_subset is one
#include "host/mask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include <vulkan/vulkan_beta.h>

// The process's one mask, and the driver behind it. The device's functions are the ones that go by the device they are
// given (a loader's, or the driver's own), so that one table does for all.
static const struct pv_mask *mask;
static PFN_vkGetInstanceProcAddr real_get;
static VkInstance last_instance;
static struct pv_instance_procs real;
static struct pv_device_procs real_device;

static bool matches(const char *const *patterns, const char *name)
{
   for (; patterns && *patterns; patterns++) {
      const char *star = strchr(*patterns, '*');
      if (star ? !strncmp(*patterns, name, (size_t)(star - *patterns)) : !strcmp(*patterns, name))
         return true;
   }
   return false;
}

static bool hidden(const char *extension)
{
   return matches(mask->hidden, extension) && !matches(mask->kept, extension);
}

static VkResult VKAPI_PTR mask_EnumerateInstanceVersion(uint32_t *version)
{
   PFN_vkEnumerateInstanceVersion ask = (PFN_vkEnumerateInstanceVersion)real_get(NULL, "vkEnumerateInstanceVersion");
   VkResult result = ask(version);
   if (mask->api_version && *version > mask->api_version)
      *version = mask->api_version;
   return result;
}

static PFN_vkVoidFunction VKAPI_PTR by_instance(VkDevice device, const char *name)
{
   return real_get(last_instance, name);
}

static VkResult VKAPI_PTR mask_CreateInstance(const VkInstanceCreateInfo *asked, const VkAllocationCallbacks *alloc,
                                              VkInstance *out)
{
   PFN_vkCreateInstance create = (PFN_vkCreateInstance)real_get(NULL, "vkCreateInstance");
   VkInstanceCreateInfo info = *asked;
   VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
   if (info.pApplicationInfo)
      app = *info.pApplicationInfo;
   if (mask->api_version && app.apiVersion > mask->api_version)
      app.apiVersion = mask->api_version; // drivers hide newer functions by it
   info.pApplicationInfo = &app;
   VkResult result = create(&info, alloc, out);
   if (result == VK_SUCCESS && !real.DestroyInstance) {
      pv_load_instance_procs(&real, real_get, *out);
      last_instance = *out;
      pv_load_device_procs(&real_device, by_instance, NULL);
   }
   return result;
}

static VkResult VKAPI_PTR mask_EnumerateDeviceExtensionProperties(VkPhysicalDevice device, const char *layer,
                                                                  uint32_t *count, VkExtensionProperties *out)
{
   static const VkExtensionProperties subset = {VK_KHR_PORTABILITY_SUBSET_EXTENSION_NAME, 1};
   uint32_t have = 0, shown = 0;
   VkResult result = real.EnumerateDeviceExtensionProperties(device, layer, &have, NULL);
   VkExtensionProperties *list = calloc(have + 1, sizeof *list);
   if (result < 0 || !list) {
      free(list);
      return result < 0 ? result : VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   real.EnumerateDeviceExtensionProperties(device, layer, &have, list);
   for (uint32_t i = 0; i < have; i++)
      if (!hidden(list[i].extensionName) && strcmp(list[i].extensionName, subset.extensionName))
         list[shown++] = list[i];
   if (mask->portability)
      list[shown++] = subset;
   result = out && *count < shown ? VK_INCOMPLETE : VK_SUCCESS;
   if (!out || *count > shown)
      *count = shown;
   if (out)
      memcpy(out, list, *count * sizeof *out);
   free(list);
   return result;
}

// Features are VkBool32s one after the other.
static void switch_off(VkPhysicalDeviceFeatures *features)
{
   VkBool32 *feature = (VkBool32 *)features;
   const VkBool32 *off = (const VkBool32 *)&mask->off;
   for (size_t i = 0; i < sizeof *features / sizeof *feature; i++)
      if (off[i])
         feature[i] = VK_FALSE;
}

static void VKAPI_PTR mask_GetPhysicalDeviceFeatures(VkPhysicalDevice device, VkPhysicalDeviceFeatures *features)
{
   real.GetPhysicalDeviceFeatures(device, features);
   switch_off(features);
}

static void VKAPI_PTR mask_GetPhysicalDeviceFeatures2(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *features)
{
   real.GetPhysicalDeviceFeatures2(device, features);
   switch_off(&features->features);
   for (VkBaseOutStructure *s = features->pNext; s; s = s->pNext) {
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MULTIVIEW_FEATURES && mask->off.geometryShader)
         ((VkPhysicalDeviceMultiviewFeatures *)s)->multiviewGeometryShader = VK_FALSE;
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MULTIVIEW_FEATURES && mask->off.tessellationShader)
         ((VkPhysicalDeviceMultiviewFeatures *)s)->multiviewTessellationShader = VK_FALSE;
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES && mask->off.geometryShader)
         ((VkPhysicalDeviceVulkan11Features *)s)->multiviewGeometryShader = VK_FALSE;
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES && mask->off.tessellationShader)
         ((VkPhysicalDeviceVulkan11Features *)s)->multiviewTessellationShader = VK_FALSE;
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PORTABILITY_SUBSET_FEATURES_KHR && mask->portability) {
         VkPhysicalDevicePortabilitySubsetFeaturesKHR *subset = (void *)s;
         void *next = subset->pNext;
         *subset = (VkPhysicalDevicePortabilitySubsetFeaturesKHR){.sType = s->sType,
                                                                  .pNext = next,
                                                                  .constantAlphaColorBlendFactors = VK_TRUE,
                                                                  .events = VK_TRUE,
                                                                  .imageViewFormatReinterpretation = VK_TRUE,
                                                                  .imageViewFormatSwizzle = VK_TRUE,
                                                                  .multisampleArrayImage = VK_TRUE,
                                                                  .mutableComparisonSamplers = VK_TRUE,
                                                                  .separateStencilMaskRef = VK_TRUE,
                                                                  .tessellationIsolines = VK_FALSE};
      }
   }
}

static void cut_properties(VkPhysicalDeviceProperties *properties)
{
   VkPhysicalDeviceLimits *limits = &properties->limits;
   if (mask->api_version && properties->apiVersion > mask->api_version)
      properties->apiVersion = mask->api_version;
   if (mask->off.sparseBinding) {
      limits->sparseAddressSpaceSize = 0;
      properties->sparseProperties = (VkPhysicalDeviceSparseProperties){0};
   }
   if (mask->off.wideLines) {
      limits->lineWidthRange[0] = limits->lineWidthRange[1] = 1;
      limits->lineWidthGranularity = 0;
   }
   if (mask->off.geometryShader) {
      limits->maxGeometryShaderInvocations = limits->maxGeometryInputComponents = 0;
      limits->maxGeometryOutputComponents = limits->maxGeometryOutputVertices = 0;
      limits->maxGeometryTotalOutputComponents = 0;
   }
   if (mask->off.shaderCullDistance)
      limits->maxCullDistances = 0;
}

static void VKAPI_PTR mask_GetPhysicalDeviceProperties(VkPhysicalDevice device, VkPhysicalDeviceProperties *properties)
{
   real.GetPhysicalDeviceProperties(device, properties);
   cut_properties(properties);
}

static VkShaderStageFlags missing_stages(void)
{
   return (mask->off.geometryShader ? VK_SHADER_STAGE_GEOMETRY_BIT : 0) |
          (mask->off.tessellationShader
               ? VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT | VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT
               : 0);
}

static void VKAPI_PTR mask_GetPhysicalDeviceProperties2(VkPhysicalDevice device,
                                                        VkPhysicalDeviceProperties2 *properties)
{
   real.GetPhysicalDeviceProperties2(device, properties);
   cut_properties(&properties->properties);
   for (VkBaseOutStructure *s = properties->pNext; s; s = s->pNext) {
      switch ((uint32_t)s->sType) {
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES:
         ((VkPhysicalDeviceSubgroupProperties *)s)->supportedStages &= ~missing_stages();
         break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES:
         ((VkPhysicalDeviceVulkan11Properties *)s)->subgroupSupportedStages &= ~missing_stages();
         break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT:
         if (mask->import_alignment)
            ((VkPhysicalDeviceExternalMemoryHostPropertiesEXT *)s)->minImportedHostPointerAlignment =
                mask->import_alignment;
         break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES: // as one that does not know the structure
         if (hidden(VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME) &&
             properties->properties.apiVersion < VK_API_VERSION_1_2) {
            void *next = s->pNext;
            *(VkPhysicalDeviceDriverProperties *)s =
                (VkPhysicalDeviceDriverProperties){.sType = s->sType, .pNext = next};
         }
         break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PORTABILITY_SUBSET_PROPERTIES_KHR:
         if (mask->portability)
            ((VkPhysicalDevicePortabilitySubsetPropertiesKHR *)s)->minVertexInputBindingStrideAlignment = 4;
         break;
      default:
         break;
      }
   }
}

// The host's memory type behind each of the mask's: one that a CPU reaches as the mask's does. Which GPU a device
// belongs to is not known where types are used, so machines that wear a mask have one GPU, or several alike.
static uint32_t behind[PV_MASK_TYPES];

static void find_types_behind(const VkPhysicalDeviceMemoryProperties *memory)
{
   for (uint32_t type = 0; type < mask->type_count; type++) {
      VkMemoryPropertyFlags need =
          mask->types[type].propertyFlags & ~(VkMemoryPropertyFlags)VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
      uint32_t i = 0;
      while (i < memory->memoryTypeCount && (memory->memoryTypes[i].propertyFlags & need) != need)
         i++;
      behind[type] = i < memory->memoryTypeCount ? i : 0;
   }
}

static uint32_t cut_types(uint32_t bits)
{
   uint32_t cut = 0;
   if (!mask->type_count)
      return bits;
   for (uint32_t type = 0; type < mask->type_count; type++)
      cut |= (bits >> behind[type] & 1) << type;
   return cut;
}

static uint64_t total(const VkPhysicalDeviceMemoryProperties *memory)
{
   uint64_t sum = 0;
   for (uint32_t i = 0; i < memory->memoryHeapCount; i++)
      sum += memory->memoryHeaps[i].size;
   return sum;
}

static void cut_memory(VkPhysicalDeviceMemoryProperties *memory)
{
   uint64_t all = total(memory);
   if (!mask->type_count)
      return;
   find_types_behind(memory);
   memset(memory, 0, sizeof *memory);
   memory->memoryTypeCount = mask->type_count;
   memcpy(memory->memoryTypes, mask->types, mask->type_count * sizeof *mask->types);
   memory->memoryHeapCount = mask->heap_count;
   for (uint32_t i = 0; i < mask->heap_count; i++)
      memory->memoryHeaps[i] = (VkMemoryHeap){all / 100 * mask->heaps[i].size, mask->heaps[i].flags};
}

static void VKAPI_PTR mask_GetPhysicalDeviceMemoryProperties(VkPhysicalDevice device,
                                                             VkPhysicalDeviceMemoryProperties *memory)
{
   real.GetPhysicalDeviceMemoryProperties(device, memory);
   cut_memory(memory);
}

static void VKAPI_PTR mask_GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice device,
                                                              VkPhysicalDeviceMemoryProperties2 *memory)
{
   real.GetPhysicalDeviceMemoryProperties2(device, memory);
   cut_memory(&memory->memoryProperties);
   VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget =
       pv_chain_find(memory->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
   for (uint32_t i = 0; budget && mask->type_count && i < VK_MAX_MEMORY_HEAPS; i++) {
      budget->heapBudget[i] = i < mask->heap_count ? memory->memoryProperties.memoryHeaps[i].size : 0;
      budget->heapUsage[i] = i < mask->heap_count ? budget->heapUsage[0] : 0;
   }
}

static void VKAPI_PTR mask_GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice device, uint32_t *count,
                                                                  VkQueueFamilyProperties *out)
{
   real.GetPhysicalDeviceQueueFamilyProperties(device, count, out);
   for (uint32_t i = 0; out && mask->off.sparseBinding && i < *count; i++)
      out[i].queueFlags &= ~(VkQueueFlags)VK_QUEUE_SPARSE_BINDING_BIT;
}

static void VKAPI_PTR mask_GetPhysicalDeviceQueueFamilyProperties2(VkPhysicalDevice device, uint32_t *count,
                                                                   VkQueueFamilyProperties2 *out)
{
   real.GetPhysicalDeviceQueueFamilyProperties2(device, count, out);
   for (uint32_t i = 0; out && mask->off.sparseBinding && i < *count; i++)
      out[i].queueFamilyProperties.queueFlags &= ~(VkQueueFlags)VK_QUEUE_SPARSE_BINDING_BIT;
}

static void VKAPI_PTR mask_GetPhysicalDeviceExternalSemaphoreProperties(
    VkPhysicalDevice device, const VkPhysicalDeviceExternalSemaphoreInfo *ask, VkExternalSemaphoreProperties *out)
{
   real.GetPhysicalDeviceExternalSemaphoreProperties(device, ask, out);
   if (!mask->sync_fds)
      out->exportFromImportedHandleTypes = out->compatibleHandleTypes = out->externalSemaphoreFeatures = 0;
}

static void VKAPI_PTR mask_GetPhysicalDeviceExternalFenceProperties(VkPhysicalDevice device,
                                                                    const VkPhysicalDeviceExternalFenceInfo *ask,
                                                                    VkExternalFenceProperties *out)
{
   real.GetPhysicalDeviceExternalFenceProperties(device, ask, out);
   if (!mask->sync_fds)
      out->exportFromImportedHandleTypes = out->compatibleHandleTypes = out->externalFenceFeatures = 0;
}

static void VKAPI_PTR mask_GetPhysicalDeviceExternalBufferProperties(VkPhysicalDevice device,
                                                                     const VkPhysicalDeviceExternalBufferInfo *ask,
                                                                     VkExternalBufferProperties *out)
{
   real.GetPhysicalDeviceExternalBufferProperties(device, ask, out);
   if (!(ask->handleType & mask->handles))
      out->externalMemoryProperties = (VkExternalMemoryProperties){0};
}

static VkResult VKAPI_PTR mask_GetPhysicalDeviceImageFormatProperties2(VkPhysicalDevice device,
                                                                       const VkPhysicalDeviceImageFormatInfo2 *ask,
                                                                       VkImageFormatProperties2 *out)
{
   const VkPhysicalDeviceExternalImageFormatInfo *external =
       pv_chain_find(ask->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
   if (external && external->handleType && !(external->handleType & mask->handles))
      return VK_ERROR_FORMAT_NOT_SUPPORTED;
   return real.GetPhysicalDeviceImageFormatProperties2(device, ask, out);
}

// VK_SUCCESS, or why the imitated driver would refuse such a device.
static VkResult refuse_device(const VkDeviceCreateInfo *info)
{
   const VkPhysicalDeviceFeatures2 *chained = pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2);
   const VkBool32 *wanted = (const VkBool32 *)(info->pEnabledFeatures ? info->pEnabledFeatures
                                               : chained              ? &chained->features
                                                                      : NULL);
   const VkBool32 *off = (const VkBool32 *)&mask->off;
   for (size_t i = 0; wanted && i < sizeof mask->off / sizeof *off; i++)
      if (wanted[i] && off[i])
         return VK_ERROR_FEATURE_NOT_PRESENT;
   bool subset = !mask->portability;
   for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
      subset |= !strcmp(info->ppEnabledExtensionNames[i], VK_KHR_PORTABILITY_SUBSET_EXTENSION_NAME);
      if (hidden(info->ppEnabledExtensionNames[i]))
         return VK_ERROR_EXTENSION_NOT_PRESENT;
   }
   return subset ? VK_SUCCESS : VK_ERROR_INITIALIZATION_FAILED; // a device that has it must be asked for it
}

static VkResult VKAPI_PTR mask_CreateDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *asked,
                                            const VkAllocationCallbacks *alloc, VkDevice *out)
{
   VkResult result = refuse_device(asked);
   if (result != VK_SUCCESS)
      return result;
   VkDeviceCreateInfo info = *asked;
   const char **names = calloc(info.enabledExtensionCount + 1, sizeof *names);
   if (!names)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   info.enabledExtensionCount = 0;
   for (uint32_t i = 0; i < asked->enabledExtensionCount; i++)
      if (strcmp(asked->ppEnabledExtensionNames[i], VK_KHR_PORTABILITY_SUBSET_EXTENSION_NAME))
         names[info.enabledExtensionCount++] = asked->ppEnabledExtensionNames[i];
   info.ppEnabledExtensionNames = names;
   result = real.CreateDevice(physical, &info, alloc, out);
   free(names);
   return result;
}

static bool bad_import(const VkMemoryAllocateInfo *info)
{
   const VkImportMemoryHostPointerInfoEXT *import =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT);
   uint64_t unit = mask->import_alignment ? mask->import_alignment : 1;
   return import && (!(mask->importable >> info->memoryTypeIndex & 1) || (uintptr_t)import->pHostPointer % unit ||
                     info->allocationSize % unit);
}

static VkResult VKAPI_PTR mask_AllocateMemory(VkDevice device, const VkMemoryAllocateInfo *asked,
                                              const VkAllocationCallbacks *alloc, VkDeviceMemory *out)
{
   VkMemoryAllocateInfo info = *asked;
   if (mask->type_count && info.memoryTypeIndex >= mask->type_count)
      return VK_ERROR_UNKNOWN;
   if (bad_import(asked))
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if (mask->type_count)
      info.memoryTypeIndex = behind[info.memoryTypeIndex];
   return real_device.AllocateMemory(device, &info, alloc, out);
}

static VkResult VKAPI_PTR mask_GetMemoryHostPointerPropertiesEXT(VkDevice device,
                                                                 VkExternalMemoryHandleTypeFlagBits type,
                                                                 const void *pointer,
                                                                 VkMemoryHostPointerPropertiesEXT *out)
{
   VkResult result = real_device.GetMemoryHostPointerPropertiesEXT(device, type, pointer, out);
   out->memoryTypeBits = cut_types(out->memoryTypeBits) & mask->importable;
   return result;
}

static void VKAPI_PTR mask_GetBufferMemoryRequirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *out)
{
   real_device.GetBufferMemoryRequirements(device, buffer, out);
   out->memoryTypeBits = cut_types(out->memoryTypeBits);
}

static void VKAPI_PTR mask_GetImageMemoryRequirements(VkDevice device, VkImage image, VkMemoryRequirements *out)
{
   real_device.GetImageMemoryRequirements(device, image, out);
   out->memoryTypeBits = cut_types(out->memoryTypeBits);
}

static void VKAPI_PTR mask_GetBufferMemoryRequirements2(VkDevice device, const VkBufferMemoryRequirementsInfo2 *info,
                                                        VkMemoryRequirements2 *out)
{
   real_device.GetBufferMemoryRequirements2(device, info, out);
   out->memoryRequirements.memoryTypeBits = cut_types(out->memoryRequirements.memoryTypeBits);
}

static void VKAPI_PTR mask_GetImageMemoryRequirements2(VkDevice device, const VkImageMemoryRequirementsInfo2 *info,
                                                       VkMemoryRequirements2 *out)
{
   real_device.GetImageMemoryRequirements2(device, info, out);
   out->memoryRequirements.memoryTypeBits = cut_types(out->memoryRequirements.memoryTypeBits);
}

static void VKAPI_PTR mask_GetDeviceBufferMemoryRequirements(VkDevice device,
                                                             const VkDeviceBufferMemoryRequirements *info,
                                                             VkMemoryRequirements2 *out)
{
   real_device.GetDeviceBufferMemoryRequirements(device, info, out);
   out->memoryRequirements.memoryTypeBits = cut_types(out->memoryRequirements.memoryTypeBits);
}

static void VKAPI_PTR mask_GetDeviceImageMemoryRequirements(VkDevice device,
                                                            const VkDeviceImageMemoryRequirements *info,
                                                            VkMemoryRequirements2 *out)
{
   real_device.GetDeviceImageMemoryRequirements(device, info, out);
   out->memoryRequirements.memoryTypeBits = cut_types(out->memoryRequirements.memoryTypeBits);
}

static PFN_vkVoidFunction VKAPI_PTR mask_GetDeviceProcAddr(VkDevice device, const char *name);

#define ENTRY(name) {"vk" #name, (PFN_vkVoidFunction)mask_##name}
static const struct {
   const char *name;
   PFN_vkVoidFunction function;
} functions[] = {
   ENTRY(EnumerateInstanceVersion),
   ENTRY(CreateInstance),
   ENTRY(EnumerateDeviceExtensionProperties),
   ENTRY(GetPhysicalDeviceFeatures),
   ENTRY(GetPhysicalDeviceFeatures2),
   ENTRY(GetPhysicalDeviceProperties),
   ENTRY(GetPhysicalDeviceProperties2),
   ENTRY(GetPhysicalDeviceMemoryProperties),
   ENTRY(GetPhysicalDeviceMemoryProperties2),
   ENTRY(GetPhysicalDeviceQueueFamilyProperties),
   ENTRY(GetPhysicalDeviceQueueFamilyProperties2),
   ENTRY(GetPhysicalDeviceExternalSemaphoreProperties),
   ENTRY(GetPhysicalDeviceExternalFenceProperties),
   ENTRY(GetPhysicalDeviceExternalBufferProperties),
   ENTRY(GetPhysicalDeviceImageFormatProperties2),
   ENTRY(CreateDevice),
   ENTRY(GetDeviceProcAddr),
   ENTRY(AllocateMemory),
   ENTRY(GetMemoryHostPointerPropertiesEXT),
   ENTRY(GetBufferMemoryRequirements),
   ENTRY(GetImageMemoryRequirements),
   ENTRY(GetBufferMemoryRequirements2),
   ENTRY(GetImageMemoryRequirements2),
   ENTRY(GetDeviceBufferMemoryRequirements),
   ENTRY(GetDeviceImageMemoryRequirements),
};

// Our function for one of the driver's, under its newest name or the extension's; what the driver lacks we lack too.
static PFN_vkVoidFunction instead_of(PFN_vkVoidFunction function, const char *name)
{
   size_t length = strlen(name);
   for (size_t i = 0; function && i < sizeof functions / sizeof *functions; i++) {
      size_t n = strlen(functions[i].name);
      if (!strncmp(functions[i].name, name, n) && (n == length || !strcmp(name + n, "KHR")))
         return functions[i].function;
   }
   return function;
}

static PFN_vkVoidFunction VKAPI_PTR mask_GetDeviceProcAddr(VkDevice device, const char *name)
{
   return instead_of(real.GetDeviceProcAddr(device, name), name);
}

static PFN_vkVoidFunction VKAPI_PTR mask_GetInstanceProcAddr(VkInstance instance, const char *name)
{
   return instead_of(real_get(instance, name), name);
}

int pv_mask_put_on(const char *name, PFN_vkGetInstanceProcAddr *get)
{
   char names[256] = "";
   const struct pv_mask *found = NULL;
   for (const struct pv_mask *m = pv_masks; m->name; m++) {
      snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? ", " : "", m->name);
      if (!strcmp(m->name, name))
         found = m;
   }
   if (!found) {
      pv_error("no driver restriction \"%s\"; there are: %s.", name, names);
      return -EINVAL;
   }
   if (mask && (mask != found || real_get != *get)) {
      pv_error("the driver is restricted as \"%s\" in this process already, which cannot become \"%s\".", mask->name,
               name);
      return -EBUSY;
   }
   mask = found;
   real_get = *get;
   *get = mask_GetInstanceProcAddr;
   return 0;
}
