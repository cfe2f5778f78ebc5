// SPDX-License-Identifier: MIT
//
// Float atomics (VK_EXT_shader_atomic_float) on a buffer, shared memory and an image; sums of whole numbers are exact.
#include "kernel.h"

#include "atomics_float_comp.h"

#define GROUPS 16

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceShaderAtomicFloatFeaturesEXT atomics = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_ATOMIC_FLOAT_FEATURES_EXT,
      .shaderBufferFloat32Atomics = VK_TRUE,
      .shaderBufferFloat32AtomicAdd = VK_TRUE,
      .shaderSharedFloat32Atomics = VK_TRUE,
      .shaderSharedFloat32AtomicAdd = VK_TRUE,
      .shaderImageFloat32Atomics = VK_TRUE,
      .shaderImageFloat32AtomicAdd = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_SHADER_ATOMIC_FLOAT_EXTENSION_NAME}, .next = &atomics};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer data = storage_new(&gpu, 16 + GROUPS * 64 * 8);
   struct image image =
       image_2d(&gpu, VK_FORMAT_R32_SFLOAT, 64, 32,
                VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   float start[64 * 32];
   for (uint32_t i = 0; i < COUNT(start); i++)
      start[i] = (float)i * 0.25f;
   image_upload(&gpu, &image, start, sizeof(start), VK_IMAGE_LAYOUT_GENERAL);
   kernel_run(&gpu, &(struct kernel){CODE(atomics_float_comp), .x = GROUPS,
                                     .bindings = {STORAGE(&data), STORAGE_IMAGE(image.view)}});
   float sum = 0;
   for (uint32_t i = 0; i < GROUPS * 64; i += 4)
      sum += (float)(i % 1000) - 300;
   EXPECT(*(float *)data.map == sum);
   result(&gpu, "buffer", data.map, data.size);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "image");
   image_free(&gpu, &image);
   buffer_free(&gpu, &data);
   return gpu_close(&gpu);
}
