// SPDX-License-Identifier: MIT
//
// Creation feedback, which a driver may leave out but must not leave as it was, and creation that must not compile:
// either all of it is there at once, or nothing behind the first that is not. What is made works.
#include "kernel.h"
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"
#include "scramble_comp.h"

#define PIPELINES 5

static const VkPipelineCreationFeedback untouched = {.flags = 0x7fffff00, .duration = ~0ull};

// The flags are known ones, and nothing is said about what is not valid.
static bool sound(const VkPipelineCreationFeedback *feedback)
{
   const VkPipelineCreationFeedbackFlags known = VK_PIPELINE_CREATION_FEEDBACK_VALID_BIT |
                                                 VK_PIPELINE_CREATION_FEEDBACK_APPLICATION_PIPELINE_CACHE_HIT_BIT |
                                                 VK_PIPELINE_CREATION_FEEDBACK_BASE_PIPELINE_ACCELERATION_BIT;
   return !(feedback->flags & ~known) && feedback->duration != ~0ull;
}

static void graphics_feedback(struct gpu *gpu)
{
   VkPipelineCreationFeedback whole = untouched, stages[2] = {untouched, untouched};
   VkPipelineCreationFeedbackCreateInfo feedback = {
      VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO, .pPipelineCreationFeedback = &whole,
      .pipelineStageCreationFeedbackCount = 2, .pPipelineStageCreationFeedbacks = stages};
   struct scene scene = scene_new(gpu, VK_FORMAT_UNDEFINED);
   struct graphics desc = scene_graphics(&scene);
   desc.vert = SHADER(gpu, color_vert);
   desc.frag = SHADER(gpu, color_frag);
   desc.next = &feedback;
   VkPipeline pipeline = graphics_new(gpu, &desc);
   if (whole.flags & VK_PIPELINE_CREATION_FEEDBACK_VALID_BIT)
      EXPECT(sound(&whole) && sound(&stages[0]) && sound(&stages[1]));
   EXPECT(whole.flags != untouched.flags && stages[1].flags != untouched.flags);
   VkCommandBuffer cmd = scene_begin(gpu, &scene, pipeline);
   vkCmdDraw(cmd, 6, 1, 0, 0);
   scene_end(gpu, &scene, cmd, "graphics");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   scene_free(gpu, &scene);
}

struct bench {
   struct buffer source, target, table;
   struct bound bound;
   VkShaderModule module;
};

static const struct constants {
   uint32_t local_size, rounds;
} constants[PIPELINES] = {{32, 1}, {32, 2}, {32, 3}, {32, 4}, {32, 5}};

static VkResult compute_all(struct gpu *gpu, const struct bench *b, VkPipelineCreateFlags flags, VkPipelineCache cache,
                            VkPipelineCreationFeedback *whole, VkPipeline *pipelines)
{
   static const VkSpecializationMapEntry entries[] = {{0, offsetof(struct constants, local_size), 4},
                                                      {1, offsetof(struct constants, rounds), 4}};
   VkSpecializationInfo specs[PIPELINES];
   VkComputePipelineCreateInfo infos[PIPELINES];
   VkPipelineCreationFeedback stages[PIPELINES];
   VkPipelineCreationFeedbackCreateInfo feedbacks[PIPELINES];
   for (uint32_t i = 0; i < PIPELINES; i++) {
      specs[i] = (VkSpecializationInfo){COUNT(entries), entries, sizeof(constants[i]), &constants[i]};
      feedbacks[i] = (VkPipelineCreationFeedbackCreateInfo){
         VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO, .pPipelineCreationFeedback = &whole[i],
         .pipelineStageCreationFeedbackCount = 1, .pPipelineStageCreationFeedbacks = &stages[i]};
      infos[i] = (VkComputePipelineCreateInfo){
         VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .pNext = &feedbacks[i], .flags = flags,
         .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                   .module = b->module, .pName = "main", .pSpecializationInfo = &specs[i]},
         .layout = b->bound.layout};
      whole[i] = stages[i] = untouched;
      pipelines[i] = VK_NULL_HANDLE;
   }
   return vkCreateComputePipelines(gpu->device, cache, PIPELINES, infos, NULL, pipelines);
}

static void run(struct gpu *gpu, const struct bench *b, VkPipeline pipeline, const char *name)
{
   const struct {
      uint32_t count, salt;
      float scale;
   } push = {64, 99, 0.5f};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->bound.layout, 0, 1, &b->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, b->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(cmd, 2, 1, 1);
   cmd_submit(gpu, cmd);
   result(gpu, name, b->target.map, b->target.size);
}

static void compute_feedback(struct gpu *gpu, const struct bench *b)
{
   VkPipelineCacheCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                     .flags = VK_PIPELINE_CACHE_CREATE_EXTERNALLY_SYNCHRONIZED_BIT};
   VkPipelineCreationFeedback whole[PIPELINES];
   VkPipeline pipelines[PIPELINES], early[PIPELINES];
   VkPipelineCache cache;
   VK(vkCreatePipelineCache(gpu->device, &info, NULL, &cache));
   VK(compute_all(gpu, b, 0, cache, whole, pipelines));
   for (uint32_t i = 0; i < PIPELINES; i++) {
      EXPECT(pipelines[i] && whole[i].flags != untouched.flags);
      run(gpu, b, pipelines[i], "compute");
   }
   VkResult got = compute_all(gpu, b,
                              VK_PIPELINE_CREATE_FAIL_ON_PIPELINE_COMPILE_REQUIRED_BIT |
                                  VK_PIPELINE_CREATE_EARLY_RETURN_ON_FAILURE_BIT,
                              cache, whole, early);
   EXPECT(got == VK_SUCCESS || got == VK_PIPELINE_COMPILE_REQUIRED);
   bool all = true;
   for (uint32_t i = 0; i < PIPELINES; i++) {
      EXPECT(all || !early[i]); // nothing comes after the first failure
      all = all && early[i];
      if (early[i])
         run(gpu, b, early[i], "early");
      vkDestroyPipeline(gpu->device, early[i], NULL);
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   }
   EXPECT(all == (got == VK_SUCCESS));
   vkDestroyPipelineCache(gpu->device, cache, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.pipelineCreationCacheControl = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct bench b = {.source = storage_new(&gpu, 256),
                     .target = storage_new(&gpu, 256),
                     .table = buffer_host(&gpu, 64, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
                     .module = SHADER(&gpu, scramble_comp)};
   fill_random(&b.source, 1);
   fill_random(&b.table, 2);
   b.bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 3,
                       (struct binding[]){STORAGE(&b.source), STORAGE(&b.target), UNIFORM(&b.table)});
   graphics_feedback(&gpu);
   compute_feedback(&gpu, &b);
   vkDestroyShaderModule(gpu.device, b.module, NULL);
   bound_free(&gpu, &b.bound);
   buffer_free(&gpu, &b.source);
   buffer_free(&gpu, &b.target);
   buffer_free(&gpu, &b.table);
   return gpu_close(&gpu);
}
