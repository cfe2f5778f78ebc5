// SPDX-License-Identifier: MIT
//
// Descriptor update templates with every type of descriptor, packed and with gaps, whole sets and parts of them; the
// same set must come out as from plain writes.
#include "kernel.h"

#include <stdlib.h>

#include "every_descriptor_comp.h"

#define TYPES 11

struct world {
   struct buffer texels, out[2];
   struct buffer blocks;
   VkBufferView views[2];
   VkSampler sampler;
   struct image textures[2], stored;
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipeline pipeline;
};

// What a template reads: some arrays have a stride of their own.
struct packet {
   char head[24];
   VkDescriptorImageInfo sampler, combined[2];
   struct {
      VkDescriptorImageInfo info;
      uint64_t gap[3];
   } sampled[2];
   VkDescriptorImageInfo stored;
   VkBufferView views[2];
   struct {
      uint32_t gap[2];
      VkDescriptorBufferInfo info;
   } blocks[2];
   VkDescriptorBufferInfo out, moving, moving_out;
   uint32_t near[8];
};

#define AT(member, count, stride, binding, type)                                                                       \
   {(binding), 0, (count), VK_DESCRIPTOR_TYPE_##type, offsetof(struct packet, member), (stride)}

static const VkDescriptorUpdateTemplateEntry entries[TYPES] = {
   AT(blocks[0].info, 2, sizeof(((struct packet *)0)->blocks[0]), 6, UNIFORM_BUFFER),
   AT(sampler, 1, 0, 0, SAMPLER),
   AT(combined, 2, sizeof(VkDescriptorImageInfo), 1, COMBINED_IMAGE_SAMPLER),
   AT(sampled[0].info, 2, sizeof(((struct packet *)0)->sampled[0]), 2, SAMPLED_IMAGE),
   AT(stored, 1, 0, 3, STORAGE_IMAGE),
   AT(views[0], 1, sizeof(VkBufferView), 4, UNIFORM_TEXEL_BUFFER),
   AT(views[1], 1, sizeof(VkBufferView), 5, STORAGE_TEXEL_BUFFER),
   AT(out, 1, 0, 7, STORAGE_BUFFER),
   AT(moving, 1, 0, 8, UNIFORM_BUFFER_DYNAMIC),
   AT(moving_out, 1, 0, 9, STORAGE_BUFFER_DYNAMIC),
   AT(near, sizeof(((struct packet *)0)->near), 0, 10, INLINE_UNIFORM_BLOCK),
};

static void make_images(struct gpu *gpu, struct world *w)
{
   uint8_t pixels[3][64];
   uint32_t state = 21;
   for (size_t i = 0; i < sizeof(pixels); i++)
      ((uint8_t *)pixels)[i] = (uint8_t)random_next(&state);
   for (int i = 0; i < 2; i++) {
      w->textures[i] =
          image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, 4, 4, VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
      image_upload(gpu, &w->textures[i], pixels[i], 64, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
   }
   w->stored =
       image_2d(gpu, VK_FORMAT_R8G8B8A8_UNORM, 4, 4, VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT);
   image_upload(gpu, &w->stored, pixels[2], 64, VK_IMAGE_LAYOUT_GENERAL);
   w->sampler = sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_REPEAT);
}

static void make_buffers(struct gpu *gpu, struct world *w)
{
   w->blocks = buffer_host(gpu, 4096, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   w->texels =
       buffer_host(gpu, 1024, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT);
   for (int i = 0; i < 2; i++) {
      w->out[i] = buffer_host(gpu, 1024, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
      VkBufferViewCreateInfo view = {VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO, .buffer = w->texels.handle,
                                     .format = VK_FORMAT_R32_UINT, .offset = (VkDeviceSize)i * 512, .range = 64};
      VK(vkCreateBufferView(gpu->device, &view, NULL, &w->views[i]));
   }
   fill_random(&w->blocks, 22);
   fill_random(&w->texels, 23);
}

static void make_layout(struct gpu *gpu, struct world *w)
{
   VkDescriptorSetLayoutBinding bindings[TYPES];
   for (int i = 0; i < TYPES; i++)
      bindings[i] = (VkDescriptorSetLayoutBinding){entries[i].dstBinding, entries[i].descriptorType,
                                                   entries[i].descriptorCount, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
   w->set_layout = set_layout_new(gpu, 0, TYPES, bindings);
   w->layout = pipeline_layout_new(gpu, 1, &w->set_layout, 0);
   w->pipeline = compute_new(gpu, w->layout, SHADER(gpu, every_descriptor_comp), NULL);
}

static struct packet packet_of(const struct world *w, int out)
{
   const VkImageLayout read = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL;
   struct packet p = {.sampler = {.sampler = w->sampler},
                      .stored = {VK_NULL_HANDLE, w->stored.view, VK_IMAGE_LAYOUT_GENERAL},
                      .views = {w->views[0], w->views[1]},
                      .out = {w->out[out].handle, 0, 64},
                      .moving = {w->blocks.handle, 0, 64},
                      .moving_out = {w->out[!out].handle, 256, 64},
                      .near = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000}};
   for (int i = 0; i < 2; i++) {
      p.combined[i] = (VkDescriptorImageInfo){w->sampler, w->textures[i].view, read};
      p.sampled[i].info = (VkDescriptorImageInfo){VK_NULL_HANDLE, w->textures[1 - i].view, read};
      p.blocks[i].info = (VkDescriptorBufferInfo){w->blocks.handle, 1024u * (unsigned)(i + 1), 64};
   }
   return p;
}

static VkDescriptorUpdateTemplate template_new(struct gpu *gpu, const struct world *w, uint32_t first, uint32_t count)
{
   VkDescriptorUpdateTemplateCreateInfo info = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO, .descriptorUpdateEntryCount = count,
      .pDescriptorUpdateEntries = entries + first, .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET,
      .descriptorSetLayout = w->set_layout};
   VkDescriptorUpdateTemplate template;
   VK(vkCreateDescriptorUpdateTemplate(gpu->device, &info, NULL, &template));
   return template;
}

static VkDescriptorSet set_of(struct gpu *gpu, const struct world *w, VkDescriptorPool *pool)
{
   VkDescriptorPoolSize sizes[TYPES];
   VkDescriptorPoolInlineUniformBlockCreateInfo blocks = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_INLINE_UNIFORM_BLOCK_CREATE_INFO, .maxInlineUniformBlockBindings = 1};
   for (int i = 0; i < TYPES; i++)
      sizes[i] = (VkDescriptorPoolSize){entries[i].descriptorType, entries[i].descriptorCount};
   return set_new(gpu, w->set_layout, TYPES, sizes, &blocks, pool);
}

static void plain_writes(struct gpu *gpu, VkDescriptorSet set, const struct packet *p)
{
   VkDescriptorImageInfo sampled[2] = {p->sampled[0].info, p->sampled[1].info};
   VkDescriptorBufferInfo blocks[2] = {p->blocks[0].info, p->blocks[1].info};
   VkWriteDescriptorSetInlineUniformBlock near = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
                                                  .dataSize = sizeof(p->near), .pData = p->near};
   VkWriteDescriptorSet writes[TYPES];
   for (int i = 0; i < TYPES; i++)
      writes[i] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                         .dstSet = set,
                                         .dstBinding = entries[i].dstBinding,
                                         .descriptorCount = entries[i].descriptorCount,
                                         .descriptorType = entries[i].descriptorType,
                                         .pImageInfo = (const void *)((const char *)p + entries[i].offset),
                                         .pBufferInfo = (const void *)((const char *)p + entries[i].offset),
                                         .pTexelBufferView = (const void *)((const char *)p + entries[i].offset)};
   writes[0].pBufferInfo = blocks;
   writes[3].pImageInfo = sampled;
   writes[10].pNext = &near;
   vkUpdateDescriptorSets(gpu->device, TYPES, writes, 0, NULL);
}

static void run(struct gpu *gpu, struct world *w, VkDescriptorSet set, const char *name)
{
   const uint32_t offsets[] = {512, 256};
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w->layout, 0, 1, &set, COUNT(offsets), offsets);
   vkCmdDispatch(cmd, 1, 1, 1);
   cmd_submit(gpu, cmd);
   result(gpu, name, w->out[0].map, w->out[0].size);
   result(gpu, name, w->out[1].map, w->out[1].size);
   result(gpu, "texels", w->texels.map, w->texels.size);
}

static void clean(struct world *w)
{
   memset(w->out[0].map, 0, w->out[0].size);
   memset(w->out[1].map, 0, w->out[1].size);
   fill_random(&w->texels, 23);
}

static void compare(struct gpu *gpu, struct world *w)
{
   VkDescriptorPool pools[2];
   VkDescriptorSet sets[2] = {set_of(gpu, w, &pools[0]), set_of(gpu, w, &pools[1])};
   VkDescriptorUpdateTemplate all = template_new(gpu, w, 0, TYPES), some = template_new(gpu, w, 7, 3);
   struct packet *heap = malloc(sizeof(*heap)), first = packet_of(w, 0);
   uint8_t expected[1024];
   EXPECT(heap);
   plain_writes(gpu, sets[0], &first);
   run(gpu, w, sets[0], "written");
   memcpy(expected, w->out[0].map, sizeof(expected));
   clean(w);
   *heap = first;
   vkUpdateDescriptorSetWithTemplate(gpu->device, sets[1], all, heap);
   memset(heap, 0xee, sizeof(*heap)); // it was read at once
   run(gpu, w, sets[1], "by-template");
   EXPECT(!memcmp(expected, w->out[0].map, sizeof(expected)) && expected[0] + expected[1] + expected[2]);
   *heap = packet_of(w, 1);
   vkUpdateDescriptorSetWithTemplate(gpu->device, sets[1], some, heap);
   run(gpu, w, sets[1], "in-part");
   free(heap);
   for (int i = 0; i < 2; i++)
      vkDestroyDescriptorPool(gpu->device, pools[i], NULL);
   vkDestroyDescriptorUpdateTemplate(gpu->device, all, NULL);
   vkDestroyDescriptorUpdateTemplate(gpu->device, some, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.inlineUniformBlock = VK_TRUE, .api = VK_API_VERSION_1_3};
   gpu_open(&gpu, argc, argv, &want);
   struct world w = {0};
   make_images(&gpu, &w);
   make_buffers(&gpu, &w);
   make_layout(&gpu, &w);
   compare(&gpu, &w);
   vkDestroyPipeline(gpu.device, w.pipeline, NULL);
   vkDestroyPipelineLayout(gpu.device, w.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu.device, w.set_layout, NULL);
   vkDestroySampler(gpu.device, w.sampler, NULL);
   image_free(&gpu, &w.stored);
   for (int i = 0; i < 2; i++) {
      vkDestroyBufferView(gpu.device, w.views[i], NULL);
      image_free(&gpu, &w.textures[i]);
      buffer_free(&gpu, &w.out[i]);
   }
   buffer_free(&gpu, &w.blocks);
   buffer_free(&gpu, &w.texels);
   return gpu_close(&gpu);
}
