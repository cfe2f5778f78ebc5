// SPDX-License-Identifier: MIT
//
// Sliced views: a few slices of a volume as a smaller volume, also of a smaller level; to the end without a count.
#include "kernel.h"
#include "paint.h"

#include "slab_comp.h"

#define EDGE  16
#define DEPTH 16

static VkImageView slab_view(struct gpu *gpu, const struct image *image, uint32_t level, uint32_t first, uint32_t count)
{
   VkImageViewSlicedCreateInfoEXT slice = {VK_STRUCTURE_TYPE_IMAGE_VIEW_SLICED_CREATE_INFO_EXT, .sliceOffset = first,
                                           .sliceCount = count};
   VkImageViewCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                 .pNext = &slice,
                                 .image = image->handle,
                                 .viewType = VK_IMAGE_VIEW_TYPE_3D,
                                 .format = image->info.format,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, level, 1, 0, 1}};
   VkImageView view;
   VK(vkCreateImageView(gpu->device, &info, NULL, &view));
   return view;
}

int main(int argc, char **argv)
{
   static const uint32_t slabs[][3] = {{0, 2, 3}, {0, 9, 1}, {0, 12, VK_REMAINING_3D_SLICES_EXT}, {1, 3, 2}, {2, 0, 4}};
   struct gpu gpu;
   VkPhysicalDeviceImageSlicedViewOf3DFeaturesEXT sliced = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_SLICED_VIEW_OF_3D_FEATURES_EXT, .imageSlicedViewOf3D = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_IMAGE_SLICED_VIEW_OF_3D_EXTENSION_NAME}, .features = {FEATURES(sliced)}};
   gpu_open(&gpu, argc, argv, &want);
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_3D,
                             .format = VK_FORMAT_R32_UINT,
                             .extent = {EDGE, EDGE, DEPTH},
                             .mipLevels = 3,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct image volume = image_new(&gpu, &info);
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 3, 0, 1};
   VkCommandBuffer cmd = cmd_begin(&gpu);
   image_layout(cmd, &volume, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdClearColorImage(cmd, volume.handle, VK_IMAGE_LAYOUT_GENERAL, &(VkClearColorValue){.uint32 = {0x77777777}}, 1,
                        &all);
   cmd_submit(&gpu, cmd);
   for (uint32_t i = 0; i < COUNT(slabs); i++) {
      VkImageView view = slab_view(&gpu, &volume, slabs[i][0], slabs[i][1], slabs[i][2]);
      uint32_t number = i + 1, groups = EDGE / 4 >> slabs[i][0];
      kernel_run(&gpu, &(struct kernel){CODE(slab_comp), PUSH(number), .x = groups, .y = groups,
                                        .bindings = {STORAGE_IMAGE(view)}});
      vkDestroyImageView(gpu.device, view, NULL);
   }
   cmd = cmd_begin(&gpu);
   image_layout(cmd, &volume, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(&gpu, cmd);
   image_result_all(&gpu, &volume, VK_IMAGE_ASPECT_COLOR_BIT, 4, "volume");
   image_free(&gpu, &volume);
   return gpu_close(&gpu);
}
