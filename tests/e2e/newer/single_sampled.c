// SPDX-License-Identifier: MIT
//
// Four samples drawn into an image that has one: the driver resolves on its own, in dynamic rendering and in a render
// pass, one after another on the same image.
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"

#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static const VkMultisampledRenderToSingleSampledInfoEXT four = {
   VK_STRUCTURE_TYPE_MULTISAMPLED_RENDER_TO_SINGLE_SAMPLED_INFO_EXT, .multisampledRenderToSingleSampledEnable = VK_TRUE,
   .rasterizationSamples = VK_SAMPLE_COUNT_4_BIT};

static VkRenderPass pass_new(struct gpu *gpu)
{
   VkAttachmentDescription2 color = {
      VK_STRUCTURE_TYPE_ATTACHMENT_DESCRIPTION_2, .format = RGBA,
      .samples = VK_SAMPLE_COUNT_1_BIT,           .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,    .initialLayout = VK_IMAGE_LAYOUT_GENERAL,
      .finalLayout = VK_IMAGE_LAYOUT_GENERAL};
   VkAttachmentReference2 ref = {VK_STRUCTURE_TYPE_ATTACHMENT_REFERENCE_2, .layout = VK_IMAGE_LAYOUT_GENERAL};
   VkSubpassDescription2 subpass = {VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_2, .pNext = &four, .colorAttachmentCount = 1,
                                    .pColorAttachments = &ref};
   VkRenderPassCreateInfo2 info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO_2, .attachmentCount = 1,
                                   .pAttachments = &color, .subpassCount = 1, .pSubpasses = &subpass};
   VkRenderPass pass;
   VK(vkCreateRenderPass2(gpu->device, &info, NULL, &pass));
   return pass;
}

static VkPipeline pipeline_new(struct gpu *gpu, const struct scene *s, VkRenderPass pass)
{
   static const VkFormat format = RGBA;
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &format};
   struct graphics desc = scene_graphics(s);
   desc.vert = SHADER(gpu, color_vert);
   desc.frag = SHADER(gpu, color_frag);
   desc.pass = pass;
   desc.next = pass ? NULL : &rendering;
   desc.samples = VK_SAMPLE_COUNT_4_BIT;
   return graphics_new(gpu, &desc);
}

static void draw(VkCommandBuffer cmd, const struct scene *s, VkPipeline pipeline, float scale, float x)
{
   target_view(cmd, &s->target);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   scene_place(cmd, s, scale, x, x);
   vkCmdDraw(cmd, 6, 1, 0, 0);
}

static void in_rendering(struct gpu *gpu, const struct scene *s, const struct image *image)
{
   VkPipeline pipeline = pipeline_new(gpu, s, VK_NULL_HANDLE);
   VkRenderingAttachmentInfo color = {
      VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = image->view,
      .imageLayout = VK_IMAGE_LAYOUT_GENERAL,      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,     .clearValue.color = {{0.1f, 0.2f, 0.3f, 1}}};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO,
                           .pNext = &four,
                           .renderArea = {{0, 0}, {SIZE, SIZE}},
                           .layerCount = 1,
                           .colorAttachmentCount = 1,
                           .pColorAttachments = &color};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdBeginRendering(cmd, &info);
   draw(cmd, s, pipeline, 0.95f, 0);
   vkCmdEndRendering(cmd);
   cmd_submit(gpu, cmd);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

static void in_pass(struct gpu *gpu, const struct scene *s, const struct image *image)
{
   VkRenderPass pass = pass_new(gpu);
   VkPipeline pipeline = pipeline_new(gpu, s, pass);
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = pass,
                                   .attachmentCount = 1,
                                   .pAttachments = &image->view,
                                   .width = SIZE,
                                   .height = SIZE,
                                   .layers = 1};
   VkFramebuffer framebuffer;
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &framebuffer));
   VkRenderPassBeginInfo begin = {VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = pass,
                                  .framebuffer = framebuffer, .renderArea = {{0, 0}, {SIZE, SIZE}}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   draw(cmd, s, pipeline, 0.4f, 0.3f);
   vkCmdEndRenderPass(cmd);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   vkDestroyFramebuffer(gpu->device, framebuffer, NULL);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyRenderPass(gpu->device, pass, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMultisampledRenderToSingleSampledFeaturesEXT single = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MULTISAMPLED_RENDER_TO_SINGLE_SAMPLED_FEATURES_EXT,
      .multisampledRenderToSingleSampled = VK_TRUE};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_EXT_MULTISAMPLED_RENDER_TO_SINGLE_SAMPLED_EXTENSION_NAME},
                       .features = {FEATURES(single)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .flags = VK_IMAGE_CREATE_MULTISAMPLED_RENDER_TO_SINGLE_SAMPLED_BIT_EXT,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = RGBA,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                                      VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT};
   struct image image = image_new(&gpu, &info);
   in_rendering(&gpu, &scene, &image);
   in_pass(&gpu, &scene, &image);
   image_result(&gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "resolved");
   image_free(&gpu, &image);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
