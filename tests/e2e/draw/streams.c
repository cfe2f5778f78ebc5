// SPDX-License-Identifier: MIT
//
// Transform feedback from two streams of a geometry shader, paused and resumed, into parts of buffers, one of them too
// small; queries of what each stream wrote and would have written, and of primitives generated.
#include "paint.h"

#include "corners_vert.h"
#include "two_streams_geom.h"

#define SIZE 16

struct scene {
   struct target target;
   struct bound bound;
   struct buffer captured[2], counters;
   VkPipeline pipeline;
   VkQueryPool feedback, generated;
};

static VkQueryPool pool_new(struct gpu *gpu, VkQueryType type, uint32_t count)
{
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = type, .queryCount = count};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   vkResetQueryPool(gpu->device, pool, 0, count);
   return pool;
}

static void draw(VkCommandBuffer cmd, const struct scene *s, uint32_t count)
{
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                      (float[]){0.125f, 0.5f, -0.75f, -0.5f, 1, 0, 0, 0});
   vkCmdDraw(cmd, count, 1, 0, 0);
}

// Captured, then a draw that is not, then captured again where it had stopped.
static void record(struct gpu *gpu, VkCommandBuffer cmd, const struct scene *s)
{
   PROC(gpu, vkCmdBindTransformFeedbackBuffersEXT);
   PROC(gpu, vkCmdBeginTransformFeedbackEXT);
   PROC(gpu, vkCmdEndTransformFeedbackEXT);
   PROC(gpu, vkCmdBeginQueryIndexedEXT);
   PROC(gpu, vkCmdEndQueryIndexedEXT);
   const VkBuffer captured[2] = {s->captured[0].handle, s->captured[1].handle};
   const VkBuffer counters[2] = {s->counters.handle, s->counters.handle};
   const VkDeviceSize offsets[2] = {16, 0}, sizes[2] = {160, VK_WHOLE_SIZE}, counter_offsets[2] = {0, 8};
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->pipeline);
   vkCmdBindTransformFeedbackBuffersEXT_(cmd, 0, 2, captured, offsets, sizes);
   for (uint32_t part = 0; part < 2; part++) {
      for (uint32_t stream = 0; stream < 2; stream++) {
         vkCmdBeginQueryIndexedEXT_(cmd, s->feedback, part * 2 + stream, 0, stream);
         vkCmdBeginQueryIndexedEXT_(cmd, s->generated, part * 2 + stream, 0, stream);
      }
      vkCmdBeginTransformFeedbackEXT_(cmd, 0, part ? 2 : 0, part ? counters : NULL, part ? counter_offsets : NULL);
      draw(cmd, s, part ? 7 : 4);
      vkCmdEndTransformFeedbackEXT_(cmd, 0, 2, counters, counter_offsets);
      draw(cmd, s, 3);
      for (uint32_t stream = 0; stream < 2; stream++) {
         vkCmdEndQueryIndexedEXT_(cmd, s->feedback, part * 2 + stream, stream);
         vkCmdEndQueryIndexedEXT_(cmd, s->generated, part * 2 + stream, stream);
      }
      if (!part) { // the counters that were written are read next
         VkMemoryBarrier written = {VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_TRANSFORM_FEEDBACK_COUNTER_WRITE_BIT_EXT,
                                    .dstAccessMask = VK_ACCESS_TRANSFORM_FEEDBACK_COUNTER_READ_BIT_EXT};
         vkCmdEndRenderPass(cmd);
         vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFORM_FEEDBACK_BIT_EXT,
                              VK_PIPELINE_STAGE_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_TRANSFORM_FEEDBACK_BIT_EXT, 0, 1,
                              &written, 0, NULL, 0, NULL);
         target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
      }
   }
}

static void run(struct gpu *gpu, const struct scene *s)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &s->target, (float[]){0, 0, 0, 1}, VK_SUBPASS_CONTENTS_INLINE);
   record(gpu, cmd, s);
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   result(gpu, "first-stream", s->captured[0].map, s->captured[0].size);
   result(gpu, "second-stream", s->captured[1].map, s->captured[1].size);
   result(gpu, "counters", s->counters.map, s->counters.size);
   uint64_t written[4][2], generated[4];
   VK(vkGetQueryPoolResults(gpu->device, s->feedback, 0, 4, sizeof(written), written, 16,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   VK(vkGetQueryPoolResults(gpu->device, s->generated, 0, 4, sizeof(generated), generated, 8,
                            VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   result(gpu, "written-and-needed", written, sizeof(written));
   result(gpu, "generated", generated, sizeof(generated));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceTransformFeedbackFeaturesEXT feedback = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TRANSFORM_FEEDBACK_FEATURES_EXT, .transformFeedback = VK_TRUE,
      .geometryStreams = VK_TRUE};
   VkPhysicalDevicePrimitivesGeneratedQueryFeaturesEXT generated = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRIMITIVES_GENERATED_QUERY_FEATURES_EXT, .primitivesGeneratedQuery = VK_TRUE,
      .primitivesGeneratedQueryWithNonZeroStreams = VK_TRUE, .primitivesGeneratedQueryWithRasterizerDiscard = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.core.geometryShader = VK_TRUE,
                           .v12.hostQueryReset = VK_TRUE,
                           .extensions = {VK_EXT_TRANSFORM_FEEDBACK_EXTENSION_NAME,
                                          VK_EXT_PRIMITIVES_GENERATED_QUERY_EXTENSION_NAME},
                           .features = {FEATURES(feedback), FEATURES(generated)}});
   struct scene s = {
      .target = target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
      .bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL),
      .counters = buffer_host(&gpu, 64, VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_COUNTER_BUFFER_BIT_EXT),
      .feedback = pool_new(&gpu, VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT, 4),
      .generated = pool_new(&gpu, VK_QUERY_TYPE_PRIMITIVES_GENERATED_EXT, 4)};
   for (int i = 0; i < 2; i++)
      s.captured[i] = buffer_host(&gpu, 512, VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_BUFFER_BIT_EXT);
   struct graphics desc = {.vert = SHADER(&gpu, corners_vert),
                           .geom = SHADER(&gpu, two_streams_geom),
                           .layout = s.bound.layout,
                           .pass = s.target.pass,
                           .points = true};
   struct pipe pipe;
   pipe_fill(&pipe, &desc);
   pipe.raster.rasterizerDiscardEnable = VK_TRUE;
   s.pipeline = pipe_new(&gpu, &pipe);
   run(&gpu, &s);
   modules_free(&gpu, &desc);
   vkDestroyPipeline(gpu.device, s.pipeline, NULL);
   vkDestroyQueryPool(gpu.device, s.feedback, NULL);
   vkDestroyQueryPool(gpu.device, s.generated, NULL);
   buffer_free(&gpu, &s.captured[0]);
   buffer_free(&gpu, &s.captured[1]);
   buffer_free(&gpu, &s.counters);
   bound_free(&gpu, &s.bound);
   target_free(&gpu, &s.target);
   return gpu_close(&gpu);
}
