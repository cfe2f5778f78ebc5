// SPDX-License-Identifier: MIT
//
// What a physical device says of itself: the host's answers, corrected where the protocol or our emulation differs.
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"

#define MAX_QUEUES 63u // ring_idx 1..63

// Sparse resources cannot be bound to imported memory (lavapipe takes the binding and ignores it), so there must be a
// memory type that is never imported.
static bool sparse_works(const struct pv_physical_device *device)
{
   const struct pv_gpu *gpu = device->gpu;
   uint32_t all = (uint32_t)((UINT64_C(1) << gpu->memory.memoryTypeCount) - 1);
   return gpu->path != PV_MEMORY_HOST_PTR || (all & ~gpu->shareable_types);
}

static void hide_sparse_features(VkPhysicalDeviceFeatures *features)
{
   features->sparseBinding = VK_FALSE;
   features->sparseResidencyBuffer = VK_FALSE;
   features->sparseResidencyImage2D = VK_FALSE;
   features->sparseResidencyImage3D = VK_FALSE;
   features->sparseResidency2Samples = VK_FALSE;
   features->sparseResidency4Samples = VK_FALSE;
   features->sparseResidency8Samples = VK_FALSE;
   features->sparseResidency16Samples = VK_FALSE;
   features->sparseResidencyAliased = VK_FALSE;
}

static void correct_properties(const struct pv_physical_device *device, VkPhysicalDeviceProperties *properties)
{
   properties->apiVersion = device->view->api_version;
   if (properties->limits.minMemoryMapAlignment > 4096)
      properties->limits.minMemoryMapAlignment = 4096; // guests map whole pages
   if (!sparse_works(device)) {
      properties->limits.sparseAddressSpaceSize = 0;
      properties->sparseProperties = (VkPhysicalDeviceSparseProperties){0};
   }
}

void pv_hook_vkGetPhysicalDeviceProperties(struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceProperties *a)
{
   pv_call_vkGetPhysicalDeviceProperties(x, a);
   correct_properties(a->physicalDevice_ref.state, a->pProperties);
}

void pv_hook_vkGetPhysicalDeviceProperties2(struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceProperties2 *a)
{
   pv_call_vkGetPhysicalDeviceProperties2(x, a);
   correct_properties(a->physicalDevice_ref.state, &a->pProperties->properties);
}

// Features whose commands the protocol does not carry.
static void correct_features(VkPhysicalDeviceFeatures2 *features)
{
   for (VkBaseOutStructure *s = features->pNext; s; s = s->pNext) {
      switch ((uint32_t)s->sType) {
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR:
         ((VkPhysicalDeviceAccelerationStructureFeaturesKHR *)s)->accelerationStructureHostCommands = VK_FALSE;
         break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTENDED_DYNAMIC_STATE_3_FEATURES_EXT: {
         VkPhysicalDeviceExtendedDynamicState3FeaturesEXT *f = (void *)s;
         f->extendedDynamicState3ViewportWScalingEnable = VK_FALSE;
         f->extendedDynamicState3ViewportSwizzle = VK_FALSE;
         f->extendedDynamicState3CoverageToColorEnable = VK_FALSE;
         f->extendedDynamicState3CoverageToColorLocation = VK_FALSE;
         f->extendedDynamicState3CoverageModulationMode = VK_FALSE;
         f->extendedDynamicState3CoverageModulationTableEnable = VK_FALSE;
         f->extendedDynamicState3CoverageModulationTable = VK_FALSE;
         f->extendedDynamicState3CoverageReductionMode = VK_FALSE;
         f->extendedDynamicState3RepresentativeFragmentTestEnable = VK_FALSE;
         f->extendedDynamicState3ShadingRateImageEnable = VK_FALSE;
         break;
      }
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROTECTED_MEMORY_FEATURES: // blobs of it could never be mapped
         ((VkPhysicalDeviceProtectedMemoryFeatures *)s)->protectedMemory = VK_FALSE;
         break;
      case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES:
         ((VkPhysicalDeviceVulkan11Features *)s)->protectedMemory = VK_FALSE;
         break;
      default:
         break;
      }
   }
}

void pv_hook_vkGetPhysicalDeviceFeatures(struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceFeatures *a)
{
   pv_call_vkGetPhysicalDeviceFeatures(x, a);
   if (!sparse_works(a->physicalDevice_ref.state))
      hide_sparse_features(a->pFeatures);
}

void pv_hook_vkGetPhysicalDeviceFeatures2(struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceFeatures2 *a)
{
   pv_call_vkGetPhysicalDeviceFeatures2(x, a);
   correct_features(a->pFeatures);
   if (!sparse_works(a->physicalDevice_ref.state))
      hide_sparse_features(&a->pFeatures->features);
}

void pv_hook_vkGetPhysicalDeviceMemoryProperties(struct pv_exec *x,
                                                 struct pv_args_vkGetPhysicalDeviceMemoryProperties *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   *a->pMemoryProperties = device->view->memory;
}

void pv_hook_vkGetPhysicalDeviceMemoryProperties2(struct pv_exec *x,
                                                  struct pv_args_vkGetPhysicalDeviceMemoryProperties2 *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   pv_call_vkGetPhysicalDeviceMemoryProperties2(x, a);
   a->pMemoryProperties->memoryProperties = device->view->memory;
}

static uint32_t correct_family(const struct pv_physical_device *device, VkQueueFamilyProperties *family, uint32_t used)
{
   if (!sparse_works(device))
      family->queueFlags &= ~(VkQueueFlags)VK_QUEUE_SPARSE_BINDING_BIT;
   if (family->queueCount > MAX_QUEUES - used)
      family->queueCount = MAX_QUEUES - used;
   return used + family->queueCount;
}

void pv_hook_vkGetPhysicalDeviceQueueFamilyProperties(struct pv_exec *x,
                                                      struct pv_args_vkGetPhysicalDeviceQueueFamilyProperties *a)
{
   pv_call_vkGetPhysicalDeviceQueueFamilyProperties(x, a);
   for (uint32_t i = 0, used = 0; a->pQueueFamilyProperties && i < *a->pQueueFamilyPropertyCount; i++)
      used = correct_family(a->physicalDevice_ref.state, &a->pQueueFamilyProperties[i], used);
}

void pv_hook_vkGetPhysicalDeviceQueueFamilyProperties2(struct pv_exec *x,
                                                       struct pv_args_vkGetPhysicalDeviceQueueFamilyProperties2 *a)
{
   pv_call_vkGetPhysicalDeviceQueueFamilyProperties2(x, a);
   for (uint32_t i = 0, used = 0; a->pQueueFamilyProperties && i < *a->pQueueFamilyPropertyCount; i++)
      used = correct_family(a->physicalDevice_ref.state, &a->pQueueFamilyProperties[i].queueFamilyProperties, used);
}

// Guests share memory as dma-buf or not at all; everything else is answered "unsupported".
static bool memory_handle_works(const struct pv_physical_device *device, VkExternalMemoryHandleTypeFlags type)
{
   return type == VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT && device->gpu->path == PV_MEMORY_DMABUF;
}

void pv_hook_vkGetPhysicalDeviceImageFormatProperties2(struct pv_exec *x,
                                                       struct pv_args_vkGetPhysicalDeviceImageFormatProperties2 *a)
{
   const VkPhysicalDeviceExternalImageFormatInfo *external =
       pv_chain_find(a->pImageFormatInfo->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
   if (external && external->handleType && !memory_handle_works(a->physicalDevice_ref.state, external->handleType))
      a->ret = VK_ERROR_FORMAT_NOT_SUPPORTED;
   else
      pv_call_vkGetPhysicalDeviceImageFormatProperties2(x, a);
}

void pv_hook_vkGetPhysicalDeviceExternalBufferProperties(struct pv_exec *x,
                                                         struct pv_args_vkGetPhysicalDeviceExternalBufferProperties *a)
{
   if (memory_handle_works(a->physicalDevice_ref.state, a->pExternalBufferInfo->handleType))
      pv_call_vkGetPhysicalDeviceExternalBufferProperties(x, a);
}

void pv_hook_vkGetPhysicalDeviceExternalFenceProperties(struct pv_exec *x,
                                                        struct pv_args_vkGetPhysicalDeviceExternalFenceProperties *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   if (a->pExternalFenceInfo->handleType == VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT && device->gpu->fence_sync_fd)
      pv_call_vkGetPhysicalDeviceExternalFenceProperties(x, a);
}

void pv_hook_vkGetPhysicalDeviceExternalSemaphoreProperties(
    struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceExternalSemaphoreProperties *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   const VkSemaphoreTypeCreateInfo *type =
       pv_chain_find(a->pExternalSemaphoreInfo->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
   VkExternalSemaphoreProperties *out = a->pExternalSemaphoreProperties;
   if (a->pExternalSemaphoreInfo->handleType != VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT ||
       (type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE))
      return;
   if (device->gpu->semaphore_sync_fd) {
      pv_call_vkGetPhysicalDeviceExternalSemaphoreProperties(x, a);
      return;
   }
   // Emulated: the guest's sync_file travels as a fence of ours, and hook_sync.c moves the host's payload to match.
   out->exportFromImportedHandleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
   out->compatibleHandleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;
   out->externalSemaphoreFeatures =
       VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
}

void pv_hook_vkGetPhysicalDeviceToolProperties(struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceToolProperties *a)
{
   *a->pToolCount = 0; // tools of the host are none of the guest's
   a->ret = VK_SUCCESS;
}
