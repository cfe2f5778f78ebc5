// SPDX-License-Identifier: MIT
//
// Images with the DRM format modifier LINEAR and memory exported as dma-buf, which guests have on every host: the
// modifier is the host's linear tiling under another name, and what the GPU writes is seen through the exported fd.
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define LINEAR 0u // DRM_FORMAT_MOD_LINEAR
#define WIDTH  61
#define HEIGHT 23
#define FORMAT VK_FORMAT_B8G8R8A8_UNORM
#define USAGE  (VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT)

static const VkExternalMemoryHandleTypeFlagBits DMABUF = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;

// True if LINEAR is among the format's modifiers, with what it says of it.
static bool find_linear(const struct gpu *gpu, VkFormat format, VkDrmFormatModifierPropertiesEXT *found)
{
   VkDrmFormatModifierPropertiesEXT list[64];
   VkDrmFormatModifierPropertiesListEXT modifiers = {VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT};
   VkFormatProperties2 all = {VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, .pNext = &modifiers};
   vkGetPhysicalDeviceFormatProperties2(gpu->physical, format, &all);
   uint32_t count = modifiers.drmFormatModifierCount;
   EXPECT(count <= COUNT(list));
   modifiers.pDrmFormatModifierProperties = list;
   vkGetPhysicalDeviceFormatProperties2(gpu->physical, format, &all);
   EXPECT(modifiers.drmFormatModifierCount == count);
   for (uint32_t i = 0; i < count; i++)
      if (list[i].drmFormatModifier == LINEAR) {
         *found = list[i];
         EXPECT(all.formatProperties.linearTilingFeatures == found->drmFormatModifierTilingFeatures);
         return true;
      }
   return false;
}

static VkResult ask_image(const struct gpu *gpu, VkFormat format, uint64_t modifier,
                          VkExternalMemoryHandleTypeFlagBits handle, VkExternalMemoryProperties *shared)
{
   VkPhysicalDeviceExternalImageFormatInfo external = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
                                                       .handleType = handle};
   VkPhysicalDeviceImageDrmFormatModifierInfoEXT drm = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT, .pNext = &external,
      .drmFormatModifier = modifier};
   VkPhysicalDeviceImageFormatInfo2 info = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2, .pNext = &drm, .format = format, .type = VK_IMAGE_TYPE_2D,
      .tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,     .usage = USAGE};
   VkExternalImageFormatProperties answer = {VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   VkImageFormatProperties2 all = {VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, .pNext = &answer};
   VkResult result = vkGetPhysicalDeviceImageFormatProperties2(gpu->physical, &info, &all);
   *shared = answer.externalMemoryProperties;
   return result;
}

static void check_queries(const struct gpu *gpu)
{
   VkDrmFormatModifierPropertiesEXT linear;
   VkExternalMemoryProperties shared;
   EXPECT(find_linear(gpu, FORMAT, &linear) && linear.drmFormatModifierPlaneCount == 1);
   EXPECT(!find_linear(gpu, VK_FORMAT_D32_SFLOAT, &linear));
   EXPECT(!find_linear(gpu, VK_FORMAT_BC7_UNORM_BLOCK, &linear));
   if (find_linear(gpu, VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, &linear))
      EXPECT(linear.drmFormatModifierPlaneCount == 2);
   VK(ask_image(gpu, FORMAT, LINEAR, DMABUF, &shared));
   EXPECT(shared.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT);
   EXPECT(shared.compatibleHandleTypes & DMABUF);
   EXPECT(ask_image(gpu, FORMAT, 0x00ffffffffffff01, DMABUF, &shared) == VK_ERROR_FORMAT_NOT_SUPPORTED);
   EXPECT(ask_image(gpu, VK_FORMAT_D32_SFLOAT, LINEAR, DMABUF, &shared) == VK_ERROR_FORMAT_NOT_SUPPORTED);
   EXPECT(ask_image(gpu, FORMAT, LINEAR, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT, &shared) ==
          VK_ERROR_FORMAT_NOT_SUPPORTED);
   VkPhysicalDeviceExternalBufferInfo buffer = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
                                                .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, .handleType = DMABUF};
   VkExternalBufferProperties answer = {VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
   vkGetPhysicalDeviceExternalBufferProperties(gpu->physical, &buffer, &answer);
   EXPECT(answer.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT);
}

static VkImage make_image(const struct gpu *gpu, const void *modifiers, VkImageTiling tiling)
{
   VkExternalMemoryImageCreateInfo external = {VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, .pNext = modifiers,
                                               .handleTypes = DMABUF};
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .pNext = &external,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = FORMAT,
                             .extent = {WIDTH, HEIGHT, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .tiling = tiling,
                             .usage = USAGE};
   VkImage image;
   VK(vkCreateImage(gpu->device, &info, NULL, &image));
   return image;
}

static VkSubresourceLayout layout_of(const struct gpu *gpu, VkImage image, VkImageAspectFlags aspect)
{
   VkImageSubresource plane = {.aspectMask = aspect};
   VkSubresourceLayout layout;
   vkGetImageSubresourceLayout(gpu->device, image, &plane, &layout);
   return layout;
}

// Memory of its own for an image, exported: *fd receives it.
static VkDeviceMemory bind_exported(const struct gpu *gpu, VkImage image, VkDeviceSize *size, int *fd)
{
   PROC(gpu, vkGetMemoryFdKHR);
   VkMemoryRequirements need;
   vkGetImageMemoryRequirements(gpu->device, image, &need);
   VkMemoryDedicatedAllocateInfo dedicated = {VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, .image = image};
   VkExportMemoryAllocateInfo export_info = {VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO, .pNext = &dedicated,
                                             .handleTypes = DMABUF};
   VkMemoryAllocateInfo info = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = &export_info, .allocationSize = need.size,
      .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   VK(vkBindImageMemory(gpu->device, image, memory, 0));
   VkMemoryGetFdInfoKHR get = {VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, .memory = memory, .handleType = DMABUF};
   VK(vkGetMemoryFdKHR_(gpu->device, &get, fd));
   *size = need.size;
   return memory;
}

static void own(VkCommandBuffer cmd, VkImage image, VkImageLayout from, VkImageLayout to, uint32_t src, uint32_t dst)
{
   VkImageMemoryBarrier barrier = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                   .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                   .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
                                   .oldLayout = from,
                                   .newLayout = to,
                                   .srcQueueFamilyIndex = src,
                                   .dstQueueFamilyIndex = dst,
                                   .image = image,
                                   .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0,
                        NULL, 1, &barrier);
}

static uint32_t texel(uint32_t x, uint32_t y)
{
   return (x * 73856093u) ^ (y * 19349663u);
}

// Buffer to image to whoever holds the fd, and back again with one texel changed there.
static void carry(struct gpu *gpu, VkImage image)
{
   VkDeviceSize size;
   int fd;
   VkSubresourceLayout layout = layout_of(gpu, image, VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT);
   VkDeviceMemory memory = bind_exported(gpu, image, &size, &fd);
   uint8_t *seen = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
   EXPECT(seen != MAP_FAILED);
   close(fd); // the mapping stays
   struct buffer buffer =
       buffer_host(gpu, 4 * WIDTH * HEIGHT, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   uint32_t *texels = buffer.map;
   for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
      texels[i] = texel(i % WIDTH, i / WIDTH);
   VkBufferImageCopy copy = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                             .imageExtent = {WIDTH, HEIGHT, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   own(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_IGNORED,
       VK_QUEUE_FAMILY_IGNORED);
   vkCmdCopyBufferToImage(cmd, buffer.handle, image, VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
   own(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, gpu->family, VK_QUEUE_FAMILY_FOREIGN_EXT);
   cmd_submit(gpu, cmd);
   for (uint32_t y = 0; y < HEIGHT; y++)
      for (uint32_t x = 0; x < WIDTH; x++) {
         uint32_t there;
         memcpy(&there, seen + layout.offset + y * layout.rowPitch + x * 4, 4);
         EXPECT(there == texel(x, y));
      }
   const uint32_t mark = 0xfeedface;
   memcpy(seen + layout.offset + 11 * layout.rowPitch + 7 * 4, &mark, 4);
   memset(texels, 0, 4 * WIDTH * HEIGHT);
   cmd = cmd_begin(gpu);
   own(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_FOREIGN_EXT, gpu->family);
   vkCmdCopyImageToBuffer(cmd, image, VK_IMAGE_LAYOUT_GENERAL, buffer.handle, 1, &copy);
   barrier_all(cmd);
   cmd_submit(gpu, cmd);
   for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
      EXPECT(texels[i] == (i == 11 * WIDTH + 7 ? mark : texel(i % WIDTH, i / WIDTH)));
   munmap(seen, size);
   buffer_free(gpu, &buffer);
   vkDestroyImage(gpu->device, image, NULL);
   vkFreeMemory(gpu->device, memory, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {
      .api = VK_API_VERSION_1_1,
      .extensions = {VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
                     VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME, VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME}};
   gpu_open(&gpu, argc, argv, &want);
   PROC(&gpu, vkGetImageDrmFormatModifierPropertiesEXT);
   check_queries(&gpu);
   const uint64_t modifier = LINEAR;
   VkImageDrmFormatModifierListCreateInfoEXT list = {VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT,
                                                     .drmFormatModifierCount = 1, .pDrmFormatModifiers = &modifier};
   VkImage plain = make_image(&gpu, NULL, VK_IMAGE_TILING_LINEAR);
   VkImage chosen = make_image(&gpu, &list, VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT);
   VkSubresourceLayout layout = layout_of(&gpu, chosen, VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT);
   VkSubresourceLayout linear = layout_of(&gpu, plain, VK_IMAGE_ASPECT_COLOR_BIT);
   EXPECT(layout.rowPitch >= WIDTH * 4 && layout.offset == linear.offset && layout.rowPitch == linear.rowPitch);
   vkDestroyImage(gpu.device, plain, NULL);
   VkImageDrmFormatModifierPropertiesEXT properties = {VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_PROPERTIES_EXT,
                                                       .drmFormatModifier = 1};
   VK(vkGetImageDrmFormatModifierPropertiesEXT_(gpu.device, chosen, &properties));
   EXPECT(properties.drmFormatModifier == LINEAR);
   carry(&gpu, chosen);
   const VkSubresourceLayout plane = {.offset = layout.offset, .rowPitch = layout.rowPitch};
   VkImageDrmFormatModifierExplicitCreateInfoEXT exactly = {
      VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT, .drmFormatModifier = LINEAR,
      .drmFormatModifierPlaneCount = 1, .pPlaneLayouts = &plane};
   carry(&gpu, make_image(&gpu, &exactly, VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT));
   result(&gpu, "layout", &plane, sizeof(plane));
   return gpu_close(&gpu);
}
