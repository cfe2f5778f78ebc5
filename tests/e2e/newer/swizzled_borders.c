// SPDX-License-Identifier: MIT
//
// Borders of textures whose channels are swizzled: fixed and custom colours, told to the sampler beforehand.
#include "paint.h"
#include "scene.h"

#include "lookup_frag.h"
#include "quad_vert.h"

static const VkComponentMapping swizzles[] = {
   {VK_COMPONENT_SWIZZLE_IDENTITY, VK_COMPONENT_SWIZZLE_IDENTITY, VK_COMPONENT_SWIZZLE_IDENTITY,
    VK_COMPONENT_SWIZZLE_IDENTITY},
   {VK_COMPONENT_SWIZZLE_B, VK_COMPONENT_SWIZZLE_G, VK_COMPONENT_SWIZZLE_R, VK_COMPONENT_SWIZZLE_ONE},
   {VK_COMPONENT_SWIZZLE_A, VK_COMPONENT_SWIZZLE_ZERO, VK_COMPONENT_SWIZZLE_G, VK_COMPONENT_SWIZZLE_R}};

static VkSampler border_sampler(struct gpu *gpu, const VkComponentMapping *mapping, VkBorderColor color)
{
   VkSamplerCustomBorderColorCreateInfoEXT custom = {VK_STRUCTURE_TYPE_SAMPLER_CUSTOM_BORDER_COLOR_CREATE_INFO_EXT,
                                                     .customBorderColor.float32 = {0.25f, 0.5f, 0.75f, 1},
                                                     .format = VK_FORMAT_R8G8B8A8_UNORM};
   VkSamplerBorderColorComponentMappingCreateInfoEXT swizzle = {
      VK_STRUCTURE_TYPE_SAMPLER_BORDER_COLOR_COMPONENT_MAPPING_CREATE_INFO_EXT,
      .pNext = color == VK_BORDER_COLOR_FLOAT_CUSTOM_EXT ? &custom : NULL, .components = *mapping};
   VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                               .pNext = &swizzle,
                               .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                               .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                               .addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                               .borderColor = color};
   VkSampler sampler;
   VK(vkCreateSampler(gpu->device, &info, NULL, &sampler));
   return sampler;
}

static void look(struct gpu *gpu, const struct scene *s, const struct image *texture, const VkComponentMapping *mapping,
                 VkBorderColor color, const char *name)
{
   VkSampler sampler = border_sampler(gpu, mapping, color);
   VkImageViewCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                 .image = texture->handle,
                                 .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                 .format = texture->info.format,
                                 .components = *mapping,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   VkImageView view;
   VK(vkCreateImageView(gpu->device, &info, NULL, &view));
   struct bound bound =
       bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 1,
                 (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .view = view, .sampler = sampler,
                                     .layout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}});
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, lookup_frag),
                           .layout = bound.layout,
                           .pass = s->target.pass,
                           .strip = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, (float[]){0, 0, 0, 1});
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound.layout, 0, 1, &bound.set, 0, NULL);
   quad_draw(cmd, bound.layout, pipeline, &(struct quad){{-1, -1, 1, 1}, {-0.5f, -0.5f, 1.5f, 1.5f}, {0}});
   paint_end(gpu, &s->target, cmd, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   vkDestroyImageView(gpu->device, view, NULL);
   vkDestroySampler(gpu->device, sampler, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceBorderColorSwizzleFeaturesEXT swizzle = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BORDER_COLOR_SWIZZLE_FEATURES_EXT, .borderColorSwizzle = VK_TRUE};
   VkPhysicalDeviceCustomBorderColorFeaturesEXT custom = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CUSTOM_BORDER_COLOR_FEATURES_EXT, .customBorderColors = VK_TRUE};
   struct want want = {
      .extensions = {VK_EXT_BORDER_COLOR_SWIZZLE_EXTENSION_NAME, VK_EXT_CUSTOM_BORDER_COLOR_EXTENSION_NAME},
      .features = {FEATURES(swizzle), FEATURES(custom)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct image texture =
       image_2d(&gpu, VK_FORMAT_R8G8B8A8_UNORM, 8, 8, VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   uint32_t texels[64], seed = 6;
   for (uint32_t i = 0; i < 64; i++)
      texels[i] = random_next(&seed);
   image_upload(&gpu, &texture, texels, sizeof(texels), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   for (size_t i = 0; i < COUNT(swizzles); i++) {
      look(&gpu, &scene, &texture, &swizzles[i], VK_BORDER_COLOR_FLOAT_OPAQUE_BLACK, "black");
      look(&gpu, &scene, &texture, &swizzles[i], VK_BORDER_COLOR_FLOAT_CUSTOM_EXT, "custom");
   }
   image_free(&gpu, &texture);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
