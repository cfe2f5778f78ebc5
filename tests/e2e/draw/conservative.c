// SPDX-License-Identifier: MIT
//
// VK_EXT_conservative_rasterization: whatever is touched is covered, with and without more overestimation, and what is
// covered altogether where the device can tell.
#include "paint.h"

#include "both_frag.h"
#include "corners_vert.h"

#define CELL 48

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.extensions = {VK_EXT_CONSERVATIVE_RASTERIZATION_EXTENSION_NAME}});
   VkPhysicalDeviceConservativeRasterizationPropertiesEXT can = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CONSERVATIVE_RASTERIZATION_PROPERTIES_EXT};
   vkGetPhysicalDeviceProperties2(
       gpu.physical, &(VkPhysicalDeviceProperties2){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &can});
   const VkConservativeRasterizationModeEXT off = VK_CONSERVATIVE_RASTERIZATION_MODE_DISABLED_EXT,
                                            over = VK_CONSERVATIVE_RASTERIZATION_MODE_OVERESTIMATE_EXT,
                                            under = VK_CONSERVATIVE_RASTERIZATION_MODE_UNDERESTIMATE_EXT;
   const VkConservativeRasterizationModeEXT modes[4] = {off, over, over, can.primitiveUnderestimation ? under : off};
   struct target target =
       target_new(&gpu, 4 * CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, corners_vert),
                           .frag = SHADER(&gpu, both_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .keep_modules = true};
   VkPipeline pipelines[4];
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t i = 0; i < 4; i++) {
      VkPipelineRasterizationConservativeStateCreateInfoEXT state = {
         VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_CONSERVATIVE_STATE_CREATE_INFO_EXT,
         .conservativeRasterizationMode = modes[i],
         .extraPrimitiveOverestimationSize = i == 2 ? can.maxExtraPrimitiveOverestimationSize : 0};
      desc.raster_next = &state;
      pipelines[i] = graphics_new(&gpu, &desc);
      view_cell(cmd, i, 4, CELL);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i]);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                         (float[]){0.23f, 0.71f, -0.83f, -0.47f, 1, 0, 0, 0});
      vkCmdDraw(cmd, 6, 1, 0, 0);
   }
   paint_end(&gpu, &target, cmd, "modes");
   for (uint32_t i = 0; i < 4; i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
