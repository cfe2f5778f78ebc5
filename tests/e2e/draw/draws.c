// SPDX-License-Identifier: MIT
//
// Draw commands of every kind and the numbers they hand to the shader: instances from anywhere, vertex offsets,
// indirect ones at odd strides and offsets, counts above and below the limit, none at all, and a thousand small ones.
#include "paint.h"

#include "color_frag.h"
#include "numbers_vert.h"

#define SIZE 64

struct scene {
   struct target target;
   struct bound bound;
   struct buffer args, index;
   VkPipeline pipeline;
};

enum { PLAIN_AT = 16, PLAIN_STRIDE = 28, INDEXED_AT = 512, INDEXED_STRIDE = 36, COUNTS_AT = 1000 };

static void fill(const struct scene *s)
{
   uint8_t *args = s->args.map;
   memset(args, 0xcd, s->args.size); // what lies between is never looked at
   for (uint32_t i = 0; i < 8; i++) {
      VkDrawIndirectCommand plain = {i == 3 ? 0 : 3, i == 5 ? 0 : 1 + i % 3, i % 4, 7 * i};
      VkDrawIndexedIndirectCommand indexed = {3, 1 + i % 2, i % 3, (int32_t)i - 2, 3 + 6 * i};
      memcpy(args + PLAIN_AT + PLAIN_STRIDE * i, &plain, sizeof(plain));
      memcpy(args + INDEXED_AT + INDEXED_STRIDE * i, &indexed, sizeof(indexed));
   }
   memcpy(args + COUNTS_AT, (uint32_t[]){0, 3, 100}, 12);
   memcpy(s->index.map, (uint16_t[]){2, 3, 4, 5, 6, 7, 8, 9}, 16);
}

static VkCommandBuffer begin(struct gpu *gpu, const struct scene *s)
{
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, (float[]){0, 0, 0, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->pipeline);
   vkCmdBindIndexBuffer(cmd, s->index.handle, 0, VK_INDEX_TYPE_UINT16);
   return cmd;
}

static void direct(struct gpu *gpu, const struct scene *s)
{
   VkCommandBuffer cmd = begin(gpu, s);
   vkCmdDraw(cmd, 3, 4, 0, 0);
   vkCmdDraw(cmd, 3, 3, 1, 20);
   vkCmdDraw(cmd, 0, 9, 0, 0);
   vkCmdDraw(cmd, 9, 0, 0, 0);
   vkCmdDrawIndexed(cmd, 3, 2, 1, 0, 30);
   vkCmdDrawIndexed(cmd, 6, 2, 2, -2, 40);
   for (uint32_t i = 0; i < 1000; i++)
      vkCmdDraw(cmd, 3, 1, i % 3, 48 + i % 13);
   paint_end(gpu, &s->target, cmd, "direct");
}

static void indirect(struct gpu *gpu, const struct scene *s)
{
   VkBuffer args = s->args.handle;
   VkCommandBuffer cmd = begin(gpu, s);
   vkCmdDrawIndirect(cmd, args, PLAIN_AT, 8, PLAIN_STRIDE);
   vkCmdDrawIndirect(cmd, args, PLAIN_AT, 0, PLAIN_STRIDE);
   vkCmdDrawIndirect(cmd, args, PLAIN_AT + 2 * PLAIN_STRIDE, 1, 0);
   paint_end(gpu, &s->target, cmd, "indirect");
   cmd = begin(gpu, s);
   vkCmdDrawIndexedIndirect(cmd, args, INDEXED_AT, 8, INDEXED_STRIDE);
   paint_end(gpu, &s->target, cmd, "indirect-indexed");
}

static void counted(struct gpu *gpu, const struct scene *s)
{
   VkBuffer args = s->args.handle;
   for (uint32_t i = 0; i < 3; i++) {
      VkCommandBuffer cmd = begin(gpu, s);
      vkCmdDrawIndirectCount(cmd, args, PLAIN_AT, args, COUNTS_AT + 4 * i, 5, PLAIN_STRIDE);
      paint_end(gpu, &s->target, cmd, "counted");
      cmd = begin(gpu, s);
      vkCmdDrawIndexedIndirectCount(cmd, args, INDEXED_AT, args, COUNTS_AT + 4 * i, 7, INDEXED_STRIDE);
      paint_end(gpu, &s->target, cmd, "counted-indexed");
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.multiDrawIndirect = VK_TRUE,
                           .core.drawIndirectFirstInstance = VK_TRUE,
                           .v11.shaderDrawParameters = VK_TRUE,
                           .v12.drawIndirectCount = VK_TRUE});
   struct scene s = {
      .target = target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
      .bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 0, 0, NULL),
      .args = buffer_host(&gpu, 1024, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT),
      .index = buffer_host(&gpu, 64, VK_BUFFER_USAGE_INDEX_BUFFER_BIT)};
   fill(&s);
   struct graphics desc = {.vert = SHADER(&gpu, numbers_vert),
                           .frag = SHADER(&gpu, color_frag),
                           .layout = s.bound.layout,
                           .pass = s.target.pass};
   s.pipeline = graphics_new(&gpu, &desc);
   direct(&gpu, &s);
   indirect(&gpu, &s);
   counted(&gpu, &s);
   vkDestroyPipeline(gpu.device, s.pipeline, NULL);
   buffer_free(&gpu, &s.args);
   buffer_free(&gpu, &s.index);
   bound_free(&gpu, &s.bound);
   target_free(&gpu, &s.target);
   return gpu_close(&gpu);
}
