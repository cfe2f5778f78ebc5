// SPDX-License-Identifier: MIT
//
// Specialisation constants of the 32-bit types: defaults, some, all, in any order, from anywhere in the data; they also
// set the size of work groups and of shared arrays.
#include "kernel.h"

#include "constants_comp.h"

struct data {
   float real;
   uint32_t x, y, z;
   int32_t number;
   VkBool32 flag;
   uint32_t word, length, unused;
};

#define ENTRY(id, member) {(id), offsetof(struct data, member), 4}

static void run(struct gpu *gpu, uint32_t count, const VkSpecializationMapEntry *entries, const struct data *data,
                const char *name)
{
   struct buffer out = storage_new(gpu, 32 + 128 * 4);
   VkSpecializationInfo spec = {count, entries, sizeof(*data), data};
   kernel_run(gpu, &(struct kernel){CODE(constants_comp), .spec = &spec, .bindings = {STORAGE(&out)}});
   result(gpu, name, out.map, out.size);
   if (!strcmp(name, "all")) {
      const int32_t *words = out.map;
      EXPECT(words[0] == -33 * 3 + 21 - 100 && words[1] == 1 && words[2] == 17 && words[3] == 40302);
      EXPECT(words[8] == (words[0] ^ 0));
   }
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   const struct data data = {2.75f, 4, 3, 2, -33, VK_TRUE, 21, 17, 99};
   const struct data flat = {-0.0f, 64, 1, 1, INT32_MIN, VK_FALSE, UINT32_MAX, 1, 99};
   const VkSpecializationMapEntry entries[] = {ENTRY(6, real),   ENTRY(0, x),    ENTRY(1, y),    ENTRY(2, z),
                                               ENTRY(4, number), ENTRY(3, flag), ENTRY(5, word), ENTRY(7, length),
                                               ENTRY(55, unused)}; // no constant has this number
   run(&gpu, 0, entries, &data, "defaults");
   run(&gpu, 4, entries, &data, "size-and-real");
   run(&gpu, 8, entries, &data, "all");
   run(&gpu, 9, entries, &data, "one-too-many");
   run(&gpu, 8, entries, &flat, "extremes");
   run(&gpu, 4, entries + 4, &data, "values-only");
   return gpu_close(&gpu);
}
