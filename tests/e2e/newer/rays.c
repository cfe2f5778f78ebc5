// SPDX-License-Identifier: MIT
//
// Acceleration structures built by the device out of addresses, and rays that a compute shader sends through them.
#include "structures.h"

#include "rays_comp.h"

#define SIZE      64
#define INSTANCES 5

static struct structure triangles_new(struct gpu *gpu, struct buffer *vertices)
{
   static const float corners[][3] = {{-0.6f, -0.5f, 0}, {0.6f, -0.4f, 0.2f}, {0, 0.7f, 0.1f},
                                      {-0.3f, 0.2f, -1}, {0.2f, 0.2f, -1},    {0, 0.5f, -1.5f}};
   memcpy(vertices->map, corners, sizeof(corners));
   struct plan plan = {VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR,
                       VK_BUILD_ACCELERATION_STRUCTURE_PREFER_FAST_TRACE_BIT_KHR,
                       1,
                       {triangle_geometry(address_of(gpu, vertices), COUNT(corners), VK_GEOMETRY_OPAQUE_BIT_KHR)},
                       {COUNT(corners) / 3}};
   struct structure out = {0};
   structure_build(gpu, &plan, &out, NULL);
   return out;
}

static struct structure scene_new(struct gpu *gpu, const struct structure *bottom, struct buffer *instances)
{
   VkDeviceAddress address = structure_address(gpu, bottom);
   for (uint32_t i = 0; i < INSTANCES; i++)
      ((VkAccelerationStructureInstanceKHR *)instances->map)[i] =
          (VkAccelerationStructureInstanceKHR){.transform = {{{1, 0.2f * (float)i, 0, (float)i * 0.7f - 1.4f},
                                                              {0, 1, 0, (float)(i % 3) - 1},
                                                              {0, 0, 1, (float)i}}},
                                               .instanceCustomIndex = 10 + i,
                                               .mask = 0xff,
                                               .flags = VK_GEOMETRY_INSTANCE_TRIANGLE_FACING_CULL_DISABLE_BIT_KHR,
                                               .accelerationStructureReference = address};
   struct plan plan = instances_plan(address_of(gpu, instances), INSTANCES, 0);
   struct structure out = {0};
   structure_build(gpu, &plan, &out, NULL);
   return out;
}

static void trace(struct gpu *gpu, const struct structure *scene)
{
   struct buffer out = buffer_host(gpu, SIZE * SIZE * 16, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct bound bound = structure_bound(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, scene, &out, NULL);
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, rays_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdDispatch(cmd, SIZE / 8, SIZE / 8, 1);
   cmd_submit(gpu, cmd);
   uint32_t hits = 0;
   for (uint32_t i = 0; i < SIZE * SIZE; i++)
      hits += ((float *)out.map)[4 * i] > 0;
   EXPECT(hits > 300 && hits < SIZE * SIZE);
   result(gpu, "hits", out.map, out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
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
   struct buffer vertices = buffer_host(&gpu, 256, BUILD_INPUT);
   struct buffer instances = buffer_host(&gpu, INSTANCES * sizeof(VkAccelerationStructureInstanceKHR), BUILD_INPUT);
   struct structure bottom = triangles_new(&gpu, &vertices), scene = scene_new(&gpu, &bottom, &instances);
   trace(&gpu, &scene);
   structure_free(&gpu, &scene);
   structure_free(&gpu, &bottom);
   buffer_free(&gpu, &instances);
   buffer_free(&gpu, &vertices);
   return gpu_close(&gpu);
}
