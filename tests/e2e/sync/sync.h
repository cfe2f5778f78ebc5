// SPDX-License-Identifier: MIT
//
// What the synchronisation programs share: submissions with semaphores of either kind, and command buffers on any
// queue.
#ifndef E2E_SYNC_H
#define E2E_SYNC_H

#include "harness.h"

static inline VkSemaphore timeline_new(struct gpu *gpu, uint64_t value)
{
   VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                     .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE, .initialValue = value};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
   VkSemaphore semaphore;
   VK(vkCreateSemaphore(gpu->device, &info, NULL, &semaphore));
   return semaphore;
}

static inline VkResult timeline_wait(struct gpu *gpu, VkSemaphore semaphore, uint64_t value, uint64_t timeout)
{
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &semaphore,
                               .pValues = &value};
   return vkWaitSemaphores(gpu->device, &info, timeout);
}

static inline void timeline_signal(struct gpu *gpu, VkSemaphore semaphore, uint64_t value)
{
   VkSemaphoreSignalInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = semaphore, .value = value};
   VK(vkSignalSemaphore(gpu->device, &info));
}

static inline uint64_t timeline_value(struct gpu *gpu, VkSemaphore semaphore)
{
   uint64_t value;
   VK(vkGetSemaphoreCounterValue(gpu->device, semaphore, &value));
   return value;
}

// What a submission waits for or signals; binary semaphores have no value.
struct point {
   VkSemaphore semaphore;
   uint64_t value;
};

#define MAX_POINTS 16

// At most one command buffer, any of the others may be absent.
static inline void submit_to(VkQueue queue, VkCommandBuffer cmd, uint32_t wait_count, const struct point *waits,
                             uint32_t signal_count, const struct point *signals, VkFence fence)
{
   VkSemaphore semaphores[2][MAX_POINTS];
   uint64_t values[2][MAX_POINTS];
   VkPipelineStageFlags stages[MAX_POINTS];
   EXPECT(wait_count <= MAX_POINTS && signal_count <= MAX_POINTS);
   for (uint32_t i = 0; i < wait_count; i++) {
      semaphores[0][i] = waits[i].semaphore;
      values[0][i] = waits[i].value;
      stages[i] = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   }
   for (uint32_t i = 0; i < signal_count; i++) {
      semaphores[1][i] = signals[i].semaphore;
      values[1][i] = signals[i].value;
   }
   VkTimelineSemaphoreSubmitInfo both = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                         .waitSemaphoreValueCount = wait_count, .pWaitSemaphoreValues = values[0],
                                         .signalSemaphoreValueCount = signal_count,
                                         .pSignalSemaphoreValues = values[1]};
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO,     .pNext = &both,
                        .waitSemaphoreCount = wait_count,  .pWaitSemaphores = semaphores[0],
                        .pWaitDstStageMask = stages,       .commandBufferCount = cmd ? 1 : 0,
                        .pCommandBuffers = &cmd,           .signalSemaphoreCount = signal_count,
                        .pSignalSemaphores = semaphores[1]};
   VK(vkQueueSubmit(queue, 1, &info, fence));
}

static inline VkCommandPool pool_of(struct gpu *gpu, uint32_t family, VkCommandPoolCreateFlags flags)
{
   VkCommandPoolCreateInfo info = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .flags = flags,
                                   .queueFamilyIndex = family};
   VkCommandPool pool;
   VK(vkCreateCommandPool(gpu->device, &info, NULL, &pool));
   return pool;
}

static inline VkCommandBuffer cmd_of(struct gpu *gpu, VkCommandPool pool, VkCommandBufferLevel level)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = pool,
                                       .level = level, .commandBufferCount = 1};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &info, &cmd));
   return cmd;
}

static inline void begin(VkCommandBuffer cmd, VkCommandBufferUsageFlags flags)
{
   VkCommandBufferInheritanceInfo nothing = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO};
   VkCommandBufferBeginInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = flags,
                                    .pInheritanceInfo = &nothing};
   VK(vkBeginCommandBuffer(cmd, &info));
}

// The last barrier makes everything visible to the host.
static inline void end(VkCommandBuffer cmd)
{
   VkMemoryBarrier to_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0, NULL, 0,
                        NULL);
   VK(vkEndCommandBuffer(cmd));
}

// Transfers; usable on all queues at once.
static inline struct buffer buffer_shared(struct gpu *gpu, VkDeviceSize size)
{
   struct buffer buffer = {.size = size};
   uint32_t families[MAX_QUEUES], count = 0;
   for (uint32_t i = 0; i < gpu->queue_count; i++) {
      if (!i || gpu->queues[i].family != gpu->queues[i - 1].family)
         families[count++] = gpu->queues[i].family;
   }
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                              .size = size,
                              .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                              .sharingMode = count > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
                              .queueFamilyIndexCount = count > 1 ? count : 0,
                              .pQueueFamilyIndices = families};
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer.handle));
   VkMemoryRequirements need;
   vkGetBufferMemoryRequirements(gpu->device, buffer.handle, &need);
   VkMemoryAllocateInfo allocate = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need.size,
      .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                     VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VK(vkAllocateMemory(gpu->device, &allocate, NULL, &buffer.memory));
   VK(vkBindBufferMemory(gpu->device, buffer.handle, buffer.memory, 0));
   VK(vkMapMemory(gpu->device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &buffer.map));
   memset(buffer.map, 0, size);
   return buffer;
}

// One step of a chain: word `step` goes to the one after it. Run out of order, nothing arrives at the end.
static inline VkCommandBuffer chain_step(struct gpu *gpu, VkCommandPool pool, const struct buffer *words, uint32_t step)
{
   VkCommandBuffer cmd = cmd_of(gpu, pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   begin(cmd, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
   barrier_all(cmd);
   vkCmdCopyBuffer(cmd, words->handle, words->handle, 1, &(VkBufferCopy){4 * step, 4 * step + 4, 4});
   end(cmd);
   return cmd;
}

#endif
