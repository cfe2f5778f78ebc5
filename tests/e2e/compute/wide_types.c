// SPDX-License-Identifier: MIT
//
// 64-bit integers and floats.
#include "kernel.h"

#include "wide_types_comp.h"

#define N 512

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.shaderInt64 = VK_TRUE, .core.shaderFloat64 = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer in = storage_new(&gpu, N * 16), out = storage_new(&gpu, N * 64), reals = storage_new(&gpu, N * 32);
   fill_random(&in, 3);
   kernel_run(&gpu, &(struct kernel){CODE(wide_types_comp), .x = N / 64,
                                     .bindings = {STORAGE(&in), STORAGE(&out), STORAGE(&reals)}});
   const uint64_t *words = in.map;
   EXPECT(*(uint64_t *)out.map == words[0] * (words[1] | 1) && ((uint64_t *)out.map)[1] == words[0] / (words[1] | 1));
   EXPECT(*(double *)reals.map == (double)(words[0] >> 12) * 0.25 + (double)(words[1] >> 40) + 0.5);
   result(&gpu, "integers", out.map, out.size);
   result(&gpu, "reals", reals.map, reals.size);
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   buffer_free(&gpu, &reals);
   return gpu_close(&gpu);
}
