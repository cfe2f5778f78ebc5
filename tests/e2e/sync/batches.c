// SPDX-License-Identifier: MIT
//
// Submissions of unusual shape: hundreds of batches in one call, batches without command buffers, calls without
// batches, many command buffers in one batch; then many threads that submit to one queue under a lock.
#include "sync.h"

#include <pthread.h>

#define BATCHES 600
#define THREADS 6
#define EACH    40

static VkCommandBuffer fill(struct gpu *gpu, VkCommandPool pool, const struct buffer *out, uint32_t word,
                            uint32_t value)
{
   VkCommandBuffer cmd = cmd_of(gpu, pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   begin(cmd, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
   vkCmdFillBuffer(cmd, out->handle, 4 * word, 4, value);
   end(cmd);
   return cmd;
}

// Every seventh batch is empty, every fifth has a semaphore for the one after it.
static void huge(struct gpu *gpu, const struct buffer *out)
{
   static VkSubmitInfo infos[BATCHES];
   static VkCommandBuffer cmds[BATCHES];
   static VkSemaphore links[BATCHES];
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkCommandPool pool = pool_of(gpu, gpu->family, 0);
   for (uint32_t i = 0; i < BATCHES; i++) {
      infos[i] = (VkSubmitInfo){VK_STRUCTURE_TYPE_SUBMIT_INFO, .pWaitDstStageMask = &stage};
      if (i % 7) {
         cmds[i] = fill(gpu, pool, out, i, 0x51ed270bu * i);
         infos[i].commandBufferCount = 1;
         infos[i].pCommandBuffers = &cmds[i];
      }
      if (i % 5 == 0 && i + 1 < BATCHES) {
         links[i] = semaphore_new(gpu);
         infos[i].signalSemaphoreCount = 1;
         infos[i].pSignalSemaphores = &links[i];
      }
      if (i % 5 == 1) {
         infos[i].waitSemaphoreCount = 1;
         infos[i].pWaitSemaphores = &links[i - 1];
      }
   }
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, BATCHES, infos, fence));
   fence_wait(gpu, fence);
   EXPECT(((uint32_t *)out->map)[BATCHES - 1] == 0x51ed270bu * (BATCHES - 1));
   result(gpu, "huge", out->map, 4 * BATCHES);
   for (uint32_t i = 0; i < BATCHES; i++)
      vkDestroySemaphore(gpu->device, links[i], NULL);
   vkDestroyFence(gpu->device, fence, NULL);
   vkDestroyCommandPool(gpu->device, pool, NULL);
}

// All command buffers in one batch; then nothing at all.
static void one_batch(struct gpu *gpu, const struct buffer *out)
{
   static VkCommandBuffer cmds[BATCHES];
   VkCommandPool pool = pool_of(gpu, gpu->family, 0);
   for (uint32_t i = 0; i < BATCHES; i++)
      cmds[i] = fill(gpu, pool, out, BATCHES - 1 - i, 0x2545f491u * i);
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = BATCHES, .pCommandBuffers = cmds};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, 0, NULL, VK_NULL_HANDLE));
   VK(vkQueueSubmit(gpu->queue, 1, &info, VK_NULL_HANDLE));
   info.commandBufferCount = 0;
   VK(vkQueueSubmit(gpu->queue, 1, &info, VK_NULL_HANDLE));
   VK(vkQueueSubmit(gpu->queue, 0, NULL, fence));
   fence_wait(gpu, fence);
   EXPECT(*(uint32_t *)out->map == 0x2545f491u * (BATCHES - 1));
   result(gpu, "one-batch", out->map, 4 * BATCHES);
   vkDestroyFence(gpu->device, fence, NULL);
   vkDestroyCommandPool(gpu->device, pool, NULL);
}

struct worker {
   struct gpu *gpu;
   const struct buffer *out;
   pthread_mutex_t *lock;
   uint32_t number;
};

// All in flight, no waiting in between.
static void *work(void *data)
{
   struct worker *worker = data;
   struct gpu *gpu = worker->gpu;
   VkCommandPool pool = pool_of(gpu, gpu->family, VK_COMMAND_POOL_CREATE_TRANSIENT_BIT);
   VkFence fences[EACH];
   for (uint32_t i = 0; i < EACH; i++) {
      uint32_t word = worker->number * EACH + i;
      VkCommandBuffer cmd = fill(gpu, pool, worker->out, word, ~(word * 977));
      fences[i] = fence_new(gpu, false);
      pthread_mutex_lock(worker->lock);
      submit_to(gpu->queue, cmd, 0, NULL, 0, NULL, fences[i]);
      pthread_mutex_unlock(worker->lock);
   }
   VK(vkWaitForFences(gpu->device, EACH, fences, VK_TRUE, WAIT_NS));
   for (uint32_t i = 0; i < EACH; i++)
      vkDestroyFence(gpu->device, fences[i], NULL);
   vkDestroyCommandPool(gpu->device, pool, NULL);
   return NULL;
}

static void from_threads(struct gpu *gpu, const struct buffer *out)
{
   pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
   pthread_t threads[THREADS];
   struct worker workers[THREADS];
   for (uint32_t i = 0; i < THREADS; i++) {
      workers[i] = (struct worker){gpu, out, &lock, i};
      EXPECT(!pthread_create(&threads[i], NULL, work, &workers[i]));
   }
   for (uint32_t i = 0; i < THREADS; i++)
      EXPECT(!pthread_join(threads[i], NULL));
   for (uint32_t i = 0; i < THREADS * EACH; i++)
      EXPECT(((uint32_t *)out->map)[i] == ~(i * 977));
   result(gpu, "from-threads", out->map, 4 * THREADS * EACH);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer out = buffer_host(&gpu, 4 * BATCHES, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   huge(&gpu, &out);
   one_batch(&gpu, &out);
   from_threads(&gpu, &out);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
