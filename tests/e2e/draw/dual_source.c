// SPDX-License-Identifier: MIT
//
// Blending with two colours of one fragment: the factors that name the second one.
#include "paint.h"

#include "quad_vert.h"
#include "two_sources_frag.h"

#define CELL    16
#define COLUMNS 4

static const VkBlendFactor second[] = {VK_BLEND_FACTOR_SRC1_COLOR, VK_BLEND_FACTOR_ONE_MINUS_SRC1_COLOR,
                                       VK_BLEND_FACTOR_SRC1_ALPHA, VK_BLEND_FACTOR_ONE_MINUS_SRC1_ALPHA};

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.dualSrcBlend = VK_TRUE});
   struct target target = target_new(&gpu, COLUMNS * CELL, COLUMNS * CELL, VK_FORMAT_R8G8B8A8_UNORM,
                                     VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, two_sources_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .blend = true};
   VkPipeline pipelines[16];
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0.25f, 0.75f, 0.5f, 0.5f});
   for (uint32_t i = 0; i < COUNT(pipelines); i++) {
      struct pipe pipe;
      pipe_fill(&pipe, &desc);
      pipe.attachments[0].srcColorBlendFactor = second[i % 4];
      pipe.attachments[0].dstColorBlendFactor = second[i / 4];
      pipe.attachments[0].srcAlphaBlendFactor = second[i / 4];
      pipe.attachments[0].dstAlphaBlendFactor = second[(i + 1) % 4];
      pipelines[i] = pipe_new(&gpu, &pipe);
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, bound.layout, pipelines[i],
                &(struct quad){{-0.875f, -0.75f, 1, 1}, {0, 0, 1, 1}, {0.875f, 0.25f, 0.625f, 0}});
   }
   paint_end(&gpu, &target, cmd, "pairs-of-factors");
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
