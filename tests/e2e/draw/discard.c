// SPDX-License-Identifier: MIT
//
// Fragments that are left out: discarded, demoted to helpers, failed early and late, and depths that a shader writes;
// derivatives next to them, and how many fragments each kind of test lets run.
#include "paint.h"

#include "discard_frag.h"
#include "early_frag.h"
#include "late_frag.h"
#include "slope_vert.h"

#define CELL  32
#define KINDS 4

static void patterns(struct gpu *gpu, VkFormat depth)
{
   struct target target = target_new(gpu, KINDS * CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, depth, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, slope_vert),
                           .frag = SHADER(gpu, discard_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t i = 0; i < KINDS; i++) {
      view_cell(cmd, i, KINDS, CELL);
      quad_draw(cmd, bound.layout, pipeline,
                &(struct quad){{-0.875f, -0.875f, 0.875f, 0.75f}, {0, 0, 1, 1}, {(float)i, 1, 0.25f, 0.75f}});
      quad_draw(cmd, bound.layout, pipeline,
                &(struct quad){{-0.5f, -0.5f, 1, 1}, {0, 0, 1, 1}, {(float)i, 0.25f, 0.5f, 0.5f}});
   }
   paint_end(gpu, &target, cmd, "patterns");
   depth_result(gpu, &target.depth, "depth");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

// The second quad is hidden in part. Early tests let only visible fragments run; late ones all of them.
static void counted(struct gpu *gpu, VkFormat depth, VkShaderModule frag, const char *name)
{
   struct target target = target_new(gpu, CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, depth, VK_SAMPLE_COUNT_1_BIT);
   struct buffer count = buffer_host(gpu, 16, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &count}});
   struct graphics desc = {.vert = SHADER(gpu, slope_vert),
                           .frag = frag,
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 1});
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound.layout, 0, 1, &bound.set, 0, NULL);
   quad_draw(cmd, bound.layout, pipeline, &(struct quad){{-1, -1, 0.5f, 0.5f}, {0, 0, 1, 1}, {1, 0, 0.25f, 0.25f}});
   quad_draw(cmd, bound.layout, pipeline, &(struct quad){{-0.5f, -0.5f, 1, 1}, {0, 0, 1, 1}, {0, 0, 0.75f, 0.75f}});
   paint_end(gpu, &target, cmd, name);
   depth_result(gpu, &target.depth, name);
   result(gpu, "fragments", count.map, count.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &count);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.fragmentStoresAndAtomics = VK_TRUE, .v13.shaderDemoteToHelperInvocation = VK_TRUE});
   VkFormat depth = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   patterns(&gpu, depth);
   counted(&gpu, depth, SHADER(&gpu, early_frag), "early");
   counted(&gpu, depth, SHADER(&gpu, late_frag), "late");
   return gpu_close(&gpu);
}
