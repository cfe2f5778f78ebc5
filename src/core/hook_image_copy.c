// SPDX-License-Identifier: MIT
//
// Host image copies: texels travel inside the command and its reply. The length the guest states is compared with what
// the region and the format need, since the host trusts the pointer it is given.
#include "core/context.h"
#include "core/formats.h"
#include "core/hooks.gen.h"

const struct pv_format *pv_format_find(VkFormat format)
{
   for (size_t i = 0; i < pv_format_count; i++)
      if (pv_formats[i].format == format)
         return &pv_formats[i];
   return NULL;
}

// One block of an aspect; bytes 0 if the format has no such aspect.
static struct pv_format block_of(VkFormat format, VkImageAspectFlags aspect)
{
   const struct pv_format *known = pv_format_find(format);
   struct pv_format block = {.width = 1, .height = 1, .depth = 1};
   if (!known)
      return block;
   switch (aspect) {
   case VK_IMAGE_ASPECT_DEPTH_BIT:
      block.bytes = known->depth_bytes;
      break;
   case VK_IMAGE_ASPECT_STENCIL_BIT:
      block.bytes = known->stencil_bytes;
      break;
   case VK_IMAGE_ASPECT_PLANE_0_BIT:
   case VK_IMAGE_ASPECT_PLANE_1_BIT:
   case VK_IMAGE_ASPECT_PLANE_2_BIT:
      block.bytes = known->plane_bytes[aspect == VK_IMAGE_ASPECT_PLANE_0_BIT   ? 0
                                       : aspect == VK_IMAGE_ASPECT_PLANE_1_BIT ? 1
                                                                               : 2];
      break;
   case VK_IMAGE_ASPECT_COLOR_BIT:
      block = *known;
      break;
   default:
      break;
   }
   return block;
}

static uint64_t blocks(uint64_t texels, uint64_t per_block)
{
   return (texels + per_block - 1) / per_block;
}

// Bytes a copy touches (Vulkan: "Buffer and Image Addressing"); UINT64_MAX if it cannot be told.
static uint64_t bytes_needed(VkFormat format, const VkImageSubresourceLayers *layers, VkExtent3D extent,
                             uint32_t row_length, uint32_t image_height)
{
   struct pv_format block = block_of(format, layers->aspectMask);
   if (!block.bytes || !extent.width || !extent.height || !extent.depth || !layers->layerCount ||
       layers->layerCount == VK_REMAINING_ARRAY_LAYERS)
      return UINT64_MAX;
   uint64_t row = blocks(row_length ? row_length : extent.width, block.width);
   uint64_t rows = blocks(image_height ? image_height : extent.height, block.height);
   uint64_t width = blocks(extent.width, block.width), height = blocks(extent.height, block.height);
   uint64_t slices, at;
   // Each factor is below 2^32; only the products can be too large.
   if (__builtin_mul_overflow(blocks(extent.depth, block.depth), (uint64_t)layers->layerCount, &slices) ||
       __builtin_mul_overflow(slices - 1, rows, &at) || __builtin_add_overflow(at, height - 1, &at) ||
       __builtin_mul_overflow(at, row, &at) || __builtin_add_overflow(at, width, &at) ||
       __builtin_mul_overflow(at, (uint64_t)block.bytes, &at))
      return UINT64_MAX;
   return at;
}

// With MEMCPY the memory holds the driver's own layout; only the driver knows how large that is.
static uint64_t memcpy_bytes(const struct pv_device *device, VkImage image, const VkImageSubresourceLayers *layers)
{
   if (!device->vk.GetImageSubresourceLayout2)
      return UINT64_MAX;
   VkSubresourceHostMemcpySize size = {.sType = VK_STRUCTURE_TYPE_SUBRESOURCE_HOST_MEMCPY_SIZE};
   VkSubresourceLayout2 layout = {.sType = VK_STRUCTURE_TYPE_SUBRESOURCE_LAYOUT_2, .pNext = &size};
   const VkImageSubresource2 ask = {.sType = VK_STRUCTURE_TYPE_IMAGE_SUBRESOURCE_2,
                                    .imageSubresource = {.aspectMask = layers->aspectMask,
                                                         .mipLevel = layers->mipLevel,
                                                         .arrayLayer = layers->baseArrayLayer}};
   device->vk.GetImageSubresourceLayout2(device->handle, image, &ask, &layout);
   uint64_t all;
   return __builtin_mul_overflow(size.size, (uint64_t)layers->layerCount, &all) ? UINT64_MAX : all;
}

struct region {
   VkImageSubresourceLayers layers;
   VkExtent3D extent;
   uint32_t row_length, image_height;
};

// True if `size` bytes hold the region; else the context is lost, as with any other wrong argument.
static bool fits(struct pv_exec *x, const struct pv_device *device, VkImage image, VkHostImageCopyFlags flags,
                 const struct region *region, uint64_t size)
{
   uint64_t need = flags & VK_HOST_IMAGE_COPY_MEMCPY
                       ? memcpy_bytes(device, image, &region->layers)
                       : bytes_needed(pv_image_state_format(x->in.kept.state), &region->layers, region->extent,
                                      region->row_length, region->image_height);
   if (need <= size)
      return true;
   pv_exec_lose(x, "a host image copy with too little memory");
   return false;
}

void pv_hook_vkCopyImageToMemoryMESA(struct pv_exec *x, struct pv_args_vkCopyImageToMemoryMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkCopyImageToMemoryInfoMESA *in = a->pCopyImageToMemoryInfo;
   const struct region region = {in->imageSubresource, in->imageExtent, in->memoryRowLength, in->memoryImageHeight};
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!device->vk.CopyImageToMemory) {
      a->ret = pv_exec_refuse(x);
      return;
   }
   if (!a->pData || !fits(x, device, in->srcImage, in->flags, &region, a->dataSize))
      return;
   const VkImageToMemoryCopy copy = {.sType = VK_STRUCTURE_TYPE_IMAGE_TO_MEMORY_COPY,
                                     .pHostPointer = a->pData,
                                     .memoryRowLength = in->memoryRowLength,
                                     .memoryImageHeight = in->memoryImageHeight,
                                     .imageSubresource = in->imageSubresource,
                                     .imageOffset = in->imageOffset,
                                     .imageExtent = in->imageExtent};
   const VkCopyImageToMemoryInfo info = {.sType = VK_STRUCTURE_TYPE_COPY_IMAGE_TO_MEMORY_INFO,
                                         .flags = in->flags,
                                         .srcImage = in->srcImage,
                                         .srcImageLayout = in->srcImageLayout,
                                         .regionCount = 1,
                                         .pRegions = &copy};
   a->ret = device->vk.CopyImageToMemory(a->device, &info);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkCopyMemoryToImageMESA(struct pv_exec *x, struct pv_args_vkCopyMemoryToImageMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkCopyMemoryToImageInfoMESA *in = a->pCopyMemoryToImageInfo;
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!device->vk.CopyMemoryToImage) {
      a->ret = pv_exec_refuse(x);
      return;
   }
   VkMemoryToImageCopy *copies = pv_arena_zalloc(x->in.arena, in->regionCount, sizeof *copies);
   if (!copies) {
      a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
      return;
   }
   for (uint32_t i = 0; i < in->regionCount; i++) {
      const VkMemoryToImageCopyMESA *from = &in->pRegions[i];
      const struct region region = {from->imageSubresource, from->imageExtent, from->memoryRowLength,
                                    from->memoryImageHeight};
      if (!fits(x, device, in->dstImage, in->flags, &region, from->dataSize))
         return;
      copies[i] = (VkMemoryToImageCopy){.sType = VK_STRUCTURE_TYPE_MEMORY_TO_IMAGE_COPY,
                                        .pHostPointer = from->pData,
                                        .memoryRowLength = from->memoryRowLength,
                                        .memoryImageHeight = from->memoryImageHeight,
                                        .imageSubresource = from->imageSubresource,
                                        .imageOffset = from->imageOffset,
                                        .imageExtent = from->imageExtent};
   }
   const VkCopyMemoryToImageInfo info = {.sType = VK_STRUCTURE_TYPE_COPY_MEMORY_TO_IMAGE_INFO,
                                         .flags = in->flags,
                                         .dstImage = in->dstImage,
                                         .dstImageLayout = in->dstImageLayout,
                                         .regionCount = in->regionCount,
                                         .pRegions = copies};
   a->ret = device->vk.CopyMemoryToImage(a->device, &info);
   pv_exec_result(x, a->ret);
}
