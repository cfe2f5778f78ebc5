// SPDX-License-Identifier: MIT
//
// VK_KHR_workgroup_memory_explicit_layout: two views of the same shared memory.
#include "kernel.h"

#include "workgroup_layout_comp.h"

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceWorkgroupMemoryExplicitLayoutFeaturesKHR layout = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_WORKGROUP_MEMORY_EXPLICIT_LAYOUT_FEATURES_KHR,
      .workgroupMemoryExplicitLayout = VK_TRUE};
   struct want want = {.extensions = {VK_KHR_WORKGROUP_MEMORY_EXPLICIT_LAYOUT_EXTENSION_NAME}, .next = &layout};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer data = storage_new(&gpu, 4 * 64 * 16);
   fill_random(&data, 12);
   uint32_t last = ((uint32_t *)data.map)[63 * 4 + 3];
   kernel_run(&gpu, &(struct kernel){CODE(workgroup_layout_comp), .x = 4, .bindings = {STORAGE(&data)}});
   EXPECT(((uint32_t *)data.map)[3] == last + 63); // the last word of the last row, now in the first
   result(&gpu, "rows", data.map, data.size);
   buffer_free(&gpu, &data);
   return gpu_close(&gpu);
}
