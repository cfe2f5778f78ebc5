// SPDX-License-Identifier: MIT
//
// A picture, six coloured vertices and a pipeline that places them by a push constant (color.vert, color.frag): what
// most programs about one graphics feature need around it.
#ifndef E2E_SCENE_H
#define E2E_SCENE_H

#include "harness.h"

#define SIZE 64

static const float scene_vertices[][7] = {{-0.7f, -0.7f, 0.1f, 1, 0, 0, 1}, {0.8f, -0.6f, 0.2f, 0, 1, 0, 1},
                                          {0, 0.8f, 0.3f, 0, 0, 1, 1},      {0.9f, 0.9f, 0.4f, 1, 1, 0, 1},
                                          {-0.9f, 0.7f, 0.5f, 0, 1, 1, 1},  {-0.2f, -0.9f, 0.6f, 1, 0, 1, 1}};
static const VkVertexInputAttributeDescription scene_attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                                     {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

struct scene {
   struct target target;
   struct buffer vertex;
   struct bound bound;
};

static inline struct scene scene_new(struct gpu *gpu, VkFormat depth)
{
   struct scene s = {.target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, depth, VK_SAMPLE_COUNT_1_BIT),
                     .vertex = buffer_host(gpu, sizeof(scene_vertices), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT),
                     .bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL)};
   memcpy(s.vertex.map, scene_vertices, sizeof(scene_vertices));
   return s;
}

static inline void scene_free(struct gpu *gpu, struct scene *s)
{
   target_free(gpu, &s->target);
   buffer_free(gpu, &s->vertex);
   bound_free(gpu, &s->bound);
}

// To be completed: shaders and what is special.
static inline struct graphics scene_graphics(const struct scene *s)
{
   return (struct graphics){.layout = s->bound.layout,
                            .pass = s->target.pass,
                            .stride = sizeof(scene_vertices[0]),
                            .attribute_count = COUNT(scene_attributes),
                            .attributes = scene_attributes};
}

static inline void scene_place(VkCommandBuffer cmd, const struct scene *s, float scale, float x, float y)
{
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){scale, scale, x, y});
}

static inline VkCommandBuffer scene_begin(struct gpu *gpu, const struct scene *s, VkPipeline pipeline)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &s->target, (float[]){0.1f, 0.1f, 0.1f, 1}, VK_SUBPASS_CONTENTS_INLINE);
   if (pipeline)
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   scene_place(cmd, s, 1, 0, 0);
   return cmd;
}

static inline void scene_end(struct gpu *gpu, const struct scene *s, VkCommandBuffer cmd, const char *name)
{
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &s->target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
}

#endif
