// SPDX-License-Identifier: MIT
//
// Depth formats and what happens to depth before it is compared: every comparison on slopes, bias (constant, by slope,
// with a limit), clamping instead of clipping, depth ranges; depth is read back from every format there is.
#include "paint.h"

#include "flat_frag.h"
#include "slope_vert.h"

#define CELL    8
#define COLUMNS 8
#define ROWS    4

static const VkFormat formats[] = {VK_FORMAT_D16_UNORM,         VK_FORMAT_X8_D24_UNORM_PACK32,
                                   VK_FORMAT_D32_SFLOAT,        VK_FORMAT_D16_UNORM_S8_UINT,
                                   VK_FORMAT_D24_UNORM_S8_UINT, VK_FORMAT_D32_SFLOAT_S8_UINT};

struct scene {
   struct target target;
   struct bound bound;
   struct graphics desc;
   VkPipeline pipelines[ROWS * COLUMNS];
   uint32_t count;
};

static struct pipe *pipe_of(struct scene *s, struct pipe *pipe, VkCompareOp op)
{
   pipe_fill(pipe, &s->desc);
   pipe->depth.depthTestEnable = VK_TRUE;
   pipe->depth.depthWriteEnable = VK_TRUE;
   pipe->depth.depthCompareOp = op;
   return pipe;
}

static VkPipeline keep(struct gpu *gpu, struct scene *s, const struct pipe *pipe)
{
   EXPECT(s->count < COUNT(s->pipelines));
   return s->pipelines[s->count++] = pipe_new(gpu, pipe);
}

static void sloped(VkCommandBuffer cmd, const struct scene *s, VkPipeline pipeline, float from, float to)
{
   quad_draw(cmd, s->bound.layout, pipeline,
             &(struct quad){{-1, -0.75f, 0.875f, 0.75f}, {0, 0, 1, 1}, {0.25f, 1, from, to}});
}

// A falling slope first, then a rising one that is compared with it.
static void comparisons(struct gpu *gpu, VkCommandBuffer cmd, struct scene *s)
{
   struct pipe pipe;
   VkPipeline always = keep(gpu, s, pipe_of(s, &pipe, VK_COMPARE_OP_ALWAYS));
   for (uint32_t i = 0; i < 8; i++) {
      VkPipeline compare = keep(gpu, s, pipe_of(s, &pipe, (VkCompareOp)i));
      view_cell(cmd, i, COLUMNS, CELL);
      sloped(cmd, s, always, 0.75f, 0.25f);
      sloped(cmd, s, compare, 0.375f, 0.625f);
   }
}

static void biased(struct gpu *gpu, VkCommandBuffer cmd, struct scene *s)
{
   static const float biases[8][3] = {{0, 0, 0},  {4000, 0, 0},        {-4000, 0, 0},         {0, 1, 0},
                                      {0, -2, 0}, {9000, 3, 0.00625f}, {-9000, -3, -0.0125f}, {100, 2, 0.5f}};
   struct pipe pipe;
   for (uint32_t i = 0; i < 8; i++) {
      pipe_of(s, &pipe, VK_COMPARE_OP_LESS);
      pipe.raster.depthBiasEnable = VK_TRUE;
      pipe_dynamic(&pipe, 1, (VkDynamicState[]){VK_DYNAMIC_STATE_DEPTH_BIAS});
      VkPipeline bias = keep(gpu, s, &pipe);
      view_cell(cmd, 8 + i, COLUMNS, CELL);
      vkCmdSetDepthBias(cmd, biases[i][0], biases[i][2], biases[i][1]);
      sloped(cmd, s, bias, 0.25f, 0.5f);
      view_cell(cmd, 16 + i, COLUMNS, CELL);
      sloped(cmd, s, bias, 0.5f, 0.5f);
   }
}

// Depth from below the near to beyond the far plane, in different depth ranges.
static void clamped(struct gpu *gpu, VkCommandBuffer cmd, struct scene *s)
{
   static const float ranges[4][2] = {{0, 1}, {0.25f, 0.5f}, {1, 0}, {0.75f, 0.125f}};
   struct pipe pipe;
   for (uint32_t i = 0; i < 8; i++) {
      if (i % 4 == 0) {
         pipe_of(s, &pipe, VK_COMPARE_OP_LESS_OR_EQUAL);
         pipe.raster.depthClampEnable = i < 4;
         keep(gpu, s, &pipe);
      }
      uint32_t x = i * CELL, y = 3 * CELL;
      view_rect(cmd, x, y, CELL, CELL);
      vkCmdSetViewport(cmd, 0, 1, &(VkViewport){(float)x, (float)y, CELL, CELL, ranges[i % 4][0], ranges[i % 4][1]});
      sloped(cmd, s, s->pipelines[s->count - 1], -0.5f, 1.5f);
   }
}

static void run(struct gpu *gpu, VkFormat format)
{
   struct scene s = {
      .target = target_new(gpu, COLUMNS * CELL, ROWS * CELL, VK_FORMAT_R8G8B8A8_UNORM, format, VK_SAMPLE_COUNT_1_BIT),
      .bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL)};
   s.desc = (struct graphics){.vert = SHADER(gpu, slope_vert),
                              .frag = SHADER(gpu, flat_frag),
                              .layout = s.bound.layout,
                              .pass = s.target.pass,
                              .strip = true};
   VkCommandBuffer cmd = paint_begin(gpu, &s.target, (float[]){0, 0, 0, 1});
   comparisons(gpu, cmd, &s);
   biased(gpu, cmd, &s);
   clamped(gpu, cmd, &s);
   paint_end(gpu, &s.target, cmd, "color");
   depth_result(gpu, &s.target.depth, "depth");
   for (uint32_t i = 0; i < s.count; i++)
      vkDestroyPipeline(gpu->device, s.pipelines[i], NULL);
   modules_free(gpu, &s.desc);
   bound_free(gpu, &s.bound);
   target_free(gpu, &s.target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.depthClamp = VK_TRUE, .core.depthBiasClamp = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t i = 0; i < COUNT(formats); i++) {
      VkFormatFeatureFlags features = format_features(&gpu, formats[i]);
      result_text(&gpu, "format", "%d: %#x", (int)formats[i], features);
      if (features & VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT)
         run(&gpu, formats[i]);
   }
   return gpu_close(&gpu);
}
