// SPDX-License-Identifier: MIT
//
// A ray tracing pipeline with every kind of shader: ray generation, misses, closest hits, any hit, intersection and
// callables whose data lie in the shader binding table; traced directly and indirectly, whole and linked of libraries.
#include "structures.h"

#include "ball_rint.h"
#include "grade_rcall.h"
#include "holes_rahit.h"
#include "sky_rmiss.h"
#include "surface_rchit.h"
#include "trace_rgen.h"

#include <stdlib.h>

#define PIXELS 48
#define STAGES                                                                                                         \
   (VK_SHADER_STAGE_RAYGEN_BIT_KHR | VK_SHADER_STAGE_MISS_BIT_KHR | VK_SHADER_STAGE_CLOSEST_HIT_BIT_KHR |              \
    VK_SHADER_STAGE_ANY_HIT_BIT_KHR | VK_SHADER_STAGE_INTERSECTION_BIT_KHR | VK_SHADER_STAGE_CALLABLE_BIT_KHR)

enum shader { RGEN, RMISS, RCHIT, RAHIT, RINT, RCALL, SHADERS };
// The table: who is called, and with which record behind its handle.
enum row { ROW_RGEN, ROW_MISS_0, ROW_MISS_1, ROW_HIT_0, ROW_HIT_1, ROW_HIT_2, ROW_HIT_3, ROW_CALL_0, ROW_CALL_1, ROWS };
enum group { GROUP_RGEN, GROUP_MISS, GROUP_SURFACE, GROUP_HOLES, GROUP_BALLS, GROUP_CALL, GROUPS };

static const enum group of_row[ROWS] = {GROUP_RGEN,  GROUP_MISS,    GROUP_MISS, GROUP_SURFACE, GROUP_HOLES,
                                        GROUP_BALLS, GROUP_SURFACE, GROUP_CALL, GROUP_CALL};

struct bench {
   struct buffer corners, boxes, instances, table;
   struct structure flat, round, top;
   struct image picture;
   struct bound bound;
   VkPhysicalDeviceRayTracingPipelinePropertiesKHR props;
   VkShaderModule modules[SHADERS];
   VkDeviceSize row;
   VkStridedDeviceAddressRegionKHR rgen, miss, hit, call;
};

static void world_new(struct gpu *gpu, struct bench *b)
{
   static const float corners[][3] = {{-0.6f, -0.5f, 0}, {0.6f, -0.4f, 0.2f}, {0, 0.7f, 0.1f},
                                      {-0.9f, 0.2f, 1},  {0.8f, 0.2f, 1},     {0, 0.9f, 0.5f}};
   static const VkAabbPositionsKHR boxes[] = {{-0.9f, -0.4f, -0.4f, -0.1f, 0.4f, 0.4f},
                                              {0.1f, -0.4f, -0.4f, 0.9f, 0.4f, 0.4f}};
   b->corners = buffer_host(gpu, sizeof(corners), BUILD_INPUT);
   b->boxes = buffer_host(gpu, sizeof(boxes), BUILD_INPUT);
   b->instances = buffer_host(gpu, 4 * sizeof(VkAccelerationStructureInstanceKHR), BUILD_INPUT);
   memcpy(b->corners.map, corners, sizeof(corners));
   memcpy(b->boxes.map, boxes, sizeof(boxes));
   const VkAccelerationStructureTypeKHR bottom = VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR;
   struct plan flat = {bottom, 0, 1, {triangle_geometry(address_of(gpu, &b->corners), COUNT(corners), 0)}, {2}};
   struct plan round = {bottom, 0, 1, {box_geometry(address_of(gpu, &b->boxes), 0)}, {2}};
   structure_build(gpu, &flat, &b->flat, NULL);
   structure_build(gpu, &round, &b->round, NULL);
   for (uint32_t i = 0; i < 4; i++)
      ((VkAccelerationStructureInstanceKHR *)b->instances.map)[i] = (VkAccelerationStructureInstanceKHR){
         .transform = {{{1, 0, 0, i & 1 ? 0.75f : -0.75f}, {0, 1, 0, i & 2 ? 0.75f : -0.75f}, {0, 0, 1, 0.5f}}},
         .instanceCustomIndex = i,
         .mask = 1u << i,
         .instanceShaderBindingTableRecordOffset = i == 3   ? 2
                                                   : i == 1 ? 1
                                                            : 0,
         .flags = VK_GEOMETRY_INSTANCE_TRIANGLE_FACING_CULL_DISABLE_BIT_KHR,
         .accelerationStructureReference = structure_address(gpu, i == 3 ? &b->round : &b->flat)};
   struct plan top = instances_plan(address_of(gpu, &b->instances), 4, 0);
   structure_build(gpu, &top, &b->top, NULL);
}

static void modules_new(struct gpu *gpu, struct bench *b)
{
   b->modules[RGEN] = SHADER(gpu, trace_rgen);
   b->modules[RMISS] = SHADER(gpu, sky_rmiss);
   b->modules[RCHIT] = SHADER(gpu, surface_rchit);
   b->modules[RAHIT] = SHADER(gpu, holes_rahit);
   b->modules[RINT] = SHADER(gpu, ball_rint);
   b->modules[RCALL] = SHADER(gpu, grade_rcall);
}

static void stages_fill(const struct bench *b, VkPipelineShaderStageCreateInfo stages[SHADERS])
{
   static const VkShaderStageFlagBits bits[SHADERS] = {
      VK_SHADER_STAGE_RAYGEN_BIT_KHR,  VK_SHADER_STAGE_MISS_BIT_KHR,         VK_SHADER_STAGE_CLOSEST_HIT_BIT_KHR,
      VK_SHADER_STAGE_ANY_HIT_BIT_KHR, VK_SHADER_STAGE_INTERSECTION_BIT_KHR, VK_SHADER_STAGE_CALLABLE_BIT_KHR};
   for (uint32_t i = 0; i < SHADERS; i++)
      stages[i] = (VkPipelineShaderStageCreateInfo){VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                    .stage = bits[i], .module = b->modules[i], .pName = "main"};
}

static void groups_fill(VkRayTracingShaderGroupCreateInfoKHR groups[GROUPS])
{
   const uint32_t no = VK_SHADER_UNUSED_KHR;
   const VkStructureType type = VK_STRUCTURE_TYPE_RAY_TRACING_SHADER_GROUP_CREATE_INFO_KHR;
   const VkRayTracingShaderGroupTypeKHR general = VK_RAY_TRACING_SHADER_GROUP_TYPE_GENERAL_KHR;
   const VkRayTracingShaderGroupTypeKHR triangles = VK_RAY_TRACING_SHADER_GROUP_TYPE_TRIANGLES_HIT_GROUP_KHR;
   const VkRayTracingShaderGroupTypeKHR boxes = VK_RAY_TRACING_SHADER_GROUP_TYPE_PROCEDURAL_HIT_GROUP_KHR;
   const VkRayTracingShaderGroupCreateInfoKHR all[GROUPS] = {
      [GROUP_RGEN] = {type, NULL, general, RGEN, no, no, no, NULL},
      [GROUP_MISS] = {type, NULL, general, RMISS, no, no, no, NULL},
      [GROUP_SURFACE] = {type, NULL, triangles, no, RCHIT, no, no, NULL},
      [GROUP_HOLES] = {type, NULL, triangles, no, RCHIT, RAHIT, no, NULL},
      [GROUP_BALLS] = {type, NULL, boxes, no, RCHIT, no, RINT, NULL},
      [GROUP_CALL] = {type, NULL, general, RCALL, no, no, no, NULL}};
   memcpy(groups, all, sizeof(all));
}

static const VkRayTracingPipelineInterfaceCreateInfoKHR interface = {
   VK_STRUCTURE_TYPE_RAY_TRACING_PIPELINE_INTERFACE_CREATE_INFO_KHR, .maxPipelineRayPayloadSize = 16,
   .maxPipelineRayHitAttributeSize = 8};

// Whole, or (with `library`) linked out of a library that holds everything.
static VkPipeline pipeline_new(struct gpu *gpu, const struct bench *b, VkPipelineCreateFlags flags, VkPipeline library,
                               bool deferred)
{
   PROC(gpu, vkCreateRayTracingPipelinesKHR);
   PROC(gpu, vkCreateDeferredOperationKHR);
   PROC(gpu, vkDeferredOperationJoinKHR);
   PROC(gpu, vkGetDeferredOperationResultKHR);
   PROC(gpu, vkDestroyDeferredOperationKHR);
   VkPipelineShaderStageCreateInfo stages[SHADERS];
   VkRayTracingShaderGroupCreateInfoKHR groups[GROUPS];
   stages_fill(b, stages);
   groups_fill(groups);
   VkPipelineLibraryCreateInfoKHR libraries = {VK_STRUCTURE_TYPE_PIPELINE_LIBRARY_CREATE_INFO_KHR, .libraryCount = 1,
                                               .pLibraries = &library};
   VkRayTracingPipelineCreateInfoKHR info = {VK_STRUCTURE_TYPE_RAY_TRACING_PIPELINE_CREATE_INFO_KHR,
                                             .flags = flags,
                                             .stageCount = library ? 0 : SHADERS,
                                             .pStages = stages,
                                             .groupCount = library ? 0 : GROUPS,
                                             .pGroups = groups,
                                             .maxPipelineRayRecursionDepth = 1,
                                             .pLibraryInfo = library ? &libraries : NULL,
                                             .pLibraryInterface = &interface,
                                             .layout = b->bound.layout};
   VkDeferredOperationKHR operation = VK_NULL_HANDLE;
   VkPipeline pipeline;
   if (deferred)
      VK(vkCreateDeferredOperationKHR_(gpu->device, NULL, &operation));
   VkResult got = vkCreateRayTracingPipelinesKHR_(gpu->device, operation, VK_NULL_HANDLE, 1, &info, NULL, &pipeline);
   if (got == VK_OPERATION_DEFERRED_KHR) {
      while ((got = vkDeferredOperationJoinKHR_(gpu->device, operation)) == VK_THREAD_IDLE_KHR)
         ;
      EXPECT(got == VK_SUCCESS || got == VK_THREAD_DONE_KHR);
      got = vkGetDeferredOperationResultKHR_(gpu->device, operation);
   }
   EXPECT(got == VK_SUCCESS || (deferred && got == VK_OPERATION_NOT_DEFERRED_KHR));
   if (deferred)
      vkDestroyDeferredOperationKHR_(gpu->device, operation, NULL);
   return pipeline;
}

static VkStridedDeviceAddressRegionKHR region(const struct bench *b, VkDeviceAddress table, enum row first,
                                              enum row end)
{
   return (VkStridedDeviceAddressRegionKHR){table + first * b->row, b->row, (end - first) * b->row};
}

// Rows are far enough apart for either alignment; each carries four floats behind its handle.
static void table_fill(struct gpu *gpu, struct bench *b, VkPipeline pipeline)
{
   PROC(gpu, vkGetRayTracingShaderGroupHandlesKHR);
   uint32_t handle = b->props.shaderGroupHandleSize, align = b->props.shaderGroupBaseAlignment;
   uint8_t *handles = calloc(GROUPS, handle);
   EXPECT(handles);
   VK(vkGetRayTracingShaderGroupHandlesKHR_(gpu->device, pipeline, 0, GROUPS, (size_t)GROUPS * handle, handles));
   b->row = (handle + 16 + align - 1) & ~(align - 1);
   if (!b->table.handle)
      b->table = buffer_host(gpu, ROWS * b->row + align,
                             VK_BUFFER_USAGE_SHADER_BINDING_TABLE_BIT_KHR | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
   VkDeviceAddress base = address_of(gpu, &b->table), at = (base + align - 1) & ~(VkDeviceAddress)(align - 1);
   for (uint32_t i = 0; i < ROWS; i++) {
      uint8_t *row = (uint8_t *)b->table.map + (at - base) + i * b->row;
      float record[4] = {0.25f + 0.125f * (float)i, 1 - 0.0625f * (float)i, 0.5f, 0.03125f * (float)i};
      memcpy(row, handles + of_row[i] * handle, handle);
      memcpy(row + handle, record, sizeof(record));
   }
   free(handles);
   b->rgen = region(b, at, ROW_RGEN, ROW_MISS_0);
   b->miss = region(b, at, ROW_MISS_0, ROW_HIT_0);
   b->hit = region(b, at, ROW_HIT_0, ROW_CALL_0);
   b->call = region(b, at, ROW_CALL_0, ROWS);
}

static void trace(struct gpu *gpu, const struct bench *b, VkPipeline pipeline, bool indirect, uint32_t stack,
                  const char *name)
{
   PROC(gpu, vkCmdTraceRaysKHR);
   PROC(gpu, vkCmdTraceRaysIndirectKHR);
   PROC(gpu, vkCmdSetRayTracingPipelineStackSizeKHR);
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   const struct {
      uint32_t mask, callable;
      float shift[2];
   } push = {indirect ? 0xb : 0xff, indirect, {0, indirect ? 0.25f : 0}};
   struct buffer size =
       buffer_host(gpu, 16, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
   memcpy(size.map, (uint32_t[]){PIXELS, PIXELS / 2, 1}, 12);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &b->picture, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdClearColorImage(cmd, b->picture.handle, VK_IMAGE_LAYOUT_GENERAL, &(VkClearColorValue){{0}}, 1, &all);
   barrier_all(cmd);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_RAY_TRACING_KHR, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_RAY_TRACING_KHR, b->bound.layout, 0, 1, &b->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, b->bound.layout, STAGES, 0, sizeof(push), &push);
   if (stack)
      vkCmdSetRayTracingPipelineStackSizeKHR_(cmd, stack);
   if (indirect)
      vkCmdTraceRaysIndirectKHR_(cmd, &b->rgen, &b->miss, &b->hit, &b->call, address_of(gpu, &size));
   else
      vkCmdTraceRaysKHR_(cmd, &b->rgen, &b->miss, &b->hit, &b->call, PIXELS, PIXELS, 1);
   image_layout(cmd, &b->picture, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &b->picture, VK_IMAGE_ASPECT_COLOR_BIT, 16, name);
   buffer_free(gpu, &size);
}

static void stack_sizes(struct gpu *gpu, VkPipeline pipeline)
{
   PROC(gpu, vkGetRayTracingShaderGroupStackSizeKHR);
   const VkShaderGroupShaderKHR shaders[GROUPS] = {
      VK_SHADER_GROUP_SHADER_GENERAL_KHR,      VK_SHADER_GROUP_SHADER_GENERAL_KHR,
      VK_SHADER_GROUP_SHADER_CLOSEST_HIT_KHR,  VK_SHADER_GROUP_SHADER_ANY_HIT_KHR,
      VK_SHADER_GROUP_SHADER_INTERSECTION_KHR, VK_SHADER_GROUP_SHADER_GENERAL_KHR};
   uint64_t sizes[GROUPS];
   for (uint32_t i = 0; i < GROUPS; i++)
      sizes[i] = vkGetRayTracingShaderGroupStackSizeKHR_(gpu->device, pipeline, i, shaders[i]);
   result(gpu, "stack-sizes", sizes, sizeof(sizes));
}

static void pipelines(struct gpu *gpu, struct bench *b)
{
   VkPipeline whole = pipeline_new(gpu, b, 0, VK_NULL_HANDLE, false);
   stack_sizes(gpu, whole);
   table_fill(gpu, b, whole);
   trace(gpu, b, whole, false, 0, "whole");
   trace(gpu, b, whole, true, 0, "indirect");
   VkPipeline library = pipeline_new(gpu, b, VK_PIPELINE_CREATE_LIBRARY_BIT_KHR, VK_NULL_HANDLE, false);
   VkPipeline linked = pipeline_new(gpu, b, 0, library, false);
   table_fill(gpu, b, linked);
   trace(gpu, b, linked, false, 0, "linked");
   VkPipeline deferred = pipeline_new(gpu, b, 0, VK_NULL_HANDLE, true);
   table_fill(gpu, b, deferred);
   trace(gpu, b, deferred, false, 0, "deferred");
   const VkPipeline all[] = {whole, linked, library, deferred};
   for (size_t i = 0; i < COUNT(all); i++)
      vkDestroyPipeline(gpu->device, all[i], NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct bench bench = {.props.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_TRACING_PIPELINE_PROPERTIES_KHR};
   VkPhysicalDeviceRayTracingPipelineFeaturesKHR rays = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_TRACING_PIPELINE_FEATURES_KHR, .rayTracingPipeline = VK_TRUE,
      .rayTracingPipelineTraceRaysIndirect = VK_TRUE};
   VkPhysicalDeviceAccelerationStructureFeaturesKHR structures = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR, .accelerationStructure = VK_TRUE};
   struct want want = {
      .v12.bufferDeviceAddress = VK_TRUE,
      .extensions = {VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME, VK_KHR_RAY_TRACING_PIPELINE_EXTENSION_NAME,
                     VK_KHR_DEFERRED_HOST_OPERATIONS_EXTENSION_NAME, VK_KHR_PIPELINE_LIBRARY_EXTENSION_NAME},
      .features = {FEATURES(rays), FEATURES(structures)}};
   gpu_open(&gpu, argc, argv, &want);
   VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &bench.props};
   vkGetPhysicalDeviceProperties2(gpu.physical, &all);
   world_new(&gpu, &bench);
   modules_new(&gpu, &bench);
   bench.picture =
       image_2d(&gpu, VK_FORMAT_R32G32B32A32_SFLOAT, PIXELS, PIXELS,
                VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   bench.bound = structure_bound(&gpu, STAGES, 16, &bench.top, NULL, &bench.picture);
   pipelines(&gpu, &bench);
   for (uint32_t i = 0; i < SHADERS; i++)
      vkDestroyShaderModule(gpu.device, bench.modules[i], NULL);
   bound_free(&gpu, &bench.bound);
   image_free(&gpu, &bench.picture);
   structure_free(&gpu, &bench.top);
   structure_free(&gpu, &bench.round);
   structure_free(&gpu, &bench.flat);
   struct buffer *buffers[] = {&bench.corners, &bench.boxes, &bench.instances, &bench.table};
   for (size_t i = 0; i < COUNT(buffers); i++)
      buffer_free(&gpu, buffers[i]);
   return gpu_close(&gpu);
}
