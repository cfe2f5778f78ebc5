// SPDX-License-Identifier: MIT
//
// Samplers that take the least or the greatest of the texels around instead of their mean.
#include "paint.h"

#include "lookup_frag.h"
#include "quad_vert.h"

#define TEXELS 8
#define CELL   32

static const struct {
   VkFormat format;
   uint32_t texel;
} formats[] = {{VK_FORMAT_R8_UNORM, 1},   {VK_FORMAT_R8_SNORM, 1},  {VK_FORMAT_R16_SFLOAT, 2},
               {VK_FORMAT_R32_SFLOAT, 4}, {VK_FORMAT_D16_UNORM, 2}, {VK_FORMAT_D32_SFLOAT, 4}};

static void fill(uint8_t *texels, VkFormat format)
{
   for (uint32_t i = 0; i < TEXELS * TEXELS; i++) {
      uint32_t value = i * 37 % 64; // of 64
      if (format == VK_FORMAT_R32_SFLOAT || format == VK_FORMAT_D32_SFLOAT)
         ((float *)texels)[i] = (float)value / 64;
      else if (format == VK_FORMAT_R16_SFLOAT)
         ((uint16_t *)texels)[i] = (uint16_t)(0x3000 + value * 48);
      else if (format == VK_FORMAT_D16_UNORM)
         ((uint16_t *)texels)[i] = (uint16_t)(value * 1024);
      else
         texels[i] = (uint8_t)(value * (format == VK_FORMAT_R8_UNORM ? 4 : 2));
   }
}

static void run(struct gpu *gpu, VkFormat format, uint32_t texel)
{
   static float texels[TEXELS * TEXELS];
   struct image image =
       image_2d(gpu, format, TEXELS, TEXELS, VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   fill((uint8_t *)texels, format);
   image_upload(gpu, &image, texels, (size_t)TEXELS * TEXELS * texel, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   struct target target =
       target_new(gpu, 2 * CELL, CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   VkShaderModule vert = SHADER(gpu, quad_vert), frag = SHADER(gpu, lookup_frag);
   VkPipeline pipelines[2];
   VkSampler samplers[2];
   struct bound bounds[2];
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 0});
   for (uint32_t i = 0; i < 2; i++) {
      VkSamplerReductionModeCreateInfo mode = {VK_STRUCTURE_TYPE_SAMPLER_REDUCTION_MODE_CREATE_INFO,
                                               .reductionMode =
                                                   i ? VK_SAMPLER_REDUCTION_MODE_MAX : VK_SAMPLER_REDUCTION_MODE_MIN};
      VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .pNext = &mode, .magFilter = VK_FILTER_LINEAR,
                                  .minFilter = VK_FILTER_LINEAR};
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
      view_cell(cmd, i, 2, CELL);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bounds[i].layout, 0, 1, &bounds[i].set, 0, NULL);
      quad_draw(cmd, bounds[i].layout, pipelines[i], &(struct quad){{-1, -1, 1, 1}, {0, 0, 1, 1}, {0}});
   }
   paint_end(gpu, &target, cmd, "least-and-greatest");
   for (uint32_t i = 0; i < 2; i++) {
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
   gpu_open(&gpu, argc, argv, &(struct want){.v12.samplerFilterMinmax = VK_TRUE});
   for (uint32_t i = 0; i < COUNT(formats); i++) {
      VkFormatFeatureFlags features = format_features(&gpu, formats[i].format);
      result_text(&gpu, "format", "%d: %#x", (int)formats[i].format, features);
      if (features & VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_MINMAX_BIT &&
          features & VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT && features & VK_FORMAT_FEATURE_TRANSFER_DST_BIT)
         run(&gpu, formats[i].format, formats[i].texel);
   }
   return gpu_close(&gpu);
}
