// SPDX-License-Identifier: MIT
//
// 8 and 16-bit integers and floats in storage, uniform and push constant memory, and arithmetic on them.
#include "kernel.h"

#include "small_types_comp.h"

#define N 1024

struct push {
   uint16_t factor;
   uint8_t term;
   int8_t shift;
};

struct table {
   uint8_t row[4];
   int16_t pair[2];
   uint16_t scale[2]; // float16: 0.5 and 3
};

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.shaderInt16 = VK_TRUE,
                       .v11.storageBuffer16BitAccess = VK_TRUE,
                       .v11.uniformAndStorageBuffer16BitAccess = VK_TRUE,
                       .v11.storagePushConstant16 = VK_TRUE,
                       .v12.storageBuffer8BitAccess = VK_TRUE,
                       .v12.uniformAndStorageBuffer8BitAccess = VK_TRUE,
                       .v12.storagePushConstant8 = VK_TRUE,
                       .v12.shaderInt8 = VK_TRUE,
                       .v12.shaderFloat16 = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct push push = {1234, 56, 3};
   const struct table table = {{1, 7, 3, 4}, {-5, 1000}, {0x3800, 0x4200}};
   struct buffer bytes = storage_new(&gpu, N), shorts = storage_new(&gpu, N * 2), halves = storage_new(&gpu, N * 2);
   struct buffer out_bytes = storage_new(&gpu, N), out_shorts = storage_new(&gpu, N * 2);
   struct buffer uniform = buffer_host(&gpu, 256, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   fill_random(&bytes, 1);
   fill_random(&shorts, 2);
   memcpy(uniform.map, &table, sizeof(table));
   kernel_run(&gpu, &(struct kernel){CODE(small_types_comp), PUSH(push), .x = N / 64,
                                     .bindings = {STORAGE(&bytes), STORAGE(&shorts), STORAGE(&halves),
                                                  UNIFORM(&uniform), STORAGE(&out_bytes), STORAGE(&out_shorts)}});
   uint8_t b = *(uint8_t *)bytes.map;
   EXPECT(*(uint8_t *)out_bytes.map == (uint8_t)((b * 7 + 56) ^ ((int8_t)b >> 3)));
   result(&gpu, "bytes", out_bytes.map, N);
   result(&gpu, "shorts", out_shorts.map, N * 2);
   result(&gpu, "halves", halves.map, N * 2);
   buffer_free(&gpu, &bytes);
   buffer_free(&gpu, &shorts);
   buffer_free(&gpu, &halves);
   buffer_free(&gpu, &out_bytes);
   buffer_free(&gpu, &out_shorts);
   buffer_free(&gpu, &uniform);
   return gpu_close(&gpu);
}
