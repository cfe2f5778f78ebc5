// SPDX-License-Identifier: MIT
//
// Dynamic rendering: several attachments, some left empty, colour resolved, secondary command buffers inside, layers,
// and one rendering that clears, one that keeps.
#include "paint.h"

#include "flat_frag.h"
#include "four_outputs_frag.h"
#include "quad_vert.h"

#define SIZE 40
#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static const VkFormat formats[4] = {RGBA, VK_FORMAT_R16G16B16A16_SFLOAT, VK_FORMAT_UNDEFINED, VK_FORMAT_R8G8B8A8_UINT};
static const uint32_t texels[4] = {4, 8, 0, 4};

static VkRenderingAttachmentInfo attachment(const struct image *image, VkAttachmentLoadOp load)
{
   return (VkRenderingAttachmentInfo){VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = image->view,
                                      .imageLayout = VK_IMAGE_LAYOUT_GENERAL, .loadOp = load,
                                      .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
}

static VkCommandBuffer secondary_new(struct gpu *gpu, uint32_t count, const VkFormat *colors,
                                     VkSampleCountFlagBits samples)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY, .commandBufferCount = 1};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &info, &cmd));
   VkCommandBufferInheritanceRenderingInfo rendering = {
      VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO,
      .flags = VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT, .colorAttachmentCount = count,
      .pColorAttachmentFormats = colors, .rasterizationSamples = samples};
   VkCommandBufferInheritanceInfo inheritance = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO, &rendering};
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT |
                                              VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT,
                                     .pInheritanceInfo = &inheritance};
   VK(vkBeginCommandBuffer(cmd, &begin));
   view_rect(cmd, 0, 0, SIZE, SIZE);
   return cmd;
}

// The third of four attachments is not there; one secondary command buffer is run twice, a second one once.
static void several(struct gpu *gpu)
{
   struct image images[4];
   VkRenderingAttachmentInfo infos[4];
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < 4; i++) {
      infos[i] = (VkRenderingAttachmentInfo){VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO};
      if (!formats[i])
         continue;
      images[i] = image_2d(gpu, formats[i], SIZE, SIZE, usage);
      image_layout(cmd, &images[i], VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
      infos[i] = attachment(&images[i], VK_ATTACHMENT_LOAD_OP_CLEAR);
   }
   infos[1].clearValue.color = (VkClearColorValue){{-2, 0.5f, 4, 1}};
   infos[3].clearValue.color = (VkClearColorValue){.uint32 = {1, 10, 100, 255}};
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 4, .pColorAttachmentFormats = formats};
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, four_outputs_frag),
                           .layout = bound.layout,
                           .next = &rendering,
                           .strip = true,
                           .color_count = 4};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer inside[3] = {secondary_new(gpu, 4, formats, VK_SAMPLE_COUNT_1_BIT),
                                secondary_new(gpu, 4, formats, VK_SAMPLE_COUNT_1_BIT)};
   quad_draw(inside[0], bound.layout, pipeline,
             &(struct quad){{-1, -0.75f, 0.5f, 0.5f}, {0, 0, 1, 1}, {1, 0.5f, 0.25f, 0}});
   quad_draw(inside[1], bound.layout, pipeline, &(struct quad){{-0.25f, 0, 0.75f, 1}, {0, 0, 1, 1}, {0, 0.75f, 1, 0}});
   VK(vkEndCommandBuffer(inside[0]));
   VK(vkEndCommandBuffer(inside[1]));
   inside[2] = inside[0];
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO,
                           .flags = VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT,
                           .renderArea = {{0, 2}, {SIZE, SIZE - 3}},
                           .layerCount = 1,
                           .colorAttachmentCount = 4,
                           .pColorAttachments = infos};
   vkCmdBeginRendering(cmd, &info);
   vkCmdExecuteCommands(cmd, 3, inside);
   vkCmdEndRendering(cmd);
   for (uint32_t i = 0; i < 4; i++) {
      if (formats[i])
         image_layout(cmd, &images[i], VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   }
   cmd_submit(gpu, cmd);
   for (uint32_t i = 0; i < 4; i++) {
      if (!formats[i])
         continue;
      image_result(gpu, &images[i], VK_IMAGE_ASPECT_COLOR_BIT, texels[i], "several");
      image_free(gpu, &images[i]);
   }
   vkFreeCommandBuffers(gpu->device, gpu->pool, 2, inside);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
}

// The first rendering clears and resolves into one layer, the second keeps what is there and resolves into another.
static void resolved(struct gpu *gpu)
{
   const VkFormat format = RGBA;
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
   VkImageCreateInfo many = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = RGBA,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_4_BIT,
                             .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT};
   struct image color = image_new(gpu, &many);
   many.samples = VK_SAMPLE_COUNT_1_BIT;
   many.arrayLayers = 2;
   many.usage = usage;
   struct image out = image_new(gpu, &many);
   struct bound bound = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &format};
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, flat_frag),
                           .layout = bound.layout,
                           .next = &rendering,
                           .strip = true,
                           .blend = true,
                           .samples = VK_SAMPLE_COUNT_4_BIT};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkImageView views[2];
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &color, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   image_layout(cmd, &out, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   for (uint32_t i = 0; i < 2; i++) {
      views[i] = view_new(gpu, &out, VK_IMAGE_VIEW_TYPE_2D, RGBA,
                          &(VkImageSubresourceRange){VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, i, 1});
      VkRenderingAttachmentInfo target =
          attachment(&color, i ? VK_ATTACHMENT_LOAD_OP_LOAD : VK_ATTACHMENT_LOAD_OP_CLEAR);
      target.resolveMode = VK_RESOLVE_MODE_AVERAGE_BIT;
      target.resolveImageView = views[i];
      target.resolveImageLayout = VK_IMAGE_LAYOUT_GENERAL;
      VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .layerCount = 1,
                              .colorAttachmentCount = 1, .pColorAttachments = &target};
      float x = 0.37f * (float)i;
      vkCmdBeginRendering(cmd, &info);
      view_rect(cmd, 0, 0, SIZE, SIZE);
      quad_draw(cmd, bound.layout, pipeline,
                &(struct quad){{x - 0.91f, x - 0.73f, x + 0.33f, x + 0.47f}, {0, 0, 1, 1}, {1 - x, 1, x, 0}});
      vkCmdEndRendering(cmd);
      barrier_all(cmd);
   }
   image_layout(cmd, &out, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result_all(gpu, &out, VK_IMAGE_ASPECT_COLOR_BIT, 4, "resolved");
   vkDestroyImageView(gpu->device, views[0], NULL);
   vkDestroyImageView(gpu->device, views[1], NULL);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   image_free(gpu, &color);
   image_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.v13.dynamicRendering = VK_TRUE});
   several(&gpu);
   resolved(&gpu);
   return gpu_close(&gpu);
}
