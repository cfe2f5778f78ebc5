// SPDX-License-Identifier: MIT
//
// Command buffers and pools used again: resubmitted, implicitly and explicitly reset, reset with their pool, trimmed,
// freed one by one and with the pool.
#include "harness.h"

#define BUFFERS 16
#define ROUNDS  30

static VkCommandPool pool_new(struct gpu *gpu, VkCommandPoolCreateFlags flags)
{
   VkCommandPoolCreateInfo info = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .flags = flags,
                                   .queueFamilyIndex = gpu->family};
   VkCommandPool pool;
   VK(vkCreateCommandPool(gpu->device, &info, NULL, &pool));
   return pool;
}

static void allocate(struct gpu *gpu, VkCommandPool pool, uint32_t count, VkCommandBuffer *cmds)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = count};
   VK(vkAllocateCommandBuffers(gpu->device, &info, cmds));
}

static void record(VkCommandBuffer cmd, const struct buffer *out, uint32_t slot, uint32_t value)
{
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   VK(vkBeginCommandBuffer(cmd, &begin));
   barrier_all(cmd);
   vkCmdFillBuffer(cmd, out->handle, slot * 64, 32, value);
   vkCmdCopyBuffer(cmd, out->handle, out->handle, 1, &(VkBufferCopy){slot * 64, slot * 64 + 32, 16});
   barrier_all(cmd);
   VK(vkEndCommandBuffer(cmd));
}

static void submit(struct gpu *gpu, uint32_t count, const VkCommandBuffer *cmds)
{
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = count, .pCommandBuffers = cmds};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, 1, &info, fence));
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
}

static void with_reset_flag(struct gpu *gpu, struct buffer *out)
{
   VkCommandPool pool = pool_new(gpu, VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT);
   VkCommandBuffer cmds[BUFFERS];
   allocate(gpu, pool, BUFFERS, cmds);
   for (uint32_t round = 0; round < ROUNDS; round++) {
      for (uint32_t i = 0; i < BUFFERS; i++) {
         if (round % 3 == 1 && i % 2)
            VK(vkResetCommandBuffer(cmds[i], i % 4 == 1 ? VK_COMMAND_BUFFER_RESET_RELEASE_RESOURCES_BIT : 0));
         if (round % 3 != 2 || i % 2) // the others are submitted as they are, again
            record(cmds[i], out, i, round * 100 + i);
      }
      submit(gpu, BUFFERS - round % 4, cmds);
   }
   result(gpu, "reset-flag", out->map, out->size);
   vkFreeCommandBuffers(gpu->device, pool, BUFFERS / 2, cmds);
   VkCommandBuffer some[3] = {cmds[BUFFERS / 2], VK_NULL_HANDLE, cmds[BUFFERS - 1]};
   vkFreeCommandBuffers(gpu->device, pool, 3, some);
   vkDestroyCommandPool(gpu->device, pool, NULL); // frees the rest
}

static void with_pool_reset(struct gpu *gpu, struct buffer *out)
{
   VkCommandPool pool = pool_new(gpu, VK_COMMAND_POOL_CREATE_TRANSIENT_BIT);
   VkCommandBuffer cmds[BUFFERS];
   allocate(gpu, pool, BUFFERS, cmds);
   for (uint32_t round = 0; round < ROUNDS; round++) {
      for (uint32_t i = 0; i < BUFFERS; i++)
         record(cmds[i], out, i, round << 16 | i);
      submit(gpu, BUFFERS, cmds);
      VK(vkResetCommandPool(gpu->device, pool, round % 2 ? VK_COMMAND_POOL_RESET_RELEASE_RESOURCES_BIT : 0));
      if (round % 5 == 0)
         vkTrimCommandPool(gpu->device, pool, 0);
      if (round % 7 == 0) {
         vkFreeCommandBuffers(gpu->device, pool, 4, cmds);
         allocate(gpu, pool, 4, cmds);
      }
   }
   EXPECT(*(uint32_t *)out->map == (ROUNDS - 1) << 16);
   result(gpu, "pool-reset", out->map, out->size);
   vkDestroyCommandPool(gpu->device, pool, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer out =
       buffer_host(&gpu, BUFFERS * 64, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   with_reset_flag(&gpu, &out);
   with_pool_reset(&gpu, &out);
   for (uint32_t i = 0; i < 100; i++) // pools come and go
      vkDestroyCommandPool(gpu.device, pool_new(&gpu, 0), NULL);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
