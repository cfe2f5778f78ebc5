// SPDX-License-Identifier: MIT
//
// Compute: storage and uniform buffers, push constants, specialisation constants, shared memory and atomics.
#include "harness.h"

#include "reduce_comp.h"
#include "scramble_comp.h"

#define WORDS 5000

struct push {
   uint32_t count, salt;
   float scale;
};

struct constants {
   uint32_t local_size, rounds;
   VkBool32 backwards;
};

static const VkSpecializationMapEntry entries[] = {{0, offsetof(struct constants, local_size), 4},
                                                   {1, offsetof(struct constants, rounds), 4},
                                                   {2, offsetof(struct constants, backwards), 4}};

static void fill(struct buffer *source, struct buffer *table)
{
   uint32_t state = 7;
   for (uint32_t i = 0; i < WORDS; i++)
      ((uint32_t *)source->map)[i] = random_next(&state);
   for (uint32_t i = 0; i < table->size / 4; i++)
      ((uint32_t *)table->map)[i] = i * 0x01010101u;
}

static void check_first(const uint32_t *in, const uint32_t *table, const uint32_t *out)
{
   float half = 0.5f;
   uint32_t bits, x = (in[0] ^ 0x1234u) * 1664525u + 1013904223u + table[0];
   memcpy(&bits, &half, 4);
   EXPECT(out[0] == (x ^ bits));
}

static void scramble(struct gpu *gpu)
{
   const struct constants variants[] = {{64, 1, VK_FALSE}, {32, 7, VK_TRUE}, {1, 3, VK_FALSE}, {128, 100, VK_TRUE}};
   struct buffer source = buffer_host(gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct buffer target = buffer_host(gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct buffer table = buffer_host(gpu, 64, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   fill(&source, &table);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 3,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &source},
                                                     {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &target},
                                                     {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, &table}});
   for (uint32_t i = 0; i < COUNT(variants); i++) {
      VkSpecializationInfo spec = {COUNT(entries), entries, sizeof(variants[i]), &variants[i]};
      VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, scramble_comp), &spec);
      struct push push = {WORDS - i, 0x1234 + i, 0.25f * (float)i};
      VkCommandBuffer cmd = cmd_begin(gpu);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
      vkCmdDispatch(cmd, (WORDS + variants[i].local_size - 1) / variants[i].local_size, 1, 1);
      cmd_submit(gpu, cmd);
      if (!i)
         check_first(source.map, table.map, target.map);
      result(gpu, "scrambled", target.map, target.size);
      vkDestroyPipeline(gpu->device, pipeline, NULL);
   }
   bound_free(gpu, &bound);
   buffer_free(gpu, &source);
   buffer_free(gpu, &target);
   buffer_free(gpu, &table);
}

static void reduce(struct gpu *gpu)
{
   enum { GROUPS = 100, N = GROUPS * 64 };
   struct buffer source = buffer_host(gpu, N * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct buffer target = buffer_host(gpu, (2 + GROUPS) * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   uint32_t state = 99, total = 0;
   for (uint32_t i = 0; i < N; i++)
      total += ((uint32_t *)source.map)[i] = random_next(&state);
   struct bound bound = bound_new(
       gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 2,
       (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &source}, {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &target}});
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, reduce_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdDispatch(cmd, GROUPS / 4, 1, 1);
   cmd_submit(gpu, cmd);
   result(gpu, "quarter", target.map, target.size);
   memset(target.map, 0, target.size);
   cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdDispatch(cmd, GROUPS, 1, 1);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)target.map)[0] == total);
   result(gpu, "reduced", target.map, target.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &source);
   buffer_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   scramble(&gpu);
   reduce(&gpu);
   return gpu_close(&gpu);
}
