// SPDX-License-Identifier: MIT
//
// Copies of depth and stencil, aspect by aspect, for every depth/stencil format of the device; clears of ranges.
#include "harness.h"

#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define SIDE   24

static const struct {
   VkFormat format;
   uint32_t depth_bytes; // in a buffer; zero: has none
   bool stencil;
} formats[] = {{VK_FORMAT_D16_UNORM, 2, false},           {VK_FORMAT_D32_SFLOAT, 4, false},
               {VK_FORMAT_X8_D24_UNORM_PACK32, 4, false}, {VK_FORMAT_S8_UINT, 0, true},
               {VK_FORMAT_D16_UNORM_S8_UINT, 2, true},    {VK_FORMAT_D24_UNORM_S8_UINT, 4, true},
               {VK_FORMAT_D32_SFLOAT_S8_UINT, 4, true}};

static void fill_depth(void *map, uint32_t bytes)
{
   for (uint32_t i = 0; i < SIDE * SIDE * 2; i++) {
      float value = (float)(i % 1000) / 1000;
      if (bytes == 2)
         ((uint16_t *)map)[i] = (uint16_t)(i * 97);
      else
         memcpy((float *)map + i, &value, 4);
   }
}

// Only the 24 bits that mean something.
static void fill_depth24(void *map)
{
   for (uint32_t i = 0; i < SIDE * SIDE * 2; i++)
      ((uint32_t *)map)[i] = i * 70001 & 0xffffff;
}

static bool is_24(VkFormat format)
{
   return format == VK_FORMAT_X8_D24_UNORM_PACK32 || format == VK_FORMAT_D24_UNORM_S8_UINT;
}

static struct image layered(struct gpu *gpu, VkFormat format)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = format,
                             .extent = {SIDE, SIDE, 1},
                             .mipLevels = 2,
                             .arrayLayers = 3,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   return image_new(gpu, &info);
}

static void clear(VkCommandBuffer cmd, const struct image *image, VkImageAspectFlags aspects)
{
   const VkClearDepthStencilValue all = {0.25f, 0x33}, some = {0.75f, 0xcc};
   VkImageSubresourceRange whole = {aspects, 0, 2, 0, 3};
   VkImageSubresourceRange parts[] = {{aspects, 1, 1, 0, 2}, {aspects, 0, VK_REMAINING_MIP_LEVELS, 2, 1}};
   image_layout(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearDepthStencilImage(cmd, image->handle, TARGET, &all, 1, &whole);
   barrier_all(cmd);
   vkCmdClearDepthStencilImage(cmd, image->handle, TARGET, &some, COUNT(parts), parts);
   barrier_all(cmd);
}

static void one_aspect(struct gpu *gpu, const struct image *a, const struct image *b, VkImageAspectFlags aspect,
                       uint32_t texel)
{
   struct buffer in = buffer_host(gpu, SIDE * SIDE * 2 * texel, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(gpu, SIDE * SIDE * 4 * texel, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   if (aspect == VK_IMAGE_ASPECT_DEPTH_BIT && is_24(a->info.format))
      fill_depth24(in.map);
   else if (aspect == VK_IMAGE_ASPECT_DEPTH_BIT)
      fill_depth(in.map, texel);
   else
      for (uint32_t i = 0; i < in.size; i++)
         ((uint8_t *)in.map)[i] = (uint8_t)(i * 13);
   VkBufferImageCopy to_image = {0, SIDE + 8, 0, {aspect, 0, 0, 1}, {4, 2, 0}, {SIDE - 4, SIDE - 2, 1}};
   VkImageCopy between = {{aspect, 0, 0, 1}, {2, 2, 0}, {aspect, 0, 1, 1}, {0, 0, 0}, {SIDE - 2, SIDE - 2, 1}};
   VkBufferImageCopy to_buffer[] = {
      {0, 0, 0, {aspect, 0, 0, 3}, {0, 0, 0}, {SIDE, SIDE, 1}},
      {SIDE * SIDE * 3 * texel, 0, 0, {aspect, 1, 1, 2}, {0, 0, 0}, {SIDE / 2, SIDE / 2, 1}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBufferToImage(cmd, in.handle, a->handle, TARGET, 1, &to_image);
   image_layout(cmd, a, TARGET, SOURCE);
   vkCmdCopyImage(cmd, a->handle, SOURCE, b->handle, TARGET, 1, &between);
   image_layout(cmd, b, TARGET, SOURCE);
   vkCmdCopyImageToBuffer(cmd, b->handle, SOURCE, out.handle, COUNT(to_buffer), to_buffer);
   image_layout(cmd, a, SOURCE, TARGET);
   image_layout(cmd, b, SOURCE, TARGET);
   cmd_submit(gpu, cmd);
   if (aspect == VK_IMAGE_ASPECT_DEPTH_BIT && is_24(a->info.format)) {
      for (uint32_t i = 0; i < SIDE * SIDE * 4; i++) // the other eight bits are undefined
         ((uint32_t *)out.map)[i] &= 0xffffff;
   }
   result(gpu, aspect == VK_IMAGE_ASPECT_DEPTH_BIT ? "depth" : "stencil", out.map, out.size);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   const VkFormatFeatureFlags need = VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
   gpu_open(&gpu, argc, argv, NULL);
   for (size_t i = 0; i < COUNT(formats); i++) {
      VkFormatProperties props;
      vkGetPhysicalDeviceFormatProperties(gpu.physical, formats[i].format, &props);
      result(&gpu, "format", &formats[i].format, sizeof(VkFormat));
      result(&gpu, "features", &props, sizeof(props));
      if ((props.optimalTilingFeatures & need) != need)
         continue;
      struct image a = layered(&gpu, formats[i].format), b = layered(&gpu, formats[i].format);
      VkCommandBuffer cmd = cmd_begin(&gpu);
      clear(cmd, &a, format_aspects(formats[i].format));
      clear(cmd, &b, format_aspects(formats[i].format));
      cmd_submit(&gpu, cmd);
      if (formats[i].depth_bytes)
         one_aspect(&gpu, &a, &b, VK_IMAGE_ASPECT_DEPTH_BIT, formats[i].depth_bytes);
      if (formats[i].stencil)
         one_aspect(&gpu, &a, &b, VK_IMAGE_ASPECT_STENCIL_BIT, 1);
      image_free(&gpu, &a);
      image_free(&gpu, &b);
   }
   return gpu_close(&gpu);
}
