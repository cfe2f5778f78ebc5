// SPDX-License-Identifier: MIT
//
// Block-compressed images of the BC, ETC2, EAC and ASTC formats the device has: uploaded by blocks, copied among
// themselves and to images of plain words, read back as bytes and, decoded, through a shader.
#include "kernel.h"

#include "sampled_float_comp.h"

#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define COLOR  VK_IMAGE_ASPECT_COLOR_BIT
#define BLOCKS 6 // each way

static const struct {
   VkFormat format;
   uint32_t block, bytes; // texels each way, size
   const char *name;
} formats[] = {{VK_FORMAT_BC1_RGB_UNORM_BLOCK, 4, 8, "bc1"},
               {VK_FORMAT_BC1_RGBA_SRGB_BLOCK, 4, 8, "bc1-alpha-srgb"},
               {VK_FORMAT_BC2_UNORM_BLOCK, 4, 16, "bc2"},
               {VK_FORMAT_BC3_SRGB_BLOCK, 4, 16, "bc3-srgb"},
               {VK_FORMAT_BC4_UNORM_BLOCK, 4, 8, "bc4"},
               {VK_FORMAT_BC4_SNORM_BLOCK, 4, 8, "bc4s"},
               {VK_FORMAT_BC5_UNORM_BLOCK, 4, 16, "bc5"},
               {VK_FORMAT_BC6H_UFLOAT_BLOCK, 4, 16, "bc6h"},
               {VK_FORMAT_BC7_UNORM_BLOCK, 4, 16, "bc7"},
               {VK_FORMAT_ETC2_R8G8B8_UNORM_BLOCK, 4, 8, "etc2"},
               {VK_FORMAT_ETC2_R8G8B8A1_UNORM_BLOCK, 4, 8, "etc2-a1"},
               {VK_FORMAT_ETC2_R8G8B8A8_SRGB_BLOCK, 4, 16, "etc2-a8-srgb"},
               {VK_FORMAT_EAC_R11_UNORM_BLOCK, 4, 8, "eac-r11"},
               {VK_FORMAT_EAC_R11G11_SNORM_BLOCK, 4, 16, "eac-rg11s"},
               {VK_FORMAT_ASTC_4x4_UNORM_BLOCK, 4, 16, "astc4"},
               {VK_FORMAT_ASTC_8x8_SRGB_BLOCK, 8, 16, "astc8-srgb"}};

static struct image image_of(struct gpu *gpu, VkFormat format, uint32_t side, VkImageUsageFlags usage)
{
   return image_2d(gpu, format, side, side, usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
}

static void read_back(struct gpu *gpu, const struct image *image, uint32_t side, uint32_t bytes, const char *name)
{
   struct buffer out = buffer_host(gpu, bytes, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy all = {.imageSubresource = {COLOR, 0, 0, 1}, .imageExtent = {side, side, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyImageToBuffer(cmd, image->handle, SOURCE, out.handle, 1, &all);
   cmd_submit(gpu, cmd);
   result(gpu, name, out.map, out.size);
   buffer_free(gpu, &out);
}

static void decode(struct gpu *gpu, const struct image *image, uint32_t side)
{
   VkSampler sampler =
       sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   struct buffer out = storage_new(gpu, (VkDeviceSize)side * side * 16);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, SOURCE, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   cmd_submit(gpu, cmd);
   kernel_run(gpu, &(struct kernel){CODE(sampled_float_comp), .x = (side + 7) / 8, .y = (side + 7) / 8,
                                    .bindings = {{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, NULL, image->view, sampler,
                                                  VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL},
                                                 STORAGE(&out)}});
   result(gpu, "decoded", out.map, out.size);
   vkDestroySampler(gpu->device, sampler, NULL);
   buffer_free(gpu, &out);
}

static void one(struct gpu *gpu, size_t f)
{
   const uint32_t block = formats[f].block, bytes = formats[f].bytes, side = BLOCKS * block;
   const VkImageSubresourceLayers base = {COLOR, 0, 0, 1};
   VkFormat plain = bytes == 8 ? VK_FORMAT_R32G32_UINT : VK_FORMAT_R32G32B32A32_UINT;
   struct image a = image_of(gpu, formats[f].format, side, VK_IMAGE_USAGE_SAMPLED_BIT);
   struct image b = image_of(gpu, formats[f].format, side, VK_IMAGE_USAGE_SAMPLED_BIT);
   struct image words = image_of(gpu, plain, BLOCKS, 0);
   struct buffer in = buffer_host(gpu, (VkDeviceSize)(BLOCKS + 2) * BLOCKS * bytes, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   fill_random(&in, (uint32_t)f + 1);
   VkBufferImageCopy fill = {0, side + 2 * block, 0, base, {0, 0, 0}, {side, side, 1}};
   VkImageCopy copy = {base, {(int)block, 0, 0}, base, {0, (int)(2 * block), 0}, {4 * block, 3 * block, 1}};
   VkImageCopy to_words = {base, {(int)block, (int)block, 0}, base, {0, 1, 0}, {3 * block, 2 * block, 1}};
   VkImageCopy from_words = {base, {0, 1, 0}, base, {(int)(3 * block), 0, 0}, {3, 2, 1}}; // extent of the source
   VkImageSubresourceRange all = {COLOR, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &a, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &b, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &words, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdCopyBufferToImage(cmd, in.handle, a.handle, TARGET, 1, &fill);
   vkCmdCopyBufferToImage(cmd, in.handle, b.handle, TARGET, 1, &fill);
   vkCmdClearColorImage(cmd, words.handle, TARGET, &(VkClearColorValue){.uint32 = {1, 2, 3, 4}}, 1, &all);
   image_layout(cmd, &a, TARGET, SOURCE);
   vkCmdCopyImage(cmd, a.handle, SOURCE, b.handle, TARGET, 1, &copy);
   barrier_all(cmd);
   vkCmdCopyImage(cmd, a.handle, SOURCE, words.handle, TARGET, 1, &to_words);
   image_layout(cmd, &words, TARGET, SOURCE);
   vkCmdCopyImage(cmd, words.handle, SOURCE, b.handle, TARGET, 1, &from_words);
   image_layout(cmd, &b, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   read_back(gpu, &a, side, BLOCKS * BLOCKS * bytes, "uploaded");
   read_back(gpu, &b, side, BLOCKS * BLOCKS * bytes, "copied");
   read_back(gpu, &words, BLOCKS, BLOCKS * BLOCKS * bytes, "words");
   decode(gpu, &b, side);
   image_free(gpu, &a);
   image_free(gpu, &b);
   image_free(gpu, &words);
   buffer_free(gpu, &in);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   const VkFormatFeatureFlags need =
       VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT | VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT;
   VkPhysicalDeviceFeatures features;
   struct want want = {0};
   gpu_open(&gpu, argc, argv, &want);
   vkGetPhysicalDeviceFeatures(gpu.physical, &features);
   VkBool32 families[] = {features.textureCompressionBC, features.textureCompressionETC2,
                          features.textureCompressionASTC_LDR};
   result(&gpu, "families", families, sizeof(families));
   for (size_t f = 0; f < COUNT(formats); f++) {
      VkFormatProperties props;
      vkGetPhysicalDeviceFormatProperties(gpu.physical, formats[f].format, &props);
      result(&gpu, formats[f].name, &props, sizeof(props));
      if ((props.optimalTilingFeatures & need) == need)
         one(&gpu, f);
   }
   return gpu_close(&gpu);
}
