// SPDX-License-Identifier: MIT
//
// Binary semaphores over all queues of the device: a long chain that changes queue with every link, and a fan of
// submissions that start from one and meet in one again.
#include "sync.h"

#define LINKS  96
#define SPOKES 8

static void pools_new(struct gpu *gpu, VkCommandPool *pools)
{
   for (uint32_t i = 0; i < gpu->queue_count; i++)
      pools[i] = pool_of(gpu, gpu->queues[i].family, VK_COMMAND_POOL_CREATE_TRANSIENT_BIT);
}

static void chain(struct gpu *gpu, VkCommandPool *pools)
{
   struct buffer words = buffer_shared(gpu, 4 * (LINKS + 1));
   VkSemaphore links[LINKS];
   VkFence done = fence_new(gpu, false);
   *(uint32_t *)words.map = 0xfeedf00d;
   for (uint32_t i = 0; i < LINKS; i++) {
      uint32_t q = i % gpu->queue_count;
      links[i] = semaphore_new(gpu);
      struct point before = {i ? links[i - 1] : VK_NULL_HANDLE}, after = {links[i]};
      bool last = i == LINKS - 1;
      submit_to(gpu->queues[q].handle, chain_step(gpu, pools[q], &words, i), i ? 1 : 0, &before, last ? 0 : 1, &after,
                last ? done : VK_NULL_HANDLE);
   }
   fence_wait(gpu, done);
   EXPECT(((uint32_t *)words.map)[LINKS] == 0xfeedf00d);
   result(gpu, "chain", words.map, words.size);
   VK(vkDeviceWaitIdle(gpu->device));
   for (uint32_t i = 0; i < LINKS; i++)
      vkDestroySemaphore(gpu->device, links[i], NULL);
   vkDestroyFence(gpu->device, done, NULL);
   buffer_free(gpu, &words);
}

// The hub's command fills, each spoke copies into a place of its own, the rim gathers; three rounds reuse the
// semaphores.
static void fan(struct gpu *gpu, VkCommandPool *pools)
{
   struct buffer words = buffer_shared(gpu, 4 * (2 * SPOKES + 4));
   struct point out[SPOKES], in[SPOKES];
   VkFence done = fence_new(gpu, false);
   for (uint32_t i = 0; i < SPOKES; i++) {
      out[i] = (struct point){semaphore_new(gpu)};
      in[i] = (struct point){semaphore_new(gpu)};
   }
   for (uint32_t round = 1; round <= 3; round++) {
      VkCommandBuffer hub = cmd_of(gpu, pools[0], VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      VkCommandBuffer rim = cmd_of(gpu, pools[0], VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      begin(hub, 0);
      vkCmdFillBuffer(hub, words.handle, 0, 4, 0x1010101 * round);
      end(hub);
      submit_to(gpu->queue, hub, 0, NULL, SPOKES, out, VK_NULL_HANDLE);
      for (uint32_t i = 0; i < SPOKES; i++) {
         uint32_t q = i % gpu->queue_count;
         VkCommandBuffer spoke = cmd_of(gpu, pools[q], VK_COMMAND_BUFFER_LEVEL_PRIMARY);
         begin(spoke, 0);
         vkCmdCopyBuffer(spoke, words.handle, words.handle, 1, &(VkBufferCopy){0, 4 + 4 * i, 4});
         end(spoke);
         submit_to(gpu->queues[q].handle, spoke, 1, &out[i], 1, &in[i], VK_NULL_HANDLE);
      }
      begin(rim, 0);
      vkCmdCopyBuffer(rim, words.handle, words.handle, 1, &(VkBufferCopy){4, 4 + 4 * SPOKES, 4 * SPOKES});
      end(rim);
      submit_to(gpu->queue, rim, SPOKES, in, 0, NULL, done);
      fence_wait(gpu, done);
      VK(vkResetFences(gpu->device, 1, &done));
      result(gpu, "fan", words.map, words.size);
      EXPECT(((uint32_t *)words.map)[2 * SPOKES] == 0x1010101 * round);
   }
   VK(vkDeviceWaitIdle(gpu->device));
   for (uint32_t i = 0; i < SPOKES; i++) {
      vkDestroySemaphore(gpu->device, out[i].semaphore, NULL);
      vkDestroySemaphore(gpu->device, in[i].semaphore, NULL);
   }
   vkDestroyFence(gpu->device, done, NULL);
   buffer_free(gpu, &words);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.queues = 3};
   VkCommandPool pools[MAX_QUEUES];
   gpu_open(&gpu, argc, argv, &want);
   pools_new(&gpu, pools);
   chain(&gpu, pools);
   fan(&gpu, pools);
   for (uint32_t i = 0; i < gpu.queue_count; i++)
      vkDestroyCommandPool(gpu.device, pools[i], NULL);
   return gpu_close(&gpu);
}
