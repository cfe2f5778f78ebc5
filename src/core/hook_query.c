// SPDX-License-Identifier: MIT
//
// What a physical device says of itself: the host's answers, corrected where the protocol or our emulation differs.
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"
#include "core/sharing.h"

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

static uint64_t least(uint64_t a, uint64_t b)
{
   return a < b ? a : b;
}

// Usage is what this guest has allocated. It may have as much again as the host still has free, within its own budget,
// of which rings and every heap take their part.
static void correct_budget(struct pv_context_core *ctx, const struct pv_physical_device *device,
                           VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget)
{
   uint64_t limit = ctx->core->limits.memory, taken = pv_charge_total(ctx);
   for (uint32_t i = 0; i < VK_MAX_MEMORY_HEAPS; i++) {
      bool there = i < device->view->memory.memoryHeapCount;
      uint64_t used = atomic_load_explicit(&device->heap_used[i], memory_order_relaxed);
      uint64_t left = UINT64_MAX - used;
      if (!device->view->own_budget)
         left = budget->heapBudget[i] > budget->heapUsage[i] ? budget->heapBudget[i] - budget->heapUsage[i] : 0;
      if (limit)
         left = least(left, limit > taken ? limit - taken : 0);
      budget->heapUsage[i] = there ? used : 0;
      budget->heapBudget[i] = there ? least(used + left, device->view->memory.memoryHeaps[i].size) : 0;
   }
}

void pv_hook_vkGetPhysicalDeviceMemoryProperties2(struct pv_exec *x,
                                                  struct pv_args_vkGetPhysicalDeviceMemoryProperties2 *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget =
       pv_chain_find(a->pMemoryProperties->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
   pv_call_vkGetPhysicalDeviceMemoryProperties2(x, a);
   a->pMemoryProperties->memoryProperties = device->view->memory;
   if (budget)
      correct_budget(x->ctx, device, budget);
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

// Guests share memory as dma-buf or not at all; every other handle type is answered "unsupported". Where the host has
// no dma-buf of its own, memory can be shared if it can be what we make of it (sharing.h), and then both ways.
static bool asks_host(const struct pv_physical_device *device, VkExternalMemoryHandleTypeFlags type,
                      VkExternalMemoryHandleTypeFlagBits *ask)
{
   *ask = pv_share_handle(device->gpu);
   return type == VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT && *ask;
}

static void answer_as_dmabuf(const struct pv_physical_device *device, VkExternalMemoryProperties *properties)
{
   const VkExternalMemoryFeatureFlags both =
       VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
   const VkExternalMemoryHandleTypeFlags dmabuf = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
   // Memory is either ours, and imported, or the driver's, and exported.
   const VkExternalMemoryFeatureFlags need = device->gpu->path == PV_MEMORY_HOST_PTR
                                                 ? VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT
                                                 : VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT;
   if (device->gpu->path == PV_MEMORY_DMABUF)
      return;
   if (properties->externalMemoryFeatures & need)
      *properties = (VkExternalMemoryProperties){both, dmabuf, dmabuf};
   else
      *properties = (VkExternalMemoryProperties){0};
}

// Images that would be sparse, where nothing is.
static bool refused_as_sparse(const struct pv_physical_device *device, VkImageCreateFlags flags)
{
   const VkImageCreateFlags sparse =
       VK_IMAGE_CREATE_SPARSE_BINDING_BIT | VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT | VK_IMAGE_CREATE_SPARSE_ALIASED_BIT;
   return (flags & sparse) && !sparse_works(device);
}

void pv_hook_vkGetPhysicalDeviceImageFormatProperties(struct pv_exec *x,
                                                      struct pv_args_vkGetPhysicalDeviceImageFormatProperties *a)
{
   if (refused_as_sparse(a->physicalDevice_ref.state, a->flags))
      a->ret = VK_ERROR_FORMAT_NOT_SUPPORTED;
   else
      pv_call_vkGetPhysicalDeviceImageFormatProperties(x, a);
}

void pv_hook_vkGetPhysicalDeviceSparseImageFormatProperties(
    struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceSparseImageFormatProperties *a)
{
   if (sparse_works(a->physicalDevice_ref.state))
      pv_call_vkGetPhysicalDeviceSparseImageFormatProperties(x, a);
   else
      *a->pPropertyCount = 0;
}

void pv_hook_vkGetPhysicalDeviceSparseImageFormatProperties2(
    struct pv_exec *x, struct pv_args_vkGetPhysicalDeviceSparseImageFormatProperties2 *a)
{
   if (sparse_works(a->physicalDevice_ref.state))
      pv_call_vkGetPhysicalDeviceSparseImageFormatProperties2(x, a);
   else
      *a->pPropertyCount = 0;
}

void pv_hook_vkGetPhysicalDeviceImageFormatProperties2(struct pv_exec *x,
                                                       struct pv_args_vkGetPhysicalDeviceImageFormatProperties2 *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   VkPhysicalDeviceImageFormatInfo2 info = *a->pImageFormatInfo;
   VkPhysicalDeviceExternalImageFormatInfo *external =
       pv_chain_find(info.pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
   VkExternalImageFormatProperties *properties =
       pv_chain_find(a->pImageFormatProperties->pNext, VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES);
   bool shared = external && external->handleType;
   if (device->view->own_format_list)
      pv_chain_drop(&info, VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO);
   a->ret =
       refused_as_sparse(device, info.flags) ? VK_ERROR_FORMAT_NOT_SUPPORTED : pv_modifier_lower_query(device, &info);
   if (shared && !asks_host(device, external->handleType, &external->handleType))
      a->ret = VK_ERROR_FORMAT_NOT_SUPPORTED;
   if (a->ret != VK_SUCCESS)
      return;
   a->pImageFormatInfo = &info;
   pv_call_vkGetPhysicalDeviceImageFormatProperties2(x, a);
   if (a->ret != VK_SUCCESS || !shared || !properties)
      return;
   answer_as_dmabuf(device, &properties->externalMemoryProperties);
   if (!properties->externalMemoryProperties.externalMemoryFeatures)
      a->ret = VK_ERROR_FORMAT_NOT_SUPPORTED;
}

void pv_hook_vkGetPhysicalDeviceExternalBufferProperties(struct pv_exec *x,
                                                         struct pv_args_vkGetPhysicalDeviceExternalBufferProperties *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   VkPhysicalDeviceExternalBufferInfo info = *a->pExternalBufferInfo;
   if (!asks_host(device, info.handleType, &info.handleType))
      return;
   a->pExternalBufferInfo = &info;
   pv_call_vkGetPhysicalDeviceExternalBufferProperties(x, a);
   answer_as_dmabuf(device, &a->pExternalBufferProperties->externalMemoryProperties);
}

void pv_hook_vkGetPhysicalDeviceExternalFenceProperties(struct pv_exec *x,
                                                        struct pv_args_vkGetPhysicalDeviceExternalFenceProperties *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   VkExternalFenceProperties *out = a->pExternalFenceProperties;
   if (a->pExternalFenceInfo->handleType != VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT)
      return;
   if (device->gpu->fence_sync_fd) {
      pv_call_vkGetPhysicalDeviceExternalFenceProperties(x, a);
      return;
   }
   // Emulated as semaphores are, below.
   out->exportFromImportedHandleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
   out->compatibleHandleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT;
   out->externalFenceFeatures = VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT;
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
