// SPDX-License-Identifier: MIT
//
// VK_KHR_maintenance6: descriptor sets, push constants and pushed descriptors bound by structs, with and without an
// update template; binding memory with a status of its own for every resource.
#include "kernel.h"

#include "add_comp.h"

#define WORDS 128

struct bench {
   struct buffer data[3];
   VkDescriptorSetLayout set_layout, push_layout;
   VkPipelineLayout layout, pushing;
   VkDescriptorPool pool;
   VkDescriptorSet set;
   VkPipeline pipeline, pushed;
};

static VkDescriptorBufferInfo whole(const struct buffer *buffer)
{
   return (VkDescriptorBufferInfo){buffer->handle, 0, VK_WHOLE_SIZE};
}

static struct bench bench_new(struct gpu *gpu)
{
   struct bench b;
   VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
   VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1};
   for (int i = 0; i < 3; i++) {
      b.data[i] = storage_new(gpu, 4 * WORDS);
      fill_random(&b.data[i], (uint32_t)i + 1);
   }
   b.set_layout = set_layout_new(gpu, 0, 1, &binding);
   b.push_layout = set_layout_new(gpu, VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR, 1, &binding);
   b.layout = pipeline_layout_new(gpu, 1, &b.set_layout, 12);
   b.pushing = pipeline_layout_new(gpu, 1, &b.push_layout, 12);
   b.set = set_new(gpu, b.set_layout, 1, &size, NULL, &b.pool);
   VkDescriptorBufferInfo info = whole(&b.data[0]);
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = b.set, .descriptorCount = 1,
                                 .descriptorType = binding.descriptorType, .pBufferInfo = &info};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
   b.pipeline = compute_new(gpu, b.layout, SHADER(gpu, add_comp), NULL);
   b.pushed = compute_new(gpu, b.pushing, SHADER(gpu, add_comp), NULL);
   return b;
}

static void bench_free(struct gpu *gpu, struct bench *b)
{
   vkDestroyPipeline(gpu->device, b->pipeline, NULL);
   vkDestroyPipeline(gpu->device, b->pushed, NULL);
   vkDestroyDescriptorPool(gpu->device, b->pool, NULL);
   vkDestroyPipelineLayout(gpu->device, b->layout, NULL);
   vkDestroyPipelineLayout(gpu->device, b->pushing, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, b->set_layout, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, b->push_layout, NULL);
   for (int i = 0; i < 3; i++)
      buffer_free(gpu, &b->data[i]);
}

// The constants arrive in two pieces.
static void constants(struct gpu *gpu, VkCommandBuffer cmd, VkPipelineLayout layout, uint32_t factor, uint32_t term)
{
   PROC(gpu, vkCmdPushConstants2KHR);
   const uint32_t values[3] = {WORDS, factor, term};
   VkPushConstantsInfoKHR first = {VK_STRUCTURE_TYPE_PUSH_CONSTANTS_INFO_KHR, .layout = layout,
                                   .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = 8, .pValues = values};
   VkPushConstantsInfoKHR last = first;
   last.offset = 8;
   last.size = 4;
   last.pValues = values + 2;
   vkCmdPushConstants2KHR_(cmd, &first);
   vkCmdPushConstants2KHR_(cmd, &last);
}

static void bind_set(struct gpu *gpu, VkCommandBuffer cmd, const struct bench *b)
{
   PROC(gpu, vkCmdBindDescriptorSets2KHR);
   VkBindDescriptorSetsInfoKHR info = {VK_STRUCTURE_TYPE_BIND_DESCRIPTOR_SETS_INFO_KHR,
                                       .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .layout = b->layout,
                                       .descriptorSetCount = 1, .pDescriptorSets = &b->set};
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
   vkCmdBindDescriptorSets2KHR_(cmd, &info);
   constants(gpu, cmd, b->layout, 3, 1);
}

static void push_set(struct gpu *gpu, VkCommandBuffer cmd, const struct bench *b)
{
   PROC(gpu, vkCmdPushDescriptorSet2KHR);
   VkDescriptorBufferInfo buffer = whole(&b->data[1]);
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .descriptorCount = 1,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .pBufferInfo = &buffer};
   VkPushDescriptorSetInfoKHR info = {VK_STRUCTURE_TYPE_PUSH_DESCRIPTOR_SET_INFO_KHR,
                                      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .layout = b->pushing,
                                      .descriptorWriteCount = 1, .pDescriptorWrites = &write};
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pushed);
   vkCmdPushDescriptorSet2KHR_(cmd, &info);
   constants(gpu, cmd, b->pushing, 5, 2);
}

static VkDescriptorUpdateTemplate push_template(struct gpu *gpu, VkCommandBuffer cmd, const struct bench *b)
{
   PROC(gpu, vkCmdPushDescriptorSetWithTemplate2KHR);
   VkDescriptorUpdateTemplateEntry entry = {0, 0, 1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 8, 0};
   VkDescriptorUpdateTemplateCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
                                                .descriptorUpdateEntryCount = 1,
                                                .pDescriptorUpdateEntries = &entry,
                                                .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_PUSH_DESCRIPTORS_KHR,
                                                .pipelineBindPoint = VK_PIPELINE_BIND_POINT_COMPUTE,
                                                .pipelineLayout = b->pushing};
   VkDescriptorUpdateTemplate template;
   VK(vkCreateDescriptorUpdateTemplate(gpu->device, &info, NULL, &template));
   struct {
      uint64_t unused;
      VkDescriptorBufferInfo buffer;
   } data = {~0ull, whole(&b->data[2])};
   VkPushDescriptorSetWithTemplateInfoKHR push = {VK_STRUCTURE_TYPE_PUSH_DESCRIPTOR_SET_WITH_TEMPLATE_INFO_KHR,
                                                  .descriptorUpdateTemplate = template, .layout = b->pushing,
                                                  .pData = &data};
   vkCmdPushDescriptorSetWithTemplate2KHR_(cmd, &push);
   constants(gpu, cmd, b->pushing, 7, 3);
   return template;
}

static void by_structs(struct gpu *gpu)
{
   struct bench b = bench_new(gpu);
   VkCommandBuffer cmd = cmd_begin(gpu);
   bind_set(gpu, cmd, &b);
   vkCmdDispatch(cmd, WORDS / 64, 1, 1);
   push_set(gpu, cmd, &b);
   vkCmdDispatch(cmd, WORDS / 64, 1, 1);
   VkDescriptorUpdateTemplate template = push_template(gpu, cmd, &b);
   vkCmdDispatch(cmd, WORDS / 64, 1, 1);
   cmd_submit(gpu, cmd);
   for (int i = 0; i < 3; i++)
      result(gpu, i == 0 ? "bound" : i == 1 ? "pushed" : "by-template", b.data[i].map, b.data[i].size);
   vkDestroyDescriptorUpdateTemplate(gpu->device, template, NULL);
   bench_free(gpu, &b);
}

// Two buffers in one call, each with a place for its own result.
static void statuses(struct gpu *gpu)
{
   VkBuffer buffers[2];
   VkMemoryRequirements need;
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 4096,
                              .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   for (int i = 0; i < 2; i++) {
      VK(vkCreateBuffer(gpu->device, &info, NULL, &buffers[i]));
      vkGetBufferMemoryRequirements(gpu->device, buffers[i], &need);
   }
   VkDeviceSize second = (need.size + need.alignment - 1) & ~(need.alignment - 1);
   VkMemoryAllocateInfo allocate = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = second + need.size,
      .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                     VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &allocate, NULL, &memory));
   VkResult each[2] = {VK_ERROR_UNKNOWN, VK_ERROR_UNKNOWN};
   VkBindMemoryStatusKHR status[2];
   VkBindBufferMemoryInfo binds[2];
   for (int i = 0; i < 2; i++) {
      status[i] = (VkBindMemoryStatusKHR){VK_STRUCTURE_TYPE_BIND_MEMORY_STATUS_KHR, .pResult = &each[i]};
      binds[i] = (VkBindBufferMemoryInfo){VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_INFO, &status[i], buffers[i], memory,
                                          i ? second : 0};
   }
   VK(vkBindBufferMemory2(gpu->device, 2, binds));
   EXPECT(each[0] == VK_SUCCESS && each[1] == VK_SUCCESS);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdFillBuffer(cmd, buffers[0], 0, 4096, 0x11223344);
   vkCmdFillBuffer(cmd, buffers[1], 0, 4096, 0x55667788);
   cmd_submit(gpu, cmd);
   uint8_t *map;
   VK(vkMapMemory(gpu->device, memory, 0, VK_WHOLE_SIZE, 0, (void **)&map));
   result(gpu, "first", map, 4096);
   result(gpu, "second", map + second, 4096);
   vkDestroyBuffer(gpu->device, buffers[0], NULL);
   vkDestroyBuffer(gpu->device, buffers[1], NULL);
   vkFreeMemory(gpu->device, memory, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMaintenance6FeaturesKHR maintenance = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_6_FEATURES_KHR,
                                                          .maintenance6 = VK_TRUE};
   struct want want = {.extensions = {VK_KHR_MAINTENANCE_6_EXTENSION_NAME, VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME},
                       .features = {FEATURES(maintenance)}};
   gpu_open(&gpu, argc, argv, &want);
   by_structs(&gpu);
   statuses(&gpu);
   return gpu_close(&gpu);
}
