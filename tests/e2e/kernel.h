// SPDX-License-Identifier: MIT
//
// One compute shader with its resources in one call: most compute programs are a few of these and their results.
#ifndef E2E_KERNEL_H
#define E2E_KERNEL_H

#include "harness.h"

struct kernel {
   const uint32_t *code;
   size_t size;
   const void *push;
   uint32_t push_size;
   const VkSpecializationInfo *spec;
   VkPipelineShaderStageCreateFlags stage_flags;
   const void *stage_next;     // pNext of the shader stage
   uint32_t x, y, z;           // work groups; zero counts as one
   struct binding bindings[8]; // up to the first one without buffer, view and sampler
};

// For initialisers: the words of a generated shader header.
#define CODE(array) .code = (array), .size = sizeof(array)
// For initialisers: a variable as push constants.
#define PUSH(variable) .push = &(variable), .push_size = sizeof(variable)
// For initialisers of a binding.
#define STORAGE(buffer)   {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, (buffer)}
#define UNIFORM(buffer)   {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, (buffer)}
#define STORAGE_IMAGE(of) {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, .view = (of), .layout = VK_IMAGE_LAYOUT_GENERAL}

// Makes the pipeline, dispatches once, waits, destroys everything.
void kernel_run(struct gpu *gpu, const struct kernel *kernel);
// Fills a mapped buffer with reproducible words.
void fill_random(struct buffer *buffer, uint32_t seed);
// Storage buffers of `size` bytes that can be copied from and to.
struct buffer storage_new(struct gpu *gpu, VkDeviceSize size);

// The parts of a pipeline layout where one set is not enough.
VkDescriptorSetLayout set_layout_new(struct gpu *gpu, VkDescriptorSetLayoutCreateFlags flags, uint32_t count,
                                     const VkDescriptorSetLayoutBinding *bindings);
VkPipelineLayout pipeline_layout_new(struct gpu *gpu, uint32_t sets, const VkDescriptorSetLayout *layouts,
                                     uint32_t push_size);
// One set and the pool it is from; `next` is the pool's pNext.
VkDescriptorSet set_new(struct gpu *gpu, VkDescriptorSetLayout layout, uint32_t count,
                        const VkDescriptorPoolSize *sizes, const void *next, VkDescriptorPool *pool);

#endif
