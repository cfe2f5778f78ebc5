// SPDX-License-Identifier: MIT
//
// Memory of a work group: a sorting network with a barrier at every step, and memory that must start as zeros.
#include "kernel.h"

#include "bitonic_comp.h"
#include "zero_shared_comp.h"

#define GROUPS 20

static void sort(struct gpu *gpu)
{
   struct buffer data = storage_new(gpu, GROUPS * 512 * 4);
   fill_random(&data, 4711);
   kernel_run(gpu, &(struct kernel){CODE(bitonic_comp), .x = GROUPS, .bindings = {STORAGE(&data)}});
   for (uint32_t i = 1; i < GROUPS * 512; i++)
      EXPECT(i % 512 == 0 || ((uint32_t *)data.map)[i - 1] <= ((uint32_t *)data.map)[i]);
   result(gpu, "sorted", data.map, data.size);
   buffer_free(gpu, &data);
}

static void zeroed(struct gpu *gpu)
{
   struct buffer out = storage_new(gpu, GROUPS * 64 * 4);
   kernel_run(gpu, &(struct kernel){CODE(zero_shared_comp), .x = GROUPS, .bindings = {STORAGE(&out)}});
   for (uint32_t i = 0; i < GROUPS * 64; i++)
      EXPECT(((uint32_t *)out.map)[i] == 63 * 32 + 0xdead0000u + (63 - i % 64));
   result(gpu, "zeroed", out.map, out.size);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.shaderZeroInitializeWorkgroupMemory = VK_TRUE, .api = VK_API_VERSION_1_3};
   gpu_open(&gpu, argc, argv, &want);
   sort(&gpu);
   zeroed(&gpu);
   return gpu_close(&gpu);
}
