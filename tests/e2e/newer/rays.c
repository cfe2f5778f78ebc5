// SPDX-License-Identifier: MIT
//
// Acceleration structures built by the device out of addresses, and rays that a compute shader sends through them.
#include "harness.h"

#include "rays_comp.h"

#define SIZE      64
#define INSTANCES 5

#define PROC(gpu, name) PFN_##name name##_ = (PFN_##name)vkGetDeviceProcAddr((gpu)->device, #name)

struct structure {
   VkAccelerationStructureKHR handle;
   struct buffer storage;
};

static VkDeviceAddress address_of(struct gpu *gpu, const struct buffer *buffer)
{
   VkBufferDeviceAddressInfo info = {VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = buffer->handle};
   return vkGetBufferDeviceAddress(gpu->device, &info);
}

static struct structure structure_new(struct gpu *gpu, VkAccelerationStructureTypeKHR type,
                                      const VkAccelerationStructureGeometryKHR *geometry, uint32_t primitives)
{
   PROC(gpu, vkGetAccelerationStructureBuildSizesKHR);
   PROC(gpu, vkCreateAccelerationStructureKHR);
   PROC(gpu, vkCmdBuildAccelerationStructuresKHR);
   struct structure out;
   VkAccelerationStructureBuildGeometryInfoKHR build = {
       VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_BUILD_GEOMETRY_INFO_KHR,
       .type = type,
       .flags = VK_BUILD_ACCELERATION_STRUCTURE_PREFER_FAST_TRACE_BIT_KHR,
       .mode = VK_BUILD_ACCELERATION_STRUCTURE_MODE_BUILD_KHR,
       .geometryCount = 1,
       .pGeometries = geometry};
   VkAccelerationStructureBuildSizesInfoKHR sizes = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_BUILD_SIZES_INFO_KHR};
   vkGetAccelerationStructureBuildSizesKHR_(gpu->device, VK_ACCELERATION_STRUCTURE_BUILD_TYPE_DEVICE_KHR, &build,
                                            &primitives, &sizes);
   EXPECT(sizes.accelerationStructureSize && sizes.buildScratchSize);
   out.storage = buffer_device(gpu, sizes.accelerationStructureSize,
                               VK_BUFFER_USAGE_ACCELERATION_STRUCTURE_STORAGE_BIT_KHR |
                                   VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
   VkAccelerationStructureCreateInfoKHR info = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_CREATE_INFO_KHR,
                                                .buffer = out.storage.handle, .size = sizes.accelerationStructureSize,
                                                .type = type};
   VK(vkCreateAccelerationStructureKHR_(gpu->device, &info, NULL, &out.handle));
   struct buffer scratch =
       buffer_device(gpu, sizes.buildScratchSize + 256,
                     VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
   build.dstAccelerationStructure = out.handle;
   build.scratchData.deviceAddress = (address_of(gpu, &scratch) + 255) & ~(VkDeviceAddress)255;
   const VkAccelerationStructureBuildRangeInfoKHR range = {.primitiveCount = primitives}, *ranges = &range;
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBuildAccelerationStructuresKHR_(cmd, 1, &build, &ranges);
   cmd_submit(gpu, cmd);
   buffer_free(gpu, &scratch);
   return out;
}

static struct structure triangles_new(struct gpu *gpu, struct buffer *vertices)
{
   static const float corners[][3] = {{-0.6f, -0.5f, 0}, {0.6f, -0.4f, 0.2f}, {0, 0.7f, 0.1f},
                                      {-0.3f, 0.2f, -1}, {0.2f, 0.2f, -1},    {0, 0.5f, -1.5f}};
   memcpy(vertices->map, corners, sizeof(corners));
   VkAccelerationStructureGeometryKHR geometry = {
       VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_KHR, .geometryType = VK_GEOMETRY_TYPE_TRIANGLES_KHR,
       .geometry.triangles = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_TRIANGLES_DATA_KHR,
                              .vertexFormat = VK_FORMAT_R32G32B32_SFLOAT,
                              .vertexData.deviceAddress = address_of(gpu, vertices), .vertexStride = sizeof(corners[0]),
                              .maxVertex = COUNT(corners) - 1, .indexType = VK_INDEX_TYPE_NONE_KHR},
       .flags = VK_GEOMETRY_OPAQUE_BIT_KHR};
   return structure_new(gpu, VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR, &geometry, COUNT(corners) / 3);
}

static struct structure scene_new(struct gpu *gpu, const struct structure *bottom, struct buffer *instances)
{
   PROC(gpu, vkGetAccelerationStructureDeviceAddressKHR);
   VkAccelerationStructureDeviceAddressInfoKHR where = {
       VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_DEVICE_ADDRESS_INFO_KHR, .accelerationStructure = bottom->handle};
   VkDeviceAddress address = vkGetAccelerationStructureDeviceAddressKHR_(gpu->device, &where);
   for (uint32_t i = 0; i < INSTANCES; i++)
      ((VkAccelerationStructureInstanceKHR *)instances->map)[i] =
          (VkAccelerationStructureInstanceKHR){.transform = {{{1, 0.2f * (float)i, 0, (float)i * 0.7f - 1.4f},
                                                              {0, 1, 0, (float)(i % 3) - 1},
                                                              {0, 0, 1, (float)i}}},
                                               .instanceCustomIndex = 10 + i,
                                               .mask = 0xff,
                                               .flags = VK_GEOMETRY_INSTANCE_TRIANGLE_FACING_CULL_DISABLE_BIT_KHR,
                                               .accelerationStructureReference = address};
   VkAccelerationStructureGeometryKHR geometry = {
       VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_KHR, .geometryType = VK_GEOMETRY_TYPE_INSTANCES_KHR,
       .geometry.instances = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_INSTANCES_DATA_KHR,
                              .data.deviceAddress = address_of(gpu, instances)},
       .flags = VK_GEOMETRY_OPAQUE_BIT_KHR};
   return structure_new(gpu, VK_ACCELERATION_STRUCTURE_TYPE_TOP_LEVEL_KHR, &geometry, INSTANCES);
}

static VkDescriptorSet make_set(struct gpu *gpu, VkDescriptorPool *pool, VkDescriptorSetLayout *layout,
                                const struct structure *scene, const struct buffer *out)
{
   const VkDescriptorType types[2] = {VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
   VkDescriptorSetLayoutBinding bindings[2];
   VkDescriptorPoolSize sizes[2];
   for (uint32_t i = 0; i < 2; i++) {
      bindings[i] = (VkDescriptorSetLayoutBinding){i, types[i], 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
      sizes[i] = (VkDescriptorPoolSize){types[i], 1};
   }
   VkDescriptorSetLayoutCreateInfo layout_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                                  .bindingCount = 2, .pBindings = bindings};
   VkDescriptorPoolCreateInfo pool_info = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1,
                                           .poolSizeCount = 2, .pPoolSizes = sizes};
   VK(vkCreateDescriptorSetLayout(gpu->device, &layout_info, NULL, layout));
   VK(vkCreateDescriptorPool(gpu->device, &pool_info, NULL, pool));
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, NULL, *pool, 1, layout};
   VkDescriptorSet set;
   VK(vkAllocateDescriptorSets(gpu->device, &info, &set));
   VkWriteDescriptorSetAccelerationStructureKHR structures = {
       VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_ACCELERATION_STRUCTURE_KHR, .accelerationStructureCount = 1,
       .pAccelerationStructures = &scene->handle};
   VkDescriptorBufferInfo buffer = {out->handle, 0, VK_WHOLE_SIZE};
   VkWriteDescriptorSet writes[2] = {
       {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, &structures, set, 0, 0, 1, types[0], NULL, NULL, NULL},
       {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, NULL, set, 1, 0, 1, types[1], NULL, &buffer, NULL}};
   vkUpdateDescriptorSets(gpu->device, 2, writes, 0, NULL);
   return set;
}

static void trace(struct gpu *gpu, const struct structure *scene)
{
   struct buffer out = buffer_host(gpu, SIZE * SIZE * 16, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   VkDescriptorSetLayout set_layout;
   VkDescriptorPool pool;
   VkDescriptorSet set = make_set(gpu, &pool, &set_layout, scene, &out);
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                      .pSetLayouts = &set_layout};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   VkPipeline pipeline = compute_new(gpu, layout, SHADER(gpu, rays_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
   vkCmdDispatch(cmd, SIZE / 8, SIZE / 8, 1);
   cmd_submit(gpu, cmd);
   uint32_t hits = 0;
   for (uint32_t i = 0; i < SIZE * SIZE; i++)
      hits += ((float *)out.map)[4 * i] > 0;
   EXPECT(hits > 300 && hits < SIZE * SIZE);
   result(gpu, "hits", out.map, out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyPipelineLayout(gpu->device, layout, NULL);
   vkDestroyDescriptorPool(gpu->device, pool, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, set_layout, NULL);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceRayQueryFeaturesKHR query = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_QUERY_FEATURES_KHR,
                                                .rayQuery = VK_TRUE};
   VkPhysicalDeviceAccelerationStructureFeaturesKHR structures = {
       VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR, &query, .accelerationStructure = VK_TRUE};
   struct want want = {.v12.bufferDeviceAddress = VK_TRUE,
                       .extensions = {VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME, VK_KHR_RAY_QUERY_EXTENSION_NAME,
                                      VK_KHR_DEFERRED_HOST_OPERATIONS_EXTENSION_NAME},
                       .next = &structures};
   gpu_open(&gpu, argc, argv, &want);
   PROC(&gpu, vkDestroyAccelerationStructureKHR);
   const VkBufferUsageFlags input =
       VK_BUFFER_USAGE_ACCELERATION_STRUCTURE_BUILD_INPUT_READ_ONLY_BIT_KHR | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
   struct buffer vertices = buffer_host(&gpu, 256, input);
   struct buffer instances = buffer_host(&gpu, INSTANCES * sizeof(VkAccelerationStructureInstanceKHR), input);
   struct structure bottom = triangles_new(&gpu, &vertices), scene = scene_new(&gpu, &bottom, &instances);
   trace(&gpu, &scene);
   vkDestroyAccelerationStructureKHR_(gpu.device, scene.handle, NULL);
   vkDestroyAccelerationStructureKHR_(gpu.device, bottom.handle, NULL);
   buffer_free(&gpu, &scene.storage);
   buffer_free(&gpu, &bottom.storage);
   buffer_free(&gpu, &instances);
   buffer_free(&gpu, &vertices);
   return gpu_close(&gpu);
}
