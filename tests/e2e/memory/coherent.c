// SPDX-License-Identifier: MIT
//
// One mapping that stays while the GPU works: every submission reads what the CPU wrote a moment before and writes what
// the CPU reads a moment later, in a chain of timeline values, with other submissions in flight all the time; one of
// them is held back until the CPU has written.
#include "harness.h"

#include "add_comp.h"

#define WORDS  1024
#define LANES  4 // slices of the mapping, each with a chain of its own
#define ROUNDS 60

struct push {
   uint32_t count, factor, term;
};

struct lane {
   struct buffer slice;
   struct bound bound;
   VkCommandBuffer cmd;
   VkSemaphore timeline;
   uint32_t *words;
   uint64_t value;
};

struct world {
   VkDeviceMemory memory;
   VkPipeline pipeline;
   struct lane lanes[LANES];
};

static VkSemaphore timeline_new(struct gpu *gpu)
{
   VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                     .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
   VkSemaphore semaphore;
   VK(vkCreateSemaphore(gpu->device, &info, NULL, &semaphore));
   return semaphore;
}

static void make_memory(struct gpu *gpu, struct world *w)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = WORDS * 4,
                              .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
   VkMemoryRequirements need;
   for (int i = 0; i < LANES; i++)
      VK(vkCreateBuffer(gpu->device, &info, NULL, &w->lanes[i].slice.handle));
   vkGetBufferMemoryRequirements(gpu->device, w->lanes[0].slice.handle, &need);
   VkDeviceSize stride = (need.size + need.alignment - 1) / need.alignment * need.alignment;
   VkMemoryAllocateInfo memory = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = stride * LANES,
      .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                     VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   void *map;
   VK(vkAllocateMemory(gpu->device, &memory, NULL, &w->memory));
   VK(vkMapMemory(gpu->device, w->memory, 0, VK_WHOLE_SIZE, 0, &map));
   memset(map, 0, stride * LANES);
   for (int i = 0; i < LANES; i++) {
      VK(vkBindBufferMemory(gpu->device, w->lanes[i].slice.handle, w->memory, stride * (VkDeviceSize)i));
      w->lanes[i].words = (uint32_t *)((uint8_t *)map + stride * (VkDeviceSize)i);
   }
}

// Recorded once: words = words * 3 + lane.
static void record(struct gpu *gpu, struct world *w, uint32_t number)
{
   struct lane *lane = &w->lanes[number];
   struct push push = {WORDS, 3, number};
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   VkMemoryBarrier to_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
   VK(vkAllocateCommandBuffers(gpu->device, &info, &lane->cmd));
   VK(vkBeginCommandBuffer(lane->cmd, &begin));
   vkCmdBindPipeline(lane->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline);
   vkCmdBindDescriptorSets(lane->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, lane->bound.layout, 0, 1, &lane->bound.set, 0,
                           NULL);
   vkCmdPushConstants(lane->cmd, lane->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(lane->cmd, WORDS / 64, 1, 1);
   vkCmdPipelineBarrier(lane->cmd, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0,
                        NULL, 0, NULL);
   VK(vkEndCommandBuffer(lane->cmd));
}

static void submit(struct gpu *gpu, struct lane *lane)
{
   uint64_t value = ++lane->value;
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .signalSemaphoreValueCount = 1, .pSignalSemaphoreValues = &value};
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values,          .commandBufferCount = 1,
                        .pCommandBuffers = &lane->cmd, .signalSemaphoreCount = 1, .pSignalSemaphores = &lane->timeline};
   VK(vkQueueSubmit(gpu->queue, 1, &info, VK_NULL_HANDLE));
}

static void wait(struct gpu *gpu, const struct lane *lane)
{
   VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1,
                               .pSemaphores = &lane->timeline, .pValues = &lane->value};
   VK(vkWaitSemaphores(gpu->device, &info, WAIT_NS));
}

// While the CPU looks at one lane, the GPU works on the others.
static void chain(struct gpu *gpu, struct world *w)
{
   uint32_t sums[LANES] = {0};
   for (int i = 0; i < LANES; i++)
      submit(gpu, &w->lanes[i]);
   for (uint32_t round = 1; round <= ROUNDS; round++) {
      for (uint32_t i = 0; i < LANES; i++) {
         struct lane *lane = &w->lanes[i];
         wait(gpu, lane);
         for (uint32_t k = 0; k < WORDS; k++)
            sums[i] = sums[i] * 31 + lane->words[k];
         if (round > 1)
            EXPECT(lane->words[(round - 1) * 17 % WORDS] == (round - 1 + i) * 3 + i);
         lane->words[round * 17 % WORDS] = round + i;
         submit(gpu, lane);
      }
   }
   for (int i = 0; i < LANES; i++)
      wait(gpu, &w->lanes[i]);
   result(gpu, "sums", sums, sizeof(sums));
   for (int i = 0; i < LANES; i++)
      result(gpu, "lane", w->lanes[i].words, WORDS * 4);
}

// The dispatch is submitted, but waits for the CPU; what that writes until then counts.
static void held_back(struct gpu *gpu, struct world *w)
{
   struct lane *lane = &w->lanes[0];
   VkSemaphore go = timeline_new(gpu);
   VkMemoryBarrier from_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_HOST_WRITE_BIT,
                                .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT};
   struct push push = {WORDS, 7, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_HOST_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &from_host, 0,
                        NULL, 0, NULL);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, lane->bound.layout, 0, 1, &lane->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, lane->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(cmd, WORDS / 64, 1, 1);
   VkMemoryBarrier to_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0, NULL,
                        0, NULL);
   VK(vkEndCommandBuffer(cmd));
   const uint64_t value = 5;
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &value};
   VkSubmitInfo info = {
      VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values,        .waitSemaphoreCount = 1, .pWaitSemaphores = &go,
      .pWaitDstStageMask = &stage,   .commandBufferCount = 1, .pCommandBuffers = &cmd};
   VkSemaphoreSignalInfo signal = {VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = go, .value = value};
   VkFence fence = fence_new(gpu, false);
   for (uint32_t k = 0; k < WORDS; k++)
      lane->words[k] = 1;
   VK(vkQueueSubmit(gpu->queue, 1, &info, fence));
   EXPECT(vkGetFenceStatus(gpu->device, fence) == VK_NOT_READY);
   for (uint32_t k = 0; k < WORDS; k++)
      lane->words[k] = k * 10;
   VK(vkSignalSemaphore(gpu->device, &signal));
   fence_wait(gpu, fence);
   EXPECT(lane->words[5] == 50 * 7 + 1);
   result(gpu, "held-back", lane->words, WORDS * 4);
   vkDestroyFence(gpu->device, fence, NULL);
   vkDestroySemaphore(gpu->device, go, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct world w = {0};
   make_memory(&gpu, &w);
   for (uint32_t i = 0; i < LANES; i++) {
      struct lane *lane = &w.lanes[i];
      lane->bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 1,
                              (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &lane->slice}});
      lane->timeline = timeline_new(&gpu);
      if (!i)
         w.pipeline = compute_new(&gpu, lane->bound.layout, SHADER(&gpu, add_comp), NULL);
      record(&gpu, &w, i);
   }
   chain(&gpu, &w);
   held_back(&gpu, &w);
   for (int i = 0; i < LANES; i++) {
      vkDestroySemaphore(gpu.device, w.lanes[i].timeline, NULL);
      bound_free(&gpu, &w.lanes[i].bound);
      vkDestroyBuffer(gpu.device, w.lanes[i].slice.handle, NULL);
   }
   vkDestroyPipeline(gpu.device, w.pipeline, NULL);
   vkFreeMemory(gpu.device, w.memory, NULL);
   return gpu_close(&gpu);
}
