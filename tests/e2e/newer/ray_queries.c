// SPDX-License-Identifier: MIT
//
// Ray queries through triangles (opaque and not, indexed and not, transformed) and boxes, over instances with masks,
// transforms and flags of their own; the rays' flags and masks change with every dispatch.
#include "structures.h"

#include "candidates_comp.h"

#define PIXELS    48
#define INSTANCES 6
#define HIT_BYTES 80

struct world {
   struct buffer corners, indices, transform, boxes, instances;
   struct structure flat, round, top;
};

static void flat_new(struct gpu *gpu, struct world *w)
{
   static const float corners[][3] = {{-0.6f, -0.5f, 0},    {0.6f, -0.4f, 0.2f},    {0, 0.7f, 0.1f},
                                      {-0.3f, 0.2f, -0.5f}, {0.2f, 0.2f, -0.5f},    {0, 0.5f, -0.7f},
                                      {0.4f, 0.4f, 0.5f},   {-0.5f, -0.3f, -0.25f}, {0.1f, -0.6f, -0.25f}};
   static const uint16_t indices[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 2, 4};
   static const float transform[12] = {0.5f, 0, 0, 0.25f, 0, 0.5f, 0.25f, -0.25f, 0, 0, 1, 0.5f};
   w->corners = buffer_host(gpu, sizeof(corners), BUILD_INPUT);
   w->indices = buffer_host(gpu, sizeof(indices), BUILD_INPUT);
   w->transform = buffer_host(gpu, sizeof(transform), BUILD_INPUT);
   memcpy(w->corners.map, corners, sizeof(corners));
   memcpy(w->indices.map, indices, sizeof(indices));
   memcpy(w->transform.map, transform, sizeof(transform));
   VkDeviceAddress at = address_of(gpu, &w->corners);
   struct plan plan = {
      VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR,
      VK_BUILD_ACCELERATION_STRUCTURE_PREFER_FAST_TRACE_BIT_KHR,
      2,
      {triangle_geometry(at, COUNT(corners), VK_GEOMETRY_OPAQUE_BIT_KHR), triangle_geometry(at, COUNT(corners), 0)},
      {COUNT(corners) / 3, COUNT(indices) / 3}};
   plan.geometries[1].geometry.triangles.indexType = VK_INDEX_TYPE_UINT16;
   plan.geometries[1].geometry.triangles.indexData.deviceAddress = address_of(gpu, &w->indices);
   plan.geometries[1].geometry.triangles.transformData.deviceAddress = address_of(gpu, &w->transform);
   structure_build(gpu, &plan, &w->flat, NULL);
}

static void round_new(struct gpu *gpu, struct world *w)
{
   static const VkAabbPositionsKHR boxes[] = {{-0.9f, -0.4f, -0.4f, -0.1f, 0.4f, 0.4f},
                                              {0.1f, -0.4f, -0.4f, 0.9f, 0.4f, 0.4f}};
   w->boxes = buffer_host(gpu, sizeof(boxes), BUILD_INPUT);
   memcpy(w->boxes.map, boxes, sizeof(boxes));
   struct plan plan = {VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR,
                       VK_BUILD_ACCELERATION_STRUCTURE_PREFER_FAST_BUILD_BIT_KHR,
                       1,
                       {box_geometry(address_of(gpu, &w->boxes), VK_GEOMETRY_NO_DUPLICATE_ANY_HIT_INVOCATION_BIT_KHR)},
                       {COUNT(boxes)}};
   structure_build(gpu, &plan, &w->round, NULL);
}

static void top_new(struct gpu *gpu, struct world *w)
{
   static const VkGeometryInstanceFlagsKHR flags[] = {0,
                                                      VK_GEOMETRY_INSTANCE_TRIANGLE_FACING_CULL_DISABLE_BIT_KHR,
                                                      VK_GEOMETRY_INSTANCE_FORCE_OPAQUE_BIT_KHR,
                                                      VK_GEOMETRY_INSTANCE_TRIANGLE_FLIP_FACING_BIT_KHR,
                                                      VK_GEOMETRY_INSTANCE_FORCE_NO_OPAQUE_BIT_KHR,
                                                      0};
   w->instances = buffer_host(gpu, INSTANCES * sizeof(VkAccelerationStructureInstanceKHR), BUILD_INPUT);
   for (uint32_t i = 0; i < INSTANCES; i++) {
      float x = (float)(i % 3) - 1, y = i < 3 ? -0.75f : 0.75f;
      ((VkAccelerationStructureInstanceKHR *)w->instances.map)[i] = (VkAccelerationStructureInstanceKHR){
         .transform = {{{1, i % 2 ? 0.25f : 0, 0, x}, {0, 1, 0, y}, {0, 0.5f, 1, 0.25f * (float)i}}},
         .instanceCustomIndex = 0xabc00 + i,
         .mask = 1u << i,
         .instanceShaderBindingTableRecordOffset = 7 * i,
         .flags = flags[i] & 0xff,
         .accelerationStructureReference = structure_address(gpu, i % 3 == 2 ? &w->round : &w->flat)};
   }
   struct plan plan = instances_plan(address_of(gpu, &w->instances), INSTANCES, 0);
   structure_build(gpu, &plan, &w->top, NULL);
}

struct push {
   uint32_t flags, mask;
   float far;
   uint32_t skip;
};

static void shoot(struct gpu *gpu, const struct world *w)
{
   static const struct {
      const char *name;
      struct push push;
   } shots[] = {
      {"plain", {0, 0xff, 100, 1}},         {"opaque", {0x01, 0xff, 100, 1}},    {"no-opaque", {0x02, 0xff, 100, 0}},
      {"front-only", {0x10, 0xff, 100, 9}}, {"back-only", {0x20, 0xff, 100, 9}}, {"cull-opaque", {0x40, 0xff, 100, 9}},
      {"half-mask", {0, 0x15, 100, 2}},     {"short", {0, 0xff, 3, 2}},          {"nobody", {0, 0xc0, 100, 0}},
   };
   struct buffer out = buffer_host(gpu, PIXELS * PIXELS * HIT_BYTES, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct bound bound = structure_bound(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), &w->top, &out, NULL);
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, candidates_comp), NULL);
   for (size_t i = 0; i < COUNT(shots); i++) {
      VkCommandBuffer cmd = cmd_begin(gpu);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(struct push), &shots[i].push);
      vkCmdDispatch(cmd, PIXELS / 8, PIXELS / 8, 1);
      cmd_submit(gpu, cmd);
      uint32_t types[3] = {0}; // nothing, triangle, generated
      for (uint32_t p = 0; p < PIXELS * PIXELS; p++)
         types[((uint32_t *)out.map)[p * HIT_BYTES / 4] % 3]++;
      EXPECT(i > 0 || (types[1] > 100 && types[2] > 20));
      EXPECT(strcmp(shots[i].name, "nobody") || types[0] == PIXELS * PIXELS);
      result(gpu, shots[i].name, out.map, out.size);
   }
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct world world = {0};
   VkPhysicalDeviceRayQueryFeaturesKHR query = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_QUERY_FEATURES_KHR,
                                                .rayQuery = VK_TRUE};
   VkPhysicalDeviceAccelerationStructureFeaturesKHR structures = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR, .accelerationStructure = VK_TRUE};
   struct want want = {.v12.bufferDeviceAddress = VK_TRUE,
                       .extensions = {VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME, VK_KHR_RAY_QUERY_EXTENSION_NAME,
                                      VK_KHR_DEFERRED_HOST_OPERATIONS_EXTENSION_NAME},
                       .features = {FEATURES(query), FEATURES(structures)}};
   gpu_open(&gpu, argc, argv, &want);
   flat_new(&gpu, &world);
   round_new(&gpu, &world);
   top_new(&gpu, &world);
   shoot(&gpu, &world);
   structure_free(&gpu, &world.top);
   structure_free(&gpu, &world.round);
   structure_free(&gpu, &world.flat);
   struct buffer *buffers[] = {&world.corners, &world.indices, &world.transform, &world.boxes, &world.instances};
   for (size_t i = 0; i < COUNT(buffers); i++)
      buffer_free(&gpu, buffers[i]);
   return gpu_close(&gpu);
}
