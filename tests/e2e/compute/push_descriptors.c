// SPDX-License-Identifier: MIT
//
// Push descriptors beside an ordinary set: all bindings, some of them, by template, two hundred times in one command
// buffer.
#include "kernel.h"

#include "push_sets_comp.h"

#define ROWS 200
#define SLOT 256 // bytes; every offset alignment divides it

struct world {
   struct buffer a, b, block, out, count;
   struct bound plain;
   VkDescriptorSetLayout pushed;
   VkPipelineLayout layout;
   VkDescriptorUpdateTemplate template;
   PFN_vkCmdPushDescriptorSetKHR push;
   PFN_vkCmdPushDescriptorSetWithTemplateKHR push_with_template;
};

static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                         VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};

static void make_layout(struct gpu *gpu, struct world *w)
{
   VkDescriptorSetLayoutBinding bindings[COUNT(types)];
   VkDescriptorUpdateTemplateEntry entries[COUNT(types)];
   for (uint32_t i = 0; i < COUNT(types); i++) {
      bindings[i] = (VkDescriptorSetLayoutBinding){i, types[i], 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
      entries[i] = (VkDescriptorUpdateTemplateEntry){i, 0, 1, types[i], i * sizeof(VkDescriptorBufferInfo), 0};
   }
   w->pushed = set_layout_new(gpu, VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR, COUNT(types), bindings);
   w->plain = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 1, (struct binding[]){STORAGE(&w->count)});
   w->layout = pipeline_layout_new(gpu, 2, (VkDescriptorSetLayout[]){w->plain.set_layout, w->pushed}, 0);
   VkDescriptorUpdateTemplateCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_UPDATE_TEMPLATE_CREATE_INFO,
                                                .descriptorUpdateEntryCount = COUNT(entries),
                                                .pDescriptorUpdateEntries = entries,
                                                .templateType = VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_PUSH_DESCRIPTORS_KHR,
                                                .pipelineBindPoint = VK_PIPELINE_BIND_POINT_COMPUTE,
                                                .pipelineLayout = w->layout,
                                                .set = 1};
   VK(vkCreateDescriptorUpdateTemplate(gpu->device, &info, NULL, &w->template));
}

// What row `i` is computed from: rows share inputs.
static void infos_of(const struct world *w, uint32_t i, VkDescriptorBufferInfo infos[4])
{
   infos[0] = (VkDescriptorBufferInfo){w->a.handle, i * 7 % ROWS * SLOT, 64};
   infos[1] = (VkDescriptorBufferInfo){w->b.handle, i * 3 % ROWS * SLOT, 64};
   infos[2] = (VkDescriptorBufferInfo){w->block.handle, i % 16 * SLOT, 16};
   infos[3] = (VkDescriptorBufferInfo){w->out.handle, i * SLOT, 64};
}

static void push_row(VkCommandBuffer cmd, const struct world *w, uint32_t i)
{
   VkDescriptorBufferInfo infos[4];
   infos_of(w, i, infos);
   if (i % 3 == 1) {
      w->push_with_template(cmd, w->template, w->layout, 1, infos);
      return;
   }
   VkWriteDescriptorSet writes[4];
   for (uint32_t b = 0; b < 4; b++)
      writes[b] = (VkWriteDescriptorSet){VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstBinding = b, .descriptorCount = 1,
                                         .descriptorType = types[b], .pBufferInfo = &infos[b]};
   uint32_t first = i % 3 == 2 ? 2 : 0; // the other two stay as they were
   w->push(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w->layout, 1, 4 - first, writes + first);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.extensions = {VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME}};
   gpu_open(&gpu, argc, argv, &want);
   struct world w = {.a = storage_new(&gpu, ROWS * SLOT),
                     .b = storage_new(&gpu, ROWS * SLOT),
                     .out = storage_new(&gpu, ROWS * SLOT),
                     .count = storage_new(&gpu, 16),
                     .block = buffer_host(&gpu, 16 * SLOT, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT)};
   w.push = (PFN_vkCmdPushDescriptorSetKHR)vkGetDeviceProcAddr(gpu.device, "vkCmdPushDescriptorSetKHR");
   w.push_with_template = (PFN_vkCmdPushDescriptorSetWithTemplateKHR)vkGetDeviceProcAddr(
       gpu.device, "vkCmdPushDescriptorSetWithTemplateKHR");
   EXPECT(w.push && w.push_with_template);
   fill_random(&w.a, 1);
   fill_random(&w.b, 2);
   fill_random(&w.block, 3);
   make_layout(&gpu, &w);
   VkPipeline pipeline = compute_new(&gpu, w.layout, SHADER(&gpu, push_sets_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w.layout, 0, 1, &w.plain.set, 0, NULL);
   for (uint32_t i = 0; i < ROWS; i++) {
      push_row(cmd, &w, i);
      vkCmdDispatch(cmd, 1, 1, 1);
      barrier_all(cmd);
   }
   cmd_submit(&gpu, cmd);
   const uint32_t *a = w.a.map, *b = w.b.map, *block = w.block.map, *out = w.out.map;
   EXPECT(*(uint32_t *)w.count.map == ROWS);
   EXPECT(out[64 + 5] == a[7 * 64 + 5] + b[3 * 64 + 5] * block[64]);
   EXPECT(out[128 + 5] == a[7 * 64 + 5] + b[3 * 64 + 5] * block[128]);
   result(&gpu, "rows", w.out.map, w.out.size);
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   vkDestroyDescriptorUpdateTemplate(gpu.device, w.template, NULL);
   vkDestroyPipelineLayout(gpu.device, w.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu.device, w.pushed, NULL);
   bound_free(&gpu, &w.plain);
   buffer_free(&gpu, &w.a);
   buffer_free(&gpu, &w.b);
   buffer_free(&gpu, &w.out);
   buffer_free(&gpu, &w.count);
   buffer_free(&gpu, &w.block);
   return gpu_close(&gpu);
}
