// SPDX-License-Identifier: MIT
//
// VK_KHR_fragment_shader_barycentric: the corners' colours and the weights, mixed by the fragment shader itself.
#include "paint.h"

#include "barycentric_frag.h"
#include "corners_vert.h"

#define SIZE 64

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceFragmentShaderBarycentricFeaturesKHR weights = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FRAGMENT_SHADER_BARYCENTRIC_FEATURES_KHR, .fragmentShaderBarycentric = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.extensions = {VK_KHR_FRAGMENT_SHADER_BARYCENTRIC_EXTENSION_NAME},
                           .features = {FEATURES(weights)}});
   struct target target =
       target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, corners_vert),
                           .frag = SHADER(&gpu, barycentric_frag),
                           .layout = bound.layout,
                           .pass = target.pass};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                      (float[]){0.31f, 1.1f, -0.87f, -0.53f, 1, 0, 0, 0});
   vkCmdDraw(cmd, 6, 1, 0, 0);
   paint_end(&gpu, &target, cmd, "weights");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
