// SPDX-License-Identifier: MIT
//
// Descriptor indexing: arrays of textures, storage images, texel buffers and uniform buffers that every invocation
// indexes differently, written after they were bound, partly or never, the last one of variable length.
#include "harness.h"

#include "indexing_comp.h"

#define FEW      16
#define TEXTURES 200 // of up to 500
#define THREADS  1024

struct world {
   struct buffer out, blocks, texels;
   struct image images[FEW], textures[4];
   VkBufferView views[FEW];
   VkDescriptorSetLayout set_layout;
   VkDescriptorPool pool;
   VkDescriptorSet set;
};

static struct image image_of(struct gpu *gpu, VkImageUsageFlags usage, VkImageLayout layout, uint32_t seed)
{
   uint32_t words[16];
   for (size_t i = 0; i < COUNT(words); i++)
      words[i] = random_next(&seed);
   struct image image = image_2d(gpu, VK_FORMAT_R32_UINT, 4, 4, usage | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   image_upload(gpu, &image, words, sizeof(words), layout);
   return image;
}

static void make_resources(struct gpu *gpu, struct world *w)
{
   w->out = buffer_host(gpu, THREADS * 16, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   w->blocks = buffer_host(gpu, FEW * 256, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   w->texels = buffer_host(gpu, FEW * 256, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT);
   for (uint32_t i = 0; i < FEW * 64; i++) {
      ((uint32_t *)w->blocks.map)[i] = i * 11;
      ((uint32_t *)w->texels.map)[i] = i * 13;
   }
   for (uint32_t i = 0; i < FEW; i++) {
      VkBufferViewCreateInfo view = {VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO, .buffer = w->texels.handle,
                                     .format = VK_FORMAT_R32_UINT, .offset = i * 256, .range = 64};
      VK(vkCreateBufferView(gpu->device, &view, NULL, &w->views[i]));
      w->images[i] = image_of(gpu, VK_IMAGE_USAGE_STORAGE_BIT, VK_IMAGE_LAYOUT_GENERAL, i + 1);
   }
   for (uint32_t i = 0; i < COUNT(w->textures); i++)
      w->textures[i] = image_of(gpu, VK_IMAGE_USAGE_SAMPLED_BIT, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, i + 1000);
}

static void make_set(struct gpu *gpu, struct world *w)
{
   const VkShaderStageFlags stage = VK_SHADER_STAGE_COMPUTE_BIT;
   const VkDescriptorBindingFlags late = VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT,
                                  part = late | VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT;
   VkDescriptorSetLayoutBinding bindings[] = {{0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, stage, NULL},
                                              {1, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, FEW, stage, NULL},
                                              {2, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, FEW, stage, NULL},
                                              {3, VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, FEW, stage, NULL},
                                              {4, VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE, 500, stage, NULL}};
   VkDescriptorBindingFlags flags[] = {0, 0, late, part | VK_DESCRIPTOR_BINDING_UPDATE_UNUSED_WHILE_PENDING_BIT,
                                       part | VK_DESCRIPTOR_BINDING_VARIABLE_DESCRIPTOR_COUNT_BIT};
   VkDescriptorSetLayoutBindingFlagsCreateInfo binding_flags = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO, .bindingCount = COUNT(flags),
      .pBindingFlags = flags};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, &binding_flags,
                                           VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT, COUNT(bindings),
                                           bindings};
   VkDescriptorSetVariableDescriptorCountLayoutSupport variable_support = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_LAYOUT_SUPPORT};
   VkDescriptorSetLayoutSupport support = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT, &variable_support};
   vkGetDescriptorSetLayoutSupport(gpu->device, &info, &support);
   if (!support.supported)
      skip("needs an array of 500 textures");
   result(gpu, "most-textures", &variable_support.maxVariableDescriptorCount, 4);
   VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &w->set_layout));
   VkDescriptorPoolSize sizes[COUNT(bindings)];
   for (size_t i = 0; i < COUNT(bindings); i++)
      sizes[i] = (VkDescriptorPoolSize){bindings[i].descriptorType, bindings[i].descriptorCount};
   VkDescriptorPoolCreateInfo pool = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                      .flags = VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT, .maxSets = 1,
                                      .poolSizeCount = COUNT(sizes), .pPoolSizes = sizes};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &w->pool));
   uint32_t count = TEXTURES;
   VkDescriptorSetVariableDescriptorCountAllocateInfo variable = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_ALLOCATE_INFO, .descriptorSetCount = 1,
      .pDescriptorCounts = &count};
   VkDescriptorSetAllocateInfo set = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, &variable, w->pool, 1,
                                      &w->set_layout};
   VK(vkAllocateDescriptorSets(gpu->device, &set, &w->set));
}

static VkWriteDescriptorSet write_to(const struct world *w, uint32_t binding, uint32_t count, VkDescriptorType type)
{
   return (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = w->set, .dstBinding = binding,
                                 .descriptorCount = count, .descriptorType = type};
}

static void write_early(struct gpu *gpu, struct world *w)
{
   VkDescriptorBufferInfo out = {w->out.handle, 0, VK_WHOLE_SIZE}, blocks[FEW];
   for (uint32_t i = 0; i < FEW; i++)
      blocks[i] = (VkDescriptorBufferInfo){w->blocks.handle, (FEW - 1 - i) * 256, 64};
   VkWriteDescriptorSet writes[] = {write_to(w, 0, 1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER),
                                    write_to(w, 1, FEW, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER)};
   writes[0].pBufferInfo = &out;
   writes[1].pBufferInfo = blocks;
   vkUpdateDescriptorSets(gpu->device, COUNT(writes), writes, 0, NULL);
}

static void write_late(struct gpu *gpu, struct world *w)
{
   VkDescriptorImageInfo images[FEW], textures[TEXTURES];
   for (uint32_t i = 0; i < FEW; i++)
      images[i] = (VkDescriptorImageInfo){VK_NULL_HANDLE, w->images[i].view, VK_IMAGE_LAYOUT_GENERAL};
   for (uint32_t i = 0; i < TEXTURES; i++)
      textures[i] = (VkDescriptorImageInfo){VK_NULL_HANDLE, w->textures[i * 7 % 4].view,
                                            VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
   VkWriteDescriptorSet writes[] = {write_to(w, 2, FEW, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE),
                                    write_to(w, 3, FEW, VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER),
                                    write_to(w, 4, TEXTURES, VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE)};
   writes[0].pImageInfo = images;
   writes[1].pTexelBufferView = w->views;
   writes[2].pImageInfo = textures;
   vkUpdateDescriptorSets(gpu->device, COUNT(writes), writes, 0, NULL);
   writes[2].dstArrayElement = 13; // once more, a single one
   writes[2].descriptorCount = 1;
   vkUpdateDescriptorSets(gpu->device, 1, &writes[2], 0, NULL);
}

static void run(struct gpu *gpu, struct world *w)
{
   VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 8};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                      .pSetLayouts = &w->set_layout, .pushConstantRangeCount = 1,
                                      .pPushConstantRanges = &range};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   VkPipeline pipeline = compute_new(gpu, layout, SHADER(gpu, indexing_comp), NULL);
   uint32_t push[] = {TEXTURES, 7};
   write_early(gpu, w);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &w->set, 0, NULL);
   vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(cmd, THREADS / 64, 1, 1);
   write_late(gpu, w);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)w->out.map)[4] == ((FEW - 1 - 7) * 64 + 1 * 4 + 0) * 11);
   EXPECT(((uint32_t *)w->out.map)[6] == (7 * 64 + 1) * 13);
   result(gpu, "indexed", w->out.map, w->out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyPipelineLayout(gpu->device, layout, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.runtimeDescriptorArray = VK_TRUE,
                       .v12.shaderUniformBufferArrayNonUniformIndexing = VK_TRUE,
                       .v12.shaderSampledImageArrayNonUniformIndexing = VK_TRUE,
                       .v12.shaderStorageImageArrayNonUniformIndexing = VK_TRUE,
                       .v12.shaderUniformTexelBufferArrayNonUniformIndexing = VK_TRUE,
                       .v12.descriptorBindingStorageImageUpdateAfterBind = VK_TRUE,
                       .v12.descriptorBindingSampledImageUpdateAfterBind = VK_TRUE,
                       .v12.descriptorBindingUniformTexelBufferUpdateAfterBind = VK_TRUE,
                       .v12.descriptorBindingUpdateUnusedWhilePending = VK_TRUE,
                       .v12.descriptorBindingVariableDescriptorCount = VK_TRUE,
                       .v12.descriptorBindingPartiallyBound = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct world w = {0};
   make_resources(&gpu, &w);
   make_set(&gpu, &w);
   run(&gpu, &w);
   vkDestroyDescriptorPool(gpu.device, w.pool, NULL);
   vkDestroyDescriptorSetLayout(gpu.device, w.set_layout, NULL);
   for (uint32_t i = 0; i < FEW; i++) {
      vkDestroyBufferView(gpu.device, w.views[i], NULL);
      image_free(&gpu, &w.images[i]);
   }
   for (uint32_t i = 0; i < COUNT(w.textures); i++)
      image_free(&gpu, &w.textures[i]);
   buffer_free(&gpu, &w.out);
   buffer_free(&gpu, &w.blocks);
   buffer_free(&gpu, &w.texels);
   return gpu_close(&gpu);
}
