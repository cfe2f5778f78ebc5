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

// Deferred operations are the guest's own affair: the host compiles at once.
void pv_hook_vkCreateRayTracingPipelinesKHR(struct pv_exec *x, struct pv_args_vkCreateRayTracingPipelinesKHR *a)
{
   a->deferredOperation = VK_NULL_HANDLE;
   pv_call_vkCreateRayTracingPipelinesKHR(x, a);
}

void pv_hook_vkDeferredOperationJoinKHR(struct pv_exec *x, struct pv_args_vkDeferredOperationJoinKHR *a)
{
   a->ret = VK_SUCCESS; // nothing is ever deferred
}

static uint8_t object_of(VkObjectType type)
{
   switch (type) {
#define CASE(vk, name)                                                                                                      \
   case VK_OBJECT_TYPE_##vk:                                                                                                \
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

// Drivers go by count and stride and trust that the memory is as long: give them as much, and the guest what it asked for.
void pv_hook_vkGetQueryPoolResults(struct pv_exec *x, struct pv_args_vkGetQueryPoolResults *a)
{
   struct pv_device *device = a->device_ref.owner;
   const uint64_t longest = 16 * sizeof(uint64_t); // of one query: eleven statistics and availability
   uint64_t span;
   uint8_t *scratch = NULL;
   if (!__builtin_mul_overflow((uint64_t)a->queryCount, a->stride, &span) && span < SIZE_MAX - longest)
      scratch = pv_arena_zalloc(x->in.arena, 1, (size_t)(span + longest));
   if (!scratch) {
      a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
      return;
   }
   uint64_t held = span + longest;
   a->ret = device->vk.GetQueryPoolResults(a->device, a->queryPool, a->firstQuery, a->queryCount, held, scratch, a->stride,
                                           a->flags);
   if (a->pData)
      memcpy(a->pData, scratch, a->dataSize < held ? a->dataSize : held);
   pv_exec_result(x, a->ret);
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
