// SPDX-License-Identifier: MIT
//
// Reads and writes out of range, with robustBufferAccess2 and robustImageAccess2: buffers, uniform blocks, images,
// textures, their levels and vertex attributes read as zero, writes go nowhere.
#include "kernel.h"
#include "paint.h"

#include "color_frag.h"
#include "color_vert.h"
#include "out_of_range_comp.h"

#define SIZE 32

static struct image image_filled(struct gpu *gpu, VkImageUsageFlags usage, VkImageLayout layout)
{
   const VkImageUsageFlags transfer = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   struct image image = image_2d(gpu, VK_FORMAT_R32_UINT, 16, 16, usage | transfer);
   uint32_t words[256];
   for (uint32_t i = 0; i < 256; i++)
      words[i] = 1000 + i;
   image_upload(gpu, &image, words, sizeof(words), layout);
   return image;
}

static void shaders(struct gpu *gpu)
{
   struct buffer words = storage_new(gpu, 96), out = storage_new(gpu, 64 * 32);
   struct buffer table = buffer_host(gpu, 256, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   fill_random(&words, 3);
   fill_random(&table, 4);
   struct image image = image_filled(gpu, VK_IMAGE_USAGE_STORAGE_BIT, VK_IMAGE_LAYOUT_GENERAL);
   struct image texture = image_filled(gpu, VK_IMAGE_USAGE_SAMPLED_BIT, VK_IMAGE_LAYOUT_GENERAL);
   VkSampler sampler =
       sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   kernel_run(gpu, &(struct kernel){CODE(out_of_range_comp),
                                    .bindings = {STORAGE(&words),
                                                 UNIFORM(&table),
                                                 STORAGE_IMAGE(image.view),
                                                 {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .view = texture.view,
                                                  .sampler = sampler, .layout = VK_IMAGE_LAYOUT_GENERAL},
                                                 STORAGE(&out)}});
   const uint32_t *seen = out.map;
   EXPECT(seen[8 * 23] != 0 && seen[8 * 24] == 0 && seen[8 * 63] == 0);              // words
   EXPECT(seen[8 * 15 + 1] != 0 && seen[8 * 16 + 1] == 0);                           // rows
   EXPECT(seen[8 * 8 + 2] == 1048 && seen[8 * 7 + 2] == 0 && seen[8 * 24 + 2] == 0); // pixels
   EXPECT(seen[8 * 8 + 3] == 1032 && seen[8 * 7 + 3] == 0 && seen[8 * 24 + 3] == 0); // texels
   result(gpu, "seen", out.map, out.size);
   result(gpu, "words", words.map, words.size);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "image");
   vkDestroySampler(gpu->device, sampler, NULL);
   image_free(gpu, &image);
   image_free(gpu, &texture);
   buffer_free(gpu, &words);
   buffer_free(gpu, &table);
   buffer_free(gpu, &out);
}

// The buffer holds one triangle and a half; what is missing is at the origin, and black.
static void attributes(struct gpu *gpu)
{
   static const float corners[][7] = {{-0.9f, -0.9f, 0.5f, 1, 0, 0, 1},
                                      {0.9f, -0.8f, 0.5f, 0, 1, 0, 1},
                                      {0.1f, 0.9f, 0.5f, 0, 0, 1, 1},
                                      {-0.9f, 0.9f, 0.5f, 1, 1, 0, 1},
                                      {-0.9f, 0.1f, 0.5f, 1, 1, 1, 1}};
   static const VkVertexInputAttributeDescription inputs[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                              {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};
   struct target target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, 1);
   struct buffer vertices = buffer_host(gpu, sizeof(corners), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   memcpy(vertices.map, corners, sizeof(corners));
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .frag = SHADER(gpu, color_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .stride = 28,
                           .attribute_count = 2,
                           .attributes = inputs};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0.2f, 0.2f, 0.2f, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &vertices.handle, (VkDeviceSize[]){0});
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
   vkCmdDraw(cmd, 6, 1, 0, 0);
   vkCmdDraw(cmd, 3, 1, 1000, 0); // nothing but origins
   paint_end(gpu, &target, cmd, "attributes");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &vertices);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceRobustness2FeaturesEXT robust = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT,
                                                    .robustBufferAccess2 = VK_TRUE, .robustImageAccess2 = VK_TRUE};
   struct want want = {.core.robustBufferAccess = VK_TRUE,
                       .extensions = {VK_EXT_ROBUSTNESS_2_EXTENSION_NAME},
                       .features = {FEATURES(robust)}};
   gpu_open(&gpu, argc, argv, &want);
   shaders(&gpu);
   attributes(&gpu);
   return gpu_close(&gpu);
}
