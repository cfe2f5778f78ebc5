// SPDX-License-Identifier: MIT
//
// Images: made so that they can be bound to the memory guests can map (design decision 4), with tilings the host knows.
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"
#include "core/sharing.h"

// True if an image like this, with that modifier if it is to have one, may be bound to memory that guests can map.
static bool importable_with(const struct pv_device *device, const VkImageCreateInfo *info, const uint64_t *modifier)
{
   VkPhysicalDeviceExternalImageFormatInfo external = {.sType =
                                                           VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
                                                       .handleType = pv_share_handle(device->physical->gpu)};
   VkImageFormatListCreateInfo formats;
   VkPhysicalDeviceImageDrmFormatModifierInfoEXT drm = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT, .sharingMode = info->sharingMode};
   const VkImageFormatListCreateInfo *list =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO);
   if (list) {
      formats = *list;
      formats.pNext = NULL;
      external.pNext = &formats;
   }
   if (modifier) {
      drm.drmFormatModifier = *modifier;
      drm.queueFamilyIndexCount = info->queueFamilyIndexCount;
      drm.pQueueFamilyIndices = info->pQueueFamilyIndices;
      drm.pNext = external.pNext;
      external.pNext = &drm;
   }
   const VkPhysicalDeviceImageFormatInfo2 ask = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                                 .pNext = &external,
                                                 .format = info->format,
                                                 .type = info->imageType,
                                                 .tiling = info->tiling,
                                                 .usage = info->usage,
                                                 .flags = info->flags};
   VkExternalImageFormatProperties answer = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   VkImageFormatProperties2 all = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, .pNext = &answer};
   return device->physical->instance->vk.GetPhysicalDeviceImageFormatProperties2(device->physical->handle, &ask,
                                                                                 &all) == VK_SUCCESS &&
          (answer.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT);
}

// The modifiers that the host may choose from are cut down to those that are importable; if none is, all stay. The list
// is the decoder's own copy.
static bool narrow_modifiers(const struct pv_device *device, const VkImageCreateInfo *info)
{
   const VkImageDrmFormatModifierExplicitCreateInfoEXT *one =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT);
   VkImageDrmFormatModifierListCreateInfoEXT *list =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT);
   if (one)
      return importable_with(device, info, &one->drmFormatModifier);
   uint64_t *modifiers = list ? (uint64_t *)list->pDrmFormatModifiers : NULL;
   uint32_t kept = 0;
   for (uint32_t i = 0; list && i < list->drmFormatModifierCount; i++) {
      uint64_t modifier = modifiers[i];
      if (importable_with(device, info, &modifier)) { // to the front: the order says nothing
         modifiers[i] = modifiers[kept];
         modifiers[kept++] = modifier;
      }
   }
   if (kept)
      list->drmFormatModifierCount = kept;
   return kept != 0;
}

static bool image_importable(const struct pv_device *device, const VkImageCreateInfo *info)
{
   if (device->physical->gpu->path != PV_MEMORY_HOST_PTR || (info->flags & VK_IMAGE_CREATE_SPARSE_BINDING_BIT))
      return false;
   if (info->tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT)
      return narrow_modifiers(device, info);
   return importable_with(device, info, NULL);
}

// A driver may call an image importable and then leave no memory type for it (NVIDIA, for images that the host copies
// to): then it has to do without imported memory.
static bool no_memory_left(const struct pv_device *device, const VkImageCreateInfo *info, VkImage image)
{
   if (info->flags & VK_IMAGE_CREATE_DISJOINT_BIT)
      return false; // can only be asked per plane
   VkMemoryRequirements requirements;
   device->vk.GetImageMemoryRequirements(device->handle, image, &requirements);
   return requirements.memoryTypeBits == 0;
}

// Makes the image in words that the host knows. `info` is a private copy.
static VkResult make_image(struct pv_device *device, VkImageCreateInfo *info, VkImage *image,
                           struct pv_binding *binding)
{
   const VkImageDrmFormatModifierExplicitCreateInfoEXT *layout;
   VkResult result = pv_modifier_lower_image(device->physical, info, &layout);
   if (result != VK_SUCCESS)
      return result;
   if (device->physical->view->own_format_list)
      pv_chain_drop(info, VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO);
   VkExternalMemoryBufferCreateInfo external;
   binding->importable = image_importable(device, info);
   binding->shared = pv_say_external(device, info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
                                     binding->importable);
   result = device->vk.CreateImage(device->handle, info, NULL, image);
   if (result == VK_SUCCESS && binding->importable && no_memory_left(device, info, *image)) {
      device->vk.DestroyImage(device->handle, *image, NULL);
      binding->importable = false;
      pv_chain_drop(info, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
      result = device->vk.CreateImage(device->handle, info, NULL, image);
   }
   if (result == VK_SUCCESS && layout && !pv_modifier_layout_fits(device, *image, info->format, layout)) {
      device->vk.DestroyImage(device->handle, *image, NULL);
      return VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT;
   }
   return result;
}

void pv_hook_vkCreateImage(struct pv_exec *x, struct pv_args_vkCreateImage *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (!pv_exec_claim(x, 1, a->ids_pImage))
      return;
   VkImageCreateInfo info = *a->pCreateInfo;
   struct pv_binding binding = {0};
   a->ret = make_image(device, &info, a->pImage, &binding);
   pv_exec_file_state(x, PV_OBJECT_VkImage, device, pv_image_state(info.format, binding), a->ids_pImage[0],
                      (uint64_t)a->pImage[0], a->ret);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkGetImageMemoryRequirements(struct pv_exec *x, struct pv_args_vkGetImageMemoryRequirements *a)
{
   pv_call_vkGetImageMemoryRequirements(x, a);
   pv_mask_types(a->device_ref.owner, pv_image_state_binding(a->image_ref.state), a->pMemoryRequirements);
}

void pv_hook_vkGetImageMemoryRequirements2(struct pv_exec *x, struct pv_args_vkGetImageMemoryRequirements2 *a)
{
   const struct pv_device *device = a->device_ref.owner;
   const void *image = x->in.kept.state;
   VkImagePlaneMemoryRequirementsInfo *plane =
       pv_chain_find(a->pInfo->pNext, VK_STRUCTURE_TYPE_IMAGE_PLANE_MEMORY_REQUIREMENTS_INFO);
   if (plane)
      plane->planeAspect =
          (VkImageAspectFlagBits)pv_modifier_aspect(device->physical, pv_image_state_format(image), plane->planeAspect);
   pv_call_vkGetImageMemoryRequirements2(x, a);
   pv_mask_types(device, pv_image_state_binding(image), &a->pMemoryRequirements->memoryRequirements);
}

void pv_hook_vkGetDeviceImageMemoryRequirements(struct pv_exec *x, struct pv_args_vkGetDeviceImageMemoryRequirements *a)
{
   struct pv_device *device = a->device_ref.owner;
   VkDeviceImageMemoryRequirements ask = *a->pInfo;
   VkImageCreateInfo info = *ask.pCreateInfo;
   VkExternalMemoryBufferCreateInfo external;
   struct pv_binding binding;
   const VkImageDrmFormatModifierExplicitCreateInfoEXT *layout;
   if (pv_modifier_lower_image(device->physical, &info, &layout) != VK_SUCCESS)
      return; // there can be no such image
   ask.planeAspect = (VkImageAspectFlagBits)pv_modifier_aspect(device->physical, info.format, ask.planeAspect);
   binding.importable = image_importable(device, &info);
   binding.shared = pv_say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
                                    binding.importable);
   ask.pCreateInfo = &info;
   a->pInfo = &ask;
   pv_call_vkGetDeviceImageMemoryRequirements(x, a);
   if (binding.importable && !a->pMemoryRequirements->memoryRequirements.memoryTypeBits) { // as no_memory_left
      binding.importable = false;
      pv_chain_drop(&info, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
      pv_call_vkGetDeviceImageMemoryRequirements(x, a);
   }
   pv_mask_types(device, binding, &a->pMemoryRequirements->memoryRequirements);
}
