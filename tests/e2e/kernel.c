// SPDX-License-Identifier: MIT
//
// One compute shader with its resources in one call.
#include "kernel.h"

static VkPipeline kernel_pipeline(struct gpu *gpu, const struct kernel *kernel, VkPipelineLayout layout)
{
   VkShaderModule module = shader_new(gpu, kernel->code, kernel->size);
   VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                       .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                 .pNext = kernel->stage_next, .flags = kernel->stage_flags,
                                                 .stage = VK_SHADER_STAGE_COMPUTE_BIT, .module = module,
                                                 .pName = "main", .pSpecializationInfo = kernel->spec},
                                       .layout = layout};
   VkPipeline pipeline;
   VK(vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   vkDestroyShaderModule(gpu->device, module, NULL);
   return pipeline;
}

void kernel_run(struct gpu *gpu, const struct kernel *kernel)
{
   uint32_t count = 0;
   while (count < COUNT(kernel->bindings) &&
          (kernel->bindings[count].buffer || kernel->bindings[count].view || kernel->bindings[count].sampler))
      count++;
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, kernel->push_size, count, kernel->bindings);
   VkPipeline pipeline = kernel_pipeline(gpu, kernel, bound.layout);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   if (count)
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   if (kernel->push_size)
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, kernel->push_size, kernel->push);
   vkCmdDispatch(cmd, kernel->x ? kernel->x : 1, kernel->y ? kernel->y : 1, kernel->z ? kernel->z : 1);
   cmd_submit(gpu, cmd);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
}

void fill_random(struct buffer *buffer, uint32_t seed)
{
   for (VkDeviceSize i = 0; i < buffer->size / 4; i++)
      ((uint32_t *)buffer->map)[i] = random_next(&seed);
}

struct buffer storage_new(struct gpu *gpu, VkDeviceSize size)
{
   return buffer_host(gpu, size,
                      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                          VK_BUFFER_USAGE_TRANSFER_DST_BIT);
}

VkDescriptorSetLayout set_layout_new(struct gpu *gpu, VkDescriptorSetLayoutCreateFlags flags, uint32_t count,
                                     const VkDescriptorSetLayoutBinding *bindings)
{
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .flags = flags,
                                           .bindingCount = count, .pBindings = bindings};
   VkDescriptorSetLayout layout;
   VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

VkPipelineLayout pipeline_layout_new(struct gpu *gpu, uint32_t sets, const VkDescriptorSetLayout *layouts,
                                     uint32_t push_size)
{
   VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, push_size};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = sets,
                                      .pSetLayouts = layouts, .pushConstantRangeCount = push_size ? 1 : 0,
                                      .pPushConstantRanges = &range};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

VkDescriptorSet set_new(struct gpu *gpu, VkDescriptorSetLayout layout, uint32_t count,
                        const VkDescriptorPoolSize *sizes, const void *next, VkDescriptorPool *pool)
{
   VkDescriptorPoolCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .pNext = next, .maxSets = 1,
                                      .poolSizeCount = count, .pPoolSizes = sizes};
   VK(vkCreateDescriptorPool(gpu->device, &info, NULL, pool));
   VkDescriptorSetAllocateInfo set_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = *pool,
                                           .descriptorSetCount = 1, .pSetLayouts = &layout};
   VkDescriptorSet set;
   VK(vkAllocateDescriptorSets(gpu->device, &set_info, &set));
   return set;
}
