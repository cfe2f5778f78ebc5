// SPDX-License-Identifier: MIT
//
// Big things: command buffers of many thousand commands, one command with a very large array, and updates of 64 KiB,
// which a guest driver sends as streams outside the ring.
#include "harness.h"

#include <stdlib.h>

#define COMMANDS 20000
#define REGIONS  30000

static void many_commands(struct gpu *gpu)
{
   const VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
   struct buffer out = buffer_host(gpu, COMMANDS * 4, usage);
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < COMMANDS; i++) {
      uint32_t word = (uint32_t)((uint64_t)i * 7919 % COMMANDS);
      vkCmdFillBuffer(cmd, out.handle, word * 4, 4, i ^ 0xabcd0000);
   }
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)out.map)[7919] == (1 ^ 0xabcd0000));
   result(gpu, "fills", out.map, out.size);
   buffer_free(gpu, &out);
}

// Alone in its command buffer, larger than any ring.
static void one_large(struct gpu *gpu)
{
   struct buffer in = buffer_host(gpu, REGIONS * 8, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(gpu, REGIONS * 8, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferCopy *regions = malloc(REGIONS * sizeof(*regions));
   EXPECT(regions);
   for (uint32_t i = 0; i < REGIONS; i++) {
      ((uint32_t *)in.map)[2 * i] = i * 3;
      ((uint32_t *)in.map)[2 * i + 1] = ~i;
      regions[i] = (VkBufferCopy){8 * i, 8 * (REGIONS - 1 - i), i % 5 ? 8 : 4};
   }
   for (int round = 0; round < 4; round++) {
      VkCommandBuffer cmd = cmd_begin(gpu);
      for (int i = 0; i <= round; i++)
         vkCmdCopyBuffer(cmd, in.handle, out.handle, REGIONS, regions);
      cmd_submit(gpu, cmd);
      EXPECT(((uint32_t *)out.map)[0] == (REGIONS - 1) * 3);
   }
   result(gpu, "regions", out.map, out.size);
   free(regions);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

static void updates(struct gpu *gpu)
{
   enum { CHUNK = 65536, CHUNKS = 40 };
   struct buffer out = buffer_host(gpu, CHUNK * CHUNKS, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   uint32_t *data = malloc(CHUNK), state = 1, sum = 0;
   EXPECT(data);
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t c = 0; c < CHUNKS; c++) {
      for (uint32_t i = 0; i < CHUNK / 4; i++)
         data[i] = random_next(&state);
      vkCmdUpdateBuffer(cmd, out.handle, c * CHUNK, CHUNK, data);
   }
   cmd_submit(gpu, cmd);
   state = 1;
   for (uint32_t i = 0; i < CHUNK * CHUNKS / 4; i++) {
      EXPECT(((uint32_t *)out.map)[i] == random_next(&state));
      sum = sum * 33 + ((uint32_t *)out.map)[i];
   }
   result(gpu, "updates", &sum, sizeof(sum));
   free(data);
   buffer_free(gpu, &out);
}

// A few hundred barriers with many memory barriers each.
static void barriers(struct gpu *gpu)
{
   struct buffer out = buffer_host(gpu, 4096, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferMemoryBarrier list[64];
   for (uint32_t i = 0; i < COUNT(list); i++)
      list[i] = (VkBufferMemoryBarrier){VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                        .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                        .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT,
                                        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .buffer = out.handle,
                                        .offset = 64 * i,
                                        .size = 64};
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < 300; i++) {
      vkCmdFillBuffer(cmd, out.handle, i % 64 * 64, 64, i);
      vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, COUNT(list),
                           list, 0, NULL);
   }
   cmd_submit(gpu, cmd);
   result(gpu, "barriers", out.map, out.size);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   many_commands(&gpu);
   one_large(&gpu);
   updates(&gpu);
   barriers(&gpu);
   return gpu_close(&gpu);
}
