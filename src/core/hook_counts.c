// SPDX-License-Identifier: MIT
//
// Counts of one command that tell the host how long another command's array is: a render pass says how many clear
// values and attachments are read when it begins, descriptor set layouts how many dynamic offsets. Drivers trust that
// they agree; what lies behind our arrays is ours, and could find its way to the guest. So these objects keep their
// counts (objects.h), and here they are compared. wire/check.c does the same within one command.
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"

// --- render passes
// ------------------------------------------------------------------------------------------------------

static bool clears(VkAttachmentLoadOp load, VkAttachmentLoadOp stencil)
{
   return load == VK_ATTACHMENT_LOAD_OP_CLEAR || stencil == VK_ATTACHMENT_LOAD_OP_CLEAR;
}

static void file_pass(struct pv_exec *x, void *owner, uint64_t id, VkRenderPass pass, struct pv_counts counts,
                      VkResult result)
{
   pv_exec_file_state(x, PV_OBJECT_VkRenderPass, owner, pv_counts_state(counts), id, (uint64_t)pass, result);
   pv_exec_result(x, result);
}

void pv_hook_vkCreateRenderPass(struct pv_exec *x, struct pv_args_vkCreateRenderPass *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkRenderPassCreateInfo *info = a->pCreateInfo;
   struct pv_counts counts = {.attachments = info->attachmentCount};
   if (!pv_exec_claim(x, 1, a->ids_pRenderPass))
      return;
   for (uint32_t i = 0; i < info->attachmentCount; i++)
      if (clears(info->pAttachments[i].loadOp, info->pAttachments[i].stencilLoadOp))
         counts.clears = i + 1;
   a->ret = device->vk.CreateRenderPass(a->device, info, NULL, a->pRenderPass);
   file_pass(x, device, a->ids_pRenderPass[0], a->pRenderPass[0], counts, a->ret);
}

void pv_hook_vkCreateRenderPass2(struct pv_exec *x, struct pv_args_vkCreateRenderPass2 *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkRenderPassCreateInfo2 *info = a->pCreateInfo;
   struct pv_counts counts = {.attachments = info->attachmentCount};
   if (!pv_exec_claim(x, 1, a->ids_pRenderPass))
      return;
   for (uint32_t i = 0; i < info->attachmentCount; i++)
      if (clears(info->pAttachments[i].loadOp, info->pAttachments[i].stencilLoadOp))
         counts.clears = i + 1;
   a->ret = device->vk.CreateRenderPass2 ? device->vk.CreateRenderPass2(a->device, info, NULL, a->pRenderPass)
                                         : pv_exec_refuse(x);
   file_pass(x, device, a->ids_pRenderPass[0], a->pRenderPass[0], counts, a->ret);
}

void pv_hook_vkCreateFramebuffer(struct pv_exec *x, struct pv_args_vkCreateFramebuffer *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkFramebufferCreateInfo *info = a->pCreateInfo;
   const struct pv_counts counts = {.attachments = info->attachmentCount,
                                    .imageless = info->flags & VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT};
   if (!pv_exec_claim(x, 1, a->ids_pFramebuffer))
      return;
   a->ret = device->vk.CreateFramebuffer(a->device, info, NULL, a->pFramebuffer);
   pv_exec_file_state(x, PV_OBJECT_VkFramebuffer, device, pv_counts_state(counts), a->ids_pFramebuffer[0],
                      (uint64_t)a->pFramebuffer[0], a->ret);
   pv_exec_result(x, a->ret);
}

// What is wrong about the beginning of a render pass, or NULL. `root` is our own copy, with the chain changed where an
// attachment list must not be there.
static const char *check_begin(struct pv_exec *x, VkRenderPassBeginInfo *root)
{
   const struct pv_counts pass = pv_state_counts(x->in.kept_before.state);
   const struct pv_counts framebuffer = pv_state_counts(x->in.kept.state);
   bool attached = false;
   if (root->clearValueCount < pass.clears)
      return "fewer clear values than its render pass clears";
   if (framebuffer.attachments < pass.attachments)
      return "a framebuffer with fewer attachments than its render pass";
   if (!framebuffer.imageless) {
      pv_chain_drop(root, VK_STRUCTURE_TYPE_RENDER_PASS_ATTACHMENT_BEGIN_INFO);
      return NULL;
   }
   for (const VkBaseInStructure *s = root->pNext; s; s = s->pNext) {
      if (s->sType != VK_STRUCTURE_TYPE_RENDER_PASS_ATTACHMENT_BEGIN_INFO)
         continue;
      if (((const VkRenderPassAttachmentBeginInfo *)s)->attachmentCount < framebuffer.attachments)
         return "fewer attachments than its imageless framebuffer has";
      attached = true;
   }
   return attached || !framebuffer.attachments ? NULL : "no attachments for an imageless framebuffer";
}

void pv_hook_vkCmdBeginRenderPass(struct pv_exec *x, struct pv_args_vkCmdBeginRenderPass *a)
{
   VkRenderPassBeginInfo root = *a->pRenderPassBegin;
   const char *why = check_begin(x, &root);
   a->pRenderPassBegin = &root;
   if (why)
      pv_exec_lose(x, why);
   else
      pv_call_vkCmdBeginRenderPass(x, a);
}

void pv_hook_vkCmdBeginRenderPass2(struct pv_exec *x, struct pv_args_vkCmdBeginRenderPass2 *a)
{
   VkRenderPassBeginInfo root = *a->pRenderPassBegin;
   const char *why = check_begin(x, &root);
   a->pRenderPassBegin = &root;
   if (why)
      pv_exec_lose(x, why);
   else
      pv_call_vkCmdBeginRenderPass2(x, a);
}

// --- descriptor sets
// ----------------------------------------------------------------------------------------------------

static bool dynamic(VkDescriptorType type)
{
   return type == VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC || type == VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC;
}

static uint32_t add(uint32_t a, uint32_t b)
{
   return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

void pv_hook_vkCreateDescriptorSetLayout(struct pv_exec *x, struct pv_args_vkCreateDescriptorSetLayout *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkDescriptorSetLayoutCreateInfo *info = a->pCreateInfo;
   struct pv_counts counts = {0};
   if (!pv_exec_claim(x, 1, a->ids_pSetLayout))
      return;
   for (uint32_t i = 0; i < info->bindingCount; i++)
      if (dynamic(info->pBindings[i].descriptorType))
         counts.dynamic = add(counts.dynamic, info->pBindings[i].descriptorCount);
   a->ret = device->vk.CreateDescriptorSetLayout(a->device, info, NULL, a->pSetLayout);
   pv_exec_file_state(x, PV_OBJECT_VkDescriptorSetLayout, device, pv_counts_state(counts), a->ids_pSetLayout[0],
                      (uint64_t)a->pSetLayout[0], a->ret);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkCreatePipelineLayout(struct pv_exec *x, struct pv_args_vkCreatePipelineLayout *a)
{
   struct pv_device *device = a->device_ref.owner;
   struct pv_counts counts = {0};
   if (!pv_exec_claim(x, 1, a->ids_pPipelineLayout))
      return;
   for (uint64_t i = 0; i < x->in.kept_count; i++)
      counts.dynamic = add(counts.dynamic, pv_state_counts(x->in.kept_list[i].state).dynamic);
   a->ret = device->vk.CreatePipelineLayout(a->device, a->pCreateInfo, NULL, a->pPipelineLayout);
   pv_exec_file_state(x, PV_OBJECT_VkPipelineLayout, device, pv_counts_state(counts), a->ids_pPipelineLayout[0],
                      (uint64_t)a->pPipelineLayout[0], a->ret);
   pv_exec_result(x, a->ret);
}

// True if there are as many dynamic offsets as the sets at hand (the kept list) have dynamic descriptors. A driver may
// go by the pipeline layout instead, of which any part may be bound: then it finds zeros behind the offsets.
static bool offsets_suffice(struct pv_exec *x, const struct pv_ref *layout, uint32_t count, const uint32_t **offsets)
{
   uint32_t need = 0, most = pv_state_counts(layout->state).dynamic;
   for (uint64_t i = 0; i < x->in.kept_count; i++) {
      const struct pv_child *set = x->in.kept_list[i].state;
      need = add(need, set ? set->dynamic : 0);
   }
   if (count < need) {
      pv_exec_lose(x, "fewer dynamic offsets than dynamic descriptors");
      return false;
   }
   if (count >= most)
      return true;
   uint32_t *room = pv_arena_zalloc(x->in.arena, most, sizeof *room);
   if (!room) {
      pv_exec_lose(x, "out of memory for dynamic offsets");
      return false;
   }
   if (count)
      memcpy(room, *offsets, count * sizeof *room);
   *offsets = room;
   return true;
}

void pv_hook_vkCmdBindDescriptorSets(struct pv_exec *x, struct pv_args_vkCmdBindDescriptorSets *a)
{
   if (offsets_suffice(x, &a->layout_ref, a->dynamicOffsetCount, &a->pDynamicOffsets))
      pv_call_vkCmdBindDescriptorSets(x, a);
}

void pv_hook_vkCmdBindDescriptorSets2(struct pv_exec *x, struct pv_args_vkCmdBindDescriptorSets2 *a)
{
   VkBindDescriptorSetsInfo info = *a->pBindDescriptorSetsInfo;
   if (!offsets_suffice(x, &x->in.kept, info.dynamicOffsetCount, &info.pDynamicOffsets))
      return;
   a->pBindDescriptorSetsInfo = &info;
   pv_call_vkCmdBindDescriptorSets2(x, a);
}
