// SPDX-License-Identifier: MIT
//
// Resolving depth and stencil at the end of a pass, in every mode the device has, by render pass 2 and by dynamic
// rendering; colour is resolved along with it.
#include "paint.h"

#include "flat_frag.h"
#include "slope_vert.h"

#define SIZE    40
#define SAMPLES VK_SAMPLE_COUNT_4_BIT
#define RGBA    VK_FORMAT_R8G8B8A8_UNORM

struct scene {
   VkFormat format;
   struct image color, depth, color_out, depth_out; // the latter two have one sample
   struct bound bound;
   struct graphics desc;
};

static struct image image_of(struct gpu *gpu, VkFormat format, VkSampleCountFlagBits samples, VkImageUsageFlags usage)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = format,
                             .extent = {SIZE, SIZE, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = samples,
                             .usage = usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT};
   return image_new(gpu, &info);
}

static VkAttachmentDescription2 attachment(VkFormat format, VkSampleCountFlagBits samples)
{
   VkAttachmentLoadOp load =
       samples == VK_SAMPLE_COUNT_1_BIT ? VK_ATTACHMENT_LOAD_OP_DONT_CARE : VK_ATTACHMENT_LOAD_OP_CLEAR;
   return (VkAttachmentDescription2){VK_STRUCTURE_TYPE_ATTACHMENT_DESCRIPTION_2,
                                     .format = format,
                                     .samples = samples,
                                     .loadOp = load,
                                     .stencilLoadOp = load,
                                     .finalLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL};
}

static VkRenderPass pass_new(struct gpu *gpu, VkFormat format, VkResolveModeFlagBits depth,
                             VkResolveModeFlagBits stencil)
{
   const VkImageLayout color_layout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
   const VkImageLayout depth_layout = VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL;
   VkAttachmentDescription2 all[4] = {attachment(RGBA, SAMPLES), attachment(format, SAMPLES),
                                      attachment(RGBA, VK_SAMPLE_COUNT_1_BIT),
                                      attachment(format, VK_SAMPLE_COUNT_1_BIT)};
   VkAttachmentReference2 refs[4];
   for (uint32_t i = 0; i < 4; i++)
      refs[i] = (VkAttachmentReference2){VK_STRUCTURE_TYPE_ATTACHMENT_REFERENCE_2, .attachment = i,
                                         .layout = i % 2 ? depth_layout : color_layout};
   VkSubpassDescriptionDepthStencilResolve resolve = {VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_DEPTH_STENCIL_RESOLVE,
                                                      .depthResolveMode = depth, .stencilResolveMode = stencil,
                                                      .pDepthStencilResolveAttachment = &refs[3]};
   VkSubpassDescription2 subpass = {VK_STRUCTURE_TYPE_SUBPASS_DESCRIPTION_2,
                                    .pNext = &resolve,
                                    .colorAttachmentCount = 1,
                                    .pColorAttachments = &refs[0],
                                    .pResolveAttachments = &refs[2],
                                    .pDepthStencilAttachment = &refs[1]};
   const VkAccessFlags any = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
   VkSubpassDependency2 around[2] = {
      {VK_STRUCTURE_TYPE_SUBPASS_DEPENDENCY_2, NULL, VK_SUBPASS_EXTERNAL, 0, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
       VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT, any, any, 0, 0},
      {VK_STRUCTURE_TYPE_SUBPASS_DEPENDENCY_2, NULL, 0, VK_SUBPASS_EXTERNAL, VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT,
       VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, any, any, 0, 0}};
   VkRenderPassCreateInfo2 info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO_2,
                                   .attachmentCount = 4,
                                   .pAttachments = all,
                                   .subpassCount = 1,
                                   .pSubpasses = &subpass,
                                   .dependencyCount = 2,
                                   .pDependencies = around};
   VkRenderPass pass;
   VK(vkCreateRenderPass2(gpu->device, &info, NULL, &pass));
   return pass;
}

static VkPipeline pipeline_new(struct gpu *gpu, const struct scene *s, VkRenderPass pass)
{
   const VkFormat color = RGBA;
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &color,
                                              .depthAttachmentFormat = s->format, .stencilAttachmentFormat = s->format};
   struct graphics desc = s->desc;
   desc.pass = pass;
   desc.next = pass ? NULL : &rendering;
   return graphics_new(gpu, &desc);
}

// Edges that cut pixels, at different depths.
static void draw(VkCommandBuffer cmd, const struct scene *s, VkPipeline pipeline)
{
   view_rect(cmd, 0, 0, SIZE, SIZE);
   for (uint32_t i = 0; i < 4; i++) {
      float x = -0.93f + 0.31f * (float)i;
      vkCmdSetStencilReference(cmd, VK_STENCIL_FACE_FRONT_AND_BACK, 0x21 * (i + 1));
      quad_draw(cmd, s->bound.layout, pipeline,
                &(struct quad){{x, 0.9f * x, x + 0.97f, x + 0.83f},
                               {0, 0, 1, 1},
                               {0.25f * (float)i, 1, 0.2f * (float)i, 0.9f - 0.2f * (float)i}});
   }
}

static void results(struct gpu *gpu, const struct scene *s, const char *how, uint32_t depth, uint32_t stencil)
{
   char name[64];
   snprintf(name, sizeof(name), "%s-%u-%u", how, depth, stencil);
   image_result(gpu, &s->color_out, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
   if (depth)
      depth_result(gpu, &s->depth_out, name);
   if (stencil)
      image_result(gpu, &s->depth_out, VK_IMAGE_ASPECT_STENCIL_BIT, 1, name);
}

static void by_pass(struct gpu *gpu, const struct scene *s, VkResolveModeFlagBits depth, VkResolveModeFlagBits stencil)
{
   VkRenderPass pass = pass_new(gpu, s->format, depth, stencil);
   VkImageView views[4] = {s->color.view, s->depth.view, s->color_out.view, s->depth_out.view};
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = pass,
                                   .attachmentCount = 4,
                                   .pAttachments = views,
                                   .width = SIZE,
                                   .height = SIZE,
                                   .layers = 1};
   VkFramebuffer framebuffer;
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &framebuffer));
   VkPipeline pipeline = pipeline_new(gpu, s, pass);
   const VkClearValue clear[2] = {{.color = {{0, 0, 0, 1}}}, {.depthStencil = {1, 3}}};
   VkRenderPassBeginInfo begin = {
      VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = pass,   .framebuffer = framebuffer,
      .renderArea = {{0, 0}, {SIZE, SIZE}},     .clearValueCount = 2, .pClearValues = clear};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   draw(cmd, s, pipeline);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   results(gpu, s, "pass", depth, stencil);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyFramebuffer(gpu->device, framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, pass, NULL);
}

static void all_layouts(VkCommandBuffer cmd, const struct scene *s, VkImageLayout from, VkImageLayout to)
{
   const struct image *images[4] = {&s->color, &s->depth, &s->color_out, &s->depth_out};
   for (int i = 0; i < 4; i++)
      image_layout(cmd, images[i], from, to);
}

static VkRenderingAttachmentInfo resolving(const struct image *image, const struct image *to,
                                           VkResolveModeFlagBits mode, VkClearValue clear)
{
   return (VkRenderingAttachmentInfo){VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                      .imageView = image->view,
                                      .imageLayout = VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL,
                                      .resolveMode = mode,
                                      .resolveImageView = mode ? to->view : VK_NULL_HANDLE,
                                      .resolveImageLayout = VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL,
                                      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                      .storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
                                      .clearValue = clear};
}

static void by_rendering(struct gpu *gpu, const struct scene *s, VkResolveModeFlagBits depth_mode,
                         VkResolveModeFlagBits stencil_mode)
{
   const VkClearValue clear = {.depthStencil = {1, 3}};
   VkRenderingAttachmentInfo color =
       resolving(&s->color, &s->color_out, VK_RESOLVE_MODE_AVERAGE_BIT, (VkClearValue){.color = {{0, 0, 0, 1}}});
   VkRenderingAttachmentInfo depth = resolving(&s->depth, &s->depth_out, depth_mode, clear);
   VkRenderingAttachmentInfo stencil = resolving(&s->depth, &s->depth_out, stencil_mode, clear);
   VkRenderingInfo info = {
      VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .layerCount = 1,
      .colorAttachmentCount = 1,        .pColorAttachments = &color,          .pDepthAttachment = &depth,
      .pStencilAttachment = &stencil};
   VkPipeline pipeline = pipeline_new(gpu, s, VK_NULL_HANDLE);
   VkCommandBuffer cmd = cmd_begin(gpu);
   all_layouts(cmd, s, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL);
   vkCmdBeginRendering(cmd, &info);
   draw(cmd, s, pipeline);
   vkCmdEndRendering(cmd);
   all_layouts(cmd, s, VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   results(gpu, s, "rendering", depth_mode, stencil_mode);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

static void all_modes(struct gpu *gpu, const struct scene *s)
{
   VkPhysicalDeviceDepthStencilResolveProperties modes = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DEPTH_STENCIL_RESOLVE_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &modes};
   vkGetPhysicalDeviceProperties2(gpu->physical, &props);
   result_text(gpu, "modes", "depth %#x stencil %#x none %u apart %u", modes.supportedDepthResolveModes,
               modes.supportedStencilResolveModes, modes.independentResolveNone, modes.independentResolve);
   for (uint32_t depth = 0; depth <= VK_RESOLVE_MODE_MAX_BIT; depth = depth ? depth << 1 : 1) {
      for (uint32_t stencil = 0; stencil <= VK_RESOLVE_MODE_MAX_BIT; stencil = stencil ? stencil << 1 : 1) {
         bool known = (depth & modes.supportedDepthResolveModes) == depth &&
                      (stencil & modes.supportedStencilResolveModes) == stencil && (depth || stencil);
         bool apart =
             depth == stencil || modes.independentResolve || (modes.independentResolveNone && (!depth || !stencil));
         if (!known || !apart)
            continue;
         by_pass(gpu, s, (VkResolveModeFlagBits)depth, (VkResolveModeFlagBits)stencil);
         by_rendering(gpu, s, (VkResolveModeFlagBits)depth, (VkResolveModeFlagBits)stencil);
      }
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &(struct want){.v13.dynamicRendering = VK_TRUE, .v13.synchronization2 = VK_TRUE});
   const VkPhysicalDeviceLimits *limits = &gpu.props.limits;
   if (!(limits->framebufferDepthSampleCounts & limits->framebufferStencilSampleCounts & SAMPLES))
      skip("needs four samples of depth and stencil");
   VkFormat format = depth_format(&gpu, 2, (VkFormat[]){VK_FORMAT_D32_SFLOAT_S8_UINT, VK_FORMAT_D24_UNORM_S8_UINT});
   const VkImageUsageFlags color = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
   const VkImageUsageFlags depth = VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
   struct scene s = {.format = format,
                     .color = image_of(&gpu, RGBA, SAMPLES, color),
                     .depth = image_of(&gpu, format, SAMPLES, depth),
                     .color_out = image_of(&gpu, RGBA, VK_SAMPLE_COUNT_1_BIT, color),
                     .depth_out = image_of(&gpu, format, VK_SAMPLE_COUNT_1_BIT, depth),
                     .bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL)};
   s.desc = (struct graphics){.vert = SHADER(&gpu, slope_vert),
                              .frag = SHADER(&gpu, flat_frag),
                              .layout = s.bound.layout,
                              .strip = true,
                              .depth_test = true,
                              .depth_write = true,
                              .depth_op = VK_COMPARE_OP_LESS,
                              .stencil = true,
                              .stencil_op = {VK_STENCIL_OP_KEEP, VK_STENCIL_OP_REPLACE, VK_STENCIL_OP_INVERT,
                                             VK_COMPARE_OP_ALWAYS, 0xff, 0xff, 0},
                              .samples = SAMPLES,
                              .dynamic_count = 1,
                              .dynamic = (VkDynamicState[]){VK_DYNAMIC_STATE_STENCIL_REFERENCE},
                              .keep_modules = true};
   all_modes(&gpu, &s);
   modules_free(&gpu, &s.desc);
   bound_free(&gpu, &s.bound);
   struct image *images[4] = {&s.color, &s.depth, &s.color_out, &s.depth_out};
   for (int i = 0; i < 4; i++)
      image_free(&gpu, images[i]);
   return gpu_close(&gpu);
}
