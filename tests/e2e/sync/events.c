// SPDX-License-Identifier: MIT
//
// Events of synchronization2: set with the dependency they stand for, several waited for at once, device-only ones, and
// one that the host sets and the device waits for.
#include "sync.h"

#define EVENTS 6

static VkEvent event_new(struct gpu *gpu, VkEventCreateFlags flags)
{
   VkEventCreateInfo info = {VK_STRUCTURE_TYPE_EVENT_CREATE_INFO, .flags = flags};
   VkEvent event;
   VK(vkCreateEvent(gpu->device, &info, NULL, &event));
   return event;
}

static const VkMemoryBarrier2 between_copies = {
   VK_STRUCTURE_TYPE_MEMORY_BARRIER_2, .srcStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
   .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT, .dstStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
   .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT};

// Each event is set after one fill and waited for, with all others, before everything is copied.
static void many_at_once(struct gpu *gpu, VkEventCreateFlags flags, const char *name)
{
   struct buffer out = buffer_host(gpu, 512, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkEvent events[EVENTS];
   VkDependencyInfo infos[EVENTS];
   VkBufferMemoryBarrier2 parts[EVENTS];
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < EVENTS; i++) {
      events[i] = event_new(gpu, flags);
      parts[i] = (VkBufferMemoryBarrier2){VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
                                          .srcStageMask = VK_PIPELINE_STAGE_2_CLEAR_BIT,
                                          .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                                          .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                                          .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT,
                                          .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                          .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                          .buffer = out.handle,
                                          .offset = 32 * i,
                                          .size = 32};
      infos[i] = (VkDependencyInfo){VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .bufferMemoryBarrierCount = 1,
                                    .pBufferMemoryBarriers = &parts[i]};
      vkCmdFillBuffer(cmd, out.handle, 32 * i, 32, 0x01020304 * (i + 1));
      vkCmdSetEvent2(cmd, events[i], &infos[i]);
   }
   vkCmdWaitEvents2(cmd, EVENTS, events, infos);
   vkCmdCopyBuffer(cmd, out.handle, out.handle, 1, &(VkBufferCopy){0, 256, 32 * EVENTS});
   for (uint32_t i = 0; i < EVENTS; i += 2)
      vkCmdResetEvent2(cmd, events[i], VK_PIPELINE_STAGE_2_COPY_BIT);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)out.map)[64 + 8 * EVENTS - 1] == 0x01020304 * EVENTS);
   result(gpu, name, out.map, out.size);
   uint32_t set[EVENTS];
   for (uint32_t i = 0; i < EVENTS; i++) {
      set[i] = flags ? i % 2 : vkGetEventStatus(gpu->device, events[i]) == VK_EVENT_SET;
      EXPECT(set[i] == i % 2);
      vkDestroyEvent(gpu->device, events[i], NULL);
   }
   result(gpu, "set", set, sizeof(set));
   buffer_free(gpu, &out);
}

// The same two events again and again: set, wait, reset, in one command buffer and over several.
static void ping_pong(struct gpu *gpu)
{
   struct buffer out = buffer_host(gpu, 4 * 34, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkEvent events[2] = {event_new(gpu, VK_EVENT_CREATE_DEVICE_ONLY_BIT), event_new(gpu, 0)};
   VkDependencyInfo info = {VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1,
                            .pMemoryBarriers = &between_copies};
   *(uint32_t *)out.map = 77;
   for (uint32_t part = 0; part < 4; part++) {
      VkCommandBuffer cmd = cmd_begin(gpu);
      for (uint32_t i = 8 * part; i < 8 * part + 8; i++) {
         vkCmdCopyBuffer(cmd, out.handle, out.handle, 1, &(VkBufferCopy){4 * i, 4 * i + 4, 4});
         vkCmdSetEvent2(cmd, events[i % 2], &info);
         vkCmdWaitEvents2(cmd, 1, &events[i % 2], &info);
         vkCmdResetEvent2(cmd, events[i % 2], VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT);
         barrier_all(cmd);
      }
      cmd_submit(gpu, cmd);
   }
   EXPECT(((uint32_t *)out.map)[32] == 77);
   result(gpu, "ping-pong", out.map, out.size);
   vkDestroyEvent(gpu->device, events[0], NULL);
   vkDestroyEvent(gpu->device, events[1], NULL);
   buffer_free(gpu, &out);
}

// The host says when its own writes are done; the same command buffer hears it every round.
static void set_by_host(struct gpu *gpu)
{
   struct buffer out = buffer_host(gpu, 64, VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkEvent event = event_new(gpu, 0);
   VkMemoryBarrier written = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_HOST_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT};
   VkCommandBuffer cmd = cmd_of(gpu, gpu->pool, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   begin(cmd, 0);
   vkCmdWaitEvents(cmd, 1, &event, VK_PIPELINE_STAGE_HOST_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 1, &written, 0, NULL, 0,
                   NULL);
   vkCmdCopyBuffer(cmd, out.handle, out.handle, 1, &(VkBufferCopy){0, 32, 16});
   vkCmdResetEvent(cmd, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
   end(cmd);
   for (uint8_t round = 1; round <= 5; round++) {
      memset(out.map, 0x10 + round, 16);
      VK(vkSetEvent(gpu->device, event));
      EXPECT(vkGetEventStatus(gpu->device, event) == VK_EVENT_SET);
      submit_to(gpu->queue, cmd, 0, NULL, 0, NULL, VK_NULL_HANDLE);
      VK(vkQueueWaitIdle(gpu->queue));
      EXPECT(vkGetEventStatus(gpu->device, event) == VK_EVENT_RESET);
      EXPECT(((uint8_t *)out.map)[47] == 0x10 + round);
   }
   result(gpu, "set-by-host", out.map, out.size);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
   vkDestroyEvent(gpu->device, event, NULL);
   buffer_free(gpu, &out);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.synchronization2 = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   many_at_once(&gpu, 0, "many");
   many_at_once(&gpu, VK_EVENT_CREATE_DEVICE_ONLY_BIT, "many-device-only");
   ping_pong(&gpu);
   set_by_host(&gpu);
   return gpu_close(&gpu);
}
