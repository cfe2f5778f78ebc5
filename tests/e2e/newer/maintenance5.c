// SPDX-License-Identifier: MIT
//
// VK_KHR_maintenance5: index buffers with a size, 64-bit usage and pipeline flags, shaders without modules, layouts of
// images that do not exist, two more formats, "all remaining layers" in copies, the granularity of dynamic rendering.
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"

static void layouts(struct gpu *gpu)
{
   PROC(gpu, vkGetDeviceImageSubresourceLayoutKHR);
   PROC(gpu, vkGetImageSubresourceLayout2KHR);
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {37, 19, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .tiling = VK_IMAGE_TILING_LINEAR,
                             .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
   VkImageSubresource2KHR part = {VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2_KHR, .imageSubresource = {1, 0, 0}};
   VkDeviceImageSubresourceInfoKHR ask = {VK_STRUCTURE_TYPE_DEVICE_IMAGE_SUBRESOURCE_INFO_KHR, .pCreateInfo = &info,
                                          .pSubresource = &part};
   VkSubresourceLayout2KHR early = {VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2_KHR}, late = early;
   struct image image = image_new(gpu, &info);
   vkGetDeviceImageSubresourceLayoutKHR_(gpu->device, &ask, &early);
   vkGetImageSubresourceLayout2KHR_(gpu->device, image.handle, &part, &late);
   EXPECT(!memcmp(&early.subresourceLayout, &late.subresourceLayout, sizeof(late.subresourceLayout)));
   result(gpu, "layout", &late.subresourceLayout, sizeof(late.subresourceLayout));
   image_free(gpu, &image);
}

static void granularity(struct gpu *gpu)
{
   PROC(gpu, vkGetRenderingAreaGranularityKHR);
   const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
   VkRenderingAreaInfoKHR info = {VK_STRUCTURE_TYPE_RENDERING_AREA_INFO_KHR, .colorAttachmentCount = 1,
                                  .pColorAttachmentFormats = &format, .depthAttachmentFormat = VK_FORMAT_D16_UNORM};
   VkExtent2D extent = {0};
   vkGetRenderingAreaGranularityKHR_(gpu->device, &info, &extent);
   EXPECT(extent.width && extent.height);
   result(gpu, "granularity", &extent, sizeof(extent));
}

// Usage and flags in the 64-bit structs alone; the shaders are part of the pipeline's description.
static VkBuffer index_buffer(struct gpu *gpu, VkDeviceMemory *memory)
{
   VkBufferUsageFlags2CreateInfoKHR usage = {VK_STRUCTURE_TYPE_BUFFER_USAGE_FLAGS_2_CREATE_INFO_KHR,
                                             .usage = VK_BUFFER_USAGE_2_INDEX_BUFFER_BIT_KHR |
                                                      VK_BUFFER_USAGE_2_TRANSFER_DST_BIT_KHR};
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .pNext = &usage, .size = 64};
   VkBuffer buffer;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   VkMemoryRequirements need;
   vkGetBufferMemoryRequirements(gpu->device, buffer, &need);
   VkMemoryAllocateInfo allocate = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need.size,
                                    .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits, 0)};
   VK(vkAllocateMemory(gpu->device, &allocate, NULL, memory));
   VK(vkBindBufferMemory(gpu->device, buffer, *memory, 0));
   static const uint16_t indices[] = {0, 1, 2, 3, 4, 5, 5, 1, 3, 2, 4, 0};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdUpdateBuffer(cmd, buffer, 8, sizeof(indices), indices);
   cmd_submit(gpu, cmd);
   return buffer;
}

static void indexed(struct gpu *gpu, const struct scene *s)
{
   PROC(gpu, vkCmdBindIndexBuffer2KHR);
   VkDeviceMemory memory;
   VkBuffer indices = index_buffer(gpu, &memory);
   VkPipelineCreateFlags2CreateInfoKHR flags = {VK_STRUCTURE_TYPE_PIPELINE_CREATE_FLAGS_2_CREATE_INFO_KHR,
                                                .flags = VK_PIPELINE_CREATE_2_DISABLE_OPTIMIZATION_BIT_KHR};
   struct graphics desc = scene_graphics(s);
   desc.next = &flags;
   desc.vert = SHADER(gpu, color_vert);
   desc.frag = SHADER(gpu, color_frag);
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = scene_begin(gpu, s, pipeline);
   vkCmdBindIndexBuffer2KHR_(cmd, indices, 8, 24, VK_INDEX_TYPE_UINT16);
   vkCmdDrawIndexed(cmd, 9, 1, 0, 0, 0);
   scene_place(cmd, s, 0.4f, 0.3f, -0.3f);
   vkCmdBindIndexBuffer2KHR_(cmd, indices, 14, VK_WHOLE_SIZE, VK_INDEX_TYPE_UINT16);
   vkCmdDrawIndexed(cmd, 6, 1, 3, 0, 0);
   scene_end(gpu, s, cmd, "indexed");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyBuffer(gpu->device, indices, NULL);
   vkFreeMemory(gpu->device, memory, NULL);
}

// Both formats are mandatory, for sampling at least: copied in, looked at through a blit where the device can.
static void formats(struct gpu *gpu, VkFormat format, const char *name)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, format, &props);
   result(gpu, name, &props.optimalTilingFeatures, sizeof(props.optimalTilingFeatures));
   const VkFormatFeatureFlags need = VK_FORMAT_FEATURE_BLIT_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
   if ((props.optimalTilingFeatures & need) != need)
      return;
   uint8_t bytes[16 * 16 * 2];
   size_t size = format == VK_FORMAT_A8_UNORM_KHR ? 256 : 512;
   for (uint32_t i = 0; i < size; i++)
      bytes[i] = (uint8_t)(i * 37);
   const VkImageUsageFlags transfer = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   struct image from = image_2d(gpu, format, 16, 16, transfer | VK_IMAGE_USAGE_SAMPLED_BIT);
   struct image to = image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, 16, 16, transfer);
   image_upload(gpu, &from, bytes, size, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   VkImageBlit all = {.srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                      .srcOffsets = {{0}, {16, 16, 1}},
                      .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                      .dstOffsets = {{0}, {16, 16, 1}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &to, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdBlitImage(cmd, from.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, to.handle,
                  VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &all, VK_FILTER_NEAREST);
   image_layout(cmd, &to, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &to, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
   image_free(gpu, &from);
   image_free(gpu, &to);
}

// Three layers out of four, without saying that they are three.
static void remaining(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R32_UINT,
                             .extent = {8, 8, 1},
                             .mipLevels = 1,
                             .arrayLayers = 4,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct image a = image_new(gpu, &info), b = image_new(gpu, &info);
   uint32_t words[4 * 64];
   for (uint32_t i = 0; i < COUNT(words); i++)
      words[i] = i * i;
   image_upload(gpu, &a, words, sizeof(words), VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   struct buffer out = buffer_host(gpu, sizeof(words), VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkImageCopy copy = {.srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, VK_REMAINING_ARRAY_LAYERS},
                       .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, VK_REMAINING_ARRAY_LAYERS},
                       .extent = {8, 8, 1}};
   VkBufferImageCopy read = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, VK_REMAINING_ARRAY_LAYERS},
                             .imageExtent = {8, 8, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &b, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdCopyImage(cmd, a.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, b.handle, VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, b.handle, VK_IMAGE_LAYOUT_GENERAL, out.handle, 1, &read);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)out.map)[0] == 64 * 64 && ((uint32_t *)out.map)[191] == 255 * 255);
   result(gpu, "remaining-layers", out.map, out.size);
   buffer_free(gpu, &out);
   image_free(gpu, &a);
   image_free(gpu, &b);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMaintenance5FeaturesKHR maintenance = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_5_FEATURES_KHR,
                                                          .maintenance5 = VK_TRUE};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_KHR_MAINTENANCE_5_EXTENSION_NAME},
                       .features = {FEATURES(maintenance)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   layouts(&gpu);
   granularity(&gpu);
   indexed(&gpu, &scene);
   formats(&gpu, VK_FORMAT_A8_UNORM_KHR, "a8");
   formats(&gpu, VK_FORMAT_A1B5G5R5_UNORM_PACK16_KHR, "a1b5g5r5");
   remaining(&gpu);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
