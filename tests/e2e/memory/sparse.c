// SPDX-License-Identifier: MIT
//
// A sparse buffer whose pages are bound crosswise and then the other way round.
#include "harness.h"

#include <stdlib.h>

static VkDeviceMemory pages(struct gpu *gpu, const VkMemoryRequirements *need, uint32_t count)
{
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need->alignment * count,
                                .memoryTypeIndex = memory_type(gpu, need->memoryTypeBits, 0)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   return memory;
}

static void bind_pages(struct gpu *gpu, VkBuffer buffer, uint32_t count, const VkSparseMemoryBind *binds)
{
   VkSparseBufferMemoryBindInfo buffer_info = {buffer, count, binds};
   VkBindSparseInfo info = {VK_STRUCTURE_TYPE_BIND_SPARSE_INFO, .bufferBindCount = 1, .pBufferBinds = &buffer_info};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueBindSparse(gpu->queue, 1, &info, fence));
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
}

// Filled through the first binding, the same memory must show in reverse order through the second.
static void sparse(struct gpu *gpu)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT,
                              .size = 1 << 18,
                              .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkBuffer buffer;
   VkMemoryRequirements need;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   vkGetBufferMemoryRequirements(gpu->device, buffer, &need);
   VkDeviceSize page = need.alignment;
   uint32_t count = (uint32_t)(need.size / page);
   VkDeviceMemory memory = pages(gpu, &need, count);
   VkSparseMemoryBind *binds = calloc(count, sizeof(*binds));
   EXPECT(binds && count >= 2);
   for (uint32_t i = 0; i < count; i++)
      binds[i] = (VkSparseMemoryBind){i * page, page, memory, (count - 1 - i) * page, 0};
   bind_pages(gpu, buffer, count, binds);
   struct buffer out = buffer_host(gpu, info.size, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   for (int round = 0; round < 2; round++) {
      VkCommandBuffer cmd = cmd_begin(gpu);
      for (uint32_t i = 0; !round && i < count; i++)
         vkCmdFillBuffer(cmd, buffer, i * page, page, 0x1000 + i);
      barrier_all(cmd);
      vkCmdCopyBuffer(cmd, buffer, out.handle, 1, &(VkBufferCopy){0, 0, info.size});
      cmd_submit(gpu, cmd);
      EXPECT(*(uint32_t *)out.map == (round ? 0x1000 + count - 1 : 0x1000));
      result(gpu, "sparse", out.map, 4 * page < out.size ? 4 * page : out.size);
      for (uint32_t i = 0; i < count; i++)
         binds[i].memoryOffset = i * page;
      bind_pages(gpu, buffer, count, binds); // the other way round
   }
   free(binds);
   vkDestroyBuffer(gpu->device, buffer, NULL);
   vkFreeMemory(gpu->device, memory, NULL);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.sparseBinding = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   sparse(&gpu);
   return gpu_close(&gpu);
}
