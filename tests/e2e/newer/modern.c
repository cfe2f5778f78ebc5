// SPDX-License-Identifier: MIT
//
// Vulkan 1.4: copies between images and the program's own memory without a command buffer, layouts changed by the host,
// and mapping with the second-generation calls.
#include "harness.h"

#define SIZE 48
#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static const VkImageSubresourceLayers layer = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};

static void host_layout(struct gpu *gpu, const struct image *image, VkImageLayout from, VkImageLayout to)
{
   VkHostImageLayoutTransitionInfo info = {VK_STRUCTURE_TYPE_HOST_IMAGE_LAYOUT_TRANSITION_INFO, .image = image->handle,
                                           .oldLayout = from, .newLayout = to,
                                           .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   VK(vkTransitionImageLayout(gpu->device, 1, &info));
}

static void write_image(struct gpu *gpu, const struct image *image, const uint32_t *pixels)
{
   VkMemoryToImageCopy regions[2] = {{VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY, .pHostPointer = pixels,
                                      .imageSubresource = layer, .imageExtent = {SIZE, SIZE, 1}},
                                     {VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY, .pHostPointer = pixels + 100,
                                      .memoryRowLength = 20, .imageSubresource = layer, .imageOffset = {10, 12, 0},
                                      .imageExtent = {16, 9, 1}}};
   VkCopyMemoryToImageInfo info = {VK_STRUCTURE_TYPE_COPY_MEMORY_TO_IMAGE_INFO, .dstImage = image->handle,
                                   .dstImageLayout = VK_IMAGE_LAYOUT_GENERAL, .regionCount = 1, .pRegions = regions};
   VK(vkCopyMemoryToImage(gpu->device, &info));
   info.pRegions = regions + 1; // on top of the first
   VK(vkCopyMemoryToImage(gpu->device, &info));
}

static void read_image(struct gpu *gpu, const struct image *image, uint32_t *pixels)
{
   VkImageToMemoryCopy region = {VK_STRUCTURE_TYPE_IMAGE_TO_MEMORY_COPY, .pHostPointer = pixels,
                                 .imageSubresource = layer, .imageExtent = {SIZE, SIZE, 1}};
   VkCopyImageToMemoryInfo info = {VK_STRUCTURE_TYPE_COPY_IMAGE_TO_MEMORY_INFO, .srcImage = image->handle,
                                   .srcImageLayout = VK_IMAGE_LAYOUT_GENERAL, .regionCount = 1, .pRegions = &region};
   VK(vkCopyImageToMemory(gpu->device, &info));
}

static void host_copies(struct gpu *gpu)
{
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_HOST_TRANSFER_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
   struct image a = image_2d(gpu, RGBA, SIZE, SIZE, usage), b = image_2d(gpu, RGBA, SIZE, SIZE, usage);
   uint32_t in[SIZE * SIZE], out[SIZE * SIZE] = {0}, state = 5;
   for (uint32_t i = 0; i < SIZE * SIZE; i++)
      in[i] = random_next(&state);
   host_layout(gpu, &a, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   host_layout(gpu, &b, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   write_image(gpu, &a, in);
   VkImageCopy2 region = {VK_STRUCTURE_TYPE_IMAGE_COPY_2, .srcSubresource = layer, .dstSubresource = layer,
                          .extent = {SIZE, SIZE, 1}};
   VkCopyImageToImageInfo copy = {VK_STRUCTURE_TYPE_COPY_IMAGE_TO_IMAGE_INFO,
                                  .srcImage = a.handle,
                                  .srcImageLayout = VK_IMAGE_LAYOUT_GENERAL,
                                  .dstImage = b.handle,
                                  .dstImageLayout = VK_IMAGE_LAYOUT_GENERAL,
                                  .regionCount = 1,
                                  .pRegions = &region};
   VK(vkCopyImageToImage(gpu->device, &copy));
   read_image(gpu, &b, out);
   EXPECT(out[0] == in[0] && out[12 * SIZE + 10] == in[100] && out[13 * SIZE + 10] == in[120]);
   result(gpu, "host-copied", out, sizeof(out));
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &a, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &a, VK_IMAGE_ASPECT_COLOR_BIT, 4, "device-copied");
   image_free(gpu, &a);
   image_free(gpu, &b);
}

static void map_again(struct gpu *gpu)
{
   struct buffer buffer = buffer_host(gpu, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkMemoryUnmapInfo unmap = {VK_STRUCTURE_TYPE_MEMORY_UNMAP_INFO, .memory = buffer.memory};
   VkMemoryMapInfo map = {VK_STRUCTURE_TYPE_MEMORY_MAP_INFO, .memory = buffer.memory, .offset = 1024, .size = 512};
   VK(vkUnmapMemory2(gpu->device, &unmap));
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdFillBuffer(cmd, buffer.handle, 1024, 256, 0x13579bdf);
   cmd_submit(gpu, cmd);
   void *bytes;
   VK(vkMapMemory2(gpu->device, &map, &bytes));
   EXPECT(*(uint32_t *)bytes == 0x13579bdf);
   result(gpu, "mapped", bytes, 512);
   buffer_free(gpu, &buffer);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceVulkan14Features v14 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_4_FEATURES,
                                           .hostImageCopy = VK_TRUE};
   struct want want = {.next = &v14, .api = VK_API_VERSION_1_4};
   gpu_open(&gpu, argc, argv, &want);
   host_copies(&gpu);
   map_again(&gpu);
   return gpu_close(&gpu);
}
