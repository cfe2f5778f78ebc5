// SPDX-License-Identifier: MIT
//
// Clipping in depth (VK_EXT_depth_clip_enable, VK_EXT_depth_clip_control): on, off, clamped instead, and with the range
// from -1 to 1, each in different depth ranges of the viewport.
#include "paint.h"

#include "flat_frag.h"
#include "slope_vert.h"

#define CELL    16
#define COLUMNS 4

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *desc, uint32_t row)
{
   VkPipelineRasterizationDepthClipStateCreateInfoEXT clip = {
      VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_DEPTH_CLIP_STATE_CREATE_INFO_EXT, .depthClipEnable = row & 1};
   VkPipelineViewportDepthClipControlCreateInfoEXT control = {
      VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_DEPTH_CLIP_CONTROL_CREATE_INFO_EXT, .negativeOneToOne = row >= 4};
   struct graphics own = *desc;
   own.raster_next = &clip;
   own.viewport_next = &control;
   own.depth_clamp = row & 2;
   struct pipe pipe;
   pipe_fill(&pipe, &own);
   return pipe_new(gpu, &pipe);
}

int main(int argc, char **argv)
{
   static const float ranges[COLUMNS][2] = {{0, 1}, {0.25f, 0.75f}, {1, 0}, {0.5f, 0.5f}};
   struct gpu gpu;
   VkPhysicalDeviceDepthClipEnableFeaturesEXT clip = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DEPTH_CLIP_ENABLE_FEATURES_EXT,
                                                      .depthClipEnable = VK_TRUE};
   VkPhysicalDeviceDepthClipControlFeaturesEXT control = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DEPTH_CLIP_CONTROL_FEATURES_EXT, .depthClipControl = VK_TRUE};
   gpu_open(
       &gpu, argc, argv,
       &(struct want){.core.depthClamp = VK_TRUE,
                      .extensions = {VK_EXT_DEPTH_CLIP_ENABLE_EXTENSION_NAME, VK_EXT_DEPTH_CLIP_CONTROL_EXTENSION_NAME},
                      .features = {FEATURES(clip), FEATURES(control)}});
   VkFormat format = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   struct target target =
       target_new(&gpu, COLUMNS * CELL, 8 * CELL, VK_FORMAT_R8G8B8A8_UNORM, format, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, slope_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_ALWAYS};
   VkPipeline pipelines[8];
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t row = 0; row < COUNT(pipelines); row++) {
      pipelines[row] = pipeline_new(&gpu, &desc, row);
      for (uint32_t i = 0; i < COLUMNS; i++) {
         VkViewport viewport = {(float)(i * CELL), (float)(row * CELL), CELL, CELL, ranges[i][0], ranges[i][1]};
         view_cell(cmd, row * COLUMNS + i, COLUMNS, CELL);
         vkCmdSetViewport(cmd, 0, 1, &viewport);
         quad_draw(cmd, bound.layout, pipelines[row],
                   &(struct quad){{-1, -0.75f, 1, 0.75f}, {0, 0, 1, 1}, {1, 0.5f, -1.5f, 1.5f}});
      }
   }
   paint_end(&gpu, &target, cmd, "color");
   depth_result(&gpu, &target.depth, "depth");
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
