// SPDX-License-Identifier: MIT
//
// Everything that a submission used is destroyed the moment its wait returns, and what only helped to make something is
// destroyed before that is used: shader modules, pipeline layouts, descriptor set layouts.
#include "sync.h"

#include "add_comp.h"

#define ROUNDS 60
#define WORDS  512

enum how { BY_FENCE, BY_TIMELINE, BY_QUEUE, BY_DEVICE, HOWS };

// A pipeline whose own layout is gone before it is used; it is bound with another of the same shape.
static VkPipeline pipeline_early(struct gpu *gpu)
{
   VkPipelineLayout twin;
   VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 12};
   VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
   VkDescriptorSetLayoutCreateInfo set_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 1,
                                               .pBindings = &binding};
   VkDescriptorSetLayout set;
   VK(vkCreateDescriptorSetLayout(gpu->device, &set_info, NULL, &set));
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                      .pSetLayouts = &set, .pushConstantRangeCount = 1, .pPushConstantRanges = &push};
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &twin));
   VkPipeline pipeline = compute_new(gpu, twin, SHADER(gpu, add_comp), NULL);
   vkDestroyDescriptorSetLayout(gpu->device, set, NULL);
   vkDestroyPipelineLayout(gpu->device, twin, NULL);
   return pipeline;
}

// Nothing is signalled that nobody waits for: it would have to outlive this round.
static void submit_and_wait(struct gpu *gpu, VkCommandBuffer cmd, enum how how, VkFence fence, VkSemaphore timeline)
{
   submit_to(gpu->queue, cmd, 0, NULL, how == BY_TIMELINE, &(struct point){timeline, 1},
             how == BY_FENCE ? fence : VK_NULL_HANDLE);
   switch (how) {
   case BY_FENCE:
      fence_wait(gpu, fence);
      break;
   case BY_TIMELINE:
      VK(timeline_wait(gpu, timeline, 1, WAIT_NS));
      break;
   case BY_QUEUE:
      VK(vkQueueWaitIdle(gpu->queue));
      break;
   default:
      VK(vkDeviceWaitIdle(gpu->device));
      break;
   }
}

static uint32_t one_round(struct gpu *gpu, uint32_t round)
{
   struct buffer data = buffer_host(gpu, 4 * WORDS, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &data}});
   VkPipeline pipeline = pipeline_early(gpu);
   VkCommandPool pool = pool_of(gpu, gpu->family, VK_COMMAND_POOL_CREATE_TRANSIENT_BIT);
   VkCommandBuffer cmd = cmd_of(gpu, pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   VkFence fence = fence_new(gpu, false);
   VkSemaphore timeline = timeline_new(gpu, 0);
   const uint32_t push[3] = {WORDS, 1, round};
   begin(cmd, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   for (uint32_t i = 0; i < 5; i++) {
      vkCmdDispatch(cmd, WORDS / 64, 1, 1);
      barrier_all(cmd);
   }
   end(cmd);
   submit_and_wait(gpu, cmd, round % HOWS, fence, timeline);
   vkDestroyCommandPool(gpu->device, pool, NULL);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyFence(gpu->device, fence, NULL);
   vkDestroySemaphore(gpu->device, timeline, NULL);
   bound_free(gpu, &bound);
   uint32_t last = ((uint32_t *)data.map)[WORDS - 1];
   buffer_free(gpu, &data);
   return last;
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   uint32_t last[ROUNDS];
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t i = 0; i < ROUNDS; i++) {
      last[i] = one_round(&gpu, i);
      EXPECT(last[i] == 5 * i);
   }
   result(&gpu, "rounds", last, sizeof(last));
   return gpu_close(&gpu);
}
