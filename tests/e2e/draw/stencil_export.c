// SPDX-License-Identifier: MIT
//
// VK_EXT_shader_stencil_export: every fragment has a stencil reference of its own.
#include "paint.h"

#include "quad_vert.h"
#include "stencil_frag.h"

#define SIZE 32

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.extensions = {VK_EXT_SHADER_STENCIL_EXPORT_EXTENSION_NAME}});
   VkFormat depth = depth_format(&gpu, 2, (VkFormat[]){VK_FORMAT_D32_SFLOAT_S8_UINT, VK_FORMAT_D24_UNORM_S8_UINT});
   struct target target = target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, depth, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, stencil_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .stencil = true,
                           .keep_modules = true,
                           .stencil_op = {.failOp = VK_STENCIL_OP_INVERT,
                                          .passOp = VK_STENCIL_OP_REPLACE,
                                          .compareOp = VK_COMPARE_OP_ALWAYS,
                                          .compareMask = 0xff,
                                          .writeMask = 0xff}};
   VkPipeline replace = graphics_new(&gpu, &desc);
   desc.stencil_op.compareOp = VK_COMPARE_OP_GREATER;
   VkPipeline compare = graphics_new(&gpu, &desc);
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   quad_draw(cmd, bound.layout, replace, &(struct quad){{-1, -1, 0.75f, 1}, {0, 0, 1, 1}, {5, 0.25f, 0, 0}});
   quad_draw(cmd, bound.layout, compare, &(struct quad){{-0.5f, -0.5f, 1, 0.5f}, {0, 0, 1, 1}, {7, 0.75f, 0, 0}});
   paint_end(&gpu, &target, cmd, "color");
   image_result(&gpu, &target.depth, VK_IMAGE_ASPECT_STENCIL_BIT, 1, "stencil");
   vkDestroyPipeline(gpu.device, replace, NULL);
   vkDestroyPipeline(gpu.device, compare, NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
