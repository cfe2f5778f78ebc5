// SPDX-License-Identifier: MIT
//
// The same operations as in atomics.c on 64-bit words.
#include "kernel.h"

#include "atomics_64_comp.h"

#define SLOTS 256

static void operation(struct gpu *gpu, uint32_t number, uint32_t slots)
{
   struct buffer words = storage_new(gpu, SLOTS * sizeof(uint64_t)),
                 numbers = storage_new(gpu, SLOTS * sizeof(uint64_t));
   uint32_t groups = slots == SLOTS ? SLOTS / 64 : 40, push[2] = {number, slots};
   struct buffer out = storage_new(gpu, (VkDeviceSize)groups * 64 * 2 * 16);
   fill_random(&words, number + 1);
   fill_random(&numbers, number + 100);
   for (uint32_t i = 0; i < SLOTS; i += 5) // what compare-and-swap looks for
      ((uint64_t *)words.map)[i] = ((uint64_t *)numbers.map)[i] = 77;
   uint64_t first = ((uint64_t *)words.map)[1];
   kernel_run(gpu, &(struct kernel){CODE(atomics_64_comp), PUSH(push), .x = groups,
                                    .bindings = {STORAGE(&words), STORAGE(&numbers), STORAGE(&out)}});
   if (slots == SLOTS)
      EXPECT(*(uint64_t *)((uint8_t *)out.map + 32) == first);
   result(gpu, "words", words.map, words.size);
   result(gpu, "numbers", numbers.map, numbers.size);
   if (slots == SLOTS)
      result(gpu, "old-and-shared", out.map, out.size);
   buffer_free(gpu, &words);
   buffer_free(gpu, &numbers);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {
      .core.shaderInt64 = VK_TRUE, .v12.shaderBufferInt64Atomics = VK_TRUE, .v12.shaderSharedInt64Atomics = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t i = 0; i < 8; i++)
      operation(&gpu, i, SLOTS);
   for (uint32_t i = 0; i < 6; i++) // only what does not depend on the order
      operation(&gpu, i, 5);
   return gpu_close(&gpu);
}
