// SPDX-License-Identifier: MIT
//
// Handles that leave the process, of every type vk.xml has: buffers, images, fences, semaphores. And what else can be
// asked of an image format in a chain.
#include "describe.gen.h"

#include <stdio.h>

#include "harness.h"

// Core and portable extensions: OPAQUE_FD .. D3D12_RESOURCE, DMA_BUF, ANDROID, HOST_ALLOCATION, HOST_MAPPED, ZIRCON,
// ...
#define MEMORY_HANDLE_BITS 16
#define SYNC_HANDLE_BITS   8

static const VkFormat few[] = {VK_FORMAT_R8G8B8A8_UNORM,
                               VK_FORMAT_B8G8R8A8_UNORM,
                               VK_FORMAT_R8_UNORM,
                               VK_FORMAT_R32_SFLOAT,
                               VK_FORMAT_D32_SFLOAT,
                               VK_FORMAT_D24_UNORM_S8_UINT,
                               VK_FORMAT_BC1_RGBA_UNORM_BLOCK,
                               VK_FORMAT_G8_B8R8_2PLANE_420_UNORM};

static void buffers(struct about *about)
{
   static const VkBufferUsageFlags usages[] = {0x1, 0x2, 0x3, 0x10, 0x20, 0x80, 0x100, 0x20020, 0x1ff};
   static const VkBufferCreateFlags flags[] = {0, 1, 3, 8, 16};
   for (uint32_t bit = 0; bit < MEMORY_HANDLE_BITS; bit++) {
      for (size_t u = 0; u < COUNT(usages); u++) {
         for (size_t f = 0; f < COUNT(flags); f++) {
            VkPhysicalDeviceExternalBufferInfo info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
                                                       .flags = flags[f], .usage = usages[u],
                                                       .handleType = (VkExternalMemoryHandleTypeFlagBits)(1u << bit)};
            VkExternalBufferProperties props = {VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
            const VkExternalMemoryProperties *p = &props.externalMemoryProperties;
            vkGetPhysicalDeviceExternalBufferProperties(about->physical, &info, &props);
            key("External buffers/handle %#x/usage %#x/flags %#x", 1u << bit, usages[u], flags[f]);
            value("features %#x, from %#x, compatible %#x", p->externalMemoryFeatures, p->exportFromImportedHandleTypes,
                  p->compatibleHandleTypes);
         }
      }
   }
}

static void fences_and_semaphores(struct about *about)
{
   char prefix[100];
   for (uint32_t bit = 0; bit < SYNC_HANDLE_BITS; bit++) {
      VkPhysicalDeviceExternalFenceInfo fence = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                 .handleType = (VkExternalFenceHandleTypeFlagBits)(1u << bit)};
      VkExternalFenceProperties fence_props = {VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
      vkGetPhysicalDeviceExternalFenceProperties(about->physical, &fence, &fence_props);
      snprintf(prefix, sizeof(prefix), "External fences/handle %#x", 1u << bit);
      print_shape(prefix, &shape_VkExternalFenceProperties, &fence_props);
      for (int type = 0; type < (about->api >= VK_API_VERSION_1_2 ? 2 : 1); type++) {
         VkSemaphoreTypeCreateInfo kind = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                           .semaphoreType = (VkSemaphoreType)type};
         VkPhysicalDeviceExternalSemaphoreInfo semaphore = {
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO, .pNext = type ? &kind : NULL,
            .handleType = (VkExternalSemaphoreHandleTypeFlagBits)(1u << bit)};
         VkExternalSemaphoreProperties props = {VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES};
         vkGetPhysicalDeviceExternalSemaphoreProperties(about->physical, &semaphore, &props);
         snprintf(prefix, sizeof(prefix), "External semaphores/handle %#x/%s", 1u << bit, type ? "timeline" : "binary");
         print_shape(prefix, &shape_VkExternalSemaphoreProperties, &props);
      }
   }
}

// `in` and `out` stand in the chains of question and answer; `out` is printed with its shape if there is one.
static void ask_image(struct about *about, const char *what, const VkPhysicalDeviceImageFormatInfo2 *info,
                      const struct shape *shape, void *out)
{
   VkImageFormatProperties2 props = {VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, .pNext = out};
   char prefix[200];
   VkResult result = vkGetPhysicalDeviceImageFormatProperties2(about->physical, info, &props);
   if (result == VK_ERROR_FORMAT_NOT_SUPPORTED)
      return;
   snprintf(prefix, sizeof(prefix), "%s/format %d/type %d/tiling %d/usage %#x/flags %#x", what, (int)info->format,
            (int)info->type, (int)info->tiling, info->usage, info->flags);
   key("%s/result", prefix);
   value("%d", (int)result);
   if (result)
      return;
   print_shape(prefix, &shape_VkImageFormatProperties, &props.imageFormatProperties);
   if (shape)
      print_shape(prefix, shape, out);
}

static void external_image(struct about *about, VkFormat format, uint32_t bit, VkImageTiling tiling,
                           VkImageUsageFlags usage)
{
   VkPhysicalDeviceExternalImageFormatInfo external = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
                                                       .handleType = (VkExternalMemoryHandleTypeFlagBits)(1u << bit)};
   VkPhysicalDeviceImageFormatInfo2 info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                            .pNext = &external,
                                            .format = format,
                                            .type = VK_IMAGE_TYPE_2D,
                                            .tiling = tiling,
                                            .usage = usage};
   VkExternalImageFormatProperties props = {VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   char what[60];
   snprintf(what, sizeof(what), "External images/handle %#x", 1u << bit);
   ask_image(about, what, &info, &shape_VkExternalImageFormatProperties, &props);
}

// Everything else that may be chained to the question or the answer, one at a time.
static void chained_image(struct about *about, VkFormat format, VkImageTiling tiling, VkImageUsageFlags usage)
{
   VkFormat other[] = {format, VK_FORMAT_R8G8B8A8_SRGB};
   VkImageFormatListCreateInfo list = {VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO, .viewFormatCount = 2,
                                       .pViewFormats = other};
   VkImageStencilUsageCreateInfo stencil = {VK_STRUCTURE_TYPE_IMAGE_STENCIL_USAGE_CREATE_INFO,
                                            .stencilUsage = usage & 3};
   VkPhysicalDeviceImageFormatInfo2 info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2, .format = format,
                                            .type = VK_IMAGE_TYPE_2D, .tiling = tiling, .usage = usage};
   ask_image(about, "Images 2/alone", &info, NULL, NULL);
   if (about->api >= VK_API_VERSION_1_2) {
      info.pNext = &list;
      info.flags = VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT;
      ask_image(about, "Images 2/format list", &info, NULL, NULL);
      info.flags = 0;
      info.pNext = &stencil;
      if (format == VK_FORMAT_D24_UNORM_S8_UINT)
         ask_image(about, "Images 2/stencil usage", &info, NULL, NULL);
   }
   info.pNext = NULL;
   for (const struct extending *more = extending_image_format; more->shape; more++) {
      char what[120];
      if (more->shape->type == VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES || !provided(about, more->providers))
         continue;
      // Answered only for an image that may be copied by the host.
      bool host = more->shape->type == VK_STRUCTURE_TYPE_HOST_IMAGE_COPY_DEVICE_PERFORMANCE_QUERY;
      info.usage = usage | (host ? VK_IMAGE_USAGE_HOST_TRANSFER_BIT : 0);
      snprintf(what, sizeof(what), "Images 2/%s", more->shape->name);
      ask_image(about, what, &info, more->shape, fresh(more->shape));
   }
}

static void with_modifier(struct about *about, VkFormat format, VkImageUsageFlags usage)
{
   VkPhysicalDeviceImageDrmFormatModifierInfoEXT modifier = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT, .drmFormatModifier = 0, // linear
      .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
   VkPhysicalDeviceImageFormatInfo2 info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                            .pNext = &modifier,
                                            .format = format,
                                            .type = VK_IMAGE_TYPE_2D,
                                            .tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
                                            .usage = usage};
   if (has_extension(about, "VK_EXT_image_drm_format_modifier"))
      ask_image(about, "Images 2/linear modifier", &info, NULL, NULL);
}

void describe_external(struct about *about)
{
   static const VkImageUsageFlags usages[] = {0x3, 0x7, 0x13, 0x20, 0xf};
   buffers(about);
   fences_and_semaphores(about);
   for (size_t f = 0; f < COUNT(few); f++) {
      for (size_t u = 0; u < COUNT(usages); u++) {
         for (int tiling = 0; tiling < 2; tiling++) {
            for (uint32_t bit = 0; bit < MEMORY_HANDLE_BITS; bit++)
               external_image(about, few[f], bit, (VkImageTiling)tiling, usages[u]);
            chained_image(about, few[f], (VkImageTiling)tiling, usages[u]);
         }
         with_modifier(about, few[f], usages[u]);
      }
   }
}
