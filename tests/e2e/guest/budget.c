// SPDX-License-Identifier: MIT
//
// What a guest is told about memory: heaps no larger than its budget (the second argument, in bytes; none: no limit),
// and, where its driver shows VK_EXT_memory_budget, usage that is its own and a budget that it really may take.
#include <stdlib.h>

#include "harness.h"

#define MIB (1u << 20)

static VkPhysicalDeviceMemoryBudgetPropertiesEXT read_budget(const struct gpu *gpu)
{
   VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
   VkPhysicalDeviceMemoryProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = &budget};
   vkGetPhysicalDeviceMemoryProperties2(gpu->physical, &all);
   return budget;
}

static bool has(const struct gpu *gpu, const char *name)
{
   VkExtensionProperties list[512];
   uint32_t count = COUNT(list);
   VK(vkEnumerateDeviceExtensionProperties(gpu->physical, NULL, &count, list));
   for (uint32_t i = 0; i < count; i++)
      if (!strcmp(list[i].extensionName, name))
         return true;
   return false;
}

static VkDeviceMemory allocate(const struct gpu *gpu, uint32_t type, VkDeviceSize size)
{
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = size,
                                .memoryTypeIndex = type};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   return memory;
}

// Other allocations of the process (its driver's) may come and go, but not of this size.
static void check_usage(const struct gpu *gpu, uint32_t type, VkDeviceSize limit)
{
   const uint32_t heap = gpu->memory.memoryTypes[type].heapIndex;
   VkPhysicalDeviceMemoryBudgetPropertiesEXT before = read_budget(gpu);
   EXPECT(before.heapUsage[heap] < 16 * MIB);
   EXPECT(before.heapBudget[heap] > before.heapUsage[heap]);
   EXPECT(before.heapBudget[heap] <= gpu->memory.memoryHeaps[heap].size);
   VkDeviceMemory memory = allocate(gpu, type, 64 * MIB);
   VkPhysicalDeviceMemoryBudgetPropertiesEXT with = read_budget(gpu);
   EXPECT(with.heapUsage[heap] - before.heapUsage[heap] == 64 * MIB);
   EXPECT(with.heapBudget[heap] > with.heapUsage[heap]);
   if (limit) {
      EXPECT(with.heapBudget[heap] <= limit);
      VkDeviceSize left = with.heapBudget[heap] - with.heapUsage[heap];
      VkDeviceMemory rest = allocate(gpu, type, left - 16 * MIB); // room for the driver's own
      EXPECT(read_budget(gpu).heapUsage[heap] - before.heapUsage[heap] == 64 * MIB + left - 16 * MIB);
      vkFreeMemory(gpu->device, rest, NULL);
   }
   vkFreeMemory(gpu->device, memory, NULL);
   VK(vkDeviceWaitIdle(gpu->device));
   EXPECT(read_budget(gpu).heapUsage[heap] < 16 * MIB);
   for (uint32_t i = gpu->memory.memoryHeapCount; i < VK_MAX_MEMORY_HEAPS; i++)
      EXPECT(!with.heapBudget[i] && !with.heapUsage[i]);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.api = VK_API_VERSION_1_1};
   VkDeviceSize limit = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
   gpu_open(&gpu, argc, argv, &want);
   for (uint32_t i = 0; i < gpu.memory.memoryHeapCount; i++)
      EXPECT(gpu.memory.memoryHeaps[i].size && (!limit || gpu.memory.memoryHeaps[i].size <= limit));
   uint32_t type =
       memory_type(&gpu, UINT32_MAX, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
   if (has(&gpu, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
      check_usage(&gpu, type, limit);
   result(&gpu, "heaps", &gpu.memory.memoryHeapCount, sizeof(gpu.memory.memoryHeapCount));
   return gpu_close(&gpu);
}
