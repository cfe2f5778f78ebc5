// SPDX-License-Identifier: MIT
//
// A program that leaves in the middle of it: objects of every kind alive, submissions in flight, a wait that nobody
// will ever end. What it had finished before is right, and the next program must find everything as usual.
#include "harness.h"

#include "add_comp.h"

#define WORDS 65536

struct push {
   uint32_t count, factor, term;
};

static VkCommandBuffer record(struct gpu *gpu, VkPipeline pipeline, const struct bound *bound, uint32_t dispatches)
{
   struct push push = {WORDS, 5, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   for (uint32_t i = 0; i < dispatches; i++) {
      vkCmdDispatch(cmd, WORDS / 64, 1, 1);
      barrier_all(cmd);
   }
   return cmd;
}

static void submit_unfinished(struct gpu *gpu, VkCommandBuffer cmd)
{
   VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                     .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
   VkSemaphore never;
   VK(vkCreateSemaphore(gpu->device, &info, NULL, &never));
   uint64_t value = 1;
   VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   VkTimelineSemaphoreSubmitInfo values = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                           .waitSemaphoreValueCount = 1, .pWaitSemaphoreValues = &value};
   VkSubmitInfo blocked = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &values, .waitSemaphoreCount = 1,
                           .pWaitSemaphores = &never, .pWaitDstStageMask = &stage};
   VkSubmitInfo running = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cmd};
   VK(vkEndCommandBuffer(cmd));
   VK(vkQueueSubmit(gpu->queue, 1, &running, VK_NULL_HANDLE));
   VK(vkQueueSubmit(gpu->queue, 1, &blocked, fence_new(gpu, false)));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer data = buffer_host(&gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct buffer more = buffer_host(&gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &data}});
   struct bound other = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &more}});
   VkPipeline pipeline = compute_new(&gpu, bound.layout, SHADER(&gpu, add_comp), NULL);
   image_2d(&gpu, VK_FORMAT_R8G8B8A8_UNORM, 256, 256, VK_IMAGE_USAGE_SAMPLED_BIT);
   cmd_submit(&gpu, record(&gpu, pipeline, &bound, 3));
   EXPECT(((uint32_t *)data.map)[WORDS - 1] == 31); // 0 -> 1 -> 6 -> 31
   result(&gpu, "finished", data.map, data.size);
   submit_unfinished(&gpu, record(&gpu, pipeline, &other, 500));
   gpu_leave(&gpu);
}
