// SPDX-License-Identifier: MIT
//
// Colour clears of many formats, of ranges of levels and layers, and of three-dimensional images.
#include "harness.h"

#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define COLOR  VK_IMAGE_ASPECT_COLOR_BIT
#define BOTH   (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)

#define F(format, texel) {VK_FORMAT_##format, (texel), 'f'}
#define I(format, texel) {VK_FORMAT_##format, (texel), 'i'}
#define U(format, texel) {VK_FORMAT_##format, (texel), 'u'}

static const struct {
   VkFormat format;
   uint32_t texel;
   char kind; // of the clear value
} formats[] = {F(R4G4B4A4_UNORM_PACK16, 2),
               F(B4G4R4A4_UNORM_PACK16, 2),
               F(R5G6B5_UNORM_PACK16, 2),
               F(B5G6R5_UNORM_PACK16, 2),
               F(R5G5B5A1_UNORM_PACK16, 2),
               F(A1R5G5B5_UNORM_PACK16, 2),
               F(R8_UNORM, 1),
               F(R8_SNORM, 1),
               U(R8_UINT, 1),
               I(R8_SINT, 1),
               F(R8G8_UNORM, 2),
               F(R8G8_SNORM, 2),
               U(R8G8_UINT, 2),
               I(R8G8_SINT, 2),
               F(R8G8B8A8_UNORM, 4),
               F(R8G8B8A8_SNORM, 4),
               U(R8G8B8A8_UINT, 4),
               I(R8G8B8A8_SINT, 4),
               F(R8G8B8A8_SRGB, 4),
               F(B8G8R8A8_UNORM, 4),
               F(B8G8R8A8_SRGB, 4),
               F(A8B8G8R8_UNORM_PACK32, 4),
               F(A2R10G10B10_UNORM_PACK32, 4),
               F(A2B10G10R10_UNORM_PACK32, 4),
               U(A2B10G10R10_UINT_PACK32, 4),
               F(R16_UNORM, 2),
               F(R16_SNORM, 2),
               U(R16_UINT, 2),
               I(R16_SINT, 2),
               F(R16_SFLOAT, 2),
               F(R16G16_UNORM, 4),
               F(R16G16_SFLOAT, 4),
               I(R16G16_SINT, 4),
               F(R16G16B16A16_UNORM, 8),
               F(R16G16B16A16_SNORM, 8),
               U(R16G16B16A16_UINT, 8),
               F(R16G16B16A16_SFLOAT, 8),
               U(R32_UINT, 4),
               I(R32_SINT, 4),
               F(R32_SFLOAT, 4),
               U(R32G32_UINT, 8),
               F(R32G32_SFLOAT, 8),
               U(R32G32B32A32_UINT, 16),
               I(R32G32B32A32_SINT, 16),
               F(R32G32B32A32_SFLOAT, 16),
               F(B10G11R11_UFLOAT_PACK32, 4),
               F(E5B9G9R9_UFLOAT_PACK32, 4)};

static VkClearColorValue value_of(char kind, int variant)
{
   if (kind == 'f')
      return variant ? (VkClearColorValue){{1.25f, -0.5f, 0.3f, 0.9f}} : (VkClearColorValue){{0.1f, 0.7f, 0.4f, 0.6f}};
   if (kind == 'i')
      return variant ? (VkClearColorValue){.int32 = {-100, 100, -1, 0}} : (VkClearColorValue){.int32 = {5, -6, 7, -8}};
   return variant ? (VkClearColorValue){.uint32 = {255, 0, 1, 2}} : (VkClearColorValue){.uint32 = {9, 10, 11, 3}};
}

static void ranges(struct gpu *gpu, size_t f)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = formats[f].format,
                             .extent = {8, 8, 1},
                             .mipLevels = 3,
                             .arrayLayers = 4,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = BOTH};
   const VkImageSubresourceRange whole = {COLOR, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS};
   const VkImageSubresourceRange parts[] = {{COLOR, 1, 1, 1, 2}, {COLOR, 0, 1, 3, VK_REMAINING_ARRAY_LAYERS}};
   VkClearColorValue first = value_of(formats[f].kind, 0), second = value_of(formats[f].kind, 1);
   struct image image = image_new(gpu, &info);
   VkDeviceSize sizes[] = {4 * 64 * formats[f].texel, 4 * 16 * formats[f].texel, 4 * 4 * formats[f].texel};
   struct buffer out = buffer_host(gpu, sizes[0] + sizes[1] + sizes[2], VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy save[] = {{0, 0, 0, {COLOR, 0, 0, 4}, {0, 0, 0}, {8, 8, 1}},
                               {sizes[0], 0, 0, {COLOR, 1, 0, 4}, {0, 0, 0}, {4, 4, 1}},
                               {sizes[0] + sizes[1], 0, 0, {COLOR, 2, 0, 4}, {0, 0, 0}, {2, 2, 1}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, image.handle, TARGET, &first, 1, &whole);
   barrier_all(cmd);
   vkCmdClearColorImage(cmd, image.handle, TARGET, &second, COUNT(parts), parts);
   image_layout(cmd, &image, TARGET, SOURCE);
   vkCmdCopyImageToBuffer(cmd, image.handle, SOURCE, out.handle, COUNT(save), save);
   cmd_submit(gpu, cmd);
   result(gpu, "cleared", out.map, out.size);
   image_free(gpu, &image);
   buffer_free(gpu, &out);
}

static void volume(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_3D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {8, 4, 6},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = BOTH};
   struct image image = image_new(gpu, &info);
   const VkImageSubresourceRange whole = {COLOR, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdClearColorImage(cmd, image.handle, VK_IMAGE_LAYOUT_GENERAL, &(VkClearColorValue){{1, 0, 0.2f, 0.4f}}, 1,
                        &whole);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_GENERAL, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &image, COLOR, 4, "volume");
   image_free(gpu, &image);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   const VkFormatFeatureFlags need = VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
   gpu_open(&gpu, argc, argv, NULL);
   for (size_t f = 0; f < COUNT(formats); f++) {
      VkFormatProperties props;
      vkGetPhysicalDeviceFormatProperties(gpu.physical, formats[f].format, &props);
      result(&gpu, "format", &formats[f].format, sizeof(VkFormat));
      result(&gpu, "features", &props, sizeof(props));
      if ((props.optimalTilingFeatures & need) == need)
         ranges(&gpu, f);
   }
   volume(&gpu);
   return gpu_close(&gpu);
}
