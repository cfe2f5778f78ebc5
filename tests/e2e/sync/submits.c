// SPDX-License-Identifier: MIT
//
// Five hundred submissions with fences, several in flight, as a frame loop would make them; then the program leaves
// without destroying anything, which must disturb nobody.
#include "harness.h"

#define SUBMITS 500
#define FLIGHT  8

struct slot {
   VkCommandBuffer cmd;
   VkFence fence;
};

static void record(const struct slot *slot, const struct buffer *out, uint32_t number)
{
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
   VK(vkBeginCommandBuffer(slot->cmd, &begin));
   barrier_all(slot->cmd);
   vkCmdFillBuffer(slot->cmd, out->handle, number * 8, 4, number);
   if (number)
      vkCmdCopyBuffer(slot->cmd, out->handle, out->handle, 1, &(VkBufferCopy){number * 8 - 8, number * 8 + 4, 4});
   barrier_all(slot->cmd);
   VK(vkEndCommandBuffer(slot->cmd));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct slot slots[FLIGHT];
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer out =
       buffer_host(&gpu, SUBMITS * 8, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   for (uint32_t i = 0; i < FLIGHT; i++) {
      VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu.pool,
                                          .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
      VK(vkAllocateCommandBuffers(gpu.device, &info, &slots[i].cmd));
      slots[i].fence = fence_new(&gpu, true);
   }
   for (uint32_t i = 0; i < SUBMITS; i++) {
      struct slot *slot = &slots[i % FLIGHT];
      fence_wait(&gpu, slot->fence);
      VK(vkResetFences(gpu.device, 1, &slot->fence));
      record(slot, &out, i);
      VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &slot->cmd};
      VK(vkQueueSubmit(gpu.queue, 1, &submit, slot->fence));
   }
   VkFence fences[FLIGHT];
   for (uint32_t i = 0; i < FLIGHT; i++)
      fences[i] = slots[i].fence;
   VK(vkWaitForFences(gpu.device, FLIGHT, fences, VK_TRUE, WAIT_NS));
   for (uint32_t i = 1; i < SUBMITS; i++)
      EXPECT(((uint32_t *)out.map)[2 * i + 1] == i - 1);
   result(&gpu, "out", out.map, out.size);
   gpu_leave(&gpu);
}
