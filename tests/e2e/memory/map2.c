// SPDX-License-Identifier: MIT
//
// vkMapMemory2 and vkUnmapMemory2 (VK_KHR_map_memory2): over and over, whole and in part, flushed and invalidated by
// exact ranges, with the GPU copying in between.
#include "harness.h"

#define SIZE  (256 << 10)
#define CHUNK 4096

static void *map_at(struct gpu *gpu, PFN_vkMapMemory2KHR map, VkDeviceMemory memory, VkDeviceSize offset,
                    VkDeviceSize size)
{
   VkMemoryMapInfoKHR info = {VK_STRUCTURE_TYPE_MEMORY_MAP_INFO_KHR, .memory = memory, .offset = offset, .size = size};
   void *bytes;
   VK(map(gpu->device, &info, &bytes));
   return bytes;
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.extensions = {VK_KHR_MAP_MEMORY_2_EXTENSION_NAME}};
   gpu_open(&gpu, argc, argv, &want);
   PFN_vkMapMemory2KHR map = (PFN_vkMapMemory2KHR)vkGetDeviceProcAddr(gpu.device, "vkMapMemory2KHR");
   PFN_vkUnmapMemory2KHR unmap = (PFN_vkUnmapMemory2KHR)vkGetDeviceProcAddr(gpu.device, "vkUnmapMemory2KHR");
   EXPECT(map && unmap);
   struct buffer in = buffer_host(&gpu, SIZE, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(&gpu, SIZE, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkMemoryUnmapInfoKHR in_info = {VK_STRUCTURE_TYPE_MEMORY_UNMAP_INFO_KHR, .memory = in.memory};
   VkMemoryUnmapInfoKHR out_info = {VK_STRUCTURE_TYPE_MEMORY_UNMAP_INFO_KHR, .memory = out.memory};
   VK(unmap(gpu.device, &in_info));
   VK(unmap(gpu.device, &out_info));
   uint32_t state = 55;
   for (uint32_t round = 0; round < 100; round++) {
      VkDeviceSize offset = (VkDeviceSize)(round * 37 % (SIZE / CHUNK)) * CHUNK;
      uint8_t *bytes = map_at(&gpu, map, in.memory, offset, round % 2 ? CHUNK : VK_WHOLE_SIZE);
      for (uint32_t i = 0; i < CHUNK; i++)
         bytes[i] = (uint8_t)random_next(&state);
      uint8_t last = bytes[CHUNK - 1];
      VkMappedMemoryRange range = {VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, NULL, in.memory, offset,
                                   round % 2 ? CHUNK : VK_WHOLE_SIZE};
      VK(vkFlushMappedMemoryRanges(gpu.device, 1, &range));
      VK(unmap(gpu.device, &in_info));
      VkCommandBuffer cmd = cmd_begin(&gpu);
      vkCmdCopyBuffer(cmd, in.handle, out.handle, 1, &(VkBufferCopy){offset, SIZE - CHUNK - offset, CHUNK});
      cmd_submit(&gpu, cmd);
      bytes = map_at(&gpu, map, out.memory, SIZE - CHUNK - offset, CHUNK);
      range.memory = out.memory;
      range.offset = SIZE - CHUNK - offset;
      range.size = VK_WHOLE_SIZE;
      VK(vkInvalidateMappedMemoryRanges(gpu.device, 1, &range));
      EXPECT(bytes[CHUNK - 1] == last);
      VK(unmap(gpu.device, &out_info));
   }
   result(&gpu, "copied", map_at(&gpu, map, out.memory, 0, VK_WHOLE_SIZE), SIZE);
   VK(unmap(gpu.device, &out_info));
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
