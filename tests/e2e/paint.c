// SPDX-License-Identifier: MIT
//
// What only graphics programs need: several attachments, grids of pictures, results with levels and layers. The
// pipelines declared in paint.h are in graphics.c.
#include "paint.h"

#include <stdarg.h>

void quad_draw(VkCommandBuffer cmd, VkPipelineLayout layout, VkPipeline pipeline, const struct quad *quad)
{
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, layout, QUAD_STAGES, 0, sizeof(*quad), quad);
   vkCmdDraw(cmd, 4, 1, 0, 0);
}

void view_rect(VkCommandBuffer cmd, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
   VkViewport viewport = {(float)x, (float)y, (float)width, (float)height, 0, 1};
   VkRect2D scissor = {{(int32_t)x, (int32_t)y}, {width, height}};
   vkCmdSetViewport(cmd, 0, 1, &viewport);
   vkCmdSetScissor(cmd, 0, 1, &scissor);
}

void view_cell(VkCommandBuffer cmd, uint32_t index, uint32_t columns, uint32_t pixels)
{
   view_rect(cmd, index % columns * pixels, index / columns * pixels, pixels, pixels);
}

VkCommandBuffer paint_begin(struct gpu *gpu, const struct target *target, const float color[4])
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, target, color, VK_SUBPASS_CONTENTS_INLINE);
   return cmd;
}

void paint_end(struct gpu *gpu, const struct target *target, VkCommandBuffer cmd, const char *name)
{
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, target->resolve.handle ? &target->resolve : &target->color, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
}

static struct image canvas_image(struct gpu *gpu, const struct canvas_info *info, VkFormat format,
                                 VkImageUsageFlags usage)
{
   VkImageCreateInfo image = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                              .imageType = VK_IMAGE_TYPE_2D,
                              .format = format,
                              .extent = {info->width, info->height, 1},
                              .mipLevels = 1,
                              .arrayLayers = info->layers ? info->layers : 1,
                              .samples = info->samples ? info->samples : VK_SAMPLE_COUNT_1_BIT,
                              .usage = usage | info->usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
   return image_new(gpu, &image);
}

static VkRenderPass canvas_pass(struct gpu *gpu, const struct canvas_info *info)
{
   VkAttachmentDescription all[9];
   VkAttachmentReference refs[9];
   uint32_t total = info->count + (info->depth ? 1 : 0);
   for (uint32_t i = 0; i < total; i++) {
      bool depth = i == info->count;
      all[i] = (VkAttachmentDescription){.format = depth ? info->depth : info->formats[i],
                                         .samples = info->samples ? info->samples : VK_SAMPLE_COUNT_1_BIT,
                                         .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                         .stencilLoadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                         .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
      refs[i] = (VkAttachmentReference){i, depth ? VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL
                                                 : VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
   }
   VkSubpassDescription subpass = {.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
                                   .colorAttachmentCount = info->count,
                                   .pColorAttachments = refs,
                                   .pDepthStencilAttachment = info->depth ? &refs[info->count] : NULL};
   VkAccessFlags any = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
   const VkPipelineStageFlags before = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, inside = VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT;
   VkSubpassDependency around[] = {{VK_SUBPASS_EXTERNAL, 0, before, inside, any, any, 0},
                                   {0, VK_SUBPASS_EXTERNAL, inside, before, any, any, 0}};
   VkRenderPassCreateInfo create = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                    .attachmentCount = total,
                                    .pAttachments = all,
                                    .subpassCount = 1,
                                    .pSubpasses = &subpass,
                                    .dependencyCount = COUNT(around),
                                    .pDependencies = around};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &create, NULL, &pass));
   return pass;
}

struct canvas canvas_new(struct gpu *gpu, const struct canvas_info *info)
{
   struct canvas c = {.info = *info};
   VkImageView views[9];
   for (uint32_t i = 0; i < info->count; i++) {
      c.color[i] = canvas_image(gpu, info, info->formats[i], VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT);
      views[i] = c.color[i].view;
   }
   if (info->depth)
      c.depth = canvas_image(gpu, info, info->depth, VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT);
   views[info->count] = c.depth.view;
   c.pass = canvas_pass(gpu, info);
   VkFramebufferCreateInfo create = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                     .renderPass = c.pass,
                                     .attachmentCount = info->count + (info->depth ? 1 : 0),
                                     .pAttachments = views,
                                     .width = info->width,
                                     .height = info->height,
                                     .layers = info->layers ? info->layers : 1};
   VK(vkCreateFramebuffer(gpu->device, &create, NULL, &c.framebuffer));
   return c;
}

void canvas_begin(VkCommandBuffer cmd, const struct canvas *canvas, const VkClearColorValue *clear)
{
   VkClearValue values[9];
   uint32_t count = canvas->info.count;
   for (uint32_t i = 0; i < count; i++)
      values[i].color = clear[i];
   values[count] = (VkClearValue){.depthStencil = {1, 0}};
   VkRenderPassBeginInfo begin = {VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
                                  .renderPass = canvas->pass,
                                  .framebuffer = canvas->framebuffer,
                                  .renderArea = {{0, 0}, {canvas->info.width, canvas->info.height}},
                                  .clearValueCount = count + 1,
                                  .pClearValues = values};
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   view_rect(cmd, 0, 0, canvas->info.width, canvas->info.height);
}

void canvas_free(struct gpu *gpu, struct canvas *canvas)
{
   vkDestroyFramebuffer(gpu->device, canvas->framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, canvas->pass, NULL);
   for (uint32_t i = 0; i < canvas->info.count; i++)
      image_free(gpu, &canvas->color[i]);
   image_free(gpu, &canvas->depth);
}

static uint32_t at_least_one(uint32_t size)
{
   return size ? size : 1;
}

void image_result_all(struct gpu *gpu, const struct image *image, VkImageAspectFlags aspect, uint32_t texel,
                      const char *name)
{
   VkBufferImageCopy regions[16];
   VkDeviceSize size = 0;
   uint32_t levels = image->info.mipLevels;
   EXPECT(levels <= COUNT(regions));
   for (uint32_t i = 0; i < levels; i++) {
      VkExtent3D e = image->info.extent;
      e = (VkExtent3D){at_least_one(e.width >> i), at_least_one(e.height >> i), at_least_one(e.depth >> i)};
      regions[i] = (VkBufferImageCopy){
         .bufferOffset = size, .imageSubresource = {aspect, i, 0, image->info.arrayLayers}, .imageExtent = e};
      VkDeviceSize part = (VkDeviceSize)e.width * e.height * e.depth * image->info.arrayLayers * texel;
      size += (part + 15) & ~15ull; // offsets are multiples of a texel; what lies between stays zero
   }
   struct buffer out = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkCommandBuffer cmd = cmd_begin(gpu);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, image->handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle, levels, regions);
   cmd_submit(gpu, cmd);
   result(gpu, name, out.map, out.size);
   buffer_free(gpu, &out);
}

void depth_result(struct gpu *gpu, const struct image *image, const char *name)
{
   VkFormat format = image->info.format;
   uint32_t texel = format == VK_FORMAT_D16_UNORM || format == VK_FORMAT_D16_UNORM_S8_UINT ? 2 : 4;
   uint32_t texels = image->info.extent.width * image->info.extent.height;
   struct buffer out = buffer_host(gpu, texels * texel, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy region = {.imageSubresource = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, 0, 1},
                               .imageExtent = image->info.extent};
   VkCommandBuffer cmd = cmd_begin(gpu);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, image->handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle, 1, &region);
   cmd_submit(gpu, cmd);
   uint32_t *words = out.map;
   bool three_bytes = format == VK_FORMAT_X8_D24_UNORM_PACK32 || format == VK_FORMAT_D24_UNORM_S8_UINT;
   for (uint32_t i = 0; three_bytes && i < texels; i++)
      words[i] &= 0xffffff;
   result(gpu, name, out.map, out.size);
   buffer_free(gpu, &out);
}

VkImageView view_new(struct gpu *gpu, const struct image *image, VkImageViewType type, VkFormat format,
                     const VkImageSubresourceRange *range)
{
   const VkImageSubresourceRange all = {format_aspects(format), 0, VK_REMAINING_MIP_LEVELS, 0,
                                        VK_REMAINING_ARRAY_LAYERS};
   VkImageViewCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO, .image = image->handle, .viewType = type,
                                 .format = format, .subresourceRange = range ? *range : all};
   VkImageView view;
   VK(vkCreateImageView(gpu->device, &info, NULL, &view));
   return view;
}

void result_text(struct gpu *gpu, const char *name, const char *format, ...)
{
   char text[512];
   va_list args;
   va_start(args, format);
   int size = vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   EXPECT(size >= 0 && (size_t)size < sizeof(text));
   result(gpu, name, text, (size_t)size);
}

VkFormatFeatureFlags format_features(struct gpu *gpu, VkFormat format)
{
   VkFormatProperties props;
   vkGetPhysicalDeviceFormatProperties(gpu->physical, format, &props);
   return props.optimalTilingFeatures;
}
