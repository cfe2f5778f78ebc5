// SPDX-License-Identifier: MIT
//
// Pipeline statistics, each bit alone and all together, of draws with every stage and of dispatches; results read by
// the host and copied by the device, as 32 and 64 bits, with availability, in parts, at odd strides, reset by the host.
#include "paint.h"

#include "add_comp.h"
#include "both_frag.h"
#include "color_frag.h"
#include "corners_vert.h"
#include "fan_out_geom.h"
#include "isolines_tese.h"
#include "layers_frag.h"
#include "levels_tesc.h"
#include "patch_vert.h"

#define SIZE 32
#define BITS 11
#define ALL  ((1u << BITS) - 1)

// How often shaders run is the driver's business, but the same driver does the same thing again.
struct scene {
   struct canvas canvas; // with layers, since the geometry shader chooses among them
   struct bound bound, compute_bound;
   struct buffer data;
   VkPipeline plain, tessellated, geometry, compute;
};

static struct scene scene_new(struct gpu *gpu)
{
   const VkShaderStageFlags stages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT;
   struct scene s = {
      .canvas =
          canvas_new(gpu,
                     &(struct canvas_info){
                        .width = SIZE, .height = SIZE, .layers = 4, .count = 1, .formats = {VK_FORMAT_R8G8B8A8_UNORM}}),
      .bound = bound_new(gpu, stages, 32, 0, NULL)};
   struct graphics plain = {.vert = SHADER(gpu, corners_vert),
                            .frag = SHADER(gpu, both_frag),
                            .layout = s.bound.layout,
                            .pass = s.canvas.pass,
                            .strip = true};
   s.plain = graphics_new(gpu, &plain);
   struct graphics tessellated = {.vert = SHADER(gpu, patch_vert),
                                  .tesc = SHADER(gpu, levels_tesc),
                                  .tese = SHADER(gpu, isolines_tese),
                                  .frag = SHADER(gpu, color_frag),
                                  .layout = s.bound.layout,
                                  .pass = s.canvas.pass,
                                  .patches = true,
                                  .patch_points = 4};
   s.tessellated = graphics_new(gpu, &tessellated);
   struct graphics geometry = {.vert = SHADER(gpu, corners_vert),
                               .geom = SHADER(gpu, fan_out_geom),
                               .frag = SHADER(gpu, layers_frag),
                               .layout = s.bound.layout,
                               .pass = s.canvas.pass,
                               .points = true};
   s.geometry = graphics_new(gpu, &geometry);
   s.data = buffer_device(gpu, 1024, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   s.compute_bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1,
                               (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &s.data}});
   s.compute = compute_new(gpu, s.compute_bound.layout, SHADER(gpu, add_comp), NULL);
   return s;
}

static VkQueryPool pool_new(struct gpu *gpu, VkQueryPipelineStatisticFlags bits, uint32_t count)
{
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                 .queryType = VK_QUERY_TYPE_PIPELINE_STATISTICS, .queryCount = count,
                                 .pipelineStatistics = bits};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   vkResetQueryPool(gpu->device, pool, 0, count);
   return pool;
}

static void draw(VkCommandBuffer cmd, const struct scene *s, uint32_t which)
{
   const VkShaderStageFlags stages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT;
   const VkPipeline pipelines[3] = {s->plain, s->tessellated, s->geometry};
   const float levels[8] = {2, 4, 3, 5}, places[8] = {0.25f, 0.625f, -0.75f, -0.5f, 1};
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[which]);
   vkCmdPushConstants(cmd, s->bound.layout, stages, 0, 32, which == 1 ? levels : places);
   vkCmdDraw(cmd, which == 1 ? 8 : 9, 2, 0, 0);
}

static void dispatch(VkCommandBuffer cmd, const struct scene *s)
{
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->compute);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->compute_bound.layout, 0, 1, &s->compute_bound.set, 0,
                           NULL);
   vkCmdPushConstants(cmd, s->compute_bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, 12, (uint32_t[]){256, 3, 4});
   vkCmdDispatch(cmd, 4, 1, 1);
}

// Query 0: the plain draw; 1 and 2: with tessellation, with geometry; 3: a dispatch; 4: all draws of a pass, twice.
static void record(VkCommandBuffer cmd, const struct scene *s, VkQueryPool pool)
{
   const VkClearColorValue black = {{0, 0, 0, 1}};
   canvas_begin(cmd, &s->canvas, &black);
   for (uint32_t i = 0; i < 3; i++) {
      vkCmdBeginQuery(cmd, pool, i, 0);
      draw(cmd, s, i);
      vkCmdEndQuery(cmd, pool, i);
   }
   vkCmdEndRenderPass(cmd);
   vkCmdBeginQuery(cmd, pool, 3, 0);
   dispatch(cmd, s);
   vkCmdEndQuery(cmd, pool, 3);
   barrier_all(cmd);
   vkCmdBeginQuery(cmd, pool, 4, 0);
   canvas_begin(cmd, &s->canvas, &black);
   for (uint32_t i = 0; i < 6; i++)
      draw(cmd, s, i % 3);
   vkCmdEndRenderPass(cmd);
   vkCmdEndQuery(cmd, pool, 4);
}

enum { QUERIES = 5 };

static void one_bit(struct gpu *gpu, const struct scene *s, uint32_t bit)
{
   char name[32];
   uint64_t numbers[QUERIES][2];
   VkQueryPool pool = pool_new(gpu, 1u << bit, QUERIES);
   VkCommandBuffer cmd = cmd_begin(gpu);
   record(cmd, s, pool);
   cmd_submit(gpu, cmd);
   VK(vkGetQueryPoolResults(gpu->device, pool, 0, QUERIES, sizeof(numbers), numbers, sizeof(numbers[0]),
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT | VK_QUERY_RESULT_WAIT_BIT));
   snprintf(name, sizeof(name), "statistic-%u", bit);
   result(gpu, name, numbers, sizeof(numbers));
   vkDestroyQueryPool(gpu->device, pool, NULL);
}

static void all_bits(struct gpu *gpu, const struct scene *s)
{
   const VkQueryResultFlags wide = VK_QUERY_RESULT_64_BIT, wait = VK_QUERY_RESULT_WAIT_BIT,
                            available = VK_QUERY_RESULT_WITH_AVAILABILITY_BIT, partial = VK_QUERY_RESULT_PARTIAL_BIT;
   struct buffer copy = buffer_host(gpu, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkQueryPool pool = pool_new(gpu, ALL, QUERIES + 1);
   VkCommandBuffer cmd = cmd_begin(gpu);
   record(cmd, s, pool);
   vkCmdCopyQueryPoolResults(cmd, pool, 0, QUERIES, copy.handle, 0, 128, wide | wait);
   vkCmdCopyQueryPoolResults(cmd, pool, 1, 4, copy.handle, 1024, 52, available | wait);
   vkCmdCopyQueryPoolResults(cmd, pool, 0, QUERIES, copy.handle, 2048, 104, wide | available | wait);
   cmd_submit(gpu, cmd);
   result(gpu, "copied", copy.map, copy.size);
   uint32_t words[QUERIES][BITS + 1];
   VK(vkGetQueryPoolResults(gpu->device, pool, 0, QUERIES, sizeof(words), words, sizeof(words[0]), available | wait));
   result(gpu, "of-32-bits", words, sizeof(words));
   // the last query was never begun: it is not available, and what it would hold is not written
   uint64_t never[BITS + 1] = {0};
   // (partial results ought to make this VK_SUCCESS; guest drivers that keep results themselves say VK_NOT_READY)
   VkResult state = vkGetQueryPoolResults(gpu->device, pool, QUERIES, 1, sizeof(never), never, sizeof(never),
                                          wide | available | partial);
   EXPECT(never[BITS] == 0 && (state == VK_SUCCESS || state == VK_NOT_READY));
   vkResetQueryPool(gpu->device, pool, 2, 2);
   state = vkGetQueryPoolResults(gpu->device, pool, 2, 1, sizeof(never), never, sizeof(never), wide | available);
   EXPECT(state == VK_NOT_READY && never[BITS] == 0);
   VK(vkGetQueryPoolResults(gpu->device, pool, 1, 1, sizeof(never), never, sizeof(never), wide | available));
   result(gpu, "not-reset", never, sizeof(never));
   vkDestroyQueryPool(gpu->device, pool, NULL);
   buffer_free(gpu, &copy);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.pipelineStatisticsQuery = VK_TRUE,
                           .core.tessellationShader = VK_TRUE,
                           .core.geometryShader = VK_TRUE,
                           .core.shaderTessellationAndGeometryPointSize = VK_TRUE,
                           .core.multiViewport = VK_TRUE,
                           .v12.hostQueryReset = VK_TRUE});
   struct scene s = scene_new(&gpu);
   for (uint32_t bit = 0; bit < BITS; bit++)
      one_bit(&gpu, &s, bit);
   all_bits(&gpu, &s);
   const VkPipeline pipelines[] = {s.plain, s.tessellated, s.geometry, s.compute};
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   bound_free(&gpu, &s.bound);
   bound_free(&gpu, &s.compute_bound);
   buffer_free(&gpu, &s.data);
   canvas_free(&gpu, &s.canvas);
   return gpu_close(&gpu);
}
