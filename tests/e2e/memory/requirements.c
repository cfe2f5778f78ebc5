// SPDX-License-Identifier: MIT
//
// Memory requirements of buffers and images of many kinds, asked in every way there is: of the object, of its create
// info alone, with what is dedicated. All ways must agree. (Which memory types fit is no result: a guest may be shown
// less than the host has. Sizes are rounded up to the alignment, as some drivers do and others do not.)
#include "harness.h"

struct answer {
   uint64_t size, alignment;
   uint32_t prefers,
      requires;
};

static void put(struct gpu *gpu, const char *name, const VkMemoryRequirements2 *need,
                const VkMemoryDedicatedRequirements *dedicated)
{
   const VkMemoryRequirements *n = &need->memoryRequirements;
   EXPECT(n->size && n->alignment && !(n->alignment & (n->alignment - 1)));
   struct answer answer = {(n->size + n->alignment - 1) & ~(n->alignment - 1), n->alignment,
                           dedicated->prefersDedicatedAllocation, dedicated->requiresDedicatedAllocation};
   EXPECT(n->memoryTypeBits && n->memoryTypeBits < 1ull << gpu->memory.memoryTypeCount);
   result(gpu, name, &answer, sizeof(answer));
}

static bool same(const VkMemoryRequirements *a, const VkMemoryRequirements *b)
{
   return a->size == b->size && a->alignment == b->alignment && a->memoryTypeBits == b->memoryTypeBits;
}

static void one_buffer(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = size, .usage = usage};
   VkBuffer buffer;
   VkMemoryRequirements plain;
   VkMemoryDedicatedRequirements dedicated[2] = {{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS},
                                                 {VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS}};
   VkMemoryRequirements2 need[2] = {{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &dedicated[0]},
                                    {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &dedicated[1]}};
   VkDeviceBufferMemoryRequirements without = {VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS,
                                               .pCreateInfo = &info};
   VkBufferMemoryRequirementsInfo2 with = {VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2};
   vkGetDeviceBufferMemoryRequirements(gpu->device, &without, &need[0]);
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   with.buffer = buffer;
   vkGetBufferMemoryRequirements2(gpu->device, &with, &need[1]);
   vkGetBufferMemoryRequirements(gpu->device, buffer, &plain);
   EXPECT(same(&need[0].memoryRequirements, &plain) && same(&need[1].memoryRequirements, &plain));
   EXPECT(plain.size >= size);
   put(gpu, "buffer", &need[0], &dedicated[0]);
   put(gpu, "of-object", &need[1], &dedicated[1]);
   vkDestroyBuffer(gpu->device, buffer, NULL);
}

static void buffers(struct gpu *gpu)
{
   const VkDeviceSize sizes[] = {1, 4, 63, 256, 1000, 4096, 65537, 1 << 20, (1 << 24) + 4};
   const VkBufferUsageFlags usages[] = {
      VK_BUFFER_USAGE_TRANSFER_DST_BIT,         VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT,
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,       VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT,
      VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT,      VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT,
      VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT, VK_BUFFER_USAGE_TRANSFER_SRC_BIT};
   for (size_t s = 0; s < COUNT(sizes); s++) {
      for (size_t u = 0; u < COUNT(usages); u++)
         one_buffer(gpu, sizes[s], usages[u]);
   }
}

static void one_image(struct gpu *gpu, const VkImageCreateInfo *info)
{
   VkImageFormatProperties limits;
   VkResult possible = vkGetPhysicalDeviceImageFormatProperties(gpu->physical, info->format, info->imageType,
                                                                info->tiling, info->usage, info->flags, &limits);
   result(gpu, "possible", &possible, sizeof(possible));
   if (possible != VK_SUCCESS)
      return;
   result(gpu, "limits", &limits, sizeof(limits));
   if (!(limits.sampleCounts & info->samples) || limits.maxMipLevels < info->mipLevels ||
       limits.maxArrayLayers < info->arrayLayers)
      return;
   VkImage image;
   VkMemoryRequirements plain;
   VkMemoryDedicatedRequirements dedicated[2] = {{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS},
                                                 {VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS}};
   VkMemoryRequirements2 need[2] = {{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &dedicated[0]},
                                    {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &dedicated[1]}};
   VkDeviceImageMemoryRequirements without = {VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS, .pCreateInfo = info};
   VkImageMemoryRequirementsInfo2 with = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2};
   vkGetDeviceImageMemoryRequirements(gpu->device, &without, &need[0]);
   VK(vkCreateImage(gpu->device, info, NULL, &image));
   with.image = image;
   vkGetImageMemoryRequirements2(gpu->device, &with, &need[1]);
   vkGetImageMemoryRequirements(gpu->device, image, &plain);
   EXPECT(same(&need[0].memoryRequirements, &plain) && same(&need[1].memoryRequirements, &plain));
   put(gpu, "image", &need[0], &dedicated[0]);
   put(gpu, "of-object", &need[1], &dedicated[1]);
   if (info->tiling == VK_IMAGE_TILING_LINEAR) {
      VkImageSubresource part = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0};
      VkSubresourceLayout layout;
      vkGetImageSubresourceLayout(gpu->device, image, &part, &layout);
      uint64_t words[] = {layout.offset, layout.size, layout.rowPitch}; // the rest means nothing for this image
      result(gpu, "linear-layout", words, sizeof(words));
   }
   vkDestroyImage(gpu->device, image, NULL);
}

static void images(struct gpu *gpu)
{
   const VkImageUsageFlags copies = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   const VkFormat formats[] = {VK_FORMAT_R8_UNORM, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R32G32B32A32_SFLOAT,
                               VK_FORMAT_R5G6B5_UNORM_PACK16, VK_FORMAT_BC1_RGB_UNORM_BLOCK};
   for (size_t f = 0; f < COUNT(formats); f++) {
      VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                .imageType = VK_IMAGE_TYPE_2D,
                                .format = formats[f],
                                .extent = {100, 60, 1},
                                .mipLevels = 1,
                                .arrayLayers = 1,
                                .samples = VK_SAMPLE_COUNT_1_BIT,
                                .usage = copies | VK_IMAGE_USAGE_SAMPLED_BIT};
      one_image(gpu, &info);
      info.tiling = VK_IMAGE_TILING_LINEAR;
      one_image(gpu, &info);
      info.tiling = VK_IMAGE_TILING_OPTIMAL;
      info.mipLevels = 5;
      info.arrayLayers = 7;
      one_image(gpu, &info);
      info.extent = (VkExtent3D){64, 64, 1};
      info.arrayLayers = 12;
      info.flags = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT | VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT;
      one_image(gpu, &info);
      info.flags = 0;
      info.arrayLayers = 1;
      info.imageType = VK_IMAGE_TYPE_3D;
      info.extent.depth = 20;
      one_image(gpu, &info);
      info = (VkImageCreateInfo){.sType = info.sType,
                                 .imageType = VK_IMAGE_TYPE_2D,
                                 .format = formats[f],
                                 .extent = {256, 256, 1},
                                 .mipLevels = 1,
                                 .arrayLayers = 1,
                                 .samples = VK_SAMPLE_COUNT_4_BIT,
                                 .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
      one_image(gpu, &info);
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.maintenance4 = VK_TRUE, .api = VK_API_VERSION_1_3};
   gpu_open(&gpu, argc, argv, &want);
   buffers(&gpu);
   images(&gpu);
   return gpu_close(&gpu);
}
