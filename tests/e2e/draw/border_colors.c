// SPDX-License-Identifier: MIT
//
// VK_EXT_custom_border_color: borders of any colour, with and without the format named, of floats and of integers.
#include "paint.h"

#include "lookup_frag.h"
#include "lookup_int_frag.h"
#include "quad_vert.h"

#define TEXELS   2
#define CELL     16
#define SAMPLERS 4

static void run(struct gpu *gpu, VkFormat format, bool integers, VkShaderModule frag, const char *name)
{
   static const uint32_t texels[TEXELS * TEXELS] = {0x10203040, 0x7f00017f, 0x007f7f01, 0x01020304};
   static const float floats[SAMPLERS][4] = {
      {0.25f, 0.5f, 0.75f, 1}, {1, 0, 0.5f, 0.25f}, {0, 0, 0, 0.5f}, {1, 1, 1, 1}};
   static const int32_t ints[SAMPLERS][4] = {{10, 20, 30, 40}, {-1, 100, 0, 127}, {127, 1, 60, 0}, {90, 80, 70, 60}};
   struct image image =
       image_2d(gpu, format, TEXELS, TEXELS, VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   image_upload(gpu, &image, texels, sizeof(texels), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   struct target target =
       target_new(gpu, SAMPLERS * CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   VkShaderModule vert = SHADER(gpu, quad_vert);
   VkPipeline pipelines[SAMPLERS];
   VkSampler samplers[SAMPLERS];
   struct bound bounds[SAMPLERS];
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 0});
   for (uint32_t i = 0; i < SAMPLERS; i++) {
      VkSamplerCustomBorderColorCreateInfoEXT custom = {VK_STRUCTURE_TYPE_SAMPLER_CUSTOM_BORDER_COLOR_CREATE_INFO_EXT,
                                                        .format = i % 2 ? VK_FORMAT_UNDEFINED : format};
      memcpy(&custom.customBorderColor, integers ? (const void *)ints[i] : floats[i], sizeof(custom.customBorderColor));
      VkFilter filter = integers || i < 2 ? VK_FILTER_NEAREST : VK_FILTER_LINEAR;
      VkSamplerAddressMode border = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER;
      VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                  .pNext = &custom,
                                  .magFilter = filter,
                                  .minFilter = filter,
                                  .addressModeU = border,
                                  .addressModeV = border,
                                  .addressModeW = border,
                                  .borderColor =
                                      integers ? VK_BORDER_COLOR_INT_CUSTOM_EXT : VK_BORDER_COLOR_FLOAT_CUSTOM_EXT};
      VK(vkCreateSampler(gpu->device, &info, NULL, &samplers[i]));
      bounds[i] = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 1,
                            (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, image.view,
                                                samplers[i], VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}});
      struct graphics desc = {.vert = vert,
                              .frag = frag,
                              .layout = bounds[i].layout,
                              .pass = target.pass,
                              .strip = true,
                              .keep_modules = true};
      pipelines[i] = graphics_new(gpu, &desc);
      view_cell(cmd, i, SAMPLERS, CELL);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bounds[i].layout, 0, 1, &bounds[i].set, 0, NULL);
      quad_draw(cmd, bounds[i].layout, pipelines[i], &(struct quad){{-1, -1, 1, 1}, {-0.5f, -0.5f, 1.5f, 1.5f}, {0}});
   }
   paint_end(gpu, &target, cmd, name);
   for (uint32_t i = 0; i < SAMPLERS; i++) {
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
      vkDestroySampler(gpu->device, samplers[i], NULL);
      bound_free(gpu, &bounds[i]);
   }
   vkDestroyShaderModule(gpu->device, vert, NULL);
   vkDestroyShaderModule(gpu->device, frag, NULL);
   target_free(gpu, &target);
   image_free(gpu, &image);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceCustomBorderColorFeaturesEXT custom = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CUSTOM_BORDER_COLOR_FEATURES_EXT, .customBorderColors = VK_TRUE,
      .customBorderColorWithoutFormat = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.extensions = {VK_EXT_CUSTOM_BORDER_COLOR_EXTENSION_NAME}, .features = {FEATURES(custom)}});
   run(&gpu, VK_FORMAT_R8G8B8A8_UNORM, false, SHADER(&gpu, lookup_frag), "floats");
   run(&gpu, VK_FORMAT_R8G8B8A8_SINT, true, SHADER(&gpu, lookup_int_frag), "integers");
   return gpu_close(&gpu);
}
