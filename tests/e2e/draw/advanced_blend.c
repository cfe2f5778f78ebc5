// SPDX-License-Identifier: MIT
//
// VK_EXT_blend_operation_advanced: every operation that goes beyond factors, on one attachment.
#include "paint.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define CELL    8
#define COLUMNS 8

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceBlendOperationAdvancedFeaturesEXT advanced = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BLEND_OPERATION_ADVANCED_FEATURES_EXT};
   gpu_open(&gpu, argc, argv,
            &(struct want){.extensions = {VK_EXT_BLEND_OPERATION_ADVANCED_EXTENSION_NAME},
                           .features = {FEATURES(advanced)}});
   VkPhysicalDeviceBlendOperationAdvancedPropertiesEXT can = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BLEND_OPERATION_ADVANCED_PROPERTIES_EXT};
   vkGetPhysicalDeviceProperties2(
       gpu.physical, &(VkPhysicalDeviceProperties2){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &can});
   const int first = VK_BLEND_OP_ZERO_EXT,
             last = can.advancedBlendAllOperations ? VK_BLEND_OP_BLUE_EXT : VK_BLEND_OP_HSL_LUMINOSITY_EXT;
   struct target target = target_new(&gpu, COLUMNS * CELL, COLUMNS * CELL, VK_FORMAT_R8G8B8A8_UNORM,
                                     VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .blend = true};
   VkPipeline pipelines[COLUMNS * COLUMNS] = {0};
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0.5f, 0.25f, 0.125f, 0.75f});
   for (int op = first; op <= last; op++) {
      uint32_t i = (uint32_t)(op - first);
      struct pipe pipe;
      pipe_fill(&pipe, &desc);
      pipe.attachments[0].colorBlendOp = pipe.attachments[0].alphaBlendOp = (VkBlendOp)op;
      VkPipelineColorBlendAdvancedStateCreateInfoEXT state = {
         VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_ADVANCED_STATE_CREATE_INFO_EXT, .srcPremultiplied = VK_TRUE,
         .dstPremultiplied = VK_TRUE, .blendOverlap = VK_BLEND_OVERLAP_UNCORRELATED_EXT};
      pipe.blend.pNext = &state;
      pipelines[i] = pipe_new(&gpu, &pipe);
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, bound.layout, pipelines[i],
                &(struct quad){{-1, -1, 0.75f, 0.75f}, {0, 0, 1, 1}, {0.125f, 0.375f, 0.5f, 0}});
   }
   paint_end(&gpu, &target, cmd, "operations");
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
