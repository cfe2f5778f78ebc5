// SPDX-License-Identifier: MIT
//
// Copies with all coordinates in play: volumes, array layers, mip levels, row lengths and image heights; between slices
// and layers; one-dimensional images.
#include "harness.h"

#define RGBA   VK_FORMAT_R8G8B8A8_UNORM
#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define BOTH   (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)
#define COLOR  VK_IMAGE_ASPECT_COLOR_BIT
#define BYTES  65536

static struct image image_of(struct gpu *gpu, VkImageType type, VkExtent3D extent, uint32_t levels, uint32_t layers)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = type,
                             .format = RGBA,
                             .extent = extent,
                             .mipLevels = levels,
                             .arrayLayers = layers,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = BOTH};
   struct image image = image_new(gpu, &info);
   VkCommandBuffer cmd = cmd_begin(gpu);
   VkImageSubresourceRange all = {COLOR, 0, levels, 0, layers};
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, image.handle, TARGET, &(VkClearColorValue){{0.2f, 0.4f, 0.6f, 0.8f}}, 1, &all);
   cmd_submit(gpu, cmd);
   return image;
}

// All levels and layers of an image in TARGET.
static void whole_result(struct gpu *gpu, struct image *image, const char *name)
{
   struct buffer out = buffer_host(gpu, BYTES * 2, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy regions[16];
   VkDeviceSize at = 0;
   uint32_t count = 0;
   for (uint32_t level = 0; level < image->info.mipLevels; level++) {
      VkExtent3D e = image->info.extent;
      e.width = e.width >> level ? e.width >> level : 1;
      e.height = e.height >> level ? e.height >> level : 1;
      e.depth = e.depth >> level ? e.depth >> level : 1;
      regions[count++] = (VkBufferImageCopy){
         .bufferOffset = at, .imageSubresource = {COLOR, level, 0, image->info.arrayLayers}, .imageExtent = e};
      at += (VkDeviceSize)e.width * e.height * e.depth * image->info.arrayLayers * 4;
   }
   EXPECT(at <= out.size && count <= COUNT(regions));
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, TARGET, SOURCE);
   vkCmdCopyImageToBuffer(cmd, image->handle, SOURCE, out.handle, count, regions);
   cmd_submit(gpu, cmd);
   result(gpu, name, out.map, at);
   buffer_free(gpu, &out);
}

static void volumes(struct gpu *gpu, const struct buffer *in)
{
   struct image a = image_of(gpu, VK_IMAGE_TYPE_3D, (VkExtent3D){20, 12, 10}, 3, 1);
   struct image b = image_of(gpu, VK_IMAGE_TYPE_3D, (VkExtent3D){16, 16, 16}, 1, 1);
   const VkImageSubresourceLayers base = {COLOR, 0, 0, 1}, second = {COLOR, 1, 0, 1};
   VkBufferImageCopy fills[] = {{0, 24, 16, base, {2, 1, 3}, {18, 11, 7}},
                                {40000, 0, 0, second, {0, 0, 0}, {10, 6, 5}}};
   VkImageCopy between[] = {{base, {4, 2, 1}, base, {0, 0, 0}, {16, 10, 9}},
                            {second, {1, 1, 1}, base, {7, 9, 10}, {9, 5, 4}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBufferToImage(cmd, in->handle, a.handle, TARGET, COUNT(fills), fills);
   image_layout(cmd, &a, TARGET, SOURCE);
   vkCmdCopyImage(cmd, a.handle, SOURCE, b.handle, TARGET, COUNT(between), between);
   image_layout(cmd, &a, SOURCE, TARGET);
   cmd_submit(gpu, cmd);
   whole_result(gpu, &a, "volume-levels");
   whole_result(gpu, &b, "volume-copied");
   image_free(gpu, &a);
   image_free(gpu, &b);
}

static void layers(struct gpu *gpu, const struct buffer *in)
{
   struct image a = image_of(gpu, VK_IMAGE_TYPE_2D, (VkExtent3D){32, 16, 1}, 4, 6);
   struct image b = image_of(gpu, VK_IMAGE_TYPE_2D, (VkExtent3D){16, 16, 1}, 2, 8);
   VkBufferImageCopy fills[] = {{16, 40, 20, {COLOR, 0, 1, 4}, {3, 2, 0}, {29, 14, 1}},
                                {4, 0, 0, {COLOR, 1, 0, 6}, {0, 0, 0}, {16, 8, 1}},
                                {60000, 8, 0, {COLOR, 3, 5, 1}, {1, 0, 0}, {3, 2, 1}}};
   VkImageCopy between[] = {{{COLOR, 0, 1, 3}, {8, 0, 0}, {COLOR, 0, 4, 3}, {2, 1, 0}, {14, 15, 1}},
                            {{COLOR, 1, 0, 1}, {0, 0, 0}, {COLOR, 1, 7, 1}, {0, 0, 0}, {8, 8, 1}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBufferToImage(cmd, in->handle, a.handle, TARGET, COUNT(fills), fills);
   image_layout(cmd, &a, TARGET, SOURCE);
   vkCmdCopyImage(cmd, a.handle, SOURCE, b.handle, TARGET, COUNT(between), between);
   image_layout(cmd, &a, SOURCE, TARGET);
   cmd_submit(gpu, cmd);
   whole_result(gpu, &a, "layers-levels");
   whole_result(gpu, &b, "layers-copied");
   image_free(gpu, &a);
   image_free(gpu, &b);
}

// Slices of a volume to layers of an array and back.
static void slices(struct gpu *gpu, const struct buffer *in)
{
   struct image volume = image_of(gpu, VK_IMAGE_TYPE_3D, (VkExtent3D){12, 12, 6}, 1, 1);
   struct image array = image_of(gpu, VK_IMAGE_TYPE_2D, (VkExtent3D){12, 12, 1}, 1, 5);
   VkBufferImageCopy fill = {.imageSubresource = {COLOR, 0, 0, 1}, .imageExtent = {12, 12, 6}};
   VkImageCopy out = {{COLOR, 0, 0, 1}, {2, 0, 1}, {COLOR, 0, 1, 4}, {0, 3, 0}, {10, 9, 4}};
   VkImageCopy back = {{COLOR, 0, 2, 2}, {0, 4, 0}, {COLOR, 0, 0, 1}, {1, 1, 4}, {8, 8, 2}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBufferToImage(cmd, in->handle, volume.handle, TARGET, 1, &fill);
   image_layout(cmd, &volume, TARGET, SOURCE);
   vkCmdCopyImage(cmd, volume.handle, SOURCE, array.handle, TARGET, 1, &out);
   image_layout(cmd, &volume, SOURCE, TARGET);
   image_layout(cmd, &array, TARGET, SOURCE);
   vkCmdCopyImage(cmd, array.handle, SOURCE, volume.handle, TARGET, 1, &back);
   image_layout(cmd, &array, SOURCE, TARGET);
   cmd_submit(gpu, cmd);
   whole_result(gpu, &volume, "slices");
   whole_result(gpu, &array, "layers-of-slices");
   image_free(gpu, &volume);
   image_free(gpu, &array);
}

static void lines(struct gpu *gpu, const struct buffer *in)
{
   struct image line = image_of(gpu, VK_IMAGE_TYPE_1D, (VkExtent3D){200, 1, 1}, 3, 4);
   VkBufferImageCopy fills[] = {{0, 256, 0, {COLOR, 0, 0, 4}, {10, 0, 0}, {180, 1, 1}},
                                {64, 0, 0, {COLOR, 2, 3, 1}, {0, 0, 0}, {50, 1, 1}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBufferToImage(cmd, in->handle, line.handle, TARGET, COUNT(fills), fills);
   cmd_submit(gpu, cmd);
   whole_result(gpu, &line, "lines");
   image_free(gpu, &line);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer in = buffer_host(&gpu, BYTES, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   uint32_t state = 17;
   for (uint32_t i = 0; i < BYTES / 4; i++)
      ((uint32_t *)in.map)[i] = random_next(&state);
   volumes(&gpu, &in);
   layers(&gpu, &in);
   slices(&gpu, &in);
   lines(&gpu, &in);
   buffer_free(&gpu, &in);
   return gpu_close(&gpu);
}
