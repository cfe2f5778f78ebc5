// SPDX-License-Identifier: MIT
//
// An image that is colour attachment and texture at once: every draw reads the texel that it is about to write.
#include "feedback.h"

#include "color_vert.h"
#include "feed_back_frag.h"

static VkPipeline pipeline_new(struct gpu *gpu, const struct scene *s, VkPipelineLayout layout)
{
   const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &format};
   struct graphics desc = scene_graphics(s);
   desc.pass = VK_NULL_HANDLE;
   desc.next = &rendering;
   desc.layout = layout;
   desc.vert = SHADER(gpu, color_vert);
   desc.frag = SHADER(gpu, feed_back_frag);
   desc.flags = VK_PIPELINE_CREATE_COLOR_ATTACHMENT_FEEDBACK_LOOP_BIT_EXT;
   return graphics_new(gpu, &desc);
}

// One rendering with one triangle: no texel is written twice.
static void one_pass(VkCommandBuffer cmd, const struct scene *s, const struct image *picture, const struct bound *bound,
                     VkPipeline pipeline, uint32_t number)
{
   VkRenderingAttachmentInfo color = {VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = picture->view,
                                      .imageLayout = LAYOUT, .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
                                      .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .layerCount = 1,
                           .colorAttachmentCount = 1, .pColorAttachments = &color};
   const float place[4] = {1, 1, 0.1f * (float)number, -0.1f * (float)number};
   vkCmdBeginRendering(cmd, &info);
   target_view(cmd, &s->target);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0, 16, place);
   vkCmdDraw(cmd, 3, 1, number % 4, 0);
   vkCmdEndRendering(cmd);
   barrier_all(cmd);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceAttachmentFeedbackLoopLayoutFeaturesEXT loop = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ATTACHMENT_FEEDBACK_LOOP_LAYOUT_FEATURES_EXT,
      .attachmentFeedbackLoopLayout = VK_TRUE};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_EXT_ATTACHMENT_FEEDBACK_LOOP_LAYOUT_EXTENSION_NAME},
                       .features = {FEATURES(loop)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct image picture = picture_new(&gpu);
   VkSampler sampler =
       sampler_new(&gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 16, 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .view = picture.view,
                                                      .sampler = sampler, .layout = LAYOUT}});
   VkPipeline pipeline = pipeline_new(&gpu, &scene, bound.layout);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   for (uint32_t i = 0; i < PASSES; i++)
      one_pass(cmd, &scene, &picture, &bound, pipeline, i);
   image_layout(cmd, &picture, LAYOUT, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &picture, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   vkDestroySampler(gpu.device, sampler, NULL);
   bound_free(&gpu, &bound);
   image_free(&gpu, &picture);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
