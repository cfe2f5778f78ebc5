// SPDX-License-Identifier: MIT
//
// Timeline semaphores: waits submitted before their signals, signals by the host, waits for any of several, long
// chains.
#include "harness.h"

#include <pthread.h>
#include <unistd.h>

#define STEPS 12

static VkSemaphore timeline_new(struct gpu *gpu, uint64_t value)
{
   VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                     .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE, .initialValue = value};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
   VkSemaphore semaphore;
   VK(vkCreateSemaphore(gpu->device, &info, NULL, &semaphore));
   return semaphore;
}

static VkResult wait_for(struct gpu *gpu, VkSemaphore semaphore, uint64_t value, uint64_t timeout)
{
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &semaphore,
                               .pValues = &value};
   return vkWaitSemaphores(gpu->device, &info, timeout);
}

static void signal_host(struct gpu *gpu, VkSemaphore semaphore, uint64_t value)
{
   VkSemaphoreSignalInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = semaphore, .value = value};
   VK(vkSignalSemaphore(gpu->device, &info));
}

static uint64_t value_of(struct gpu *gpu, VkSemaphore semaphore)
{
   uint64_t value;
   VK(vkGetSemaphoreCounterValue(gpu->device, semaphore, &value));
   return value;
}

static void submit(struct gpu *gpu, VkCommandBuffer cmd, VkSemaphore wait, uint64_t wait_value, VkSemaphore signal,
                   uint64_t signal_value)
{
   VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &wait_value,
                                           .signalSemaphoreValueCount = 1, .pSignalSemaphoreValues = &signal_value};
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values,
                        .waitSemaphoreCount = 1,       .pWaitSemaphores = &wait,
                        .pWaitDstStageMask = &stage,   .commandBufferCount = cmd ? 1 : 0,
                        .pCommandBuffers = &cmd,       .signalSemaphoreCount = 1,
                        .pSignalSemaphores = &signal};
   VK(vkQueueSubmit(gpu->queue, 1, &info, VK_NULL_HANDLE));
}

// Each step fills one more word, waits for the step before and signals its own number; the host starts it all at the
// end.
static void chain(struct gpu *gpu)
{
   struct buffer out =
       buffer_host(gpu, (STEPS + 2) * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   VkSemaphore go = timeline_new(gpu, 5), done = timeline_new(gpu, 100);
   VkCommandBuffer cmds[STEPS];
   ((uint32_t *)out.map)[0] = 41;
   for (uint32_t i = 0; i < STEPS; i++) {
      cmds[i] = cmd_begin(gpu);
      barrier_all(cmds[i]);
      vkCmdCopyBuffer(cmds[i], out.handle, out.handle, 1, &(VkBufferCopy){4 * i, 4 * i + 4, 4});
      barrier_all(cmds[i]);
      vkCmdFillBuffer(cmds[i], out.handle, 4 * i, 4, 1000 + i);
      VK(vkEndCommandBuffer(cmds[i]));
      submit(gpu, cmds[i], i ? done : go, i ? 100 + i : 6, done, 101 + i);
   }
   EXPECT(value_of(gpu, done) == 100);
   EXPECT(wait_for(gpu, done, 101, 20000000) == VK_TIMEOUT);
   EXPECT(wait_for(gpu, done, 100, 0) == VK_SUCCESS);
   signal_host(gpu, go, 6);
   VK(wait_for(gpu, done, 100 + STEPS, WAIT_NS));
   EXPECT(value_of(gpu, done) == 100 + STEPS && value_of(gpu, go) == 6);
   EXPECT(((uint32_t *)out.map)[STEPS] == 41);
   result(gpu, "chain", out.map, out.size);
   vkFreeCommandBuffers(gpu->device, gpu->pool, STEPS, cmds);
   vkDestroySemaphore(gpu->device, go, NULL);
   vkDestroySemaphore(gpu->device, done, NULL);
   buffer_free(gpu, &out);
}

struct waker {
   struct gpu *gpu;
   VkSemaphore semaphore;
};

static void *wake(void *data)
{
   struct waker *waker = data;
   usleep(30000);
   signal_host(waker->gpu, waker->semaphore, 9);
   return NULL;
}

// A thread blocks in vkWaitSemaphores (any of two) until another signals from the host.
static void wait_any(struct gpu *gpu)
{
   VkSemaphore pair[2] = {timeline_new(gpu, 0), timeline_new(gpu, 1)};
   struct waker waker = {gpu, pair[1]};
   pthread_t thread;
   EXPECT(!pthread_create(&thread, NULL, wake, &waker));
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .flags = VK_SEMAPHORE_WAIT_ANY_BIT,
                               .semaphoreCount = 2, .pSemaphores = pair, .pValues = (uint64_t[]){3, 9}};
   VK(vkWaitSemaphores(gpu->device, &info, WAIT_NS));
   pthread_join(thread, NULL);
   uint64_t values[2] = {value_of(gpu, pair[0]), value_of(gpu, pair[1])};
   EXPECT(values[0] == 0 && values[1] == 9);
   result(gpu, "any", values, sizeof(values));
   vkDestroySemaphore(gpu->device, pair[0], NULL);
   vkDestroySemaphore(gpu->device, pair[1], NULL);
}

// Many short submissions that only count.
static void count_up(struct gpu *gpu)
{
   VkSemaphore counter = timeline_new(gpu, 0);
   for (uint64_t i = 1; i <= 200; i++)
      submit(gpu, VK_NULL_HANDLE, counter, i - 1, counter, i);
   VK(wait_for(gpu, counter, 200, WAIT_NS));
   signal_host(gpu, counter, 1ull << 40);
   uint64_t value = value_of(gpu, counter);
   EXPECT(value == 1ull << 40);
   result(gpu, "counter", &value, sizeof(value));
   VK(vkQueueWaitIdle(gpu->queue));
   vkDestroySemaphore(gpu->device, counter, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   chain(&gpu);
   wait_any(&gpu);
   count_up(&gpu);
   return gpu_close(&gpu);
}
