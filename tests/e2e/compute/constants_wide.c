// SPDX-License-Identifier: MIT
//
// Specialisation constants of 64, 16 and 8 bits.
#include "kernel.h"

#include "constants_wide_comp.h"

struct data {
   double real;
   int64_t number;
   uint64_t word;
   int16_t small;
   uint16_t usmall;
   uint16_t half; // a float16
   int8_t byte;
   uint8_t ubyte;
};

#define ENTRY(id, member) {(id), offsetof(struct data, member), sizeof(((struct data *)0)->member)}

static void run(struct gpu *gpu, uint32_t count, const struct data *data, const char *name)
{
   static const VkSpecializationMapEntry entries[] = {ENTRY(0, real),  ENTRY(1, number), ENTRY(2, word),
                                                      ENTRY(3, small), ENTRY(4, usmall), ENTRY(5, half),
                                                      ENTRY(6, byte),  ENTRY(7, ubyte)};
   struct buffer out = storage_new(gpu, 64);
   VkSpecializationInfo spec = {count, entries, sizeof(*data), data};
   kernel_run(gpu, &(struct kernel){CODE(constants_wide_comp), .spec = &spec, .bindings = {STORAGE(&out)}});
   if (count == COUNT(entries))
      EXPECT(*(double *)out.map == data->real * 3 && ((int64_t *)out.map)[1] == data->number * 3);
   result(gpu, name, out.map, out.size);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.shaderFloat64 = VK_TRUE,
                       .core.shaderInt64 = VK_TRUE,
                       .core.shaderInt16 = VK_TRUE,
                       .v12.shaderFloat16 = VK_TRUE,
                       .v12.shaderInt8 = VK_TRUE};
   const struct data data = {-2.125, -123456789012345, 0xfedcba9876543210ull, -1234, 54321, 0x4248, -100, 200};
   gpu_open(&gpu, argc, argv, &want);
   run(&gpu, 0, &data, "defaults");
   run(&gpu, 3, &data, "wide");
   run(&gpu, 8, &data, "all");
   return gpu_close(&gpu);
}
