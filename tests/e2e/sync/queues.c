// SPDX-License-Identifier: MIT
//
// All queues of all families: each does work of its own, and an image and a buffer that belong to one family at a time
// travel through every one of them with ownership transfers.
#include "sync.h"

#define SIZE 16
#define HOPS 12

struct lane {
   VkCommandPool pool;
   VkCommandBuffer cmd;
};

// Every queue fills its own words, all at once.
static void side_by_side(struct gpu *gpu, struct lane *lanes)
{
   struct buffer words = buffer_shared(gpu, 64 * MAX_QUEUES);
   VkFence fences[MAX_QUEUES];
   for (uint32_t q = 0; q < gpu->queue_count; q++) {
      VkCommandBuffer cmd = cmd_of(gpu, lanes[q].pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      begin(cmd, 0);
      vkCmdFillBuffer(cmd, words.handle, 64 * q, 64, 0x11111111 * (q + 1));
      end(cmd);
      fences[q] = fence_new(gpu, false);
      submit_to(gpu->queues[q].handle, cmd, 0, NULL, 0, NULL, fences[q]);
   }
   VK(vkWaitForFences(gpu->device, gpu->queue_count, fences, VK_TRUE, WAIT_NS));
   for (uint32_t q = 0; q < gpu->queue_count; q++) {
      EXPECT(((uint32_t *)words.map)[16 * q + 15] == 0x11111111 * (q + 1));
      vkDestroyFence(gpu->device, fences[q], NULL);
   }
   result(gpu, "side-by-side", words.map, words.size);
   buffer_free(gpu, &words);
}

struct traveller {
   struct image image;
   struct buffer buffer;
};

// Release (recorded on `from`) and acquire (on `to`) are the same barriers; within one family nothing changes hands.
static void hand_over(struct gpu *gpu, VkCommandBuffer cmd, const struct traveller *t, uint32_t from, uint32_t to)
{
   bool same = gpu->queues[from].family == gpu->queues[to].family;
   uint32_t source = same ? VK_QUEUE_FAMILY_IGNORED : gpu->queues[from].family;
   uint32_t target = same ? VK_QUEUE_FAMILY_IGNORED : gpu->queues[to].family;
   const VkAccessFlags access = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
   VkImageMemoryBarrier image = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                 .srcAccessMask = access,
                                 .dstAccessMask = access,
                                 .oldLayout = VK_IMAGE_LAYOUT_GENERAL,
                                 .newLayout = VK_IMAGE_LAYOUT_GENERAL,
                                 .srcQueueFamilyIndex = source,
                                 .dstQueueFamilyIndex = target,
                                 .image = t->image.handle,
                                 .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   VkBufferMemoryBarrier buffer = {VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                   .srcAccessMask = access,
                                   .dstAccessMask = access,
                                   .srcQueueFamilyIndex = source,
                                   .dstQueueFamilyIndex = target,
                                   .buffer = t->buffer.handle,
                                   .size = VK_WHOLE_SIZE};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 1,
                        &buffer, 1, &image);
}

// One hop: a row of the image and a word of the buffer move on by one, whatever queue does it.
static void hop(VkCommandBuffer cmd, const struct traveller *t, uint32_t number)
{
   VkImageCopy row = {.srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                      .srcOffset = {0, (int32_t)number, 0},
                      .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                      .dstOffset = {0, (int32_t)number + 1, 0},
                      .extent = {SIZE, 1, 1}};
   vkCmdCopyImage(cmd, t->image.handle, VK_IMAGE_LAYOUT_GENERAL, t->image.handle, VK_IMAGE_LAYOUT_GENERAL, 1, &row);
   vkCmdCopyBuffer(cmd, t->buffer.handle, t->buffer.handle, 1, &(VkBufferCopy){4 * number, 4 * number + 4, 4});
}

// Whole images only where a family cannot copy less.
static bool copies_rows(struct gpu *gpu)
{
   VkQueueFamilyProperties families[MAX_QUEUES];
   uint32_t count = COUNT(families);
   vkGetPhysicalDeviceQueueFamilyProperties(gpu->physical, &count, families);
   for (uint32_t q = 0; q < gpu->queue_count; q++) {
      VkExtent3D grain = families[gpu->queues[q].family].minImageTransferGranularity;
      if (grain.width != 1 || grain.height != 1)
         return false;
   }
   return true;
}

static void journey(struct gpu *gpu, struct lane *lanes)
{
   struct traveller t = {
      image_2d(gpu, VK_FORMAT_R8G8B8A8_UINT, SIZE, SIZE,
               VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT),
      buffer_host(gpu, 4 * SIZE, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT)};
   uint32_t pixels[SIZE * SIZE] = {0};
   for (uint32_t i = 0; i < SIZE; i++)
      pixels[i] = 0x01000193 * (i + 1);
   image_upload(gpu, &t.image, pixels, sizeof(pixels), VK_IMAGE_LAYOUT_GENERAL);
   *(uint32_t *)t.buffer.map = 0x600df00d;
   VkSemaphore links[HOPS];
   VkFence done = fence_new(gpu, false);
   for (uint32_t i = 0; i <= HOPS; i++) { // the last one brings it home
      uint32_t q = i == HOPS ? 0 : i % gpu->queue_count, before = i ? (i - 1) % gpu->queue_count : 0;
      uint32_t next = i + 1 >= HOPS ? 0 : (i + 1) % gpu->queue_count;
      VkCommandBuffer cmd = cmd_of(gpu, lanes[q].pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
      begin(cmd, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
      if (i)
         hand_over(gpu, cmd, &t, before, q);
      if (i < HOPS) {
         hop(cmd, &t, i);
         hand_over(gpu, cmd, &t, q, next);
         links[i] = semaphore_new(gpu);
      }
      end(cmd);
      struct point from = {i ? links[i - 1] : VK_NULL_HANDLE}, to = {i < HOPS ? links[i] : VK_NULL_HANDLE};
      submit_to(gpu->queues[q].handle, cmd, i ? 1 : 0, &from, i < HOPS ? 1 : 0, &to, i < HOPS ? VK_NULL_HANDLE : done);
   }
   fence_wait(gpu, done);
   EXPECT(((uint32_t *)t.buffer.map)[HOPS] == 0x600df00d);
   result(gpu, "buffer", t.buffer.map, t.buffer.size);
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &t.image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &t.image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "image");
   VK(vkDeviceWaitIdle(gpu->device));
   for (uint32_t i = 0; i < HOPS; i++)
      vkDestroySemaphore(gpu->device, links[i], NULL);
   vkDestroyFence(gpu->device, done, NULL);
   image_free(gpu, &t.image);
   buffer_free(gpu, &t.buffer);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.queues = 2};
   struct lane lanes[MAX_QUEUES];
   gpu_open(&gpu, argc, argv, &want);
   result(&gpu, "queues", &gpu.queue_count, sizeof(gpu.queue_count));
   for (uint32_t q = 0; q < gpu.queue_count; q++)
      lanes[q].pool = pool_of(&gpu, gpu.queues[q].family, 0);
   side_by_side(&gpu, lanes);
   if (copies_rows(&gpu))
      journey(&gpu, lanes);
   for (uint32_t q = 0; q < gpu.queue_count; q++)
      vkDestroyCommandPool(gpu.device, lanes[q].pool, NULL);
   return gpu_close(&gpu);
}
