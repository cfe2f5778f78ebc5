// SPDX-License-Identifier: MIT
//
// Many small commands: recorded, submitted and awaited by the thousand; and the shortest ways there and back.
#include <stdlib.h>

#include "bench.h"
#include "stamp_comp.h"
#include "tile_frag.h"
#include "tile_vert.h"

#define FILLS      20000
#define DISPATCHES 5000
#define DRAWS      5000
#define SUBMITS    200
#define QUERIES    500
#define TILES      64 // in a row and in a column of the picture

static double fills(struct gpu *gpu, void *data)
{
   struct buffer *buffer = data;
   double start = now();
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < FILLS; i++)
      vkCmdFillBuffer(cmd, buffer->handle, i * 4, 4, i * 7);
   cmd_submit(gpu, cmd);
   return (now() - start) / FILLS;
}

static void bench_fills(struct gpu *gpu)
{
   struct buffer buffer =
       buffer_device(gpu, FILLS * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   figure(gpu, best(gpu, fills, &buffer), "fill");
   uint32_t *words = buffer_read(gpu, &buffer, FILLS * 4);
   for (uint32_t i = 0; i < FILLS; i++)
      EXPECT(words[i] == i * 7);
   free(words);
   buffer_free(gpu, &buffer);
}

struct stamps {
   struct bound bound;
   VkPipeline pipeline;
};

static double stamps(struct gpu *gpu, void *data)
{
   struct stamps *s = data;
   double start = now();
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->bound.layout, 0, 1, &s->bound.set, 0, NULL);
   for (uint32_t i = 0; i < DISPATCHES; i++) {
      vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(i), &i);
      vkCmdDispatch(cmd, 1, 1, 1);
   }
   cmd_submit(gpu, cmd);
   return (now() - start) / DISPATCHES;
}

static void bench_dispatches(struct gpu *gpu)
{
   struct buffer buffer =
       buffer_device(gpu, DISPATCHES * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct stamps s = {.bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(uint32_t), 1,
                                         &(struct binding){VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &buffer})};
   s.pipeline = compute_new(gpu, s.bound.layout, SHADER(gpu, stamp_comp), NULL);
   figure(gpu, best(gpu, stamps, &s), "dispatch");
   uint32_t *words = buffer_read(gpu, &buffer, DISPATCHES * 4);
   for (uint32_t i = 0; i < DISPATCHES; i++)
      EXPECT(words[i] == (i ^ i << 7) + 1);
   free(words);
   vkDestroyPipeline(gpu->device, s.pipeline, NULL);
   bound_free(gpu, &s.bound);
   buffer_free(gpu, &buffer);
}

struct picture {
   struct target target;
   struct bound bound;
   VkPipeline pipeline;
   struct buffer out;
};

// Each draw fills one tile, of one pixel, with its number.
static double draws(struct gpu *gpu, void *data)
{
   struct picture *p = data;
   double start = now();
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &p->target, (float[4]){0}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, p->pipeline);
   for (uint32_t i = 0; i < DRAWS; i++) {
      vkCmdPushConstants(cmd, p->bound.layout, VK_SHADER_STAGE_ALL_GRAPHICS, 0, sizeof(i), &i);
      vkCmdDraw(cmd, 4, 1, 0, 0);
   }
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   return (now() - start) / DRAWS;
}

static void check_picture(struct gpu *gpu, struct picture *p)
{
   VkBufferImageCopy region = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                               .imageExtent = {TILES, TILES, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, p->target.color.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, p->out.handle, 1, &region);
   cmd_submit(gpu, cmd);
   const uint32_t *words = p->out.map;
   for (uint32_t i = 0; i < TILES * TILES; i++)
      EXPECT(words[i] == (i + TILES * TILES < DRAWS ? i + TILES * TILES : i)); // the later one is on top
}

static void bench_draws(struct gpu *gpu)
{
   struct picture p = {
      .target = target_new(gpu, TILES, TILES, VK_FORMAT_R32_UINT, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
      .bound = bound_new(gpu, VK_SHADER_STAGE_ALL_GRAPHICS, sizeof(uint32_t), 0, NULL),
      .out = buffer_host(gpu, TILES * TILES * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT)};
   struct graphics desc = {.vert = SHADER(gpu, tile_vert),
                           .frag = SHADER(gpu, tile_frag),
                           .layout = p.bound.layout,
                           .pass = p.target.pass,
                           .strip = true};
   p.pipeline = graphics_new(gpu, &desc);
   figure(gpu, best(gpu, draws, &p), "draw");
   check_picture(gpu, &p);
   vkDestroyPipeline(gpu->device, p.pipeline, NULL);
   bound_free(gpu, &p.bound);
   buffer_free(gpu, &p.out);
   target_free(gpu, &p.target);
}

// An empty submission and the wait for its fence: there and back through queue and feedback.
static double submits(struct gpu *gpu, void *data)
{
   VkFence fence = *(VkFence *)data;
   VkSubmitInfo nothing = {VK_STRUCTURE_TYPE_SUBMIT_INFO};
   double start = now();
   for (uint32_t i = 0; i < SUBMITS; i++) {
      VK(vkQueueSubmit(gpu->queue, 1, &nothing, fence));
      fence_wait(gpu, fence);
      VK(vkResetFences(gpu->device, 1, &fence));
   }
   return (now() - start) / SUBMITS;
}

// One command recorded, submitted and awaited, its result read.
static double jobs(struct gpu *gpu, void *data)
{
   struct buffer *buffer = data;
   double start = now();
   for (uint32_t i = 0; i < SUBMITS; i++) {
      VkCommandBuffer cmd = cmd_begin(gpu);
      vkCmdFillBuffer(cmd, buffer->handle, 0, 4, i);
      cmd_submit(gpu, cmd);
      EXPECT(*(volatile uint32_t *)buffer->map == i);
   }
   return (now() - start) / SUBMITS;
}

static void bench_submits(struct gpu *gpu)
{
   VkFence fence = fence_new(gpu, false);
   struct buffer buffer = buffer_host(gpu, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   figure(gpu, best(gpu, submits, &fence), "submit");
   figure(gpu, best(gpu, jobs, &buffer), "job");
   vkDestroyFence(gpu->device, fence, NULL);
   buffer_free(gpu, &buffer);
}

// A question that guest drivers do not answer from a cache: one round trip.
static double queries(struct gpu *gpu, void *data)
{
   double start = now();
   for (uint32_t i = 0; i < QUERIES; i++) {
      VkSubresourceLayout layout = {0};
      vkGetImageSubresourceLayout(gpu->device, *(VkImage *)data, &(VkImageSubresource){VK_IMAGE_ASPECT_COLOR_BIT},
                                  &layout);
      EXPECT(layout.rowPitch >= 64 * 4 && layout.size >= 64 * 64 * 4);
   }
   return (now() - start) / QUERIES;
}

static void bench_queries(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM,
                             .extent = {64, 64, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .tiling = VK_IMAGE_TILING_LINEAR,
                             .usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   VkImage image;
   VK(vkCreateImage(gpu->device, &info, NULL, &image));
   figure(gpu, best(gpu, queries, &image), "query");
   vkDestroyImage(gpu->device, image, NULL);
}

void bench_commands(struct gpu *gpu)
{
   bench_submits(gpu);
   bench_queries(gpu);
   bench_fills(gpu);
   bench_dispatches(gpu);
   bench_draws(gpu);
}
