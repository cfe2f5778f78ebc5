// SPDX-License-Identifier: MIT
//
// Depth and stencil: every depth comparison, masks made with the stencil, both aspects read back.
#include "harness.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define SIZE 96

struct push {
   float rect[4], uv[4], extra[4]; // extra: colour and depth
};

struct scene {
   struct target target;
   struct bound bound;
   VkPipeline mask, ops[8], inside;
};

static VkPipeline pipeline_new(struct gpu *gpu, const struct scene *scene, const struct graphics *base)
{
   struct graphics desc = *base;
   desc.vert = SHADER(gpu, quad_vert);
   desc.frag = SHADER(gpu, flat_frag);
   desc.layout = scene->bound.layout;
   desc.pass = scene->target.pass;
   desc.strip = true;
   return graphics_new(gpu, &desc);
}

static void make_pipelines(struct gpu *gpu, struct scene *scene)
{
   struct graphics mask = {.stencil = true,
                           .no_color = true,
                           .stencil_op = {.failOp = VK_STENCIL_OP_KEEP,
                                          .passOp = VK_STENCIL_OP_INCREMENT_AND_CLAMP,
                                          .depthFailOp = VK_STENCIL_OP_KEEP,
                                          .compareOp = VK_COMPARE_OP_ALWAYS,
                                          .compareMask = 0xff,
                                          .writeMask = 0xff}};
   scene->mask = pipeline_new(gpu, scene, &mask);
   struct graphics inside = {.stencil = true,
                             .blend = true,
                             .stencil_op = {.failOp = VK_STENCIL_OP_INVERT,
                                            .passOp = VK_STENCIL_OP_REPLACE,
                                            .compareOp = VK_COMPARE_OP_EQUAL,
                                            .compareMask = 0x0f,
                                            .writeMask = 0x3f,
                                            .reference = 2}};
   scene->inside = pipeline_new(gpu, scene, &inside);
   for (int op = 0; op < 8; op++) {
      struct graphics compare = {.depth_test = true, .depth_write = op != 3, .depth_op = (VkCompareOp)op};
      scene->ops[op] = pipeline_new(gpu, scene, &compare);
   }
}

static void quad(VkCommandBuffer cmd, const struct scene *scene, VkPipeline pipeline, const struct push *push)
{
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, scene->bound.layout, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0,
                      sizeof(*push), push);
   vkCmdDraw(cmd, 4, 1, 0, 0);
}

static void draw(struct gpu *gpu, struct scene *scene)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &scene->target, (float[]){0.2f, 0.2f, 0.2f, 1}, VK_SUBPASS_CONTENTS_INLINE);
   for (int i = 0; i < 24; i++) {
      float x = -0.95f + 0.22f * (float)(i % 8), y = -0.9f + 0.3f * (float)(i / 8);
      struct push push = {
          {x, y, x + 0.4f, y + 0.5f}, {0, 0, 1, 1}, {0.04f * (float)i, 0.5f, 1, (float)(i * 5 % 7) / 7}};
      quad(cmd, scene, scene->ops[i % 8], &push);
   }
   quad(cmd, scene, scene->mask, &(struct push){{-0.8f, -0.8f, 0.4f, 0.4f}, {0}, {0}});
   quad(cmd, scene, scene->mask, &(struct push){{-0.3f, -0.3f, 0.9f, 0.9f}, {0}, {0}});
   quad(cmd, scene, scene->inside, &(struct push){{-1, -1, 1, 1}, {0, 0, 1, 1}, {1, 1, 0, 0}});
   VkClearAttachment clear = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, {.depthStencil = {0.25f, 0}}};
   VkClearRect where = {{{4, 80}, {30, 10}}, 0, 1};
   vkCmdClearAttachments(cmd, 1, &clear, 1, &where);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
}

static void run(struct gpu *gpu, VkFormat format)
{
   struct scene scene = {.target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, format, VK_SAMPLE_COUNT_1_BIT),
                         .bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT,
                                            sizeof(struct push), 0, NULL)};
   make_pipelines(gpu, &scene);
   draw(gpu, &scene);
   image_result(gpu, &scene.target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "color");
   if (format == VK_FORMAT_D32_SFLOAT_S8_UINT) // the other format's copies have undefined bits
      image_result(gpu, &scene.target.depth, VK_IMAGE_ASPECT_DEPTH_BIT, 4, "depth");
   image_result(gpu, &scene.target.depth, VK_IMAGE_ASPECT_STENCIL_BIT, 1, "stencil");
   vkDestroyPipeline(gpu->device, scene.mask, NULL);
   vkDestroyPipeline(gpu->device, scene.inside, NULL);
   for (int op = 0; op < 8; op++)
      vkDestroyPipeline(gpu->device, scene.ops[op], NULL);
   bound_free(gpu, &scene.bound);
   target_free(gpu, &scene.target);
}

int main(int argc, char **argv)
{
   const VkFormat formats[] = {VK_FORMAT_D32_SFLOAT_S8_UINT, VK_FORMAT_D24_UNORM_S8_UINT};
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   VkFormat first = depth_format(&gpu, 2, formats);
   run(&gpu, first);
   if (first == formats[0] && depth_format(&gpu, 2, (VkFormat[]){formats[1], formats[0]}) == formats[1])
      run(&gpu, formats[1]);
   return gpu_close(&gpu);
}
