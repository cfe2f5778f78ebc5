// SPDX-License-Identifier: MIT
//
// Geometry shaders: points that become triangles, several invocations of one, each into a layer of its own, and two
// viewports in every layer.
#include "paint.h"

#include "corners_vert.h"
#include "fan_out_geom.h"
#include "layers_frag.h"

#define SIZE   48
#define LAYERS 4

struct push {
   float place[4], extra[4];
};

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.core.geometryShader = VK_TRUE, .core.multiViewport = VK_TRUE});
   struct canvas canvas =
       canvas_new(&gpu, &(struct canvas_info){.width = SIZE,
                                              .height = SIZE,
                                              .layers = LAYERS,
                                              .count = 1,
                                              .formats = {VK_FORMAT_R8G8B8A8_UNORM},
                                              .depth = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D16_UNORM})});
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, sizeof(struct push), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, corners_vert),
                           .geom = SHADER(&gpu, fan_out_geom),
                           .frag = SHADER(&gpu, layers_frag),
                           .layout = bound.layout,
                           .pass = canvas.pass,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS};
   const VkViewport viewports[2] = {{0, 0, SIZE, SIZE, 0, 1}, {SIZE / 4, SIZE / 2, SIZE / 2, SIZE / 2, 0.5f, 0}};
   const VkRect2D scissors[2] = {{{3, 2}, {SIZE - 5, SIZE - 4}}, {{SIZE / 4, SIZE / 2}, {SIZE / 2, SIZE / 3}}};
   struct pipe pipe;
   pipe_fill(&pipe, &desc);
   pipe.assembly.topology = VK_PRIMITIVE_TOPOLOGY_POINT_LIST;
   pipe.viewport.viewportCount = pipe.viewport.scissorCount = 2;
   VkPipeline pipeline = pipe_new(&gpu, &pipe);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   canvas_begin(cmd, &canvas, &(VkClearColorValue){{0.125f, 0.125f, 0.125f, 1}});
   vkCmdSetViewport(cmd, 0, 2, viewports);
   vkCmdSetScissor(cmd, 0, 2, scissors);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(struct push),
                      &(struct push){{0.25f, 0.625f, -0.75f, -0.5f}, {1}});
   vkCmdDraw(cmd, 6, 2, 0, 1);
   vkCmdEndRenderPass(cmd);
   cmd_submit(&gpu, cmd);
   image_result_all(&gpu, &canvas.color[0], VK_IMAGE_ASPECT_COLOR_BIT, 4, "layers");
   image_result_all(&gpu, &canvas.depth, VK_IMAGE_ASPECT_DEPTH_BIT, 2, "depth-of-layers");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   canvas_free(&gpu, &canvas);
   return gpu_close(&gpu);
}
