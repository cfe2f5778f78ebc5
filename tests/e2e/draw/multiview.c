// SPDX-License-Identifier: MIT
//
// Multiview: one draw into several layers, by render pass 1, by render pass 2 and by dynamic rendering, with views left
// out and an occlusion query that spans them.
#include "paint.h"

#include "eyes_frag.h"
#include "eyes_vert.h"

#define SIZE   32
#define LAYERS 4
#define RGBA   VK_FORMAT_R8G8B8A8_UNORM

static const uint32_t masks[2] = {0xf, 0x5};

struct scene {
   struct image image;
   struct bound bound;
   struct graphics desc;
};

static VkRenderPass pass_1(struct gpu *gpu, uint32_t mask)
{
   VkAttachmentDescription color = {.format = RGBA,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                    .initialLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                                    .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
   VkAttachmentReference ref = {0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
   VkSubpassDescription subpass = {.colorAttachmentCount = 1, .pColorAttachments = &ref};
   VkRenderPassMultiviewCreateInfo views = {VK_STRUCTURE_TYPE_RENDER_PASS_MULTIVIEW_CREATE_INFO, .subpassCount = 1,
                                            .pViewMasks = &mask, .correlationMaskCount = 1, .pCorrelationMasks = &mask};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                  .pNext = &views,
                                  .attachmentCount = 1,
                                  .pAttachments = &color,
                                  .subpassCount = 1,
                                  .pSubpasses = &subpass};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &info, NULL, &pass));
   return pass;
}

static VkRenderPass pass_2(struct gpu *gpu, uint32_t mask)
{
   VkAttachmentDescription2 color = {VK_STRUCTURE_TYPE_ATTACHMENT_DESCRIPTION_2,
                                     .format = RGBA,
                                     .samples = VK_SAMPLE_COUNT_1_BIT,
                                     .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                     .initialLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                                     .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
   VkAttachmentReference2 ref = {VK_STRUCTURE_TYPE_ATTACHMENT_REFERENCE_2, .attachment = 0,
                                 .layout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
   VkSubpassDescription2 subpass = {VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_2, .viewMask = mask,
                                    .colorAttachmentCount = 1, .pColorAttachments = &ref};
   VkRenderPassCreateInfo2 info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO_2,
                                   .attachmentCount = 1,
                                   .pAttachments = &color,
                                   .subpassCount = 1,
                                   .pSubpasses = &subpass,
                                   .correlatedViewMaskCount = 1,
                                   .pCorrelatedViewMasks = &mask};
   VkRenderPass pass;
   VK(vkCreateRenderPass2(gpu->device, &info, NULL, &pass));
   return pass;
}

static void draw(VkCommandBuffer cmd, const struct scene *s, VkPipeline pipeline)
{
   view_rect(cmd, 0, 0, SIZE, SIZE);
   quad_draw(cmd, s->bound.layout, pipeline,
             &(struct quad){{-0.875f, -0.75f, 0, 0.5f}, {0, 0, 1, 1}, {1, 0.25f, 0, 0.5f}});
   quad_draw(cmd, s->bound.layout, pipeline,
             &(struct quad){{-0.5f, 0.25f, 0.25f, 0.875f}, {0, 0, 1, 1}, {0.25f, 1, 0, 0.25f}});
}

static void before(VkCommandBuffer cmd, const struct scene *s)
{
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, LAYERS};
   image_layout(cmd, &s->image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdClearColorImage(cmd, s->image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                        &(VkClearColorValue){{0.5f, 0.5f, 0.5f, 0.5f}}, 1, &all);
   image_layout(cmd, &s->image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
}

static void with_pass(struct gpu *gpu, const struct scene *s, VkRenderPass pass, const char *name)
{
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = pass,
                                   .attachmentCount = 1,
                                   .pAttachments = &s->image.view,
                                   .width = SIZE,
                                   .height = SIZE,
                                   .layers = 1};
   VkFramebuffer framebuffer;
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &framebuffer));
   struct graphics desc = s->desc;
   desc.pass = pass;
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkRenderPassBeginInfo begin = {VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
                                  .renderPass = pass,
                                  .framebuffer = framebuffer,
                                  .renderArea = {{0, 0}, {SIZE, SIZE}},
                                  .clearValueCount = 1,
                                  .pClearValues = &(VkClearValue){.color = {{0, 0, 0, 1}}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   before(cmd, s);
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   draw(cmd, s, pipeline);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result_all(gpu, &s->image, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyFramebuffer(gpu->device, framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, pass, NULL);
}

// A query takes one slot per view; how the counts are spread over them is the driver's business, their sum is not.
static void with_rendering(struct gpu *gpu, const struct scene *s, uint32_t mask)
{
   VkQueryPoolCreateInfo queries = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_OCCLUSION,
                                    .queryCount = LAYERS};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &queries, NULL, &pool));
   const VkFormat format = RGBA;
   VkPipelineRenderingCreateInfo formats = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO, .viewMask = mask,
                                            .colorAttachmentCount = 1, .pColorAttachmentFormats = &format};
   struct graphics desc = s->desc;
   desc.next = &formats;
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkRenderingAttachmentInfo color = {VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = s->image.view,
                                      .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                      .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD, .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .viewMask = mask,
                           .colorAttachmentCount = 1, .pColorAttachments = &color};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdResetQueryPool(cmd, pool, 0, LAYERS);
   before(cmd, s);
   image_layout(cmd, &s->image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
   vkCmdBeginRendering(cmd, &info);
   vkCmdBeginQuery(cmd, pool, 0, VK_QUERY_CONTROL_PRECISE_BIT);
   draw(cmd, s, pipeline);
   vkCmdEndQuery(cmd, pool, 0);
   vkCmdEndRendering(cmd);
   image_layout(cmd, &s->image, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result_all(gpu, &s->image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "rendering");
   uint32_t views = mask == masks[0] ? 4 : 2;
   uint64_t counts[LAYERS] = {0};
   VK(vkGetQueryPoolResults(gpu->device, pool, 0, views, sizeof(counts), counts, 8,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   result(gpu, "samples", counts, sizeof(counts));
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyQueryPool(gpu->device, pool, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){
               .core.occlusionQueryPrecise = VK_TRUE, .v11.multiview = VK_TRUE, .v13.dynamicRendering = VK_TRUE});
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = RGBA,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = 1,
                             .arrayLayers = LAYERS,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                      VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   struct scene s = {.image = image_new(&gpu, &info),
                     .bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL)};
   s.desc = (struct graphics){.vert = SHADER(&gpu, eyes_vert),
                              .frag = SHADER(&gpu, eyes_frag),
                              .layout = s.bound.layout,
                              .strip = true,
                              .keep_modules = true};
   for (uint32_t i = 0; i < 2; i++) {
      with_pass(&gpu, &s, pass_1(&gpu, masks[i]), "pass-1");
      with_pass(&gpu, &s, pass_2(&gpu, masks[i]), "pass-2");
      with_rendering(&gpu, &s, masks[i]);
   }
   modules_free(&gpu, &s.desc);
   bound_free(&gpu, &s.bound);
   image_free(&gpu, &s.image);
   return gpu_close(&gpu);
}
