// SPDX-License-Identifier: MIT
//
// What secondary command buffers inherit besides the pass: a query that the primary one began, and a condition.
#include "paint.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define SIZE 32

static VkCommandBuffer secondary_new(struct gpu *gpu, const struct target *target, const struct bound *bound,
                                     VkPipeline pipeline)
{
   VkCommandBufferAllocateInfo allocate = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                           .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY, .commandBufferCount = 1};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &allocate, &cmd));
   VkCommandBufferInheritanceConditionalRenderingInfoEXT condition = {
      VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_CONDITIONAL_RENDERING_INFO_EXT,
      .conditionalRenderingEnable = VK_TRUE};
   VkCommandBufferInheritanceInfo inheritance = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
                                                 .pNext = &condition,
                                                 .renderPass = target->pass,
                                                 .occlusionQueryEnable = VK_TRUE,
                                                 .queryFlags = VK_QUERY_CONTROL_PRECISE_BIT,
                                                 .pipelineStatistics =
                                                     VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_VERTICES_BIT};
   VkCommandBufferBeginInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                    .flags = VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT,
                                    .pInheritanceInfo = &inheritance};
   VK(vkBeginCommandBuffer(cmd, &info));
   target_view(cmd, target);
   quad_draw(cmd, bound->layout, pipeline, &(struct quad){{-0.5f, -0.75f, 0.5f, 0.25f}, {0, 0, 1, 1}, {1, 0.5f, 0, 0}});
   VK(vkEndCommandBuffer(cmd));
   return cmd;
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceConditionalRenderingFeaturesEXT conditional = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CONDITIONAL_RENDERING_FEATURES_EXT, .conditionalRendering = VK_TRUE,
      .inheritedConditionalRendering = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.inheritedQueries = VK_TRUE,
                           .core.occlusionQueryPrecise = VK_TRUE,
                           .core.pipelineStatisticsQuery = VK_TRUE,
                           .v12.hostQueryReset = VK_TRUE,
                           .extensions = {VK_EXT_CONDITIONAL_RENDERING_EXTENSION_NAME},
                           .features = {FEATURES(conditional)}});
   PROC(&gpu, vkCmdBeginConditionalRenderingEXT);
   PROC(&gpu, vkCmdEndConditionalRenderingEXT);
   struct target target =
       target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL);
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   struct buffer condition = buffer_host(&gpu, 16, VK_BUFFER_USAGE_CONDITIONAL_RENDERING_BIT_EXT);
   ((uint32_t *)condition.map)[1] = 1;
   VkQueryPoolCreateInfo queries = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_OCCLUSION,
                                    .queryCount = 2};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu.device, &queries, NULL, &pool));
   vkResetQueryPool(gpu.device, pool, 0, 2);
   VkCommandBuffer inside = secondary_new(&gpu, &target, &bound, pipeline);
   for (uint32_t i = 0; i < 2; i++) {
      VkConditionalRenderingBeginInfoEXT info = {VK_STRUCTURE_TYPE_CONDITIONAL_RENDERING_BEGIN_INFO_EXT,
                                                 .buffer = condition.handle, .offset = 4 * (VkDeviceSize)i};
      VkCommandBuffer cmd = cmd_begin(&gpu);
      vkCmdBeginConditionalRenderingEXT_(cmd, &info);
      vkCmdBeginQuery(cmd, pool, i, VK_QUERY_CONTROL_PRECISE_BIT);
      target_begin(cmd, &target, (float[]){0, 0, 0.25f, 1}, VK_SUBPASS_CONTENTS_SECONDARY_COMMAND_BUFFERS);
      vkCmdExecuteCommands(cmd, 1, &inside);
      vkCmdEndRenderPass(cmd);
      vkCmdEndQuery(cmd, pool, i);
      vkCmdEndConditionalRenderingEXT_(cmd);
      cmd_submit(&gpu, cmd);
      image_result(&gpu, &target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   }
   uint64_t samples[2];
   VK(vkGetQueryPoolResults(gpu.device, pool, 0, 2, sizeof(samples), samples, 8,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   result(&gpu, "samples", samples, sizeof(samples));
   vkFreeCommandBuffers(gpu.device, gpu.pool, 1, &inside);
   vkDestroyQueryPool(gpu.device, pool, NULL);
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   buffer_free(&gpu, &condition);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
