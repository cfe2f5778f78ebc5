// SPDX-License-Identifier: MIT
//
// A render pass of four subpasses: the first draws colour and depth, the second something else while the first picture
// is preserved, the third reads both as inputs, the last draws over the result; with a classic framebuffer.
#include "paint.h"

#include "flat_frag.h"
#include "mix_inputs_frag.h"
#include "slope_vert.h"

#define SIZE      48
#define SUBPASSES 4
#define RGBA      VK_FORMAT_R8G8B8A8_UNORM

enum { FIRST, SIDE, RESULT, DEPTH, ATTACHMENTS };

struct scene {
   struct image images[ATTACHMENTS];
   VkRenderPass pass;
   VkFramebuffer framebuffer;
   struct bound bound;
   VkPipeline pipelines[SUBPASSES];
};

static VkSubpassDependency after(uint32_t from, uint32_t to)
{
   const VkAccessFlags writes = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT | VK_ACCESS_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
   return (VkSubpassDependency){from,
                                to,
                                VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT,
                                VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT,
                                writes,
                                writes | VK_ACCESS_INPUT_ATTACHMENT_READ_BIT | VK_ACCESS_COLOR_ATTACHMENT_READ_BIT |
                                    VK_ACCESS_DEPTH_STENCIL_ATTACHMENT_READ_BIT,
                                VK_DEPENDENCY_BY_REGION_BIT};
}

static VkRenderPass pass_new(struct gpu *gpu, VkFormat depth)
{
   VkAttachmentDescription all[ATTACHMENTS];
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      all[i] = (VkAttachmentDescription){.format = i == DEPTH ? depth : RGBA,
                                         .samples = VK_SAMPLE_COUNT_1_BIT,
                                         .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                         .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
                                         .stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
                                         .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
   const VkAttachmentReference first = {FIRST, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL},
                               side = {SIDE, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL},
                               last = {RESULT, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL},
                               written = {DEPTH, VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL},
                               tested = {DEPTH, VK_IMAGE_LAYOUT_DEPTH_STENCIL_READ_ONLY_OPTIMAL};
   const VkAttachmentReference inputs[2] = {{FIRST, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}, tested};
   const uint32_t kept[2] = {FIRST, DEPTH}, kept_later[2] = {FIRST, SIDE};
   const VkSubpassDescription subpasses[SUBPASSES] = {
      {.colorAttachmentCount = 1, .pColorAttachments = &first, .pDepthStencilAttachment = &written},
      {.colorAttachmentCount = 1,
       .pColorAttachments = &side,
       .preserveAttachmentCount = 2,
       .pPreserveAttachments = kept},
      {.inputAttachmentCount = 2,
       .pInputAttachments = inputs,
       .colorAttachmentCount = 1,
       .pColorAttachments = &last,
       .preserveAttachmentCount = 1,
       .pPreserveAttachments = &kept_later[1]},
      {.colorAttachmentCount = 1,
       .pColorAttachments = &last,
       .pDepthStencilAttachment = &tested,
       .preserveAttachmentCount = 2,
       .pPreserveAttachments = kept_later}};
   const VkSubpassDependency dependencies[] = {after(0, 1), after(0, 2), after(1, 2), after(2, 3), after(0, 3)};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                  .attachmentCount = ATTACHMENTS,
                                  .pAttachments = all,
                                  .subpassCount = SUBPASSES,
                                  .pSubpasses = subpasses,
                                  .dependencyCount = COUNT(dependencies),
                                  .pDependencies = dependencies};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &info, NULL, &pass));
   return pass;
}

static void pipelines_new(struct gpu *gpu, struct scene *s)
{
   for (uint32_t i = 0; i < SUBPASSES; i++) {
      struct graphics desc = {.vert = SHADER(gpu, slope_vert),
                              .frag = i == 2 ? SHADER(gpu, mix_inputs_frag) : SHADER(gpu, flat_frag),
                              .layout = s->bound.layout,
                              .pass = s->pass,
                              .subpass = i,
                              .strip = true,
                              .blend = i == 3,
                              .depth_test = i == 0 || i == 3,
                              .depth_write = i == 0,
                              .depth_op = VK_COMPARE_OP_LESS};
      s->pipelines[i] = graphics_new(gpu, &desc);
   }
}

static struct scene scene_new(struct gpu *gpu)
{
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT;
   struct scene s = {0};
   VkFormat depth = depth_format(gpu, 1, (VkFormat[]){VK_FORMAT_D16_UNORM});
   VkImageView views[ATTACHMENTS];
   for (uint32_t i = 0; i < ATTACHMENTS; i++) {
      s.images[i] = image_2d(
          gpu, i == DEPTH ? depth : RGBA, SIZE, SIZE,
          usage | (i == DEPTH ? VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT : VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT));
      views[i] = s.images[i].view;
   }
   s.pass = pass_new(gpu, depth);
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = s.pass,
                                   .attachmentCount = ATTACHMENTS,
                                   .pAttachments = views,
                                   .width = SIZE,
                                   .height = SIZE,
                                   .layers = 1};
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &s.framebuffer));
   const struct binding bindings[2] = {{VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT, NULL, views[FIRST], VK_NULL_HANDLE,
                                        VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL},
                                       {VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT, NULL, views[DEPTH], VK_NULL_HANDLE,
                                        VK_IMAGE_LAYOUT_DEPTH_STENCIL_READ_ONLY_OPTIMAL}};
   s.bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 2, bindings);
   pipelines_new(gpu, &s);
   return s;
}

static void record(VkCommandBuffer cmd, const struct scene *s)
{
   static const struct quad quads[SUBPASSES][2] = {
      {{{-0.75f, -0.75f, 0.5f, 0.5f}, {0, 0, 1, 1}, {1, 0.5f, 0, 0.875f}},
       {{-0.25f, -0.25f, 0.875f, 0.75f}, {0, 0, 1, 1}, {0.25f, 1, 0.625f, 0.25f}}},
      {{{-1, -1, 0, 1}, {0, 0, 1, 1}, {1, 1, 0.5f, 0}}, {{0, -0.5f, 1, 0.5f}, {0, 0, 1, 1}, {0, 1, 1, 0}}},
      {{{-1, -1, 1, 0.625f}, {0, 0, 1, 1}, {1}}, {{-0.5f, 0, 0.5f, 0.875f}, {0, 0, 1, 1}, {0.5f}}},
      {{{-1, -0.25f, 1, 0.25f}, {0, 0, 1, 1}, {1, 1, 0.5f, 0.5f}},
       {{-0.125f, -1, 0.125f, 1}, {0, 0, 1, 1}, {0, 0, 0.25f, 0.75f}}}};
   VkClearValue clear[ATTACHMENTS] = {{.color = {{0, 0.25f, 0, 1}}},
                                      {.color = {{0.5f, 0, 0, 1}}},
                                      {.color = {{0, 0, 0.5f, 1}}},
                                      {.depthStencil = {0.9375f, 0}}};
   VkRenderPassBeginInfo begin = {
      VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = s->pass,          .framebuffer = s->framebuffer,
      .renderArea = {{0, 0}, {SIZE, SIZE}},     .clearValueCount = ATTACHMENTS, .pClearValues = clear};
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   view_rect(cmd, 0, 0, SIZE, SIZE);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->bound.layout, 0, 1, &s->bound.set, 0, NULL);
   for (uint32_t i = 0; i < SUBPASSES; i++) {
      if (i)
         vkCmdNextSubpass(cmd, VK_SUBPASS_CONTENTS_INLINE);
      quad_draw(cmd, s->bound.layout, s->pipelines[i], &quads[i][0]);
      quad_draw(cmd, s->bound.layout, s->pipelines[i], &quads[i][1]);
   }
   vkCmdEndRenderPass(cmd);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct scene s = scene_new(&gpu);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   record(cmd, &s);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &s.images[FIRST], VK_IMAGE_ASPECT_COLOR_BIT, 4, "first");
   image_result(&gpu, &s.images[SIDE], VK_IMAGE_ASPECT_COLOR_BIT, 4, "aside");
   image_result(&gpu, &s.images[RESULT], VK_IMAGE_ASPECT_COLOR_BIT, 4, "result");
   depth_result(&gpu, &s.images[DEPTH], "depth");
   VkExtent2D granularity;
   vkGetRenderAreaGranularity(gpu.device, s.pass, &granularity);
   result(&gpu, "granularity", &granularity, sizeof(granularity));
   for (uint32_t i = 0; i < SUBPASSES; i++)
      vkDestroyPipeline(gpu.device, s.pipelines[i], NULL);
   bound_free(&gpu, &s.bound);
   vkDestroyFramebuffer(gpu.device, s.framebuffer, NULL);
   vkDestroyRenderPass(gpu.device, s.pass, NULL);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      image_free(&gpu, &s.images[i]);
   return gpu_close(&gpu);
}
