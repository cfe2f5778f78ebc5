// SPDX-License-Identifier: MIT
//
// What decodes well and would still make a driver read past our memory is refused; what stock drivers send is not.
#include "golden.h"

static const char *refused(const struct pv_reader *r)
{
   assert_null(r->why);
   return r->refused;
}

static struct pv_reader reader_of(const struct pv_writer *w)
{
   return (struct pv_reader){.p = golden_bytes + 8, .end = w->p, .arena = &golden_arena};
}

static const char *specialize(uint32_t offset, size_t size)
{
   const uint64_t data = 1;
   const VkSpecializationMapEntry entry = {.offset = offset, .size = size};
   const VkSpecializationInfo constants = {
      .mapEntryCount = 1, .pMapEntries = &entry, .dataSize = sizeof data, .pData = &data};
   const VkComputePipelineCreateInfo info = {.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                             .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                       .pName = "main",
                                                       .pSpecializationInfo = &constants},
                                             .layout = ID(VkPipelineLayout, 2)};
   VkPipeline pipeline = ID(VkPipeline, 9);
   struct pv_args_vkCreateComputePipelines args = {.device = ID(VkDevice, 1),
                                                   .createInfoCount = 1,
                                                   .pCreateInfos = &info,
                                                   .pPipelines = &pipeline,
                                                   .asked_pPipelines = 1},
                                           back;
   struct pv_writer w = golden_writer();
   pv_enc_vkCreateComputePipelines(&w, 0, &args);
   struct pv_reader r = reader_of(&w);
   pv_dec_vkCreateComputePipelines(&r, &back);
   return refused(&r);
}

static void specialization_constants_lie_inside_their_data(void **state)
{
   (void)state;
   assert_null(specialize(0, 8));
   assert_null(specialize(4, 4));
   assert_non_null(specialize(4, 8));
   assert_non_null(specialize(8, 1));
   assert_non_null(specialize(0xfffffff0, 4));
   assert_non_null(specialize(4, SIZE_MAX - 2));
}

static const char *submit_info(const VkSubmitInfo *info)
{
   struct pv_args_vkQueueSubmit args = {.queue = ID(VkQueue, 1), .submitCount = 1, .pSubmits = info}, back;
   struct pv_writer w = golden_writer();
   pv_enc_vkQueueSubmit(&w, 0, &args);
   struct pv_reader r = reader_of(&w);
   pv_dec_vkQueueSubmit(&r, &back);
   return refused(&r);
}

static const char *submit(uint32_t waits, uint32_t wait_values, uint32_t signals, uint32_t signal_values)
{
   const VkSemaphore semaphores[4] = {ID(VkSemaphore, 1), ID(VkSemaphore, 2), ID(VkSemaphore, 3), ID(VkSemaphore, 4)};
   const VkPipelineStageFlags stages[4] = {1, 1, 1, 1};
   const uint64_t values[4] = {1, 2, 3, 4};
   const VkTimelineSemaphoreSubmitInfo timeline = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                   .waitSemaphoreValueCount = wait_values,
                                                   .pWaitSemaphoreValues = values,
                                                   .signalSemaphoreValueCount = signal_values,
                                                   .pSignalSemaphoreValues = values};
   const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                              .pNext = &timeline,
                              .waitSemaphoreCount = waits,
                              .pWaitSemaphores = semaphores,
                              .pWaitDstStageMask = stages,
                              .signalSemaphoreCount = signals,
                              .pSignalSemaphores = semaphores};
   return submit_info(&info);
}

static void every_semaphore_has_its_value(void **state)
{
   (void)state;
   assert_null(submit(2, 2, 3, 3));
   assert_null(submit(2, 0, 3, 3)); // binary ones need none
   assert_null(submit(0, 0, 1, 1));
   assert_null(submit(1, 4, 1, 4));
   assert_non_null(submit(2, 1, 0, 0));
   assert_non_null(submit(0, 0, 4, 3));
}

static const char *submit_to_group(uint32_t commands, uint32_t masks, uint32_t waits, uint32_t indices)
{
   const VkSemaphore semaphores[4] = {ID(VkSemaphore, 1), ID(VkSemaphore, 2), ID(VkSemaphore, 3), ID(VkSemaphore, 4)};
   const VkPipelineStageFlags stages[4] = {1, 1, 1, 1};
   const VkCommandBuffer buffers[2] = {ID(VkCommandBuffer, 5), ID(VkCommandBuffer, 6)};
   const uint32_t words[4] = {1, 1, 1, 1};
   const VkDeviceGroupSubmitInfo group = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO,
                                          .waitSemaphoreCount = indices,
                                          .pWaitSemaphoreDeviceIndices = words,
                                          .commandBufferCount = masks,
                                          .pCommandBufferDeviceMasks = words};
   const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                              .pNext = &group,
                              .waitSemaphoreCount = waits,
                              .pWaitSemaphores = semaphores,
                              .pWaitDstStageMask = stages,
                              .commandBufferCount = commands,
                              .pCommandBuffers = buffers};
   return submit_info(&info);
}

static void every_command_buffer_has_its_mask(void **state)
{
   (void)state;
   assert_null(submit_to_group(2, 2, 3, 3));
   assert_null(submit_to_group(2, 0, 3, 0));
   assert_non_null(submit_to_group(2, 1, 3, 3));
   assert_non_null(submit_to_group(2, 2, 3, 2));
}

static const char *write_set(const VkWriteDescriptorSet *write)
{
   struct pv_args_vkUpdateDescriptorSets args = {.device = ID(VkDevice, 1),
                                                 .descriptorWriteCount = 1,
                                                 .pDescriptorWrites = write},
                                         back;
   struct pv_writer w = golden_writer();
   pv_enc_vkUpdateDescriptorSets(&w, 0, &args);
   struct pv_reader r = reader_of(&w);
   pv_dec_vkUpdateDescriptorSets(&r, &back);
   return refused(&r);
}

static void descriptors_are_as_many_as_their_count_says(void **state)
{
   (void)state;
   const VkDescriptorBufferInfo buffers[2] = {0};
   const VkDescriptorImageInfo images[2] = {0};
   const uint32_t data[4] = {0};
   VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                 .descriptorCount = 2,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER};
   assert_non_null(write_set(&write));
   write.pBufferInfo = buffers;
   assert_null(write_set(&write));
   write.descriptorType = VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE;
   assert_non_null(write_set(&write));
   write.pImageInfo = images;
   assert_null(write_set(&write));
   write.pImageInfo = NULL;
   write.descriptorCount = 0;
   assert_null(write_set(&write));

   VkWriteDescriptorSetInlineUniformBlock block = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK, .dataSize = sizeof data, .pData = data};
   write = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                  .pNext = &block,
                                  .descriptorCount = sizeof data,
                                  .descriptorType = VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK};
   assert_null(write_set(&write));
   write.descriptorCount = 1024;
   assert_non_null(write_set(&write));

   const VkAccelerationStructureKHR structure = ID(VkAccelerationStructureKHR, 7);
   VkWriteDescriptorSetAccelerationStructureKHR structures = {
      .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR,
      .accelerationStructureCount = 1,
      .pAccelerationStructures = &structure};
   write = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                  .pNext = &structures,
                                  .descriptorCount = 1,
                                  .descriptorType = VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR};
   assert_null(write_set(&write));
   write.descriptorCount = 2;
   assert_non_null(write_set(&write));
}

static const char *allocate_sets(uint32_t sets, uint32_t counts)
{
   const VkDescriptorSetLayout layouts[3] = {ID(VkDescriptorSetLayout, 1), ID(VkDescriptorSetLayout, 2),
                                             ID(VkDescriptorSetLayout, 3)};
   const uint32_t numbers[3] = {4, 4, 4};
   VkDescriptorSet made[3] = {ID(VkDescriptorSet, 11), ID(VkDescriptorSet, 12), ID(VkDescriptorSet, 13)};
   const VkDescriptorSetVariableDescriptorCountAllocateInfo variable = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_ALLOCATE_INFO,
      .descriptorSetCount = counts,
      .pDescriptorCounts = numbers};
   const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                             .pNext = &variable,
                                             .descriptorPool = ID(VkDescriptorPool, 5),
                                             .descriptorSetCount = sets,
                                             .pSetLayouts = layouts};
   struct pv_args_vkAllocateDescriptorSets args = {.device = ID(VkDevice, 1),
                                                   .pAllocateInfo = &info,
                                                   .pDescriptorSets = made,
                                                   .asked_pDescriptorSets = sets},
                                           back;
   struct pv_writer w = golden_writer();
   pv_enc_vkAllocateDescriptorSets(&w, 0, &args);
   struct pv_reader r = reader_of(&w);
   pv_dec_vkAllocateDescriptorSets(&r, &back);
   return refused(&r);
}

static void variable_counts_are_one_per_set(void **state)
{
   (void)state;
   assert_null(allocate_sets(3, 3));
   assert_null(allocate_sets(3, 0));
   assert_non_null(allocate_sets(3, 2));
}

static int setup(void **state)
{
   (void)state;
   pv_arena_init(&golden_arena, 1 << 20);
   return 0;
}

static int teardown(void **state)
{
   (void)state;
   pv_arena_fini(&golden_arena);
   return 0;
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(specialization_constants_lie_inside_their_data),
      cmocka_unit_test(every_semaphore_has_its_value),
      cmocka_unit_test(every_command_buffer_has_its_mask),
      cmocka_unit_test(descriptors_are_as_many_as_their_count_says),
      cmocka_unit_test(variable_counts_are_one_per_set),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
