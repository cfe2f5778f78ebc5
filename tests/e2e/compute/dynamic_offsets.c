// SPDX-License-Identifier: MIT
//
// Dynamic offsets of uniform and storage buffers in two sets bound together and apart: offsets go by binding number and
// array element, however the layout was written down.
#include "kernel.h"

#include "dynamic_offsets_comp.h"

#define SLOT  256
#define SLOTS 32

struct world {
   struct buffer blocks, in, out;
   VkDescriptorSetLayout layouts[2];
   VkPipelineLayout layout;
   VkDescriptorPool pools[2];
   VkDescriptorSet sets[2];
};

static void make_sets(struct gpu *gpu, struct world *w)
{
   const VkShaderStageFlags stage = VK_SHADER_STAGE_COMPUTE_BIT;
   const VkDescriptorType uniform = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
                          storage = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC;
   VkDescriptorSetLayoutBinding first[] = {{4, uniform, 3, stage, NULL}, {1, uniform, 1, stage, NULL}};
   VkDescriptorSetLayoutBinding second[] = {{3, storage, 1, stage, NULL}, {0, storage, 1, stage, NULL}};
   w->layouts[0] = set_layout_new(gpu, 0, 2, first);
   w->layouts[1] = set_layout_new(gpu, 0, 2, second);
   w->layout = pipeline_layout_new(gpu, 2, w->layouts, 0);
   w->sets[0] = set_new(gpu, w->layouts[0], 1, &(VkDescriptorPoolSize){uniform, 4}, NULL, &w->pools[0]);
   w->sets[1] = set_new(gpu, w->layouts[1], 1, &(VkDescriptorPoolSize){storage, 2}, NULL, &w->pools[1]);
   VkDescriptorBufferInfo infos[] = {
      {w->blocks.handle, 0, 64},        {w->blocks.handle, SLOT, 64}, {w->blocks.handle, 2 * SLOT, 64},
      {w->blocks.handle, 3 * SLOT, 64}, {w->in.handle, 0, 64},        {w->out.handle, 0, 64}};
   VkWriteDescriptorSet writes[] = {
      {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, NULL, w->sets[0], 1, 0, 1, uniform, NULL, &infos[0]},
      {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, NULL, w->sets[0], 4, 0, 3, uniform, NULL, &infos[1]},
      {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, NULL, w->sets[1], 0, 0, 1, storage, NULL, &infos[4]},
      {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, NULL, w->sets[1], 3, 0, 1, storage, NULL, &infos[5]}};
   vkUpdateDescriptorSets(gpu->device, COUNT(writes), writes, 0, NULL);
}

static void record(VkCommandBuffer cmd, const struct world *w)
{
   const VkPipelineBindPoint point = VK_PIPELINE_BIND_POINT_COMPUTE;
   for (uint32_t i = 0; i < SLOTS; i++) {
      const uint32_t offsets[] = {i % 8 * SLOT, i % 5 * SLOT, i % 3 * SLOT, i % 7 * SLOT, i * SLOT, i / 2 * SLOT};
      if (i % 2) {
         vkCmdBindDescriptorSets(cmd, point, w->layout, 0, 2, w->sets, 6, offsets);
      } else {
         vkCmdBindDescriptorSets(cmd, point, w->layout, 1, 1, &w->sets[1], 2, offsets + 4);
         vkCmdBindDescriptorSets(cmd, point, w->layout, 0, 1, &w->sets[0], 4, offsets);
      }
      vkCmdDispatch(cmd, 1, 1, 1);
      barrier_all(cmd);
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct world w = {.blocks = buffer_host(&gpu, SLOTS * SLOT, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
                     .in = storage_new(&gpu, SLOTS * SLOT),
                     .out = storage_new(&gpu, SLOTS * SLOT)};
   fill_random(&w.blocks, 31);
   fill_random(&w.in, 32);
   make_sets(&gpu, &w);
   VkPipeline pipeline = compute_new(&gpu, w.layout, SHADER(&gpu, dynamic_offsets_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   record(cmd, &w);
   cmd_submit(&gpu, cmd);
   const uint32_t *b = w.blocks.map, *in = w.in.map, *out = w.out.map;
   uint32_t sum = 0;
   for (uint32_t i = 30; i < 32; i++) { // both add to slot 15
      uint32_t x = b[i % 8 * 64];
      x = x * 31 + b[(1 + i % 5) * 64];
      x = x * 31 + b[(2 + i % 3) * 64];
      x = x * 31 + b[(3 + i % 7) * 64];
      sum += x ^ in[i * 64];
   }
   EXPECT(out[15 * 64] == sum);
   result(&gpu, "slots", w.out.map, w.out.size);
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   vkDestroyPipelineLayout(gpu.device, w.layout, NULL);
   for (int i = 0; i < 2; i++) {
      vkDestroyDescriptorPool(gpu.device, w.pools[i], NULL);
      vkDestroyDescriptorSetLayout(gpu.device, w.layouts[i], NULL);
   }
   buffer_free(&gpu, &w.blocks);
   buffer_free(&gpu, &w.in);
   buffer_free(&gpu, &w.out);
   return gpu_close(&gpu);
}
