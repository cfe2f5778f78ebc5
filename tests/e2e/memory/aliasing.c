// SPDX-License-Identifier: MIT
//
// Several buffers and images in one allocation: overlapping buffers show each other's bytes, and images that take turns
// in the same memory do not disturb what lies beside them.
#include "harness.h"

#define SLICE  (1 << 16)
#define SLICES 8
#define SIDE   48

static VkBuffer buffer_at(struct gpu *gpu, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = size,
                              .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkBuffer buffer;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   if (memory) {
      VkMemoryRequirements need;
      vkGetBufferMemoryRequirements(gpu->device, buffer, &need);
      EXPECT(offset % need.alignment == 0);
      VK(vkBindBufferMemory(gpu->device, buffer, memory, offset));
   }
   return buffer;
}

static void overlapping(struct gpu *gpu)
{
   VkBuffer probe = buffer_at(gpu, VK_NULL_HANDLE, 0, SLICE * SLICES);
   VkMemoryRequirements need;
   vkGetBufferMemoryRequirements(gpu->device, probe, &need);
   vkDestroyBuffer(gpu->device, probe, NULL);
   VkMemoryAllocateInfo info = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need.size,
      .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                     VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VkDeviceMemory memory;
   void *map;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   VK(vkMapMemory(gpu->device, memory, 0, VK_WHOLE_SIZE, 0, &map));
   memset(map, 0, SLICE * SLICES);
   VkBuffer whole = buffer_at(gpu, memory, 0, SLICE * SLICES), parts[SLICES - 1];
   for (uint32_t i = 0; i < SLICES - 1; i++) // each overlaps its neighbour by half
      parts[i] = buffer_at(gpu, memory, (VkDeviceSize)i * SLICE, SLICE * 3 / 2);
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < SLICES - 1; i++) {
      vkCmdFillBuffer(cmd, parts[i], 4096 * i, SLICE, 0x01010101 * (i + 1));
      barrier_all(cmd);
   }
   vkCmdCopyBuffer(cmd, whole, parts[0], 1, &(VkBufferCopy){SLICE * 6 + 4096 * 7, 128, 1024});
   cmd_submit(gpu, cmd);
   EXPECT(((uint8_t *)map)[128] == 7);
   result(gpu, "overlapping", map, SLICE * SLICES);
   for (uint32_t i = 0; i < SLICES - 1; i++)
      vkDestroyBuffer(gpu->device, parts[i], NULL);
   vkDestroyBuffer(gpu->device, whole, NULL);
   vkFreeMemory(gpu->device, memory, NULL);
}

static VkImage image_at(struct gpu *gpu, VkFormat format)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = VK_IMAGE_CREATE_ALIAS_BIT,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = format,
                             .extent = {SIDE, SIDE, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   VkImage image;
   VK(vkCreateImage(gpu->device, &info, NULL, &image));
   return image;
}

static VkDeviceSize round_up(VkDeviceSize value, VkDeviceSize to)
{
   return (value + to - 1) / to * to;
}

// Two images of different formats share a place; a third lies behind them.
static void taking_turns(struct gpu *gpu)
{
   const VkFormat formats[] = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R16G16_SFLOAT, VK_FORMAT_R8G8B8A8_UNORM};
   struct image images[3] = {0};
   VkMemoryRequirements need[3];
   VkDeviceSize shared = 0;
   uint32_t types = ~0u;
   for (int i = 0; i < 3; i++) {
      images[i] = (struct image){.handle = image_at(gpu, formats[i]),
                                 .info = {.format = formats[i], .extent = {SIDE, SIDE, 1}}};
      vkGetImageMemoryRequirements(gpu->device, images[i].handle, &need[i]);
      types &= need[i].memoryTypeBits;
      shared = i < 2 && need[i].size > shared ? need[i].size : shared;
   }
   VkDeviceSize behind = round_up(shared, need[2].alignment);
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = behind + need[2].size,
                                .memoryTypeIndex = memory_type(gpu, types, 0)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   for (int i = 0; i < 3; i++)
      VK(vkBindImageMemory(gpu->device, images[i].handle, memory, i < 2 ? 0 : behind));
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   const VkImageLayout target = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, source = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
   for (int turn = 0; turn < 5; turn++) {
      struct image *image = &images[turn ? turn % 2 : 2];
      VkCommandBuffer cmd = cmd_begin(gpu);
      image_layout(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, target);
      vkCmdClearColorImage(cmd, image->handle, target, &(VkClearColorValue){{0.2f * (float)turn, 0.5f, 1, 0}}, 1, &all);
      image_layout(cmd, image, target, source);
      cmd_submit(gpu, cmd);
      image_result(gpu, image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "turn");
      image_result(gpu, &images[2], VK_IMAGE_ASPECT_COLOR_BIT, 4, "behind");
   }
   for (int i = 0; i < 3; i++)
      vkDestroyImage(gpu->device, images[i].handle, NULL);
   vkFreeMemory(gpu->device, memory, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   overlapping(&gpu);
   taking_turns(&gpu);
   return gpu_close(&gpu);
}
