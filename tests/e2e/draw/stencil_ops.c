// SPDX-License-Identifier: MIT
//
// Stencil: every operation with every comparison, where the test fails, where depth fails and where both pass, front
// and back faces apart; masks and references set by command.
#include "paint.h"

#include "flat_frag.h"
#include "slope_vert.h"

#define CELL 8
#define OPS  8 // operations, and comparisons

static const VkFormat formats[] = {VK_FORMAT_D32_SFLOAT_S8_UINT, VK_FORMAT_D24_UNORM_S8_UINT,
                                   VK_FORMAT_D16_UNORM_S8_UINT};

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *desc, uint32_t op, uint32_t compare)
{
   struct pipe pipe;
   pipe_fill(&pipe, desc);
   pipe.depth.depthTestEnable = VK_TRUE;
   pipe.depth.depthCompareOp = VK_COMPARE_OP_LESS;
   pipe.depth.stencilTestEnable = VK_TRUE;
   pipe.depth.front = (VkStencilOpState){.failOp = (VkStencilOp)op,
                                         .passOp = (VkStencilOp)((op + 3) % OPS),
                                         .depthFailOp = (VkStencilOp)((op + 5) % OPS),
                                         .compareOp = (VkCompareOp)compare};
   pipe.depth.back = (VkStencilOpState){.failOp = (VkStencilOp)((op + 1) % OPS),
                                        .passOp = (VkStencilOp)op,
                                        .depthFailOp = (VkStencilOp)((op + 2) % OPS),
                                        .compareOp = (VkCompareOp)((compare + 2) % OPS)};
   pipe_dynamic(&pipe, 3,
                (VkDynamicState[]){VK_DYNAMIC_STATE_STENCIL_COMPARE_MASK, VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
                                   VK_DYNAMIC_STATE_STENCIL_REFERENCE});
   return pipe_new(gpu, &pipe);
}

// Bands of different stencil values across all cells, left to right within each.
static void stripes(VkCommandBuffer cmd)
{
   static const uint32_t values[4] = {0, 0x54, 0x57, 0xff};
   for (uint32_t i = 0; i < 4 * OPS; i++) {
      VkClearAttachment clear = {VK_IMAGE_ASPECT_STENCIL_BIT, 0, {.depthStencil = {0, values[i % 4]}}};
      VkClearRect where = {{{(int32_t)i * CELL / 4, 0}, {CELL / 4, CELL * OPS}}, 0, 1};
      vkCmdClearAttachments(cmd, 1, &clear, 1, &where);
   }
}

static void cell(VkCommandBuffer cmd, const struct bound *bound, VkPipeline pipeline, uint32_t i)
{
   view_cell(cmd, i, OPS, CELL);
   vkCmdSetStencilCompareMask(cmd, VK_STENCIL_FACE_FRONT_BIT, i & 1 ? 0xff : 0x7c);
   vkCmdSetStencilCompareMask(cmd, VK_STENCIL_FACE_BACK_BIT, 0x5f);
   vkCmdSetStencilWriteMask(cmd, VK_STENCIL_FACE_FRONT_AND_BACK, i & 2 ? 0xff : 0xfe);
   vkCmdSetStencilReference(cmd, VK_STENCIL_FACE_FRONT_BIT, 0x54);
   vkCmdSetStencilReference(cmd, VK_STENCIL_FACE_BACK_BIT, 0x57);
   // half of each is behind what is there; the second one is turned round
   quad_draw(cmd, bound->layout, pipeline, &(struct quad){{-1, -1, 1, 0}, {0, 0, 1, 1}, {1, 0.5f, 1.25f, 0.25f}});
   quad_draw(cmd, bound->layout, pipeline, &(struct quad){{-1, 0.75f, 1, 0}, {0, 0, 1, 1}, {0, 1, 0.25f, 0.75f}});
}

static void run(struct gpu *gpu, VkFormat format)
{
   struct target target =
       target_new(gpu, OPS * CELL, OPS * CELL, VK_FORMAT_R8G8B8A8_UNORM, format, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, slope_vert),
                           .frag = SHADER(gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .depth_clamp = true};
   VkPipeline pipelines[OPS * OPS];
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   stripes(cmd);
   for (uint32_t i = 0; i < COUNT(pipelines); i++) {
      pipelines[i] = pipeline_new(gpu, &desc, i % OPS, i / OPS);
      cell(cmd, &bound, pipelines[i], i);
   }
   paint_end(gpu, &target, cmd, "color");
   image_result(gpu, &target.depth, VK_IMAGE_ASPECT_STENCIL_BIT, 1, "stencil");
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   uint32_t count = 0;
   gpu_open(&gpu, argc, argv, &(struct want){.core.depthClamp = VK_TRUE});
   for (uint32_t i = 0; i < COUNT(formats); i++) {
      if (format_features(&gpu, formats[i]) & VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT) {
         run(&gpu, formats[i]);
         count++;
      }
   }
   result_text(&gpu, "formats", "%u", count);
   return gpu_close(&gpu);
}
