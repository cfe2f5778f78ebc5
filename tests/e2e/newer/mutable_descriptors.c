// SPDX-License-Identifier: MIT
//
// Mutable descriptors: one binding whose elements are now buffers, now images; written, written anew as something else,
// and copied from descriptors of fixed type and from other mutable ones.
#include "kernel.h"

#include "mutable_comp.h"

#define ELEMENTS 4

static const VkDescriptorType kinds[4] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
                                          VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE};

struct bench {
   struct buffer words, rows, out;
   struct image image, texture;
   VkDescriptorSetLayout layout, plain;
   VkPipelineLayout pipeline_layout;
   VkDescriptorPool pool;
   VkDescriptorSet sets[2], fixed; // two with mutable elements, one with fixed ones
};

static struct image image_filled(struct gpu *gpu, VkImageUsageFlags usage, uint32_t first)
{
   struct image image = image_2d(gpu, VK_FORMAT_R32_UINT, 16, 4, usage | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   uint32_t words[64];
   for (uint32_t i = 0; i < 64; i++)
      words[i] = first + i;
   image_upload(gpu, &image, words, sizeof(words), VK_IMAGE_LAYOUT_GENERAL);
   return image;
}

static void layouts_new(struct gpu *gpu, struct bench *b)
{
   const VkMutableDescriptorTypeListEXT lists[2] = {{COUNT(kinds), kinds}, {0, NULL}};
   const VkMutableDescriptorTypeCreateInfoEXT types = {VK_STRUCTURE_TYPE_MUTABLE_DESCRIPTOR_TYPE_CREATE_INFO_EXT,
                                                       .mutableDescriptorTypeListCount = 2,
                                                       .pMutableDescriptorTypeLists = lists};
   const VkDescriptorSetLayoutBinding bindings[2] = {
      {0, VK_DESCRIPTOR_TYPE_MUTABLE_EXT, ELEMENTS, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
      {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL}};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .pNext = &types,
                                           .bindingCount = 2, .pBindings = bindings};
   VkDescriptorSetLayoutSupport support = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT};
   vkGetDescriptorSetLayoutSupport(gpu->device, &info, &support);
   EXPECT(support.supported);
   VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &b->layout));
   VkDescriptorSetLayoutBinding fixed[4];
   for (uint32_t i = 0; i < 4; i++)
      fixed[i] = (VkDescriptorSetLayoutBinding){i, kinds[i], 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
   b->plain = set_layout_new(gpu, 0, 4, fixed);
   b->pipeline_layout = pipeline_layout_new(gpu, 1, &b->layout, 0);
}

static void sets_new(struct gpu *gpu, struct bench *b)
{
   const VkMutableDescriptorTypeListEXT list = {COUNT(kinds), kinds};
   const VkMutableDescriptorTypeCreateInfoEXT types = {VK_STRUCTURE_TYPE_MUTABLE_DESCRIPTOR_TYPE_CREATE_INFO_EXT,
                                                       .mutableDescriptorTypeListCount = 1,
                                                       .pMutableDescriptorTypeLists = &list};
   const VkDescriptorPoolSize sizes[] = {
      {VK_DESCRIPTOR_TYPE_MUTABLE_EXT, 2 * ELEMENTS}, {kinds[0], 3}, {kinds[1], 1}, {kinds[2], 1}, {kinds[3], 1}};
   VkDescriptorPoolCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .pNext = &types, .maxSets = 3,
                                      .poolSizeCount = COUNT(sizes), .pPoolSizes = sizes};
   VK(vkCreateDescriptorPool(gpu->device, &info, NULL, &b->pool));
   const VkDescriptorSetLayout all[3] = {b->layout, b->layout, b->plain};
   VkDescriptorSet sets[3];
   VkDescriptorSetAllocateInfo allocate = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, NULL, b->pool, 3, all};
   VK(vkAllocateDescriptorSets(gpu->device, &allocate, sets));
   b->sets[0] = sets[0];
   b->sets[1] = sets[1];
   b->fixed = sets[2];
}

// Writes one resource of that kind.
static void put(struct gpu *gpu, const struct bench *b, VkDescriptorSet set, uint32_t binding, uint32_t element,
                uint32_t kind)
{
   VkDescriptorBufferInfo buffer = {kind ? b->rows.handle : b->words.handle, 0, VK_WHOLE_SIZE};
   VkDescriptorImageInfo image = {VK_NULL_HANDLE, kind == 2 ? b->image.view : b->texture.view, VK_IMAGE_LAYOUT_GENERAL};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                 .dstSet = set,
                                 .dstBinding = binding,
                                 .dstArrayElement = element,
                                 .descriptorCount = 1,
                                 .descriptorType = kinds[kind],
                                 .pBufferInfo = kind < 2 ? &buffer : NULL,
                                 .pImageInfo = kind < 2 ? NULL : &image};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
}

static void copy(struct gpu *gpu, VkDescriptorSet from, uint32_t binding, uint32_t element, VkDescriptorSet to,
                 uint32_t to_element)
{
   VkCopyDescriptorSet info = {VK_STRUCTURE_TYPE_COPY_DESCRIPTOR_SET,
                               .srcSet = from,
                               .srcBinding = binding,
                               .srcArrayElement = element,
                               .dstSet = to,
                               .dstArrayElement = to_element,
                               .descriptorCount = 1};
   vkUpdateDescriptorSets(gpu->device, 0, NULL, 1, &info);
}

// places[kind] is the element that holds a descriptor of that kind.
static void run(struct gpu *gpu, struct bench *b, VkDescriptorSet set, const uint32_t places[4], const char *name)
{
   VkDescriptorBufferInfo out = {b->out.handle, 0, VK_WHOLE_SIZE};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                 .dstSet = set,
                                 .dstBinding = 1,
                                 .descriptorCount = 1,
                                 .descriptorType = kinds[0],
                                 .pBufferInfo = &out};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
   const VkSpecializationMapEntry entries[4] = {{0, 0, 4}, {1, 4, 4}, {2, 8, 4}, {3, 12, 4}};
   VkSpecializationInfo spec = {4, entries, 16, places};
   VkPipeline pipeline = compute_new(gpu, b->pipeline_layout, SHADER(gpu, mutable_comp), &spec);
   memset(b->out.map, 0, b->out.size);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline_layout, 0, 1, &set, 0, NULL);
   vkCmdDispatch(cmd, 1, 1, 1);
   cmd_submit(gpu, cmd);
   const uint32_t *seen = b->out.map;
   EXPECT(seen[4] == ((uint32_t *)b->words.map)[1] && seen[5] == ((uint32_t *)b->rows.map)[6]);
   EXPECT(seen[6] == 101 && seen[7] == 217);
   result(gpu, name, b->out.map, b->out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

static void mutate(struct gpu *gpu, struct bench *b)
{
   const uint32_t straight[4] = {0, 1, 2, 3}, turned[4] = {2, 3, 0, 1}, back[4] = {3, 2, 1, 0};
   for (uint32_t kind = 0; kind < 4; kind++)
      put(gpu, b, b->sets[0], 0, straight[kind], kind);
   run(gpu, b, b->sets[0], straight, "straight");
   for (uint32_t kind = 0; kind < 4; kind++)
      put(gpu, b, b->sets[0], 0, turned[kind], kind);
   run(gpu, b, b->sets[0], turned, "turned");
   for (uint32_t kind = 0; kind < 4; kind++) {
      put(gpu, b, b->fixed, kind, 0, kind);
      copy(gpu, b->fixed, kind, 0, b->sets[1], back[kind]);
   }
   run(gpu, b, b->sets[1], back, "copied-from-fixed");
   for (uint32_t element = 0; element < ELEMENTS; element++)
      copy(gpu, b->sets[0], 0, element, b->sets[1], element);
   run(gpu, b, b->sets[1], turned, "copied-from-mutable");
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMutableDescriptorTypeFeaturesEXT type = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MUTABLE_DESCRIPTOR_TYPE_FEATURES_EXT, .mutableDescriptorType = VK_TRUE};
   struct want want = {.core.shaderUniformBufferArrayDynamicIndexing = VK_TRUE,
                       .core.shaderStorageBufferArrayDynamicIndexing = VK_TRUE,
                       .core.shaderStorageImageArrayDynamicIndexing = VK_TRUE,
                       .core.shaderSampledImageArrayDynamicIndexing = VK_TRUE,
                       .extensions = {VK_EXT_MUTABLE_DESCRIPTOR_TYPE_EXTENSION_NAME},
                       .features = {FEATURES(type)}};
   gpu_open(&gpu, argc, argv, &want);
   struct bench b = {.words = storage_new(&gpu, 64),
                     .rows = buffer_host(&gpu, 256, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
                     .out = storage_new(&gpu, 256),
                     .image = image_filled(&gpu, VK_IMAGE_USAGE_STORAGE_BIT, 100),
                     .texture = image_filled(&gpu, VK_IMAGE_USAGE_SAMPLED_BIT, 200)};
   fill_random(&b.words, 1);
   fill_random(&b.rows, 2);
   layouts_new(&gpu, &b);
   sets_new(&gpu, &b);
   mutate(&gpu, &b);
   vkDestroyDescriptorPool(gpu.device, b.pool, NULL);
   vkDestroyPipelineLayout(gpu.device, b.pipeline_layout, NULL);
   vkDestroyDescriptorSetLayout(gpu.device, b.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu.device, b.plain, NULL);
   image_free(&gpu, &b.image);
   image_free(&gpu, &b.texture);
   buffer_free(&gpu, &b.words);
   buffer_free(&gpu, &b.rows);
   buffer_free(&gpu, &b.out);
   return gpu_close(&gpu);
}
