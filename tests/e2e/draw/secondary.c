// SPDX-License-Identifier: MIT
//
// Secondary command buffers: inside and outside a render pass, simultaneous use, re-recorded ones.
#include "harness.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define SIZE  64
#define TILES 16

struct push {
   float rect[4], uv[4], extra[4];
};

static void begin_inside(VkCommandBuffer cmd, const struct target *target, VkCommandBufferUsageFlags flags)
{
   VkCommandBufferInheritanceInfo inherit = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
                                             .renderPass = target ? target->pass : VK_NULL_HANDLE,
                                             .framebuffer = target ? target->framebuffer : VK_NULL_HANDLE};
   if (target)
      flags |= VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT;
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = flags,
                                     .pInheritanceInfo = &inherit};
   VK(vkBeginCommandBuffer(cmd, &begin));
}

static void record_tile(VkCommandBuffer cmd, const struct target *target, VkPipeline pipeline, VkPipelineLayout layout,
                        uint32_t i)
{
   float x = -1 + 0.5f * (float)(i % 4), y = -1 + 0.5f * (float)(i / 4);
   struct push push = {{x, y, x + 0.6f, y + 0.4f}, {0, 0, 1, 1}, {(float)i / TILES, 1 - (float)i / TILES, 0.5f, 0}};
   begin_inside(cmd, target, VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
   target_view(cmd, target);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof(push), &push);
   vkCmdDraw(cmd, 4, 1, 0, 0);
   VK(vkEndCommandBuffer(cmd));
}

static void allocate(struct gpu *gpu, uint32_t count, VkCommandBuffer *cmds)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY, .commandBufferCount = count};
   VK(vkAllocateCommandBuffers(gpu->device, &info, cmds));
}

static void draw(struct gpu *gpu)
{
   struct target target =
       target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound =
       bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, sizeof(struct push), 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, quad_vert),
                           .frag = SHADER(gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .blend = true};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer tiles[TILES];
   allocate(gpu, TILES, tiles);
   for (uint32_t i = 0; i < TILES; i++)
      record_tile(tiles[i], &target, pipeline, bound.layout, i);
   for (uint32_t round = 0; round < 3; round++) {
      VkCommandBuffer cmd = cmd_begin(gpu);
      target_begin(cmd, &target, (float[]){0, 0, 0.3f, 1}, VK_SUBPASS_CONTENTS_SECONDARY_COMMAND_BUFFERS);
      vkCmdExecuteCommands(cmd, TILES - 4 * round, tiles);
      if (round)
         vkCmdExecuteCommands(cmd, 2, tiles + 5); // once more in the same primary
      vkCmdEndRenderPass(cmd);
      cmd_submit(gpu, cmd);
      image_result(gpu, &target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "tiles");
      record_tile(tiles[round], &target, pipeline, bound.layout, TILES - 1 - round); // implicitly reset
   }
   vkFreeCommandBuffers(gpu->device, gpu->pool, TILES, tiles);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   target_free(gpu, &target);
}

static void transfers(struct gpu *gpu)
{
   struct buffer out = buffer_host(gpu, 1024, VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   VkCommandBuffer parts[8];
   allocate(gpu, COUNT(parts), parts);
   for (uint32_t i = 0; i < COUNT(parts); i++) {
      begin_inside(parts[i], NULL, 0);
      barrier_all(parts[i]);
      if (i % 2)
         vkCmdCopyBuffer(parts[i], out.handle, out.handle, 1, &(VkBufferCopy){0, 128 * i, 128});
      else
         vkCmdFillBuffer(parts[i], out.handle, 16 * i, 64, 0x01010101 * (i + 1));
      VK(vkEndCommandBuffer(parts[i]));
   }
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdExecuteCommands(cmd, 3, parts);
   barrier_all(cmd);
   vkCmdExecuteCommands(cmd, COUNT(parts) - 3, parts + 3);
   cmd_submit(gpu, cmd);
   EXPECT(((uint8_t *)out.map)[384] == 1);
   result(gpu, "transfers", out.map, out.size);
   vkFreeCommandBuffers(gpu->device, gpu->pool, COUNT(parts), parts);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   draw(&gpu);
   transfers(&gpu);
   return gpu_close(&gpu);
}
