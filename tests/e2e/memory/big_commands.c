// SPDX-License-Identifier: MIT
//
// Single commands larger than a guest driver's ring: a shader module of a megabyte, sixteen thousand descriptors in one
// update, ten thousand image regions, fences and semaphores in arrays, one barrier for thousands of buffers.
#include "kernel.h"

#include <stdlib.h>

#include "bindless_comp.h"

#define WRITES  16384
#define REGIONS 10000
#define FENCES  5000
#define WORDS   (1 << 18) // a megabyte

// A valid module, most of which is one very long chain of debug strings that nobody refers to.
static uint32_t *long_module(size_t *size)
{
   const uint32_t *code = bindless_comp;
   const size_t count = COUNT(bindless_comp), text = 200; // words of text in each OpString
   uint32_t *words = malloc((count + WORDS) * 4);
   size_t at = 0, in = 0;
   EXPECT(words);
   while (in < 5)
      words[at++] = code[in++];
   uint32_t id = words[3];
   while ((code[in] & 0xffff) != 5 && (code[in] & 0xffff) != 3) { // up to OpSource or OpName
      for (uint32_t n = code[in] >> 16; n; n--)
         words[at++] = code[in++];
   }
   for (size_t k = 0; k < WORDS / (text + 2); k++) {
      words[at++] = (uint32_t)(text + 2) << 16 | 7; // OpString
      words[at++] = id++;
      for (size_t i = 0; i < text - 1; i++)
         words[at++] = 0x41414141 + (uint32_t)(i % 26) * 0x01010101;
      words[at++] = 0x00414141; // the end of the text
   }
   words[3] = id;
   while (in < count)
      words[at++] = code[in++];
   *size = at * 4;
   return words;
}

static void descriptors(struct gpu *gpu)
{
   enum { BUFFERS = 1000, STRIDE = 256 };
   struct buffer out = storage_new(gpu, 4096), in = storage_new(gpu, BUFFERS * STRIDE);
   fill_random(&in, 5);
   VkDescriptorSetLayoutBinding bindings[] = {
      {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
      {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, BUFFERS, VK_SHADER_STAGE_COMPUTE_BIT, NULL}};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 2,
                                           .pBindings = bindings};
   VkDescriptorSetLayoutSupport support = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT};
   vkGetDescriptorSetLayoutSupport(gpu->device, &info, &support);
   if (!support.supported || gpu->props.limits.maxPerStageDescriptorStorageBuffers < BUFFERS + 1)
      skip("needs a thousand storage buffers");
   VkDescriptorSetLayout set_layout = set_layout_new(gpu, 0, 2, bindings);
   VkDescriptorPool pool;
   VkDescriptorSet set = set_new(gpu, set_layout, 1,
                                 &(VkDescriptorPoolSize){VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, BUFFERS + 1}, NULL, &pool);
   VkWriteDescriptorSet *writes = calloc(WRITES, sizeof(*writes));
   VkDescriptorBufferInfo *infos = calloc(WRITES, sizeof(*infos));
   EXPECT(writes && infos);
   for (uint32_t i = 0; i < WRITES; i++) { // the last ones count
      uint32_t element = i % BUFFERS;
      infos[i] = (VkDescriptorBufferInfo){in.handle, (VkDeviceSize)((element + i / BUFFERS) % BUFFERS) * STRIDE, 64};
      writes[i] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                         .dstSet = set,
                                         .dstBinding = 1,
                                         .dstArrayElement = element,
                                         .descriptorCount = 1,
                                         .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                         .pBufferInfo = &infos[i]};
   }
   VkDescriptorBufferInfo target = {out.handle, 0, VK_WHOLE_SIZE};
   writes[0].dstBinding = 0;
   writes[0].pBufferInfo = &target;
   vkUpdateDescriptorSets(gpu->device, WRITES, writes, 0, NULL);
   free(writes);
   free(infos);
   size_t size;
   uint32_t *code = long_module(&size), push[] = {BUFFERS, 7};
   VkPipelineLayout layout = pipeline_layout_new(gpu, 1, &set_layout, sizeof(push));
   VkPipeline pipeline = compute_new(gpu, layout, shader_new(gpu, code, size), NULL);
   free(code);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
   vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(cmd, 16, 1, 1);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)out.map)[1] == ((uint32_t *)in.map)[(7 + WRITES / BUFFERS) * STRIDE / 4 + 1] + 7);
   result(gpu, "descriptors", out.map, out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyPipelineLayout(gpu->device, layout, NULL);
   vkDestroyDescriptorPool(gpu->device, pool, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, set_layout, NULL);
   buffer_free(gpu, &out);
   buffer_free(gpu, &in);
}

// Texel by texel, in one command each way.
static void regions(struct gpu *gpu)
{
   const VkImageUsageFlags usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   struct image image = image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, 100, 100, usage);
   struct buffer in = buffer_host(gpu, REGIONS * 4, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   struct buffer out = buffer_host(gpu, REGIONS * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy *list = calloc(REGIONS, sizeof(*list));
   EXPECT(list);
   fill_random(&in, 6);
   for (uint32_t i = 0; i < REGIONS; i++)
      list[i] = (VkBufferImageCopy){.bufferOffset = 4 * (uint64_t)((uint64_t)i * 7919 % REGIONS),
                                    .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                    .imageOffset = {(int)(i % 100), (int)(i / 100), 0},
                                    .imageExtent = {1, 1, 1}};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdCopyBufferToImage(cmd, in.handle, image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, REGIONS, list);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   vkCmdCopyImageToBuffer(cmd, image.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle, REGIONS, list);
   cmd_submit(gpu, cmd);
   EXPECT(!memcmp(in.map, out.map, REGIONS * 4));
   image_result(gpu, &image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "regions");
   free(list);
   image_free(gpu, &image);
   buffer_free(gpu, &in);
   buffer_free(gpu, &out);
}

static void fences(struct gpu *gpu)
{
   VkFence *list = calloc(FENCES, sizeof(VkFence));
   uint32_t signalled = 0;
   EXPECT(list);
   for (uint32_t i = 0; i < FENCES; i++)
      list[i] = fence_new(gpu, true);
   VK(vkWaitForFences(gpu->device, FENCES, list, VK_TRUE, WAIT_NS));
   VK(vkResetFences(gpu->device, FENCES, list));
   for (uint32_t i = 0; i < FENCES; i += 50)
      VK(vkQueueSubmit(gpu->queue, 0, NULL, list[i]));
   VK(vkWaitForFences(gpu->device, FENCES, list, VK_FALSE, WAIT_NS));
   VK(vkQueueWaitIdle(gpu->queue));
   for (uint32_t i = 0; i < FENCES; i++) {
      signalled += vkGetFenceStatus(gpu->device, list[i]) == VK_SUCCESS;
      vkDestroyFence(gpu->device, list[i], NULL);
   }
   EXPECT(signalled == FENCES / 50);
   result(gpu, "signalled", &signalled, sizeof(signalled));
   free(list);
}

static void barriers(struct gpu *gpu)
{
   struct buffer data = storage_new(gpu, WRITES * 4);
   VkBufferMemoryBarrier *list = calloc(WRITES, sizeof(*list));
   EXPECT(list);
   for (uint32_t i = 0; i < WRITES; i++)
      list[i] = (VkBufferMemoryBarrier){VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                        .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                        .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                        .buffer = data.handle,
                                        .offset = (VkDeviceSize)i * 4,
                                        .size = 4};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdFillBuffer(cmd, data.handle, 0, VK_WHOLE_SIZE, 0x1234);
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, WRITES, list,
                        0, NULL);
   vkCmdFillBuffer(cmd, data.handle, 400, 4000, 0x4321);
   cmd_submit(gpu, cmd);
   result(gpu, "barriers", data.map, 8192);
   free(list);
   buffer_free(gpu, &data);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.runtimeDescriptorArray = VK_TRUE,
                       .v12.shaderStorageBufferArrayNonUniformIndexing = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   descriptors(&gpu);
   regions(&gpu);
   fences(&gpu);
   barriers(&gpu);
   return gpu_close(&gpu);
}
