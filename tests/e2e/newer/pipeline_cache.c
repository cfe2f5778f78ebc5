// SPDX-License-Identifier: MIT
//
// Pipeline caches: filled, read, merged, made from data, whole, as much as fits and of another driver; pipelines out of
// every cache behave alike. Also pipelines made in one call, derivatives, and creation that must fail early.
#include "harness.h"

#include <stdlib.h>

#include "scramble_comp.h"

#define WORDS    256
#define VARIANTS 6

struct push {
   uint32_t count, salt;
   float scale;
};

struct constants {
   uint32_t local_size, rounds;
   VkBool32 backwards;
};

struct bench {
   struct buffer source, target, table;
   struct bound bound;
   VkShaderModule module;
};

static VkPipelineCache cache_new(struct gpu *gpu, const void *data, size_t size)
{
   VkPipelineCacheCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO, .initialDataSize = size,
                                     .pInitialData = data};
   VkPipelineCache cache = VK_NULL_HANDLE;
   VkResult made = vkCreatePipelineCache(gpu->device, &info, NULL, &cache);
   EXPECT(made == VK_SUCCESS || data); // some drivers want no cache of data they do not know, instead of an empty one
   return cache;
}

static void make_all(struct gpu *gpu, const struct bench *bench, VkPipelineCache cache, VkPipeline pipelines[VARIANTS])
{
   static const VkSpecializationMapEntry entries[] = {{0, offsetof(struct constants, local_size), 4},
                                                      {1, offsetof(struct constants, rounds), 4},
                                                      {2, offsetof(struct constants, backwards), 4}};
   struct constants constants[VARIANTS];
   VkSpecializationInfo specs[VARIANTS];
   VkComputePipelineCreateInfo infos[VARIANTS];
   for (uint32_t i = 0; i < VARIANTS; i++) {
      constants[i] = (struct constants){32, i + 1, i % 2};
      specs[i] = (VkSpecializationInfo){COUNT(entries), entries, sizeof(constants[i]), &constants[i]};
      infos[i] = (VkComputePipelineCreateInfo){
         VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
         .flags = i ? VK_PIPELINE_CREATE_DERIVATIVE_BIT : VK_PIPELINE_CREATE_ALLOW_DERIVATIVES_BIT,
         .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                   .module = bench->module, .pName = "main", .pSpecializationInfo = &specs[i]},
         .layout = bench->bound.layout, .basePipelineIndex = i ? 0 : -1};
   }
   VK(vkCreateComputePipelines(gpu->device, cache, VARIANTS, infos, NULL, pipelines));
}

static void run_all(struct gpu *gpu, const struct bench *bench, VkPipelineCache cache, const char *name)
{
   VkPipeline pipelines[VARIANTS];
   make_all(gpu, bench, cache, pipelines);
   uint32_t sum = 0;
   for (uint32_t i = 0; i < VARIANTS; i++) {
      struct push push = {WORDS, i, 1.5f};
      VkCommandBuffer cmd = cmd_begin(gpu);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipelines[i]);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bench->bound.layout, 0, 1, &bench->bound.set, 0,
                              NULL);
      vkCmdPushConstants(cmd, bench->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
      vkCmdDispatch(cmd, WORDS / 32, 1, 1);
      cmd_submit(gpu, cmd);
      for (uint32_t w = 0; w < WORDS; w++)
         sum = sum * 31 + ((uint32_t *)bench->target.map)[w];
      vkDestroyPipeline(gpu->device, pipelines[i], NULL);
   }
   result(gpu, name, &sum, sizeof(sum));
}

static void *cache_data(struct gpu *gpu, VkPipelineCache cache, size_t *size)
{
   *size = 0;
   VK(vkGetPipelineCacheData(gpu->device, cache, size, NULL));
   EXPECT(*size >= sizeof(VkPipelineCacheHeaderVersionOne));
   void *data = malloc(*size);
   EXPECT(data);
   VK(vkGetPipelineCacheData(gpu->device, cache, size, data));
   const VkPipelineCacheHeaderVersionOne *header = data;
   EXPECT(header->headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE);
   EXPECT(!memcmp(header->pipelineCacheUUID, gpu->props.pipelineCacheUUID, VK_UUID_SIZE));
   EXPECT(header->vendorID == gpu->props.vendorID && header->deviceID == gpu->props.deviceID);
   return data;
}

static void caches(struct gpu *gpu, const struct bench *bench)
{
   VkPipelineCache filled = cache_new(gpu, NULL, 0);
   run_all(gpu, bench, VK_NULL_HANDLE, "without");
   run_all(gpu, bench, filled, "filling");
   run_all(gpu, bench, filled, "filled");
   size_t size, partial = 4;
   void *data = cache_data(gpu, filled, &size), *part = malloc(size);
   EXPECT(part && vkGetPipelineCacheData(gpu->device, filled, &partial, part) == VK_INCOMPLETE);
   partial = size - 1;
   EXPECT(vkGetPipelineCacheData(gpu->device, filled, &partial, part) == VK_INCOMPLETE && partial < size);
   VkPipelineCache again = cache_new(gpu, data, size), cut = cache_new(gpu, part, partial);
   ((VkPipelineCacheHeaderVersionOne *)data)->pipelineCacheUUID[0] ^= 0xff; // as if of another driver version
   VkPipelineCache stale = cache_new(gpu, data, size), merged = cache_new(gpu, NULL, 0);
   EXPECT(again);
   run_all(gpu, bench, again, "from-data");
   run_all(gpu, bench, cut, "from-part");
   run_all(gpu, bench, stale, "from-stale");
   VK(vkMergePipelineCaches(gpu->device, merged, stale ? 3 : 2, (VkPipelineCache[]){filled, again, stale}));
   run_all(gpu, bench, merged, "merged");
   free(data);
   free(part);
   VkPipelineCache all[] = {filled, again, cut, stale, merged};
   for (size_t i = 0; i < COUNT(all); i++)
      vkDestroyPipelineCache(gpu->device, all[i], NULL);
}

// With FAIL_ON_COMPILE_REQUIRED either the pipeline is there, or the answer says that it would have to be compiled.
static void fail_early(struct gpu *gpu, const struct bench *bench)
{
   VkComputePipelineCreateInfo info = {
      VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_FAIL_ON_PIPELINE_COMPILE_REQUIRED_BIT,
      .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = bench->module, .pName = "main"},
      .layout = bench->bound.layout};
   VkPipeline pipeline = VK_NULL_HANDLE;
   VkResult got = vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline);
   EXPECT((got == VK_SUCCESS && pipeline) || (got == VK_PIPELINE_COMPILE_REQUIRED && !pipeline));
   int32_t number = got;
   result(gpu, "early", &number, sizeof(number));
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.pipelineCreationCacheControl = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct bench bench = {.source = buffer_host(&gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT),
                         .target = buffer_host(&gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT),
                         .table = buffer_host(&gpu, 64, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
                         .module = SHADER(&gpu, scramble_comp)};
   bench.bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 3,
                           (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &bench.source},
                                              {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &bench.target},
                                              {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, &bench.table}});
   for (uint32_t i = 0; i < WORDS; i++)
      ((uint32_t *)bench.source.map)[i] = i * i;
   caches(&gpu, &bench);
   fail_early(&gpu, &bench);
   vkDestroyShaderModule(gpu.device, bench.module, NULL);
   bound_free(&gpu, &bench.bound);
   buffer_free(&gpu, &bench.source);
   buffer_free(&gpu, &bench.target);
   buffer_free(&gpu, &bench.table);
   return gpu_close(&gpu);
}
