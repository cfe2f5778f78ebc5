// SPDX-License-Identifier: MIT
//
// Integer dot products of all signs, packed or not, saturating; and what the device says it accelerates.
#include "kernel.h"

#include "dot_product_comp.h"

#define N 512

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.shaderInt8 = VK_TRUE, .v13.shaderIntegerDotProduct = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   VkPhysicalDeviceShaderIntegerDotProductProperties fast = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &fast};
   vkGetPhysicalDeviceProperties2(gpu.physical, &props);
   const size_t header =
       offsetof(VkPhysicalDeviceShaderIntegerDotProductProperties, integerDotProduct8BitUnsignedAccelerated);
   result(&gpu, "accelerated", (const char *)&fast + header, 30 * sizeof(VkBool32));
   struct buffer in = storage_new(&gpu, N * 8), out = storage_new(&gpu, N * 16);
   fill_random(&in, 8);
   kernel_run(&gpu, &(struct kernel){CODE(dot_product_comp), .x = N / 64, .bindings = {STORAGE(&in), STORAGE(&out)}});
   const int8_t *a = in.map, *b = a + 4;
   EXPECT(*(int32_t *)out.map == a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
   result(&gpu, "products", out.map, out.size);
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
