// SPDX-License-Identifier: MIT
//
// Indirect work: draws, indexed draws and dispatches whose parameters a shader or the host wrote, with and without
// counts.
#include "harness.h"

#include "add_comp.h"
#include "color_frag.h"
#include "instanced_vert.h"

#define SIZE 80

struct add_push {
   uint32_t count, factor, term;
};

struct scene {
   struct target target;
   struct buffer vertex, index, args;
   struct bound bound;
   VkPipeline pipeline;
};

static const float vertices[][7] = {
    {0, -0.2f, 0, 1, 1, 0, 1}, {0.2f, 0.2f, 0, 0, 1, 1, 1}, {-0.2f, 0.2f, 0, 1, 0, 1, 1}, {0, 0.3f, 0, 1, 1, 1, 1}};
static const uint32_t indices[] = {0, 1, 2, 1, 3, 2};
static const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                               {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

enum { PLAIN_AT = 0, INDEXED_AT = 256, DISPATCH_AT = 512, COUNT_AT = 768 };

static struct scene scene_new(struct gpu *gpu)
{
   struct scene s = {
       .target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
       .vertex = buffer_host(gpu, sizeof(vertices), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT),
       .index = buffer_host(gpu, sizeof(indices), VK_BUFFER_USAGE_INDEX_BUFFER_BIT),
       .args = buffer_host(gpu, 1024, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)};
   memcpy(s.vertex.map, vertices, sizeof(vertices));
   memcpy(s.index.map, indices, sizeof(indices));
   s.bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct add_push), 1,
                       (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &s.args}});
   struct graphics desc = {.vert = SHADER(gpu, instanced_vert),
                           .frag = SHADER(gpu, color_frag),
                           .layout = s.bound.layout,
                           .pass = s.target.pass,
                           .stride = sizeof(vertices[0]),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes};
   s.pipeline = graphics_new(gpu, &desc);
   return s;
}

static void fill_args(const struct scene *s)
{
   uint8_t *args = s->args.map;
   for (uint32_t i = 0; i < 4; i++) {
      VkDrawIndirectCommand plain = {3, 1 + i, i % 2, 2 * i};
      VkDrawIndexedIndirectCommand indexed = {3 + 3 * (i % 2), 2, 3 * (i & 1), 0, 10 + i};
      memcpy(args + PLAIN_AT + 32 * i, &plain, sizeof(plain));
      memcpy(args + INDEXED_AT + sizeof(indexed) * i, &indexed, sizeof(indexed));
   }
   ((VkDrawIndexedIndirectCommand *)(void *)(args + INDEXED_AT))[1].indexCount = 3;
   memcpy(args + DISPATCH_AT, &(VkDispatchIndirectCommand){1, 1, 1}, sizeof(VkDispatchIndirectCommand));
   memcpy(args + COUNT_AT, (uint32_t[]){2, 3}, 8);
}

static void draw(struct gpu *gpu, const struct scene *s)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   vkCmdBindIndexBuffer(cmd, s->index.handle, 0, VK_INDEX_TYPE_UINT32);
   vkCmdDrawIndirect(cmd, s->args.handle, PLAIN_AT, 3, 32);
   vkCmdDrawIndexedIndirect(cmd, s->args.handle, INDEXED_AT, 2, sizeof(VkDrawIndexedIndirectCommand));
   vkCmdDrawIndirectCount(cmd, s->args.handle, PLAIN_AT + 32, s->args.handle, COUNT_AT, 3, 32);
   vkCmdDrawIndexedIndirectCount(cmd, s->args.handle, INDEXED_AT + 40, s->args.handle, COUNT_AT + 4, 2, 20);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &s->target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
}

// The first dispatch writes the size of the second, and the instance counts of the draws.
static void dispatch(struct gpu *gpu, const struct scene *s, VkPipeline add)
{
   struct add_push push = {1024 / 4, 1, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, add);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->bound.layout, 0, 1, &s->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   for (int i = 0; i < 2; i++) {
      vkCmdDispatchIndirect(cmd, s->args.handle, DISPATCH_AT);
      barrier_all(cmd);
   }
   cmd_submit(gpu, cmd);
   result(gpu, "arguments", s->args.map, s->args.size);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.core.multiDrawIndirect = VK_TRUE,
                       .core.drawIndirectFirstInstance = VK_TRUE,
                       .v11.shaderDrawParameters = VK_TRUE,
                       .v12.drawIndirectCount = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct scene s = scene_new(&gpu);
   VkPipeline add = compute_new(&gpu, s.bound.layout, SHADER(&gpu, add_comp), NULL);
   fill_args(&s);
   draw(&gpu, &s);
   dispatch(&gpu, &s, add);
   fill_args(&s);
   ((VkDrawIndirectCommand *)s.args.map)->instanceCount = 7;
   draw(&gpu, &s);
   vkDestroyPipeline(gpu.device, add, NULL);
   vkDestroyPipeline(gpu.device, s.pipeline, NULL);
   bound_free(&gpu, &s.bound);
   target_free(&gpu, &s.target);
   buffer_free(&gpu, &s.vertex);
   buffer_free(&gpu, &s.index);
   buffer_free(&gpu, &s.args);
   return gpu_close(&gpu);
}
