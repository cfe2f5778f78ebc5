// SPDX-License-Identifier: MIT
//
// Points of many sizes with coordinates inside, and triangles drawn as points, as lines and filled, either side culled,
// either winding in front.
#include "paint.h"

#include "corners_vert.h"
#include "facing_frag.h"
#include "sprite_frag.h"

#define CELL    32
#define COLUMNS 6

static void sprites(struct gpu *gpu)
{
   static const float sizes[COLUMNS] = {1, 2, 3.5f, 8, 13.25f, 24};
   struct target target =
       target_new(gpu, COLUMNS * CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, corners_vert),
                           .frag = SHADER(gpu, sprite_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .points = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   for (uint32_t i = 0; i < COLUMNS; i++) {
      view_cell(cmd, i, COLUMNS, CELL);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){0.53f, 0.61f, -0.67f, -0.41f, sizes[i], 0, 0, 0});
      vkCmdDraw(cmd, 4, 1, 0, 0);
   }
   paint_end(gpu, &target, cmd, "sprites");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

static void polygons(struct gpu *gpu)
{
   static const VkPolygonMode modes[3] = {VK_POLYGON_MODE_FILL, VK_POLYGON_MODE_LINE, VK_POLYGON_MODE_POINT};
   struct target target =
       target_new(gpu, COLUMNS * CELL, 3 * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct graphics desc = {
      .vert = SHADER(gpu, corners_vert), .frag = SHADER(gpu, facing_frag), .layout = bound.layout, .pass = target.pass};
   VkPipeline pipelines[3 * COLUMNS];
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t i = 0; i < COUNT(pipelines); i++) {
      struct pipe pipe;
      pipe_fill(&pipe, &desc);
      pipe.raster.polygonMode = modes[i / COLUMNS];
      pipe.raster.cullMode = i % 3 == 2 ? VK_CULL_MODE_BACK_BIT : i % 3 == 1 ? VK_CULL_MODE_FRONT_BIT : 0;
      pipe.raster.frontFace = i % COLUMNS < 3 ? VK_FRONT_FACE_COUNTER_CLOCKWISE : VK_FRONT_FACE_CLOCKWISE;
      pipelines[i] = pipe_new(gpu, &pipe);
      view_cell(cmd, i, COLUMNS, CELL);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i]);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){0.29f, 0.93f, -0.87f, -0.47f, 2, 0, 0, 0});
      vkCmdDraw(cmd, 6, 1, 0, 0); // the second triangle has its back in front
   }
   paint_end(gpu, &target, cmd, "polygons");
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.largePoints = VK_TRUE, .core.fillModeNonSolid = VK_TRUE});
   if (gpu.props.limits.pointSizeRange[1] < 24)
      skip("needs points 24 pixels wide");
   sprites(&gpu);
   polygons(&gpu);
   return gpu_close(&gpu);
}
