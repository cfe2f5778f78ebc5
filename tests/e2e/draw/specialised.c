// SPDX-License-Identifier: MIT
//
// Specialisation constants of every type in graphics pipelines, pipelines derived from another, several made by one
// call, and push constants of which every stage has its own part.
#include "paint.h"

#include "special_frag.h"
#include "special_vert.h"

#define CELL      32
#define PIPELINES 6

struct constants {
   int32_t columns;
   float size;
   uint32_t steps;
   float shade;
   VkBool32 mirrored;
   uint32_t rows;
};

static const struct constants values[PIPELINES] = {
   {1, 1, 1, 0.5f, VK_FALSE, 2},         {4, 0.1875f, 7, 1, VK_FALSE, 1}, {3, 0.25f, 3, 0.75f, VK_TRUE, 3},
   {2, 0.125f, 100, 0.125f, VK_TRUE, 5}, {8, 0.5f, 2, 2, VK_FALSE, 4},    {5, 0.0625f, 5, 0.875f, VK_TRUE, 2}};

// Not in the order of the numbers, and the last pipelines leave some of them at their defaults.
static const VkSpecializationMapEntry entries[] = {
   {3, offsetof(struct constants, shade), 4},    {0, offsetof(struct constants, columns), 4},
   {4, offsetof(struct constants, mirrored), 4}, {2, offsetof(struct constants, steps), 4},
   {7, offsetof(struct constants, rows), 4},     {1, offsetof(struct constants, size), 4}};

static VkPipelineLayout layout_new(struct gpu *gpu)
{
   const VkPushConstantRange ranges[2] = {{VK_SHADER_STAGE_VERTEX_BIT, 0, 16}, {VK_SHADER_STAGE_FRAGMENT_BIT, 16, 48}};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .pushConstantRangeCount = 2,
                                      .pPushConstantRanges = ranges};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

// The first may have descendants; the second derives from it by its place in the same call, a later one by handle.
static void pipelines_new(struct gpu *gpu, const struct graphics *desc, VkPipeline out[PIPELINES])
{
   static struct pipe pipes[PIPELINES];
   VkSpecializationInfo specs[PIPELINES];
   VkGraphicsPipelineCreateInfo infos[PIPELINES];
   for (uint32_t i = 0; i < PIPELINES; i++) {
      specs[i] = (VkSpecializationInfo){i < 4 ? COUNT(entries) : 3, entries, sizeof(values[i]), &values[i]};
      struct graphics own = *desc;
      own.spec = &specs[i];
      pipe_fill(&pipes[i], &own);
      infos[i] = pipes[i].info;
      infos[i].basePipelineIndex = -1;
   }
   infos[0].flags = VK_PIPELINE_CREATE_ALLOW_DERIVATIVES_BIT;
   infos[1].flags = VK_PIPELINE_CREATE_DERIVATIVE_BIT;
   infos[1].basePipelineIndex = 0;
   VK(vkCreateGraphicsPipelines(gpu->device, VK_NULL_HANDLE, 3, infos, NULL, out));
   infos[3].flags = VK_PIPELINE_CREATE_DERIVATIVE_BIT;
   infos[3].basePipelineHandle = out[0];
   infos[4].flags = VK_PIPELINE_CREATE_DISABLE_OPTIMIZATION_BIT;
   VK(vkCreateGraphicsPipelines(gpu->device, VK_NULL_HANDLE, 3, infos + 3, NULL, out + 3));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct target target =
       target_new(&gpu, 3 * CELL, 2 * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   VkPipelineLayout layout = layout_new(&gpu);
   struct graphics desc = {.vert = SHADER(&gpu, special_vert),
                           .frag = SHADER(&gpu, special_frag),
                           .layout = layout,
                           .pass = target.pass,
                           .strip = true,
                           .keep_modules = true};
   VkPipeline pipelines[PIPELINES];
   pipelines_new(&gpu, &desc, pipelines);
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   const float more[12] = {0, 0, 1, 0.5f, 1, 1, 1, 1, 0.25f, 0, 0.125f, 0};
   vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_FRAGMENT_BIT, 16, 48, more);
   for (uint32_t i = 0; i < PIPELINES; i++) {
      view_cell(cmd, i, 3, CELL);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i]);
      vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){-0.9f, -0.9f, 1.5f, 1.25f});
      vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_FRAGMENT_BIT, 24, 4, &(float){0.125f * (float)i});
      vkCmdDraw(cmd, 4, 6, 0, 0);
   }
   paint_end(&gpu, &target, cmd, "pipelines");
   for (uint32_t i = 0; i < PIPELINES; i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   vkDestroyPipelineLayout(gpu.device, layout, NULL);
   modules_free(&gpu, &desc);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
