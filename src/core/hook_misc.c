// SPDX-License-Identifier: MIT
//
// Commands whose arguments need a look, or a translation, before the host may see them.
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"

void pv_hook_vkCreateShaderModule(struct pv_exec *x, struct pv_args_vkCreateShaderModule *a)
{
   if (a->pCreateInfo->codeSize % 4 || a->pCreateInfo->codeSize < 20) // a SPIR-V header is five words
      pv_exec_fatal(x, "a shader module whose size is no SPIR-V's", a->pCreateInfo->codeSize);
   else
      pv_call_vkCreateShaderModule(x, a);
}

void pv_hook_vkDeferredOperationJoinKHR(struct pv_exec *x, struct pv_args_vkDeferredOperationJoinKHR *a)
{
   a->ret = VK_SUCCESS; // nothing is ever deferred
}

// Old cache data begins with a header that says which device wrote it. Anything else is none of the host's: Vulkan
// lets a cache start empty then, and a driver need not be trusted to look before it reads.
static bool is_cache_of(const struct pv_device *device, const void *data, size_t size)
{
   VkPipelineCacheHeaderVersionOne header;
   VkPhysicalDeviceProperties properties;
   if (!data || size < sizeof header)
      return false;
   memcpy(&header, data, sizeof header);
   device->physical->instance->vk.GetPhysicalDeviceProperties(device->physical->handle, &properties);
   return header.headerSize >= sizeof header && header.headerSize <= size &&
          header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && header.vendorID == properties.vendorID &&
          header.deviceID == properties.deviceID &&
          !memcmp(header.pipelineCacheUUID, properties.pipelineCacheUUID, VK_UUID_SIZE);
}

void pv_hook_vkCreatePipelineCache(struct pv_exec *x, struct pv_args_vkCreatePipelineCache *a)
{
   VkPipelineCacheCreateInfo info = *a->pCreateInfo;
   if (!is_cache_of(a->device_ref.owner, info.pInitialData, info.initialDataSize)) {
      info.initialDataSize = 0;
      info.pInitialData = NULL;
   }
   a->pCreateInfo = &info;
   pv_call_vkCreatePipelineCache(x, a);
}

static uint8_t object_of(VkObjectType type)
{
   switch (type) {
#define CASE(vk, name)                                                                                                 \
   case VK_OBJECT_TYPE_##vk:                                                                                           \
      return PV_OBJECT_Vk##name;
      CASE(INSTANCE, Instance)
      CASE(PHYSICAL_DEVICE, PhysicalDevice)
      CASE(DEVICE, Device)
      CASE(QUEUE, Queue)
      CASE(SEMAPHORE, Semaphore)
      CASE(COMMAND_BUFFER, CommandBuffer)
      CASE(FENCE, Fence)
      CASE(DEVICE_MEMORY, DeviceMemory)
      CASE(BUFFER, Buffer)
      CASE(IMAGE, Image)
      CASE(EVENT, Event)
      CASE(QUERY_POOL, QueryPool)
      CASE(BUFFER_VIEW, BufferView)
      CASE(IMAGE_VIEW, ImageView)
      CASE(SHADER_MODULE, ShaderModule)
      CASE(PIPELINE_CACHE, PipelineCache)
      CASE(PIPELINE_LAYOUT, PipelineLayout)
      CASE(RENDER_PASS, RenderPass)
      CASE(PIPELINE, Pipeline)
      CASE(DESCRIPTOR_SET_LAYOUT, DescriptorSetLayout)
      CASE(SAMPLER, Sampler)
      CASE(DESCRIPTOR_POOL, DescriptorPool)
      CASE(DESCRIPTOR_SET, DescriptorSet)
      CASE(FRAMEBUFFER, Framebuffer)
      CASE(COMMAND_POOL, CommandPool)
      CASE(SAMPLER_YCBCR_CONVERSION, SamplerYcbcrConversion)
      CASE(DESCRIPTOR_UPDATE_TEMPLATE, DescriptorUpdateTemplate)
      CASE(PRIVATE_DATA_SLOT, PrivateDataSlot)
      CASE(ACCELERATION_STRUCTURE_KHR, AccelerationStructureKHR)
      CASE(DEFERRED_OPERATION_KHR, DeferredOperationKHR)
#undef CASE
   default:
      return 0;
   }
}

// Private data names an object by type and value; on the wire the value is an id.
static uint64_t object_handle(struct pv_exec *x, VkObjectType type, uint64_t id)
{
   uint8_t ours = object_of(type);
   if (!ours || !id) {
      pv_exec_fatal(x, "private data of an object of an unknown type", (uint64_t)type);
      return 0;
   }
   uint64_t handle = pv_reader_resolve(&x->in, id, ours, NULL);
   if (x->in.why)
      pv_exec_fatal(x, x->in.why, x->in.why_value);
   else if (x->in.poisoned)
      pv_exec_lose(x, "it uses an object that the host refused to create");
   return handle;
}

void pv_hook_vkSetPrivateData(struct pv_exec *x, struct pv_args_vkSetPrivateData *a)
{
   a->objectHandle = object_handle(x, a->objectType, a->objectHandle);
   a->ret = VK_ERROR_DEVICE_LOST;
   if (a->objectHandle)
      pv_call_vkSetPrivateData(x, a);
}

void pv_hook_vkGetPrivateData(struct pv_exec *x, struct pv_args_vkGetPrivateData *a)
{
   a->objectHandle = object_handle(x, a->objectType, a->objectHandle);
   if (a->objectHandle)
      pv_call_vkGetPrivateData(x, a);
}

// Drivers go by count and stride and trust that the memory is as long: give them as much, and the guest what it asked
// for.
struct roomy {
   uint8_t *bytes; // NULL: there is not that much
   size_t size;
};

// Memory for `count` results, `stride` apart, the last of which takes at most `longest` bytes.
static struct roomy make_room(struct pv_exec *x, uint64_t count, uint64_t stride, uint64_t longest)
{
   struct roomy room = {0};
   uint64_t span;
   if (__builtin_mul_overflow(count, stride, &span) || span > SIZE_MAX - longest)
      return room;
   room.size = (size_t)(span + longest);
   room.bytes = pv_arena_zalloc(x->in.arena, 1, room.size);
   return room;
}

// Ends a command that read into `room`: the guest gets its `size` bytes of it.
static void give(struct pv_exec *x, const struct roomy *room, void *out, uint64_t size, VkResult result)
{
   if (out && size)
      memcpy(out, room->bytes, size < room->size ? (size_t)size : room->size);
   pv_exec_result(x, result);
}

void pv_hook_vkGetQueryPoolResults(struct pv_exec *x, struct pv_args_vkGetQueryPoolResults *a)
{
   struct pv_device *device = a->device_ref.owner;
   // of one query: eleven statistics and availability
   const struct roomy room = make_room(x, a->queryCount, a->stride, 16 * sizeof(uint64_t));
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (!room.bytes)
      return;
   // The host is only asked how far it is: a wait inside the driver could not be ended. What is waited for is not partial.
   const bool waits = a->flags & VK_QUERY_RESULT_WAIT_BIT;
   const VkQueryResultFlags less = VK_QUERY_RESULT_WAIT_BIT | VK_QUERY_RESULT_PARTIAL_BIT;
   const VkQueryResultFlags flags = waits ? a->flags & ~less : a->flags;
   do {
      a->ret = device->vk.GetQueryPoolResults(a->device, a->queryPool, a->firstQuery, a->queryCount, room.size,
                                              room.bytes, a->stride, flags);
   } while (a->ret == VK_NOT_READY && waits && pv_exec_wait_for_more(x, &a->ret));
   if (x->state != PV_EXEC_RUN)
      return;
   if (pv_exec_lost(x))
      a->ret = VK_ERROR_DEVICE_LOST;
   give(x, &room, a->pData, a->dataSize, a->ret);
}

void pv_hook_vkWriteAccelerationStructuresPropertiesKHR(struct pv_exec *x,
                                                        struct pv_args_vkWriteAccelerationStructuresPropertiesKHR *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (!device->vk.WriteAccelerationStructuresPropertiesKHR) {
      a->ret = pv_exec_refuse(x);
      return;
   }
   const struct roomy room = make_room(x, a->accelerationStructureCount, a->stride, sizeof(uint64_t));
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (!room.bytes)
      return;
   a->ret = device->vk.WriteAccelerationStructuresPropertiesKHR(a->device, a->accelerationStructureCount,
                                                                a->pAccelerationStructures, a->queryType, room.size,
                                                                room.bytes, a->stride);
   give(x, &room, a->pData, a->dataSize, a->ret);
}

#define GROUP_HANDLE_MOST 256u // bytes; drivers have 32 and 64

static VkResult group_handles(struct pv_exec *x, PFN_vkGetRayTracingShaderGroupHandlesKHR get,
                              const struct pv_args_vkGetRayTracingShaderGroupHandlesKHR *a)
{
   if (!get)
      return pv_exec_refuse(x);
   const struct roomy room = make_room(x, a->groupCount, GROUP_HANDLE_MOST, GROUP_HANDLE_MOST);
   if (!room.bytes)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   VkResult result = get(a->device, a->pipeline, a->firstGroup, a->groupCount, room.size, room.bytes);
   give(x, &room, a->pData, a->dataSize, result);
   return result;
}

void pv_hook_vkGetRayTracingShaderGroupHandlesKHR(struct pv_exec *x,
                                                  struct pv_args_vkGetRayTracingShaderGroupHandlesKHR *a)
{
   const struct pv_device *device = a->device_ref.owner;
   a->ret = group_handles(x, device->vk.GetRayTracingShaderGroupHandlesKHR, a);
}

void pv_hook_vkGetRayTracingCaptureReplayShaderGroupHandlesKHR(
    struct pv_exec *x, struct pv_args_vkGetRayTracingCaptureReplayShaderGroupHandlesKHR *a)
{
   const struct pv_device *device = a->device_ref.owner;
   const struct pv_args_vkGetRayTracingShaderGroupHandlesKHR same = {.device = a->device,
                                                                     .pipeline = a->pipeline,
                                                                     .firstGroup = a->firstGroup,
                                                                     .groupCount = a->groupCount,
                                                                     .dataSize = a->dataSize,
                                                                     .pData = a->pData};
   a->ret = group_handles(x, device->vk.GetRayTracingCaptureReplayShaderGroupHandlesKHR, &same);
}

#ifdef VK_EXT_descriptor_heap
// Descriptors are opaque bytes of the host's driver: it writes them here, the guest stores them in its heaps.
void pv_hook_vkWriteSamplerDescriptorMESA(struct pv_exec *x, struct pv_args_vkWriteSamplerDescriptorMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkHostAddressRangeEXT range = {.address = a->pData, .size = a->dataSize};
   a->ret = device->vk.WriteSamplerDescriptorsEXT ? VK_ERROR_UNKNOWN : pv_exec_refuse(x);
   if (device->vk.WriteSamplerDescriptorsEXT && a->pData)
      a->ret = device->vk.WriteSamplerDescriptorsEXT(a->device, 1, a->pSampler, &range);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkWriteResourceDescriptorMESA(struct pv_exec *x, struct pv_args_vkWriteResourceDescriptorMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkHostAddressRangeEXT range = {.address = a->pData, .size = a->dataSize};
   a->ret = device->vk.WriteResourceDescriptorsEXT ? VK_ERROR_UNKNOWN : pv_exec_refuse(x);
   if (device->vk.WriteResourceDescriptorsEXT && a->pData)
      a->ret = device->vk.WriteResourceDescriptorsEXT(a->device, 1, a->pResource, &range);
   pv_exec_result(x, a->ret);
}
#endif
