// SPDX-License-Identifier: MIT
//
// VK_KHR_cooperative_matrix: what the device supports, and products of float16 tiles of every size it has for subgroups
// with float32 sums. The values are small whole numbers, so every sum is exact.
#include "kernel.h"

#include "coop_matrix_comp.h"

#define MOST 64

static bool is_ours(const VkCooperativeMatrixPropertiesKHR *p)
{
   return p->AType == VK_COMPONENT_TYPE_FLOAT16_KHR && p->BType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
          p->CType == VK_COMPONENT_TYPE_FLOAT32_KHR && p->ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
          p->scope == VK_SCOPE_SUBGROUP_KHR && !p->saturatingAccumulation;
}

// A float16 of 0 to 7.
static uint16_t half_of(uint32_t value)
{
   static const uint16_t halves[] = {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700};
   return halves[value % COUNT(halves)];
}

static void tile(struct gpu *gpu, const VkCooperativeMatrixPropertiesKHR *p, uint32_t subgroup)
{
   const uint32_t constants[] = {p->MSize, p->NSize, p->KSize, subgroup};
   const VkSpecializationMapEntry entries[] = {{0, 0, 4}, {1, 4, 4}, {2, 8, 4}, {3, 12, 4}};
   VkSpecializationInfo spec = {COUNT(entries), entries, sizeof(constants), constants};
   struct buffer a = storage_new(gpu, (VkDeviceSize)p->MSize * p->KSize * 2);
   struct buffer b = storage_new(gpu, (VkDeviceSize)p->KSize * p->NSize * 2);
   struct buffer c = storage_new(gpu, (VkDeviceSize)p->MSize * p->NSize * 4);
   float first = 100;
   for (uint32_t i = 0; i < p->MSize * p->KSize; i++)
      ((uint16_t *)a.map)[i] = half_of(i * 5 + i / 7);
   for (uint32_t i = 0; i < p->KSize * p->NSize; i++)
      ((uint16_t *)b.map)[i] = half_of(i * 3 + i / 5);
   for (uint32_t i = 0; i < p->MSize * p->NSize; i++)
      ((float *)c.map)[i] = (float)(100 + i);
   for (uint32_t k = 0; k < p->KSize; k++)
      first += (float)((k * 5 + k / 7) % 8) * (float)((k * p->NSize * 3 + k * p->NSize / 5) % 8);
   kernel_run(gpu, &(struct kernel){CODE(coop_matrix_comp), .spec = &spec,
                                    .stage_flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT,
                                    .bindings = {STORAGE(&a), STORAGE(&b), STORAGE(&c)}});
   EXPECT(*(float *)c.map == first);
   result(gpu, "product", c.map, c.size);
   buffer_free(gpu, &a);
   buffer_free(gpu, &b);
   buffer_free(gpu, &c);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrix = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, .cooperativeMatrix = VK_TRUE};
   struct want want = {.v11.storageBuffer16BitAccess = VK_TRUE,
                       .v12.shaderFloat16 = VK_TRUE,
                       .v12.vulkanMemoryModel = VK_TRUE,
                       .v13.computeFullSubgroups = VK_TRUE,
                       .v13.subgroupSizeControl = VK_TRUE,
                       .extensions = {VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME},
                       .next = &matrix};
   gpu_open(&gpu, argc, argv, &want);
   PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR get =
       (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)vkGetInstanceProcAddr(
           gpu.instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
   EXPECT(get);
   VkCooperativeMatrixPropertiesKHR list[MOST] = {0};
   uint32_t count = MOST;
   for (uint32_t i = 0; i < MOST; i++)
      list[i].sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
   VkResult found = get(gpu.physical, &count, list);
   EXPECT(found == VK_SUCCESS || found == VK_INCOMPLETE);
   VkPhysicalDeviceSubgroupProperties group = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &group};
   vkGetPhysicalDeviceProperties2(gpu.physical, &props);
   for (uint32_t i = 0; i < count; i++) {
      result(&gpu, "supported", &list[i].MSize, 9 * sizeof(uint32_t)); // sizes, types, saturation, scope
      if (is_ours(&list[i]))
         tile(&gpu, &list[i], group.subgroupSize);
   }
   return gpu_close(&gpu);
}
