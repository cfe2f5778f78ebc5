// SPDX-License-Identifier: MIT
//
// Blits between many formats with both filters, mirrored, scaled and cropped; a chain of mip levels; volumes and
// layers.
#include "harness.h"

#define RGBA   VK_FORMAT_R8G8B8A8_UNORM
#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define BOTH   (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)
#define COLOR  VK_IMAGE_ASPECT_COLOR_BIT
#define SIDE   32

static const VkImageSubresourceLayers base = {COLOR, 0, 0, 1};

static const struct {
   VkFormat format;
   uint32_t texel;
   const char *name;
} formats[] = {{RGBA, 4, "rgba8"},
               {VK_FORMAT_R8G8B8A8_SRGB, 4, "rgba8-srgb"},
               {VK_FORMAT_B8G8R8A8_UNORM, 4, "bgra8"},
               {VK_FORMAT_R5G6B5_UNORM_PACK16, 2, "r5g6b5"},
               {VK_FORMAT_A1R5G5B5_UNORM_PACK16, 2, "a1r5g5b5"},
               {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 4, "rgb10a2"},
               {VK_FORMAT_R8_UNORM, 1, "r8"},
               {VK_FORMAT_R8G8_SNORM, 2, "rg8s"},
               {VK_FORMAT_R16G16B16A16_UNORM, 8, "rgba16"},
               {VK_FORMAT_R16G16B16A16_SFLOAT, 8, "rgba16f"},
               {VK_FORMAT_R32G32B32A32_SFLOAT, 16, "rgba32f"},
               {VK_FORMAT_B10G11R11_UFLOAT_PACK32, 4, "r11g11b10f"},
               {VK_FORMAT_E5B9G9R9_UFLOAT_PACK32, 4, "rgb9e5"}};

static VkFormatFeatureFlags features_of(struct gpu *gpu, VkFormat format)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, format, &props);
   return props.optimalTilingFeatures;
}

static struct image picture(struct gpu *gpu)
{
   uint8_t pixels[SIDE * SIDE * 4];
   for (uint32_t i = 0; i < sizeof(pixels); i++)
      pixels[i] = (uint8_t)(i * i / 16 + i);
   struct image image = image_2d(gpu, RGBA, SIDE, SIDE, BOTH);
   image_upload(gpu, &image, pixels, sizeof(pixels), SOURCE);
   return image;
}

static void through(struct gpu *gpu, const struct image *from, size_t f, VkFilter filter)
{
   VkFormatFeatureFlags have = features_of(gpu, formats[f].format);
   result(gpu, formats[f].name, &have, sizeof(have));
   if (!(have & VK_FORMAT_FEATURE_BLIT_DST_BIT) || !(have & VK_FORMAT_FEATURE_TRANSFER_SRC_BIT))
      return;
   const VkImageBlit parts[] = {{base, {{0, 0, 0}, {SIDE, SIDE, 1}}, base, {{0, 0, 0}, {48, 48, 1}}},
                                {base, {{4, 30, 0}, {28, 2, 1}}, base, {{48, 0, 0}, {64, 20, 1}}},
                                {base, {{31, 7, 0}, {1, 9, 1}}, base, {{63, 47, 0}, {49, 21, 1}}}};
   struct image to = image_2d(gpu, formats[f].format, 64, 48, BOTH), back = image_2d(gpu, RGBA, 64, 48, BOTH);
   VkImageSubresourceRange all = {COLOR, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &to, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &back, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, to.handle, TARGET, &(VkClearColorValue){{0, 1, 0, 1}}, 1, &all);
   vkCmdClearColorImage(cmd, back.handle, TARGET, &(VkClearColorValue){{0}}, 1, &all);
   barrier_all(cmd);
   vkCmdBlitImage(cmd, from->handle, SOURCE, to.handle, TARGET, COUNT(parts), parts, filter);
   image_layout(cmd, &to, TARGET, SOURCE);
   if (have & VK_FORMAT_FEATURE_BLIT_SRC_BIT) {
      VkImageBlit whole = {base, {{64, 0, 0}, {0, 48, 1}}, base, {{0, 0, 0}, {64, 48, 1}}};
      vkCmdBlitImage(cmd, to.handle, SOURCE, back.handle, TARGET, 1, &whole, VK_FILTER_NEAREST);
   }
   image_layout(cmd, &back, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &to, COLOR, formats[f].texel, filter == VK_FILTER_LINEAR ? "linear" : "nearest");
   image_result(gpu, &back, COLOR, 4, "and-back");
   image_free(gpu, &to);
   image_free(gpu, &back);
}

static void integers(struct gpu *gpu)
{
   const VkFormat from_format = VK_FORMAT_R32G32B32A32_SINT, to_format = VK_FORMAT_R8G8B8A8_SINT;
   if (!(features_of(gpu, from_format) & VK_FORMAT_FEATURE_BLIT_SRC_BIT) ||
       !(features_of(gpu, to_format) & VK_FORMAT_FEATURE_BLIT_DST_BIT))
      return;
   int32_t values[8 * 8 * 4];
   for (int i = 0; i < (int)COUNT(values); i++)
      values[i] = i % 251 - 125;
   struct image from = image_2d(gpu, from_format, 8, 8, BOTH), to = image_2d(gpu, to_format, 16, 8, BOTH);
   image_upload(gpu, &from, values, sizeof(values), SOURCE);
   VkImageBlit part = {base, {{0, 8, 0}, {8, 0, 1}}, base, {{0, 0, 0}, {16, 8, 1}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &to, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdBlitImage(cmd, from.handle, SOURCE, to.handle, TARGET, 1, &part, VK_FILTER_NEAREST);
   image_layout(cmd, &to, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &to, COLOR, 4, "integers");
   image_free(gpu, &from);
   image_free(gpu, &to);
}

static VkImageMemoryBarrier level_barrier(const struct image *image, uint32_t level)
{
   return (VkImageMemoryBarrier){VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                 .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
                                 .oldLayout = TARGET,
                                 .newLayout = SOURCE,
                                 .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                 .image = image->handle,
                                 .subresourceRange = {COLOR, level, 1, 0, VK_REMAINING_ARRAY_LAYERS}};
}

// Mip levels of several layers, or of a volume, each from the one above.
static void levels(struct gpu *gpu, VkImageType type, VkExtent3D size, uint32_t layers, const char *name)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = type,
                             .format = RGBA,
                             .extent = size,
                             .mipLevels = 4,
                             .arrayLayers = layers,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = BOTH};
   struct image image = image_new(gpu, &info);
   uint32_t texels = size.width * size.height * size.depth * layers;
   struct buffer in = buffer_host(gpu, texels * 4, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(gpu, texels * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   for (uint32_t i = 0; i < texels; i++)
      ((uint32_t *)in.map)[i] = i * 2654435761u;
   VkBufferImageCopy fill = {.imageSubresource = {COLOR, 0, 0, layers}, .imageExtent = size};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdCopyBufferToImage(cmd, in.handle, image.handle, TARGET, 1, &fill);
   VkDeviceSize at = 0;
   for (uint32_t l = 0; l < 4; l++) {
      VkOffset3D half = {(int)(size.width >> l), (int)(size.height >> l), size.depth > 1 ? (int)(size.depth >> l) : 1};
      VkImageMemoryBarrier barrier = level_barrier(&image, l);
      if (l) {
         VkImageBlit down = {{COLOR, l - 1, 0, layers},
                             {{0, 0, 0}, {half.x * 2, half.y * 2, half.z}},
                             {COLOR, l, 0, layers},
                             {{0, 0, 0}, half}};
         down.srcOffsets[1].z = size.depth > 1 ? half.z * 2 : 1;
         vkCmdBlitImage(cmd, image.handle, SOURCE, image.handle, TARGET, 1, &down, VK_FILTER_LINEAR);
      }
      vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL, 1,
                           &barrier);
      VkBufferImageCopy save = {
         at, 0, 0, {COLOR, l, 0, layers}, {0, 0, 0}, {(uint32_t)half.x, (uint32_t)half.y, (uint32_t)half.z}};
      if (l)
         vkCmdCopyImageToBuffer(cmd, image.handle, SOURCE, out.handle, 1, &save);
      at += l ? (VkDeviceSize)half.x * (VkDeviceSize)half.y * (VkDeviceSize)half.z * layers * 4 : 0;
   }
   cmd_submit(gpu, cmd);
   result(gpu, name, out.map, at);
   image_free(gpu, &image);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   const VkFormatFeatureFlags need = VK_FORMAT_FEATURE_BLIT_SRC_BIT | VK_FORMAT_FEATURE_BLIT_DST_BIT |
                                     VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT;
   EXPECT((features_of(&gpu, RGBA) & need) == need); // required of every device
   struct image from = picture(&gpu);
   for (size_t f = 0; f < COUNT(formats); f++) {
      through(&gpu, &from, f, VK_FILTER_NEAREST);
      through(&gpu, &from, f, VK_FILTER_LINEAR);
   }
   integers(&gpu);
   levels(&gpu, VK_IMAGE_TYPE_2D, (VkExtent3D){64, 32, 1}, 3, "levels");
   levels(&gpu, VK_IMAGE_TYPE_3D, (VkExtent3D){16, 16, 16}, 1, "volume-levels");
   image_free(&gpu, &from);
   return gpu_close(&gpu);
}
