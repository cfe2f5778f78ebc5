// SPDX-License-Identifier: MIT
//
// Offscreen drawing: vertex and index buffers, instancing by push constants, blending, culling, lines, points, strips.
#include "harness.h"

#include "color_frag.h"
#include "color_vert.h"

#define SIZE 128

struct vertex {
   float position[3], color[4];
};

static const struct vertex vertices[] = {{{0, -0.8f, 0}, {1, 0, 0, 1}},
                                         {{0.8f, 0.7f, 0}, {0, 1, 0, 0.75f}},
                                         {{-0.8f, 0.7f, 0}, {0, 0, 1, 0.5f}},
                                         {{0.9f, -0.9f, 0}, {1, 1, 0, 0.3f}},
                                         {{-0.9f, -0.9f, 0}, {0, 1, 1, 0.9f}}};
static const uint16_t indices[] = {0, 1, 2, 2, 1, 3, 4, 0, 2};
static const VkVertexInputAttributeDescription attributes[] = {
    {0, 0, VK_FORMAT_R32G32B32_SFLOAT, offsetof(struct vertex, position)},
    {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, offsetof(struct vertex, color)}};

enum { PLAIN, BLENDED, CULLED, LINES, POINTS, STRIP, KINDS };

static VkPipeline pipeline_new(struct gpu *gpu, const struct target *target, VkPipelineLayout layout, int kind)
{
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .frag = SHADER(gpu, color_frag),
                           .layout = layout,
                           .pass = target->pass,
                           .stride = sizeof(struct vertex),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .blend = kind == BLENDED,
                           .cull = kind == CULLED ? VK_CULL_MODE_BACK_BIT : VK_CULL_MODE_NONE,
                           .lines = kind == LINES,
                           .points = kind == POINTS,
                           .strip = kind == STRIP || kind == LINES};
   return graphics_new(gpu, &desc);
}

static void draw(struct gpu *gpu, struct target *target, const struct buffer *vertex, const struct buffer *index)
{
   VkPushConstantRange range = {VK_SHADER_STAGE_VERTEX_BIT, 0, 16};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .pushConstantRangeCount = 1,
                                      .pPushConstantRanges = &range};
   VkPipelineLayout layout;
   VkPipeline pipelines[KINDS];
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   for (int kind = 0; kind < KINDS; kind++)
      pipelines[kind] = pipeline_new(gpu, target, layout, kind);
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, target, (float[]){0.1f, 0.1f, 0.15f, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindVertexBuffers(cmd, 0, 1, &vertex->handle, (VkDeviceSize[]){0});
   for (int i = 0; i < 2 * KINDS; i++) {
      float place[4] = {0.35f, 0.35f, -0.6f + 0.4f * (float)(i % 4), -0.6f + 0.6f * (float)(i / 4)};
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[i % KINDS]);
      vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(place), place);
      if (i % 3 == 2) {
         vkCmdDraw(cmd, 3, 1, 1, 0);
      } else {
         vkCmdBindIndexBuffer(cmd, index->handle, i < KINDS ? 0 : 6, VK_INDEX_TYPE_UINT16);
         vkCmdDrawIndexed(cmd, i < KINDS ? COUNT(indices) : COUNT(indices) - 3, 1, 0, i == 7 ? 1 : 0, 0);
      }
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   for (int kind = 0; kind < KINDS; kind++)
      vkDestroyPipeline(gpu->device, pipelines[kind], NULL);
   vkDestroyPipelineLayout(gpu->device, layout, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.largePoints = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer vertex = buffer_host(&gpu, 6 * sizeof(struct vertex), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   struct buffer index = buffer_host(&gpu, sizeof(indices), VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
   memcpy(vertex.map, vertices, sizeof(vertices));
   memcpy(index.map, indices, sizeof(indices));
   const VkFormat formats[] = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R16G16B16A16_SFLOAT};
   for (uint32_t i = 0; i < COUNT(formats); i++) {
      struct target target = target_new(&gpu, SIZE, SIZE, formats[i], VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
      draw(&gpu, &target, &vertex, &index);
      image_result(&gpu, &target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4 << i, "picture");
      target_free(&gpu, &target);
   }
   buffer_free(&gpu, &vertex);
   buffer_free(&gpu, &index);
   return gpu_close(&gpu);
}
