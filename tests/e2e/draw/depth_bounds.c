// SPDX-License-Identifier: MIT
//
// The depth bounds test, which looks at the depth that is there already: bounds in the pipeline and set by command.
#include "paint.h"

#include "flat_frag.h"
#include "slope_vert.h"

#define SIZE 64

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.depthBounds = VK_TRUE});
   VkFormat format = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   struct target target = target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, format, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, slope_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_ALWAYS};
   VkPipeline pipelines[3];
   for (int i = 0; i < 3; i++) {
      struct pipe pipe;
      pipe_fill(&pipe, &desc);
      pipe.depth.depthBoundsTestEnable = i > 0;
      pipe.depth.depthWriteEnable = i == 0;
      pipe.depth.minDepthBounds = 0.25f;
      pipe.depth.maxDepthBounds = 0.5f;
      if (i == 2)
         pipe_dynamic(&pipe, 1, (VkDynamicState[]){VK_DYNAMIC_STATE_DEPTH_BOUNDS});
      pipelines[i] = pipe_new(&gpu, &pipe);
   }
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   quad_draw(cmd, bound.layout, pipelines[0], &(struct quad){{-1, -1, 1, 1}, {0, 0, 1, 1}, {0, 0.25f, 0, 1}});
   quad_draw(cmd, bound.layout, pipelines[1], &(struct quad){{-1, -1, 1, 0}, {0, 0, 1, 1}, {1, 0, 0.5f, 0.5f}});
   vkCmdSetDepthBounds(cmd, 0.375f, 0.875f);
   quad_draw(cmd, bound.layout, pipelines[2], &(struct quad){{-1, 0, 1, 1}, {0, 0, 1, 1}, {1, 1, 0.25f, 0.5f}});
   paint_end(&gpu, &target, cmd, "color");
   depth_result(&gpu, &target.depth, "depth");
   for (int i = 0; i < 3; i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
