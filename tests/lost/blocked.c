// SPDX-License-Identifier: MIT
//
// A guest that is blocked for good, for killed.py to take its worker away: usage: blocked RESULT WAIT. The wait is one
// of those named below. Prints "blocked" to stdout right before the call that will not return by itself, and nothing
// after it that counts: what is looked at is that the process ends.
#include "../e2e/harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static struct gpu gpu;
static VkSemaphore never, done;
static VkFence fence;
static VkQueryPool queries;

// Work that waits for a value which nobody sets, with a query and another semaphore's value behind it.
static void submit_stuck(void)
{
   VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                     .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
   VkQueryPoolCreateInfo pool = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_OCCLUSION,
                                 .queryCount = 1};
   VK(vkCreateSemaphore(gpu.device, &info, NULL, &never));
   VK(vkCreateSemaphore(gpu.device, &info, NULL, &done));
   VK(vkCreateQueryPool(gpu.device, &pool, NULL, &queries));
   fence = fence_new(&gpu, false);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdResetQueryPool(cmd, queries, 0, 1);
   vkCmdBeginQuery(cmd, queries, 0, 0);
   vkCmdEndQuery(cmd, queries, 0);
   VK(vkEndCommandBuffer(cmd));
   uint64_t value = 1;
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &value,
                                           .signalSemaphoreValueCount = 1, .pSignalSemaphoreValues = &value};
   VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkSubmitInfo submit = {
      VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values,        .waitSemaphoreCount = 1, .pWaitSemaphores = &never,
      .pWaitDstStageMask = &stage,   .commandBufferCount = 1, .pCommandBuffers = &cmd, .signalSemaphoreCount = 1,
      .pSignalSemaphores = &done};
   VK(vkQueueSubmit(gpu.queue, 1, &submit, fence));
}

static VkResult wait_fence(void)
{
   return vkWaitForFences(gpu.device, 1, &fence, VK_TRUE, UINT64_MAX);
}

static VkResult wait_queue(void)
{
   return vkQueueWaitIdle(gpu.queue);
}

static VkResult wait_device(void)
{
   return vkDeviceWaitIdle(gpu.device);
}

static VkResult wait_semaphore(void)
{
   uint64_t value = 1;
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &done,
                               .pValues = &value};
   return vkWaitSemaphores(gpu.device, &info, UINT64_MAX);
}

static VkResult wait_query(void)
{
   uint64_t result;
   return vkGetQueryPoolResults(gpu.device, queries, 0, 1, sizeof result, &result, sizeof result,
                                VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
}

static void *wait_elsewhere(void *user)
{
   (void)user;
   wait_query();
   return NULL;
}

// Without feedback a wait for queries holds up the ring, and a mapping needs the ring to get on: the second thread is
// left reading from the socket.
static VkResult wait_socket(void)
{
   pthread_t thread;
   void *map;
   VkDeviceMemory memory;
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = 1 << 16};
   info.memoryTypeIndex = memory_type(&gpu, ~0u, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT);
   pthread_create(&thread, NULL, wait_elsewhere, NULL);
   usleep(200000);
   VK(vkAllocateMemory(gpu.device, &info, NULL, &memory));
   return vkMapMemory(gpu.device, memory, 0, VK_WHOLE_SIZE, 0, &map);
}

static const struct {
   const char *name;
   VkResult (*wait)(void);
} waits[] = {
   {"fence", wait_fence},         {"queue", wait_queue}, {"device", wait_device},
   {"semaphore", wait_semaphore}, {"query", wait_query}, {"socket", wait_socket},
};

int main(int argc, char **argv)
{
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   if (argc != 3)
      return 2;
   gpu_open(&gpu, argc, argv, &want);
   alarm(0); // killed.py has the patience
   submit_stuck();
   for (size_t i = 0; i < COUNT(waits); i++) {
      if (strcmp(waits[i].name, argv[2]))
         continue;
      printf("blocked\n");
      fflush(stdout);
      VkResult result = waits[i].wait();
      fprintf(stderr, "the wait for a %s returned %d\n", argv[2], result);
      return result == VK_SUCCESS ? 1 : 0;
   }
   return 2;
}
