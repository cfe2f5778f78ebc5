// SPDX-License-Identifier: MIT
//
// A guest whose device gets lost while it waits. Run by lost.py with a memory budget that the second thread breaks:
// stock drivers allocate without asking for a reply, so the refusal makes the context lost as soon as the memory is
// used. The wait for a fence that nobody will ever signal must then end with VK_ERROR_DEVICE_LOST, and everything after
// it must return.
#include "../e2e/harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
   struct timespec now;
   clock_gettime(CLOCK_MONOTONIC, &now);
   return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double lost_at;

static void submit_count(struct gpu *gpu, VkSemaphore wait, uint64_t wait_value, VkSemaphore counter, uint64_t value)
{
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &wait_value,
                                           .signalSemaphoreValueCount = 1, .pSignalSemaphoreValues = &value};
   VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkSubmitInfo submit = {
      VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values,          .waitSemaphoreCount = 1,      .pWaitSemaphores = &wait,
      .pWaitDstStageMask = &stage,   .signalSemaphoreCount = 1, .pSignalSemaphores = &counter};
   VK(vkQueueSubmit(gpu->queue, 1, &submit, VK_NULL_HANDLE));
}

static VkResult wait_count(const struct gpu *gpu, VkSemaphore counter, uint64_t value)
{
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &counter,
                               .pValues = &value};
   return vkWaitSemaphores(gpu->device, &info, UINT64_MAX);
}

// Allocates far beyond the budget and binds a buffer to it.
static void *lose(void *user)
{
   struct gpu *gpu = user;
   usleep(300000);
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 1 << 20,
                              .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkBuffer buffer;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   VkMemoryAllocateInfo allocate = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = (VkDeviceSize)600 << 20};
   VkDeviceMemory memory;
   lost_at = seconds();
   VkResult result = vkAllocateMemory(gpu->device, &allocate, NULL, &memory);
   if (result != VK_SUCCESS) {
      fprintf(stderr, "the allocation was refused at once (%d)\n", result);
      exit(77);
   }
   vkBindBufferMemory(gpu->device, buffer, memory, 0);
   return NULL;
}

int main(int argc, char **argv)
{
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &want);
   VkFence fence = fence_new(&gpu, false);
   VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                     .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
   VkSemaphore never, gate, counter;
   VK(vkCreateSemaphore(gpu.device, &info, NULL, &never));
   VK(vkCreateSemaphore(gpu.device, &info, NULL, &gate));
   VK(vkCreateSemaphore(gpu.device, &info, NULL, &counter));
   // A counter that several submissions set, most of them done when the device is lost, one of them not.
   for (uint64_t i = 1; i <= 3; i++)
      submit_count(&gpu, gate, 1, counter, i);
   VkSemaphoreSignalInfo open = {VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = gate, .value = 1};
   VK(vkSignalSemaphore(gpu.device, &open));
   VK(wait_count(&gpu, counter, 3));
   submit_count(&gpu, never, 1, counter, 4);
   // The host never gets this one going: it waits for a value that nobody sets.
   uint64_t value = 1;
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &value};
   VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values, .waitSemaphoreCount = 1,
                          .pWaitSemaphores = &never, .pWaitDstStageMask = &stage};
   VK(vkQueueSubmit(gpu.queue, 1, &submit, fence));
   pthread_t thread;
   pthread_create(&thread, NULL, lose, &gpu);
   VkResult result = vkWaitForFences(gpu.device, 1, &fence, VK_TRUE, UINT64_MAX);
   double took = seconds() - lost_at;
   fprintf(stderr, "vkWaitForFences: %d after %.3f s\n", result, took);
   EXPECT(result == VK_ERROR_DEVICE_LOST);
   EXPECT(took < 2.0);
   result = wait_count(&gpu, counter, 4);
   fprintf(stderr, "vkWaitSemaphores: %d\n", result);
   pthread_join(thread, NULL);
   // The guest still talks to us: queries that need the host say the same, the rest returns.
   VkMemoryRequirements requirements;
   VkBufferCreateInfo odd = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 12345,
                             .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
   VkBuffer buffer;
   if (vkCreateBuffer(gpu.device, &odd, NULL, &buffer) == VK_SUCCESS)
      vkGetBufferMemoryRequirements(gpu.device, buffer, &requirements);
   VkFence again = fence_new(&gpu, false);
   result = vkQueueSubmit(gpu.queue, 0, NULL, again);
   if (result == VK_SUCCESS)
      result = vkWaitForFences(gpu.device, 1, &again, VK_TRUE, UINT64_MAX);
   EXPECT(result == VK_ERROR_DEVICE_LOST);
   vkDestroyDevice(gpu.device, NULL);
   vkDestroyInstance(gpu.instance, NULL);
   fprintf(stderr, "ended well\n");
   return 0;
}
