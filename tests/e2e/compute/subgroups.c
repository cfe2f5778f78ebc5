// SPDX-License-Identifier: MIT
//
// Subgroup operations of all kinds: votes, ballots, arithmetic, shuffles, clusters, quads; and the size of subgroups
// chosen by the program, from the smallest to the largest that the device has.
#include "kernel.h"

#include "subgroups_comp.h"

#define GROUPS 8
#define ROW    (32 * 4)

static void check_support(struct gpu *gpu)
{
   const VkSubgroupFeatureFlags need = VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_VOTE_BIT |
                                       VK_SUBGROUP_FEATURE_ARITHMETIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT |
                                       VK_SUBGROUP_FEATURE_SHUFFLE_BIT | VK_SUBGROUP_FEATURE_SHUFFLE_RELATIVE_BIT |
                                       VK_SUBGROUP_FEATURE_CLUSTERED_BIT | VK_SUBGROUP_FEATURE_QUAD_BIT;
   VkPhysicalDeviceSubgroupProperties group = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &group};
   vkGetPhysicalDeviceProperties2(gpu->physical, &props);
   if ((group.supportedOperations & need) != need || !(group.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) ||
       group.subgroupSize < 4)
      skip("needs subgroups of four and all their operations");
   uint32_t words[] = {group.subgroupSize, group.supportedStages, group.supportedOperations};
   result(gpu, "support", words, sizeof(words));
}

static void run(struct gpu *gpu, VkPipelineShaderStageCreateFlags flags, const void *next, const char *name)
{
   struct buffer in = storage_new(gpu, GROUPS * 64 * 4), out = storage_new(gpu, GROUPS * 64 * ROW);
   fill_random(&in, 77);
   kernel_run(gpu, &(struct kernel){CODE(subgroups_comp), .x = GROUPS, .stage_flags = flags, .stage_next = next,
                                    .bindings = {STORAGE(&in), STORAGE(&out)}});
   EXPECT(((uint32_t *)out.map)[0] % 1000 * (((uint32_t *)out.map)[0] / 1000 % 1000) >= 64);
   result(gpu, name, out.map, out.size);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.subgroupSizeControl = VK_TRUE, .v13.computeFullSubgroups = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   check_support(&gpu);
   VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &sizes};
   vkGetPhysicalDeviceProperties2(gpu.physical, &props);
   uint32_t words[] = {sizes.minSubgroupSize, sizes.maxSubgroupSize, sizes.requiredSubgroupSizeStages};
   result(&gpu, "sizes", words, sizeof(words));
   run(&gpu, 0, NULL, "usual");
   run(&gpu, VK_PIPELINE_SHADER_STAGE_CREATE_ALLOW_VARYING_SUBGROUP_SIZE_BIT, NULL, "varying");
   for (uint32_t size = sizes.minSubgroupSize; size <= sizes.maxSubgroupSize && size <= 64; size *= 2) {
      VkPipelineShaderStageRequiredSubgroupSizeCreateInfo required = {
         VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO, .requiredSubgroupSize = size};
      if (sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT)
         run(&gpu, VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT, &required, "required");
   }
   return gpu_close(&gpu);
}
