// SPDX-License-Identifier: MIT
//
// Several instances and devices in one process: two at work at the same time, and twenty one after another, each of
// which must find everything as the first one did.
#include "sync.h"

#include "add_comp.h"

#define WORDS 128

struct bench {
   struct buffer data;
   struct bound bound;
   VkPipeline pipeline;
};

static struct bench bench_new(struct gpu *gpu)
{
   struct bench b = {.data = buffer_host(gpu, 4 * WORDS, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)};
   b.bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1,
                       (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &b.data}});
   b.pipeline = compute_new(gpu, b.bound.layout, SHADER(gpu, add_comp), NULL);
   for (uint32_t i = 0; i < WORDS; i++)
      ((uint32_t *)b.data.map)[i] = i;
   return b;
}

static void bench_free(struct gpu *gpu, struct bench *b)
{
   vkDestroyPipeline(gpu->device, b->pipeline, NULL);
   bound_free(gpu, &b->bound);
   buffer_free(gpu, &b->data);
}

static void step(struct gpu *gpu, const struct bench *b, uint32_t factor, uint32_t term)
{
   const uint32_t push[3] = {WORDS, factor, term};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->bound.layout, 0, 1, &b->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, b->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(cmd, WORDS / 64, 1, 1);
   cmd_submit(gpu, cmd);
}

// Turn and turn about, with different work.
static void side_by_side(struct gpu *first)
{
   struct gpu second;
   gpu_again(&second, first, NULL);
   EXPECT(second.device != first->device && second.instance != first->instance);
   EXPECT(!strcmp(second.props.deviceName, first->props.deviceName));
   struct bench a = bench_new(first), b = bench_new(&second);
   for (uint32_t i = 0; i < 10; i++) {
      step(first, &a, 3, i);
      step(&second, &b, 5, i);
   }
   result(first, "first", a.data.map, a.data.size);
   result(first, "second", b.data.map, b.data.size);
   bench_free(&second, &b);
   gpu_drop(&second);
   step(first, &a, 7, 1); // the other one's end changed nothing
   result(first, "left-alone", a.data.map, a.data.size);
   bench_free(first, &a);
}

// Two devices of one instance and one GPU.
static void of_one_instance(struct gpu *first)
{
   float priority = 1;
   VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = first->family,
                                    .queueCount = 1, .pQueuePriorities = &priority};
   VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1,
                              .pQueueCreateInfos = &queue};
   struct gpu twin = *first;
   VK(vkCreateDevice(first->physical, &info, NULL, &twin.device));
   vkGetDeviceQueue(twin.device, twin.family, 0, &twin.queue);
   twin.pool = pool_of(&twin, twin.family, 0);
   struct bench a = bench_new(first), b = bench_new(&twin);
   step(first, &a, 11, 1);
   step(&twin, &b, 13, 1);
   result(first, "twins", a.data.map, a.data.size);
   result(first, "twins", b.data.map, b.data.size);
   bench_free(first, &a);
   bench_free(&twin, &b);
   vkDestroyCommandPool(twin.device, twin.pool, NULL);
   vkDestroyDevice(twin.device, NULL);
}

static void one_after_another(struct gpu *first)
{
   uint32_t sums[20];
   for (uint32_t i = 0; i < COUNT(sums); i++) {
      struct gpu again;
      gpu_again(&again, first, NULL);
      struct bench b = bench_new(&again);
      step(&again, &b, i + 1, 1);
      sums[i] = ((uint32_t *)b.data.map)[WORDS - 1];
      EXPECT(sums[i] == (WORDS - 1) * (i + 1) + 1);
      bench_free(&again, &b);
      gpu_drop(&again);
   }
   result(first, "one-after-another", sums, sizeof(sums));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   side_by_side(&gpu);
   of_one_instance(&gpu);
   one_after_another(&gpu);
   return gpu_close(&gpu);
}
