// SPDX-License-Identifier: MIT
//
// A scene as an engine draws it: a shadow map, a deferred pass of two subpasses that reads it, and post-processing in
// compute; three frames, recorded at once and submitted together.
#include "paint.h"

#include "bloom_comp.h"
#include "cubes_vert.h"
#include "gbuffer_frag.h"
#include "light_frag.h"
#include "quad_vert.h"

#define WIDTH  160
#define HEIGHT 96
#define SHADOW 128
#define FRAMES 3
#define BOXES  16

enum { ALBEDO, NORMAL, PLACE, LIT, DEPTH, ATTACHMENTS };
static const VkFormat formats[ATTACHMENTS] = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_A2B10G10R10_UNORM_PACK32,
                                              VK_FORMAT_R16G16B16A16_SFLOAT, VK_FORMAT_R16G16B16A16_SFLOAT,
                                              VK_FORMAT_D32_SFLOAT};

// Column by column, as std140 has it.
struct uniforms {
   float camera[16], sun[16], light[4];
};

struct scene {
   struct image images[ATTACHMENTS], out[FRAMES];
   struct canvas shadow;
   struct buffer uniforms[FRAMES];
   VkRenderPass pass;
   VkFramebuffer framebuffer;
   VkSampler compare, nearest;
   struct bound geometry[FRAMES], light[FRAMES], post[FRAMES];
   VkPipeline sun, fill, lamp, bloom;
};

// A view along a slope from (x, 5, z): precomputed numbers instead of sines, which differ from library to library.
static void matrices(struct uniforms *u, uint32_t frame)
{
   static const float turn[FRAMES][2] = {{1, 0}, {0.96f, 0.28f}, {0.8f, 0.6f}}; // cosine, sine
   const float c = turn[frame][0], s = turn[frame][1], down = 0.6f, along = 0.8f;
   // turned about y, tilted by the slope, eight units away
   const float r[3][3] = {{c, 0, -s}, {-down * s, -along, -down * c}, {along * s, -down, along * c}};
   const float near = 1, far = 16, zoom = 1.5f, k = far / (far - near);
   for (int i = 0; i < 3; i++) {
      u->camera[4 * i] = zoom * HEIGHT / WIDTH * r[0][i];
      u->camera[4 * i + 1] = zoom * r[1][i];
      u->camera[4 * i + 2] = k * r[2][i];
      u->camera[4 * i + 3] = r[2][i];
   }
   u->camera[14] = k * (8 - near);
   u->camera[15] = 8;
   // the sun sees all of it from the side, without perspective
   const float sun[16] = {0.125f, 0, 0.0375f, 0, 0.0625f, -0.0625f, -0.0375f, 0, 0, 0.125f, 0.0125f, 0, 0, 0, 0.5f, 1};
   memcpy(u->sun, sun, sizeof(sun));
   memcpy(u->light, (float[]){-0.6f, 0.75f, -0.25f, 0}, sizeof(u->light));
}

static VkSubpassDependency between(uint32_t from, uint32_t to)
{
   const VkAccessFlags any = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
   bool enters = from == VK_SUBPASS_EXTERNAL, leaves = to == VK_SUBPASS_EXTERNAL;
   return (VkSubpassDependency){from,
                                to,
                                enters ? VK_PIPELINE_STAGE_ALL_COMMANDS_BIT : VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT,
                                leaves ? VK_PIPELINE_STAGE_ALL_COMMANDS_BIT : VK_PIPELINE_STAGE_ALL_GRAPHICS_BIT,
                                any,
                                any,
                                enters || leaves ? 0 : VK_DEPENDENCY_BY_REGION_BIT};
}

static VkRenderPass pass_new(struct gpu *gpu)
{
   VkAttachmentDescription all[ATTACHMENTS];
   VkAttachmentReference refs[ATTACHMENTS], inputs[3];
   for (uint32_t i = 0; i < ATTACHMENTS; i++) {
      all[i] = (VkAttachmentDescription){.format = formats[i],
                                         .samples = VK_SAMPLE_COUNT_1_BIT,
                                         .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                         .storeOp =
                                             i == LIT ? VK_ATTACHMENT_STORE_OP_STORE : VK_ATTACHMENT_STORE_OP_DONT_CARE,
                                         .finalLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
      refs[i] = (VkAttachmentReference){i, i == DEPTH ? VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL
                                                      : VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
      if (i < 3)
         inputs[i] = (VkAttachmentReference){i, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
   }
   const VkSubpassDescription subpasses[2] = {
      {.colorAttachmentCount = 3, .pColorAttachments = refs, .pDepthStencilAttachment = &refs[DEPTH]},
      {.inputAttachmentCount = 3,
       .pInputAttachments = inputs,
       .colorAttachmentCount = 1,
       .pColorAttachments = &refs[LIT]}};
   const VkSubpassDependency dependencies[3] = {between(VK_SUBPASS_EXTERNAL, 0), between(0, 1),
                                                between(1, VK_SUBPASS_EXTERNAL)};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                  .attachmentCount = ATTACHMENTS,
                                  .pAttachments = all,
                                  .subpassCount = 2,
                                  .pSubpasses = subpasses,
                                  .dependencyCount = 3,
                                  .pDependencies = dependencies};
   VkRenderPass pass;
   VK(vkCreateRenderPass(gpu->device, &info, NULL, &pass));
   return pass;
}

static void images_new(struct gpu *gpu, struct scene *s)
{
   VkImageView views[ATTACHMENTS];
   for (uint32_t i = 0; i < ATTACHMENTS; i++) {
      VkImageUsageFlags usage = i == DEPTH ? VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT
                                           : VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT;
      s->images[i] = image_2d(gpu, formats[i], WIDTH, HEIGHT, usage | VK_IMAGE_USAGE_SAMPLED_BIT);
      views[i] = s->images[i].view;
   }
   s->shadow = canvas_new(
       gpu, &(struct canvas_info){
               .width = SHADOW, .height = SHADOW, .depth = formats[DEPTH], .usage = VK_IMAGE_USAGE_SAMPLED_BIT});
   s->pass = pass_new(gpu);
   VkFramebufferCreateInfo info = {VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                   .renderPass = s->pass,
                                   .attachmentCount = ATTACHMENTS,
                                   .pAttachments = views,
                                   .width = WIDTH,
                                   .height = HEIGHT,
                                   .layers = 1};
   VK(vkCreateFramebuffer(gpu->device, &info, NULL, &s->framebuffer));
}

static void frame_new(struct gpu *gpu, struct scene *s, uint32_t i)
{
   const VkImageLayout read = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL;
   const VkDescriptorType input = VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT,
                          sampled = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
   s->out[i] = image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, WIDTH, HEIGHT,
                        VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT);
   s->uniforms[i] = buffer_host(gpu, sizeof(struct uniforms), VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   matrices(s->uniforms[i].map, i);
   const struct binding scene = {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, &s->uniforms[i]};
   s->geometry[i] = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 4, 1, &scene);
   s->light[i] = bound_new(gpu, QUAD_STAGES, sizeof(struct quad), 5,
                           (struct binding[]){scene,
                                              {input, NULL, s->images[ALBEDO].view, VK_NULL_HANDLE, read},
                                              {input, NULL, s->images[NORMAL].view, VK_NULL_HANDLE, read},
                                              {input, NULL, s->images[PLACE].view, VK_NULL_HANDLE, read},
                                              {sampled, NULL, s->shadow.depth.view, s->compare, read}});
   s->post[i] = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 2,
                          (struct binding[]){{sampled, NULL, s->images[LIT].view, s->nearest, read},
                                             {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, NULL, s->out[i].view, VK_NULL_HANDLE,
                                              VK_IMAGE_LAYOUT_GENERAL}});
}

static void pipelines_new(struct gpu *gpu, struct scene *s)
{
   struct graphics sun = {.vert = SHADER(gpu, cubes_vert),
                          .layout = s->geometry[0].layout,
                          .pass = s->shadow.pass,
                          .depth_test = true,
                          .depth_write = true,
                          .depth_op = VK_COMPARE_OP_LESS,
                          .depth_only = true};
   struct graphics fill = sun;
   s->sun = graphics_new(gpu, &sun);
   fill.vert = SHADER(gpu, cubes_vert);
   fill.frag = SHADER(gpu, gbuffer_frag);
   fill.pass = s->pass;
   fill.depth_only = false;
   fill.color_count = 3;
   s->fill = graphics_new(gpu, &fill);
   struct graphics lamp = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, light_frag),
                           .layout = s->light[0].layout,
                           .pass = s->pass,
                           .subpass = 1,
                           .strip = true};
   s->lamp = graphics_new(gpu, &lamp);
   s->bloom = compute_new(gpu, s->post[0].layout, SHADER(gpu, bloom_comp), NULL);
}

static struct scene scene_new(struct gpu *gpu)
{
   struct scene s = {0};
   const VkSamplerAddressMode edge = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
   VkSamplerCreateInfo compare = {VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                  .addressModeU = edge,
                                  .addressModeV = edge,
                                  .addressModeW = edge,
                                  .compareEnable = VK_TRUE,
                                  .compareOp = VK_COMPARE_OP_LESS_OR_EQUAL};
   VK(vkCreateSampler(gpu->device, &compare, NULL, &s.compare));
   s.nearest = sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, edge);
   images_new(gpu, &s);
   for (uint32_t i = 0; i < FRAMES; i++)
      frame_new(gpu, &s, i);
   pipelines_new(gpu, &s);
   return s;
}

static void boxes(VkCommandBuffer cmd, const struct scene *s, uint32_t frame, VkPipeline pipeline, int32_t from_sun)
{
   const struct bound *bound = &s->geometry[frame];
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 4, &from_sun);
   vkCmdDraw(cmd, 36, BOXES, 0, 0);
}

static void deferred(VkCommandBuffer cmd, const struct scene *s, uint32_t frame)
{
   const VkClearValue clear[ATTACHMENTS] = {[DEPTH] = {.depthStencil = {1, 0}}};
   const struct bound *bound = &s->light[frame];
   VkRenderPassBeginInfo begin = {
      VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO, .renderPass = s->pass,          .framebuffer = s->framebuffer,
      .renderArea = {{0, 0}, {WIDTH, HEIGHT}},  .clearValueCount = ATTACHMENTS, .pClearValues = clear};
   vkCmdBeginRenderPass(cmd, &begin, VK_SUBPASS_CONTENTS_INLINE);
   view_rect(cmd, 0, 0, WIDTH, HEIGHT);
   boxes(cmd, s, frame, s->fill, 0);
   vkCmdNextSubpass(cmd, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, bound->layout, 0, 1, &bound->set, 0, NULL);
   quad_draw(cmd, bound->layout, s->lamp, &(struct quad){{-1, -1, 1, 1}, {0, 0, 1, 1}, {0}});
   vkCmdEndRenderPass(cmd);
}

static VkCommandBuffer record(struct gpu *gpu, const struct scene *s, uint32_t frame)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   canvas_begin(cmd, &s->shadow, NULL);
   boxes(cmd, s, frame, s->sun, 1);
   vkCmdEndRenderPass(cmd);
   image_layout(cmd, &s->shadow.depth, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   deferred(cmd, s, frame);
   image_layout(cmd, &s->out[frame], VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->bloom);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->post[frame].layout, 0, 1, &s->post[frame].set, 0,
                           NULL);
   vkCmdDispatch(cmd, WIDTH / 8, HEIGHT / 8, 1);
   image_layout(cmd, &s->out[frame], VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   VK(vkEndCommandBuffer(cmd));
   return cmd;
}

static void frames(struct gpu *gpu, const struct scene *s)
{
   VkCommandBuffer cmds[FRAMES];
   for (uint32_t i = 0; i < FRAMES; i++)
      cmds[i] = record(gpu, s, i);
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = FRAMES, .pCommandBuffers = cmds};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, 1, &submit, fence));
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, FRAMES, cmds);
   for (uint32_t i = 0; i < FRAMES; i++)
      image_result(gpu, &s->out[i], VK_IMAGE_ASPECT_COLOR_BIT, 4, "frame");
}

static void scene_free(struct gpu *gpu, struct scene *s)
{
   const VkPipeline pipelines[] = {s->sun, s->fill, s->lamp, s->bloom};
   for (uint32_t i = 0; i < COUNT(pipelines); i++)
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   for (uint32_t i = 0; i < FRAMES; i++) {
      bound_free(gpu, &s->geometry[i]);
      bound_free(gpu, &s->light[i]);
      bound_free(gpu, &s->post[i]);
      buffer_free(gpu, &s->uniforms[i]);
      image_free(gpu, &s->out[i]);
   }
   vkDestroySampler(gpu->device, s->compare, NULL);
   vkDestroySampler(gpu->device, s->nearest, NULL);
   vkDestroyFramebuffer(gpu->device, s->framebuffer, NULL);
   vkDestroyRenderPass(gpu->device, s->pass, NULL);
   canvas_free(gpu, &s->shadow);
   for (uint32_t i = 0; i < ATTACHMENTS; i++)
      image_free(gpu, &s->images[i]);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct scene s = scene_new(&gpu);
   frames(&gpu, &s);
   scene_free(&gpu, &s);
   return gpu_close(&gpu);
}
