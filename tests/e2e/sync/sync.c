// SPDX-License-Identifier: MIT
//
// Binary semaphores, fences and events, set and waited for by the host and by the device.
#include "harness.h"

#define LINKS 8

// A chain of submissions in one call, each one doubling what the one before left, tied by binary semaphores.
static void semaphores(struct gpu *gpu)
{
   struct buffer out =
       buffer_host(gpu, 8 << LINKS, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkSemaphore links[LINKS];
   VkCommandBuffer cmds[LINKS];
   VkSubmitInfo submits[LINKS];
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
   for (uint32_t i = 0; i < 8; i++)
      ((uint8_t *)out.map)[i] = (uint8_t)(i + 1);
   for (uint32_t i = 0; i < LINKS; i++) {
      links[i] = semaphore_new(gpu);
      cmds[i] = cmd_begin(gpu);
      vkCmdCopyBuffer(cmds[i], out.handle, out.handle, 1, &(VkBufferCopy){0, 8u << i, 8u << i});
      VK(vkEndCommandBuffer(cmds[i]));
      submits[i] = (VkSubmitInfo){VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                  .waitSemaphoreCount = i ? 1 : 0,
                                  .pWaitSemaphores = i ? &links[i - 1] : NULL,
                                  .pWaitDstStageMask = &stage,
                                  .commandBufferCount = 1,
                                  .pCommandBuffers = &cmds[i],
                                  .signalSemaphoreCount = i + 1 < LINKS ? 1 : 0,
                                  .pSignalSemaphores = &links[i]};
   }
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, 3, submits, VK_NULL_HANDLE));
   VK(vkQueueSubmit(gpu->queue, LINKS - 3, submits + 3, fence));
   fence_wait(gpu, fence);
   EXPECT(((uint8_t *)out.map)[(8 << LINKS) - 1] == 8);
   result(gpu, "semaphores", out.map, out.size);
   vkDestroyFence(gpu->device, fence, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, LINKS, cmds);
   for (uint32_t i = 0; i < LINKS; i++)
      vkDestroySemaphore(gpu->device, links[i], NULL);
   buffer_free(gpu, &out);
}

static void fences(struct gpu *gpu)
{
   VkFence list[3] = {fence_new(gpu, true), fence_new(gpu, false), fence_new(gpu, false)};
   uint32_t seen[8] = {0}, n = 0;
   seen[n++] = vkGetFenceStatus(gpu->device, list[0]) == VK_SUCCESS;
   seen[n++] = vkGetFenceStatus(gpu->device, list[1]) == VK_NOT_READY;
   seen[n++] = vkWaitForFences(gpu->device, 3, list, VK_FALSE, 0) == VK_SUCCESS;
   seen[n++] = vkWaitForFences(gpu->device, 3, list, VK_TRUE, 5000000) == VK_TIMEOUT;
   VK(vkQueueSubmit(gpu->queue, 0, NULL, list[1]));
   VK(vkQueueSubmit(gpu->queue, 0, NULL, list[2]));
   VK(vkWaitForFences(gpu->device, 3, list, VK_TRUE, WAIT_NS));
   VK(vkResetFences(gpu->device, 3, list));
   seen[n++] = vkGetFenceStatus(gpu->device, list[0]) == VK_NOT_READY;
   seen[n++] = vkGetFenceStatus(gpu->device, list[2]) == VK_NOT_READY;
   for (uint32_t i = 0; i < 50; i++) { // the same fence again and again
      VK(vkQueueSubmit(gpu->queue, 0, NULL, list[i % 3]));
      fence_wait(gpu, list[i % 3]);
      VK(vkResetFences(gpu->device, 1, &list[i % 3]));
   }
   for (uint32_t i = 0; i < n; i++)
      EXPECT(seen[i]);
   result(gpu, "fences", seen, sizeof(seen));
   for (uint32_t i = 0; i < 3; i++)
      vkDestroyFence(gpu->device, list[i], NULL);
}

static VkEvent event_new(struct gpu *gpu)
{
   VkEventCreateInfo info = {VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   VkEvent event;
   VK(vkCreateEvent(gpu->device, &info, NULL, &event));
   return event;
}

// The device sets, waits for and resets events between its own commands; the host sets and resets others.
static void events(struct gpu *gpu)
{
   struct buffer out = buffer_host(gpu, 64, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkEvent event = event_new(gpu), other = event_new(gpu), host = event_new(gpu);
   VkMemoryBarrier memory = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                             .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_TRANSFER_BIT;
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdFillBuffer(cmd, out.handle, 0, 16, 0x11111111);
   vkCmdSetEvent(cmd, event, stage);
   vkCmdWaitEvents(cmd, 1, &event, stage, stage, 1, &memory, 0, NULL, 0, NULL);
   vkCmdCopyBuffer(cmd, out.handle, out.handle, 1, &(VkBufferCopy){0, 32, 16});
   vkCmdSetEvent(cmd, other, stage);
   vkCmdWaitEvents(cmd, 1, &other, stage, stage, 1, &memory, 0, NULL, 0, NULL);
   vkCmdFillBuffer(cmd, out.handle, 0, 8, 0x22222222);
   vkCmdResetEvent(cmd, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
   cmd_submit(gpu, cmd);
   EXPECT(vkGetEventStatus(gpu->device, event) == VK_EVENT_RESET);
   EXPECT(vkGetEventStatus(gpu->device, other) == VK_EVENT_SET);
   EXPECT(vkGetEventStatus(gpu->device, host) == VK_EVENT_RESET);
   VK(vkSetEvent(gpu->device, host));
   EXPECT(vkGetEventStatus(gpu->device, host) == VK_EVENT_SET);
   VK(vkResetEvent(gpu->device, host));
   VK(vkResetEvent(gpu->device, other));
   EXPECT(vkGetEventStatus(gpu->device, host) == VK_EVENT_RESET);
   EXPECT(vkGetEventStatus(gpu->device, other) == VK_EVENT_RESET);
   result(gpu, "events", out.map, out.size);
   vkDestroyEvent(gpu->device, event, NULL);
   vkDestroyEvent(gpu->device, other, NULL);
   vkDestroyEvent(gpu->device, host, NULL);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   semaphores(&gpu);
   fences(&gpu);
   events(&gpu);
   return gpu_close(&gpu);
}
