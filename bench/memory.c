// SPDX-License-Identifier: MIT
//
// Memory that a program maps, type by type: what a copy in or out costs the processor, what it costs with the way to
// the GPU's own memory and back, and what it costs to have such memory at all.
#include <stdlib.h>

#include "bench.h"

#define BLOCK  (1u << 20)
#define HELD   64 // blocks at the same time: none of them was there before
#define WARM   100
#define SIZE   (32u << 20)
#define MAPPED (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

// Memory of a type, mapped, with a buffer over it.
struct staging {
   uint32_t type;
   VkBuffer buffer;
   VkDeviceMemory memory;
   void *map;
};

struct traffic {
   struct staging staging;
   struct buffer device;
   void *own, *back;
};

static void *block_new(struct gpu *gpu, uint32_t type, VkDeviceMemory *memory)
{
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = BLOCK,
                                .memoryTypeIndex = type};
   void *map;
   VK(vkAllocateMemory(gpu->device, &info, NULL, memory));
   VK(vkMapMemory(gpu->device, *memory, 0, VK_WHOLE_SIZE, 0, &map));
   return map;
}

// Allocated, mapped, touched and freed; many at a time.
static double cold(struct gpu *gpu, uint32_t type)
{
   VkDeviceMemory memory[HELD];
   volatile uint32_t *maps[HELD];
   double start = now();
   for (uint32_t i = 0; i < HELD; i++) {
      maps[i] = block_new(gpu, type, &memory[i]);
      *maps[i] = i;
   }
   double middle = now();
   for (uint32_t i = 0; i < HELD; i++)
      EXPECT(*maps[i] == i); // each has its own
   double then = now();
   for (uint32_t i = 0; i < HELD; i++)
      vkFreeMemory(gpu->device, memory[i], NULL);
   return (now() - then + middle - start) / HELD;
}

// The same one after the other, as programs do that do not keep what they will soon want again.
static double warm(struct gpu *gpu, void *data)
{
   double start = now();
   for (uint32_t i = 0; i < WARM; i++) {
      VkDeviceMemory memory;
      volatile uint32_t *map = block_new(gpu, *(uint32_t *)data, &memory);
      *map = i;
      EXPECT(*map == i);
      vkFreeMemory(gpu->device, memory, NULL);
   }
   return (now() - start) / WARM;
}

static bool staging_new(struct gpu *gpu, uint32_t type, struct staging *staging)
{
   *staging = (struct staging){.type = type};
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = SIZE,
                              .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VK(vkCreateBuffer(gpu->device, &info, NULL, &staging->buffer));
   VkMemoryRequirements need;
   vkGetBufferMemoryRequirements(gpu->device, staging->buffer, &need);
   if (!(need.memoryTypeBits >> type & 1)) {
      vkDestroyBuffer(gpu->device, staging->buffer, NULL);
      return false;
   }
   VkMemoryAllocateInfo allocate = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need.size,
                                    .memoryTypeIndex = type};
   VK(vkAllocateMemory(gpu->device, &allocate, NULL, &staging->memory));
   VK(vkBindBufferMemory(gpu->device, staging->buffer, staging->memory, 0));
   VK(vkMapMemory(gpu->device, staging->memory, 0, VK_WHOLE_SIZE, 0, &staging->map));
   return true;
}

static double write_mapped(struct gpu *gpu, void *data)
{
   struct traffic *t = data;
   double start = now();
   memcpy(t->staging.map, t->own, SIZE);
   return now() - start;
}

static double read_mapped(struct gpu *gpu, void *data)
{
   struct traffic *t = data;
   double start = now();
   memcpy(t->back, t->staging.map, SIZE);
   return now() - start;
}

static void copy(struct gpu *gpu, VkBuffer from, VkBuffer to)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdCopyBuffer(cmd, from, to, 1, &(VkBufferCopy){0, 0, SIZE});
   barrier_all(cmd);
   cmd_submit(gpu, cmd);
}

static double upload(struct gpu *gpu, void *data)
{
   struct traffic *t = data;
   double start = now();
   memcpy(t->staging.map, t->own, SIZE);
   copy(gpu, t->staging.buffer, t->device.handle);
   return now() - start;
}

static double download(struct gpu *gpu, void *data)
{
   struct traffic *t = data;
   double start = now();
   copy(gpu, t->device.handle, t->staging.buffer);
   memcpy(t->back, t->staging.map, SIZE);
   return now() - start;
}

// New bytes for what is about to be measured, and none of the old ones left over.
static void renew(struct traffic *t, uint32_t seed)
{
   for (uint32_t i = 0; i < SIZE / 4; i++)
      ((uint32_t *)t->own)[i] = random_next(&seed);
   memset(t->back, 0, SIZE);
}

static void rate(struct gpu *gpu, struct traffic *t, const char *name, double (*once)(struct gpu *gpu, void *data))
{
   figure(gpu, (SIZE >> 20) / (best(gpu, once, t) / 1e9), "%s.%u", name, t->staging.type);
}

static void measure_mapped(struct gpu *gpu, struct traffic *t)
{
   renew(t, 2 * t->staging.type + 1);
   rate(gpu, t, "write", write_mapped);
   rate(gpu, t, "read", read_mapped);
   EXPECT(!memcmp(t->own, t->back, SIZE));
}

static void measure(struct gpu *gpu, struct traffic *t)
{
   measure_mapped(gpu, t);
   renew(t, 2 * t->staging.type + 2);
   rate(gpu, t, "upload", upload);
   memset(t->staging.map, 0, SIZE);
   rate(gpu, t, "download", download);
   EXPECT(!memcmp(t->own, t->back, SIZE));
}

// Each type that can be mapped, with a buffer in it.
static void each_type(struct gpu *gpu, void (*measure_one)(struct gpu *gpu, struct traffic *t))
{
   const VkPhysicalDeviceMemoryProperties *memory = &gpu->memory;
   struct traffic t = {
      .device = buffer_device(gpu, SIZE, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT),
      .own = malloc(SIZE),
      .back = malloc(SIZE)};
   EXPECT(t.own && t.back);
   for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
      if ((memory->memoryTypes[i].propertyFlags & MAPPED) != MAPPED || !staging_new(gpu, i, &t.staging))
         continue;
      measure_one(gpu, &t);
      vkDestroyBuffer(gpu->device, t.staging.buffer, NULL);
      vkFreeMemory(gpu->device, t.staging.memory, NULL);
   }
   free(t.own);
   free(t.back);
   buffer_free(gpu, &t.device);
}

static void tell_types(struct gpu *gpu)
{
   for (uint32_t i = 0; i < gpu->memory.memoryTypeCount; i++)
      fprintf(gpu->result, "type %u %u\n", i, gpu->memory.memoryTypes[i].propertyFlags);
}

void bench_memory(struct gpu *gpu)
{
   tell_types(gpu);
   for (uint32_t i = 0; i < gpu->memory.memoryTypeCount; i++) {
      if ((gpu->memory.memoryTypes[i].propertyFlags & MAPPED) != MAPPED)
         continue;
      figure(gpu, cold(gpu, i), "cold.%u", i);
      figure(gpu, best(gpu, warm, &i), "warm.%u", i);
   }
   each_type(gpu, measure);
}

void bench_mapped(struct gpu *gpu)
{
   tell_types(gpu);
   each_type(gpu, measure_mapped);
}
