// SPDX-License-Identifier: MIT
//
// A guest's streams.
#include "storm.h"

#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "wire/client.gen.h"
#include "wire/venus.gen.h"

// Where the ring has its words, and its buffer behind them.
#define TAIL   64u
#define STATUS 128u
#define BUFFER 192u
#define RING   0x1000u // the guest's name for it
#define MEMORY (256u << 10)

#define SETUP (64u << 10) // bytes of commands that make the objects
#define MANY  64u         // pipelines, sets and buffers each: a storm does not use one only

// The guest's names for its objects count up, as a stock driver's do.
enum {
   INSTANCE = 1,
   PHYSICAL,
   DEVICE,
   QUEUE,
   POOL,
   COMMANDS,
   SET_LAYOUT,
   SET_POOL,
   LAYOUT,
   MODULE,
   IMAGE,
   PIPELINES = 64,
   SETS = PIPELINES + MANY,
   BUFFERS = SETS + MANY,
};

#define ID(type, id)         ((type)(uintptr_t)(id))
#define PUT(w, name, ...)    pv_enc_##name(w, 0, &(struct pv_args_##name){__VA_ARGS__})
#define RECORD(w, name, ...) PUT(w, name, .commandBuffer = ID(VkCommandBuffer, COMMANDS) __VA_OPT__(, ) __VA_ARGS__)
// A create command without chain for object `id`, which goes into parameter `out`.
#define CREATE(w, name, out, stype, id, ...)                                                                           \
   do {                                                                                                                \
      Vk##name handle_ = ID(Vk##name, id);                                                                             \
      const Vk##name##CreateInfo info_ = {.sType = stype __VA_OPT__(, ) __VA_ARGS__};                                  \
      PUT(w, vkCreate##name, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info_, .out = &handle_);                  \
   } while (0)

// --- steps
// -----------------------------------------------------------------------------------------------------------------

static void put_draw(struct pv_writer *w, uint32_t n)
{
   RECORD(w, vkCmdDraw, .vertexCount = 4, .instanceCount = 1, .firstVertex = n);
}

static void put_dispatch(struct pv_writer *w, uint32_t n)
{
   RECORD(w, vkCmdDispatch, .groupCountX = n, .groupCountY = 1, .groupCountZ = 1);
}

static void put_pipeline(struct pv_writer *w, uint32_t n)
{
   RECORD(w, vkCmdBindPipeline, .pipelineBindPoint = VK_PIPELINE_BIND_POINT_COMPUTE,
          .pipeline = ID(VkPipeline, PIPELINES + n % MANY));
}

static void put_push(struct pv_writer *w, uint32_t n)
{
   const uint32_t values[4] = {n, n + 1, n + 2, n + 3};
   RECORD(w, vkCmdPushConstants, .layout = ID(VkPipelineLayout, LAYOUT), .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
          .size = sizeof values, .pValues = values);
}

static void put_sets(struct pv_writer *w, uint32_t n)
{
   VkDescriptorSet set = ID(VkDescriptorSet, SETS + n % MANY);
   RECORD(w, vkCmdBindDescriptorSets, .pipelineBindPoint = VK_PIPELINE_BIND_POINT_COMPUTE,
          .layout = ID(VkPipelineLayout, LAYOUT), .descriptorSetCount = 1, .pDescriptorSets = &set);
}

static void put_update(struct pv_writer *w, uint32_t n)
{
   const VkDescriptorBufferInfo buffer = {.buffer = ID(VkBuffer, BUFFERS + n % MANY), .range = VK_WHOLE_SIZE};
   const VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                       .dstSet = ID(VkDescriptorSet, SETS + n % MANY),
                                       .descriptorCount = 1,
                                       .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                       .pBufferInfo = &buffer};
   PUT(w, vkUpdateDescriptorSets, .device = ID(VkDevice, DEVICE), .descriptorWriteCount = 1,
       .pDescriptorWrites = &write);
}

static void put_copy(struct pv_writer *w, uint32_t n)
{
   const VkBufferCopy region = {.dstOffset = 256, .size = 256};
   RECORD(w, vkCmdCopyBuffer, .srcBuffer = ID(VkBuffer, BUFFERS + n % MANY),
          .dstBuffer = ID(VkBuffer, BUFFERS + (n + 1) % MANY), .regionCount = 1, .pRegions = &region);
}

static void put_barrier(struct pv_writer *w, uint32_t n)
{
   (void)n;
   const VkImageMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                         .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                         .dstAccessMask = VK_ACCESS_SHADER_READ_BIT,
                                         .oldLayout = VK_IMAGE_LAYOUT_GENERAL,
                                         .newLayout = VK_IMAGE_LAYOUT_GENERAL,
                                         .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                         .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                         .image = ID(VkImage, IMAGE),
                                         .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   RECORD(w, vkCmdPipelineBarrier, .srcStageMask = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
          .dstStageMask = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, .imageMemoryBarrierCount = 1,
          .pImageMemoryBarriers = &barrier);
}

static void put_begin(struct pv_writer *w, uint32_t n)
{
   (void)n;
   const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   RECORD(w, vkBeginCommandBuffer, .pBeginInfo = &info);
   RECORD(w, vkEndCommandBuffer);
}

static void put_mix(struct pv_writer *w, uint32_t n)
{
   put_begin(w, n);
   put_update(w, n);
   put_copy(w, n);
   for (uint32_t i = 0; i < 3; i++) {
      put_pipeline(w, n + i);
      put_sets(w, n + i);
      put_push(w, n + i);
      put_dispatch(w, n + i);
   }
   for (uint32_t i = 0; i < 2; i++)
      put_barrier(w, n);
   for (uint32_t i = 0; i < 6; i++) {
      put_push(w, n + i);
      put_draw(w, n + i);
   }
   put_draw(w, n);
   put_draw(w, n);
}

const struct storm_kind storm_kinds[STORM_KINDS] = {
   [STORM_DRAW] = {"draw", "`vkCmdDraw`", 1, 8, true},
   [STORM_DISPATCH] = {"dispatch", "`vkCmdDispatch`", 1, 3, true},
   [STORM_PIPELINE] = {"pipeline", "`vkCmdBindPipeline`", 1, 3, true},
   [STORM_PUSH] = {"push", "`vkCmdPushConstants`, 16 bytes", 1, 9, false},
   [STORM_SETS] = {"sets", "`vkCmdBindDescriptorSets`, one", 1, 3, false},
   [STORM_UPDATE] = {"update", "`vkUpdateDescriptorSets`, one buffer", 1, 1, false},
   [STORM_COPY] = {"copy", "`vkCmdCopyBuffer`, one region", 1, 1, false},
   [STORM_BARRIER] = {"barrier", "`vkCmdPipelineBarrier`, one image", 1, 2, false},
   [STORM_BEGIN] = {"begin", "`vkBeginCommandBuffer`, `vkEndCommandBuffer`", 2, 2, false},
   [STORM_MIX] = {"mix", "the mix", 32, 32, false},
};

static void (*const steps[STORM_KINDS])(struct pv_writer *w, uint32_t n) = {
   [STORM_DRAW] = put_draw, [STORM_DISPATCH] = put_dispatch, [STORM_PIPELINE] = put_pipeline,
   [STORM_PUSH] = put_push, [STORM_SETS] = put_sets,         [STORM_UPDATE] = put_update,
   [STORM_COPY] = put_copy, [STORM_BARRIER] = put_barrier,   [STORM_BEGIN] = put_begin,
   [STORM_MIX] = put_mix,
};

// --- objects
// ---------------------------------------------------------------------------------------------------------------

static void put_device(struct pv_writer *w)
{
   const VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance = ID(VkInstance, INSTANCE);
   PUT(w, vkCreateInstance, .pCreateInfo = &instance_info, .pInstance = &instance, .asked_pInstance = 1);
   uint32_t one = 1;
   VkPhysicalDevice physical = ID(VkPhysicalDevice, PHYSICAL);
   PUT(w, vkEnumeratePhysicalDevices, .instance = instance, .pPhysicalDeviceCount = &one, .pPhysicalDevices = &physical,
       .asked_pPhysicalDevices = 1);
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue_info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue_info};
   VkDevice device = ID(VkDevice, DEVICE);
   PUT(w, vkCreateDevice, .physicalDevice = physical, .pCreateInfo = &info, .pDevice = &device, .asked_pDevice = 1);
}

static void put_pools(struct pv_writer *w)
{
   CREATE(w, CommandPool, pCommandPool, VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, POOL);
   const VkCommandBufferAllocateInfo buffers = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                                .commandPool = ID(VkCommandPool, POOL),
                                                .commandBufferCount = 1};
   VkCommandBuffer commands = ID(VkCommandBuffer, COMMANDS);
   PUT(w, vkAllocateCommandBuffers, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &buffers,
       .pCommandBuffers = &commands, .asked_pCommandBuffers = 1);
   const VkDescriptorSetLayoutBinding binding = {.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                                 .descriptorCount = 1};
   CREATE(w, DescriptorSetLayout, pSetLayout, VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, SET_LAYOUT,
          .bindingCount = 1, .pBindings = &binding);
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, MANY};
   CREATE(w, DescriptorPool, pDescriptorPool, VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, SET_POOL, .maxSets = MANY,
          .poolSizeCount = 1, .pPoolSizes = &size);
   VkDescriptorSetLayout layouts[MANY];
   VkDescriptorSet sets[MANY];
   for (uint32_t i = 0; i < MANY; i++) {
      layouts[i] = ID(VkDescriptorSetLayout, SET_LAYOUT);
      sets[i] = ID(VkDescriptorSet, SETS + i);
   }
   const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                             .descriptorPool = ID(VkDescriptorPool, SET_POOL),
                                             .descriptorSetCount = MANY,
                                             .pSetLayouts = layouts};
   PUT(w, vkAllocateDescriptorSets, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pDescriptorSets = sets,
       .asked_pDescriptorSets = MANY);
}

static void put_pipelines(struct pv_writer *w)
{
   const uint32_t code[8] = {0x07230203};
   CREATE(w, ShaderModule, pShaderModule, VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, MODULE, .codeSize = sizeof code,
          .pCode = code);
   VkDescriptorSetLayout set = ID(VkDescriptorSetLayout, SET_LAYOUT);
   CREATE(w, PipelineLayout, pPipelineLayout, VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, LAYOUT,
          .setLayoutCount = 1, .pSetLayouts = &set);
   VkComputePipelineCreateInfo infos[MANY];
   VkPipeline pipelines[MANY];
   for (uint32_t i = 0; i < MANY; i++) {
      infos[i] = (VkComputePipelineCreateInfo){.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                               .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                         .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                         .module = ID(VkShaderModule, MODULE),
                                                         .pName = "main"},
                                               .layout = ID(VkPipelineLayout, LAYOUT)};
      pipelines[i] = ID(VkPipeline, PIPELINES + i);
   }
   PUT(w, vkCreateComputePipelines, .device = ID(VkDevice, DEVICE), .createInfoCount = MANY, .pCreateInfos = infos,
       .pPipelines = pipelines, .asked_pPipelines = MANY);
}

static void put_resources(struct pv_writer *w)
{
   for (uint32_t i = 0; i < MANY; i++)
      CREATE(w, Buffer, pBuffer, VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, BUFFERS + i, .size = 65536,
             .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   CREATE(w, Image, pImage, VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO, IMAGE, .imageType = VK_IMAGE_TYPE_2D,
          .format = VK_FORMAT_R8G8B8A8_UNORM, .extent = {64, 64, 1}, .mipLevels = 1, .arrayLayers = 1,
          .samples = VK_SAMPLE_COUNT_1_BIT, .usage = VK_IMAGE_USAGE_STORAGE_BIT);
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .resourceId = 1,
                                      .size = MEMORY,
                                      .idleTimeout = 1000000,
                                      .tailOffset = TAIL,
                                      .statusOffset = STATUS,
                                      .bufferOffset = BUFFER,
                                      .bufferSize = STORM_BUFFER};
   PUT(w, vkCreateRingMESA, .ring = RING, .pCreateInfo = &info);
}

// --- the guest
// -------------------------------------------------------------------------------------------------------------

static void retired(void *user, uint32_t ring_idx, uint64_t fence_id)
{
   (void)user, (void)ring_idx, (void)fence_id;
}

bool storm_open(struct storm *storm, const char *driver)
{
   const struct pv_core_params core = {.driver = driver, .polled = true};
   const struct pv_context_core_params guest = {.name = "storm", .fence_retired = retired};
   struct pv_blob_core ring;
   *storm = (struct storm){.bytes = malloc(STORM_BUFFER)};
   if (!storm->bytes || pv_core_create(&core, &storm->core) ||
       pv_context_core_create(storm->core, &guest, &storm->ctx) ||
       pv_context_core_blob(storm->ctx, 1, 0, MEMORY, PV_BLOB_MAPPABLE, &ring))
      return false;
   storm->memory = ring.pointer;
   struct pv_writer w = {.p = storm->bytes, .end = storm->bytes + SETUP};
   put_device(&w);
   put_pools(&w);
   put_pipelines(&w);
   put_resources(&w);
   if (w.full || pv_context_core_submit(storm->ctx, storm->bytes, (size_t)(w.p - storm->bytes)))
      return false;
   storm->ring = pv_context_ring(storm->ctx, RING)->ring;
   return pv_context_core_state(storm->ctx) == PV_CONTEXT_ALIVE;
}

void storm_close(struct storm *storm)
{
   pv_context_core_destroy(&storm->ctx);
   pv_core_destroy(&storm->core);
   free(storm->bytes);
}

uint32_t storm_make(struct storm *storm, unsigned kind, uint32_t count)
{
   struct pv_writer w = {.p = storm->bytes, .end = storm->bytes + STORM_BUFFER / 2};
   uint32_t n = 0;
   for (; !count || n < count; n++) {
      steps[kind](&w, n);
      if (w.full)
         break;
      storm->size = (size_t)(w.p - storm->bytes);
   }
   return n * storm_kinds[kind].commands;
}

void storm_publish(struct storm *storm)
{
   uint32_t at = storm->tail % STORM_BUFFER;
   size_t first = STORM_BUFFER - at < storm->size ? STORM_BUFFER - at : storm->size;
   memcpy(storm->memory + BUFFER + at, storm->bytes, first);
   memcpy(storm->memory + BUFFER, storm->bytes + first, storm->size - first);
   storm->tail += (uint32_t)storm->size;
   __atomic_store_n((uint32_t *)(void *)(storm->memory + TAIL), storm->tail, __ATOMIC_SEQ_CST);
}

bool storm_run(struct storm *storm)
{
   uint64_t deadline;
   return pv_ring_poll(storm->ring, UINT32_MAX, &deadline) && pv_ring_head(storm->ring) == storm->tail &&
          pv_context_core_state(storm->ctx) == PV_CONTEXT_ALIVE;
}
