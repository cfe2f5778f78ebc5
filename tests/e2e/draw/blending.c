// SPDX-License-Identifier: MIT
//
// Blending: every factor as source and as destination, every operation, alpha apart from colour, constants, and write
// masks; one small square for each.
#include "paint.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define CELL    8
#define COLUMNS 8

// The factors of one colour; those of a second one are in the program dual_source.
#define FACTORS (VK_BLEND_FACTOR_SRC_ALPHA_SATURATE + 1)
#define OPS     (VK_BLEND_OP_MAX + 1)

static const float backdrop[4] = {0.625f, 0.25f, 0.125f, 0.375f};

struct scene {
   struct target target;
   struct bound bound;
   struct graphics desc;
};

static struct scene scene_new(struct gpu *gpu, VkFormat format, uint32_t cells)
{
   struct scene s = {.target = target_new(gpu, COLUMNS * CELL, (cells + COLUMNS - 1) / COLUMNS * CELL, format,
                                          VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
                     .bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL)};
   s.desc = (struct graphics){.vert = SHADER(gpu, quad_vert),
                              .frag = SHADER(gpu, flat_frag),
                              .layout = s.bound.layout,
                              .pass = s.target.pass,
                              .strip = true};
   return s;
}

static void scene_free(struct gpu *gpu, struct scene *s)
{
   modules_free(gpu, &s->desc);
   bound_free(gpu, &s->bound);
   target_free(gpu, &s->target);
}

// One square per state; all pipelines live until the picture is done.
static void squares(struct gpu *gpu, struct scene *s, uint32_t count, const VkPipelineColorBlendAttachmentState *states,
                    const char *name)
{
   VkPipeline pipelines[64];
   EXPECT(count <= COUNT(pipelines));
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, backdrop);
   for (uint32_t i = 0; i < count; i++) {
      struct pipe pipe;
      pipe_fill(&pipe, &s->desc);
      pipe.attachments[0] = states[i];
      pipe_dynamic(&pipe, 1, (VkDynamicState[]){VK_DYNAMIC_STATE_BLEND_CONSTANTS});
      pipelines[i] = pipe_new(gpu, &pipe);
      float part = (float)(i % 4) / 8;
      vkCmdSetBlendConstants(cmd, (float[]){0.75f - part, 0.5f, 0.25f + part, 0.125f + part});
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, s->bound.layout, pipelines[i],
                &(struct quad){{-1, -1, 0.75f, 0.75f}, {0, 0, 1, 1}, {0.375f, 0.875f, 0.25f, 0}});
   }
   paint_end(gpu, &s->target, cmd, name);
   for (uint32_t i = 0; i < count; i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
}

static VkPipelineColorBlendAttachmentState state(VkBlendFactor src, VkBlendFactor dst, VkBlendOp op)
{
   return (VkPipelineColorBlendAttachmentState){VK_TRUE, src, dst, op, src, dst, op, 0xf};
}

static void factors(struct gpu *gpu)
{
   VkPipelineColorBlendAttachmentState states[2 * FACTORS];
   for (uint32_t i = 0; i < FACTORS; i++) {
      states[i] = state((VkBlendFactor)i, VK_BLEND_FACTOR_ONE_MINUS_SRC_COLOR, VK_BLEND_OP_ADD);
      states[FACTORS + i] = state(VK_BLEND_FACTOR_DST_ALPHA, (VkBlendFactor)i, VK_BLEND_OP_ADD);
   }
   struct scene s = scene_new(gpu, VK_FORMAT_R8G8B8A8_UNORM, COUNT(states));
   squares(gpu, &s, COUNT(states), states, "factors");
   scene_free(gpu, &s);
}

static void operations(struct gpu *gpu)
{
   VkPipelineColorBlendAttachmentState states[OPS * OPS + 16];
   uint32_t count = 0;
   for (uint32_t color = 0; color < OPS; color++) {
      for (uint32_t alpha = 0; alpha < OPS; alpha++)
         states[count++] = (VkPipelineColorBlendAttachmentState){VK_TRUE,
                                                                 VK_BLEND_FACTOR_SRC_ALPHA,
                                                                 VK_BLEND_FACTOR_ONE_MINUS_DST_COLOR,
                                                                 (VkBlendOp)color,
                                                                 VK_BLEND_FACTOR_CONSTANT_ALPHA,
                                                                 VK_BLEND_FACTOR_ONE,
                                                                 (VkBlendOp)alpha,
                                                                 0xf};
   }
   for (uint32_t mask = 0; mask < 16; mask++) {
      states[count] = state(VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_ADD);
      states[count].blendEnable = mask & 1;
      states[count++].colorWriteMask = mask;
   }
   struct scene s = scene_new(gpu, VK_FORMAT_R8G8B8A8_UNORM, COUNT(states));
   squares(gpu, &s, count, states, "operations-and-masks");
   scene_free(gpu, &s);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   factors(&gpu);
   operations(&gpu);
   return gpu_close(&gpu);
}
