// SPDX-License-Identifier: MIT
//
// Null descriptors: reads give zero, sizes are zero, writes go nowhere; null vertex buffers likewise. Then the same
// sets hold real resources, and null ones again.
#include "kernel.h"
#include "paint.h"

#include "color_frag.h"
#include "color_vert.h"
#include "nobody_comp.h"

#define SEEN (16 * 3 * 16)

struct bench {
   struct buffer words, table, out;
   struct image image, texture;
   VkSampler sampler;
   struct bound bound;
   VkPipeline pipeline;
};

static struct bench bench_new(struct gpu *gpu)
{
   struct bench b = {
      .words = storage_new(gpu, 64),
      .table = buffer_host(gpu, 256, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
      .out = storage_new(gpu, SEEN),
      .image = image_2d(gpu, VK_FORMAT_R32_UINT, 16, 4, VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT),
      .texture = image_2d(gpu, VK_FORMAT_R32_UINT, 16, 4, VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT),
      .sampler =
          sampler_new(gpu, VK_FILTER_NEAREST, VK_SAMPLER_MIPMAP_MODE_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE)};
   uint32_t words[64];
   for (uint32_t i = 0; i < 64; i++)
      words[i] = 300 + i;
   image_upload(gpu, &b.image, words, sizeof(words), VK_IMAGE_LAYOUT_GENERAL);
   image_upload(gpu, &b.texture, words, sizeof(words), VK_IMAGE_LAYOUT_GENERAL);
   fill_random(&b.words, 1);
   fill_random(&b.table, 2);
   b.bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 5,
                       (struct binding[]){STORAGE(&b.words),
                                          UNIFORM(&b.table),
                                          STORAGE_IMAGE(b.image.view),
                                          {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, .view = b.texture.view,
                                           .sampler = b.sampler, .layout = VK_IMAGE_LAYOUT_GENERAL},
                                          STORAGE(&b.out)});
   b.pipeline = compute_new(gpu, b.bound.layout, SHADER(gpu, nobody_comp), NULL);
   return b;
}

static void bench_free(struct gpu *gpu, struct bench *b)
{
   vkDestroyPipeline(gpu->device, b->pipeline, NULL);
   bound_free(gpu, &b->bound);
   vkDestroySampler(gpu->device, b->sampler, NULL);
   image_free(gpu, &b->image);
   image_free(gpu, &b->texture);
   buffer_free(gpu, &b->words);
   buffer_free(gpu, &b->table);
   buffer_free(gpu, &b->out);
}

// Bit i of `mask`: binding i is there.
static void run(struct gpu *gpu, struct bench *b, uint32_t mask, const char *name)
{
   static const VkDescriptorType types[4] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
                                             VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER};
   const VkDescriptorBufferInfo buffers[2] = {{mask & 1 ? b->words.handle : VK_NULL_HANDLE, 0, VK_WHOLE_SIZE},
                                              {mask & 2 ? b->table.handle : VK_NULL_HANDLE, 0, VK_WHOLE_SIZE}};
   const VkDescriptorImageInfo images[2] = {
      {VK_NULL_HANDLE, mask & 4 ? b->image.view : VK_NULL_HANDLE, VK_IMAGE_LAYOUT_GENERAL},
      {b->sampler, mask & 8 ? b->texture.view : VK_NULL_HANDLE, VK_IMAGE_LAYOUT_GENERAL}};
   VkWriteDescriptorSet writes[4];
   for (uint32_t i = 0; i < 4; i++)
      writes[i] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                         .dstSet = b->bound.set,
                                         .dstBinding = i,
                                         .descriptorCount = 1,
                                         .descriptorType = types[i],
                                         .pBufferInfo = i < 2 ? &buffers[i] : NULL,
                                         .pImageInfo = i < 2 ? NULL : &images[i - 2]};
   vkUpdateDescriptorSets(gpu->device, 4, writes, 0, NULL);
   memset(b->out.map, 0xee, b->out.size);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->bound.layout, 0, 1, &b->bound.set, 0, NULL);
   vkCmdDispatch(cmd, 1, 1, 1);
   cmd_submit(gpu, cmd);
   const uint32_t *seen = b->out.map;
   for (uint32_t i = 0; !mask && i < 16; i++)
      EXPECT(!seen[12 * i] && !seen[12 * i + 1] && !seen[12 * i + 2] && !seen[12 * i + 3] && seen[12 * i + 11] == 7);
   result(gpu, name, b->out.map, b->out.size);
   result(gpu, "words", b->words.map, b->words.size);
}

// Positions are there; colours come from nowhere, and are black.
static void vertex_buffers(struct gpu *gpu)
{
   static const float corners[][3] = {{-0.9f, -0.9f, 0.5f}, {0.9f, -0.8f, 0.5f}, {0.1f, 0.9f, 0.5f}};
   static const VkVertexInputAttributeDescription inputs[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                              {1, 1, VK_FORMAT_R32G32B32A32_SFLOAT, 0}};
   static const VkVertexInputBindingDescription streams[] = {{0, 12, 0}, {1, 16, 0}};
   struct target target = target_new(gpu, 32, 32, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, 1);
   struct buffer vertices = buffer_host(gpu, sizeof(corners), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   memcpy(vertices.map, corners, sizeof(corners));
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL);
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .frag = SHADER(gpu, color_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .stride = 12,
                           .attribute_count = 2,
                           .attributes = inputs};
   struct pipe pipe;
   pipe_fill(&pipe, &desc);
   pipe.input.vertexBindingDescriptionCount = 2;
   pipe.input.pVertexBindingDescriptions = streams;
   VkPipeline pipeline = pipe_new(gpu, &pipe);
   modules_free(gpu, &desc);
   VkCommandBuffer cmd = paint_begin(gpu, &target, (float[]){0.5f, 0.5f, 0.5f, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 2, (VkBuffer[]){vertices.handle, VK_NULL_HANDLE}, (VkDeviceSize[]){0, 0});
   vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
   vkCmdDraw(cmd, 3, 1, 0, 0);
   paint_end(gpu, &target, cmd, "vertex-buffers");
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &vertices);
   target_free(gpu, &target);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceRobustness2FeaturesEXT robust = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT,
                                                    .nullDescriptor = VK_TRUE};
   struct want want = {.core.robustBufferAccess = VK_TRUE,
                       .extensions = {VK_EXT_ROBUSTNESS_2_EXTENSION_NAME},
                       .features = {FEATURES(robust)}};
   gpu_open(&gpu, argc, argv, &want);
   struct bench bench = bench_new(&gpu);
   run(&gpu, &bench, 0, "all-null");
   run(&gpu, &bench, 0xa, "half-null");
   run(&gpu, &bench, 0xf, "all-there");
   run(&gpu, &bench, 0, "all-null-again");
   bench_free(&gpu, &bench);
   vertex_buffers(&gpu);
   return gpu_close(&gpu);
}
