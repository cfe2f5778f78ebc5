// SPDX-License-Identifier: MIT
//
// Checks across structs. Every struct of a chain is looked at, since a driver may heed any of two of the same type.
#include "wire/check.h"

static void refuse(struct pv_reader *r, const char *why)
{
   if (!r->refused)
      r->refused = why;
}

// The next struct of `type` behind `from` in a chain.
static const void *next_of(const void *from, VkStructureType type)
{
   const VkBaseInStructure *s = from;
   while (s && s->sType != type)
      s = s->pNext;
   return s;
}

// An array of `have` elements goes with one of `need`. None at all is fine: drivers ask for the count first.
static bool too_short(uint64_t have, uint64_t need)
{
   return have && have < need;
}

void pv_check_VkSpecializationInfo(struct pv_reader *r, const VkSpecializationInfo *info)
{
   for (uint32_t i = 0; info->pMapEntries && i < info->mapEntryCount; i++) {
      const VkSpecializationMapEntry *entry = &info->pMapEntries[i];
      if (entry->offset > info->dataSize || entry->size > info->dataSize - entry->offset)
         refuse(r, "a specialization constant outside its data");
   }
}

static void check_timeline(struct pv_reader *r, const void *chain, uint32_t waits, uint32_t signals)
{
   const VkTimelineSemaphoreSubmitInfo *values = chain;
   while ((values = next_of(values, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO))) {
      if (too_short(values->waitSemaphoreValueCount, waits) || too_short(values->signalSemaphoreValueCount, signals))
         refuse(r, "fewer semaphore values than semaphores");
      values = values->pNext;
   }
}

static void check_group(struct pv_reader *r, const VkSubmitInfo *info)
{
   const VkDeviceGroupSubmitInfo *group = info->pNext;
   while ((group = next_of(group, VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO))) {
      if (too_short(group->waitSemaphoreCount, info->waitSemaphoreCount) ||
          too_short(group->commandBufferCount, info->commandBufferCount) ||
          too_short(group->signalSemaphoreCount, info->signalSemaphoreCount))
         refuse(r, "fewer device masks or indices than what they are for");
      group = group->pNext;
   }
}

void pv_check_VkSubmitInfo(struct pv_reader *r, const VkSubmitInfo *info)
{
   if (!info->pNext)
      return;
   check_timeline(r, info->pNext, info->waitSemaphoreCount, info->signalSemaphoreCount);
   check_group(r, info);
}

void pv_check_VkBindSparseInfo(struct pv_reader *r, const VkBindSparseInfo *info)
{
   if (info->pNext)
      check_timeline(r, info->pNext, info->waitSemaphoreCount, info->signalSemaphoreCount);
}

static bool inline_fits(const VkWriteDescriptorSet *write)
{
   const VkWriteDescriptorSetInlineUniformBlock *block = write->pNext;
   while ((block = next_of(block, VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK))) {
      if (block->dataSize != write->descriptorCount)
         return false;
      block = block->pNext;
   }
   return true;
}

static bool structures_fit(const VkWriteDescriptorSet *write)
{
   const VkWriteDescriptorSetAccelerationStructureKHR *list = write->pNext;
   while ((list = next_of(list, VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR))) {
      if (list->accelerationStructureCount != write->descriptorCount)
         return false;
      list = list->pNext;
   }
   return true;
}

void pv_check_VkWriteDescriptorSet(struct pv_reader *r, const VkWriteDescriptorSet *write)
{
   bool there = true;
   switch (write->descriptorType) {
   case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
      there = write->pTexelBufferView;
      break;
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
   case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC:
   case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC:
      there = write->pBufferInfo;
      break;
   case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
   case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
   case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
   case VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT:
      there = write->pImageInfo;
      break;
   case VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK:
      there = write->pNext && inline_fits(write);
      break;
   case VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR:
      there = write->pNext && structures_fit(write);
      break;
   default:
      break;
   }
   if (!there && write->descriptorCount)
      refuse(r, "fewer descriptors than their count says");
}

void pv_check_VkDescriptorSetLayoutCreateInfo(struct pv_reader *r, const VkDescriptorSetLayoutCreateInfo *info)
{
   const VkDescriptorSetLayoutBindingFlagsCreateInfo *flags = info->pNext;
   while ((flags = next_of(flags, VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO))) {
      if (too_short(flags->bindingCount, info->bindingCount))
         refuse(r, "fewer binding flags than bindings");
      flags = flags->pNext;
   }
}

void pv_check_VkDescriptorSetAllocateInfo(struct pv_reader *r, const VkDescriptorSetAllocateInfo *info)
{
   const VkDescriptorSetVariableDescriptorCountAllocateInfo *counts = info->pNext;
   while ((counts = next_of(counts, VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_ALLOCATE_INFO))) {
      if (too_short(counts->descriptorSetCount, info->descriptorSetCount))
         refuse(r, "fewer variable descriptor counts than descriptor sets");
      counts = counts->pNext;
   }
}

static bool is_attachment(uint32_t attachment, uint32_t count)
{
   return attachment < count || attachment == VK_ATTACHMENT_UNUSED;
}

static bool is_subpass(uint32_t subpass, uint32_t count)
{
   return subpass < count || subpass == VK_SUBPASS_EXTERNAL;
}

static bool references_fit(const VkAttachmentReference *list, uint32_t n, uint32_t attachments)
{
   for (uint32_t i = 0; list && i < n; i++)
      if (!is_attachment(list[i].attachment, attachments))
         return false;
   return true;
}

static bool references2_fit(const VkAttachmentReference2 *list, uint32_t n, uint32_t attachments)
{
   for (uint32_t i = 0; list && i < n; i++)
      if (!is_attachment(list[i].attachment, attachments))
         return false;
   return true;
}

static bool preserved_fit(const uint32_t *list, uint32_t n, uint32_t attachments)
{
   for (uint32_t i = 0; list && i < n; i++)
      if (list[i] >= attachments)
         return false;
   return true;
}

static void check_subpasses(struct pv_reader *r, const VkRenderPassCreateInfo *info)
{
   uint32_t n = info->attachmentCount;
   for (uint32_t i = 0; info->pSubpasses && i < info->subpassCount; i++) {
      const VkSubpassDescription *s = &info->pSubpasses[i];
      if (!references_fit(s->pInputAttachments, s->inputAttachmentCount, n) ||
          !references_fit(s->pColorAttachments, s->colorAttachmentCount, n) ||
          !references_fit(s->pResolveAttachments, s->colorAttachmentCount, n) ||
          !references_fit(s->pDepthStencilAttachment, 1, n) ||
          !preserved_fit(s->pPreserveAttachments, s->preserveAttachmentCount, n))
         refuse(r, "a subpass with an attachment that its render pass does not have");
   }
   for (uint32_t i = 0; info->pDependencies && i < info->dependencyCount; i++)
      if (!is_subpass(info->pDependencies[i].srcSubpass, info->subpassCount) ||
          !is_subpass(info->pDependencies[i].dstSubpass, info->subpassCount))
         refuse(r, "a dependency of a subpass that there is not");
}

static bool extra_references_fit(const VkSubpassDescription2 *subpass, uint32_t attachments)
{
   for (const VkBaseInStructure *s = subpass->pNext; s; s = s->pNext) {
      if (s->sType == VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_DEPTH_STENCIL_RESOLVE &&
          !references2_fit(((const VkSubpassDescriptionDepthStencilResolve *)s)->pDepthStencilResolveAttachment, 1,
                           attachments))
         return false;
      if (s->sType == VK_STRUCTURE_TYPE_FRAGMENT_SHADING_RATE_ATTACHMENT_INFO_KHR &&
          !references2_fit(((const VkFragmentShadingRateAttachmentInfoKHR *)s)->pFragmentShadingRateAttachment, 1,
                           attachments))
         return false;
   }
   return true;
}

void pv_check_VkRenderPassCreateInfo2(struct pv_reader *r, const VkRenderPassCreateInfo2 *info)
{
   uint32_t n = info->attachmentCount;
   for (uint32_t i = 0; info->pSubpasses && i < info->subpassCount; i++) {
      const VkSubpassDescription2 *s = &info->pSubpasses[i];
      if (!references2_fit(s->pInputAttachments, s->inputAttachmentCount, n) ||
          !references2_fit(s->pColorAttachments, s->colorAttachmentCount, n) ||
          !references2_fit(s->pResolveAttachments, s->colorAttachmentCount, n) ||
          !references2_fit(s->pDepthStencilAttachment, 1, n) ||
          !preserved_fit(s->pPreserveAttachments, s->preserveAttachmentCount, n) || !extra_references_fit(s, n))
         refuse(r, "a subpass with an attachment that its render pass does not have");
   }
   for (uint32_t i = 0; info->pDependencies && i < info->dependencyCount; i++)
      if (!is_subpass(info->pDependencies[i].srcSubpass, info->subpassCount) ||
          !is_subpass(info->pDependencies[i].dstSubpass, info->subpassCount))
         refuse(r, "a dependency of a subpass that there is not");
}

void pv_check_VkFramebufferCreateInfo(struct pv_reader *r, const VkFramebufferCreateInfo *info)
{
   const VkFramebufferAttachmentsCreateInfo *images = info->pNext;
   bool there = info->pAttachments && !(info->flags & VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT);
   while ((images = next_of(images, VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENTS_CREATE_INFO))) {
      if (info->flags & VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT && images->attachmentImageInfoCount < info->attachmentCount)
         refuse(r, "fewer descriptions of attachments than attachments");
      there |= (info->flags & VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT) != 0;
      images = images->pNext;
   }
   if (info->attachmentCount && !there)
      refuse(r, "a framebuffer without its attachments");
}

void pv_check_VkRenderPassCreateInfo(struct pv_reader *r, const VkRenderPassCreateInfo *info)
{
   check_subpasses(r, info);
   const VkRenderPassMultiviewCreateInfo *views = info->pNext;
   while ((views = next_of(views, VK_STRUCTURE_TYPE_RENDER_PASS_MULTIVIEW_CREATE_INFO))) {
      if (too_short(views->subpassCount, info->subpassCount) ||
          too_short(views->dependencyCount, info->dependencyCount))
         refuse(r, "fewer view masks than subpasses or view offsets than dependencies");
      views = views->pNext;
   }
}
