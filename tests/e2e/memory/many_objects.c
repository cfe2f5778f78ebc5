// SPDX-License-Identifier: MIT
//
// Twenty thousand objects alive at once, destroyed in a different order, some of them used. Then as many short-lived
// ones.
#include "harness.h"

#include <stdlib.h>

#define BUFFERS  10000
#define SAMPLERS 2000 // drivers need not allow more than 4000
#define EVENTS   4000
#define FENCES   400
#define SLOT     256

struct crowd {
   VkBuffer buffers[BUFFERS];
   VkSampler samplers[SAMPLERS];
   VkEvent events[EVENTS];
   VkFence fences[FENCES];
   VkDeviceMemory memory;
   uint8_t *map;
};

static VkBuffer small_buffer(struct gpu *gpu)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = SLOT,
                              .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkBuffer buffer;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   return buffer;
}

static void make_buffers(struct gpu *gpu, struct crowd *crowd)
{
   VkMemoryRequirements need;
   for (uint32_t i = 0; i < BUFFERS; i++)
      crowd->buffers[i] = small_buffer(gpu);
   vkGetBufferMemoryRequirements(gpu->device, crowd->buffers[0], &need);
   EXPECT(need.size <= SLOT && SLOT % need.alignment == 0);
   VkMemoryAllocateInfo info = {
       VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = BUFFERS * SLOT,
       .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VK(vkAllocateMemory(gpu->device, &info, NULL, &crowd->memory));
   void *map;
   VK(vkMapMemory(gpu->device, crowd->memory, 0, VK_WHOLE_SIZE, 0, &map));
   crowd->map = map;
   memset(crowd->map, 0, BUFFERS * SLOT);
   for (uint32_t i = 0; i < BUFFERS; i++)
      VK(vkBindBufferMemory(gpu->device, crowd->buffers[i], crowd->memory, i * SLOT));
}

static void make_others(struct gpu *gpu, struct crowd *crowd)
{
   VkEventCreateInfo event = {VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   for (uint32_t i = 0; i < SAMPLERS; i++)
      crowd->samplers[i] = sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST,
                                       i % 2 ? VK_SAMPLER_ADDRESS_MODE_REPEAT : VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE);
   for (uint32_t i = 0; i < EVENTS; i++)
      VK(vkCreateEvent(gpu->device, &event, NULL, &crowd->events[i]));
   for (uint32_t i = 0; i < FENCES; i++)
      crowd->fences[i] = fence_new(gpu, i % 3 == 0);
}

static void use(struct gpu *gpu, struct crowd *crowd)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < BUFFERS; i += 7)
      vkCmdFillBuffer(cmd, crowd->buffers[i], 0, 4 * (i % 64) + 4, i);
   cmd_submit(gpu, cmd);
   uint32_t signalled = 0, sum = 0;
   for (uint32_t i = 0; i < FENCES; i++)
      signalled += vkGetFenceStatus(gpu->device, crowd->fences[i]) == VK_SUCCESS;
   for (uint32_t i = 0; i < EVENTS; i += 5)
      VK(vkSetEvent(gpu->device, crowd->events[i]));
   for (uint32_t i = 0; i < EVENTS; i++)
      sum += vkGetEventStatus(gpu->device, crowd->events[i]) == VK_EVENT_SET;
   EXPECT(signalled == (FENCES + 2) / 3 && sum == EVENTS / 5);
   result(gpu, "memory", crowd->map, BUFFERS * SLOT);
}

static void drop(struct gpu *gpu, struct crowd *crowd)
{
   for (uint32_t i = 0; i < BUFFERS; i++)
      vkDestroyBuffer(gpu->device, crowd->buffers[(uint64_t)i * 7919 % BUFFERS], NULL);
   for (uint32_t i = FENCES; i > 0; i--)
      vkDestroyFence(gpu->device, crowd->fences[i - 1], NULL);
   for (uint32_t i = 0; i < EVENTS; i++)
      vkDestroyEvent(gpu->device, crowd->events[i], NULL);
   for (uint32_t i = 0; i < SAMPLERS; i++)
      vkDestroySampler(gpu->device, crowd->samplers[i], NULL);
   vkFreeMemory(gpu->device, crowd->memory, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct crowd *crowd = calloc(1, sizeof(*crowd));
   EXPECT(crowd);
   make_buffers(&gpu, crowd);
   make_others(&gpu, crowd);
   use(&gpu, crowd);
   drop(&gpu, crowd);
   for (uint32_t i = 0; i < BUFFERS; i++)
      vkDestroyBuffer(gpu.device, small_buffer(&gpu), NULL);
   free(crowd);
   return gpu_close(&gpu);
}
