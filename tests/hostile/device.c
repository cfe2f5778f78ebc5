// SPDX-License-Identifier: MIT
//
// A guest with a device.
#include "device.h"

#include <stdatomic.h>

#define LONGEST_POLL 250000000ull // ns; far above noise, far below what a wait would take

bool polled_mode;

static void put_instance(struct guest *g)
{
   const VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance = ID(VkInstance, INSTANCE);
   PUT(g, vkCreateInstance, 0, .pCreateInfo = &instance_info, .pInstance = &instance, .asked_pInstance = 1);
   uint32_t one = 1;
   VkPhysicalDevice physical = ID(VkPhysicalDevice, PHYSICAL);
   PUT(g, vkEnumeratePhysicalDevices, 0, .instance = instance, .pPhysicalDeviceCount = &one,
       .pPhysicalDevices = &physical, .asked_pPhysicalDevices = 1);
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queues = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
   const VkDeviceCreateInfo device_info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queues};
   VkDevice device = ID(VkDevice, DEVICE);
   PUT(g, vkCreateDevice, 0, .physicalDevice = physical, .pCreateInfo = &device_info, .pDevice = &device,
       .asked_pDevice = 1);
   const VkDeviceQueueTimelineInfoMESA timeline = {
      .sType = (VkStructureType)VK_STRUCTURE_TYPE_DEVICE_QUEUE_TIMELINE_INFO_MESA, .ringIdx = 1};
   const VkDeviceQueueInfo2 queue_info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2, .pNext = &timeline};
   VkQueue queue = ID(VkQueue, QUEUE);
   PUT(g, vkGetDeviceQueue2, 0, .device = device, .pQueueInfo = &queue_info, .pQueue = &queue, .asked_pQueue = 1);
}

static void put_buffer(struct guest *g, uint64_t buffer_id, uint64_t memory_id)
{
   VkDevice device = ID(VkDevice, DEVICE);
   VkBuffer buffer = ID(VkBuffer, buffer_id);
   VkDeviceMemory memory = ID(VkDeviceMemory, memory_id);
   const VkBufferCreateInfo buffer_info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                           .size = BUFFER_SIZE,
                                           .usage =
                                               VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   const VkMemoryAllocateInfo memory_info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                             .allocationSize = BUFFER_SIZE};
   PUT(g, vkCreateBuffer, 0, .device = device, .pCreateInfo = &buffer_info, .pBuffer = &buffer, .asked_pBuffer = 1);
   PUT(g, vkAllocateMemory, 0, .device = device, .pAllocateInfo = &memory_info, .pMemory = &memory, .asked_pMemory = 1);
   PUT(g, vkBindBufferMemory, 0, .device = device, .buffer = buffer, .memory = memory);
}

static void put_pools(struct guest *g)
{
   VkDevice device = ID(VkDevice, DEVICE);
   const VkCommandPoolCreateInfo pool_info = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                              .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT};
   VkCommandPool pool = ID(VkCommandPool, POOL), other = ID(VkCommandPool, OTHER_POOL);
   PUT(g, vkCreateCommandPool, 0, .device = device, .pCreateInfo = &pool_info, .pCommandPool = &pool,
       .asked_pCommandPool = 1);
   PUT(g, vkCreateCommandPool, 0, .device = device, .pCreateInfo = &pool_info, .pCommandPool = &other,
       .asked_pCommandPool = 1);
   const VkCommandBufferAllocateInfo buffers = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = pool, .commandBufferCount = 1};
   VkCommandBuffer buffer = ID(VkCommandBuffer, CB);
   PUT(g, vkAllocateCommandBuffers, 0, .device = device, .pAllocateInfo = &buffers, .pCommandBuffers = &buffer,
       .asked_pCommandBuffers = 1);
   const VkFenceCreateInfo fence_info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   VkFence fence = ID(VkFence, FENCE);
   PUT(g, vkCreateFence, 0, .device = device, .pCreateInfo = &fence_info, .pFence = &fence, .asked_pFence = 1);
   const VkDescriptorSetLayoutCreateInfo layout_info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
   VkDescriptorSetLayout layout = ID(VkDescriptorSetLayout, SET_LAYOUT);
   PUT(g, vkCreateDescriptorSetLayout, 0, .device = device, .pCreateInfo = &layout_info, .pSetLayout = &layout,
       .asked_pSetLayout = 1);
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 1};
   const VkDescriptorPoolCreateInfo descriptor_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1, .poolSizeCount = 1, .pPoolSizes = &size};
   VkDescriptorPool descriptor_pool = ID(VkDescriptorPool, DESCRIPTOR_POOL);
   PUT(g, vkCreateDescriptorPool, 0, .device = device, .pCreateInfo = &descriptor_info,
       .pDescriptorPool = &descriptor_pool, .asked_pDescriptorPool = 1);
   const VkDescriptorSetAllocateInfo sets = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                             .descriptorPool = descriptor_pool,
                                             .descriptorSetCount = 1,
                                             .pSetLayouts = &layout};
   VkDescriptorSet set = ID(VkDescriptorSet, SET);
   PUT(g, vkAllocateDescriptorSets, 0, .device = device, .pAllocateInfo = &sets, .pDescriptorSets = &set,
       .asked_pDescriptorSets = 1);
}

void device_open(struct guest *g, struct pv_core *core, const char *name)
{
   guest_open(g, core, name);
   put_instance(g);
   put_buffer(g, BUFFER, MEMORY);
   put_buffer(g, OTHER_BUFFER, OTHER_MEMORY);
   put_pools(g);
   assert_int_equal(guest_submit(g), 0);
   if (guest_state(g) != PV_CONTEXT_ALIVE)
      fail_msg("a good guest is %s: %s", state_name(guest_state(g)), log_so_far().first);
}

bool poll_until(struct guest *g, bool (*done)(void *), void *user, double seconds)
{
   uint64_t end = pv_now() + (uint64_t)(seconds * 1e9);
   while (!done || !done(user)) {
      uint64_t deadline = 0, before = pv_now();
      if (before > end)
         return false;
      if (polled_mode)
         pv_context_core_poll(g->ctx, &deadline);
      uint64_t took = pv_now() - before;
      if (took > LONGEST_POLL)
         fail_msg("a poll took %llu ms", (unsigned long long)took / 1000000);
      pv_sleep_until(pv_now() + 200000);
   }
   return true;
}

void device_run(struct guest *g)
{
   guest_submit(g);
   if (polled_mode)
      poll_until(g, NULL, NULL, 0.005);
}

// --- rings
// --------------------------------------------------------------------------------------------------------------

void put_ring(struct guest *g, uint64_t key, uint32_t resource)
{
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .resourceId = resource,
                                      .size = SHARED,
                                      .idleTimeout = 1000000,
                                      .tailOffset = RING_TAIL,
                                      .statusOffset = RING_STATUS,
                                      .bufferOffset = RING_BYTES,
                                      .bufferSize = RING_BUFFER,
                                      .extraOffset = RING_BYTES + RING_BUFFER,
                                      .extraSize = 4};
   PUT(g, vkCreateRingMESA, 0, .ring = key, .pCreateInfo = &info);
}

uint8_t *ring_open(struct guest *g)
{
   struct pv_blob_core blob;
   assert_int_equal(pv_context_core_blob(g->ctx, 2, 0, SHARED, PV_BLOB_MAPPABLE, &blob), 0);
   put_ring(g, RING_KEY, 2);
   device_run(g);
   return blob.pointer;
}

static _Atomic uint32_t *word(const uint8_t *memory, size_t offset)
{
   return (_Atomic uint32_t *)(uintptr_t)(memory + offset);
}

void ring_push(struct guest *g, uint8_t *memory)
{
   size_t size = (size_t)(g->w.p - g->bytes);
   uint32_t tail = atomic_load(word(memory, RING_TAIL));
   for (size_t i = 0; i < size; i++)
      memory[RING_BYTES + (tail + i) % RING_BUFFER] = g->bytes[i];
   g->w.p = g->bytes;
   atomic_store(word(memory, RING_TAIL), tail + (uint32_t)size);
   PUT(g, vkNotifyRingMESA, 0, .ring = RING_KEY, .seqno = tail + (uint32_t)size);
   device_run(g);
}

static bool drained(void *memory)
{
   return atomic_load(word(memory, 0)) == atomic_load(word(memory, RING_TAIL));
}

bool ring_drained(struct guest *g, const uint8_t *memory, double seconds)
{
   return poll_until(g, drained, (void *)memory, seconds);
}

// --- the proof
// ----------------------------------------------------------------------------------------------------------

static void put_copy(struct guest *g, uint32_t pattern)
{
   VkCommandBuffer cb = ID(VkCommandBuffer, CB);
   const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   const VkBufferCopy region = {.size = BUFFER_SIZE};
   const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT};
   PUT(g, vkBeginCommandBuffer, 0, .commandBuffer = cb, .pBeginInfo = &begin);
   for (uint32_t i = 0; i < BUFFER_SIZE; i += 1024)
      PUT(g, vkCmdFillBuffer, 0, .commandBuffer = cb, .dstBuffer = ID(VkBuffer, BUFFER), .dstOffset = i, .size = 1024,
          .data = pattern + i);
   PUT(g, vkCmdPipelineBarrier, 0, .commandBuffer = cb, .srcStageMask = VK_PIPELINE_STAGE_TRANSFER_BIT,
       .dstStageMask = VK_PIPELINE_STAGE_TRANSFER_BIT, .memoryBarrierCount = 1, .pMemoryBarriers = &barrier);
   PUT(g, vkCmdCopyBuffer, 0, .commandBuffer = cb, .srcBuffer = ID(VkBuffer, BUFFER),
       .dstBuffer = ID(VkBuffer, OTHER_BUFFER), .regionCount = 1, .pRegions = &region);
   PUT(g, vkEndCommandBuffer, 0, .commandBuffer = cb);
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cb};
   PUT(g, vkQueueSubmit, 0, .queue = ID(VkQueue, QUEUE), .submitCount = 1, .pSubmits = &submit,
       .fence = ID(VkFence, FENCE));
}

static bool first_fence_retired(void *user)
{
   return atomic_load(&((struct guest *)user)->retired[0]) == 1;
}

void device_works(struct guest *g, uint32_t pattern)
{
   struct pv_blob_core blob;
   VkFence fence = ID(VkFence, FENCE);
   put_copy(g, pattern);
   guest_rewind(g);
   PUT(g, vkWaitForFences, 1, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = 10000000000ull);
   device_run(g);
   assert_int_equal(pv_context_core_fence(g->ctx, 0, 1), 0);
   assert_true(poll_until(g, first_fence_retired, g, 10));
   assert_int_equal(pv_load32(g->shared), PV_CMD_vkWaitForFences);
   assert_int_equal((int32_t)pv_load32(g->shared + 4), VK_SUCCESS);
   assert_int_equal(pv_context_core_blob(g->ctx, 3, OTHER_MEMORY, BUFFER_SIZE, PV_BLOB_MAPPABLE, &blob), 0);
   for (uint32_t i = 0; i < BUFFER_SIZE; i += 4)
      if (pv_load32((uint8_t *)blob.pointer + i) != pattern + i / 1024 * 1024)
         fail_msg("byte %u of a copied buffer is wrong", i);
   assert_int_equal(guest_state(g), PV_CONTEXT_ALIVE);
}

void other_device_works(struct pv_core *core, uint32_t pattern)
{
   struct guest other;
   device_open(&other, core, "second");
   device_works(&other, pattern);
   guest_close(&other);
}

uint8_t *put_small_buffer(struct guest *g, uint64_t id)
{
   static const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 256, .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   uint8_t *start = g->w.p;
   VkBuffer buffer = ID(VkBuffer, id);
   PUT(g, vkCreateBuffer, 0, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pBuffer = &buffer,
       .asked_pBuffer = 1);
   return start;
}

struct pv_core *device_core(const char *mode)
{
   struct pv_core *core = NULL;
   polled_mode = !strcmp(mode, "polled");
   log_start();
   const struct pv_core_params params = {.polled = polled_mode, .limits = {.memory = 64u << 20, .objects = 1000}};
   if (pv_core_create(&params, &core))
      print_message("%s\n", log_so_far().last);
   return core;
}
