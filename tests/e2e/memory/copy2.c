// SPDX-License-Identifier: MIT
//
// The commands of VK_KHR_copy_commands2 (Vulkan 1.3): every one of them must do what the older command does.
#include "harness.h"

#define RGBA   VK_FORMAT_R8G8B8A8_UNORM
#define SOURCE VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
#define TARGET VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
#define BOTH   (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT)
#define SIDE   32

static const VkImageSubresourceLayers base = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
static const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};

static void buffers(VkCommandBuffer cmd, const struct buffer *in, const struct buffer *out)
{
   VkBufferCopy2 regions[] = {{VK_STRUCTURE_TYPE_BUFFER_COPY_2, NULL, 0, 64, 100},
                              {VK_STRUCTURE_TYPE_BUFFER_COPY_2, NULL, 1001, 3, 7},
                              {VK_STRUCTURE_TYPE_BUFFER_COPY_2, NULL, 2048, 512, 1024}};
   VkCopyBufferInfo2 info = {VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2, .srcBuffer = in->handle, .dstBuffer = out->handle,
                             .regionCount = COUNT(regions), .pRegions = regions};
   vkCmdCopyBuffer2(cmd, &info);
}

static void to_image(VkCommandBuffer cmd, const struct buffer *in, const struct image *image)
{
   VkBufferImageCopy2 regions[] = {
      {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2, NULL, 0, 40, 0, base, {0, 0, 0}, {SIDE, SIDE, 1}},
      {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2, NULL, 6000, 0, 0, base, {5, 6, 0}, {3, 2, 1}}};
   VkCopyBufferToImageInfo2 info = {
      VK_STRUCTURE_TYPE_COPY_BUFFER_TO_IMAGE_INFO_2, NULL, in->handle, image->handle, TARGET, 1, regions};
   vkCmdCopyBufferToImage2(cmd, &info);
   barrier_all(cmd);
   info.pRegions = &regions[1];
   vkCmdCopyBufferToImage2(cmd, &info);
}

static void between(VkCommandBuffer cmd, const struct image *from, const struct image *to)
{
   VkImageCopy2 region = {VK_STRUCTURE_TYPE_IMAGE_COPY_2, NULL, base, {1, 2, 0}, base, {3, 4, 0}, {20, 21, 1}};
   VkCopyImageInfo2 copy = {
      VK_STRUCTURE_TYPE_COPY_IMAGE_INFO_2, NULL, from->handle, SOURCE, to->handle, TARGET, 1, &region};
   VkImageBlit2 part = {VK_STRUCTURE_TYPE_IMAGE_BLIT_2, NULL, base,
                        {{32, 0, 0}, {0, 16, 1}},       base, {{0, 26, 0}, {32, 32, 1}}};
   VkBlitImageInfo2 blit = {
      VK_STRUCTURE_TYPE_BLIT_IMAGE_INFO_2, NULL, from->handle, SOURCE, to->handle, TARGET, 1, &part, VK_FILTER_LINEAR};
   vkCmdCopyImage2(cmd, &copy);
   barrier_all(cmd);
   vkCmdBlitImage2(cmd, &blit);
}

static void from_image(VkCommandBuffer cmd, const struct image *image, const struct buffer *out)
{
   VkBufferImageCopy2 region = {
      VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2, NULL, 4096, 48, 0, base, {0, 1, 0}, {SIDE, SIDE - 1, 1}};
   VkCopyImageToBufferInfo2 info = {
      VK_STRUCTURE_TYPE_COPY_IMAGE_TO_BUFFER_INFO_2, NULL, image->handle, SOURCE, out->handle, 1, &region};
   vkCmdCopyImageToBuffer2(cmd, &info);
}

static void resolve(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = RGBA,
                             .extent = {SIDE, SIDE, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_4_BIT,
                             .usage = BOTH | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT};
   struct image many = image_new(gpu, &info), one = image_2d(gpu, RGBA, SIDE, SIDE, BOTH);
   VkImageResolve2 region = {VK_STRUCTURE_TYPE_IMAGE_RESOLVE_2, NULL, base, {0, 8, 0}, base, {4, 0, 0}, {20, 24, 1}};
   VkResolveImageInfo2 resolve = {
      VK_STRUCTURE_TYPE_RESOLVE_IMAGE_INFO_2, NULL, many.handle, SOURCE, one.handle, TARGET, 1, &region};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &many, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &one, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, many.handle, TARGET, &(VkClearColorValue){{0.9f, 0.1f, 0.5f, 0.3f}}, 1, &all);
   vkCmdClearColorImage(cmd, one.handle, TARGET, &(VkClearColorValue){{0}}, 1, &all);
   image_layout(cmd, &many, TARGET, SOURCE);
   vkCmdResolveImage2(cmd, &resolve);
   image_layout(cmd, &one, TARGET, SOURCE);
   cmd_submit(gpu, cmd);
   image_result(gpu, &one, VK_IMAGE_ASPECT_COLOR_BIT, 4, "resolved");
   image_free(gpu, &many);
   image_free(gpu, &one);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.api = VK_API_VERSION_1_3};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer in = buffer_host(&gpu, 8192, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(&gpu, 16384, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   struct image a = image_2d(&gpu, RGBA, SIDE, SIDE, BOTH), b = image_2d(&gpu, RGBA, SIDE, SIDE, BOTH);
   uint32_t state = 19;
   for (uint32_t i = 0; i < in.size / 4; i++)
      ((uint32_t *)in.map)[i] = random_next(&state);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   buffers(cmd, &in, &out);
   image_layout(cmd, &a, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   image_layout(cmd, &b, VK_IMAGE_LAYOUT_UNDEFINED, TARGET);
   vkCmdClearColorImage(cmd, b.handle, TARGET, &(VkClearColorValue){{1, 1, 0, 1}}, 1, &all);
   to_image(cmd, &in, &a);
   image_layout(cmd, &a, TARGET, SOURCE);
   between(cmd, &a, &b);
   image_layout(cmd, &b, TARGET, SOURCE);
   from_image(cmd, &b, &out);
   cmd_submit(&gpu, cmd);
   EXPECT(!memcmp((char *)out.map + 64, in.map, 100));
   result(&gpu, "copied", out.map, out.size);
   image_result(&gpu, &a, VK_IMAGE_ASPECT_COLOR_BIT, 4, "first");
   resolve(&gpu);
   image_free(&gpu, &a);
   image_free(&gpu, &b);
   buffer_free(&gpu, &in);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
