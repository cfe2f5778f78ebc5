// SPDX-License-Identifier: MIT
//
// Four attachments of different formats at once, each with its own blending and write mask,
// cleared one by one inside the pass.
#include "paint.h"

#include "four_outputs_frag.h"
#include "quad_vert.h"

#define SIZE 32

static const VkFormat formats[4] = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R16G16B16A16_SFLOAT, VK_FORMAT_B8G8R8A8_UNORM,
                                    VK_FORMAT_R8G8B8A8_UINT};
static const uint32_t texels[4] = {4, 8, 4, 4};
static const char *const names[4] = {"first", "second", "third", "fourth"};

static VkPipeline pipeline_new(struct gpu *gpu, const struct graphics *desc, uint32_t variant)
{
   struct pipe pipe;
   pipe_fill(&pipe, desc);
   pipe.attachments[0].blendEnable = VK_TRUE;
   pipe.attachments[1].blendEnable = VK_TRUE;
   pipe.attachments[1].srcColorBlendFactor = VK_BLEND_FACTOR_ONE;
   pipe.attachments[1].dstColorBlendFactor = VK_BLEND_FACTOR_ONE;
   pipe.attachments[1].colorBlendOp = variant ? VK_BLEND_OP_REVERSE_SUBTRACT : VK_BLEND_OP_MAX;
   pipe.attachments[2].colorWriteMask = variant ? VK_COLOR_COMPONENT_R_BIT | VK_COLOR_COMPONENT_A_BIT : 0xf;
   pipe.attachments[3].colorWriteMask = variant ? 0 : 0xf;
   return pipe_new(gpu, &pipe);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.independentBlend = VK_TRUE});
   struct canvas_info info = {.width = SIZE, .height = SIZE, .count = 4};
   memcpy(info.formats, formats, sizeof(formats));
   struct canvas canvas = canvas_new(&gpu, &info);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, four_outputs_frag),
                           .layout = bound.layout,
                           .pass = canvas.pass,
                           .strip = true,
                           .color_count = 4};
   VkPipeline pipelines[2] = {pipeline_new(&gpu, &desc, 0), pipeline_new(&gpu, &desc, 1)};
   const VkClearColorValue clear[4] = {
      {{0.5f, 0.25f, 0, 1}}, {{-1, 2, 3, 0.5f}}, {{1, 1, 0, 0}}, {.uint32 = {1, 2, 3, 4}}};
   VkCommandBuffer cmd = cmd_begin(&gpu);
   canvas_begin(cmd, &canvas, clear);
   const VkClearAttachment parts[2] = {{VK_IMAGE_ASPECT_COLOR_BIT, 1, {.color = {{9, 8, 7, 6}}}},
                                       {VK_IMAGE_ASPECT_COLOR_BIT, 3, {.color = {.uint32 = {255, 0, 128, 64}}}}};
   const VkClearRect rects[2] = {{{{0, 20}, {SIZE, 4}}, 0, 1}, {{{20, 0}, {3, SIZE}}, 0, 1}};
   vkCmdClearAttachments(cmd, 2, parts, 2, rects);
   for (uint32_t i = 0; i < 4; i++) {
      float x = -1 + 0.25f * (float)i;
      struct quad quad = {{x, x, x + 1, x + 0.875f}, {0, 0, 1, 1}, {0.25f * (float)i, 0.5f, 1, 0}};
      quad_draw(cmd, bound.layout, pipelines[i % 2], &quad);
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(&gpu, cmd);
   for (uint32_t i = 0; i < 4; i++)
      image_result(&gpu, &canvas.color[i], VK_IMAGE_ASPECT_COLOR_BIT, texels[i], names[i]);
   for (uint32_t i = 0; i < 2; i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   canvas_free(&gpu, &canvas);
   return gpu_close(&gpu);
}
