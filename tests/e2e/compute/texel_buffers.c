// SPDX-License-Identifier: MIT
//
// Texel buffers: views of many formats at offsets and of parts of a buffer, storage ones with atomics.
#include "kernel.h"

#include "texel_buffer_comp.h"
#include "texel_buffer_uint_comp.h"

#define BYTES  8192
#define OFFSET 256
#define TEXELS 64

static const struct {
   VkFormat format;
   uint32_t texel;
   const char *name;
} formats[] = {{VK_FORMAT_R8_UNORM, 1, "r8"},
               {VK_FORMAT_R8_SNORM, 1, "r8s"},
               {VK_FORMAT_R8G8_UNORM, 2, "rg8"},
               {VK_FORMAT_R8G8B8A8_UNORM, 4, "rgba8"},
               {VK_FORMAT_R8G8B8A8_SNORM, 4, "rgba8s"},
               {VK_FORMAT_B8G8R8A8_UNORM, 4, "bgra8"},
               {VK_FORMAT_A8B8G8R8_UNORM_PACK32, 4, "abgr8"},
               {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 4, "rgb10a2"},
               {VK_FORMAT_R16_UNORM, 2, "r16"},
               {VK_FORMAT_R16G16_SNORM, 4, "rg16s"},
               {VK_FORMAT_R16G16B16A16_UNORM, 8, "rgba16"},
               {VK_FORMAT_R16_SFLOAT, 2, "r16f"},
               {VK_FORMAT_R16G16B16A16_SFLOAT, 8, "rgba16f"},
               {VK_FORMAT_R32_SFLOAT, 4, "r32f"},
               {VK_FORMAT_R32G32B32_SFLOAT, 12, "rgb32f"},
               {VK_FORMAT_R32G32B32A32_SFLOAT, 16, "rgba32f"},
               {VK_FORMAT_B10G11R11_UFLOAT_PACK32, 4, "r11g11b10f"}};

static VkBufferView view_new(struct gpu *gpu, const struct buffer *buffer, VkFormat format, VkDeviceSize offset,
                             VkDeviceSize range)
{
   VkBufferViewCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO, .buffer = buffer->handle, .format = format,
                                  .offset = offset, .range = range};
   VkBufferView view;
   VK(vkCreateBufferView(gpu->device, &info, NULL, &view));
   return view;
}

// Binds the views as `types` and a storage buffer after them, runs the shader once.
static void run(struct gpu *gpu, const uint32_t *code, size_t size, uint32_t count, const VkDescriptorType *types,
                const VkBufferView *views, const struct buffer *out)
{
   VkDescriptorSetLayoutBinding bindings[5];
   VkDescriptorPoolSize sizes[5];
   VkWriteDescriptorSet writes[5];
   VkDescriptorBufferInfo info = {out ? out->handle : VK_NULL_HANDLE, 0, VK_WHOLE_SIZE};
   uint32_t total = count + (out != NULL);
   for (uint32_t i = 0; i < total; i++) {
      VkDescriptorType type = i < count ? types[i] : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
      bindings[i] = (VkDescriptorSetLayoutBinding){i, type, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
      sizes[i] = (VkDescriptorPoolSize){type, 1};
      writes[i] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                         .dstBinding = i,
                                         .descriptorCount = 1,
                                         .descriptorType = type,
                                         .pBufferInfo = &info,
                                         .pTexelBufferView = &views[i]};
   }
   VkDescriptorSetLayout set_layout = set_layout_new(gpu, 0, total, bindings);
   VkPipelineLayout layout = pipeline_layout_new(gpu, 1, &set_layout, 0);
   VkDescriptorPool pool;
   VkDescriptorSet set = set_new(gpu, set_layout, total, sizes, NULL, &pool);
   for (uint32_t i = 0; i < total; i++)
      writes[i].dstSet = set;
   vkUpdateDescriptorSets(gpu->device, total, writes, 0, NULL);
   VkPipeline pipeline = compute_new(gpu, layout, shader_new(gpu, code, size), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
   vkCmdDispatch(cmd, TEXELS / 16, 1, 1);
   cmd_submit(gpu, cmd);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyPipelineLayout(gpu->device, layout, NULL);
   vkDestroyDescriptorPool(gpu->device, pool, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, set_layout, NULL);
}

// Bytes that are no NaN in any of the formats.
static void fill(struct buffer *buffer)
{
   uint32_t state = 3;
   for (uint32_t i = 0; i < buffer->size; i++)
      ((uint8_t *)buffer->map)[i] = (uint8_t)(random_next(&state) & 0x3b);
}

static void floats(struct gpu *gpu, const struct buffer *source)
{
   const VkDescriptorType type = VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
   for (size_t i = 0; i < COUNT(formats); i++) {
      VkFormatProperties props;
      vkGetPhysicalDeviceFormatProperties(gpu->physical, formats[i].format, &props);
      result(gpu, formats[i].name, &props.bufferFeatures, sizeof(props.bufferFeatures));
      if (!(props.bufferFeatures & VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT))
         continue;
      struct buffer out = storage_new(gpu, TEXELS * 16);
      VkBufferView view = view_new(gpu, source, formats[i].format, OFFSET * formats[i].texel, 50 * formats[i].texel);
      run(gpu, texel_buffer_comp, sizeof(texel_buffer_comp), 1, &type, &view, &out);
      EXPECT(((float *)out.map)[50 * 4] == 50);
      result(gpu, "texels", out.map, out.size);
      vkDestroyBufferView(gpu->device, view, NULL);
      buffer_free(gpu, &out);
   }
}

static void integers(struct gpu *gpu, const struct buffer *source)
{
   const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
                                     VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER};
   struct buffer counters = buffer_host(gpu, 1024, VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT);
   struct buffer pixels = buffer_host(gpu, 1024, VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT);
   VkBufferView views[] = {view_new(gpu, source, VK_FORMAT_R16G16_UINT, 1024, VK_WHOLE_SIZE),
                           view_new(gpu, source, VK_FORMAT_R8G8B8A8_SINT, 2048, 1024),
                           view_new(gpu, &counters, VK_FORMAT_R32_UINT, 0, VK_WHOLE_SIZE),
                           view_new(gpu, &pixels, VK_FORMAT_R8G8B8A8_UNORM, 256, 512)};
   run(gpu, texel_buffer_uint_comp, sizeof(texel_buffer_uint_comp), 4, types, views, NULL);
   uint32_t sum = 0;
   for (int i = 0; i < TEXELS; i += 4)
      sum += ((uint16_t *)source->map)[512 + 2 * i];
   EXPECT(*(uint32_t *)counters.map == sum);
   result(gpu, "counters", counters.map, counters.size);
   result(gpu, "pixels", pixels.map, pixels.size);
   for (size_t i = 0; i < COUNT(views); i++)
      vkDestroyBufferView(gpu->device, views[i], NULL);
   buffer_free(gpu, &counters);
   buffer_free(gpu, &pixels);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer source = buffer_host(&gpu, BYTES, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT);
   fill(&source);
   floats(&gpu, &source);
   integers(&gpu, &source);
   buffer_free(&gpu, &source);
   return gpu_close(&gpu);
}
