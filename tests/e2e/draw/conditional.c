// SPDX-License-Identifier: MIT
//
// Conditional rendering: draws, clears and dispatches that happen or not, also the other way round, by a condition
// that the device itself wrote just before.
#include "paint.h"

#include "add_comp.h"
#include "flat_frag.h"
#include "quad_vert.h"

#define CELL  16
#define CELLS 8

struct scene {
   struct target target;
   struct bound bound, compute_bound;
   struct buffer condition, data;
   VkPipeline pipeline, add;
};

static void begin(struct gpu *gpu, VkCommandBuffer cmd, const struct scene *s, uint32_t word, bool inverted)
{
   PROC(gpu, vkCmdBeginConditionalRenderingEXT);
   VkConditionalRenderingBeginInfoEXT info = {VK_STRUCTURE_TYPE_CONDITIONAL_RENDERING_BEGIN_INFO_EXT,
                                              .buffer = s->condition.handle, .offset = 4 * (VkDeviceSize)word,
                                              .flags = inverted ? VK_CONDITIONAL_RENDERING_INVERTED_BIT_EXT : 0};
   vkCmdBeginConditionalRenderingEXT_(cmd, &info);
}

// Dispatches each of which would add to the same number.
static void dispatches(struct gpu *gpu, VkCommandBuffer cmd, const struct scene *s)
{
   PROC(gpu, vkCmdEndConditionalRenderingEXT);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->add);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, s->compute_bound.layout, 0, 1, &s->compute_bound.set, 0,
                           NULL);
   for (uint32_t i = 0; i < CELLS; i++) {
      vkCmdPushConstants(cmd, s->compute_bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, 12, (uint32_t[]){16, 10, i + 1});
      begin(gpu, cmd, s, i % 4, i & 4);
      vkCmdDispatch(cmd, 1, 1, 1);
      vkCmdEndConditionalRenderingEXT_(cmd);
      barrier_all(cmd);
   }
}

static void picture(struct gpu *gpu, VkCommandBuffer cmd, const struct scene *s)
{
   PROC(gpu, vkCmdEndConditionalRenderingEXT);
   target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   for (uint32_t i = 0; i < CELLS; i++) {
      view_cell(cmd, i, CELLS / 2, CELL);
      begin(gpu, cmd, s, i % 4, i & 4);
      quad_draw(cmd, s->bound.layout, s->pipeline,
                &(struct quad){{-0.75f, -0.75f, 0.5f, 0.5f}, {0, 0, 1, 1}, {1, 0.125f * (float)i, 0, 0}});
      VkClearAttachment clear = {VK_IMAGE_ASPECT_COLOR_BIT, 0, {.color = {{0, 0, 1, 1}}}};
      VkClearRect where = {{{(int32_t)(i % 4) * CELL + 12, (int32_t)(i / 4) * CELL + 12}, {3, 2}}, 0, 1};
      vkCmdClearAttachments(cmd, 1, &clear, 1, &where);
      vkCmdEndConditionalRenderingEXT_(cmd);
   }
   vkCmdEndRenderPass(cmd);
}

// Around a whole pass, with a condition that this very command buffer writes.
static void around(struct gpu *gpu, VkCommandBuffer cmd, const struct scene *s, uint32_t value)
{
   PROC(gpu, vkCmdEndConditionalRenderingEXT);
   vkCmdUpdateBuffer(cmd, s->condition.handle, 16, 4, &value);
   VkMemoryBarrier written = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_CONDITIONAL_RENDERING_READ_BIT_EXT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_CONDITIONAL_RENDERING_BIT_EXT, 0, 1,
                        &written, 0, NULL, 0, NULL);
   begin(gpu, cmd, s, 4, false);
   target_begin(cmd, &s->target, (float[]){0.25f, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   quad_draw(cmd, s->bound.layout, s->pipeline, &(struct quad){{-0.5f, -0.5f, 0.5f, 0.5f}, {0, 0, 1, 1}, {0, 1, 1, 0}});
   vkCmdEndRenderPass(cmd);
   vkCmdEndConditionalRenderingEXT_(cmd);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceConditionalRenderingFeaturesEXT conditional = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CONDITIONAL_RENDERING_FEATURES_EXT, .conditionalRendering = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.extensions = {VK_EXT_CONDITIONAL_RENDERING_EXTENSION_NAME},
                           .features = {FEATURES(conditional)}});
   struct scene s = {.target = target_new(&gpu, CELLS / 2 * CELL, 2 * CELL, VK_FORMAT_R8G8B8A8_UNORM,
                                          VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
                     .bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL),
                     .condition = buffer_host(
                         &gpu, 64, VK_BUFFER_USAGE_CONDITIONAL_RENDERING_BIT_EXT | VK_BUFFER_USAGE_TRANSFER_DST_BIT),
                     .data = buffer_host(&gpu, 64, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)};
   memcpy(s.condition.map, (uint32_t[]){0, 1, 0x80000000, 0}, 16);
   s.compute_bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1,
                               (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &s.data}});
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = s.bound.layout,
                           .pass = s.target.pass,
                           .strip = true};
   s.pipeline = graphics_new(&gpu, &desc);
   s.add = compute_new(&gpu, s.compute_bound.layout, SHADER(&gpu, add_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   dispatches(&gpu, cmd, &s);
   picture(&gpu, cmd, &s);
   cmd_submit(&gpu, cmd);
   result(&gpu, "dispatched", s.data.map, s.data.size);
   image_result(&gpu, &s.target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "drawn");
   for (uint32_t value = 0; value < 2; value++) {
      cmd = cmd_begin(&gpu);
      around(&gpu, cmd, &s, value);
      cmd_submit(&gpu, cmd);
      image_result(&gpu, &s.target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, value ? "whole-pass" : "nothing");
   }
   vkDestroyPipeline(gpu.device, s.pipeline, NULL);
   vkDestroyPipeline(gpu.device, s.add, NULL);
   buffer_free(&gpu, &s.condition);
   buffer_free(&gpu, &s.data);
   bound_free(&gpu, &s.bound);
   bound_free(&gpu, &s.compute_bound);
   target_free(&gpu, &s.target);
   return gpu_close(&gpu);
}
