// SPDX-License-Identifier: MIT
//
// Queries: occlusion, pipeline statistics, and timestamps (which must only never run backwards), read by the host and
// copied by the device, reset by command and by the host.
#include "harness.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define SIZE  64
#define DRAWS 10

struct push {
   float rect[4], uv[4], extra[4];
};

static const VkQueryPipelineStatisticFlags statistics = VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_VERTICES_BIT |
                                                        VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_PRIMITIVES_BIT |
                                                        VK_QUERY_PIPELINE_STATISTIC_VERTEX_SHADER_INVOCATIONS_BIT |
                                                        VK_QUERY_PIPELINE_STATISTIC_CLIPPING_PRIMITIVES_BIT;

static VkQueryPool pool_new(struct gpu *gpu, VkQueryType type, uint32_t count)
{
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = type, .queryCount = count,
                                 .pipelineStatistics = type == VK_QUERY_TYPE_PIPELINE_STATISTICS ? statistics : 0};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   return pool;
}

struct scene {
   struct target target;
   struct bound bound;
   VkPipeline pipeline;
   VkQueryPool occlusion, statistics;
   struct buffer copy;
};

static void record(VkCommandBuffer cmd, const struct scene *s)
{
   vkCmdResetQueryPool(cmd, s->occlusion, 0, DRAWS);
   vkCmdResetQueryPool(cmd, s->statistics, 0, 2);
   target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->pipeline);
   for (uint32_t i = 0; i < DRAWS; i++) {
      float edge = 0.2f * (float)i - 0.9f;
      struct push push = {{-1, -1, edge, edge}, {0, 0, 1, 1}, {1, 1, 1, 0.5f - 0.04f * (float)(i % 3)}};
      vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0,
                         sizeof(push), &push);
      if (i == 0 || i == 6)
         vkCmdBeginQuery(cmd, s->statistics, i / 6, 0);
      vkCmdBeginQuery(cmd, s->occlusion, i, i % 2 ? VK_QUERY_CONTROL_PRECISE_BIT : 0);
      vkCmdDraw(cmd, 4, i == 4 ? 3 : 1, 0, 0);
      vkCmdEndQuery(cmd, s->occlusion, i);
      if (i == 5 || i == 9)
         vkCmdEndQuery(cmd, s->statistics, i / 6);
   }
   vkCmdEndRenderPass(cmd);
   vkCmdCopyQueryPoolResults(cmd, s->statistics, 0, 2, s->copy.handle, 0, 64,
                             VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
   vkCmdCopyQueryPoolResults(cmd, s->occlusion, 0, DRAWS, s->copy.handle, 128, 8,
                             VK_QUERY_RESULT_WITH_AVAILABILITY_BIT | VK_QUERY_RESULT_WAIT_BIT);
}

// Only precise occlusion counts have one right value; the others are non-zero or zero.
static void counted(struct gpu *gpu)
{
   struct scene s = {
       .target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM,
                            depth_format(gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT}), VK_SAMPLE_COUNT_1_BIT),
       .bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, sizeof(struct push), 0, NULL),
       .occlusion = pool_new(gpu, VK_QUERY_TYPE_OCCLUSION, DRAWS),
       .statistics = pool_new(gpu, VK_QUERY_TYPE_PIPELINE_STATISTICS, 2),
       .copy = buffer_host(gpu, 256, VK_BUFFER_USAGE_TRANSFER_DST_BIT)};
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, flat_frag),
                           .layout = s.bound.layout,
                           .pass = s.target.pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS};
   s.pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = cmd_begin(gpu);
   record(cmd, &s);
   cmd_submit(gpu, cmd);
   uint64_t samples[DRAWS][2], numbers[2][4];
   VK(vkGetQueryPoolResults(gpu->device, s.occlusion, 0, DRAWS, sizeof(samples), samples, 16,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT | VK_QUERY_RESULT_WAIT_BIT));
   VK(vkGetQueryPoolResults(gpu->device, s.statistics, 0, 2, sizeof(numbers), numbers, 32,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   uint32_t *copied = (uint32_t *)s.copy.map + 32;
   for (uint32_t i = 0; i < DRAWS; i++) {
      EXPECT(samples[i][1] && copied[2 * i + 1] && (uint32_t)samples[i][0] == copied[2 * i]);
      if (i % 2 == 0)
         samples[i][0] = copied[2 * i] = samples[i][0] != 0;
   }
   EXPECT(numbers[0][2] >= 4 * 6);
   result(gpu, "occlusion", samples, sizeof(samples));
   result(gpu, "statistics", numbers, sizeof(numbers));
   result(gpu, "copied", s.copy.map, s.copy.size);
   image_result(gpu, &s.target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "color");
   vkDestroyQueryPool(gpu->device, s.occlusion, NULL);
   vkDestroyQueryPool(gpu->device, s.statistics, NULL);
   vkDestroyPipeline(gpu->device, s.pipeline, NULL);
   buffer_free(gpu, &s.copy);
   bound_free(gpu, &s.bound);
   target_free(gpu, &s.target);
}

static void timed(struct gpu *gpu)
{
   enum { STAMPS = 20 };
   uint64_t stamps[STAMPS], mask = gpu->timestamp_bits < 64 ? (1ull << gpu->timestamp_bits) - 1 : UINT64_MAX;
   if (!gpu->timestamp_bits)
      return;
   struct buffer work = buffer_device(gpu, 1 << 16, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkQueryPool pool = pool_new(gpu, VK_QUERY_TYPE_TIMESTAMP, STAMPS + 4);
   vkResetQueryPool(gpu->device, pool, 0, STAMPS + 4);
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < STAMPS; i++) {
      vkCmdFillBuffer(cmd, work.handle, 0, VK_WHOLE_SIZE, i);
      barrier_all(cmd);
      vkCmdWriteTimestamp(cmd, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool, i);
   }
   cmd_submit(gpu, cmd);
   VK(vkGetQueryPoolResults(gpu->device, pool, 0, STAMPS, sizeof(stamps), stamps, 8,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   for (uint32_t i = 1; i < STAMPS; i++)
      EXPECT((stamps[i] & mask) >= (stamps[i - 1] & mask));
   uint64_t never[2] = {77, 77};
   VkResult missing = vkGetQueryPoolResults(gpu->device, pool, STAMPS, 1, sizeof(never), never, 16,
                                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT);
   EXPECT(missing == VK_NOT_READY && never[1] == 0);
   vkDestroyQueryPool(gpu->device, pool, NULL);
   buffer_free(gpu, &work);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {
       .core.pipelineStatisticsQuery = VK_TRUE, .core.occlusionQueryPrecise = VK_TRUE, .v12.hostQueryReset = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   counted(&gpu);
   timed(&gpu);
   return gpu_close(&gpu);
}
