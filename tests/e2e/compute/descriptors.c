// SPDX-License-Identifier: MIT
//
// Descriptors: pools that are reset, freed from and run dry, dynamic offsets, copies, templates, texel buffers, storage
// images, and an update-after-bind array indexed by the shader.
#include "harness.h"

#include "bindless_comp.h"
#include "sum_comp.h"

#define BUFFERS 100

static VkDescriptorPool pool_new(struct gpu *gpu, VkDescriptorPoolCreateFlags flags, uint32_t sets, uint32_t count,
                                 const VkDescriptorPoolSize *sizes)
{
   VkDescriptorPoolCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .flags = flags, .maxSets = sets,
                                      .poolSizeCount = count, .pPoolSizes = sizes};
   VkDescriptorPool pool;
   VK(vkCreateDescriptorPool(gpu->device, &info, NULL, &pool));
   return pool;
}

static VkResult allocate(struct gpu *gpu, VkDescriptorPool pool, VkDescriptorSetLayout layout, uint32_t count,
                         VkDescriptorSet *sets)
{
   VkDescriptorSetLayout layouts[16];
   EXPECT(count <= COUNT(layouts));
   for (uint32_t i = 0; i < count; i++)
      layouts[i] = layout;
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = pool,
                                       .descriptorSetCount = count, .pSetLayouts = layouts};
   return vkAllocateDescriptorSets(gpu->device, &info, sets);
}

struct resources {
   struct buffer terms, out[2], texels;
   VkBufferView view;
   struct image image;
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipeline pipeline;
};

static VkPipelineLayout layout_new(struct gpu *gpu, VkDescriptorSetLayout set, uint32_t push)
{
   VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, push};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                      .pSetLayouts = &set, .pushConstantRangeCount = push ? 1 : 0,
                                      .pPushConstantRanges = &range};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

static void make_layout(struct gpu *gpu, struct resources *r)
{
   const VkShaderStageFlags stage = VK_SHADER_STAGE_COMPUTE_BIT;
   VkDescriptorSetLayoutBinding bindings[] = {{0, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC, 1, stage, NULL},
                                              {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, stage, NULL},
                                              {2, VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, 1, stage, NULL},
                                              {3, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 1, stage, NULL}};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                           .bindingCount = COUNT(bindings), .pBindings = bindings};
   VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &r->set_layout));
   r->layout = layout_new(gpu, r->set_layout, 0);
   r->pipeline = compute_new(gpu, r->layout, SHADER(gpu, sum_comp), NULL);
}

static struct resources resources_new(struct gpu *gpu)
{
   struct resources r = {.terms = buffer_host(gpu, 4096, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT),
                         .out = {buffer_host(gpu, 64, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT),
                                 buffer_host(gpu, 64, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT)},
                         .texels = buffer_host(gpu, 256, VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT),
                         .image = image_2d(gpu, VK_FORMAT_R8G8B8A8_UINT, 4, 4,
                                           VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                               VK_IMAGE_USAGE_TRANSFER_SRC_BIT)};
   VkBufferViewCreateInfo view = {VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO, .buffer = r.texels.handle,
                                  .format = VK_FORMAT_R32_UINT, .offset = 0, .range = 64};
   uint8_t pixels[64];
   for (uint32_t i = 0; i < 1024; i++)
      ((uint32_t *)r.terms.map)[i] = i * 1000;
   for (uint32_t i = 0; i < 64; i++) {
      pixels[i] = (uint8_t)(i * 3);
      ((uint32_t *)r.texels.map)[i] = i << 24;
   }
   VK(vkCreateBufferView(gpu->device, &view, NULL, &r.view));
   image_upload(gpu, &r.image, pixels, sizeof(pixels), VK_IMAGE_LAYOUT_GENERAL);
   make_layout(gpu, &r);
   return r;
}

static void write_set(struct gpu *gpu, const struct resources *r, VkDescriptorSet set, uint32_t out)
{
   VkDescriptorBufferInfo term = {r->terms.handle, 0, 64}, target = {r->out[out].handle, 0, VK_WHOLE_SIZE};
   VkDescriptorImageInfo image = {.imageView = r->image.view, .imageLayout = VK_IMAGE_LAYOUT_GENERAL};
   VkWriteDescriptorSet writes[4];
   for (uint32_t i = 0; i < 4; i++)
      writes[i] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = set, .dstBinding = i,
                                         .descriptorCount = 1};
   writes[0].descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC;
   writes[0].pBufferInfo = &term;
   writes[1].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
   writes[1].pBufferInfo = &target;
   writes[2].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER;
   writes[2].pTexelBufferView = &r->view;
   writes[3].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_IMAGE;
   writes[3].pImageInfo = &image;
   vkUpdateDescriptorSets(gpu->device, 4, writes, 0, NULL);
}

// The output binding alone, through an update template.
static void point_at(struct gpu *gpu, const struct resources *r, VkDescriptorSet set, uint32_t out)
{
   VkDescriptorUpdateTemplateEntry entry = {1, 0, 1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 0, 0};
   VkDescriptorUpdateTemplateCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
                                                .descriptorUpdateEntryCount = 1, .pDescriptorUpdateEntries = &entry,
                                                .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET,
                                                .descriptorSetLayout = r->set_layout};
   VkDescriptorBufferInfo target = {r->out[out].handle, 0, VK_WHOLE_SIZE};
   VkDescriptorUpdateTemplate template;
   VK(vkCreateDescriptorUpdateTemplate(gpu->device, &info, NULL, &template));
   vkUpdateDescriptorSetWithTemplate(gpu->device, set, template, &target);
   vkDestroyDescriptorUpdateTemplate(gpu->device, template, NULL);
}

static void run(struct gpu *gpu, const struct resources *r, VkDescriptorSet set, uint32_t offset)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, r->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, r->layout, 0, 1, &set, 1, &offset);
   vkCmdDispatch(cmd, 1, 1, 1);
   cmd_submit(gpu, cmd);
}

static void pools(struct gpu *gpu)
{
   struct resources r = resources_new(gpu);
   const VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC, 8},
                                         {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 8},
                                         {VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, 8},
                                         {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 8}};
   VkDescriptorPool plain = pool_new(gpu, 0, 8, COUNT(sizes), sizes);
   VkDescriptorPool freeing = pool_new(gpu, VK_DESCRIPTOR_POOL_CREATE_FREE_DESCRIPTOR_SET_BIT, 8, COUNT(sizes), sizes);
   VkDescriptorSet sets[9], freed[8];
   for (uint32_t round = 0; round < 5; round++) {
      VK(allocate(gpu, plain, r.set_layout, 8, sets));
      VK(allocate(gpu, freeing, r.set_layout, 8, freed));
      for (uint32_t i = 0; i < 8; i += 3) {
         write_set(gpu, &r, sets[i], 0);
         VkCopyDescriptorSet copy = {VK_STRUCTURE_TYPE_COPY_DESCRIPTOR_SET, NULL, sets[i], 0, 0, freed[i], 0, 0, 1};
         VkCopyDescriptorSet copies[4] = {copy, copy, copy, copy};
         for (uint32_t b = 0; b < 4; b++)
            copies[b].srcBinding = copies[b].dstBinding = b;
         vkUpdateDescriptorSets(gpu->device, 0, NULL, 4, copies);
         run(gpu, &r, sets[i], 256 * i);
         point_at(gpu, &r, freed[i], 1);
         run(gpu, &r, freed[i], 256 * (i + 1));
      }
      VK(vkResetDescriptorPool(gpu->device, plain, 0));
      VK(vkFreeDescriptorSets(gpu->device, freeing, 4, freed));
      VK(allocate(gpu, freeing, r.set_layout, 2, freed));
      write_set(gpu, &r, freed[1], 1);
      run(gpu, &r, freed[1], 0);
      VK(vkResetDescriptorPool(gpu->device, freeing, 0));
      result(gpu, "out-0", r.out[0].map, 64);
      result(gpu, "out-1", r.out[1].map, 64);
   }
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &r.image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &r.image, VK_IMAGE_ASPECT_COLOR_BIT, 4, "image");
   vkDestroyDescriptorPool(gpu->device, plain, NULL);
   vkDestroyDescriptorPool(gpu->device, freeing, NULL);
   vkDestroyPipeline(gpu->device, r.pipeline, NULL);
   vkDestroyPipelineLayout(gpu->device, r.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, r.set_layout, NULL);
   vkDestroyBufferView(gpu->device, r.view, NULL);
   image_free(gpu, &r.image);
   buffer_free(gpu, &r.terms);
   buffer_free(gpu, &r.out[0]);
   buffer_free(gpu, &r.out[1]);
   buffer_free(gpu, &r.texels);
}

static VkDescriptorSetLayout bindless_layout(struct gpu *gpu)
{
   VkDescriptorSetLayoutBinding bindings[] = {
       {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
       {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1000, VK_SHADER_STAGE_COMPUTE_BIT, NULL}};
   VkDescriptorBindingFlags flags[] = {0, VK_DESCRIPTOR_BINDING_VARIABLE_DESCRIPTOR_COUNT_BIT |
                                              VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT |
                                              VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT};
   VkDescriptorSetLayoutBindingFlagsCreateInfo binding_flags = {
       VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO, .bindingCount = 2, .pBindingFlags = flags};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .pNext = &binding_flags,
                                           .flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT,
                                           .bindingCount = 2, .pBindings = bindings};
   VkDescriptorSetLayoutSupport support = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT};
   vkGetDescriptorSetLayoutSupport(gpu->device, &info, &support);
   if (!support.supported)
      skip("no array of 1000 buffers");
   VkDescriptorSetLayout layout;
   VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

static void write_buffer(struct gpu *gpu, VkDescriptorSet set, uint32_t binding, uint32_t element, VkBuffer buffer,
                         VkDeviceSize offset, VkDeviceSize size)
{
   VkDescriptorBufferInfo info = {buffer, offset, size};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                 .dstSet = set,
                                 .dstBinding = binding,
                                 .dstArrayElement = element,
                                 .descriptorCount = 1,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                 .pBufferInfo = &info};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
}

static void bindless(struct gpu *gpu)
{
   const VkDeviceSize stride = 256;
   struct buffer out = buffer_host(gpu, 4096, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct buffer in = buffer_host(gpu, BUFFERS * stride, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   uint32_t count = BUFFERS, push[2] = {BUFFERS, 7}, state = 3;
   for (uint32_t i = 0; i < in.size / 4; i++)
      ((uint32_t *)in.map)[i] = random_next(&state);
   VkDescriptorSetLayout set_layout = bindless_layout(gpu);
   VkDescriptorPool pool = pool_new(gpu, VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT, 1, 1,
                                    &(VkDescriptorPoolSize){VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1001});
   VkDescriptorSetVariableDescriptorCountAllocateInfo variable = {
       VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_ALLOCATE_INFO, .descriptorSetCount = 1,
       .pDescriptorCounts = &count};
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, &variable, pool, 1, &set_layout};
   VkDescriptorSet set;
   VK(vkAllocateDescriptorSets(gpu->device, &info, &set));
   write_buffer(gpu, set, 0, 0, out.handle, 0, VK_WHOLE_SIZE);
   VkPipelineLayout layout = layout_new(gpu, set_layout, sizeof(push));
   VkPipeline pipeline = compute_new(gpu, layout, SHADER(gpu, bindless_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
   vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(cmd, 16, 1, 1);
   for (uint32_t i = 0; i < BUFFERS; i++) // after it was bound
      write_buffer(gpu, set, 1, i, in.handle, i * stride, 64);
   cmd_submit(gpu, cmd);
   EXPECT(((uint32_t *)out.map)[1] == ((uint32_t *)in.map)[7 * stride / 4 + 1] + 7);
   result(gpu, "bindless", out.map, out.size);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyPipelineLayout(gpu->device, layout, NULL);
   vkDestroyDescriptorPool(gpu->device, pool, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, set_layout, NULL);
   buffer_free(gpu, &out);
   buffer_free(gpu, &in);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.runtimeDescriptorArray = VK_TRUE,
                       .v12.shaderStorageBufferArrayNonUniformIndexing = VK_TRUE,
                       .v12.descriptorBindingVariableDescriptorCount = VK_TRUE,
                       .v12.descriptorBindingPartiallyBound = VK_TRUE,
                       .v12.descriptorBindingStorageBufferUpdateAfterBind = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   pools(&gpu);
   bindless(&gpu);
   return gpu_close(&gpu);
}
