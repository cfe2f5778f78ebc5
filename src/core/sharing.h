// SPDX-License-Identifier: MIT
//
// What it takes that a guest may share its memory on every host: buffers and images must be made fit for the memory we
// give them, dma-buf is answered for by our own rule, and DRM format modifiers are lowered where the host has none.
#ifndef PV_CORE_SHARING_H
#define PV_CORE_SHARING_H

#include "core/objects.h"

// The handle type by which the host's driver knows memory that guests share; 0 if there is no such memory.
VkExternalMemoryHandleTypeFlagBits pv_share_handle(const struct pv_gpu *gpu);

// Puts our external-memory info in the place of the guest's, whose handle types are not the host's affair where memory
// is imported. `root` is a private copy of the create info, `ours` lives beside it, `type` is that of the info.
// Returns whether the guest had said that it will export.
bool pv_say_external(const struct pv_device *device, void *root, VkExternalMemoryBufferCreateInfo *ours,
                     VkStructureType type, bool importable);

// Takes away the memory types that such a buffer or image must not be bound to.
void pv_mask_types(const struct pv_device *device, struct pv_binding binding, VkMemoryRequirements *requirements);

// --- DRM format modifiers
//
// LINEAR is the one that every driver can serve, since it means what VK_IMAGE_TILING_LINEAR does. Where the host has no
// modifiers (pv_gpu_view.own_modifiers), what names one is said in those older words.

#define PV_MODIFIER_LINEAR 0u // DRM_FORMAT_MOD_LINEAR

// Lowers a format query. VK_ERROR_FORMAT_NOT_SUPPORTED if it asks for what LINEAR is not. `info` is a private copy; its
// chain is changed.
VkResult pv_modifier_lower_query(const struct pv_physical_device *device, VkPhysicalDeviceImageFormatInfo2 *info);

// Lowers an image's create info, a private copy. The planes' layouts that the guest insists on (or NULL) go to *layout:
// to be checked with pv_modifier_layout_fits once the image is there.
VkResult pv_modifier_lower_image(const struct pv_physical_device *device, VkImageCreateInfo *info,
                                 const VkImageDrmFormatModifierExplicitCreateInfoEXT **layout);
bool pv_modifier_layout_fits(const struct pv_device *device, VkImage image, VkFormat format,
                             const VkImageDrmFormatModifierExplicitCreateInfoEXT *layout);

// The aspect of a lowered image that a memory plane is; other aspects stay.
VkImageAspectFlags pv_modifier_aspect(const struct pv_physical_device *device, VkFormat format,
                                      VkImageAspectFlags aspect);

#endif
