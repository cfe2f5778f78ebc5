// SPDX-License-Identifier: MIT
//
// Atomic operations on texels of unsigned and signed images: old values where nobody meets, the outcome where many do.
#include "kernel.h"

#include "image_atomics_comp.h"

#define SIDE  16
#define USAGE (VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)

static void operation(struct gpu *gpu, uint32_t number, uint32_t texels)
{
   uint32_t start[SIDE * SIDE], state = number + 1;
   for (size_t i = 0; i < COUNT(start); i++)
      start[i] = i % 5 ? random_next(&state) : 77; // what compare-and-swap looks for
   struct image words = image_2d(gpu, VK_FORMAT_R32_UINT, SIDE, SIDE, USAGE);
   struct image numbers = image_2d(gpu, VK_FORMAT_R32_SINT, SIDE, SIDE, USAGE);
   struct buffer out = storage_new(gpu, SIDE * SIDE * 8);
   image_upload(gpu, &words, start, sizeof(start), VK_IMAGE_LAYOUT_GENERAL);
   image_upload(gpu, &numbers, start, sizeof(start), VK_IMAGE_LAYOUT_GENERAL);
   uint32_t push[2] = {number, texels};
   kernel_run(gpu,
              &(struct kernel){CODE(image_atomics_comp), PUSH(push), .x = texels == SIDE * SIDE ? SIDE * SIDE / 64 : 40,
                               .bindings = {STORAGE_IMAGE(words.view), STORAGE_IMAGE(numbers.view), STORAGE(&out)}});
   if (texels == SIDE * SIDE)
      EXPECT(((uint32_t *)out.map)[2] == start[1] && ((uint32_t *)out.map)[3] == start[1]);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &words, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   image_layout(cmd, &numbers, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &words, VK_IMAGE_ASPECT_COLOR_BIT, 4, "words");
   image_result(gpu, &numbers, VK_IMAGE_ASPECT_COLOR_BIT, 4, "numbers");
   result(gpu, "old-values", out.map, out.size);
   image_free(gpu, &words);
   image_free(gpu, &numbers);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   for (uint32_t i = 0; i < 8; i++)
      operation(&gpu, i, SIDE * SIDE);
   for (uint32_t i = 0; i < 6; i++) // only what does not depend on the order
      operation(&gpu, i, 7);
   return gpu_close(&gpu);
}
