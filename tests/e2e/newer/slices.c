// SPDX-License-Identifier: MIT
//
// Two-dimensional views of a volume's slices, written and sampled by a compute shader.
#include "kernel.h"
#include "paint.h"

#include "slice_comp.h"

#define EDGE  16
#define DEPTH 8

static VkImageView slice_view(struct gpu *gpu, const struct image *image, uint32_t z)
{
   VkImageViewCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO, .image = image->handle,
                                 .viewType = VK_IMAGE_VIEW_TYPE_2D, .format = image->info.format,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, z, 1}};
   VkImageView view;
   VK(vkCreateImageView(gpu->device, &info, NULL, &view));
   return view;
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceImage2DViewOf3DFeaturesEXT slices = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_2D_VIEW_OF_3D_FEATURES_EXT, .image2DViewOf3D = VK_TRUE,
      .sampler2DViewOf3D = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_IMAGE_2D_VIEW_OF_3D_EXTENSION_NAME}, .features = {FEATURES(slices)}};
   gpu_open(&gpu, argc, argv, &want);
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = VK_IMAGE_CREATE_2D_VIEW_COMPATIBLE_BIT_EXT,
                             .imageType = VK_IMAGE_TYPE_3D,
                             .format = VK_FORMAT_R8G8B8A8_UINT,
                             .extent = {EDGE, EDGE, DEPTH},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_SAMPLED_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct image volume = image_new(&gpu, &info);
   uint32_t texels[EDGE * EDGE * DEPTH], seed = 4;
   for (size_t i = 0; i < COUNT(texels); i++)
      texels[i] = random_next(&seed);
   image_upload(&gpu, &volume, texels, sizeof(texels), VK_IMAGE_LAYOUT_GENERAL);
   VkSampler sampler =
       sampler_new(&gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   for (uint32_t z = 0; z < DEPTH; z += 2) { // every second slice, out of itself and the last one
      VkImageView to = slice_view(&gpu, &volume, z), from = slice_view(&gpu, &volume, DEPTH - 1);
      kernel_run(&gpu, &(struct kernel){CODE(slice_comp), PUSH(z), .x = EDGE / 8, .y = EDGE / 8,
                                        .bindings = {STORAGE_IMAGE(to),
                                                     {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .view = from,
                                                      .sampler = sampler, .layout = VK_IMAGE_LAYOUT_GENERAL}}});
      vkDestroyImageView(gpu.device, to, NULL);
      vkDestroyImageView(gpu.device, from, NULL);
   }
   VkCommandBuffer cmd = cmd_begin(&gpu);
   image_layout(cmd, &volume, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &volume, VK_IMAGE_ASPECT_COLOR_BIT, 4, "volume");
   vkDestroySampler(gpu.device, sampler, NULL);
   image_free(&gpu, &volume);
   return gpu_close(&gpu);
}
