// SPDX-License-Identifier: MIT
//
// Memory that stays mapped: the CPU writes before and reads after each dispatch, in several allocations and sub-ranges.
// This is what a renderer without shareable memory cannot do at all.
#include "harness.h"

#include "add_comp.h"

#define ALLOCATIONS 6
#define SLICES      4
#define SLICE       16384 // bytes; a multiple of every alignment that occurs

struct push {
   uint32_t count, factor, term;
};

struct arena {
   VkDeviceMemory memory;
   VkDeviceSize map_offset;
   uint8_t *map; // of the part from map_offset on
   struct buffer slices[SLICES];
};

static VkBuffer slice_buffer(struct gpu *gpu)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = SLICE,
                              .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                       VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkBuffer buffer;
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer));
   return buffer;
}

// Binds in reverse order, so that bytes land where they should only if offsets are honoured; every other one maps a
// part.
static struct arena arena_new(struct gpu *gpu, uint32_t number)
{
   struct arena arena = {0};
   VkMemoryRequirements need;
   for (uint32_t i = 0; i < SLICES; i++)
      arena.slices[i] = (struct buffer){.handle = slice_buffer(gpu), .size = SLICE};
   vkGetBufferMemoryRequirements(gpu->device, arena.slices[0].handle, &need);
   EXPECT(SLICE % need.alignment == 0 && need.size <= SLICE);
   VkMemoryAllocateInfo info = {
       VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
       .allocationSize = SLICES * SLICE + number * 4096, // odd sizes too
       .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VK(vkAllocateMemory(gpu->device, &info, NULL, &arena.memory));
   for (uint32_t i = 0; i < SLICES; i++)
      VK(vkBindBufferMemory(gpu->device, arena.slices[i].handle, arena.memory, (SLICES - 1 - i) * SLICE));
   arena.map_offset = number % 2 ? SLICE : 0;
   void *map;
   VK(vkMapMemory(gpu->device, arena.memory, arena.map_offset, VK_WHOLE_SIZE, 0, &map));
   arena.map = map;
   return arena;
}

static uint32_t *slice_map(const struct arena *arena, uint32_t slice)
{
   VkDeviceSize offset = (SLICES - 1 - slice) * SLICE;
   return offset < arena->map_offset ? NULL : (uint32_t *)(arena->map + offset - arena->map_offset);
}

static void run(struct gpu *gpu, struct arena *arena, uint32_t slice, VkPipeline pipeline, const struct bound *bound,
                uint32_t round)
{
   struct push push = {SLICE / 4, 3 + slice, round};
   uint32_t *words = slice_map(arena, slice);
   for (uint32_t i = 0; i < SLICE / 4; i += 64)
      words[i] = i + round;
   uint32_t before = words[65], written = words[64];
   VkMappedMemoryRange range = {VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, .memory = arena->memory,
                                .offset = (SLICES - 1 - slice) * SLICE, .size = SLICE};
   VK(vkFlushMappedMemoryRanges(gpu->device, 1, &range));
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatch(cmd, SLICE / 4 / 64, 1, 1);
   cmd_submit(gpu, cmd);
   VK(vkInvalidateMappedMemoryRanges(gpu->device, 1, &range));
   EXPECT(words[65] == before * push.factor + round);
   EXPECT(words[64] == written * push.factor + round);
   if (round == 9)
      result(gpu, "slice", words, SLICE);
}

// Mapping again elsewhere shows the same bytes; unmapped memory keeps them.
static void remap(struct gpu *gpu, struct arena *arena)
{
   uint32_t value = *(uint32_t *)arena->map;
   void *map;
   vkUnmapMemory(gpu->device, arena->memory);
   VK(vkMapMemory(gpu->device, arena->memory, arena->map_offset, 4096, 0, &map));
   EXPECT(*(uint32_t *)map == value);
   vkUnmapMemory(gpu->device, arena->memory);
   VK(vkMapMemory(gpu->device, arena->memory, SLICE * 2 + 256, 64, 0, &map));
   result(gpu, "sub-range", map, 64);
   memset(map, 0x5a, 64);
   vkUnmapMemory(gpu->device, arena->memory);
   VK(vkMapMemory(gpu->device, arena->memory, 0, VK_WHOLE_SIZE, 0, &map));
   EXPECT(((uint8_t *)map)[SLICE * 2 + 256] == 0x5a && ((uint8_t *)map)[SLICE * 2 + 319] == 0x5a);
}

// Two allocations of 32 MiB, written with a pattern by the CPU, copied by the device, read by the CPU.
static void large(struct gpu *gpu)
{
   const VkDeviceSize size = 32 << 20;
   struct buffer from = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer to = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   uint32_t *words = from.map, sum = 0;
   for (uint32_t i = 0; i < size / 4; i++)
      words[i] = i * 2654435761u;
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBuffer(cmd, from.handle, to.handle, 1, &(VkBufferCopy){0, 0, size});
   cmd_submit(gpu, cmd);
   EXPECT(!memcmp(from.map, to.map, size));
   for (uint32_t i = 0; i < size / 4; i++)
      sum = sum * 31 + ((uint32_t *)to.map)[i];
   result(gpu, "sum", &sum, sizeof(sum));
   buffer_free(gpu, &from);
   buffer_free(gpu, &to);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   for (uint32_t a = 0; a < ALLOCATIONS; a++) {
      struct arena arena = arena_new(&gpu, a);
      uint32_t slices = a % 2 ? SLICES - 1 : SLICES;
      memset(arena.map, 0x11 * (int)a, slices * SLICE);
      for (uint32_t s = 0; s < slices; s++) {
         struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 1,
                                        (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &arena.slices[s]}});
         VkPipeline pipeline = compute_new(&gpu, bound.layout, SHADER(&gpu, add_comp), NULL);
         for (uint32_t round = 0; round < 10; round++)
            run(&gpu, &arena, s, pipeline, &bound, round);
         vkDestroyPipeline(gpu.device, pipeline, NULL);
         bound_free(&gpu, &bound);
      }
      remap(&gpu, &arena);
      for (uint32_t s = 0; s < SLICES; s++)
         vkDestroyBuffer(gpu.device, arena.slices[s].handle, NULL);
      vkFreeMemory(gpu.device, arena.memory, NULL);
   }
   large(&gpu);
   return gpu_close(&gpu);
}
