// SPDX-License-Identifier: MIT
//
// Barriers that hand something to the queue family FOREIGN, which a guest's driver names when it presents: where the
// host does not know it, EXTERNAL, which every driver knows, stands for the same (somebody outside of this device).
#include "core/context.h"
#include "core/hooks.gen.h"

static bool lowers(const struct pv_device *device)
{
   return __builtin_expect(device->physical->view->own_foreign, 0);
}

static void lower(uint32_t *family)
{
   if (*family == VK_QUEUE_FAMILY_FOREIGN_EXT)
      *family = VK_QUEUE_FAMILY_EXTERNAL;
}

// Barriers are the decoder's own copies: they are changed in place.
#define LOWER_ALL(count, list)                                                                                         \
   for (uint32_t i = 0; i < (count); i++) {                                                                            \
      lower((uint32_t *)&(list)[i].srcQueueFamilyIndex);                                                               \
      lower((uint32_t *)&(list)[i].dstQueueFamilyIndex);                                                               \
   }

static void lower_dependencies(uint32_t count, const VkDependencyInfo *infos)
{
   for (uint32_t k = 0; k < count; k++) {
      LOWER_ALL(infos[k].bufferMemoryBarrierCount, infos[k].pBufferMemoryBarriers)
      LOWER_ALL(infos[k].imageMemoryBarrierCount, infos[k].pImageMemoryBarriers)
   }
}

void pv_hook_vkCmdPipelineBarrier(struct pv_exec *x, struct pv_args_vkCmdPipelineBarrier *a)
{
   if (lowers(a->commandBuffer_ref.owner)) {
      LOWER_ALL(a->bufferMemoryBarrierCount, a->pBufferMemoryBarriers)
      LOWER_ALL(a->imageMemoryBarrierCount, a->pImageMemoryBarriers)
   }
   pv_call_vkCmdPipelineBarrier(x, a);
}

void pv_hook_vkCmdWaitEvents(struct pv_exec *x, struct pv_args_vkCmdWaitEvents *a)
{
   if (lowers(a->commandBuffer_ref.owner)) {
      LOWER_ALL(a->bufferMemoryBarrierCount, a->pBufferMemoryBarriers)
      LOWER_ALL(a->imageMemoryBarrierCount, a->pImageMemoryBarriers)
   }
   pv_call_vkCmdWaitEvents(x, a);
}

void pv_hook_vkCmdPipelineBarrier2(struct pv_exec *x, struct pv_args_vkCmdPipelineBarrier2 *a)
{
   if (lowers(a->commandBuffer_ref.owner))
      lower_dependencies(1, a->pDependencyInfo);
   pv_call_vkCmdPipelineBarrier2(x, a);
}

void pv_hook_vkCmdSetEvent2(struct pv_exec *x, struct pv_args_vkCmdSetEvent2 *a)
{
   if (lowers(a->commandBuffer_ref.owner))
      lower_dependencies(1, a->pDependencyInfo);
   pv_call_vkCmdSetEvent2(x, a);
}

void pv_hook_vkCmdWaitEvents2(struct pv_exec *x, struct pv_args_vkCmdWaitEvents2 *a)
{
   if (lowers(a->commandBuffer_ref.owner))
      lower_dependencies(a->eventCount, a->pDependencyInfos);
   pv_call_vkCmdWaitEvents2(x, a);
}
