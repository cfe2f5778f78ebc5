// SPDX-License-Identifier: MIT
//
// Logic operations instead of blending: all sixteen on a normalised and on an integer attachment.
#include "paint.h"

#include "flat_frag.h"
#include "quad_vert.h"
#include "wide_uint_frag.h"

#define CELL    8
#define COLUMNS 4
#define OPS     (VK_LOGIC_OP_SET + 1)

static void all_ops(struct gpu *gpu, VkFormat format, VkShaderModule frag, VkClearColorValue clear, const char *name)
{
   struct canvas canvas = canvas_new(
       gpu,
       &(struct canvas_info){.width = COLUMNS * CELL, .height = OPS / COLUMNS * CELL, .count = 1, .formats = {format}});
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {
      .vert = SHADER(gpu, quad_vert), .frag = frag, .layout = bound.layout, .pass = canvas.pass, .strip = true};
   VkPipeline pipelines[OPS];
   VkCommandBuffer cmd = cmd_begin(gpu);
   canvas_begin(cmd, &canvas, &clear);
   for (uint32_t i = 0; i < OPS; i++) {
      struct pipe pipe;
      pipe_fill(&pipe, &desc);
      pipe.blend.logicOpEnable = VK_TRUE;
      pipe.blend.logicOp = (VkLogicOp)i;
      pipelines[i] = pipe_new(gpu, &pipe);
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, bound.layout, pipelines[i],
                &(struct quad){{-0.75f, -1, 1, 0.75f}, {0, 0, 1, 1}, {1, 0.8f, 0.6f, 0}});
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &canvas.color[0], VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
   for (uint32_t i = 0; i < OPS; i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   modules_free(gpu, &desc);
   bound_free(gpu, &bound);
   canvas_free(gpu, &canvas);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.logicOp = VK_TRUE});
   all_ops(&gpu, VK_FORMAT_R8G8B8A8_UNORM, SHADER(&gpu, flat_frag),
           (VkClearColorValue){.float32 = {0.8f, 0.2f, 0.6f, 0.5f}}, "normalised");
   all_ops(&gpu, VK_FORMAT_R8G8B8A8_UINT, SHADER(&gpu, wide_uint_frag),
           (VkClearColorValue){.uint32 = {0xf0, 0xcc, 0xaa, 0x5a}}, "integers");
   return gpu_close(&gpu);
}
