// SPDX-License-Identifier: MIT
//
// Views with a smallest level of detail: levels below it are never looked at, fractions between levels included.
#include "paint.h"
#include "scene.h"

#include "lookup_frag.h"
#include "quad_vert.h"

#define LEVELS 4

static struct image levels_new(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {16, 16, 1},
                             .mipLevels = LEVELS,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct image image = image_new(gpu, &info);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   for (uint32_t i = 0; i < LEVELS; i++) {
      const VkImageSubresourceRange one = {VK_IMAGE_ASPECT_COLOR_BIT, i, 1, 0, 1};
      const VkClearColorValue color = {{0.25f * (float)i, 1 - 0.25f * (float)i, i & 1 ? 1.0f : 0, 1}};
      vkCmdClearColorImage(cmd, image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &color, 1, &one);
   }
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   cmd_submit(gpu, cmd);
   return image;
}

static void look(struct gpu *gpu, const struct scene *s, const struct image *image, VkSampler sampler, float lod)
{
   VkImageViewMinLodCreateInfoEXT least = {VK_STRUCTURE_TYPE_IMAGE_VIEW_MIN_LOD_CREATE_INFO_EXT, .minLod = lod};
   VkImageViewCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                 .pNext = &least,
                                 .image = image->handle,
                                 .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                 .format = image->info.format,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, LEVELS, 0, 1}};
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
   quad_draw(cmd, bound.layout, pipeline, &(struct quad){{-1, -1, 1, 1}, {0, 0, 1, 1}, {0}});
   paint_end(gpu, &s->target, cmd, "picture");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   vkDestroyImageView(gpu->device, view, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceImageViewMinLodFeaturesEXT least = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_VIEW_MIN_LOD_FEATURES_EXT, .minLod = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_IMAGE_VIEW_MIN_LOD_EXTENSION_NAME}, .features = {FEATURES(least)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct image image = levels_new(&gpu);
   VkSampler sampler =
       sampler_new(&gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_LINEAR, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   for (float lod = 0; lod <= LEVELS - 1; lod += 0.5f)
      look(&gpu, &scene, &image, sampler, lod);
   vkDestroySampler(gpu.device, sampler, NULL);
   image_free(&gpu, &image);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
