// SPDX-License-Identifier: MIT
//
// VK_KHR_shader_subgroup_rotate: values move on by any distance, in the subgroup or in clusters of it.
#include "kernel.h"

#include "subgroup_rotate_comp.h"

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceShaderSubgroupRotateFeaturesKHR rotate = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SUBGROUP_ROTATE_FEATURES_KHR, .shaderSubgroupRotate = VK_TRUE,
      .shaderSubgroupRotateClustered = VK_TRUE};
   struct want want = {.extensions = {VK_KHR_SHADER_SUBGROUP_ROTATE_EXTENSION_NAME}, .next = &rotate};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer in = storage_new(&gpu, 256 * 4), out = storage_new(&gpu, 256 * 8);
   fill_random(&in, 6);
   for (uint32_t delta = 0; delta < 5; delta++) {
      kernel_run(&gpu, &(struct kernel){CODE(subgroup_rotate_comp), PUSH(delta), .x = 4,
                                        .bindings = {STORAGE(&in), STORAGE(&out)}});
      EXPECT(((uint32_t *)out.map)[1] == ((uint32_t *)in.map)[delta % 4]);
      result(&gpu, "rotated", out.map, out.size);
   }
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
