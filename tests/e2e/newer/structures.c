// SPDX-License-Identifier: MIT
//
// What may happen to an acceleration structure: updated in place and into another, copied, compacted, written to memory
// and read back; its sizes asked for. The same rays go through every one of them.
#include "structures.h"

#include "rays_comp.h"

#define PIXELS    64
#define TRIANGLES 40

struct world {
   struct buffer corners, instances, out;
   struct plan plan;
   struct structure bottom;
};

static void place(struct world *w, uint32_t seed)
{
   for (uint32_t i = 0; i < TRIANGLES * 9; i++)
      ((float *)w->corners.map)[i] = (float)(random_next(&seed) % 2000) / 1000 - 1;
}

static void world_new(struct gpu *gpu, struct world *w)
{
   *w = (struct world){.corners = buffer_host(gpu, TRIANGLES * 36, BUILD_INPUT),
                       .instances = buffer_host(gpu, sizeof(VkAccelerationStructureInstanceKHR), BUILD_INPUT),
                       .out = buffer_host(gpu, PIXELS * PIXELS * 16, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)};
   place(w, 1);
   w->plan = (struct plan){VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR,
                           VK_BUILD_ACCELERATION_STRUCTURE_ALLOW_UPDATE_BIT_KHR |
                               VK_BUILD_ACCELERATION_STRUCTURE_ALLOW_COMPACTION_BIT_KHR,
                           1,
                           {triangle_geometry(address_of(gpu, &w->corners), TRIANGLES * 3, VK_GEOMETRY_OPAQUE_BIT_KHR)},
                           {TRIANGLES}};
   structure_build(gpu, &w->plan, &w->bottom, NULL);
}

// One instance of `bottom` in a scene of its own.
static void look_at(struct gpu *gpu, struct world *w, const struct structure *bottom, const char *name)
{
   *(VkAccelerationStructureInstanceKHR *)w->instances.map =
       (VkAccelerationStructureInstanceKHR){.transform = {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 1}}},
                                            .instanceCustomIndex = 3,
                                            .mask = 0xff,
                                            .flags = VK_GEOMETRY_INSTANCE_TRIANGLE_FACING_CULL_DISABLE_BIT_KHR,
                                            .accelerationStructureReference = structure_address(gpu, bottom)};
   struct plan plan = instances_plan(address_of(gpu, &w->instances), 1, 0);
   struct structure top = {0};
   structure_build(gpu, &plan, &top, NULL);
   struct bound bound = structure_bound(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, &top, &w->out, NULL);
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, rays_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdDispatch(cmd, PIXELS / 8, PIXELS / 8, 1);
   cmd_submit(gpu, cmd);
   uint32_t hits = 0;
   for (uint32_t i = 0; i < PIXELS * PIXELS; i++)
      hits += ((float *)w->out.map)[4 * i] > 0;
   EXPECT(hits > 200);
   result(gpu, name, w->out.map, w->out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   structure_free(gpu, &top);
}

static uint64_t property(struct gpu *gpu, const struct structure *s, VkQueryType type)
{
   PROC(gpu, vkCmdWriteAccelerationStructuresPropertiesKHR);
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = type, .queryCount = 1};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdResetQueryPool(cmd, pool, 0, 1);
   vkCmdWriteAccelerationStructuresPropertiesKHR_(cmd, 1, &s->handle, type, pool, 0);
   cmd_submit(gpu, cmd);
   uint64_t value;
   VK(vkGetQueryPoolResults(gpu->device, pool, 0, 1, 8, &value, 8, VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
   vkDestroyQueryPool(gpu->device, pool, NULL);
   return value;
}

static void updates(struct gpu *gpu, struct world *w)
{
   struct structure other = {0};
   look_at(gpu, w, &w->bottom, "built");
   place(w, 2);
   structure_build(gpu, &w->plan, &other, &w->bottom);
   look_at(gpu, w, &other, "updated-into-another");
   look_at(gpu, w, &w->bottom, "left-as-it-was");
   place(w, 3);
   structure_build(gpu, &w->plan, &w->bottom, &w->bottom);
   look_at(gpu, w, &w->bottom, "updated-in-place");
   structure_free(gpu, &other);
}

static void copies(struct gpu *gpu, struct world *w)
{
   PROC(gpu, vkCmdCopyAccelerationStructureKHR);
   const struct {
      VkCopyAccelerationStructureModeKHR mode;
      uint64_t size;
      const char *name;
   } all[] = {{VK_COPY_ACCELERATION_STRUCTURE_MODE_CLONE_KHR, w->bottom.storage.size, "cloned"},
              {VK_COPY_ACCELERATION_STRUCTURE_MODE_COMPACT_KHR,
               property(gpu, &w->bottom, VK_QUERY_TYPE_ACCELERATION_STRUCTURE_COMPACTED_SIZE_KHR), "compacted"}};
   for (size_t i = 0; i < COUNT(all); i++) {
      EXPECT(all[i].size && all[i].size <= w->bottom.storage.size);
      result(gpu, "size", &all[i].size, sizeof(all[i].size));
      struct structure copy = structure_of_size(gpu, w->plan.type, all[i].size);
      VkCopyAccelerationStructureInfoKHR info = {VK_STRUCTURE_TYPE_COPY_ACCELERATION_STRUCTURE_INFO_KHR,
                                                 .src = w->bottom.handle, .dst = copy.handle, .mode = all[i].mode};
      VkCommandBuffer cmd = cmd_begin(gpu);
      vkCmdCopyAccelerationStructureKHR_(cmd, &info);
      cmd_submit(gpu, cmd);
      look_at(gpu, w, &copy, all[i].name);
      structure_free(gpu, &copy);
   }
}

// Out to memory and back into another structure; the header says whether this device can read it.
static void serialise(struct gpu *gpu, struct world *w)
{
   PROC(gpu, vkCmdCopyAccelerationStructureToMemoryKHR);
   PROC(gpu, vkCmdCopyMemoryToAccelerationStructureKHR);
   PROC(gpu, vkGetDeviceAccelerationStructureCompatibilityKHR);
   uint64_t size = property(gpu, &w->bottom, VK_QUERY_TYPE_ACCELERATION_STRUCTURE_SERIALIZATION_SIZE_KHR);
   EXPECT(size > 2 * VK_UUID_SIZE + 24);
   result(gpu, "serialised-size", &size, sizeof(size));
   struct buffer memory =
       buffer_host(gpu, size + 256, VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   VkDeviceAddress base = address_of(gpu, &memory), at = (base + 255) & ~(VkDeviceAddress)255;
   VkCopyAccelerationStructureToMemoryInfoKHR out = {VK_STRUCTURE_TYPE_COPY_ACCELERATION_STRUCTURE_TO_MEMORY_INFO_KHR,
                                                     .src = w->bottom.handle, .dst.deviceAddress = at,
                                                     .mode = VK_COPY_ACCELERATION_STRUCTURE_MODE_SERIALIZE_KHR};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyAccelerationStructureToMemoryKHR_(cmd, &out);
   cmd_submit(gpu, cmd);
   uint64_t header[7];
   memcpy(header, (uint8_t *)memory.map + (at - base), sizeof(header));
   EXPECT(header[4] == size && header[5] && header[6] == 0); // no bottom level below a bottom level
   VkAccelerationStructureVersionInfoKHR version = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_VERSION_INFO_KHR,
                                                    .pVersionData = (const uint8_t *)header};
   uint32_t compatible[2] = {0};
   for (uint32_t i = 0; i < 2; i++) {
      VkAccelerationStructureCompatibilityKHR answer;
      vkGetDeviceAccelerationStructureCompatibilityKHR_(gpu->device, &version, &answer);
      compatible[i] = answer;
      header[0] ^= 0xff; // the second is of another driver
   }
   EXPECT(compatible[0] == VK_ACCELERATION_STRUCTURE_COMPATIBILITY_COMPATIBLE_KHR && compatible[1] != compatible[0]);
   result(gpu, "compatible", compatible, sizeof(compatible));
   result(gpu, "deserialised-size", &header[5], sizeof(header[5]));
   struct structure copy = structure_of_size(gpu, w->plan.type, header[5]);
   VkCopyMemoryToAccelerationStructureInfoKHR in = {VK_STRUCTURE_TYPE_COPY_MEMORY_TO_ACCELERATION_STRUCTURE_INFO_KHR,
                                                    .src.deviceAddress = at, .dst = copy.handle,
                                                    .mode = VK_COPY_ACCELERATION_STRUCTURE_MODE_DESERIALIZE_KHR};
   cmd = cmd_begin(gpu);
   vkCmdCopyMemoryToAccelerationStructureKHR_(cmd, &in);
   cmd_submit(gpu, cmd);
   look_at(gpu, w, &copy, "deserialised");
   structure_free(gpu, &copy);
   buffer_free(gpu, &memory);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct world world;
   VkPhysicalDeviceRayQueryFeaturesKHR query = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_RAY_QUERY_FEATURES_KHR,
                                                .rayQuery = VK_TRUE};
   VkPhysicalDeviceAccelerationStructureFeaturesKHR structures = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR, .accelerationStructure = VK_TRUE};
   struct want want = {.v12.bufferDeviceAddress = VK_TRUE,
                       .extensions = {VK_KHR_ACCELERATION_STRUCTURE_EXTENSION_NAME, VK_KHR_RAY_QUERY_EXTENSION_NAME,
                                      VK_KHR_DEFERRED_HOST_OPERATIONS_EXTENSION_NAME},
                       .features = {FEATURES(query), FEATURES(structures)}};
   gpu_open(&gpu, argc, argv, &want);
   world_new(&gpu, &world);
   updates(&gpu, &world);
   copies(&gpu, &world);
   serialise(&gpu, &world);
   structure_free(&gpu, &world.bottom);
   buffer_free(&gpu, &world.corners);
   buffer_free(&gpu, &world.instances);
   buffer_free(&gpu, &world.out);
   return gpu_close(&gpu);
}
