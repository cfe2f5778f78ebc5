// SPDX-License-Identifier: MIT
//
// vkCmdUpdateBuffer and vkCmdFillBuffer at every size and odd place: one word to 64 KiB, next to each other and on top
// of each other, a series larger than any ring; data that the caller changes as soon as the call is back.
#include "harness.h"

#define SIZE   (1 << 20)
#define LARGE  65536
#define ROUNDS 4

static void series(struct gpu *gpu, const struct buffer *out, uint32_t round)
{
   uint32_t words[LARGE / 4], state = round + 1;
   VkDeviceSize at = 0;
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t size = 4; at + size <= SIZE; size = size >= LARGE ? LARGE : size * 3 / 8 * 4 + 4) {
      size = size > LARGE ? LARGE : size;
      for (uint32_t i = 0; i < size / 4; i++)
         words[i] = random_next(&state);
      vkCmdUpdateBuffer(cmd, out->handle, at, size, words);
      words[0] = 0xdead; // too late to matter
      at += size;
   }
   barrier_all(cmd);
   for (uint32_t i = 0; i < 500; i++) {
      uint32_t word = random_next(&state);
      VkDeviceSize offset = random_next(&state) % (SIZE / 4 - 64) * 4;
      if (i % 3)
         vkCmdFillBuffer(cmd, out->handle, offset, 4 + 4 * (word % 60), word);
      else
         vkCmdUpdateBuffer(cmd, out->handle, offset, 4, &word);
      barrier_all(cmd); // they may overlap
   }
   vkCmdFillBuffer(cmd, out->handle, SIZE - 256, VK_WHOLE_SIZE, round);
   cmd_submit(gpu, cmd);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer out = buffer_host(&gpu, SIZE, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   for (uint32_t round = 0; round < ROUNDS; round++) {
      series(&gpu, &out, round);
      EXPECT(((uint32_t *)out.map)[SIZE / 4 - 1] == round);
      result(&gpu, "updated", out.map, out.size);
   }
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
