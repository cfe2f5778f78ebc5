// SPDX-License-Identifier: MIT
//
// Many timeline semaphores: relays over several queues whose waits are submitted before their signals, threads that
// wait and signal, values far apart.
#include "sync.h"

#include <pthread.h>

#define STEPS   40
#define RUNNERS 4
#define ROUNDS  50

// Queue by queue, the last one first: most waits come before the submission that ends them.
static void relay(struct gpu *gpu)
{
   struct buffer words = buffer_shared(gpu, 4 * (STEPS + 1));
   VkSemaphore baton = timeline_new(gpu, 1000);
   VkCommandPool pools[MAX_QUEUES];
   *(uint32_t *)words.map = 0xc0ffee;
   for (uint32_t q = gpu->queue_count; q-- > 0;) {
      pools[q] = pool_of(gpu, gpu->queues[q].family, 0);
      for (uint32_t i = q; i < STEPS; i += gpu->queue_count) {
         struct point before = {baton, 1001 + i}, after = {baton, 1002 + i};
         submit_to(gpu->queues[q].handle, chain_step(gpu, pools[q], &words, i), 1, &before, 1, &after, VK_NULL_HANDLE);
      }
   }
   uint64_t value = timeline_value(gpu, baton);
   EXPECT(value == 1000 && ((uint32_t *)words.map)[1] == 0);
   result(gpu, "before", &value, sizeof(value));
   timeline_signal(gpu, baton, 1001);
   VK(timeline_wait(gpu, baton, 1001 + STEPS, WAIT_NS));
   value = timeline_value(gpu, baton);
   EXPECT(((uint32_t *)words.map)[STEPS] == 0xc0ffee);
   result(gpu, "after", &value, sizeof(value));
   result(gpu, "relay", words.map, words.size);
   VK(vkDeviceWaitIdle(gpu->device));
   for (uint32_t q = 0; q < gpu->queue_count; q++)
      vkDestroyCommandPool(gpu->device, pools[q], NULL);
   vkDestroySemaphore(gpu->device, baton, NULL);
   buffer_free(gpu, &words);
}

// A ring of threads: each waits for its own semaphore, then signals the next one's.
struct runner {
   struct gpu *gpu;
   VkSemaphore mine, next;
   bool first;
   uint64_t seen[ROUNDS];
};

static void *run(void *data)
{
   struct runner *runner = data;
   for (uint64_t round = 1; round <= ROUNDS; round++) {
      VK(timeline_wait(runner->gpu, runner->mine, round * 1000000007, WAIT_NS));
      runner->seen[round - 1] = timeline_value(runner->gpu, runner->mine);
      timeline_signal(runner->gpu, runner->next, (runner->first ? round : round + 1) * 1000000007);
   }
   return NULL;
}

static void ring_of_threads(struct gpu *gpu)
{
   static struct runner runners[RUNNERS];
   pthread_t threads[RUNNERS];
   VkSemaphore ring[RUNNERS];
   for (uint32_t i = 0; i < RUNNERS; i++)
      ring[i] = timeline_new(gpu, 0);
   for (uint32_t i = 0; i < RUNNERS; i++) { // only the last one's signal begins a new round
      runners[i] = (struct runner){gpu, ring[i], ring[(i + 1) % RUNNERS], .first = i < RUNNERS - 1};
      EXPECT(!pthread_create(&threads[i], NULL, run, &runners[i]));
   }
   timeline_signal(gpu, ring[0], 1000000007);
   for (uint32_t i = 0; i < RUNNERS; i++) {
      EXPECT(!pthread_join(threads[i], NULL));
      result(gpu, "seen", runners[i].seen, sizeof(runners[i].seen));
      EXPECT(runners[i].seen[ROUNDS - 1] == ROUNDS * 1000000007ull);
   }
   for (uint32_t i = 0; i < RUNNERS; i++)
      vkDestroySemaphore(gpu->device, ring[i], NULL);
}

// One submission signals many; one wait covers all of them, another any.
static void many(struct gpu *gpu)
{
   VkSemaphore all[MAX_POINTS];
   struct point points[MAX_POINTS];
   uint64_t values[MAX_POINTS];
   for (uint32_t i = 0; i < MAX_POINTS; i++) {
      all[i] = timeline_new(gpu, i);
      values[i] = i + 1 + (1ull << i);
      points[i] = (struct point){all[i], values[i]};
   }
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = MAX_POINTS, .pSemaphores = all,
                               .pValues = values};
   EXPECT(vkWaitSemaphores(gpu->device, &info, 0) == VK_TIMEOUT);
   timeline_signal(gpu, all[7], values[7]);
   EXPECT(vkWaitSemaphores(gpu->device, &info, 1000000) == VK_TIMEOUT);
   info.flags = VK_SEMAPHORE_WAIT_ANY_BIT;
   VK(vkWaitSemaphores(gpu->device, &info, WAIT_NS));
   points[7].value++;
   submit_to(gpu->queue, VK_NULL_HANDLE, 0, NULL, MAX_POINTS, points, VK_NULL_HANDLE);
   info.flags = 0;
   VK(vkWaitSemaphores(gpu->device, &info, WAIT_NS));
   VK(vkQueueWaitIdle(gpu->queue));
   for (uint32_t i = 0; i < MAX_POINTS; i++) {
      values[i] = timeline_value(gpu, all[i]);
      vkDestroySemaphore(gpu->device, all[i], NULL);
   }
   result(gpu, "many", values, sizeof(values));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE, .queues = 3};
   gpu_open(&gpu, argc, argv, &want);
   relay(&gpu);
   ring_of_threads(&gpu);
   many(&gpu);
   return gpu_close(&gpu);
}
