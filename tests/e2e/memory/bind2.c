// SPDX-License-Identifier: MIT
//
// vkBindBufferMemory2 and vkBindImageMemory2 with many resources of one allocation in one call.
#include "harness.h"

#define RESOURCES 40
#define SIDE      16

static VkDeviceSize place(VkDeviceSize *end, const VkMemoryRequirements *need)
{
   VkDeviceSize offset = (*end + need->alignment - 1) / need->alignment * need->alignment;
   *end = offset + need->size;
   return offset;
}

static VkDeviceMemory allocate(struct gpu *gpu, VkDeviceSize size, uint32_t bits, VkMemoryPropertyFlags flags)
{
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = size,
                                .memoryTypeIndex = memory_type(gpu, bits, flags)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   return memory;
}

static void buffers(struct gpu *gpu)
{
   VkBindBufferMemoryInfo binds[RESOURCES];
   VkDeviceSize end = 0;
   uint32_t bits = ~0u;
   for (uint32_t i = 0; i < RESOURCES; i++) {
      VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 100 + 52 * i,
                                 .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
      VkMemoryRequirements need;
      binds[i] = (VkBindBufferMemoryInfo){VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_INFO};
      VK(vkCreateBuffer(gpu->device, &info, NULL, &binds[i].buffer));
      vkGetBufferMemoryRequirements(gpu->device, binds[i].buffer, &need);
      binds[i].memoryOffset = place(&end, &need);
      bits &= need.memoryTypeBits;
   }
   VkDeviceMemory memory =
       allocate(gpu, end, bits, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
   void *map;
   VK(vkMapMemory(gpu->device, memory, 0, VK_WHOLE_SIZE, 0, &map));
   memset(map, 0, end);
   for (uint32_t i = 0; i < RESOURCES; i++)
      binds[i].memory = memory;
   VK(vkBindBufferMemory2(gpu->device, RESOURCES, binds));
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < RESOURCES; i++)
      vkCmdFillBuffer(cmd, binds[i].buffer, 4, 96, 0x01000193 * (i + 1));
   cmd_submit(gpu, cmd);
   for (uint32_t i = 0; i < RESOURCES; i++) {
      const uint32_t *words = (const uint32_t *)((const uint8_t *)map + binds[i].memoryOffset);
      EXPECT(words[0] == 0 && words[1] == 0x01000193 * (i + 1));
      result(gpu, "buffer", words, 100);
      vkDestroyBuffer(gpu->device, binds[i].buffer, NULL);
   }
   vkFreeMemory(gpu->device, memory, NULL);
}

static void images(struct gpu *gpu)
{
   struct image images[RESOURCES];
   VkBindImageMemoryInfo binds[RESOURCES];
   VkDeviceSize end = 0;
   uint32_t bits = ~0u;
   for (uint32_t i = 0; i < RESOURCES; i++) {
      VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                .imageType = VK_IMAGE_TYPE_2D,
                                .format = VK_FORMAT_R8G8B8A8_UNORM,
                                .extent = {SIDE + i, SIDE, 1},
                                .mipLevels = 1,
                                .arrayLayers = 1,
                                .samples = VK_SAMPLE_COUNT_1_BIT,
                                .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
      VkMemoryRequirements need;
      images[i] = (struct image){.info = info};
      binds[i] = (VkBindImageMemoryInfo){VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO};
      VK(vkCreateImage(gpu->device, &info, NULL, &images[i].handle));
      vkGetImageMemoryRequirements(gpu->device, images[i].handle, &need);
      binds[i].image = images[i].handle;
      binds[i].memoryOffset = place(&end, &need);
      bits &= need.memoryTypeBits;
   }
   VkDeviceMemory memory = allocate(gpu, end, bits, 0);
   for (uint32_t i = 0; i < RESOURCES; i++)
      binds[i].memory = memory;
   VK(vkBindImageMemory2(gpu->device, RESOURCES, binds));
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   const VkImageLayout target = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, source = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < RESOURCES; i++) {
      image_layout(cmd, &images[i], VK_IMAGE_LAYOUT_UNDEFINED, target);
      vkCmdClearColorImage(cmd, images[i].handle, target, &(VkClearColorValue){{(float)i / RESOURCES, 0.5f, 0, 1}}, 1,
                           &all);
      image_layout(cmd, &images[i], target, source);
   }
   cmd_submit(gpu, cmd);
   for (uint32_t i = 0; i < RESOURCES; i++) {
      image_result(gpu, &images[i], VK_IMAGE_ASPECT_COLOR_BIT, 4, "image");
      vkDestroyImage(gpu->device, images[i].handle, NULL);
   }
   vkFreeMemory(gpu->device, memory, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   buffers(&gpu);
   images(&gpu);
   return gpu_close(&gpu);
}
