// SPDX-License-Identifier: MIT
//
// All ways to dispatch: plain, with a base, indirect at an offset and written by the device, and of no groups at all;
// with the number of shader invocations where the device counts them.
#include "kernel.h"

#include "group_log_comp.h"

#define SIZE (16 + 16 * 16 * 16 * 16)

struct logger {
   struct buffer out, indirect;
   struct bound bound;
   VkPipeline pipeline;
   VkQueryPool counts;
};

static void pipeline_new(struct gpu *gpu, struct logger *l)
{
   VkComputePipelineCreateInfo info = {
      VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
      .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = SHADER(gpu, group_log_comp), .pName = "main"},
      .layout = l->bound.layout};
   VK(vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &l->pipeline));
   vkDestroyShaderModule(gpu->device, info.stage.module, NULL);
   VkQueryPoolCreateInfo counts = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                   .queryType = VK_QUERY_TYPE_PIPELINE_STATISTICS, .queryCount = 1,
                                   .pipelineStatistics = VK_QUERY_PIPELINE_STATISTIC_COMPUTE_SHADER_INVOCATIONS_BIT};
   VK(vkCreateQueryPool(gpu->device, &counts, NULL, &l->counts));
}

static VkCommandBuffer begin(struct gpu *gpu, struct logger *l)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdResetQueryPool(cmd, l->counts, 0, 1);
   vkCmdFillBuffer(cmd, l->out.handle, 0, VK_WHOLE_SIZE, 0);
   barrier_all(cmd);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, l->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, l->bound.layout, 0, 1, &l->bound.set, 0, NULL);
   vkCmdBeginQuery(cmd, l->counts, 0, 0);
   return cmd;
}

static void end(struct gpu *gpu, struct logger *l, VkCommandBuffer cmd, uint32_t groups, const char *name)
{
   uint64_t invocations;
   vkCmdEndQuery(cmd, l->counts, 0);
   cmd_submit(gpu, cmd);
   VK(vkGetQueryPoolResults(gpu->device, l->counts, 0, 1, sizeof(invocations), &invocations, 8,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   EXPECT(*(uint32_t *)l->out.map == groups * 8 && invocations >= groups);
   result(gpu, name, l->out.map, l->out.size);
   result(gpu, "invocations", &invocations, sizeof(invocations));
}

static void direct(struct gpu *gpu, struct logger *l)
{
   VkCommandBuffer cmd = begin(gpu, l);
   vkCmdDispatch(cmd, 5, 3, 2);
   end(gpu, l, cmd, 30, "plain");
   cmd = begin(gpu, l);
   vkCmdDispatch(cmd, 0, 3, 2);
   vkCmdDispatch(cmd, 4, 0, 2);
   vkCmdDispatch(cmd, 4, 3, 0);
   vkCmdDispatchBase(cmd, 1, 2, 3, 0, 0, 0);
   end(gpu, l, cmd, 0, "none");
   cmd = begin(gpu, l);
   vkCmdDispatchBase(cmd, 3, 2, 1, 4, 5, 6);
   vkCmdDispatchBase(cmd, 0, 0, 0, 2, 2, 1);
   vkCmdDispatchBase(cmd, 15, 15, 15, 1, 1, 1);
   end(gpu, l, cmd, 125, "base");
}

static void indirect(struct gpu *gpu, struct logger *l)
{
   const VkDispatchIndirectCommand commands[] = {{9, 9, 9}, {2, 3, 4}, {0, 1, 1}, {1, 1, 7}, {8, 2, 1}};
   memcpy(l->indirect.map, commands, sizeof(commands));
   VkCommandBuffer cmd = begin(gpu, l);
   vkCmdDispatchIndirect(cmd, l->indirect.handle, 12);
   vkCmdDispatchIndirect(cmd, l->indirect.handle, 24);
   barrier_all(cmd); // the next one has groups of the first
   vkCmdDispatchIndirect(cmd, l->indirect.handle, 36);
   end(gpu, l, cmd, 31, "indirect");
   cmd = cmd_begin(gpu); // now the device says how many
   vkCmdUpdateBuffer(cmd, l->indirect.handle, 64, sizeof(commands[0]), &commands[4]);
   vkCmdFillBuffer(cmd, l->indirect.handle, 128, 12, 3);
   cmd_submit(gpu, cmd);
   cmd = begin(gpu, l);
   vkCmdDispatchIndirect(cmd, l->indirect.handle, 64);
   barrier_all(cmd);
   vkCmdDispatchIndirect(cmd, l->indirect.handle, 128);
   end(gpu, l, cmd, 43, "device-written");
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.pipelineStatisticsQuery = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct logger l = {
      .out = storage_new(&gpu, SIZE),
      .indirect = buffer_host(&gpu, 256, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT)};
   l.bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 1, (struct binding[]){STORAGE(&l.out)});
   pipeline_new(&gpu, &l);
   direct(&gpu, &l);
   indirect(&gpu, &l);
   vkDestroyQueryPool(gpu.device, l.counts, NULL);
   vkDestroyPipeline(gpu.device, l.pipeline, NULL);
   bound_free(&gpu, &l.bound);
   buffer_free(&gpu, &l.out);
   buffer_free(&gpu, &l.indirect);
   return gpu_close(&gpu);
}
