// SPDX-License-Identifier: MIT
//
// Mip levels made one from another by blits, with either filter, and how samplers choose among them: bias, clamps,
// gradients, anisotropy; gathers, offsets and queries of the shader.
#include "paint.h"

#include "lookups_frag.h"
#include "quad_vert.h"

#define SIZE    64
#define LEVELS  7
#define CELL    16
#define COLUMNS 8
#define LOOKUPS 16

static struct image texture_new(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = LEVELS,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
   struct image image = image_new(gpu, &info);
   static uint32_t texels[SIZE * SIZE];
   uint32_t seed = 12345;
   for (uint32_t i = 0; i < SIZE * SIZE; i++) {
      uint32_t x = i % SIZE, y = i / SIZE;
      texels[i] = (x * 4) | (y * 4) << 8 | (x / 8 + y / 8) % 2 * 0xff0000 | (random_next(&seed) & 0xff000000);
   }
   image_upload(gpu, &image, texels, sizeof(texels), VK_IMAGE_LAYOUT_GENERAL);
   return image;
}

// Every level out of the one above; the third one is mirrored.
static void make_levels(struct gpu *gpu, const struct image *image, VkFilter filter)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 1; i < LEVELS; i++) {
      int32_t from = SIZE >> (i - 1), to = SIZE >> i;
      VkImageBlit blit = {{VK_IMAGE_ASPECT_COLOR_BIT, i - 1, 0, 1},
                          {{0, 0, 0}, {from, from, 1}},
                          {VK_IMAGE_ASPECT_COLOR_BIT, i, 0, 1},
                          {{0, 0, 0}, {to, to, 1}}};
      if (i == 3) {
         blit.dstOffsets[0].x = to;
         blit.dstOffsets[1].x = 0;
      }
      vkCmdBlitImage(cmd, image->handle, VK_IMAGE_LAYOUT_GENERAL, image->handle, VK_IMAGE_LAYOUT_GENERAL, 1, &blit,
                     filter);
      barrier_all(cmd);
   }
   image_layout(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result_all(gpu, image, VK_IMAGE_ASPECT_COLOR_BIT, 4, filter == VK_FILTER_LINEAR ? "linear" : "nearest");
}

static const struct quad lookups[LOOKUPS] = {{{0}, {0, 0, 1, 1}, {0}},
                                             {{0}, {0, 0, 9, 5}, {0}},
                                             {{0}, {-0.5f, 0, 1.5f, 3}, {1, 1.5f}},
                                             {{0}, {0, 0, 4, 4}, {1, -2}},
                                             {{0}, {0, 0, 1, 1}, {2, 7}},
                                             {{0}, {0, 0, 1, 2}, {2, 3.5f}},
                                             {{0}, {0, 0, 1, 1}, {3, 0.25f, 0.25f}},
                                             {{0}, {0, 0, 1, 1}, {3, 0.5f, 0.03125f}},
                                             {{0}, {0, 0, 1, 1}, {4}},
                                             {{0}, {0, 0, 8, 1}, {4}},
                                             {{0}, {0.2f, 0.1f, 0.9f, 1.1f}, {5}},
                                             {{0}, {0, 0, 0.5f, 0.75f}, {6}},
                                             {{0}, {0, 0, 1, 1}, {7}},
                                             {{0}, {0.5f, 0, 1, 1.5f}, {8}},
                                             {{0}, {0, 0, 1, 1}, {9}},
                                             {{0}, {0, 0, 0.99f, 0.99f}, {10, 3}}};

static void look(struct gpu *gpu, const struct image *image, const VkSamplerCreateInfo *info, const char *name)
{
   struct target target = target_new(gpu, COLUMNS * CELL, LOOKUPS / COLUMNS * CELL, VK_FORMAT_R8G8B8A8_UNORM,
                                     VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   VkSampler sampler;
   VK(vkCreateSampler(gpu->device, info, NULL, &sampler));
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, image->view,
                                                      sampler, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}});
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, lookups_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0, 0, 0, 0});
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound.layout, 0, 1, &bound.set, 0, NULL);
   for (uint32_t i = 0; i < LOOKUPS; i++) {
      struct quad quad = lookups[i];
      memcpy(quad.rect, (float[]){-1, -1, 1, 1}, sizeof(quad.rect));
      view_cell(cmd, i, COLUMNS, CELL);
      quad_draw(cmd, bound.layout, pipeline, &quad);
   }
   paint_end(gpu, &target, cmd, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   vkDestroySampler(gpu->device, sampler, NULL);
   target_free(gpu, &target);
}

static void all_samplers(struct gpu *gpu, const struct image *image)
{
   VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .magFilter = VK_FILTER_LINEAR,
                               .minFilter = VK_FILTER_LINEAR, .mipmapMode = VK_SAMPLER_MIPMAP_MODE_LINEAR,
                               .maxLod = VK_LOD_CLAMP_NONE};
   look(gpu, image, &info, "trilinear");
   info.mipLodBias = -1.25f;
   look(gpu, image, &info, "negative-bias");
   info.mipLodBias = gpu->props.limits.maxSamplerLodBias >= 2 ? 2 : gpu->props.limits.maxSamplerLodBias;
   info.mipmapMode = VK_SAMPLER_MIPMAP_MODE_NEAREST;
   look(gpu, image, &info, "positive-bias");
   info.mipLodBias = 0;
   info.minLod = 1.5f;
   info.maxLod = 3.25f;
   look(gpu, image, &info, "clamped");
   info.minFilter = VK_FILTER_NEAREST;
   info.mipmapMode = VK_SAMPLER_MIPMAP_MODE_LINEAR;
   look(gpu, image, &info, "nearest-when-small");
   info = (VkSamplerCreateInfo){VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .maxLod = VK_LOD_CLAMP_NONE};
   look(gpu, image, &info, "nearest");
   info.magFilter = info.minFilter = VK_FILTER_LINEAR;
   info.anisotropyEnable = VK_TRUE;
   info.maxAnisotropy = gpu->props.limits.maxSamplerAnisotropy >= 4 ? 4 : gpu->props.limits.maxSamplerAnisotropy;
   look(gpu, image, &info, "anisotropic");
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.samplerAnisotropy = VK_TRUE, .core.shaderImageGatherExtended = VK_TRUE});
   if (!(format_features(&gpu, VK_FORMAT_R8G8B8A8_UNORM) & VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT))
      skip("needs linear filtering");
   for (int linear = 0; linear < 2; linear++) {
      struct image image = texture_new(&gpu);
      make_levels(&gpu, &image, linear ? VK_FILTER_LINEAR : VK_FILTER_NEAREST);
      if (linear) {
         VkCommandBuffer cmd = cmd_begin(&gpu);
         image_layout(cmd, &image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
         cmd_submit(&gpu, cmd);
         all_samplers(&gpu, &image);
      }
      image_free(&gpu, &image);
   }
   return gpu_close(&gpu);
}
