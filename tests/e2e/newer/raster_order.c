// SPDX-License-Identifier: MIT
//
// Rasterisation order access to attachments: triangles of one draw lie on top of each other and each one reads what
// those before it left, without a barrier.
#include "scene.h"

#include "color_vert.h"
#include "overlay_frag.h"

#define LAYERS 12

static VkRenderPass pass_new(struct gpu *gpu)
{
   VkAttachmentDescription color = {.format = VK_FORMAT_R8G8B8A8_UNORM,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                    .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                    .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
   VkAttachmentReference ref = {0, VK_IMAGE_LAYOUT_GENERAL};
   VkSubpassDescription subpass = {.flags = VK_SUBPASS_DESCRIPTION_RASTERIZATION_ORDER_ATTACHMENT_COLOR_ACCESS_BIT_EXT,
                                   .inputAttachmentCount = 1,
                                   .pInputAttachments = &ref,
                                   .colorAttachmentCount = 1,
                                   .pColorAttachments = &ref};
   const VkAccessFlags any = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
   VkSubpassDependency after = {
      0, VK_SUBPASS_EXTERNAL, VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, any, any, 0};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                  .attachmentCount = 1,
                                  .pAttachments = &color,
                                  .subpassCount = 1,
                                  .pSubpasses = &subpass,
                                  .dependencyCount = 1,
                                  .pDependencies = &after};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &info, NULL, &pass));
   return pass;
}

// Triangles of ever other colours, each covering most of the picture.
static struct buffer layers_new(struct gpu *gpu)
{
   struct buffer vertices = buffer_host(gpu, LAYERS * 3 * 28, VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   float(*out)[7] = vertices.map;
   for (uint32_t i = 0; i < LAYERS * 3; i++) {
      float turn = (float)(i / 3) / LAYERS;
      const float corners[3][2] = {{-1 + turn, -1}, {1, -1 + turn}, {-turn, 1}};
      const float vertex[7] = {corners[i % 3][0], corners[i % 3][1], 0.5f, turn, i % 2 ? 1.0f : 0.25f, 1 - turn, 1};
      memcpy(out[i], vertex, sizeof(vertex));
   }
   return vertices;
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceRasterizationOrderAttachmentAccessFeaturesEXT order = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RASTERIZATION_ORDER_ATTACHMENT_ACCESS_FEATURES_EXT,
      .rasterizationOrderColorAttachmentAccess = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_RASTERIZATION_ORDER_ATTACHMENT_ACCESS_EXTENSION_NAME},
                       .features = {FEATURES(order)}};
   gpu_open(&gpu, argc, argv, &want);
   VkRenderPass pass = pass_new(&gpu);
   struct buffer vertices = layers_new(&gpu);
   struct image image = image_2d(&gpu, VK_FORMAT_R8G8B8A8_UNORM, SIZE, SIZE,
                                 VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT |
                                     VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
   VkFramebufferCreateInfo frame = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                    .renderPass = pass,
                                    .attachmentCount = 1,
                                    .pAttachments = &image.view,
                                    .width = SIZE,
                                    .height = SIZE,
                                    .layers = 1};
   VkFramebuffer framebuffer;
   VK(vkCreateFramebuffer(gpu.device, &frame, NULL, &framebuffer));
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT, .view = image.view,
                                                      .layout = VK_IMAGE_LAYOUT_GENERAL}});
   struct graphics desc = {.vert = SHADER(&gpu, color_vert),
                           .frag = SHADER(&gpu, overlay_frag),
                           .layout = bound.layout,
                           .pass = pass,
                           .stride = 28,
                           .attribute_count = 2,
                           .attributes = scene_attributes,
                           .blend_flags =
                               VK_PIPELINE_COLOR_BLEND_STATE_CREATE_RASTERIZATION_ORDER_ATTACHMENT_ACCESS_BIT_EXT};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   struct target target = {.width = SIZE, .height = SIZE, .pass = pass, .framebuffer = framebuffer};
   VkCommandBuffer cmd = cmd_begin(&gpu);
   target_begin(cmd, &target, (float[]){0.2f, 0.4f, 0.6f, 0}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdBindVertexBuffers(cmd, 0, 1, &vertices.handle, (VkDeviceSize[]){0});
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
   vkCmdDraw(cmd, LAYERS * 3, 1, 0, 0);
   vkCmdEndRenderPass(cmd);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   vkDestroyFramebuffer(gpu.device, framebuffer, NULL);
   vkDestroyRenderPass(gpu.device, pass, NULL);
   bound_free(&gpu, &bound);
   image_free(&gpu, &image);
   buffer_free(&gpu, &vertices);
   return gpu_close(&gpu);
}
