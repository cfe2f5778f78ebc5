// SPDX-License-Identifier: MIT
//
// Float16 vectors: arithmetic with exact results, dot products, packing, conversion.
#include "kernel.h"

#include "half_comp.h"

#define N 512

// A float16 of a small whole number.
static uint16_t half_of(int value)
{
   uint16_t sign = value < 0 ? 0x8000 : 0, exponent = 25;
   uint32_t magnitude = (uint32_t)(value < 0 ? -value : value);
   if (!magnitude)
      return sign;
   for (; magnitude < 1024; magnitude <<= 1)
      exponent--;
   return (uint16_t)(sign | exponent << 10 | (magnitude & 1023));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v11.storageBuffer16BitAccess = VK_TRUE, .v12.shaderFloat16 = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer in = storage_new(&gpu, N * 8), out = storage_new(&gpu, N * 24), words = storage_new(&gpu, N * 16);
   uint32_t state = 9;
   for (uint32_t i = 0; i < N * 4; i++)
      ((uint16_t *)in.map)[i] = half_of((int)(random_next(&state) % 41) - 20);
   ((uint16_t *)in.map)[0] = half_of(3);
   ((uint16_t *)in.map)[4] = half_of(-8);
   kernel_run(&gpu, &(struct kernel){CODE(half_comp), .x = N / 64,
                                     .bindings = {STORAGE(&in), STORAGE(&out), STORAGE(&words)}});
   EXPECT(*(uint16_t *)out.map == half_of(-5));
   result(&gpu, "halves", out.map, out.size);
   result(&gpu, "words", words.map, words.size);
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   buffer_free(&gpu, &words);
   return gpu_close(&gpu);
}
