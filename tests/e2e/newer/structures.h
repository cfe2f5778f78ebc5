// SPDX-License-Identifier: MIT
//
// What the ray tracing programs share: building acceleration structures, and descriptor sets that hold one.
#ifndef E2E_STRUCTURES_H
#define E2E_STRUCTURES_H

#include "harness.h"

#define BUILD_INPUT                                                                                                    \
   (VK_BUFFER_USAGE_ACCELERATION_STRUCTURE_BUILD_INPUT_READ_ONLY_BIT_KHR | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT)

struct structure {
   VkAccelerationStructureKHR handle;
   struct buffer storage;
};

// What is to be built.
struct plan {
   VkAccelerationStructureTypeKHR type;
   VkBuildAccelerationStructureFlagsKHR flags;
   uint32_t count;
   VkAccelerationStructureGeometryKHR geometries[4];
   uint32_t primitives[4];
};

static inline VkDeviceAddress address_of(struct gpu *gpu, const struct buffer *buffer)
{
   VkBufferDeviceAddressInfo info = {VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = buffer->handle};
   return vkGetBufferDeviceAddress(gpu->device, &info);
}

static inline VkDeviceAddress structure_address(struct gpu *gpu, const struct structure *structure)
{
   PROC(gpu, vkGetAccelerationStructureDeviceAddressKHR);
   VkAccelerationStructureDeviceAddressInfoKHR where = {
      VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_DEVICE_ADDRESS_INFO_KHR, .accelerationStructure = structure->handle};
   return vkGetAccelerationStructureDeviceAddressKHR_(gpu->device, &where);
}

// Room for a structure of that size.
static inline struct structure structure_of_size(struct gpu *gpu, VkAccelerationStructureTypeKHR type,
                                                 VkDeviceSize size)
{
   PROC(gpu, vkCreateAccelerationStructureKHR);
   struct structure out = {.storage = buffer_device(gpu, size,
                                                    VK_BUFFER_USAGE_ACCELERATION_STRUCTURE_STORAGE_BIT_KHR |
                                                        VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT)};
   VkAccelerationStructureCreateInfoKHR info = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_CREATE_INFO_KHR,
                                                .buffer = out.storage.handle, .size = size, .type = type};
   VK(vkCreateAccelerationStructureKHR_(gpu->device, &info, NULL, &out.handle));
   return out;
}

static inline void structure_free(struct gpu *gpu, struct structure *structure)
{
   PROC(gpu, vkDestroyAccelerationStructureKHR);
   vkDestroyAccelerationStructureKHR_(gpu->device, structure->handle, NULL);
   buffer_free(gpu, &structure->storage);
}

static inline VkDeviceSize scratch_alignment(struct gpu *gpu)
{
   VkPhysicalDeviceAccelerationStructurePropertiesKHR props = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_PROPERTIES_KHR};
   VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &props};
   vkGetPhysicalDeviceProperties2(gpu->physical, &all);
   return props.minAccelerationStructureScratchOffsetAlignment;
}

// Builds `plan` into `out` (made here if it is empty); with `from` it is an update of that.
static inline void structure_build(struct gpu *gpu, const struct plan *plan, struct structure *out,
                                   const struct structure *from)
{
   PROC(gpu, vkGetAccelerationStructureBuildSizesKHR);
   PROC(gpu, vkCmdBuildAccelerationStructuresKHR);
   VkAccelerationStructureBuildGeometryInfoKHR build = {
      VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_BUILD_GEOMETRY_INFO_KHR,
      .type = plan->type,
      .flags = plan->flags,
      .mode = from ? VK_BUILD_ACCELERATION_STRUCTURE_MODE_UPDATE_KHR : VK_BUILD_ACCELERATION_STRUCTURE_MODE_BUILD_KHR,
      .srcAccelerationStructure = from ? from->handle : VK_NULL_HANDLE,
      .geometryCount = plan->count,
      .pGeometries = plan->geometries};
   VkAccelerationStructureBuildSizesInfoKHR sizes = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_BUILD_SIZES_INFO_KHR};
   vkGetAccelerationStructureBuildSizesKHR_(gpu->device, VK_ACCELERATION_STRUCTURE_BUILD_TYPE_DEVICE_KHR, &build,
                                            plan->primitives, &sizes);
   EXPECT(sizes.accelerationStructureSize);
   if (!out->handle)
      *out = structure_of_size(gpu, plan->type, sizes.accelerationStructureSize);
   VkDeviceSize align = scratch_alignment(gpu), need = from ? sizes.updateScratchSize : sizes.buildScratchSize;
   struct buffer scratch =
       buffer_device(gpu, need + align, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
   build.dstAccelerationStructure = out->handle;
   build.scratchData.deviceAddress = (address_of(gpu, &scratch) + align - 1) & ~(align - 1);
   VkAccelerationStructureBuildRangeInfoKHR ranges[4] = {{0}};
   const VkAccelerationStructureBuildRangeInfoKHR *all = ranges;
   for (uint32_t i = 0; i < plan->count; i++)
      ranges[i].primitiveCount = plan->primitives[i];
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBuildAccelerationStructuresKHR_(cmd, 1, &build, &all);
   cmd_submit(gpu, cmd);
   buffer_free(gpu, &scratch);
}

static inline VkAccelerationStructureGeometryKHR triangle_geometry(VkDeviceAddress corners, uint32_t count,
                                                                   VkGeometryFlagsKHR flags)
{
   return (VkAccelerationStructureGeometryKHR){
      VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_KHR, .geometryType = VK_GEOMETRY_TYPE_TRIANGLES_KHR,
      .geometry.triangles = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_TRIANGLES_DATA_KHR,
                             .vertexFormat = VK_FORMAT_R32G32B32_SFLOAT, .vertexData.deviceAddress = corners,
                             .vertexStride = 12, .maxVertex = count - 1, .indexType = VK_INDEX_TYPE_NONE_KHR},
      .flags = flags};
}

static inline VkAccelerationStructureGeometryKHR box_geometry(VkDeviceAddress boxes, VkGeometryFlagsKHR flags)
{
   return (VkAccelerationStructureGeometryKHR){
      VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_KHR, .geometryType = VK_GEOMETRY_TYPE_AABBS_KHR,
      .geometry.aabbs = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_AABBS_DATA_KHR, .data.deviceAddress = boxes,
                         .stride = sizeof(VkAabbPositionsKHR)},
      .flags = flags};
}

static inline struct plan instances_plan(VkDeviceAddress instances, uint32_t count,
                                         VkBuildAccelerationStructureFlagsKHR flags)
{
   return (struct plan){
      VK_ACCELERATION_STRUCTURE_TYPE_TOP_LEVEL_KHR,
      flags,
      1,
      {{VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_KHR, .geometryType = VK_GEOMETRY_TYPE_INSTANCES_KHR,
        .geometry.instances = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_INSTANCES_DATA_KHR,
                               .data.deviceAddress = instances}}},
      {count}};
}

// A set of an acceleration structure (binding 0) and a buffer or storage image (binding 1).
static inline struct bound structure_bound(struct gpu *gpu, VkShaderStageFlags stages, uint32_t push,
                                           const struct structure *scene, const struct buffer *buffer,
                                           const struct image *image)
{
   const VkDescriptorType types[2] = {VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR,
                                      image ? VK_DESCRIPTOR_TYPE_STORAGE_IMAGE : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
   struct bound bound;
   VkDescriptorSetLayoutBinding bindings[2];
   VkDescriptorPoolSize sizes[2];
   for (uint32_t i = 0; i < 2; i++) {
      bindings[i] = (VkDescriptorSetLayoutBinding){i, types[i], 1, stages, NULL};
      sizes[i] = (VkDescriptorPoolSize){types[i], 1};
   }
   VkDescriptorSetLayoutCreateInfo set_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 2,
                                               .pBindings = bindings};
   VK(vkCreateDescriptorSetLayout(gpu->device, &set_info, NULL, &bound.set_layout));
   VkPushConstantRange range = {stages, 0, push};
   VkPipelineLayoutCreateInfo layout_info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                             .pSetLayouts = &bound.set_layout, .pushConstantRangeCount = push ? 1 : 0,
                                             .pPushConstantRanges = &range};
   VK(vkCreatePipelineLayout(gpu->device, &layout_info, NULL, &bound.layout));
   VkDescriptorPoolCreateInfo pool_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1,
                                           .poolSizeCount = 2, .pPoolSizes = sizes};
   VK(vkCreateDescriptorPool(gpu->device, &pool_info, NULL, &bound.pool));
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, NULL, bound.pool, 1,
                                       &bound.set_layout};
   VK(vkAllocateDescriptorSets(gpu->device, &info, &bound.set));
   VkWriteDescriptorSetAccelerationStructureKHR structures = {
      VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR, .accelerationStructureCount = 1,
      .pAccelerationStructures = &scene->handle};
   VkDescriptorBufferInfo buffer_info = {buffer ? buffer->handle : VK_NULL_HANDLE, 0, VK_WHOLE_SIZE};
   VkDescriptorImageInfo image_info = {VK_NULL_HANDLE, image ? image->view : VK_NULL_HANDLE, VK_IMAGE_LAYOUT_GENERAL};
   VkWriteDescriptorSet writes[2] = {
      {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, &structures, bound.set, 0, 0, 1, types[0], NULL, NULL, NULL},
      {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, NULL, bound.set, 1, 0, 1, types[1], image ? &image_info : NULL,
       buffer ? &buffer_info : NULL, NULL}};
   vkUpdateDescriptorSets(gpu->device, 2, writes, 0, NULL);
   return bound;
}

#endif
