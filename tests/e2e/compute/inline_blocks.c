// SPDX-License-Identifier: MIT
//
// Inline uniform blocks: written whole and in parts at byte offsets, copied between sets, and, where the device allows
// it, written after the set was bound.
#include "kernel.h"

#include "inline_blocks_comp.h"

#define SMALL 64
#define LARGE 192

struct blocks {
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipeline pipeline;
   VkDescriptorPool pool;
   VkDescriptorSet sets[3];
   struct buffer out;
};

static void make_sets(struct gpu *gpu, struct blocks *b)
{
   VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 3},
                                   {VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, 3 * (SMALL + LARGE)}};
   VkDescriptorPoolInlineUniformBlockCreateInfo limit = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_INLINE_UNIFORM_BLOCK_CREATE_INFO, .maxInlineUniformBlockBindings = 6};
   VkDescriptorPoolCreateInfo pool = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                      .pNext = &limit,
                                      .flags = VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT,
                                      .maxSets = 3,
                                      .poolSizeCount = COUNT(sizes),
                                      .pPoolSizes = sizes};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &b->pool));
   VkDescriptorSetLayout layouts[] = {b->set_layout, b->set_layout, b->set_layout};
   VkDescriptorSetAllocateInfo sets = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = b->pool,
                                       .descriptorSetCount = 3, .pSetLayouts = layouts};
   VK(vkAllocateDescriptorSets(gpu->device, &sets, b->sets));
}

static void make_layout(struct gpu *gpu, struct blocks *b)
{
   const VkShaderStageFlags stage = VK_SHADER_STAGE_COMPUTE_BIT;
   VkDescriptorSetLayoutBinding bindings[] = {{0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, stage, NULL},
                                              {2, VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, SMALL, stage, NULL},
                                              {5, VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, LARGE, stage, NULL}};
   VkDescriptorBindingFlags flags[] = {0, 0, VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT};
   VkDescriptorSetLayoutBindingFlagsCreateInfo late = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO, .bindingCount = COUNT(flags),
      .pBindingFlags = flags};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .pNext = &late,
                                           .flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT,
                                           .bindingCount = COUNT(bindings), .pBindings = bindings};
   VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &b->set_layout));
   b->layout = pipeline_layout_new(gpu, 1, &b->set_layout, 0);
   b->pipeline = compute_new(gpu, b->layout, SHADER(gpu, inline_blocks_comp), NULL);
}

static void write_part(struct gpu *gpu, VkDescriptorSet set, uint32_t binding, uint32_t offset, uint32_t size,
                       uint32_t seed)
{
   uint32_t words[LARGE / 4];
   for (uint32_t i = 0; i < size / 4; i++)
      words[i] = seed * 1000 + i;
   VkWriteDescriptorSetInlineUniformBlock data = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
                                                  .dataSize = size, .pData = words};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, &data, set, binding, offset, size,
                                 VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
}

static void write_out(struct gpu *gpu, struct blocks *b, uint32_t set)
{
   VkDescriptorBufferInfo info = {b->out.handle, set * 256, 256};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = b->sets[set], .descriptorCount = 1,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .pBufferInfo = &info};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
}

static void copy_part(struct gpu *gpu, struct blocks *b, uint32_t binding, uint32_t from, uint32_t to, uint32_t size)
{
   VkCopyDescriptorSet copy = {VK_STRUCTURE_TYPE_COPY_DESCRIPTOR_SET,
                               .srcSet = b->sets[from],
                               .srcBinding = binding,
                               .srcArrayElement = 16, // bytes
                               .dstSet = b->sets[to],
                               .dstBinding = binding,
                               .descriptorCount = size};
   vkUpdateDescriptorSets(gpu->device, 0, NULL, 1, &copy);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.inlineUniformBlock = VK_TRUE,
                       .v13.descriptorBindingInlineUniformBlockUpdateAfterBind = VK_TRUE,
                       .api = VK_API_VERSION_1_3};
   gpu_open(&gpu, argc, argv, &want);
   struct blocks b = {.out = storage_new(&gpu, 3 * 256)};
   make_layout(&gpu, &b);
   make_sets(&gpu, &b);
   for (uint32_t set = 0; set < 3; set++) {
      write_out(&gpu, &b, set);
      write_part(&gpu, b.sets[set], 2, 0, SMALL, 1 + set);
      write_part(&gpu, b.sets[set], 5, 0, LARGE, 10 + set);
   }
   write_part(&gpu, b.sets[0], 2, 20, 12, 50);
   copy_part(&gpu, &b, 2, 0, 1, 32);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b.pipeline);
   for (uint32_t set = 0; set < 3; set++) {
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b.layout, 0, 1, &b.sets[set], 0, NULL);
      vkCmdDispatch(cmd, 1, 1, 1);
   }
   write_part(&gpu, b.sets[2], 5, 100, 8, 90); // the set is bound already
   copy_part(&gpu, &b, 5, 0, 1, 64);
   cmd_submit(&gpu, cmd);
   const uint32_t *out = b.out.map;
   EXPECT(out[5] == 50000 && out[64] == 1004 && out[65] == 50000 && out[64 + 16] == 10004);
   EXPECT(out[128 + 16 + 25] == 90000);
   result(&gpu, "blocks", b.out.map, b.out.size);
   vkDestroyPipeline(gpu.device, b.pipeline, NULL);
   vkDestroyDescriptorPool(gpu.device, b.pool, NULL);
   vkDestroyPipelineLayout(gpu.device, b.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu.device, b.set_layout, NULL);
   buffer_free(&gpu, &b.out);
   return gpu_close(&gpu);
}
