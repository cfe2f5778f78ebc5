// SPDX-License-Identifier: MIT
//
// Textures: uploads, mipmaps made by blits, arrays, cubes, volumes, shadow comparison, filters and address modes.
#include "harness.h"

#include "quad_vert.h"
#include "texture_frag.h"

#define RGBA    VK_FORMAT_R8G8B8A8_UNORM
#define SHOWN   VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL
#define TEXTURE (VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT)

struct push {
   float rect[4], uv[4], extra[4];
};

struct textures {
   struct image plain, layered, cube, volume, depth;
};

static struct image texture_new(struct gpu *gpu, VkImageType type, VkExtent3D extent, uint32_t levels, uint32_t layers,
                                VkImageCreateFlags flags)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = flags,
                             .imageType = type,
                             .format = RGBA,
                             .extent = extent,
                             .mipLevels = levels,
                             .arrayLayers = layers,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = TEXTURE};
   return image_new(gpu, &info);
}

static void paint(struct gpu *gpu, struct image *image, uint32_t seed, VkImageLayout layout)
{
   static uint32_t pixels[32 * 32 * 8];
   VkExtent3D e = image->info.extent;
   uint32_t count = e.width * e.height * e.depth * image->info.arrayLayers;
   EXPECT(count <= COUNT(pixels));
   for (uint32_t i = 0; i < count; i++) {
      uint32_t x = i % e.width, y = i / e.width % e.height, z = i / e.width / e.height;
      uint32_t checker = (x / 4 + y / 4 + z) & 1 ? 0xff4020c0 : 0xff20e040;
      pixels[i] = checker ^ (x * 4 | z * 31 << 8 | (y * seed & 0xff) << 16);
   }
   image_upload(gpu, image, pixels, count * 4, layout);
}

static VkImageMemoryBarrier level_barrier(const struct image *image, uint32_t level, VkImageLayout from,
                                          VkImageLayout to)
{
   return (VkImageMemoryBarrier){VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                 .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
                                 .oldLayout = from,
                                 .newLayout = to,
                                 .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .image = image->handle,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, level, 1, 0, 1}};
}

// Level by level: each is read while the next is written.
static void make_mipmaps(struct gpu *gpu, struct image *image)
{
   const VkImageLayout source = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, target = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
   int32_t size = (int32_t)image->info.extent.width;
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t level = 1; level < image->info.mipLevels; level++, size /= 2) {
      VkImageMemoryBarrier turn = level_barrier(image, level - 1, target, source);
      vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL, 1,
                           &turn);
      VkImageBlit half = {{VK_IMAGE_ASPECT_COLOR_BIT, level - 1, 0, 1},
                          {{0, 0, 0}, {size, size, 1}},
                          {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, 1},
                          {{0, 0, 0}, {size / 2, size / 2, 1}}};
      vkCmdBlitImage(cmd, image->handle, source, image->handle, target, 1, &half, VK_FILTER_LINEAR);
   }
   VkImageMemoryBarrier last = level_barrier(image, image->info.mipLevels - 1, target, source);
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL, 1,
                        &last);
   image_layout(cmd, image, source, SHOWN);
   cmd_submit(gpu, cmd);
}

static struct image make_depth(struct gpu *gpu)
{
   VkFormat format = depth_format(gpu, 1, (VkFormat[]){VK_FORMAT_D16_UNORM});
   struct image image = image_2d(gpu, format, 32, 32, TEXTURE);
   uint16_t depths[32 * 32];
   for (uint32_t i = 0; i < COUNT(depths); i++)
      depths[i] = (uint16_t)(i * 64);
   image_upload(gpu, &image, depths, sizeof(depths), SHOWN);
   return image;
}

static struct textures textures_new(struct gpu *gpu)
{
   const VkExtent3D square = {32, 32, 1};
   struct textures t = {
       .plain = texture_new(gpu, VK_IMAGE_TYPE_2D, square, 6, 1, 0),
       .layered = texture_new(gpu, VK_IMAGE_TYPE_2D, square, 1, 5, 0),
       .cube = texture_new(gpu, VK_IMAGE_TYPE_2D, square, 1, 6, VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT),
       .volume = texture_new(gpu, VK_IMAGE_TYPE_3D, (VkExtent3D){32, 16, 8}, 1, 1, 0),
       .depth = make_depth(gpu),
   };
   paint(gpu, &t.plain, 8, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   make_mipmaps(gpu, &t.plain);
   paint(gpu, &t.layered, 11, SHOWN);
   paint(gpu, &t.cube, 13, SHOWN);
   paint(gpu, &t.volume, 17, SHOWN);
   return t;
}

static VkSampler shadow_sampler(struct gpu *gpu)
{
   VkSamplerCreateInfo info = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO, .compareEnable = VK_TRUE,
                               .compareOp = VK_COMPARE_OP_LESS};
   VkSampler sampler;
   VK(vkCreateSampler(gpu->device, &info, NULL, &sampler));
   return sampler;
}

// One tile per way to look at a texture.
static const float looks[][2] = {{0, 0}, {0, 1.5f}, {0, 3}, {1, 0},    {2, 0},    {2, 4}, {3, 0.3f}, {3, -1},
                                 {4, 0}, {4, 0.4f}, {4, 1}, {5, 0.2f}, {5, 0.7f}, {6, 0}, {7, 0},    {1, 1}};

static void draw(struct gpu *gpu, const struct target *target, VkPipeline pipeline, const struct bound *bound,
                 float zoom)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound->layout, 0, 1, &bound->set, 0, NULL);
   for (uint32_t i = 0; i < COUNT(looks); i++) {
      float x = -1 + 0.5f * (float)(i % 4), y = -1 + 0.5f * (float)(i / 4);
      struct push push = {
          {x, y, x + 0.46f, y + 0.46f}, {-0.25f * zoom, -0.1f, 1.2f * zoom, 1.3f}, {looks[i][0], looks[i][1], 0, 0}};
      vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof(push),
                         &push);
      vkCmdDraw(cmd, 4, 1, 0, 0);
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
}

static void show(struct gpu *gpu, const struct textures *t, VkSampler sampler, VkSampler compare, float zoom)
{
   const VkDescriptorType type = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
   struct target target = target_new(gpu, 128, 128, RGBA, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound =
       bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, sizeof(struct push), 5,
                 (struct binding[]){{type, NULL, t->plain.view, sampler, SHOWN},
                                    {type, NULL, t->layered.view, sampler, SHOWN},
                                    {type, NULL, t->cube.view, sampler, SHOWN},
                                    {type, NULL, t->volume.view, sampler, SHOWN},
                                    {type, NULL, t->depth.view, compare, SHOWN}});
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, texture_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   draw(gpu, &target, pipeline, &bound, zoom);
   image_result(gpu, &target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "textures");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct textures t = textures_new(&gpu);
   const struct {
      VkFilter filter;
      VkSamplerMipmapMode mip;
      VkSamplerAddressMode address;
   } modes[] = {{VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_REPEAT},
                {VK_FILTER_LINEAR, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT},
                {VK_FILTER_LINEAR, VK_SAMPLER_MIPMAP_MODE_LINEAR, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE},
                {VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_LINEAR, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER}};
   VkSampler compare = shadow_sampler(&gpu);
   for (uint32_t i = 0; i < COUNT(modes); i++) {
      VkSampler sampler = sampler_new(&gpu, modes[i].filter, modes[i].mip, modes[i].address);
      show(&gpu, &t, sampler, compare, 1 + 2 * (float)i);
      vkDestroySampler(gpu.device, sampler, NULL);
   }
   vkDestroySampler(gpu.device, compare, NULL);
   image_free(&gpu, &t.plain);
   image_free(&gpu, &t.layered);
   image_free(&gpu, &t.cube);
   image_free(&gpu, &t.volume);
   image_free(&gpu, &t.depth);
   return gpu_close(&gpu);
}
