// SPDX-License-Identifier: MIT
//
// Secondary command buffers with lives of their own: queries and conditional rendering inside them, several that draw
// into one pass, one that is executed twice and one that is recorded anew, and some that contain no drawing at all.
#include "paint.h"

#include "flat_frag.h"
#include "quad_vert.h"

#define SIZE        48
#define SECONDARIES 4

struct scene {
   struct target target;
   struct bound bound;
   VkPipeline pipeline;
   VkQueryPool samples, vertices;
   struct buffer condition, data;
};

static VkQueryPool pool_new(struct gpu *gpu, VkQueryType type, VkQueryPipelineStatisticFlags bits)
{
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = type, .queryCount = SECONDARIES,
                                 .pipelineStatistics = bits};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   return pool;
}

static void begin(VkCommandBuffer cmd, const struct scene *s, bool inside)
{
   VkCommandBufferInheritanceInfo inheritance = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
                                                 .renderPass = inside ? s->target.pass : VK_NULL_HANDLE,
                                                 .framebuffer = inside ? s->target.framebuffer : VK_NULL_HANDLE};
   VkCommandBufferBeginInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                    .flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT |
                                             (inside ? VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT : 0),
                                    .pInheritanceInfo = &inheritance};
   VK(vkBeginCommandBuffer(cmd, &info));
}

// Each counts what it draws, and draws one thing on a condition.
static void record_inside(struct gpu *gpu, VkCommandBuffer cmd, const struct scene *s, uint32_t i)
{
   PROC(gpu, vkCmdBeginConditionalRenderingEXT);
   PROC(gpu, vkCmdEndConditionalRenderingEXT);
   VkConditionalRenderingBeginInfoEXT condition = {VK_STRUCTURE_TYPE_CONDITIONAL_RENDERING_BEGIN_INFO_EXT,
                                                   .buffer = s->condition.handle, .offset = 4 * (i & 1)};
   float x = -1 + 0.5f * (float)i;
   begin(cmd, s, true);
   target_view(cmd, &s->target);
   vkCmdBeginQuery(cmd, s->samples, i, VK_QUERY_CONTROL_PRECISE_BIT);
   vkCmdBeginQuery(cmd, s->vertices, i, 0);
   quad_draw(cmd, s->bound.layout, s->pipeline,
             &(struct quad){{x, -0.75f, x + 0.75f, 0.25f}, {0, 0, 1, 1}, {1, 0.25f * (float)i, 0, 0}});
   vkCmdBeginConditionalRenderingEXT_(cmd, &condition);
   quad_draw(cmd, s->bound.layout, s->pipeline,
             &(struct quad){{x, 0, x + 0.375f, 0.75f}, {0, 0, 1, 1}, {0, 0.25f * (float)i, 1, 0}});
   vkCmdEndConditionalRenderingEXT_(cmd);
   vkCmdEndQuery(cmd, s->vertices, i);
   vkCmdEndQuery(cmd, s->samples, i);
   VK(vkEndCommandBuffer(cmd));
}

static void record_outside(VkCommandBuffer cmd, const struct scene *s)
{
   begin(cmd, s, false);
   vkCmdResetQueryPool(cmd, s->samples, 0, SECONDARIES);
   vkCmdResetQueryPool(cmd, s->vertices, 0, SECONDARIES);
   vkCmdFillBuffer(cmd, s->data.handle, 0, 32, 0x01020304);
   vkCmdUpdateBuffer(cmd, s->data.handle, 32, 8, (uint32_t[]){5, 6});
   VK(vkEndCommandBuffer(cmd));
}

static void execute(struct gpu *gpu, const struct scene *s, VkCommandBuffer outside, const VkCommandBuffer *inside,
                    uint32_t count)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdExecuteCommands(cmd, 1, &outside);
   barrier_all(cmd);
   target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_SECONDARY_COMMAND_BUFFERS);
   vkCmdExecuteCommands(cmd, count - 1, inside);
   vkCmdExecuteCommands(cmd, 1, inside + count - 1);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &s->target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   result(gpu, "filled", s->data.map, s->data.size);
   uint64_t numbers[2][SECONDARIES];
   const VkQueryResultFlags flags = VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT;
   VK(vkGetQueryPoolResults(gpu->device, s->samples, 0, count, sizeof(numbers[0]), numbers[0], 8, flags));
   VK(vkGetQueryPoolResults(gpu->device, s->vertices, 0, count, sizeof(numbers[1]), numbers[1], 8, flags));
   result(gpu, "samples", numbers[0], 8 * count);
   result(gpu, "vertices", numbers[1], 8 * count);
}

static void run(struct gpu *gpu, const struct scene *s)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY,
                                       .commandBufferCount = SECONDARIES + 1};
   VkCommandBuffer all[SECONDARIES + 1];
   VK(vkAllocateCommandBuffers(gpu->device, &info, all));
   for (uint32_t i = 0; i < SECONDARIES; i++)
      record_inside(gpu, all[i], s, i);
   record_outside(all[SECONDARIES], s);
   execute(gpu, s, all[SECONDARIES], all, SECONDARIES);
   ((uint32_t *)s->condition.map)[0] = 7;
   execute(gpu, s, all[SECONDARIES], all, SECONDARIES);
   VK(vkResetCommandBuffer(all[1], 0));
   record_inside(gpu, all[1], s, 2);
   VK(vkResetCommandBuffer(all[2], VK_COMMAND_BUFFER_RESET_RELEASE_RESOURCES_BIT));
   record_inside(gpu, all[2], s, 1);
   execute(gpu, s, all[SECONDARIES], all, 3);
   vkFreeCommandBuffers(gpu->device, gpu->pool, SECONDARIES + 1, all);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceConditionalRenderingFeaturesEXT conditional = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CONDITIONAL_RENDERING_FEATURES_EXT, .conditionalRendering = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.occlusionQueryPrecise = VK_TRUE,
                           .core.pipelineStatisticsQuery = VK_TRUE,
                           .extensions = {VK_EXT_CONDITIONAL_RENDERING_EXTENSION_NAME},
                           .features = {FEATURES(conditional)}});
   struct scene s = {
      .target = target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
      .bound = bound_new(&gpu, QUAD_STAGES, sizeof(struct quad), 0, NULL),
      .samples = pool_new(&gpu, VK_QUERY_TYPE_OCCLUSION, 0),
      .vertices =
          pool_new(&gpu, VK_QUERY_TYPE_PIPELINE_STATISTICS, VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_VERTICES_BIT),
      .condition = buffer_host(&gpu, 64, VK_BUFFER_USAGE_CONDITIONAL_RENDERING_BIT_EXT),
      .data = buffer_host(&gpu, 64, VK_BUFFER_USAGE_TRANSFER_DST_BIT)};
   ((uint32_t *)s.condition.map)[1] = 1;
   struct graphics desc = {.vert = SHADER(&gpu, quad_vert),
                           .frag = SHADER(&gpu, flat_frag),
                           .layout = s.bound.layout,
                           .pass = s.target.pass,
                           .strip = true};
   s.pipeline = graphics_new(&gpu, &desc);
   run(&gpu, &s);
   vkDestroyPipeline(gpu.device, s.pipeline, NULL);
   vkDestroyQueryPool(gpu.device, s.samples, NULL);
   vkDestroyQueryPool(gpu.device, s.vertices, NULL);
   buffer_free(&gpu, &s.condition);
   buffer_free(&gpu, &s.data);
   bound_free(&gpu, &s.bound);
   target_free(&gpu, &s.target);
   return gpu_close(&gpu);
}
