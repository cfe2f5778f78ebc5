// SPDX-License-Identifier: MIT
//
// VK_EXT_sample_locations: four samples in places of the program's choice.
#include "paint.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define SIZE    48
#define SAMPLES VK_SAMPLE_COUNT_4_BIT

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.extensions = {VK_EXT_SAMPLE_LOCATIONS_EXTENSION_NAME}});
   VkPhysicalDeviceSampleLocationsPropertiesEXT can = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SAMPLE_LOCATIONS_PROPERTIES_EXT};
   vkGetPhysicalDeviceProperties2(
       gpu.physical, &(VkPhysicalDeviceProperties2){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &can});
   if (!(can.sampleLocationSampleCounts & SAMPLES))
      skip("needs locations of four samples");
   PFN_vkGetPhysicalDeviceMultisamplePropertiesEXT properties =
       (PFN_vkGetPhysicalDeviceMultisamplePropertiesEXT)vkGetInstanceProcAddr(
           gpu.instance, "vkGetPhysicalDeviceMultisamplePropertiesEXT");
   VkMultisamplePropertiesEXT grid = {VK_STRUCTURE_TYPE_MULTISAMPLE_PROPERTIES_EXT};
   properties(gpu.physical, SAMPLES, &grid);
   result(&gpu, "largest-grid", &grid.maxSampleLocationGridSize, sizeof(grid.maxSampleLocationGridSize));
   struct target target = target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, SAMPLES);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   const VkSampleLocationEXT places[4] = {{0.0625f, 0.0625f}, {0.125f, 0.875f}, {0.875f, 0.1875f}, {0.5f, 0.5f}};
   VkPipelineSampleLocationsStateCreateInfoEXT state = {
      VK_STRUCTURE_TYPE_PIPELINE_SAMPLE_LOCATIONS_STATE_CREATE_INFO_EXT, .sampleLocationsEnable = VK_TRUE,
      .sampleLocationsInfo = {VK_STRUCTURE_TYPE_SAMPLE_LOCATIONS_INFO_EXT, NULL, SAMPLES, {1, 1}, 4, places}};
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .samples = SAMPLES,
                           .multisample_next = &state};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t i = 0; i < 4; i++) {
      float x = -0.93f + 0.43f * (float)i;
      quad_draw(cmd, bound.layout, pipeline,
                &(struct quad){
                   {x, -0.97f + x * 0.11f, x + 0.37f, 0.81f + x * 0.13f}, {0, 0, 1, 1}, {1, 0.25f * (float)i, 0, 0}});
   }
   paint_end(&gpu, &target, cmd, "picture");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
