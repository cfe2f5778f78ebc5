// SPDX-License-Identifier: MIT
//
// Fragment shading rates: every rate the device lists, set per draw as dynamic state; the colour depends on where a
// fragment lies.
#include "paint.h"
#include "scene.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define MAX_RATES 32

static void draw(struct gpu *gpu, const struct scene *s, VkPipelineLayout layout, VkPipeline pipeline, VkExtent2D rate)
{
   PROC(gpu, vkCmdSetFragmentShadingRateKHR);
   static const VkFragmentShadingRateCombinerOpKHR keep[2] = {VK_FRAGMENT_SHADING_RATE_COMBINER_OP_KEEP_KHR,
                                                              VK_FRAGMENT_SHADING_RATE_COMBINER_OP_KEEP_KHR};
   char name[32];
   snprintf(name, sizeof(name), "rate-%ux%u", rate.width, rate.height);
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, (float[]){0, 0, 0, 1});
   vkCmdSetFragmentShadingRateKHR_(cmd, &rate, keep);
   quad_draw(cmd, layout, pipeline, &(struct quad){{-0.8f, -0.7f, 0.9f, 0.6f}, {0, 0, 1, 1}, {0.3f, 0.6f, 0.9f, 0}});
   paint_end(gpu, &s->target, cmd, name);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceFragmentShadingRateFeaturesKHR shading = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FRAGMENT_SHADING_RATE_FEATURES_KHR, .pipelineFragmentShadingRate = VK_TRUE};
   struct want want = {.extensions = {VK_KHR_FRAGMENT_SHADING_RATE_EXTENSION_NAME}, .features = {FEATURES(shading)}};
   gpu_open(&gpu, argc, argv, &want);
   PFN_vkGetPhysicalDeviceFragmentShadingRatesKHR rates_of =
       (PFN_vkGetPhysicalDeviceFragmentShadingRatesKHR)vkGetInstanceProcAddr(
           gpu.instance, "vkGetPhysicalDeviceFragmentShadingRatesKHR");
   VkPhysicalDeviceFragmentShadingRateKHR rates[MAX_RATES];
   uint32_t count = COUNT(rates);
   for (uint32_t i = 0; i < count; i++)
      rates[i] = (VkPhysicalDeviceFragmentShadingRateKHR){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FRAGMENT_SHADING_RATE_KHR};
   VK(rates_of(gpu.physical, &count, rates));
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = scene.target.pass,
                           .strip = true,
                           .dynamic_count = 1,
                           .dynamic = &(VkDynamicState){VK_DYNAMIC_STATE_FRAGMENT_SHADING_RATE_KHR}};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   for (uint32_t i = 0; i < count; i++) {
      result(&gpu, "samples", &rates[i].sampleCounts, sizeof(rates[i].sampleCounts));
      if (rates[i].sampleCounts & VK_SAMPLE_COUNT_1_BIT)
         draw(&gpu, &scene, bound.layout, pipeline, rates[i].fragmentSize);
   }
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
