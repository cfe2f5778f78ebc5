// SPDX-License-Identifier: MIT
//
// synchronization2 proper: one dependency with barriers of all three kinds, submissions with stage masks on both sides,
// and time stamps that must be ordered.
#include "sync.h"

#define SIZE   32
#define STAMPS 8

// Buffer -> image -> buffer, each step named as narrowly as it can be.
static void narrow(struct gpu *gpu)
{
   const VkDeviceSize bytes = 4 * SIZE * SIZE;
   struct image image = image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, SIZE, SIZE,
                                 VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   struct buffer a = buffer_host(gpu, bytes, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   struct buffer b = buffer_host(gpu, bytes, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy region = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                               .imageExtent = {SIZE, SIZE, 1}};
   VkMemoryBarrier2 memory = {VK_STRUCTURE_TYPE_MEMORY_BARRIER_2, .srcStageMask = VK_PIPELINE_STAGE_2_NONE,
                              .dstStageMask = VK_PIPELINE_STAGE_2_NONE};
   VkBufferMemoryBarrier2 filled = {VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
                                    .srcStageMask = VK_PIPELINE_STAGE_2_CLEAR_BIT,
                                    .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                                    .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                                    .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT,
                                    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .buffer = a.handle,
                                    .size = VK_WHOLE_SIZE};
   VkImageMemoryBarrier2 change = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
                                   .srcStageMask = VK_PIPELINE_STAGE_2_NONE,
                                   .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                                   .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                                   .newLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                                   .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                   .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                   .image = image.handle,
                                   .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   VkDependencyInfo all = {VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1,
                           .pMemoryBarriers = &memory,        .bufferMemoryBarrierCount = 1,
                           .pBufferMemoryBarriers = &filled,  .imageMemoryBarrierCount = 1,
                           .pImageMemoryBarriers = &change};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdFillBuffer(cmd, a.handle, 0, bytes / 2, 0x12345678);
   vkCmdFillBuffer(cmd, a.handle, bytes / 2, bytes / 2, 0x9abcdef0);
   vkCmdPipelineBarrier2(cmd, &all);
   vkCmdCopyBufferToImage(cmd, a.handle, image.handle, change.newLayout, 1, &region);
   change.srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT;
   change.srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT;
   change.dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT;
   change.oldLayout = change.newLayout;
   change.newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
   all.memoryBarrierCount = all.bufferMemoryBarrierCount = 0;
   vkCmdPipelineBarrier2(cmd, &all);
   vkCmdCopyImageToBuffer(cmd, image.handle, change.newLayout, b.handle, 1, &region);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)b.map)[SIZE * SIZE - 1] == 0x9abcdef0);
   result(gpu, "narrow", b.map, b.size);
   image_free(gpu, &image);
   buffer_free(gpu, &a);
   buffer_free(gpu, &b);
}

// Four batches in one call; binary and timeline semaphores mixed, each with stages of its own.
static void submit2(struct gpu *gpu)
{
   enum { BATCHES = 4 };
   struct buffer words = buffer_shared(gpu, 4 * (BATCHES + 1));
   VkSemaphore binary[BATCHES], timeline = timeline_new(gpu, 0);
   VkSemaphoreSubmitInfo waits[BATCHES][2], signals[BATCHES][2];
   VkCommandBufferSubmitInfo cmds[BATCHES];
   VkSubmitInfo2 infos[BATCHES];
   *(uint32_t *)words.map = 0xabad1dea;
   for (uint32_t i = 0; i < BATCHES; i++) {
      binary[i] = semaphore_new(gpu);
      const VkPipelineStageFlags2 stage = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
      const VkStructureType type = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO;
      waits[i][0] = (VkSemaphoreSubmitInfo){type, .semaphore = timeline, .value = 10 * i, .stageMask = stage};
      waits[i][1] = (VkSemaphoreSubmitInfo){type, .semaphore = i ? binary[i - 1] : VK_NULL_HANDLE, .stageMask = stage};
      signals[i][0] = (VkSemaphoreSubmitInfo){type, .semaphore = timeline, .value = 10 * i + 10, .stageMask = stage};
      signals[i][1] = (VkSemaphoreSubmitInfo){type, .semaphore = binary[i], .stageMask = stage};
      cmds[i] = (VkCommandBufferSubmitInfo){VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                            .commandBuffer = chain_step(gpu, gpu->pool, &words, i)};
      infos[i] =
          (VkSubmitInfo2){VK_STRUCTURE_TYPE_SUBMIT_INFO_2,    .waitSemaphoreInfoCount = i ? 2 : 1,
                          .pWaitSemaphoreInfos = waits[i],    .commandBufferInfoCount = 1,
                          .pCommandBufferInfos = &cmds[i],    .signalSemaphoreInfoCount = i + 1 < BATCHES ? 2 : 1,
                          .pSignalSemaphoreInfos = signals[i]};
   }
   VK(vkQueueSubmit2(gpu->queue, BATCHES, infos, VK_NULL_HANDLE));
   VK(timeline_wait(gpu, timeline, 10 * BATCHES, WAIT_NS));
   EXPECT(((uint32_t *)words.map)[BATCHES] == 0xabad1dea);
   result(gpu, "submit2", words.map, words.size);
   VK(vkQueueWaitIdle(gpu->queue));
   for (uint32_t i = 0; i < BATCHES; i++)
      vkDestroySemaphore(gpu->device, binary[i], NULL);
   vkDestroySemaphore(gpu->device, timeline, NULL);
   buffer_free(gpu, &words);
}

// What the clock says is the driver's affair; that it never runs backwards is ours.
static void stamps(struct gpu *gpu)
{
   struct buffer scratch = buffer_device(gpu, 65536, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                 .queryCount = STAMPS + 1};
   VkQueryPool pool;
   VK(vkCreateQueryPool(gpu->device, &info, NULL, &pool));
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdResetQueryPool(cmd, pool, 0, STAMPS + 1);
   for (uint32_t i = 0; i < STAMPS; i++) {
      vkCmdFillBuffer(cmd, scratch.handle, 0, scratch.size, i);
      vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, pool, i);
      barrier_all(cmd);
   }
   cmd_submit(gpu, cmd);
   uint64_t got[STAMPS + 1][2];
   uint32_t order[STAMPS + 2] = {0};
   order[0] = vkGetQueryPoolResults(gpu->device, pool, 0, STAMPS + 1, sizeof(got), got, 16,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT) == VK_NOT_READY;
   for (uint32_t i = 0; i <= STAMPS; i++)
      order[i + 1] = got[i][1] ? 1 + (!i || got[i][0] >= got[i - 1][0]) : 0;
   EXPECT(order[STAMPS] == 2 && order[STAMPS + 1] == 0);
   result(gpu, "stamps-ordered", order, sizeof(order));
   vkDestroyQueryPool(gpu->device, pool, NULL);
   buffer_free(gpu, &scratch);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE, .v13.synchronization2 = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   narrow(&gpu);
   submit2(&gpu);
   if (gpu.timestamp_bits == 64) // fewer bits wrap around
      stamps(&gpu);
   return gpu_close(&gpu);
}
