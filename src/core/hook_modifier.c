// SPDX-License-Identifier: MIT
//
// DRM format modifiers on hosts that have none (see sharing.h). Stock guest drivers of Mesa 25.0 and older want them
// before they offer a swapchain, although they then use nothing but LINEAR.
#include <string.h>

#include "core/context.h"
#include "core/formats.h"
#include "core/hooks.gen.h"
#include "core/sharing.h"

// Planes of a format; 0 for one that has no modifiers: depth, stencil and compressed formats have no DRM name.
static uint32_t plane_count(VkFormat format)
{
   const struct pv_format *known = pv_format_find(format);
   if (!known || known->depth_bytes || known->stencil_bytes)
      return 0;
   uint32_t planes = 0;
   while (planes < 3 && known->plane_bytes[planes])
      planes++;
   if (planes)
      return planes;
   return known->width == 1 && known->height == 1 && known->depth == 1;
}

VkResult pv_modifier_lower_query(const struct pv_physical_device *device, VkPhysicalDeviceImageFormatInfo2 *info)
{
   if (info->tiling != VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT || !device->view->own_modifiers)
      return VK_SUCCESS;
   const VkPhysicalDeviceImageDrmFormatModifierInfoEXT *modifier =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT);
   if (!modifier || modifier->drmFormatModifier != PV_MODIFIER_LINEAR || !plane_count(info->format))
      return VK_ERROR_FORMAT_NOT_SUPPORTED;
   pv_chain_drop(info, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT);
   info->tiling = VK_IMAGE_TILING_LINEAR;
   return VK_SUCCESS;
}

static bool lists_linear(const VkImageDrmFormatModifierListCreateInfoEXT *list)
{
   for (uint32_t i = 0; list && i < list->drmFormatModifierCount; i++)
      if (list->pDrmFormatModifiers[i] == PV_MODIFIER_LINEAR)
         return true;
   return false;
}

VkResult pv_modifier_lower_image(const struct pv_physical_device *device, VkImageCreateInfo *info,
                                 const VkImageDrmFormatModifierExplicitCreateInfoEXT **layout)
{
   *layout = NULL;
   if (info->tiling != VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT || !device->view->own_modifiers)
      return VK_SUCCESS;
   const VkImageDrmFormatModifierListCreateInfoEXT *list =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT);
   *layout = pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT);
   bool linear = *layout ? (*layout)->drmFormatModifier == PV_MODIFIER_LINEAR : lists_linear(list);
   if (!linear || !plane_count(info->format))
      return VK_ERROR_FORMAT_NOT_SUPPORTED;
   pv_chain_drop(info, VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT);
   pv_chain_drop(info, VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT);
   info->tiling = VK_IMAGE_TILING_LINEAR;
   return VK_SUCCESS;
}

static const VkImageAspectFlags memory_planes[] = {VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT,
                                                   VK_IMAGE_ASPECT_MEMORY_PLANE_1_BIT_EXT,
                                                   VK_IMAGE_ASPECT_MEMORY_PLANE_2_BIT_EXT};

// The same plane of an image that has `planes` of them.
static VkImageAspectFlags lowered(VkImageAspectFlags aspect, uint32_t planes)
{
   static const VkImageAspectFlags format_planes[] = {VK_IMAGE_ASPECT_PLANE_0_BIT, VK_IMAGE_ASPECT_PLANE_1_BIT,
                                                      VK_IMAGE_ASPECT_PLANE_2_BIT};
   for (uint32_t i = 0; i < 3; i++)
      if (aspect == memory_planes[i])
         return planes > 1 && i < planes ? format_planes[i] : VK_IMAGE_ASPECT_COLOR_BIT;
   return aspect;
}

VkImageAspectFlags pv_modifier_aspect(const struct pv_physical_device *device, VkFormat format,
                                      VkImageAspectFlags aspect)
{
   return device->view->own_modifiers ? lowered(aspect, plane_count(format)) : aspect;
}

bool pv_modifier_layout_fits(const struct pv_device *device, VkImage image, VkFormat format,
                             const VkImageDrmFormatModifierExplicitCreateInfoEXT *layout)
{
   if (layout->drmFormatModifierPlaneCount != plane_count(format))
      return false;
   for (uint32_t i = 0; i < layout->drmFormatModifierPlaneCount; i++) {
      const VkImageSubresource plane = {.aspectMask = lowered(memory_planes[i], layout->drmFormatModifierPlaneCount)};
      VkSubresourceLayout have;
      device->vk.GetImageSubresourceLayout(device->handle, image, &plane, &have);
      if (have.offset != layout->pPlaneLayouts[i].offset || have.rowPitch != layout->pPlaneLayouts[i].rowPitch)
         return false;
   }
   return true;
}

// What a linear image of the format can do, in the wide flags if the host has them.
static VkFormatFeatureFlags2 linear_features(const struct pv_physical_device *device, VkFormat format)
{
   VkFormatProperties3 wide = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_3};
   VkFormatProperties2 all = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2};
   if (device->gpu->properties.apiVersion >= VK_API_VERSION_1_3 ||
       pv_gpu_has(device->gpu, VK_KHR_FORMAT_FEATURE_FLAGS_2_EXTENSION_NAME))
      all.pNext = &wide;
   device->instance->vk.GetPhysicalDeviceFormatProperties2(device->handle, format, &all);
   return all.pNext ? wide.linearTilingFeatures : all.formatProperties.linearTilingFeatures;
}

void pv_hook_vkGetPhysicalDeviceFormatProperties2(struct pv_exec *x,
                                                  struct pv_args_vkGetPhysicalDeviceFormatProperties2 *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   VkFormatProperties2 *out = a->pFormatProperties;
   if (!device->view->own_modifiers) {
      pv_call_vkGetPhysicalDeviceFormatProperties2(x, a);
      return;
   }
   VkDrmFormatModifierPropertiesListEXT *list =
       pv_chain_find(out->pNext, VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT);
   VkDrmFormatModifierPropertiesList2EXT *list2 =
       pv_chain_find(out->pNext, VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_2_EXT);
   uint32_t room = list && list->pDrmFormatModifierProperties ? list->drmFormatModifierCount : 0;
   uint32_t room2 = list2 && list2->pDrmFormatModifierProperties ? list2->drmFormatModifierCount : 0;
   pv_call_vkGetPhysicalDeviceFormatProperties2(x, a);
   uint32_t planes = list || list2 ? plane_count(a->format) : 0;
   VkFormatFeatureFlags2 features = planes ? linear_features(device, a->format) : 0;
   if (list)
      list->drmFormatModifierCount = features != 0;
   if (list && features && room)
      list->pDrmFormatModifierProperties[0] = (VkDrmFormatModifierPropertiesEXT){
         PV_MODIFIER_LINEAR, planes, (VkFormatFeatureFlags)features & VK_FORMAT_FEATURE_FLAG_BITS_MAX_ENUM};
   if (list2)
      list2->drmFormatModifierCount = features != 0;
   if (list2 && features && room2)
      list2->pDrmFormatModifierProperties[0] =
          (VkDrmFormatModifierProperties2EXT){PV_MODIFIER_LINEAR, planes, features};
}

void pv_hook_vkGetImageDrmFormatModifierPropertiesEXT(struct pv_exec *x,
                                                      struct pv_args_vkGetImageDrmFormatModifierPropertiesEXT *a)
{
   const struct pv_device *device = a->device_ref.owner;
   if (!device->physical->view->own_modifiers) {
      pv_call_vkGetImageDrmFormatModifierPropertiesEXT(x, a);
      return;
   }
   a->pProperties->drmFormatModifier = PV_MODIFIER_LINEAR;
   a->ret = VK_SUCCESS;
}

void pv_hook_vkGetImageSubresourceLayout(struct pv_exec *x, struct pv_args_vkGetImageSubresourceLayout *a)
{
   const struct pv_device *device = a->device_ref.owner;
   VkImageSubresource plane = *a->pSubresource;
   plane.aspectMask = pv_modifier_aspect(device->physical, pv_image_state_format(a->image_ref.state), plane.aspectMask);
   a->pSubresource = &plane;
   pv_call_vkGetImageSubresourceLayout(x, a);
}

void pv_hook_vkGetImageSubresourceLayout2(struct pv_exec *x, struct pv_args_vkGetImageSubresourceLayout2 *a)
{
   const struct pv_device *device = a->device_ref.owner;
   VkImageSubresource2 plane = *a->pSubresource;
   plane.imageSubresource.aspectMask = pv_modifier_aspect(device->physical, pv_image_state_format(a->image_ref.state),
                                                          plane.imageSubresource.aspectMask);
   a->pSubresource = &plane;
   pv_call_vkGetImageSubresourceLayout2(x, a);
}

void pv_hook_vkGetDeviceImageSubresourceLayout(struct pv_exec *x, struct pv_args_vkGetDeviceImageSubresourceLayout *a)
{
   const struct pv_device *device = a->device_ref.owner;
   VkDeviceImageSubresourceInfo ask = *a->pInfo;
   VkImageCreateInfo info = *ask.pCreateInfo;
   VkImageSubresource2 plane = *ask.pSubresource;
   const VkImageDrmFormatModifierExplicitCreateInfoEXT *layout;
   if (pv_modifier_lower_image(device->physical, &info, &layout) != VK_SUCCESS)
      return; // there can be no such image
   plane.imageSubresource.aspectMask =
       pv_modifier_aspect(device->physical, info.format, plane.imageSubresource.aspectMask);
   ask.pCreateInfo = &info;
   ask.pSubresource = &plane;
   a->pInfo = &ask;
   pv_call_vkGetDeviceImageSubresourceLayout(x, a);
}

void pv_hook_vkGetDeviceImageSparseMemoryRequirements(struct pv_exec *x,
                                                      struct pv_args_vkGetDeviceImageSparseMemoryRequirements *a)
{
   const struct pv_device *device = a->device_ref.owner;
   if (a->pInfo->pCreateInfo->tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT &&
       device->physical->view->own_modifiers)
      *a->pSparseMemoryRequirementCount = 0; // such images are never sparse
   else
      pv_call_vkGetDeviceImageSparseMemoryRequirements(x, a);
}

// Planes are bound one by one only where the format has several, so a memory plane is one of those.
void pv_hook_vkBindImageMemory2(struct pv_exec *x, struct pv_args_vkBindImageMemory2 *a)
{
   const struct pv_device *device = a->device_ref.owner;
   for (uint32_t i = 0; device->physical->view->own_modifiers && i < a->bindInfoCount; i++) {
      VkBindImagePlaneMemoryInfo *plane =
          pv_chain_find(a->pBindInfos[i].pNext, VK_STRUCTURE_TYPE_BIND_IMAGE_PLANE_MEMORY_INFO);
      if (plane)
         plane->planeAspect = (VkImageAspectFlagBits)lowered(plane->planeAspect, 3);
   }
   pv_call_vkBindImageMemory2(x, a);
}
