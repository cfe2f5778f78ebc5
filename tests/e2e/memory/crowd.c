// SPDX-License-Identifier: MIT
//
// A hundred thousand objects of a dozen kinds alive at once, some of them used, destroyed in an order that has nothing
// to do with their making.
#include "kernel.h"

#include <stdlib.h>

#include "add_comp.h"

#define BUFFERS    30000
#define VIEWS      10000
#define IMAGES     6000
#define LAYOUTS    4000
#define SETS       20000
#define EVENTS     8000
#define FENCES     300 // each is an affair of the kernel, on some drivers of milliseconds
#define SEMAPHORES 6000
#define QUERIES    2000
#define PASSES     2000
#define MODULES    4000
#define COMMANDS   8000

struct crowd {
   VkBuffer buffers[BUFFERS];
   VkBufferView views[VIEWS];
   VkImage images[IMAGES];
   VkDescriptorSetLayout set_layouts[LAYOUTS];
   VkPipelineLayout layouts[LAYOUTS];
   VkDescriptorSet sets[SETS];
   VkEvent events[EVENTS];
   VkFence fences[FENCES];
   VkSemaphore semaphores[SEMAPHORES];
   VkQueryPool queries[QUERIES];
   VkRenderPass passes[PASSES];
   VkShaderModule modules[MODULES];
   VkCommandBuffer commands[COMMANDS];
   VkDescriptorPool pool;
   struct buffer memory, texels;
   VkDeviceSize stride;
};

static void make_buffers(struct gpu *gpu, struct crowd *c)
{
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 64,
                              .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkMemoryRequirements need;
   for (uint32_t i = 0; i < BUFFERS; i++)
      VK(vkCreateBuffer(gpu->device, &info, NULL, &c->buffers[i]));
   vkGetBufferMemoryRequirements(gpu->device, c->buffers[0], &need);
   c->stride = (need.size + need.alignment - 1) / need.alignment * need.alignment;
   VkMemoryAllocateInfo memory = {
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = c->stride * BUFFERS,
      .memoryTypeIndex = memory_type(gpu, need.memoryTypeBits,
                                     VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
   VK(vkAllocateMemory(gpu->device, &memory, NULL, &c->memory.memory));
   VK(vkMapMemory(gpu->device, c->memory.memory, 0, VK_WHOLE_SIZE, 0, &c->memory.map));
   memset(c->memory.map, 0, c->stride * BUFFERS);
   for (uint32_t i = 0; i < BUFFERS; i++)
      VK(vkBindBufferMemory(gpu->device, c->buffers[i], c->memory.memory, c->stride * i));
   c->texels = buffer_host(gpu, VIEWS * 256, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT);
   for (uint32_t i = 0; i < VIEWS; i++) {
      VkBufferViewCreateInfo view = {VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO, .buffer = c->texels.handle,
                                     .format = VK_FORMAT_R32_UINT, .offset = (VkDeviceSize)i * 256, .range = 256};
      VK(vkCreateBufferView(gpu->device, &view, NULL, &c->views[i]));
   }
}

static void make_images(struct gpu *gpu, struct crowd *c)
{
   VkImageCreateInfo image = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                              .imageType = VK_IMAGE_TYPE_2D,
                              .format = VK_FORMAT_R8G8B8A8_UNORM,
                              .mipLevels = 1,
                              .arrayLayers = 1,
                              .samples = VK_SAMPLE_COUNT_1_BIT,
                              .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
   VkAttachmentDescription color = {.format = VK_FORMAT_R8G8B8A8_UNORM,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                    .finalLayout = VK_IMAGE_LAYOUT_GENERAL};
   VkAttachmentReference reference = {0, VK_IMAGE_LAYOUT_GENERAL};
   VkSubpassDescription subpass = {.colorAttachmentCount = 1, .pColorAttachments = &reference};
   VkRenderPassCreateInfo pass = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO, .attachmentCount = 1,
                                  .pAttachments = &color, .subpassCount = 1, .pSubpasses = &subpass};
   for (uint32_t i = 0; i < IMAGES; i++) {
      image.extent = (VkExtent3D){1 + i % 64, 1 + i / 64 % 64, 1};
      VK(vkCreateImage(gpu->device, &image, NULL, &c->images[i])); // never bound to memory
   }
   for (uint32_t i = 0; i < PASSES; i++)
      VK(vkCreateRenderPass(gpu->device, &pass, NULL, &c->passes[i]));
}

static void make_sets(struct gpu *gpu, struct crowd *c)
{
   VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
   for (uint32_t i = 0; i < LAYOUTS; i++) {
      c->set_layouts[i] = set_layout_new(gpu, 0, 1, &binding);
      c->layouts[i] = pipeline_layout_new(gpu, 1, &c->set_layouts[i], 12);
   }
   VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, SETS};
   VkDescriptorPoolCreateInfo pool = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = SETS,
                                      .poolSizeCount = 1, .pPoolSizes = &size};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &c->pool));
   for (uint32_t i = 0; i < SETS; i += LAYOUTS) {
      VkDescriptorSetAllocateInfo sets = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = c->pool,
                                          .descriptorSetCount = LAYOUTS, .pSetLayouts = c->set_layouts};
      VK(vkAllocateDescriptorSets(gpu->device, &sets, &c->sets[i]));
   }
   for (uint32_t i = 0; i < SETS; i++) {
      VkDescriptorBufferInfo info = {c->buffers[i], 0, VK_WHOLE_SIZE};
      VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = c->sets[i], .descriptorCount = 1,
                                    .descriptorType = binding.descriptorType, .pBufferInfo = &info};
      vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
   }
}

static void make_others(struct gpu *gpu, struct crowd *c)
{
   VkEventCreateInfo event = {VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
   VkQueryPoolCreateInfo queries = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_OCCLUSION,
                                    .queryCount = 4};
   VkCommandBufferAllocateInfo commands = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                           .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = COMMANDS};
   for (uint32_t i = 0; i < EVENTS; i++)
      VK(vkCreateEvent(gpu->device, &event, NULL, &c->events[i]));
   for (uint32_t i = 0; i < FENCES; i++)
      c->fences[i] = fence_new(gpu, i % 7 == 0);
   for (uint32_t i = 0; i < SEMAPHORES; i++)
      c->semaphores[i] = semaphore_new(gpu);
   for (uint32_t i = 0; i < QUERIES; i++)
      VK(vkCreateQueryPool(gpu->device, &queries, NULL, &c->queries[i]));
   for (uint32_t i = 0; i < MODULES; i++)
      c->modules[i] = SHADER(gpu, add_comp);
   VK(vkAllocateCommandBuffers(gpu->device, &commands, c->commands));
}

// One pipeline and one command buffer, from the middle of the crowd, use every fifth set.
static void use(struct gpu *gpu, struct crowd *c)
{
   VkPipelineLayout layout = c->layouts[LAYOUTS / 2];
   VkPipeline pipeline = compute_new(gpu, layout, c->modules[MODULES / 2], NULL);
   VkCommandBuffer cmd = c->commands[COMMANDS / 2];
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   VK(vkBeginCommandBuffer(cmd, &begin));
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   for (uint32_t i = 0; i < SETS; i += 5) {
      uint32_t push[] = {16, 1, i + 1};
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &c->sets[i], 0, NULL);
      vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
      vkCmdDispatch(cmd, 1, 1, 1);
   }
   for (uint32_t i = SETS; i < BUFFERS; i++)
      vkCmdFillBuffer(cmd, c->buffers[i], 0, 64, i);
   barrier_all(cmd);
   VK(vkEndCommandBuffer(cmd));
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cmd};
   VK(vkQueueSubmit(gpu->queue, 1, &submit, c->fences[FENCES - 1]));
   fence_wait(gpu, c->fences[FENCES - 1]);
   uint32_t signalled = 0;
   for (uint32_t i = 0; i < FENCES; i++)
      signalled += vkGetFenceStatus(gpu->device, c->fences[i]) == VK_SUCCESS;
   EXPECT(signalled == (FENCES + 6) / 7 + ((FENCES - 1) % 7 != 0));
   for (uint32_t i = 0; i < BUFFERS; i += 5)
      result(gpu, "words", (uint8_t *)c->memory.map + c->stride * i, 64);
   EXPECT(*(uint32_t *)((uint8_t *)c->memory.map + c->stride * 10) == 11);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   c->modules[MODULES / 2] = VK_NULL_HANDLE;
}

#define DROP(kind, list, count)                                                                                        \
   for (uint32_t i = 0; i < (count); i++)                                                                              \
   vkDestroy##kind(gpu->device, (list)[(uint64_t)i * 7919 % (count)], NULL)

static void drop(struct gpu *gpu, struct crowd *c)
{
   DROP(Image, c->images, IMAGES);
   DROP(BufferView, c->views, VIEWS);
   DROP(Fence, c->fences, FENCES);
   DROP(ShaderModule, c->modules, MODULES);
   DROP(Buffer, c->buffers, BUFFERS);
   DROP(PipelineLayout, c->layouts, LAYOUTS);
   DROP(Semaphore, c->semaphores, SEMAPHORES);
   vkDestroyDescriptorPool(gpu->device, c->pool, NULL); // and its sets with it
   DROP(DescriptorSetLayout, c->set_layouts, LAYOUTS);
   DROP(QueryPool, c->queries, QUERIES);
   DROP(RenderPass, c->passes, PASSES);
   DROP(Event, c->events, EVENTS);
   vkFreeCommandBuffers(gpu->device, gpu->pool, COMMANDS / 2, c->commands); // the pool takes the other half
   vkFreeMemory(gpu->device, c->memory.memory, NULL);
   buffer_free(gpu, &c->texels);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct crowd *crowd = calloc(1, sizeof(*crowd));
   EXPECT(crowd);
   make_buffers(&gpu, crowd);
   make_images(&gpu, crowd);
   make_sets(&gpu, crowd);
   make_others(&gpu, crowd);
   use(&gpu, crowd);
   drop(&gpu, crowd);
   free(crowd);
   return gpu_close(&gpu);
}
