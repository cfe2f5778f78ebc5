// SPDX-License-Identifier: MIT
//
// Threads that record and submit on their own: each has its pools, its buffers and, as far as there are enough, its own
// queue; where two share one, a lock. Nobody waits for anybody, and pools are reset while others are in use.
#include "sync.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  24
#define FILLS   40
#define WORDS   (FILLS * 4)

struct worker {
   struct gpu *gpu;
   const struct queue *queue;
   pthread_mutex_t *lock; // the queue's
   uint32_t number;
   uint32_t out[WORDS];
};

static void record(VkCommandBuffer primary, VkCommandBuffer secondary, const struct buffer *words, uint32_t seed)
{
   begin(secondary, 0);
   for (uint32_t i = 0; i < FILLS; i++)
      vkCmdFillBuffer(secondary, words->handle, 16 * i, 8, seed * 1000003 + i);
   VK(vkEndCommandBuffer(secondary));
   begin(primary, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
   vkCmdExecuteCommands(primary, 1, &secondary);
   barrier_all(primary);
   for (uint32_t i = 0; i < FILLS; i++)
      vkCmdCopyBuffer(primary, words->handle, words->handle, 1, &(VkBufferCopy){16 * i, 16 * (FILLS - 1 - i) + 8, 8});
   end(primary);
}

static void *work(void *data)
{
   struct worker *worker = data;
   struct gpu *gpu = worker->gpu;
   struct buffer words = buffer_shared(gpu, sizeof(worker->out));
   VkCommandPool pools[2];
   VkFence fences[2];
   for (int i = 0; i < 2; i++) {
      pools[i] = pool_of(gpu, worker->queue->family, i ? VK_COMMAND_POOL_CREATE_TRANSIENT_BIT : 0);
      fences[i] = fence_new(gpu, true);
   }
   VkCommandBuffer cmds[2][2];
   for (int i = 0; i < 2; i++) {
      cmds[i][0] = cmd_of(gpu, pools[i], VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      cmds[i][1] = cmd_of(gpu, pools[i], VK_COMMAND_BUFFER_LEVEL_SECONDARY);
   }
   for (uint32_t round = 0; round < ROUNDS; round++) {
      uint32_t slot = round % 2;
      VK(vkWaitForFences(gpu->device, 2, fences, VK_TRUE, WAIT_NS)); // the buffer is one
      VK(vkResetFences(gpu->device, 1, &fences[slot]));
      VK(vkResetCommandPool(gpu->device, pools[slot], 0));
      record(cmds[slot][0], cmds[slot][1], &words, 100 * worker->number + round);
      pthread_mutex_lock(worker->lock);
      submit_to(worker->queue->handle, cmds[slot][0], 0, NULL, 0, NULL, fences[slot]);
      pthread_mutex_unlock(worker->lock);
   }
   VK(vkWaitForFences(gpu->device, 2, fences, VK_TRUE, WAIT_NS));
   memcpy(worker->out, words.map, sizeof(worker->out));
   for (int i = 0; i < 2; i++) {
      vkDestroyFence(gpu->device, fences[i], NULL);
      vkDestroyCommandPool(gpu->device, pools[i], NULL);
   }
   buffer_free(gpu, &words);
   return NULL;
}

int main(int argc, char **argv)
{
   static struct worker workers[THREADS];
   static pthread_mutex_t locks[MAX_QUEUES];
   pthread_t threads[THREADS];
   struct gpu gpu;
   struct want want = {.queues = 4};
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t q = 0; q < gpu.queue_count; q++)
      EXPECT(!pthread_mutex_init(&locks[q], NULL));
   for (uint32_t i = 0; i < THREADS; i++) {
      uint32_t q = i % gpu.queue_count;
      workers[i] = (struct worker){.gpu = &gpu, .queue = &gpu.queues[q], .lock = &locks[q], .number = i};
      EXPECT(!pthread_create(&threads[i], NULL, work, &workers[i]));
   }
   for (uint32_t i = 0; i < THREADS; i++) {
      EXPECT(!pthread_join(threads[i], NULL));
      uint32_t base = (100 * i + ROUNDS - 1) * 1000003;
      EXPECT(workers[i].out[0] == base && workers[i].out[2] == base + FILLS - 1);
      result(&gpu, "thread", workers[i].out, sizeof(workers[i].out));
   }
   return gpu_close(&gpu);
}
