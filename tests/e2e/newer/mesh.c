// SPDX-License-Identifier: MIT
//
// Mesh shaders, alone and behind a task shader: direct draws in three dimensions, indirect ones, and as many as a
// buffer says.
#include "harness.h"

#include "burst_mesh.h"
#include "burst_task.h"
#include "tile_frag.h"
#include "tile_mesh.h"

#define SIZE 96

struct bench {
   struct target target;
   struct bound bound;
   VkPipeline tiles, wide, bursts;
};

static VkPipeline tiles_new(struct gpu *gpu, const struct bench *b, uint32_t columns)
{
   VkSpecializationMapEntry entry = {0, 0, 4};
   VkSpecializationInfo spec = {1, &entry, sizeof(columns), &columns};
   struct graphics desc = {.mesh = SHADER(gpu, tile_mesh),
                           .frag = SHADER(gpu, tile_frag),
                           .layout = b->bound.layout,
                           .pass = b->target.pass,
                           .spec = &spec};
   return graphics_new(gpu, &desc);
}

static struct bench bench_new(struct gpu *gpu)
{
   struct bench b = {
      .target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
      .bound = bound_new(gpu, VK_SHADER_STAGE_MESH_BIT_EXT, 16, 0, NULL)};
   b.tiles = tiles_new(gpu, &b, 4);
   b.wide = tiles_new(gpu, &b, 7);
   struct graphics desc = {.task = SHADER(gpu, burst_task),
                           .mesh = SHADER(gpu, burst_mesh),
                           .frag = SHADER(gpu, tile_frag),
                           .layout = b.bound.layout,
                           .pass = b.target.pass};
   b.bursts = graphics_new(gpu, &desc);
   return b;
}

static VkCommandBuffer begin(struct gpu *gpu, const struct bench *b, VkPipeline pipeline)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &b->target, (float[]){0.1f, 0.2f, 0.3f, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, b->bound.layout, VK_SHADER_STAGE_MESH_BIT_EXT, 0, 16, (float[]){1, 1, -0.5f, -0.75f});
   return cmd;
}

static void end(struct gpu *gpu, const struct bench *b, VkCommandBuffer cmd, const char *name)
{
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &b->target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
}

static void direct(struct gpu *gpu, const struct bench *b)
{
   PROC(gpu, vkCmdDrawMeshTasksEXT);
   VkCommandBuffer cmd = begin(gpu, b, b->tiles);
   vkCmdDrawMeshTasksEXT_(cmd, 11, 1, 1);
   vkCmdPushConstants(cmd, b->bound.layout, VK_SHADER_STAGE_MESH_BIT_EXT, 0, 16, (float[]){0.5f, 0.5f, -1, 0.25f});
   vkCmdDrawMeshTasksEXT_(cmd, 3, 2, 2);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, b->wide);
   vkCmdDrawMeshTasksEXT_(cmd, 1, 0, 4); // nothing
   vkCmdPushConstants(cmd, b->bound.layout, VK_SHADER_STAGE_MESH_BIT_EXT, 0, 16, (float[]){0.75f, 0.5f, -0.5f, 0.5f});
   vkCmdDrawMeshTasksEXT_(cmd, 9, 1, 1);
   end(gpu, b, cmd, "mesh");
   cmd = begin(gpu, b, b->bursts);
   vkCmdDrawMeshTasksEXT_(cmd, 4, 2, 1);
   end(gpu, b, cmd, "task-and-mesh");
}

// Draws out of a buffer, four words apart; the last ones only where the count says so.
static void indirect(struct gpu *gpu, const struct bench *b)
{
   PROC(gpu, vkCmdDrawMeshTasksIndirectEXT);
   PROC(gpu, vkCmdDrawMeshTasksIndirectCountEXT);
   static const uint32_t draws[][4] = {{3, 1, 1, 99}, {2, 2, 1, 99}, {6, 1, 2, 99}, {1, 4, 1, 99}};
   struct buffer args = buffer_host(gpu, sizeof(draws) + 16, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT);
   memcpy(args.map, draws, sizeof(draws));
   ((uint32_t *)args.map)[16] = 2;
   ((uint32_t *)args.map)[17] = 77;
   VkCommandBuffer cmd = begin(gpu, b, b->tiles);
   vkCmdDrawMeshTasksIndirectEXT_(cmd, args.handle, 0, 3, sizeof(draws[0]));
   end(gpu, b, cmd, "indirect");
   cmd = begin(gpu, b, b->bursts);
   vkCmdDrawMeshTasksIndirectEXT_(cmd, args.handle, sizeof(draws[0]), 1, sizeof(draws[0]));
   end(gpu, b, cmd, "indirect-task");
   cmd = begin(gpu, b, b->tiles);
   vkCmdDrawMeshTasksIndirectCountEXT_(cmd, args.handle, 16, args.handle, 64, 3, sizeof(draws[0]));
   end(gpu, b, cmd, "count");
   cmd = begin(gpu, b, b->tiles);
   vkCmdDrawMeshTasksIndirectCountEXT_(cmd, args.handle, 0, args.handle, 68, 4, sizeof(draws[0]));
   end(gpu, b, cmd, "count-above-maximum");
   buffer_free(gpu, &args);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMeshShaderFeaturesEXT mesh = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT,
                                                 .taskShader = VK_TRUE, .meshShader = VK_TRUE};
   struct want want = {.core.multiDrawIndirect = VK_TRUE,
                       .v12.drawIndirectCount = VK_TRUE,
                       .extensions = {VK_EXT_MESH_SHADER_EXTENSION_NAME},
                       .features = {FEATURES(mesh)}};
   gpu_open(&gpu, argc, argv, &want);
   struct bench bench = bench_new(&gpu);
   direct(&gpu, &bench);
   indirect(&gpu, &bench);
   vkDestroyPipeline(gpu.device, bench.tiles, NULL);
   vkDestroyPipeline(gpu.device, bench.wide, NULL);
   vkDestroyPipeline(gpu.device, bench.bursts, NULL);
   bound_free(&gpu, &bench.bound);
   target_free(&gpu, &bench.target);
   return gpu_close(&gpu);
}
