// SPDX-License-Identifier: MIT
//
// What passes do to attachments without any draw: load, clear and keep, by part of the picture, layers, several
// rectangles, colour and depth apart, and stores that leave alone what they do not own (VK_EXT_load_store_op_none).
#include "paint.h"

#define SIZE   24
#define LAYERS 3
#define RGBA   VK_FORMAT_R8G8B8A8_UNORM

struct scene {
   struct image color, depth;
};

static struct image layered(struct gpu *gpu, VkFormat format, VkImageUsageFlags usage)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = format,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = 1,
                             .arrayLayers = LAYERS,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   return image_new(gpu, &info);
}

// Known contents, and the layout every pass here starts and ends with.
static void reset(VkCommandBuffer cmd, const struct scene *s)
{
   const VkImageLayout general = VK_IMAGE_LAYOUT_GENERAL;
   VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, LAYERS};
   image_layout(cmd, &s->color, VK_IMAGE_LAYOUT_UNDEFINED, general);
   image_layout(cmd, &s->depth, VK_IMAGE_LAYOUT_UNDEFINED, general);
   vkCmdClearColorImage(cmd, s->color.handle, general, &(VkClearColorValue){{0.25f, 0.5f, 0.75f, 1}}, 1, &all);
   all.aspectMask = VK_IMAGE_ASPECT_DEPTH_BIT;
   vkCmdClearDepthStencilImage(cmd, s->depth.handle, general, &(VkClearDepthStencilValue){0.625f, 0}, 1, &all);
   barrier_all(cmd);
}

static VkRenderPass pass_new(struct gpu *gpu, const struct scene *s, VkAttachmentLoadOp color, VkAttachmentLoadOp depth,
                             VkAttachmentStoreOp depth_store)
{
   const VkImageLayout general = VK_IMAGE_LAYOUT_GENERAL;
   VkAttachmentDescription all[2] = {{.format = RGBA,
                                      .samples = VK_SAMPLE_COUNT_1_BIT,
                                      .loadOp = color,
                                      .initialLayout = general,
                                      .finalLayout = general},
                                     {.format = s->depth.info.format,
                                      .samples = VK_SAMPLE_COUNT_1_BIT,
                                      .loadOp = depth,
                                      .storeOp = depth_store,
                                      .initialLayout = general,
                                      .finalLayout = general}};
   VkAttachmentReference refs[2] = {{0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL},
                                    {1, VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL}};
   VkSubpassDescription subpass = {
      .colorAttachmentCount = 1, .pColorAttachments = refs, .pDepthStencilAttachment = &refs[1]};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO, .attachmentCount = 2, .pAttachments = all,
                                  .subpassCount = 1, .pSubpasses = &subpass};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &info, NULL, &pass));
   return pass;
}

static void clear_parts(VkCommandBuffer cmd, bool depth)
{
   VkClearAttachment parts[2] = {{VK_IMAGE_ASPECT_COLOR_BIT, 0, {.color = {{1, 0, 0.5f, 0.25f}}}},
                                 {VK_IMAGE_ASPECT_DEPTH_BIT, 0, {.depthStencil = {0.125f, 0}}}};
   VkClearRect rects[3] = {{{{6, 7}, {5, 3}}, 0, LAYERS}, {{{10, 8}, {9, 8}}, 1, 2}, {{{4, 12}, {16, 2}}, 2, 1}};
   vkCmdClearAttachments(cmd, depth ? 2 : 1, parts, 3, rects);
}

static void run(struct gpu *gpu, const struct scene *s, VkRenderPass pass, bool parts, bool depth, const char *name)
{
   VkImageView views[2] = {s->color.view, s->depth.view};
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = pass,
                                   .attachmentCount = 2,
                                   .pAttachments = views,
                                   .width = SIZE,
                                   .height = SIZE,
                                   .layers = LAYERS};
   VkFramebuffer framebuffer;
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &framebuffer));
   const VkClearValue clear[2] = {{.color = {{0, 1, 0.25f, 0.5f}}}, {.depthStencil = {0.375f, 0}}};
   VkRenderPassBeginInfo begin = {
      VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,     .renderPass = pass,   .framebuffer = framebuffer,
      .renderArea = {{4, 5}, {SIZE - 8, SIZE - 6}}, .clearValueCount = 2, .pClearValues = clear};
   VkCommandBuffer cmd = cmd_begin(gpu);
   reset(cmd, s);
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   if (parts)
      clear_parts(cmd, depth);
   vkCmdEndRenderPass(cmd);
   image_layout(cmd, &s->color, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   image_layout(cmd, &s->depth, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result_all(gpu, &s->color, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
   image_result_all(gpu, &s->depth, VK_IMAGE_ASPECT_DEPTH_BIT, 4, name);
   vkDestroyFramebuffer(gpu->device, framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, pass, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.extensions = {VK_EXT_LOAD_STORE_OP_NONE_EXTENSION_NAME}});
   const VkAttachmentLoadOp load = VK_ATTACHMENT_LOAD_OP_LOAD, clear = VK_ATTACHMENT_LOAD_OP_CLEAR,
                            none = VK_ATTACHMENT_LOAD_OP_NONE_EXT;
   const VkAttachmentStoreOp store = VK_ATTACHMENT_STORE_OP_STORE, keep = VK_ATTACHMENT_STORE_OP_NONE;
   VkFormat depth = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   struct scene s = {.color = layered(&gpu, RGBA, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT),
                     .depth = layered(&gpu, depth, VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT)};
   run(&gpu, &s, pass_new(&gpu, &s, load, load, store), false, false, "loaded");
   run(&gpu, &s, pass_new(&gpu, &s, clear, clear, store), false, false, "cleared");
   run(&gpu, &s, pass_new(&gpu, &s, load, clear, store), true, true, "cleared-parts");
   run(&gpu, &s, pass_new(&gpu, &s, clear, load, store), true, true, "loaded-parts");
   run(&gpu, &s, pass_new(&gpu, &s, clear, none, keep), true, false, "depth-left-alone");
   image_free(&gpu, &s.color);
   image_free(&gpu, &s.depth);
   return gpu_close(&gpu);
}
