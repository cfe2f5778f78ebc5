// SPDX-License-Identifier: MIT
//
// Tessellation and geometry shaders, wire frames, and a render pass of two subpasses with an input attachment.
#include "harness.h"

#include "color_frag.h"
#include "color_vert.h"
#include "invert_frag.h"
#include "quad_vert.h"
#include "shrink_geom.h"
#include "wave_tesc.h"
#include "wave_tese.h"

#define SIZE 112
#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static const float vertices[][7] = {
    {-0.9f, -0.8f, 0, 1, 0, 0, 1}, {0.8f, -0.6f, 0, 0, 1, 0, 1}, {-0.2f, 0.9f, 0, 0, 0, 1, 1}};
static const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                               {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

static void picture(struct gpu *gpu, bool tessellate, bool geometry, bool wireframe)
{
   struct target target = target_new(gpu, SIZE, SIZE, RGBA, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct buffer vertex = buffer_host(gpu, sizeof(vertices), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .tesc = tessellate ? SHADER(gpu, wave_tesc) : VK_NULL_HANDLE,
                           .tese = tessellate ? SHADER(gpu, wave_tese) : VK_NULL_HANDLE,
                           .geom = geometry ? SHADER(gpu, shrink_geom) : VK_NULL_HANDLE,
                           .frag = SHADER(gpu, color_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .stride = sizeof(vertices[0]),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .patches = tessellate,
                           .patch_points = 3,
                           .wireframe = wireframe};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   memcpy(vertex.map, vertices, sizeof(vertices));
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &vertex.handle, (VkDeviceSize[]){0});
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
   vkCmdDraw(cmd, 3, 1, 0, 0);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &vertex);
   target_free(gpu, &target);
}

// Two subpasses, made with the version 2 structs: the second reads what the first drew.
static VkRenderPass two_passes(struct gpu *gpu)
{
   VkAttachmentDescription2 color = {
       VK_STRUCTURE_TYPE_ATTACHMENT_DESCRIPTION_2, .format = RGBA,
       .samples = VK_SAMPLE_COUNT_1_BIT,           .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
       .storeOp = VK_ATTACHMENT_STORE_OP_STORE,    .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
   VkAttachmentDescription2 all[2] = {color, color};
   VkAttachmentReference2 first = {VK_STRUCTURE_TYPE_ATTACHMENT_REFERENCE_2, NULL, 0,
                                   VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, VK_IMAGE_ASPECT_COLOR_BIT};
   VkAttachmentReference2 read = first, second = first;
   read.layout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL;
   second.attachment = 1;
   VkSubpassDescription2 subpasses[2] = {
       {VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_2, .colorAttachmentCount = 1, .pColorAttachments = &first},
       {VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_2, .inputAttachmentCount = 1, .pInputAttachments = &read,
        .colorAttachmentCount = 1, .pColorAttachments = &second}};
   VkSubpassDependency2 dependency = {VK_STRUCTURE_TYPE_SUBPASS_DEPENDENCY_2,
                                      .srcSubpass = 0,
                                      .dstSubpass = 1,
                                      .srcStageMask = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                                      .dstStageMask = VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT,
                                      .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
                                      .dstAccessMask = VK_ACCESS_INPUT_ATTACHMENT_READ_BIT,
                                      .dependencyFlags = VK_DEPENDENCY_BY_REGION_BIT};
   VkRenderPassCreateInfo2 info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO_2,
                                   .attachmentCount = 2,
                                   .pAttachments = all,
                                   .subpassCount = 2,
                                   .pSubpasses = subpasses,
                                   .dependencyCount = 1,
                                   .pDependencies = &dependency};
   VkRenderPass pass;
   VK(vkCreateRenderPass2(gpu->device, &info, NULL, &pass));
   return pass;
}

// An imageless framebuffer: the views come with the begin command.
static VkFramebuffer framebuffer_new(struct gpu *gpu, VkRenderPass pass, const struct image images[2])
{
   const VkFormat format = RGBA;
   VkFramebufferAttachmentImageInfo infos[2];
   for (int i = 0; i < 2; i++)
      infos[i] = (VkFramebufferAttachmentImageInfo){VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENT_IMAGE_INFO,
                                                    .usage = images[i].info.usage,
                                                    .width = SIZE,
                                                    .height = SIZE,
                                                    .layerCount = 1,
                                                    .viewFormatCount = 1,
                                                    .pViewFormats = &format};
   VkFramebufferAttachmentsCreateInfo attachments = {VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENTS_CREATE_INFO,
                                                     .attachmentImageInfoCount = 2, .pAttachmentImageInfos = infos};
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .pNext = &attachments,
                                   .flags = VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT,
                                   .renderPass = pass,
                                   .attachmentCount = 2,
                                   .width = SIZE,
                                   .height = SIZE,
                                   .layers = 1};
   VkFramebuffer framebuffer;
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &framebuffer));
   return framebuffer;
}

static void record_two(VkCommandBuffer cmd, VkRenderPass pass, VkFramebuffer framebuffer, const struct image images[2],
                       VkPipeline invert, const struct bound *bound)
{
   VkImageView views[2] = {images[0].view, images[1].view};
   VkRenderPassAttachmentBeginInfo attachments = {VK_STRUCTURE_TYPE_RENDER_PASS_ATTACHMENT_BEGIN_INFO,
                                                  .attachmentCount = 2, .pAttachments = views};
   VkClearValue clear[2] = {{.color = {{0.2f, 0.4f, 0.6f, 1}}}, {.color = {{0, 0, 0, 0}}}};
   VkRenderPassBeginInfo begin = {VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
                                  .pNext = &attachments,
                                  .renderPass = pass,
                                  .framebuffer = framebuffer,
                                  .renderArea = {{0, 0}, {SIZE, SIZE}},
                                  .clearValueCount = 2,
                                  .pClearValues = clear};
   VkSubpassBeginInfo contents = {VK_STRUCTURE_TYPE_SUBPASS_BEGIN_INFO, .contents = VK_SUBPASS_CONTENTS_INLINE};
   VkSubpassEndInfo end = {VK_STRUCTURE_TYPE_SUBPASS_END_INFO};
   vkCmdBeginRenderPass2(cmd, &begin, &contents);
   VkClearAttachment part = {VK_IMAGE_ASPECT_COLOR_BIT, 0, {.color = {{1, 0.5f, 0, 1}}}};
   VkClearRect where = {{{10, 20}, {50, 40}}, 0, 1};
   vkCmdClearAttachments(cmd, 1, &part, 1, &where);
   vkCmdNextSubpass2(cmd, &contents, &end);
   struct target whole = {SIZE, SIZE};
   float push[12] = {-0.9f, -0.9f, 0.9f, 0.8f, 0, 0, 1, 1};
   target_view(cmd, &whole);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, invert);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof(push),
                      push);
   vkCmdDraw(cmd, 4, 1, 0, 0);
   vkCmdEndRenderPass2(cmd, &end);
}

static VkPipeline invert_pipeline(struct gpu *gpu, VkRenderPass pass, VkPipelineLayout layout, VkShaderModule *modules)
{
   struct graphics desc = {
       .vert = modules[0], .frag = modules[1], .layout = layout, .pass = pass, .strip = true, .subpass = 1};
   return graphics_new(gpu, &desc);
}

static void subpasses(struct gpu *gpu)
{
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
   struct image images[2] = {image_2d(gpu, RGBA, SIZE, SIZE, usage | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT),
                             image_2d(gpu, RGBA, SIZE, SIZE, usage)};
   VkRenderPass pass = two_passes(gpu);
   VkFramebuffer framebuffer = framebuffer_new(gpu, pass, images);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 48, 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT, NULL, images[0].view,
                                                      VK_NULL_HANDLE, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL}});
   VkShaderModule modules[2] = {SHADER(gpu, quad_vert), SHADER(gpu, invert_frag)};
   VkPipeline invert = invert_pipeline(gpu, pass, bound.layout, modules);
   VkCommandBuffer cmd = cmd_begin(gpu);
   record_two(cmd, pass, framebuffer, images, invert, &bound);
   cmd_submit(gpu, cmd);
   image_result(gpu, &images[0], VK_IMAGE_ASPECT_COLOR_BIT, 4, "first");
   image_result(gpu, &images[1], VK_IMAGE_ASPECT_COLOR_BIT, 4, "second");
   vkDestroyPipeline(gpu->device, invert, NULL);
   bound_free(gpu, &bound);
   vkDestroyFramebuffer(gpu->device, framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, pass, NULL);
   image_free(gpu, &images[0]);
   image_free(gpu, &images[1]);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.tessellationShader = VK_TRUE,
                       .core.geometryShader = VK_TRUE,
                       .core.fillModeNonSolid = VK_TRUE,
                       .v12.imagelessFramebuffer = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   picture(&gpu, false, true, false);
   picture(&gpu, true, false, true);
   picture(&gpu, true, true, false);
   subpasses(&gpu);
   return gpu_close(&gpu);
}
