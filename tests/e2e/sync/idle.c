// SPDX-License-Identifier: MIT
//
// vkQueueWaitIdle and vkDeviceWaitIdle while several threads keep the device busy: what a thread submitted before such
// a wait is done when it returns.
#include "sync.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  30
#define WORDS   2048

struct worker {
   struct gpu *gpu;
   pthread_mutex_t *lock; // of all queues: waiting for the device concerns every one
   uint32_t number;
   uint32_t seen[ROUNDS];
};

static void *work(void *data)
{
   struct worker *worker = data;
   struct gpu *gpu = worker->gpu;
   const struct queue *queue = &gpu->queues[worker->number % gpu->queue_count];
   struct buffer words = buffer_shared(gpu, 4 * WORDS);
   VkCommandPool pool = pool_of(gpu, queue->family, VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT);
   VkCommandBuffer cmd = cmd_of(gpu, pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   for (uint32_t round = 0; round < ROUNDS; round++) {
      begin(cmd, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
      for (uint32_t i = 0; i < 16; i++)
         vkCmdFillBuffer(cmd, words.handle, i * WORDS / 4, WORDS / 4, worker->number << 16 | round << 4 | i);
      end(cmd);
      pthread_mutex_lock(worker->lock);
      submit_to(queue->handle, cmd, 0, NULL, 0, NULL, VK_NULL_HANDLE);
      if (round % 3 == worker->number % 3)
         VK(vkDeviceWaitIdle(gpu->device));
      else
         VK(vkQueueWaitIdle(queue->handle));
      pthread_mutex_unlock(worker->lock);
      worker->seen[round] = ((uint32_t *)words.map)[WORDS - 1];
      memset(words.map, 0, words.size);
   }
   vkDestroyCommandPool(gpu->device, pool, NULL);
   buffer_free(gpu, &words);
   return NULL;
}

// Nothing to wait for, and a wait that has to wait for many.
static void alone(struct gpu *gpu)
{
   struct buffer words = buffer_shared(gpu, 4096);
   for (uint32_t i = 0; i < 20; i++) {
      VK(vkQueueWaitIdle(gpu->queue));
      VK(vkDeviceWaitIdle(gpu->device));
   }
   VkCommandBuffer cmds[32];
   for (uint32_t i = 0; i < COUNT(cmds); i++) {
      cmds[i] = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      begin(cmds[i], 0);
      vkCmdFillBuffer(cmds[i], words.handle, 128 * i, 128, ~i);
      end(cmds[i]);
      submit_to(gpu->queue, cmds[i], 0, NULL, 0, NULL, VK_NULL_HANDLE);
   }
   VK(vkDeviceWaitIdle(gpu->device));
   EXPECT(((uint32_t *)words.map)[1023] == ~31u);
   result(gpu, "alone", words.map, words.size);
   vkFreeCommandBuffers(gpu->device, gpu->pool, COUNT(cmds), cmds);
   buffer_free(gpu, &words);
}

int main(int argc, char **argv)
{
   static struct worker workers[THREADS];
   pthread_t threads[THREADS];
   pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
   struct gpu gpu;
   struct want want = {.queues = 2};
   gpu_open(&gpu, argc, argv, &want);
   alone(&gpu);
   for (uint32_t i = 0; i < THREADS; i++) {
      workers[i] = (struct worker){.gpu = &gpu, .lock = &lock, .number = i};
      EXPECT(!pthread_create(&threads[i], NULL, work, &workers[i]));
   }
   for (uint32_t i = 0; i < THREADS; i++) {
      EXPECT(!pthread_join(threads[i], NULL));
      for (uint32_t round = 0; round < ROUNDS; round++)
         EXPECT(workers[i].seen[round] == (i << 16 | round << 4 | 15));
      result(&gpu, "thread", workers[i].seen, sizeof(workers[i].seen));
   }
   return gpu_close(&gpu);
}
