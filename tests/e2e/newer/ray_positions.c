// SPDX-License-Identifier: MIT
//
// Position fetch: the corners of triangles come back out of an acceleration structure, also after their buffer was
// overwritten.
#include "structures.h"

#include "positions_comp.h"

#define TRIANGLES 12
#define PIXELS    64

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceRayTracingPositionFetchFeaturesKHR fetch = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_TRACING_POSITION_FETCH_FEATURES_KHR, .rayTracingPositionFetch = VK_TRUE};
   VkPhysicalDeviceRayQueryFeaturesKHR query = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_QUERY_FEATURES_KHR,
                                                .rayQuery = VK_TRUE};
   VkPhysicalDeviceAccelerationStructureFeaturesKHR structures = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR, .accelerationStructure = VK_TRUE};
   struct want want = {.v12.bufferDeviceAddress = VK_TRUE,
                       .extensions = {VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME, VK_KHR_RAY_QUERY_EXTENSION_NAME,
                                      VK_KHR_DEFERRED_HOST_OPERATIONS_EXTENSION_NAME,
                                      VK_KHR_RAY_TRACING_POSITION_FETCH_EXTENSION_NAME},
                       .features = {FEATURES(query), FEATURES(structures), FEATURES(fetch)}};
   gpu_open(&gpu, argc, argv, &want);
   struct buffer corners = buffer_host(&gpu, TRIANGLES * 36, BUILD_INPUT);
   struct buffer instances = buffer_host(&gpu, sizeof(VkAccelerationStructureInstanceKHR), BUILD_INPUT);
   uint32_t seed = 11;
   for (uint32_t i = 0; i < TRIANGLES * 9; i++)
      ((float *)corners.map)[i] = (float)(random_next(&seed) % 3000) / 1000 - 1.5f;
   struct plan plan = {VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR,
                       VK_BUILD_ACCELERATION_STRUCTURE_ALLOW_DATA_ACCESS_KHR,
                       1,
                       {triangle_geometry(address_of(&gpu, &corners), TRIANGLES * 3, VK_GEOMETRY_OPAQUE_BIT_KHR)},
                       {TRIANGLES}};
   struct structure bottom = {0}, top = {0};
   structure_build(&gpu, &plan, &bottom, NULL);
   *(VkAccelerationStructureInstanceKHR *)instances.map =
       (VkAccelerationStructureInstanceKHR){.transform = {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}},
                                            .mask = 0xff,
                                            .flags = VK_GEOMETRY_INSTANCE_TRIANGLE_FACING_CULL_DISABLE_BIT_KHR,
                                            .accelerationStructureReference = structure_address(&gpu, &bottom)};
   struct plan top_plan = instances_plan(address_of(&gpu, &instances), 1, 0);
   structure_build(&gpu, &top_plan, &top, NULL);
   result(&gpu, "built-from", corners.map, corners.size);
   memset(corners.map, 0xff, corners.size);
   struct buffer out = buffer_host(&gpu, PIXELS * PIXELS * 48, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct bound bound = structure_bound(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, &top, &out, NULL);
   VkPipeline pipeline = compute_new(&gpu, bound.layout, SHADER(&gpu, positions_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdDispatch(cmd, PIXELS / 8, PIXELS / 8, 1);
   cmd_submit(&gpu, cmd);
   uint32_t hits = 0;
   for (uint32_t i = 0; i < PIXELS * PIXELS; i++)
      hits += ((float *)out.map)[12 * i] > -9;
   EXPECT(hits > 100);
   result(&gpu, "positions", out.map, out.size);
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   bound_free(&gpu, &bound);
   structure_free(&gpu, &top);
   structure_free(&gpu, &bottom);
   buffer_free(&gpu, &out);
   buffer_free(&gpu, &instances);
   buffer_free(&gpu, &corners);
   return gpu_close(&gpu);
}
