// SPDX-License-Identifier: MIT
//
// Texel blocks: how many bytes of memory a host image copy touches.
#ifndef PV_CORE_FORMATS_H
#define PV_CORE_FORMATS_H

#include <stddef.h>
#include <stdint.h>

#include <vulkan/vulkan_core.h>

struct pv_format {
   VkFormat format;
   uint8_t bytes, width, height, depth; // of one block; texels
   uint8_t depth_bytes, stencil_bytes;  // of one texel of that aspect, 0: has none
   uint8_t plane_bytes[3];              // of one texel of that plane, 0: has none
};

// Generated from vk.xml (formats.gen.c).
extern const struct pv_format pv_formats[];
extern const size_t pv_format_count;

// The format's row, or NULL (hook_image_copy.c).
const struct pv_format *pv_format_find(VkFormat format);

#endif
