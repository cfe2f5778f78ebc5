// SPDX-License-Identifier: MIT
//
// Command buffers that are pending several times at once, secondary ones that several primary ones share or that one
// executes many times, and secondary ones recorded anew between two uses. Every execution counts.
#include "sync.h"

#include "add_comp.h"

#define WORDS 256

struct bench {
   struct buffer data;
   struct bound bound;
   VkPipeline pipeline;
};

// data = data * factor + term, after everything before it.
static void record(VkCommandBuffer cmd, const struct bench *bench, uint32_t factor, uint32_t term)
{
   const uint32_t push[3] = {WORDS, factor, term};
   barrier_all(cmd);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bench->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bench->bound.layout, 0, 1, &bench->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, bench->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(cmd, WORDS / 64, 1, 1);
   barrier_all(cmd);
}

static void finish(struct gpu *gpu, const struct bench *bench, uint32_t expected, const char *name)
{
   VK(vkQueueWaitIdle(gpu->queue));
   EXPECT(*(uint32_t *)bench->data.map == expected);
   result(gpu, name, bench->data.map, bench->data.size);
   memset(bench->data.map, 0, bench->data.size);
}

static void pending_often(struct gpu *gpu, const struct bench *bench)
{
   VkCommandBuffer cmd = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   begin(cmd, VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
   record(cmd, bench, 1, 3);
   end(cmd);
   for (uint32_t i = 0; i < 20; i++)
      submit_to(gpu->queue, cmd, 0, NULL, 0, NULL, VK_NULL_HANDLE);
   finish(gpu, bench, 60, "pending-often");
   const VkCommandBuffer same[8] = {cmd, cmd, cmd, cmd, cmd, cmd, cmd, cmd};
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = COUNT(same), .pCommandBuffers = same};
   VK(vkQueueSubmit(gpu->queue, 1, &info, VK_NULL_HANDLE));
   finish(gpu, bench, 24, "in-one-batch");
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
}

static void shared_secondary(struct gpu *gpu, const struct bench *bench)
{
   VkCommandBuffer twice = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_SECONDARY);
   VkCommandBuffer plus = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_SECONDARY), primaries[3];
   begin(twice, VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
   record(twice, bench, 2, 0);
   VK(vkEndCommandBuffer(twice));
   begin(plus, VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
   record(plus, bench, 1, 1);
   VK(vkEndCommandBuffer(plus));
   for (uint32_t i = 0; i < 3; i++) {
      primaries[i] = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      begin(primaries[i],
            i == 2 ? VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT : VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
      vkCmdExecuteCommands(primaries[i], 4, (VkCommandBuffer[]){plus, twice, plus, i ? twice : plus});
      end(primaries[i]);
   }
   for (uint32_t i = 0; i < 5; i++) // x -> 2x + 4, x -> 4x + 6, the last by the one-time buffer again
      submit_to(gpu->queue, primaries[i == 4 ? 2 : i % 2], 0, NULL, 0, NULL, VK_NULL_HANDLE);
   uint32_t x = 0;
   for (uint32_t i = 0; i < 5; i++)
      x = i == 4 || i % 2 ? 4 * x + 6 : 2 * x + 4;
   finish(gpu, bench, x, "shared-secondary");
   vkFreeCommandBuffers(gpu->device, gpu->pool, 3, primaries);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 2, (VkCommandBuffer[]){twice, plus});
}

// A secondary buffer without the flag may be used again once it is no longer pending, as it is or recorded anew.
static void secondary_again(struct gpu *gpu, const struct bench *bench)
{
   VkCommandBuffer secondary = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_SECONDARY);
   VkCommandBuffer primary = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   uint32_t x = 0;
   for (uint32_t round = 0; round < 12; round++) {
      if (round % 3 == 0) {
         begin(secondary, 0);
         record(secondary, bench, 3, round);
         VK(vkEndCommandBuffer(secondary));
      }
      if (round % 3 == 1)
         VK(vkResetCommandBuffer(primary, VK_COMMAND_BUFFER_RESET_RELEASE_RESOURCES_BIT));
      begin(primary, 0);
      vkCmdExecuteCommands(primary, 1, &secondary);
      end(primary);
      submit_to(gpu->queue, primary, 0, NULL, 0, NULL, VK_NULL_HANDLE);
      VK(vkQueueWaitIdle(gpu->queue));
      x = 3 * x + round / 3 * 3;
   }
   finish(gpu, bench, x, "secondary-again");
   vkFreeCommandBuffers(gpu->device, gpu->pool, 2, (VkCommandBuffer[]){primary, secondary});
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct bench bench;
   gpu_open(&gpu, argc, argv, NULL);
   bench.data = buffer_host(&gpu, 4 * WORDS, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   bench.bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1,
                           (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &bench.data}});
   bench.pipeline = compute_new(&gpu, bench.bound.layout, SHADER(&gpu, add_comp), NULL);
   pending_often(&gpu, &bench);
   shared_secondary(&gpu, &bench);
   secondary_again(&gpu, &bench);
   vkDestroyPipeline(gpu.device, bench.pipeline, NULL);
   bound_free(&gpu, &bench.bound);
   buffer_free(&gpu, &bench.data);
   return gpu_close(&gpu);
}
