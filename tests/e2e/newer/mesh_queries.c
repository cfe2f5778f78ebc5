// SPDX-License-Identifier: MIT
//
// What is counted while mesh shaders draw: primitives generated, samples passed, invocations of task and mesh shaders.
#include "harness.h"

#include "burst_mesh.h"
#include "burst_task.h"
#include "tile_frag.h"

#define SIZE   48
#define ROUNDS 4

enum kind { PRIMITIVES, STATISTICS, OCCLUSION, KINDS };

static VkQueryPool pool_new(struct gpu *gpu, enum kind kind)
{
   static const VkQueryType types[KINDS] = {VK_QUERY_TYPE_MESH_PRIMITIVES_GENERATED_EXT,
                                            VK_QUERY_TYPE_PIPELINE_STATISTICS, VK_QUERY_TYPE_OCCLUSION};
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = types[kind],
                                 .queryCount = ROUNDS};
   if (kind == STATISTICS)
      info.pipelineStatistics = VK_QUERY_PIPELINE_STATISTIC_TASK_SHADER_INVOCATIONS_BIT_EXT |
                                VK_QUERY_PIPELINE_STATISTIC_MESH_SHADER_INVOCATIONS_BIT_EXT;
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   return pool;
}

static void record(struct gpu *gpu, VkCommandBuffer cmd, const struct target *target, VkPipeline pipeline,
                   const VkQueryPool *pools)
{
   PROC(gpu, vkCmdDrawMeshTasksEXT);
   for (uint32_t kind = 0; kind < KINDS; kind++)
      vkCmdResetQueryPool(cmd, pools[kind], 0, ROUNDS);
   for (uint32_t round = 0; round < ROUNDS; round++) {
      target_begin(cmd, target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
      for (uint32_t kind = 0; kind < KINDS; kind++)
         vkCmdBeginQuery(cmd, pools[kind], round, kind == OCCLUSION ? VK_QUERY_CONTROL_PRECISE_BIT : 0);
      vkCmdDrawMeshTasksEXT_(cmd, round, 1, 1);
      vkCmdDrawMeshTasksEXT_(cmd, 1 + round, 2, 1);
      for (uint32_t kind = 0; kind < KINDS; kind++)
         vkCmdEndQuery(cmd, pools[kind], round);
      vkCmdEndRenderPass(cmd);
   }
}

// Groups 0 to n - 1 start 3, 4, 5 mesh workgroups, or none if they are every fourth; each makes six triangles.
static uint64_t primitives(uint32_t groups)
{
   uint64_t sum = 0;
   for (uint32_t group = 0; group < groups; group++)
      sum += group % 4 == 3 ? 0 : 3 + group % 3;
   return 6 * sum;
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMeshShaderFeaturesEXT mesh = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT,
                                                 .taskShader = VK_TRUE, .meshShader = VK_TRUE,
                                                 .meshShaderQueries = VK_TRUE};
   struct want want = {.core.pipelineStatisticsQuery = VK_TRUE,
                       .core.occlusionQueryPrecise = VK_TRUE,
                       .extensions = {VK_EXT_MESH_SHADER_EXTENSION_NAME},
                       .features = {FEATURES(mesh)}};
   static const char *names[KINDS] = {"primitives", "statistics", "occlusion"};
   gpu_open(&gpu, argc, argv, &want);
   struct target target =
       target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_MESH_BIT_EXT, 16, 0, NULL);
   struct graphics desc = {.task = SHADER(&gpu, burst_task),
                           .mesh = SHADER(&gpu, burst_mesh),
                           .frag = SHADER(&gpu, tile_frag),
                           .layout = bound.layout,
                           .pass = target.pass};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   VkQueryPool pools[KINDS];
   for (uint32_t kind = 0; kind < KINDS; kind++)
      pools[kind] = pool_new(&gpu, kind);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   record(&gpu, cmd, &target, pipeline, pools);
   cmd_submit(&gpu, cmd);
   for (uint32_t kind = 0; kind < KINDS; kind++) {
      uint64_t got[ROUNDS][2] = {{0}};
      VK(vkGetQueryPoolResults(gpu.device, pools[kind], 0, ROUNDS, sizeof(got), got, sizeof(got[0]),
                               VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
      for (uint32_t round = 0; round < ROUNDS && kind == PRIMITIVES; round++) {
         uint64_t made = primitives(round) + primitives(2 * round + 2);
         EXPECT(got[round][0] == made || 2 * got[round][0] == made); // culled ones count on some devices only
      }
      result(&gpu, names[kind], got, sizeof(got));
      vkDestroyQueryPool(gpu.device, pools[kind], NULL);
   }
   image_result(&gpu, &target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
