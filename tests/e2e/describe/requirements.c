// SPDX-License-Identifier: MIT
//
// What memory buffers and images need, and how linear images are laid out: asked of objects, and, where a device can be
// asked so, of their descriptions alone.
#include "describe.gen.h"

#include <stdio.h>

#include "harness.h"

#define MAX_SPARSE 8

// The commands of Vulkan 1.3 and 1.4 (or their extensions'); NULL where the device has none.
struct commands {
   PFN_vkGetDeviceBufferMemoryRequirements buffer;
   PFN_vkGetDeviceImageMemoryRequirements image;
   PFN_vkGetDeviceImageSparseMemoryRequirements sparse;
   PFN_vkGetDeviceImageSubresourceLayout layout;
   PFN_vkGetImageSubresourceLayout2 layout2;
   PFN_vkGetImageDrmFormatModifierPropertiesEXT modifier;
};

// With the prefix of the way it was asked, and what is chained to it.
static void print_requirements(const char *what, const VkMemoryRequirements2 *need,
                               const VkMemoryDedicatedRequirements *own)
{
   key("%s", what);
   value("%llu bytes, alignment %llu, types %#x, dedicated %u %u", (unsigned long long)need->memoryRequirements.size,
         (unsigned long long)need->memoryRequirements.alignment, need->memoryRequirements.memoryTypeBits,
         own->prefersDedicatedAllocation, own->requiresDedicatedAllocation);
}

static bool same(const VkMemoryRequirements *a, const VkMemoryRequirements *b)
{
   return a->size == b->size && a->alignment == b->alignment && a->memoryTypeBits == b->memoryTypeBits;
}

#define REQUIREMENTS(name)                                                                                             \
   VkMemoryDedicatedRequirements name##_own = {VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS};                       \
   VkMemoryRequirements2 name = {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, .pNext = &name##_own}

static void buffer(struct about *about, const struct commands *commands, VkDeviceSize size, VkBufferUsageFlags usage,
                   VkExternalMemoryHandleTypeFlags handles)
{
   VkExternalMemoryBufferCreateInfo external = {VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                                .handleTypes = handles};
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .pNext = handles ? &external : NULL, .size = size,
                              .usage = usage};
   VkDeviceBufferMemoryRequirements ask = {VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS, .pCreateInfo = &info};
   char what[160];
   VkBuffer handle;
   VkMemoryRequirements plain;
   REQUIREMENTS(need);
   VK(vkCreateBuffer(about->device, &info, NULL, &handle));
   VkBufferMemoryRequirementsInfo2 of = {VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2, .buffer = handle};
   vkGetBufferMemoryRequirements(about->device, handle, &plain);
   vkGetBufferMemoryRequirements2(about->device, &of, &need);
   EXPECT(same(&plain, &need.memoryRequirements));
   vkDestroyBuffer(about->device, handle, NULL);
   snprintf(what, sizeof(what), "Buffer requirements/%llu/usage %#x/handles %#x", (unsigned long long)size, usage,
            handles);
   print_requirements(what, &need, &need_own);
   if (!commands->buffer)
      return;
   REQUIREMENTS(early);
   commands->buffer(about->device, &ask, &early);
   snprintf(what, sizeof(what), "Buffer requirements/before/%llu/usage %#x/handles %#x", (unsigned long long)size,
            usage, handles);
   print_requirements(what, &early, &early_own);
}

static void buffers(struct about *about, const struct commands *commands)
{
   static const VkDeviceSize sizes[] = {1, 15, 256, 4096, 65537, 1 << 20, 1 << 28};
   for (size_t s = 0; s < COUNT(sizes); s++) {
      for (uint32_t bit = 0; bit < 9; bit++)
         buffer(about, commands, sizes[s], 1u << bit, 0);
      buffer(about, commands, sizes[s], 0x1ff, 0);
      if (about->api >= VK_API_VERSION_1_2)
         buffer(about, commands, sizes[s], 0x20023, 0);
   }
   if (has_extension(about, "VK_KHR_external_memory_fd"))
      buffer(about, commands, 4096, 0x23, VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT);
   if (has_extension(about, "VK_EXT_external_memory_dma_buf"))
      buffer(about, commands, 4096, 0x23, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT);
}

static void linear_layout(struct about *about, const struct commands *commands, const char *name,
                          const VkImageCreateInfo *info, VkImage handle)
{
   char prefix[200];
   VkImageSubresource where = {VK_IMAGE_ASPECT_COLOR_BIT, info->mipLevels - 1, info->arrayLayers - 1};
   VkImageSubresource2 where2 = {VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2, .imageSubresource = where};
   VkSubresourceLayout layout;
   VkSubresourceLayout2 layout2 = {VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2};
   VkDeviceImageSubresourceInfo ask = {VK_STRUCTURE_TYPE_DEVICE_IMAGE_SUBRESOURCE_INFO, .pCreateInfo = info,
                                       .pSubresource = &where2};
   vkGetImageSubresourceLayout(about->device, handle, &where, &layout);
   snprintf(prefix, sizeof(prefix), "Image layouts/%s", name);
   print_shape(prefix, &shape_VkSubresourceLayout, &layout);
   if (commands->layout2) {
      commands->layout2(about->device, handle, &where2, &layout2);
      EXPECT(layout2.subresourceLayout.rowPitch == layout.rowPitch &&
             layout2.subresourceLayout.offset == layout.offset);
   }
   if (commands->layout) {
      commands->layout(about->device, &ask, &layout2);
      EXPECT(layout2.subresourceLayout.rowPitch == layout.rowPitch &&
             layout2.subresourceLayout.offset == layout.offset);
   }
}

static void sparse_requirements(struct about *about, const struct commands *commands, const char *name,
                                const VkImageCreateInfo *info, VkImage handle)
{
   VkSparseImageMemoryRequirements list[MAX_SPARSE];
   VkSparseImageMemoryRequirements2 list2[MAX_SPARSE], early[MAX_SPARSE];
   uint32_t count = MAX_SPARSE, count2 = MAX_SPARSE, count3 = MAX_SPARSE;
   for (uint32_t i = 0; i < MAX_SPARSE; i++)
      list2[i] = early[i] = (VkSparseImageMemoryRequirements2){VK_STRUCTURE_TYPE_SPARSE_IMAGE_MEMORY_REQUIREMENTS_2};
   VkImageSparseMemoryRequirementsInfo2 of = {VK_STRUCTURE_TYPE_IMAGE_SPARSE_MEMORY_REQUIREMENTS_INFO_2,
                                              .image = handle};
   VkDeviceImageMemoryRequirements ask = {VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS, .pCreateInfo = info};
   vkGetImageSparseMemoryRequirements(about->device, handle, &count, list);
   vkGetImageSparseMemoryRequirements2(about->device, &of, &count2, list2);
   EXPECT(count == count2);
   if (commands->sparse)
      commands->sparse(about->device, &ask, &count3, early);
   key("Sparse requirements/%s", name);
   value("%u, before %u", count, commands->sparse ? count3 : count);
   for (uint32_t i = 0; i < count; i++) {
      char prefix[200];
      snprintf(prefix, sizeof(prefix), "Sparse requirements/%s/[%u]", name, i);
      print_shape(prefix, &shape_VkSparseImageMemoryRequirements, &list[i]);
      say_if_other(prefix, &shape_VkSparseImageMemoryRequirements, &list[i], &list2[i].memoryRequirements);
   }
}

static bool possible(struct about *about, const VkImageCreateInfo *info)
{
   VkImageFormatProperties can;
   return vkGetPhysicalDeviceImageFormatProperties(about->physical, info->format, info->imageType, info->tiling,
                                                   info->usage, info->flags, &can) == VK_SUCCESS &&
          info->extent.width <= can.maxExtent.width && info->extent.height <= can.maxExtent.height &&
          info->extent.depth <= can.maxExtent.depth && info->mipLevels <= can.maxMipLevels &&
          info->arrayLayers <= can.maxArrayLayers && (info->samples & can.sampleCounts);
}

static bool has_planes(VkFormat format)
{
   return format >= VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM;
}

static void image(struct about *about, const struct commands *commands, const char *name, const VkImageCreateInfo *info)
{
   VkDeviceImageMemoryRequirements ask = {VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS, .pCreateInfo = info};
   char what[200];
   VkImage handle;
   VkMemoryRequirements plain;
   REQUIREMENTS(need);
   if (!possible(about, info))
      return;
   VK(vkCreateImage(about->device, info, NULL, &handle));
   VkImageMemoryRequirementsInfo2 of = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2, .image = handle};
   vkGetImageMemoryRequirements(about->device, handle, &plain);
   vkGetImageMemoryRequirements2(about->device, &of, &need);
   EXPECT(same(&plain, &need.memoryRequirements));
   snprintf(what, sizeof(what), "Image requirements/%s", name);
   print_requirements(what, &need, &need_own);
   if (commands->image) {
      REQUIREMENTS(early);
      commands->image(about->device, &ask, &early);
      snprintf(what, sizeof(what), "Image requirements/before/%s", name);
      print_requirements(what, &early, &early_own);
   }
   if (info->tiling == VK_IMAGE_TILING_LINEAR && format_aspects(info->format) == VK_IMAGE_ASPECT_COLOR_BIT &&
       !has_planes(info->format))
      linear_layout(about, commands, name, info, handle);
   sparse_requirements(about, commands, name, info, handle);
   vkDestroyImage(about->device, handle, NULL);
}

static void images_of(struct about *about, const struct commands *commands, const struct named_format *format)
{
   static const struct {
      const char *name;
      VkImageType type;
      VkExtent3D extent;
      uint32_t levels, layers;
      VkSampleCountFlagBits samples;
      VkImageCreateFlags flags;
   } kinds[] = {
      {"1D", VK_IMAGE_TYPE_1D, {64, 1, 1}, 1, 1, VK_SAMPLE_COUNT_1_BIT, 0},
      {"2D", VK_IMAGE_TYPE_2D, {64, 64, 1}, 1, 1, VK_SAMPLE_COUNT_1_BIT, 0},
      {"odd", VK_IMAGE_TYPE_2D, {124, 52, 1}, 3, 3, VK_SAMPLE_COUNT_1_BIT, 0},
      {"large", VK_IMAGE_TYPE_2D, {2048, 1024, 1}, 11, 1, VK_SAMPLE_COUNT_1_BIT, 0},
      {"samples", VK_IMAGE_TYPE_2D, {64, 64, 1}, 1, 1, VK_SAMPLE_COUNT_4_BIT, 0},
      {"cube", VK_IMAGE_TYPE_2D, {32, 32, 1}, 1, 6, VK_SAMPLE_COUNT_1_BIT, VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT},
      {"3D", VK_IMAGE_TYPE_3D, {16, 16, 16}, 2, 1, VK_SAMPLE_COUNT_1_BIT, 0},
      {"mutable", VK_IMAGE_TYPE_2D, {64, 64, 1}, 1, 1, VK_SAMPLE_COUNT_1_BIT, VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT},
      {"sparse", VK_IMAGE_TYPE_2D, {256, 256, 1}, 1, 1, VK_SAMPLE_COUNT_1_BIT, 3},
   };
   static const VkImageUsageFlags usages[] = {0x3, 0x7, 0x13, 0x23, 0xb};
   for (size_t k = 0; k < COUNT(kinds); k++) {
      for (size_t u = 0; u < COUNT(usages); u++) {
         for (int tiling = 0; tiling < 2; tiling++) {
            char name[150];
            VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO, .flags = kinds[k].flags,
                                      .imageType = kinds[k].type,          .format = format->format,
                                      .extent = kinds[k].extent,           .mipLevels = kinds[k].levels,
                                      .arrayLayers = kinds[k].layers,      .samples = kinds[k].samples,
                                      .tiling = (VkImageTiling)tiling,     .usage = usages[u]};
            snprintf(name, sizeof(name), "%s/%s/usage %#x/tiling %d", format->name, kinds[k].name, usages[u], tiling);
            image(about, commands, name, &info);
         }
      }
   }
}

static void modifier_image(struct about *about, const struct commands *commands)
{
   uint64_t linear = 0;
   VkImageDrmFormatModifierListCreateInfoEXT list = {VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT,
                                                     .drmFormatModifierCount = 1, .pDrmFormatModifiers = &linear};
   VkExternalMemoryImageCreateInfo external = {VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, .pNext = &list,
                                               .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .pNext = &external,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_B8G8R8A8_UNORM,
                             .extent = {64, 64, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
                             .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
   VkImageDrmFormatModifierPropertiesEXT props = {VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_PROPERTIES_EXT};
   VkImage handle;
   if (!commands->modifier || vkCreateImage(about->device, &info, NULL, &handle))
      return;
   VK(commands->modifier(about->device, handle, &props));
   key("modifier of a linear image");
   value("%llu", (unsigned long long)props.drmFormatModifier);
   vkDestroyImage(about->device, handle, NULL);
}

static PFN_vkVoidFunction command(struct about *about, const char *name, uint32_t version)
{
   char suffixed[100];
   snprintf(suffixed, sizeof(suffixed), "%sKHR", name);
   return vkGetDeviceProcAddr(about->device, about->api >= version ? name : suffixed);
}

static void load(struct about *about, struct commands *commands)
{
   *commands = (struct commands){
      .buffer = (PFN_vkGetDeviceBufferMemoryRequirements)command(about, "vkGetDeviceBufferMemoryRequirements",
                                                                 VK_API_VERSION_1_3),
      .image = (PFN_vkGetDeviceImageMemoryRequirements)command(about, "vkGetDeviceImageMemoryRequirements",
                                                               VK_API_VERSION_1_3),
      .sparse = (PFN_vkGetDeviceImageSparseMemoryRequirements)command(about, "vkGetDeviceImageSparseMemoryRequirements",
                                                                      VK_API_VERSION_1_3),
      .layout = (PFN_vkGetDeviceImageSubresourceLayout)command(about, "vkGetDeviceImageSubresourceLayout",
                                                               VK_API_VERSION_1_4),
      .layout2 = (PFN_vkGetImageSubresourceLayout2)command(about, "vkGetImageSubresourceLayout2", VK_API_VERSION_1_4),
      .modifier = (PFN_vkGetImageDrmFormatModifierPropertiesEXT)vkGetDeviceProcAddr(
          about->device, "vkGetImageDrmFormatModifierPropertiesEXT"),
   };
}

void describe_requirements(struct about *about)
{
   struct commands commands;
   load(about, &commands);
   buffers(about, &commands);
   for (const struct named_format *format = all_formats; format->name; format++)
      images_of(about, &commands, format);
   modifier_image(about, &commands);
}
