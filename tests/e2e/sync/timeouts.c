// SPDX-License-Identifier: MIT
//
// Waits that cannot succeed yet: fences and timeline semaphores behind a gate that only the host opens, waited for with
// no timeout, with short ones and by several threads at once. The answers are certain, only their time is not.
#include "sync.h"

#include <pthread.h>

#define WAITERS 3

static const uint64_t short_ones[] = {0, 1, 1000, 1000000, 3000000};

static void fence_timeouts(struct gpu *gpu)
{
   VkSemaphore gate = timeline_new(gpu, 0);
   VkFence shut = fence_new(gpu, false), open = fence_new(gpu, true);
   submit_to(gpu->queue, VK_NULL_HANDLE, 1, &(struct point){gate, 1}, 0, NULL, shut);
   int32_t got[3 * COUNT(short_ones)];
   for (uint32_t i = 0; i < COUNT(short_ones); i++) {
      got[3 * i] = vkWaitForFences(gpu->device, 1, &shut, VK_TRUE, short_ones[i]);
      got[3 * i + 1] = vkWaitForFences(gpu->device, 2, (VkFence[]){open, shut}, VK_TRUE, short_ones[i]);
      got[3 * i + 2] = vkWaitForFences(gpu->device, 2, (VkFence[]){shut, open}, VK_FALSE, short_ones[i]);
      EXPECT(got[3 * i] == VK_TIMEOUT && got[3 * i + 1] == VK_TIMEOUT && got[3 * i + 2] == VK_SUCCESS);
   }
   result(gpu, "fences", got, sizeof(got));
   timeline_signal(gpu, gate, 1);
   VK(vkWaitForFences(gpu->device, 1, &shut, VK_TRUE, UINT64_MAX));
   VK(vkWaitForFences(gpu->device, 1, &shut, VK_TRUE, 0));
   VK(vkQueueWaitIdle(gpu->queue));
   vkDestroyFence(gpu->device, shut, NULL);
   vkDestroyFence(gpu->device, open, NULL);
   vkDestroySemaphore(gpu->device, gate, NULL);
}

static void semaphore_timeouts(struct gpu *gpu)
{
   VkSemaphore pair[2] = {timeline_new(gpu, 5), timeline_new(gpu, 5)}, gate = timeline_new(gpu, 0);
   submit_to(gpu->queue, VK_NULL_HANDLE, 1, &(struct point){gate, 1}, 1, &(struct point){pair[0], 9}, VK_NULL_HANDLE);
   int32_t got[3 * COUNT(short_ones)];
   for (uint32_t i = 0; i < COUNT(short_ones); i++) {
      VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 2, .pSemaphores = pair,
                                  .pValues = (uint64_t[]){6, 5}};
      got[3 * i] = timeline_wait(gpu, pair[0], 6, short_ones[i]);
      got[3 * i + 1] = vkWaitSemaphores(gpu->device, &info, short_ones[i]);
      info.flags = VK_SEMAPHORE_WAIT_ANY_BIT;
      got[3 * i + 2] = vkWaitSemaphores(gpu->device, &info, short_ones[i]);
      EXPECT(got[3 * i] == VK_TIMEOUT && got[3 * i + 1] == VK_TIMEOUT && got[3 * i + 2] == VK_SUCCESS);
   }
   result(gpu, "semaphores", got, sizeof(got));
   timeline_signal(gpu, gate, 1);
   VK(timeline_wait(gpu, pair[0], 9, UINT64_MAX));
   VK(timeline_wait(gpu, pair[0], 7, 0));
   EXPECT(timeline_wait(gpu, pair[0], 10, 0) == VK_TIMEOUT);
   VK(vkQueueWaitIdle(gpu->queue));
   vkDestroySemaphore(gpu->device, pair[0], NULL);
   vkDestroySemaphore(gpu->device, pair[1], NULL);
   vkDestroySemaphore(gpu->device, gate, NULL);
}

struct waiter {
   struct gpu *gpu;
   VkFence fence;
   VkSemaphore semaphore;
   pthread_barrier_t *tried;
   int32_t got[3];
};

static void *wait_long(void *data)
{
   struct waiter *w = data;
   w->got[0] = timeline_wait(w->gpu, w->semaphore, 3, 500000);
   pthread_barrier_wait(w->tried);
   w->got[1] = timeline_wait(w->gpu, w->semaphore, 1, UINT64_MAX);
   w->got[2] = vkWaitForFences(w->gpu->device, 1, &w->fence, VK_TRUE, UINT64_MAX);
   return NULL;
}

// Several threads in a wait without end, for the same fence and semaphore.
static void together(struct gpu *gpu)
{
   VkSemaphore gate = timeline_new(gpu, 0), signal = timeline_new(gpu, 0);
   VkFence fence = fence_new(gpu, false);
   pthread_t threads[WAITERS];
   struct waiter waiters[WAITERS];
   pthread_barrier_t tried;
   EXPECT(!pthread_barrier_init(&tried, NULL, WAITERS + 1));
   submit_to(gpu->queue, VK_NULL_HANDLE, 1, &(struct point){gate, 1}, 1, &(struct point){signal, 2}, fence);
   for (uint32_t i = 0; i < WAITERS; i++) {
      waiters[i] = (struct waiter){gpu, fence, signal, &tried, {0}};
      EXPECT(!pthread_create(&threads[i], NULL, wait_long, &waiters[i]));
   }
   pthread_barrier_wait(&tried); // before the gate opens, everybody has tried in vain
   EXPECT(vkWaitForFences(gpu->device, 1, &fence, VK_TRUE, 5000000) == VK_TIMEOUT);
   timeline_signal(gpu, gate, 1);
   for (uint32_t i = 0; i < WAITERS; i++) {
      EXPECT(!pthread_join(threads[i], NULL));
      EXPECT(waiters[i].got[0] == VK_TIMEOUT);
      result(gpu, "waiter", waiters[i].got, sizeof(waiters[i].got));
   }
   VK(vkQueueWaitIdle(gpu->queue));
   EXPECT(!pthread_barrier_destroy(&tried));
   vkDestroyFence(gpu->device, fence, NULL);
   vkDestroySemaphore(gpu->device, gate, NULL);
   vkDestroySemaphore(gpu->device, signal, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   fence_timeouts(&gpu);
   semaphore_timeouts(&gpu);
   together(&gpu);
   return gpu_close(&gpu);
}
