// SPDX-License-Identifier: MIT
//
// Dedicated allocations of buffers and images, mapped where that can be, used, and freed in either order.
#include "harness.h"

#define SIDE 64

static VkDeviceMemory dedicated(struct gpu *gpu, const VkMemoryRequirements *need, VkBuffer buffer, VkImage image,
                                VkMemoryPropertyFlags flags)
{
   VkMemoryDedicatedAllocateInfo to = {VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, .buffer = buffer,
                                       .image = image};
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &to, need->size,
                                memory_type(gpu, need->memoryTypeBits, flags)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   return memory;
}

static struct buffer buffer_of(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage)
{
   const VkMemoryPropertyFlags flags = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   struct buffer buffer = {.size = size};
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = size, .usage = usage};
   VkMemoryRequirements need;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer.handle));
   vkGetBufferMemoryRequirements(gpu->device, buffer.handle, &need);
   buffer.memory = dedicated(gpu, &need, buffer.handle, VK_NULL_HANDLE, flags);
   VK(vkBindBufferMemory(gpu->device, buffer.handle, buffer.memory, 0));
   VK(vkMapMemory(gpu->device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &buffer.map));
   return buffer;
}

static struct image image_of(struct gpu *gpu, VkFormat format, VkImageUsageFlags usage)
{
   struct image image = {.info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO, .imageType = VK_IMAGE_TYPE_2D, .format = format,
                                  .extent = {SIDE, SIDE, 1}, .mipLevels = 1, .arrayLayers = 1,
                                  .samples = VK_SAMPLE_COUNT_1_BIT, .usage = usage}};
   VkMemoryRequirements need;
   VK(vkCreateImage(gpu->device, &image.info, NULL, &image.handle));
   vkGetImageMemoryRequirements(gpu->device, image.handle, &need);
   image.memory = dedicated(gpu, &need, VK_NULL_HANDLE, image.handle, 0);
   VK(vkBindImageMemory(gpu->device, image.handle, image.memory, 0));
   return image;
}

static void round_trip(struct gpu *gpu, uint32_t round)
{
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   struct buffer in = buffer_of(gpu, SIDE * SIDE * 4, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_of(gpu, SIDE * SIDE * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   struct image image = image_of(gpu, round % 2 ? VK_FORMAT_R8G8B8A8_UNORM : VK_FORMAT_R32_SFLOAT, usage);
   uint32_t state = round + 1;
   for (uint32_t i = 0; i < SIDE * SIDE; i++)
      ((uint32_t *)in.map)[i] = random_next(&state) & 0x3fffffff; // never a NaN
   VkBufferImageCopy region = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                               .imageExtent = {SIDE, SIDE, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdCopyBufferToImage(cmd, in.handle, image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   vkCmdCopyImageToBuffer(cmd, image.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle, 1, &region);
   cmd_submit(gpu, cmd);
   EXPECT(!memcmp(in.map, out.map, in.size));
   result(gpu, "through-image", out.map, out.size);
   if (round % 3) {
      vkFreeMemory(gpu->device, image.memory, NULL); // before its image
      image.memory = VK_NULL_HANDLE;
      vkFreeMemory(gpu->device, in.memory, NULL);
      in.memory = VK_NULL_HANDLE;
   }
   image_free(gpu, &image);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   for (uint32_t round = 0; round < 12; round++)
      round_trip(&gpu, round);
   return gpu_close(&gpu);
}
