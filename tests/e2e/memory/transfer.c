// SPDX-License-Identifier: MIT
//
// Every transfer command of Vulkan 1.0: fill, update, copies between buffers and images, blit, clear, resolve.
#include "harness.h"

#define RGBA   VK_FORMAT_R8G8B8A8_UNORM
#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define BOTH   (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)

static const VkImageSubresourceLayers color_layer = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
static const VkImageSubresourceRange color_all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};

static void buffers(struct gpu *gpu)
{
   struct buffer a = buffer_device(gpu, 8192, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   struct buffer b = buffer_host(gpu, 8192, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   uint8_t words[1000];
   for (size_t i = 0; i < sizeof(words); i++)
      words[i] = (uint8_t)(i * 7);
   VkBufferCopy regions[] = {{0, 4096, 128}, {1000, 0, 333}, {4096, 1024, 1024}, {7, 6001, 1999}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdFillBuffer(cmd, a.handle, 0, VK_WHOLE_SIZE, 0xdeadbeef);
   barrier_all(cmd);
   vkCmdFillBuffer(cmd, a.handle, 64, 128, 0x01020304);
   vkCmdUpdateBuffer(cmd, a.handle, 1024, sizeof(words), words);
   barrier_all(cmd);
   vkCmdCopyBuffer(cmd, a.handle, b.handle, COUNT(regions), regions);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)b.map)[1024 + 16] == 0x01020304);
   result(gpu, "buffers", b.map, b.size);
   buffer_free(gpu, &a);
   buffer_free(gpu, &b);
}

// Regions with row pitch and offsets, to an image, within and between images, and out again.
static void regions(struct gpu *gpu)
{
   struct buffer in = buffer_host(gpu, 64 * 64 * 4, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(gpu, 80 * 64 * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   struct image a = image_2d(gpu, RGBA, 48, 40, BOTH), b = image_2d(gpu, RGBA, 64, 64, BOTH);
   for (uint32_t i = 0; i < in.size; i++)
      ((uint8_t *)in.map)[i] = (uint8_t)(i ^ i >> 6);
   VkBufferImageCopy to_image[] = {{.bufferOffset = 0,
                                    .bufferRowLength = 64,
                                    .imageSubresource = color_layer,
                                    .imageOffset = {8, 4, 0},
                                    .imageExtent = {40, 36, 1}},
                                   {.bufferOffset = 512,
                                    .bufferRowLength = 16,
                                    .bufferImageHeight = 20,
                                    .imageSubresource = color_layer,
                                    .imageExtent = {8, 4, 1}}};
   VkImageCopy between[] = {{color_layer, {0, 0, 0}, color_layer, {16, 24, 0}, {48, 40, 1}},
                            {color_layer, {5, 5, 0}, color_layer, {1, 2, 0}, {13, 11, 1}}};
   VkBufferImageCopy from_image = {
       .bufferOffset = 256, .bufferRowLength = 80, .imageSubresource = color_layer, .imageExtent = {64, 60, 1}};
   VkClearColorValue gray = {{0.25f, 0.5f, 0.75f, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &a, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &b, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, a.handle, TARGET, &gray, 1, &color_all);
   vkCmdClearColorImage(cmd, b.handle, TARGET, &(VkClearColorValue){{1, 0, 0, 0.5f}}, 1, &color_all);
   barrier_all(cmd);
   vkCmdCopyBufferToImage(cmd, in.handle, a.handle, TARGET, COUNT(to_image), to_image);
   image_layout(cmd, &a, TARGET, SOURCE);
   vkCmdCopyImage(cmd, a.handle, SOURCE, b.handle, TARGET, COUNT(between), between);
   image_layout(cmd, &b, TARGET, SOURCE);
   vkCmdCopyImageToBuffer(cmd, b.handle, SOURCE, out.handle, 1, &from_image);
   cmd_submit(gpu, cmd);
   result(gpu, "regions", out.map, out.size);
   image_result(gpu, &a, VK_IMAGE_ASPECT_COLOR_BIT, 4, "region-source");
   image_free(gpu, &a);
   image_free(gpu, &b);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

static bool can_blit(struct gpu *gpu, VkFormat from, VkFormat to)
{
   VkFormatProperties f, t;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, from, &f);
   vkGetPhysicalDeviceFormatProperties(gpu->physical, to, &t);
   return f.optimalTilingFeatures & VK_FORMAT_FEATURE_BLIT_SRC_BIT &&
          t.optimalTilingFeatures & VK_FORMAT_FEATURE_BLIT_DST_BIT;
}

static void blit(struct gpu *gpu, VkFormat format, uint32_t texel, VkFilter filter, const char *name)
{
   if (!can_blit(gpu, RGBA, format))
      return;
   uint8_t pixels[32 * 32 * 4];
   for (size_t i = 0; i < sizeof(pixels); i++)
      pixels[i] = (uint8_t)(i * i >> 4);
   struct image from = image_2d(gpu, RGBA, 32, 32, BOTH), to = image_2d(gpu, format, 80, 50, BOTH);
   image_upload(gpu, &from, pixels, sizeof(pixels), SOURCE);
   VkImageBlit parts[] = {{color_layer, {{0, 0, 0}, {32, 32, 1}}, color_layer, {{0, 0, 0}, {50, 50, 1}}},
                          {color_layer, {{30, 4, 0}, {2, 20, 1}}, color_layer, {{50, 10, 0}, {80, 40, 1}}}}; // mirrored
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &to, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, to.handle, TARGET, &(VkClearColorValue){{0, 1, 0, 1}}, 1, &color_all);
   barrier_all(cmd);
   vkCmdBlitImage(cmd, from.handle, SOURCE, to.handle, TARGET, COUNT(parts), parts, filter);
   image_layout(cmd, &to, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &to, VK_IMAGE_ASPECT_COLOR_BIT, texel, name);
   image_free(gpu, &from);
   image_free(gpu, &to);
}

static void clears(struct gpu *gpu)
{
   const struct {
      VkFormat format;
      uint32_t texel;
      VkClearColorValue value;
   } colors[] = {{VK_FORMAT_R32G32B32A32_SFLOAT, 16, {{-1.5f, 0, 3e20f, 1}}},
                 {VK_FORMAT_R32G32B32A32_SINT, 16, {.int32 = {-5, 7, INT32_MIN, INT32_MAX}}},
                 {VK_FORMAT_R16G16_UINT, 4, {.uint32 = {65535, 1234}}},
                 {VK_FORMAT_R8_UNORM, 1, {{0.3f}}},
                 {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 4, {{0.1f, 0.9f, 0.5f, 1}}}};
   for (size_t i = 0; i < COUNT(colors); i++) {
      struct image image = image_2d(gpu, colors[i].format, 16, 16, BOTH);
      VkCommandBuffer cmd = cmd_begin(gpu);
      image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
      vkCmdClearColorImage(cmd, image.handle, TARGET, &colors[i].value, 1, &color_all);
      image_layout(cmd, &image, TARGET, SOURCE);
      cmd_submit(gpu, cmd);
      image_result(gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, colors[i].texel, "cleared");
      image_free(gpu, &image);
   }
   VkFormat format = depth_format(gpu, 2, (VkFormat[]){VK_FORMAT_D32_SFLOAT_S8_UINT, VK_FORMAT_D24_UNORM_S8_UINT});
   struct image image = image_2d(gpu, format, 16, 16, BOTH);
   VkImageSubresourceRange depth = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, 1, 0, 1}, stencil = depth;
   stencil.aspectMask = VK_IMAGE_ASPECT_STENCIL_BIT;
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearDepthStencilImage(cmd, image.handle, TARGET, &(VkClearDepthStencilValue){0.625f, 0}, 1, &depth);
   vkCmdClearDepthStencilImage(cmd, image.handle, TARGET, &(VkClearDepthStencilValue){0, 0xa5}, 1, &stencil);
   image_layout(cmd, &image, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &image, VK_IMAGE_ASPECT_DEPTH_BIT, 4, "cleared-depth");
   image_result(gpu, &image, VK_IMAGE_ASPECT_STENCIL_BIT, 1, "cleared-stencil");
   image_free(gpu, &image);
}

static void resolve(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = RGBA,
                             .extent = {32, 32, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_4_BIT,
                             .usage = BOTH | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT};
   struct image many = image_new(gpu, &info), one = image_2d(gpu, RGBA, 32, 32, BOTH);
   VkImageResolve part = {color_layer, {4, 4, 0}, color_layer, {0, 8, 0}, {20, 16, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &many, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &one, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, many.handle, TARGET, &(VkClearColorValue){{0.2f, 0.4f, 0.6f, 0.8f}}, 1, &color_all);
   vkCmdClearColorImage(cmd, one.handle, TARGET, &(VkClearColorValue){{0}}, 1, &color_all);
   image_layout(cmd, &many, TARGET, SOURCE);
   vkCmdResolveImage(cmd, many.handle, SOURCE, one.handle, TARGET, 1, &part);
   image_layout(cmd, &one, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &one, VK_IMAGE_ASPECT_COLOR_BIT, 4, "resolved");
   image_free(gpu, &many);
   image_free(gpu, &one);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   buffers(&gpu);
   regions(&gpu);
   blit(&gpu, RGBA, 4, VK_FILTER_NEAREST, "blit-nearest");
   blit(&gpu, RGBA, 4, VK_FILTER_LINEAR, "blit-linear");
   blit(&gpu, VK_FORMAT_B8G8R8A8_UNORM, 4, VK_FILTER_LINEAR, "blit-swizzled");
   blit(&gpu, VK_FORMAT_R16G16B16A16_SFLOAT, 8, VK_FILTER_NEAREST, "blit-float");
   clears(&gpu);
   resolve(&gpu);
   return gpu_close(&gpu);
}
