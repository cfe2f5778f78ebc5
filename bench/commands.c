// SPDX-License-Identifier: MIT
//
// What Vulkan calls cost a program, in nanoseconds: a file of `name value` lines. bench.py runs it natively and as a
// guest in turn and compares; a figure by itself says more about the machine than about us.
//
// usage: commands FILE
#include <stdlib.h>
#include <time.h>

#include "harness.h"

#define FILLS   20000
#define SUBMITS 200
#define QUERIES 500
#define BLOCKS  200
#define BLOCK   (1u << 20)

static double now(void)
{
   struct timespec t;
   clock_gettime(CLOCK_MONOTONIC, &t);
   return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

// Recording, submitting and waiting for many small commands: the stream itself.
static double fills(struct gpu *gpu)
{
   struct buffer buffer = buffer_device(gpu, 4096, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   double start = now();
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < FILLS; i++)
      vkCmdFillBuffer(cmd, buffer.handle, i % 1024 * 4, 4, i);
   cmd_submit(gpu, cmd);
   double each = (now() - start) / FILLS;
   buffer_free(gpu, &buffer);
   return each;
}

// An empty submission and the wait for its fence: there and back through queue and feedback.
static double submits(struct gpu *gpu)
{
   VkFence fence = fence_new(gpu, false);
   VkSubmitInfo nothing = {VK_STRUCTURE_TYPE_SUBMIT_INFO};
   double start = now();
   for (uint32_t i = 0; i < SUBMITS; i++) {
      VK(vkQueueSubmit(gpu->queue, 1, &nothing, fence));
      fence_wait(gpu, fence);
      VK(vkResetFences(gpu->device, 1, &fence));
   }
   double each = (now() - start) / SUBMITS;
   vkDestroyFence(gpu->device, fence, NULL);
   return each;
}

// A question that guest drivers do not answer from a cache: one round trip.
static double queries(struct gpu *gpu)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO, .imageType = VK_IMAGE_TYPE_2D,
                             .format = VK_FORMAT_R8G8B8A8_UNORM, .extent = {64, 64, 1}, .mipLevels = 1,
                             .arrayLayers = 1, .samples = VK_SAMPLE_COUNT_1_BIT, .tiling = VK_IMAGE_TILING_LINEAR,
                             .usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT};
   VkImage image;
   VK(vkCreateImage(gpu->device, &info, NULL, &image));
   double start = now();
   for (uint32_t i = 0; i < QUERIES; i++) {
      VkSubresourceLayout layout;
      vkGetImageSubresourceLayout(gpu->device, image, &(VkImageSubresource){VK_IMAGE_ASPECT_COLOR_BIT}, &layout);
   }
   double each = (now() - start) / QUERIES;
   vkDestroyImage(gpu->device, image, NULL);
   return each;
}

// Memory that comes, is mapped, touched and goes.
static double blocks(struct gpu *gpu)
{
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = BLOCK,
                                .memoryTypeIndex = memory_type(gpu, ~0u, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)};
   double start = now();
   for (uint32_t i = 0; i < BLOCKS; i++) {
      VkDeviceMemory memory;
      void *map;
      VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
      VK(vkMapMemory(gpu->device, memory, 0, VK_WHOLE_SIZE, 0, &map));
      *(volatile uint32_t *)map = i;
      vkFreeMemory(gpu->device, memory, NULL);
   }
   return (now() - start) / BLOCKS;
}

int main(int argc, char **argv)
{
   static const struct {
      const char *name;
      double (*measure)(struct gpu *gpu);
   } benches[] = {{"fill", fills}, {"submit", submits}, {"query", queries}, {"memory", blocks}};
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   for (size_t i = 0; i < COUNT(benches); i++) {
      benches[i].measure(&gpu); // warms up caches, pools and pages
      fprintf(gpu.result, "%s %.0f\n", benches[i].name, benches[i].measure(&gpu));
   }
   return gpu_close(&gpu);
}
