// SPDX-License-Identifier: MIT
//
// VK_EXT_line_rasterization: rectangular, Bresenham and smooth lines, with and without stipples, of several widths, on
// one sample and on four.
#include "paint.h"

#include "both_frag.h"
#include "corners_vert.h"

#define CELL    32
#define COLUMNS 6
#define ROWS    3

static const VkLineRasterizationModeEXT modes[3] = {VK_LINE_RASTERIZATION_MODE_RECTANGULAR_EXT,
                                                    VK_LINE_RASTERIZATION_MODE_BRESENHAM_EXT,
                                                    VK_LINE_RASTERIZATION_MODE_RECTANGULAR_SMOOTH_EXT};

// Column by column: width and stipple; where the pattern is 0 there is none.
static const struct {
   float width;
   uint32_t factor;
   uint16_t pattern;
} looks[COLUMNS] = {{1, 1, 0}, {3, 1, 0}, {1, 1, 0x0f0f}, {1, 3, 0x5555}, {2, 2, 0x71c7}, {5, 1, 0x00ff}};

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *desc, uint32_t mode, uint32_t look)
{
   VkPipelineRasterizationLineStateCreateInfoEXT line = {
      VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_LINE_STATE_CREATE_INFO_EXT, .lineRasterizationMode = modes[mode],
      .stippledLineEnable = looks[look].pattern != 0, .lineStippleFactor = looks[look].factor,
      .lineStipplePattern = looks[look].pattern};
   struct pipe pipe;
   pipe_fill(&pipe, desc);
   pipe.raster.pNext = &line;
   pipe.raster.lineWidth = looks[look].width;
   if (look == COLUMNS - 1) // of these width and pattern come by command
      pipe_dynamic(&pipe, 2, (VkDynamicState[]){VK_DYNAMIC_STATE_LINE_WIDTH, VK_DYNAMIC_STATE_LINE_STIPPLE_EXT});
   return pipe_new(gpu, &pipe);
}

static void picture(struct gpu *gpu, VkSampleCountFlagBits samples, const char *name)
{
   PROC(gpu, vkCmdSetLineStippleEXT);
   struct target target =
       target_new(gpu, COLUMNS * CELL, ROWS * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, samples);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, corners_vert),
                           .frag = SHADER(gpu, both_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .lines = true,
                           .strip = true,
                           .blend = true,
                           .samples = samples};
   VkPipeline pipelines[COLUMNS * ROWS];
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t i = 0; i < COUNT(pipelines); i++) {
      pipelines[i] = pipeline_new(gpu, &desc, i / COLUMNS, i % COLUMNS);
      view_cell(cmd, i, COLUMNS, CELL);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i]);
      if (i % COLUMNS == COLUMNS - 1) {
         vkCmdSetLineWidth(cmd, 5);
         vkCmdSetLineStippleEXT_(cmd, 4, 0x6666);
      }
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){0.37f, 1.13f, -0.83f, -0.91f, 1, 0, 0, 0});
      vkCmdDraw(cmd, 5, 1, 0, 0);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){1.6f, 0.05f, -0.8f, 0.7f, 1, 0, 0, 0});
      vkCmdDraw(cmd, 2, 1, 0, 0);
   }
   paint_end(gpu, &target, cmd, name);
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceLineRasterizationFeaturesEXT lines = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_LINE_RASTERIZATION_FEATURES_EXT,
      .rectangularLines = VK_TRUE,
      .bresenhamLines = VK_TRUE,
      .smoothLines = VK_TRUE,
      .stippledRectangularLines = VK_TRUE,
      .stippledBresenhamLines = VK_TRUE,
      .stippledSmoothLines = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.wideLines = VK_TRUE,
                           .extensions = {VK_EXT_LINE_RASTERIZATION_EXTENSION_NAME},
                           .features = {FEATURES(lines)}});
   if (gpu.props.limits.lineWidthRange[1] < 5)
      skip("needs lines five pixels wide");
   picture(&gpu, VK_SAMPLE_COUNT_1_BIT, "one-sample");
   picture(&gpu, VK_SAMPLE_COUNT_4_BIT, "four-samples");
   return gpu_close(&gpu);
}
