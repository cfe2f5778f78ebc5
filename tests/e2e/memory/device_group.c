// SPDX-License-Identifier: MIT
//
// Device groups of one: enumerated, a device made of it, device masks and indices wherever they can be said,
// binding with VkBindBufferMemoryDeviceGroupInfo and its image counterpart.
#include "kernel.h"

#include "add_comp.h"

#define WORDS 4096

struct push {
   uint32_t count, factor, term;
};

static void enumerate(struct gpu *gpu)
{
   VkPhysicalDeviceGroupProperties groups[16];
   uint32_t count = 0, ours = UINT32_MAX;
   VK(vkEnumeratePhysicalDeviceGroups(gpu->instance, &count, NULL));
   EXPECT(count && count <= COUNT(groups));
   for (uint32_t i = 0; i < count; i++)
      groups[i] = (VkPhysicalDeviceGroupProperties){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES};
   VK(vkEnumeratePhysicalDeviceGroups(gpu->instance, &count, groups));
   for (uint32_t i = 0; i < count; i++) {
      for (uint32_t d = 0; d < groups[i].physicalDeviceCount; d++)
         ours = groups[i].physicalDevices[d] == gpu->physical ? i : ours;
   }
   EXPECT(ours < count);
   result(gpu, "devices-in-group", &groups[ours].physicalDeviceCount, 4);
}

// The harness's device is plain; this program wants one that was made as a group.
static void make_device(struct gpu *gpu)
{
   float priority = 1;
   VkDeviceGroupDeviceCreateInfo group = {VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO, .physicalDeviceCount = 1,
                                          .pPhysicalDevices = &gpu->physical};
   VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = gpu->family,
                                    .queueCount = 1, .pQueuePriorities = &priority};
   VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &group, .queueCreateInfoCount = 1,
                              .pQueueCreateInfos = &queue};
   VkCommandPoolCreateInfo pool = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                   .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                   .queueFamilyIndex = gpu->family};
   vkDestroyCommandPool(gpu->device, gpu->pool, NULL);
   vkDestroyDevice(gpu->device, NULL);
   VK(vkCreateDevice(gpu->physical, &info, NULL, &gpu->device));
   vkGetDeviceQueue(gpu->device, gpu->family, 0, &gpu->queue);
   VK(vkCreateCommandPool(gpu->device, &pool, NULL, &gpu->pool));
}

static struct buffer buffer_of(struct gpu *gpu)
{
   struct buffer buffer = {.size = WORDS * 4};
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = buffer.size,
                              .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer.handle));
   VkMemoryRequirements need;
   vkGetBufferMemoryRequirements(gpu->device, buffer.handle, &need);
   VkMemoryAllocateFlagsInfo mask = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                     .flags = VK_MEMORY_ALLOCATE_DEVICE_MASK_BIT, .deviceMask = 1};
   VkMemoryAllocateInfo memory = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &mask, need.size,
      memory_type(gpu, need.memoryTypeBits,
                  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VK(vkAllocateMemory(gpu->device, &memory, NULL, &buffer.memory));
   uint32_t index = 0;
   VkBindBufferMemoryDeviceGroupInfo where = {VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_DEVICE_GROUP_INFO,
                                              .deviceIndexCount = 1, .pDeviceIndices = &index};
   VkBindBufferMemoryInfo bind = {VK_STRUCTURE_TYPE_BIND_BUFFER_MEMORY_INFO, &where, buffer.handle, buffer.memory, 0};
   VK(vkBindBufferMemory2(gpu->device, 1, &bind));
   VK(vkMapMemory(gpu->device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &buffer.map));
   return buffer;
}

static void submit(struct gpu *gpu, VkCommandBuffer cmd)
{
   uint32_t mask = 1;
   VkDeviceGroupSubmitInfo group = {VK_STRUCTURE_TYPE_DEVICE_GROUP_SUBMIT_INFO, .commandBufferCount = 1,
                                    .pCommandBufferDeviceMasks = &mask};
   VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .pNext = &group, .commandBufferCount = 1,
                        .pCommandBuffers = &cmd};
   VkFence fence = fence_new(gpu, false);
   VK(vkEndCommandBuffer(cmd));
   VK(vkQueueSubmit(gpu->queue, 1, &info, fence));
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
}

static VkCommandBuffer begin(struct gpu *gpu)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
   VkDeviceGroupCommandBufferBeginInfo group = {VK_STRUCTURE_TYPE_DEVICE_GROUP_COMMAND_BUFFER_BEGIN_INFO,
                                                .deviceMask = 1};
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .pNext = &group};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &info, &cmd));
   VK(vkBeginCommandBuffer(cmd, &begin));
   return cmd;
}

static void compute(struct gpu *gpu)
{
   struct buffer data = buffer_of(gpu);
   for (uint32_t i = 0; i < WORDS; i++)
      ((uint32_t *)data.map)[i] = i;
   struct push push = {WORDS, 5, 3};
   struct bound bound =
       bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(push), 1, (struct binding[]){STORAGE(&data)});
   VkComputePipelineCreateInfo info = {
      VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
      .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = SHADER(gpu, add_comp), .pName = "main"},
      .layout = bound.layout};
   VkPipeline pipeline;
   VK(vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   vkDestroyShaderModule(gpu->device, info.stage.module, NULL);
   VkCommandBuffer cmd = begin(gpu);
   vkCmdSetDeviceMask(cmd, 1);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
   vkCmdDispatchBase(cmd, 7, 0, 0, 20, 1, 1); // groups 7 to 26 of 64
   VkMemoryBarrier to_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_HOST_BIT,
                        VK_DEPENDENCY_DEVICE_GROUP_BIT, 1, &to_host, 0, NULL, 0, NULL);
   submit(gpu, cmd);
   const uint32_t *words = data.map;
   for (uint32_t i = 0; i < WORDS; i++) {
      uint32_t want = i >= 7 * 64 && i < 27 * 64 ? i * 5 + 3 : i;
      if (words[i] != want)
         fail("word %u is %u instead of %u", i, words[i], want);
   }
   result(gpu, "computed", data.map, data.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &data);
}

static void image(struct gpu *gpu)
{
   struct image image = {.info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO, .imageType = VK_IMAGE_TYPE_2D,
                                  .format = VK_FORMAT_R8G8B8A8_UNORM, .extent = {16, 16, 1}, .mipLevels = 1,
                                  .arrayLayers = 1, .samples = VK_SAMPLE_COUNT_1_BIT,
                                  .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT}};
   VkMemoryRequirements need;
   VK(vkCreateImage(gpu->device, &image.info, NULL, &image.handle));
   vkGetImageMemoryRequirements(gpu->device, image.handle, &need);
   VkMemoryAllocateInfo memory = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need.size,
                                  .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits, 0)};
   VK(vkAllocateMemory(gpu->device, &memory, NULL, &image.memory));
   uint32_t index = 0;
   VkBindImageMemoryDeviceGroupInfo where = {VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_DEVICE_GROUP_INFO,
                                             .deviceIndexCount = 1, .pDeviceIndices = &index};
   VkBindImageMemoryInfo bind = {VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO, &where, image.handle, image.memory, 0};
   VK(vkBindImageMemory2(gpu->device, 1, &bind));
   const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdClearColorImage(cmd, image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                        &(VkClearColorValue){{0.5f, 0.25f, 1, 0}}, 1, &all);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "image");
   image_free(gpu, &image);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   enumerate(&gpu);
   make_device(&gpu);
   compute(&gpu);
   image(&gpu);
   return gpu_close(&gpu);
}
