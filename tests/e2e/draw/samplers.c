// SPDX-License-Identifier: MIT
//
// Samplers on a small texture that is looked at from far outside: every address mode with every border colour and both
// filters, unnormalised coordinates, and every depth comparison.
#include "paint.h"

#include "compare_frag.h"
#include "lookup_frag.h"
#include "quad_vert.h"

#define TEXELS  4
#define CELL    16
#define COLUMNS 8

static const VkSamplerAddressMode modes[] = {
   VK_SAMPLER_ADDRESS_MODE_REPEAT, VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
   VK_SAMPLER_ADDRESS_MODE_MIRROR_CLAMP_TO_EDGE, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER};
static const VkBorderColor borders[] = {VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK, VK_BORDER_COLOR_FLOAT_OPAQUE_BLACK,
                                        VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE};

struct scene {
   struct target target;
   struct image texture;
   VkPipeline pipelines[32];
   VkSampler samplers[32];
   struct bound bounds[32];
   uint32_t count;
};

static void scene_free(struct gpu *gpu, struct scene *s)
{
   for (uint32_t i = 0; i < s->count; i++) {
      vkDestroyPipeline(gpu->device, s->pipelines[i], NULL);
      vkDestroySampler(gpu->device, s->samplers[i], NULL);
      bound_free(gpu, &s->bounds[i]);
   }
   s->count = 0;
}

static void cell(struct gpu *gpu, struct scene *s, VkCommandBuffer cmd, const VkSamplerCreateInfo *info,
                 VkShaderModule vert, VkShaderModule frag, const struct quad *quad)
{
   uint32_t i = s->count++;
   EXPECT(s->count <= COUNT(s->samplers));
   VK(vkCreateSampler(gpu->device, info, NULL, &s->samplers[i]));
   s->bounds[i] = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 1,
                            (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, s->texture.view,
                                                s->samplers[i], VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}});
   struct graphics desc = {.vert = vert,
                           .frag = frag,
                           .layout = s->bounds[i].layout,
                           .pass = s->target.pass,
                           .strip = true,
                           .keep_modules = true};
   s->pipelines[i] = graphics_new(gpu, &desc);
   view_cell(cmd, i, COLUMNS, CELL);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->bounds[i].layout, 0, 1, &s->bounds[i].set, 0, NULL);
   quad_draw(cmd, s->bounds[i].layout, s->pipelines[i], quad);
}

// u and v have different modes, too.
static void address_modes(struct gpu *gpu, struct scene *s, VkFilter filter, const char *name)
{
   const struct quad quad = {{-1, -1, 1, 1}, {-1.25f, -1.75f, 2.25f, 2.75f}, {0}};
   VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .magFilter = filter, .minFilter = filter};
   VkShaderModule vert = SHADER(gpu, quad_vert), frag = SHADER(gpu, lookup_frag);
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, (float[]){0, 0, 0, 0});
   for (uint32_t i = 0; i < COUNT(modes) * COUNT(borders); i++) {
      info.addressModeU = modes[i % COUNT(modes)];
      info.addressModeV = modes[(i + i / COUNT(modes)) % COUNT(modes)];
      info.borderColor = borders[i / COUNT(modes)];
      cell(gpu, s, cmd, &info, vert, frag, &quad);
   }
   info = (VkSamplerCreateInfo){VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                .magFilter = filter,
                                .minFilter = filter,
                                .addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER,
                                .borderColor = VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE,
                                .unnormalizedCoordinates = VK_TRUE};
   cell(gpu, s, cmd, &info, vert, frag, &(struct quad){{-1, -1, 1, 1}, {-2, -2, 6, 6}, {0}});
   paint_end(gpu, &s->target, cmd, name);
   vkDestroyShaderModule(gpu->device, vert, NULL);
   vkDestroyShaderModule(gpu->device, frag, NULL);
   scene_free(gpu, s);
}

static void comparisons(struct gpu *gpu, struct scene *s)
{
   VkShaderModule vert = SHADER(gpu, quad_vert), frag = SHADER(gpu, compare_frag);
   bool linear = format_features(gpu, s->texture.info.format) & VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT;
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, (float[]){0, 0, 0, 0});
   for (uint32_t i = 0; i < 16; i++) {
      VkFilter filter = linear && i & 8 ? VK_FILTER_LINEAR : VK_FILTER_NEAREST;
      VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .magFilter = filter, .minFilter = filter,
                                  .compareEnable = VK_TRUE, .compareOp = (VkCompareOp)(i % 8)};
      cell(gpu, s, cmd, &info, vert, frag, &(struct quad){{-1, -1, 1, 1}, {-0.5f, 0, 1, 2}, {0.5f}});
   }
   paint_end(gpu, &s->target, cmd, "comparisons");
   vkDestroyShaderModule(gpu->device, vert, NULL);
   vkDestroyShaderModule(gpu->device, frag, NULL);
   scene_free(gpu, s);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   static uint32_t colors[TEXELS * TEXELS];
   static float depths[TEXELS * TEXELS];
   for (uint32_t i = 0; i < TEXELS * TEXELS; i++) {
      colors[i] = (i % TEXELS * 80) | (i / TEXELS * 80) << 8 | (i % 2 ? 0xff0000 : 0) | (255 - i * 10) << 24;
      depths[i] = (float)(i * 5 % 9) / 8;
   }
   gpu_open(&gpu, argc, argv, &(struct want){.v12.samplerMirrorClampToEdge = VK_TRUE});
   struct scene s = {.target = target_new(&gpu, COLUMNS * CELL, 2 * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED,
                                          VK_SAMPLE_COUNT_1_BIT),
                     .texture = image_2d(&gpu, VK_FORMAT_R8G8B8A8_UNORM, TEXELS, TEXELS, usage)};
   image_upload(&gpu, &s.texture, colors, sizeof(colors), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   address_modes(&gpu, &s, VK_FILTER_NEAREST, "address-modes-nearest");
   address_modes(&gpu, &s, VK_FILTER_LINEAR, "address-modes-linear");
   image_free(&gpu, &s.texture);
   s.texture = image_2d(&gpu, VK_FORMAT_D32_SFLOAT, TEXELS, TEXELS, usage);
   image_upload(&gpu, &s.texture, depths, sizeof(depths), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   comparisons(&gpu, &s);
   image_free(&gpu, &s.texture);
   target_free(&gpu, &s.target);
   return gpu_close(&gpu);
}
