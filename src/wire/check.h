// SPDX-License-Identifier: MIT
//
// Checks of structs that decode well and would still make a driver read past our memory: counts in one struct that say
// how long an array in another one is. Vulkan leaves such arguments undefined and drivers trust them; what lies behind
// the array is ours, and could find its way to the guest.
//
// Called by the decoder on each struct that venus.xml marks with <check>. One that fails is refused (reader.refused).
#ifndef PV_WIRE_CHECK_H
#define PV_WIRE_CHECK_H

#include <vulkan/vulkan_core.h>

#include "wire/reader.h"

void pv_check_VkSpecializationInfo(struct pv_reader *r, const VkSpecializationInfo *info);
void pv_check_VkSubmitInfo(struct pv_reader *r, const VkSubmitInfo *info);
void pv_check_VkBindSparseInfo(struct pv_reader *r, const VkBindSparseInfo *info);
void pv_check_VkWriteDescriptorSet(struct pv_reader *r, const VkWriteDescriptorSet *write);
void pv_check_VkDescriptorSetLayoutCreateInfo(struct pv_reader *r, const VkDescriptorSetLayoutCreateInfo *info);
void pv_check_VkDescriptorSetAllocateInfo(struct pv_reader *r, const VkDescriptorSetAllocateInfo *info);
void pv_check_VkRenderPassCreateInfo(struct pv_reader *r, const VkRenderPassCreateInfo *info);
void pv_check_VkRenderPassCreateInfo2(struct pv_reader *r, const VkRenderPassCreateInfo2 *info);
void pv_check_VkFramebufferCreateInfo(struct pv_reader *r, const VkFramebufferCreateInfo *info);

#endif
