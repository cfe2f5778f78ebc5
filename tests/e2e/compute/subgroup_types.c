// SPDX-License-Identifier: MIT
//
// Subgroup operations on 8, 16 and 64-bit types.
#include "kernel.h"

#include "subgroup_types_comp.h"

#define GROUPS 8

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.shaderInt64 = VK_TRUE,
                       .core.shaderInt16 = VK_TRUE,
                       .v12.shaderInt8 = VK_TRUE,
                       .v12.shaderFloat16 = VK_TRUE,
                       .v12.shaderSubgroupExtendedTypes = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer in = storage_new(&gpu, GROUPS * 64 * 4), out = storage_new(&gpu, GROUPS * 64 * 16);
   fill_random(&in, 5);
   kernel_run(&gpu,
              &(struct kernel){CODE(subgroup_types_comp), .x = GROUPS, .bindings = {STORAGE(&in), STORAGE(&out)}});
   EXPECT((((uint32_t *)out.map)[0] & 0xff) >= (*(uint32_t *)in.map & 0xff)); // the largest byte
   result(&gpu, "types", out.map, out.size);
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
