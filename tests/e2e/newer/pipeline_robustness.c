// SPDX-License-Identifier: MIT
//
// Robustness chosen by a pipeline and by one of its stages: what lies out of range reads as zero, whatever the device's
// default is.
#include "kernel.h"

#include "out_of_range_comp.h"

static VkPipelineRobustnessCreateInfoEXT robust(void)
{
   return (VkPipelineRobustnessCreateInfoEXT){
      VK_STRUCTURE_TYPE_PIPELINE_ROBUSTNESS_CREATE_INFO_EXT,
      .storageBuffers = VK_PIPELINE_ROBUSTNESS_BUFFER_BEHAVIOR_ROBUST_BUFFER_ACCESS_2_EXT,
      .uniformBuffers = VK_PIPELINE_ROBUSTNESS_BUFFER_BEHAVIOR_ROBUST_BUFFER_ACCESS_2_EXT,
      .vertexInputs = VK_PIPELINE_ROBUSTNESS_BUFFER_BEHAVIOR_DEVICE_DEFAULT_EXT,
      .images = VK_PIPELINE_ROBUSTNESS_IMAGE_BEHAVIOR_ROBUST_IMAGE_ACCESS_2_EXT};
}

struct bench {
   struct buffer words, table, out;
   struct image images[2];
   VkSampler sampler;
   struct bound bound;
};

static struct bench bench_new(struct gpu *gpu)
{
   struct bench b = {.words = storage_new(gpu, 96),
                     .table = buffer_host(gpu, 256, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
                     .out = storage_new(gpu, 64 * 32),
                     .sampler = sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST,
                                            VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE)};
   uint32_t words[256];
   for (uint32_t i = 0; i < 256; i++)
      words[i] = 500 + i;
   for (int i = 0; i < 2; i++) {
      b.images[i] =
          image_2d(gpu, VK_FORMAT_R32_UINT, 16, 16,
                   VK_IMAGE_USAGE_TRANSFER_DST_BIT | (i ? VK_IMAGE_USAGE_SAMPLED_BIT : VK_IMAGE_USAGE_STORAGE_BIT));
      image_upload(gpu, &b.images[i], words, sizeof(words), VK_IMAGE_LAYOUT_GENERAL);
   }
   fill_random(&b.table, 4);
   b.bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 5,
                       (struct binding[]){STORAGE(&b.words),
                                          UNIFORM(&b.table),
                                          STORAGE_IMAGE(b.images[0].view),
                                          {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .view = b.images[1].view,
                                           .sampler = b.sampler, .layout = VK_IMAGE_LAYOUT_GENERAL},
                                          STORAGE(&b.out)});
   return b;
}

static void bench_free(struct gpu *gpu, struct bench *b)
{
   bound_free(gpu, &b->bound);
   vkDestroySampler(gpu->device, b->sampler, NULL);
   image_free(gpu, &b->images[0]);
   image_free(gpu, &b->images[1]);
   buffer_free(gpu, &b->words);
   buffer_free(gpu, &b->table);
   buffer_free(gpu, &b->out);
}

// Asked for by the pipeline, or by its stage alone.
static void run(struct gpu *gpu, struct bench *b, bool by_stage, const char *name)
{
   VkPipelineRobustnessCreateInfoEXT how = robust();
   VkShaderModule module = SHADER(gpu, out_of_range_comp);
   VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .pNext = by_stage ? NULL : &how,
                                       .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                 .pNext = by_stage ? &how : NULL, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                 .module = module, .pName = "main"},
                                       .layout = b->bound.layout};
   VkPipeline pipeline;
   VK(vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   fill_random(&b->words, 3);
   memset(b->out.map, 0xcc, b->out.size);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->bound.layout, 0, 1, &b->bound.set, 0, NULL);
   vkCmdDispatch(cmd, 1, 1, 1);
   cmd_submit(gpu, cmd);
   const uint32_t *seen = b->out.map;
   EXPECT(seen[8 * 23] != 0 && seen[8 * 24] == 0 && seen[8 * 16 + 1] == 0 && seen[8 * 7 + 2] == 0);
   result(gpu, name, b->out.map, b->out.size);
   result(gpu, "words", b->words.map, b->words.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyShaderModule(gpu->device, module, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDevicePipelineRobustnessPropertiesEXT props = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_ROBUSTNESS_PROPERTIES_EXT};
   VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &props};
   VkPhysicalDevicePipelineRobustnessFeaturesEXT choice = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_ROBUSTNESS_FEATURES_EXT, .pipelineRobustness = VK_TRUE};
   VkPhysicalDeviceRobustness2FeaturesEXT support = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT,
                                                     .robustBufferAccess2 = VK_TRUE, .robustImageAccess2 = VK_TRUE};
   struct want want = {.core.robustBufferAccess = VK_TRUE,
                       .extensions = {VK_EXT_PIPELINE_ROBUSTNESS_EXTENSION_NAME, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME},
                       .features = {FEATURES(choice), FEATURES(support)}};
   gpu_open(&gpu, argc, argv, &want);
   vkGetPhysicalDeviceProperties2(gpu.physical, &all);
   const uint32_t defaults[4] = {props.defaultRobustnessStorageBuffers, props.defaultRobustnessUniformBuffers,
                                 props.defaultRobustnessVertexInputs, props.defaultRobustnessImages};
   result(&gpu, "defaults", defaults, sizeof(defaults));
   struct bench bench = bench_new(&gpu);
   run(&gpu, &bench, false, "by-pipeline");
   run(&gpu, &bench, true, "by-stage");
   bench_free(&gpu, &bench);
   return gpu_close(&gpu);
}
