// SPDX-License-Identifier: MIT
//
// VK_EXT_non_seamless_cube_map: a cube of few texels filtered over its edges, and up to its edges only.
#include "paint.h"

#include "cube_edge_frag.h"
#include "quad_vert.h"

#define TEXELS 2
#define CELL   32

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceNonSeamlessCubeMapFeaturesEXT seams = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_NON_SEAMLESS_CUBE_MAP_FEATURES_EXT, .nonSeamlessCubeMap = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.extensions = {VK_EXT_NON_SEAMLESS_CUBE_MAP_EXTENSION_NAME}, .features = {FEATURES(seams)}});
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {TEXELS, TEXELS, 1},
                             .mipLevels = 1,
                             .arrayLayers = 6,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct image cube = image_new(&gpu, &info);
   uint32_t texels[6 * TEXELS * TEXELS], seed = 99;
   for (uint32_t i = 0; i < COUNT(texels); i++)
      texels[i] = random_next(&seed) | 0xff000000;
   image_upload(&gpu, &cube, texels, sizeof(texels), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   struct target target =
       target_new(&gpu, 2 * CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bounds[2];
   VkSampler samplers[2];
   VkPipeline pipelines[2];
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 0});
   for (uint32_t i = 0; i < 2; i++) {
      VkSamplerAddressMode edge = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
      VkSamplerCreateInfo sampler = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                     .flags = i ? VK_SAMPLER_CREATE_NON_SEAMLESS_CUBE_MAP_BIT_EXT : 0,
                                     .magFilter = VK_FILTER_LINEAR,
                                     .minFilter = VK_FILTER_LINEAR,
                                     .addressModeU = edge,
                                     .addressModeV = edge,
                                     .addressModeW = edge};
      VK(vkCreateSampler(gpu.device, &sampler, NULL, &samplers[i]));
      bounds[i] = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 1,
                            (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, cube.view, samplers[i],
                                                VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}});
      struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                              .frag = SHADER(&gpu, cube_edge_frag),
                              .layout = bounds[i].layout,
                              .pass = target.pass,
                              .strip = true};
      pipelines[i] = graphics_new(&gpu, &desc);
      view_cell(cmd, i, 2, CELL);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bounds[i].layout, 0, 1, &bounds[i].set, 0, NULL);
      quad_draw(cmd, bounds[i].layout, pipelines[i],
                &(struct quad){{-1, -1, 1, 1}, {-0.5f, -0.5f, 1.5f, 1.5f}, {0.75f}});
   }
   paint_end(&gpu, &target, cmd, "seamless-and-not");
   for (uint32_t i = 0; i < 2; i++) {
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
      vkDestroySampler(gpu.device, samplers[i], NULL);
      bound_free(&gpu, &bounds[i]);
   }
   target_free(&gpu, &target);
   image_free(&gpu, &cube);
   return gpu_close(&gpu);
}
