// SPDX-License-Identifier: MIT
//
// Command buffers inside command buffers: secondary ones that execute others, several levels deep, inside a render pass
// between commands recorded directly, and outside of any.
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"

#define LEVELS 4

static VkCommandBuffer secondary(struct gpu *gpu, const struct scene *s)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY, .commandBufferCount = 1};
   VkCommandBufferInheritanceInfo from = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
                                          .renderPass = s ? s->target.pass : VK_NULL_HANDLE};
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT |
                                              (s ? VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT : 0),
                                     .pInheritanceInfo = &from};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &info, &cmd));
   VK(vkBeginCommandBuffer(cmd, &begin));
   return cmd;
}

static void draw(VkCommandBuffer cmd, const struct scene *s, VkPipeline pipeline, float scale, float x, float y)
{
   target_view(cmd, &s->target);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   scene_place(cmd, s, scale, x, y);
   vkCmdDraw(cmd, 6, 1, 0, 0);
}

// Each level draws, executes the level below, and draws again.
static void inside_pass(struct gpu *gpu, const struct scene *s, VkPipeline pipeline)
{
   VkCommandBuffer levels[LEVELS];
   for (uint32_t i = 0; i < LEVELS; i++) {
      float place = -0.75f + 0.375f * (float)i;
      levels[i] = secondary(gpu, s);
      draw(levels[i], s, pipeline, 0.25f, place, -0.5f);
      if (i)
         vkCmdExecuteCommands(levels[i], 1, &levels[i - 1]);
      draw(levels[i], s, pipeline, 0.3f, place, 0.4f);
      VK(vkEndCommandBuffer(levels[i]));
   }
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &s->target, (float[]){0.2f, 0.1f, 0, 1},
                VK_SUBPASS_CONTENTS_INLINE_AND_SECONDARY_COMMAND_BUFFERS_EXT);
   draw(cmd, s, pipeline, 0.9f, 0, 0);
   vkCmdExecuteCommands(cmd, 1, &levels[LEVELS - 1]);
   draw(cmd, s, pipeline, 0.2f, 0, 0); // directly again
   vkCmdExecuteCommands(cmd, 2, (VkCommandBuffer[]){levels[0], levels[1]});
   scene_end(gpu, s, cmd, "inside-pass");
   vkFreeCommandBuffers(gpu->device, gpu->pool, LEVELS, levels);
}

// x -> 3x copies: each level fills its own word and executes the level below twice, which must not disturb it.
static void outside(struct gpu *gpu)
{
   struct buffer out = buffer_host(gpu, 64, VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   VkCommandBuffer levels[LEVELS];
   for (uint32_t i = 0; i < LEVELS; i++) {
      levels[i] = secondary(gpu, NULL);
      if (i)
         vkCmdExecuteCommands(levels[i], 2, (VkCommandBuffer[]){levels[i - 1], levels[i - 1]});
      barrier_all(levels[i]);
      vkCmdFillBuffer(levels[i], out.handle, 8 * i, 8, 0x01010101 * (i + 1));
      barrier_all(levels[i]);
      vkCmdCopyBuffer(levels[i], out.handle, out.handle, 1, &(VkBufferCopy){8 * i, 32 + 4 * i, 8});
      barrier_all(levels[i]);
      VK(vkEndCommandBuffer(levels[i]));
   }
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdExecuteCommands(cmd, 1, &levels[LEVELS - 1]);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)out.map)[12] == 0x04040404 && ((uint32_t *)out.map)[8] == 0x01010101);
   result(gpu, "outside", out.map, out.size);
   vkFreeCommandBuffers(gpu->device, gpu->pool, LEVELS, levels);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceNestedCommandBufferPropertiesEXT props = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_NESTED_COMMAND_BUFFER_PROPERTIES_EXT};
   VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &props};
   VkPhysicalDeviceNestedCommandBufferFeaturesEXT nested = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_NESTED_COMMAND_BUFFER_FEATURES_EXT, .nestedCommandBuffer = VK_TRUE,
      .nestedCommandBufferRendering = VK_TRUE, .nestedCommandBufferSimultaneousUse = VK_TRUE};
   struct want want = {.extensions = {VK_EXT_NESTED_COMMAND_BUFFER_EXTENSION_NAME}, .features = {FEATURES(nested)}};
   gpu_open(&gpu, argc, argv, &want);
   vkGetPhysicalDeviceProperties2(gpu.physical, &all);
   result(&gpu, "nesting", &props.maxCommandBufferNestingLevel, 4);
   if (props.maxCommandBufferNestingLevel < LEVELS)
      skip("command buffers cannot be nested that deeply");
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct graphics desc = scene_graphics(&scene);
   desc.vert = SHADER(&gpu, color_vert);
   desc.frag = SHADER(&gpu, color_frag);
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   inside_pass(&gpu, &scene, pipeline);
   outside(&gpu);
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
