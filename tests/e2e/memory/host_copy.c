// SPDX-License-Identifier: MIT
//
// Host image copies (VK_EXT_host_image_copy): memory to image, image to image, image to memory, layout changes by the
// CPU, parts and rows longer than the image, level by level; mixed with what the GPU copies.
#include "harness.h"

#define SIDE    40
#define GENERAL VK_IMAGE_LAYOUT_GENERAL

struct functions {
   PFN_vkCopyMemoryToImageEXT to_image;
   PFN_vkCopyImageToMemoryEXT to_memory;
   PFN_vkCopyImageToImageEXT between;
   PFN_vkTransitionImageLayoutEXT transition;
};

static const struct {
   VkFormat format;
   uint32_t texel; // bytes, of a block
   uint32_t block; // texels each way
} formats[] = {{VK_FORMAT_R8G8B8A8_UNORM, 4, 1},      {VK_FORMAT_R8_UNORM, 1, 1},
               {VK_FORMAT_R16G16B16A16_SFLOAT, 8, 1}, {VK_FORMAT_R32G32B32A32_UINT, 16, 1},
               {VK_FORMAT_R5G6B5_UNORM_PACK16, 2, 1}, {VK_FORMAT_BC1_RGB_UNORM_BLOCK, 8, 4},
               {VK_FORMAT_BC7_UNORM_BLOCK, 16, 4}};

static struct functions load(struct gpu *gpu)
{
   struct functions f = {
      (PFN_vkCopyMemoryToImageEXT)vkGetDeviceProcAddr(gpu->device, "vkCopyMemoryToImageEXT"),
      (PFN_vkCopyImageToMemoryEXT)vkGetDeviceProcAddr(gpu->device, "vkCopyImageToMemoryEXT"),
      (PFN_vkCopyImageToImageEXT)vkGetDeviceProcAddr(gpu->device, "vkCopyImageToImageEXT"),
      (PFN_vkTransitionImageLayoutEXT)vkGetDeviceProcAddr(gpu->device, "vkTransitionImageLayoutEXT")};
   EXPECT(f.to_image && f.to_memory && f.between && f.transition);
   return f;
}

static bool possible(struct gpu *gpu, const VkImageCreateInfo *info)
{
   VkHostImageCopyDevicePerformanceQueryEXT speed = {VK_STRUCTURE_TYPE_HOST_IMAGE_COPY_DEVICE_PERFORMANCE_QUERY_EXT};
   VkImageFormatProperties2 props = {VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, .pNext = &speed};
   VkPhysicalDeviceImageFormatInfo2 ask = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                           .format = info->format,
                                           .type = info->imageType,
                                           .tiling = info->tiling,
                                           .usage = info->usage,
                                           .flags = info->flags};
   VkResult can = vkGetPhysicalDeviceImageFormatProperties2(gpu->physical, &ask, &props);
   VkFormatProperties3 features = {VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3};
   VkFormatProperties2 format = {VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, .pNext = &features};
   vkGetPhysicalDeviceFormatProperties2(gpu->physical, info->format, &format);
   bool host = features.optimalTilingFeatures & VK_FORMAT_FEATURE_2_HOST_IMAGE_TRANSFER_BIT_EXT;
   const uint32_t words[] = {(uint32_t)can, host, can == VK_SUCCESS ? speed.optimalDeviceAccess : 0,
                             can == VK_SUCCESS ? speed.identicalMemoryLayout : 0};
   result(gpu, "support", words, sizeof(words));
   return can == VK_SUCCESS && host && props.imageFormatProperties.maxMipLevels >= info->mipLevels;
}

static void to_general(struct gpu *gpu, const struct functions *f, const struct image *image)
{
   VkHostImageLayoutTransitionInfoEXT change = {
      VK_STRUCTURE_TYPE_HOST_IMAGE_LAYOUT_TRANSITION_INFO_EXT,
      NULL,
      image->handle,
      VK_IMAGE_LAYOUT_UNDEFINED,
      GENERAL,
      {VK_IMAGE_ASPECT_COLOR_BIT, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS}};
   VK(f->transition(gpu->device, 1, &change));
}

static void write_image(struct gpu *gpu, const struct functions *f, const struct image *image, const uint8_t *bytes,
                        uint32_t block)
{
   const VkImageSubresourceLayers base = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
   VkMemoryToImageCopyEXT parts[] = {
      {VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT, NULL, bytes, 0, 0, base, {0, 0, 0}, {SIDE, SIDE, 1}},
      {VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT,
       NULL,
       bytes + 640,
       2 * SIDE,
       SIDE,
       base,
       {(int)(2 * block), (int)block, 0},
       {4 * block, 3 * block, 1}},
      {VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY_EXT,
       NULL,
       bytes + 128,
       0,
       0,
       {VK_IMAGE_ASPECT_COLOR_BIT, 1, 0, 1},
       {0, 0, 0},
       {SIDE / 2, SIDE / 2, 1}}};
   for (size_t i = 0; i < COUNT(parts); i++) {
      VkCopyMemoryToImageInfoEXT info = {VK_STRUCTURE_TYPE_COPY_MEMORY_TO_IMAGE_INFO_EXT, .dstImage = image->handle,
                                         .dstImageLayout = GENERAL, .regionCount = 1, .pRegions = &parts[i]};
      VK(f->to_image(gpu->device, &info));
   }
}

static void read_image(struct gpu *gpu, const struct functions *f, const struct image *image, uint32_t texel,
                       uint32_t block, const char *name)
{
   uint8_t bytes[2][SIDE * SIDE * 16] = {0};
   VkImageToMemoryCopyEXT parts[2];
   for (uint32_t level = 0; level < 2; level++)
      parts[level] = (VkImageToMemoryCopyEXT){VK_STRUCTURE_TYPE_IMAGE_TO_MEMORY_COPY_EXT, .pHostPointer = bytes[level],
                                              .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, 1},
                                              .imageExtent = {SIDE >> level, SIDE >> level, 1}};
   VkCopyImageToMemoryInfoEXT info = {VK_STRUCTURE_TYPE_COPY_IMAGE_TO_MEMORY_INFO_EXT, .srcImage = image->handle,
                                      .srcImageLayout = GENERAL, .regionCount = 2, .pRegions = parts};
   VK(f->to_memory(gpu->device, &info));
   result(gpu, name, bytes[0], SIDE / block * SIDE / block * texel);
   result(gpu, "second-level", bytes[1], SIDE / 2 / block * (SIDE / 2 / block) * texel);
   // A part, with gaps between the rows; what is in the gaps afterwards is nobody's business.
   parts[0].memoryRowLength = SIDE;
   parts[0].imageOffset = (VkOffset3D){(int)block, (int)(2 * block), 0};
   parts[0].imageExtent = (VkExtent3D){4 * block, 5 * block, 1};
   info.regionCount = 1;
   VK(f->to_memory(gpu->device, &info));
   for (uint32_t row = 0; row < 5; row++)
      result(gpu, "row", bytes[0] + row * (SIDE / block) * texel, 4 * texel);
}

// What the GPU sees of it.
static void gpu_reads(struct gpu *gpu, const struct image *image, uint32_t texel, uint32_t block)
{
   struct buffer out =
       buffer_host(gpu, (VkDeviceSize)(SIDE / block) * (SIDE / block) * texel, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy all = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1}, .imageExtent = {SIDE, SIDE, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyImageToBuffer(cmd, image->handle, GENERAL, out.handle, 1, &all);
   cmd_submit(gpu, cmd);
   result(gpu, "for-the-gpu", out.map, out.size);
   buffer_free(gpu, &out);
}

static void one(struct gpu *gpu, const struct functions *f, size_t n)
{
   const uint32_t block = formats[n].block, texel = formats[n].texel;
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = formats[n].format,
                             .extent = {SIDE, SIDE, 1},
                             .mipLevels = 2,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_HOST_TRANSFER_BIT_EXT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   if (!possible(gpu, &info))
      return;
   uint8_t bytes[2 * SIDE * SIDE * 16];
   uint32_t state = (uint32_t)n + 40;
   for (size_t i = 0; i < sizeof(bytes); i++)
      bytes[i] = (uint8_t)random_next(&state) & 0x3b; // no NaN in any format
   struct image a = image_new(gpu, &info), b = image_new(gpu, &info);
   to_general(gpu, f, &a);
   to_general(gpu, f, &b);
   write_image(gpu, f, &a, bytes, block);
   write_image(gpu, f, &b, bytes + 1024, block);
   VkImageSubresourceLayers base = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
   VkImageCopy2 copy = {VK_STRUCTURE_TYPE_IMAGE_COPY_2, NULL, base, {0, (int)block, 0}, base, {(int)(3 * block), 0, 0},
                        {5 * block, 4 * block, 1}};
   VkCopyImageToImageInfoEXT between = {VK_STRUCTURE_TYPE_COPY_IMAGE_TO_IMAGE_INFO_EXT,
                                        .srcImage = a.handle,
                                        .srcImageLayout = GENERAL,
                                        .dstImage = b.handle,
                                        .dstImageLayout = GENERAL,
                                        .regionCount = 1,
                                        .pRegions = &copy};
   VK(f->between(gpu->device, &between));
   read_image(gpu, f, &a, texel, block, "written");
   read_image(gpu, f, &b, texel, block, "copied");
   gpu_reads(gpu, &b, texel, block);
   VkImageCopy gpu_copy = {base, {0, 0, 0}, base, {0, 0, 0}, {4 * block, SIDE, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyImage(cmd, b.handle, GENERAL, a.handle, GENERAL, 1, &gpu_copy);
   cmd_submit(gpu, cmd);
   read_image(gpu, f, &a, texel, block, "after-the-gpu");
   image_free(gpu, &a);
   image_free(gpu, &b);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceHostImageCopyFeaturesEXT copies = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_HOST_IMAGE_COPY_FEATURES_EXT,
                                                      .hostImageCopy = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_HOST_IMAGE_COPY_EXTENSION_NAME}, .next = &copies};
   gpu_open(&gpu, argc, argv, &want);
   struct functions f = load(&gpu);
   for (size_t n = 0; n < COUNT(formats); n++)
      one(&gpu, &f, n);
   return gpu_close(&gpu);
}
