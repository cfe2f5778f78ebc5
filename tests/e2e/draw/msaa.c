// SPDX-License-Identifier: MIT
//
// Multisampling: four samples, with and without per-sample shading, resolved by the render pass and by a command.
#include "harness.h"

#include "centroid_frag.h"
#include "color_frag.h"
#include "color_vert.h"

#define SIZE 100
#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static const float vertices[][7] = {{-0.9f, -0.7f, 0.9f, 1, 0.2f, 0.2f, 1},  {0.95f, -0.31f, 0.1f, 0.2f, 1, 0.2f, 1},
                                    {-0.13f, 0.93f, 0.5f, 0.2f, 0.2f, 1, 1}, {-0.95f, 0.37f, 0.2f, 1, 1, 0.3f, 0.6f},
                                    {0.71f, -0.9f, 0.8f, 0.1f, 1, 1, 0.6f},  {0.83f, 0.8f, 0.4f, 1, 0.1f, 1, 0.6f}};

static const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                               {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

static VkPipeline pipeline_new(struct gpu *gpu, const struct target *target, VkPipelineLayout layout, bool per_sample)
{
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .frag = per_sample ? SHADER(gpu, centroid_frag) : SHADER(gpu, color_frag),
                           .layout = layout,
                           .pass = target->pass,
                           .stride = sizeof(vertices[0]),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .depth_test = true,
                           .depth_write = true,
                           .depth_op = VK_COMPARE_OP_LESS,
                           .blend = true,
                           .samples = VK_SAMPLE_COUNT_4_BIT,
                           .sample_shading = per_sample};
   return graphics_new(gpu, &desc);
}

static void resolve_again(struct gpu *gpu, const struct target *target)
{
   struct image out =
       image_2d(gpu, RGBA, SIZE, SIZE, VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   VkImageSubresourceLayers layer = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
   VkImageResolve all = {layer, {0, 0, 0}, layer, {0, 0, 0}, {SIZE, SIZE, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &out, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdResolveImage(cmd, target->color.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle,
                     VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &all);
   image_layout(cmd, &out, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &out, VK_IMAGE_ASPECT_COLOR_BIT, 4, "resolved-by-command");
   image_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.sampleRateShading = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   VkSampleCountFlags both =
       gpu.props.limits.framebufferColorSampleCounts & gpu.props.limits.framebufferDepthSampleCounts;
   if (!(both & VK_SAMPLE_COUNT_4_BIT))
      skip("no four samples");
   VkFormat depth = depth_format(&gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   struct target target = target_new(&gpu, SIZE, SIZE, RGBA, depth, VK_SAMPLE_COUNT_4_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL);
   struct buffer vertex = buffer_host(&gpu, sizeof(vertices), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   memcpy(vertex.map, vertices, sizeof(vertices));
   for (int per_sample = 0; per_sample < 2; per_sample++) {
      VkPipeline pipeline = pipeline_new(&gpu, &target, bound.layout, per_sample);
      VkCommandBuffer cmd = cmd_begin(&gpu);
      target_begin(cmd, &target, (float[]){0, 0, 0, 0}, VK_SUBPASS_CONTENTS_INLINE);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
      vkCmdBindVertexBuffers(cmd, 0, 1, &vertex.handle, (VkDeviceSize[]){0});
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
      vkCmdDraw(cmd, COUNT(vertices), 1, 0, 0);
      vkCmdEndRenderPass(cmd);
      cmd_submit(&gpu, cmd);
      image_result(&gpu, &target.resolve, VK_IMAGE_ASPECT_COLOR_BIT, 4, "resolved-by-pass");
      resolve_again(&gpu, &target);
      vkDestroyPipeline(gpu.device, pipeline, NULL);
   }
   buffer_free(&gpu, &vertex);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
