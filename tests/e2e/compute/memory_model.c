// SPDX-License-Identifier: MIT
//
// The Vulkan memory model: work groups hand plain writes over with releases and acquires of device scope; whichever
// comes last sums them all.
#include "kernel.h"

#include "memory_model_comp.h"

#define GROUPS 300

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.vulkanMemoryModel = VK_TRUE, .v12.vulkanMemoryModelDeviceScope = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t round = 0; round < 5; round++) {
      struct buffer data = storage_new(&gpu, 64), words = storage_new(&gpu, GROUPS * 4);
      uint32_t push[] = {GROUPS, round * 12345}, total = 0;
      kernel_run(&gpu, &(struct kernel){CODE(memory_model_comp), PUSH(push), .x = GROUPS,
                                        .bindings = {STORAGE(&data), STORAGE(&words)}});
      for (uint32_t i = 0; i < GROUPS; i++)
         total = total * 33 + ((uint32_t *)words.map)[i];
      const uint32_t *found = data.map;
      EXPECT(found[0] == GROUPS && found[1] == total && found[2] == GROUPS - 1);
      result(&gpu, "sums", words.map, words.size);
      result(&gpu, "total", data.map, data.size);
      buffer_free(&gpu, &data);
      buffer_free(&gpu, &words);
   }
   return gpu_close(&gpu);
}
