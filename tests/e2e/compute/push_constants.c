// SPDX-License-Identifier: MIT
//
// Push constants: parts that overwrite each other, ranges of several stages, values that outlive a change of pipeline
// and descriptor sets, and a thousand changes in one command buffer.
#include "harness.h"

#include "push_dump_comp.h"

#define SIZE 128
#define ROWS 1100

struct dump {
   VkDescriptorSet set;
   VkPipelineLayout layout;
   VkPipeline pipelines[2];
   uint32_t row;
};

// The compute shader's range is shared with two graphics stages in parts.
static VkPipelineLayout layout_new(struct gpu *gpu, VkDescriptorSetLayout set)
{
   VkPushConstantRange ranges[] = {{VK_SHADER_STAGE_COMPUTE_BIT, 0, SIZE},
                                   {VK_SHADER_STAGE_VERTEX_BIT, 16, 32},
                                   {VK_SHADER_STAGE_FRAGMENT_BIT, 48, 80}};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1,
                                      .pSetLayouts = &set, .pushConstantRangeCount = COUNT(ranges),
                                      .pPushConstantRanges = ranges};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

static VkPipeline pipeline_new(struct gpu *gpu, VkPipelineLayout layout)
{
   VkComputePipelineCreateInfo info = {
      VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
      .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = SHADER(gpu, push_dump_comp), .pName = "main"},
      .layout = layout};
   VkPipeline pipeline;
   VK(vkCreateComputePipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   vkDestroyShaderModule(gpu->device, info.stage.module, NULL);
   return pipeline;
}

static void push(VkCommandBuffer cmd, const struct dump *dump, VkShaderStageFlags stages, uint32_t offset,
                 uint32_t size, uint32_t seed)
{
   uint32_t words[SIZE / 4];
   for (uint32_t i = 0; i < size / 4; i++)
      words[i] = seed * 1000 + offset + i;
   vkCmdPushConstants(cmd, dump->layout, stages, offset, size, words);
}

// Writes the present values to the next row.
static void note(VkCommandBuffer cmd, struct dump *dump)
{
   vkCmdDispatchBase(cmd, dump->row++, 0, 0, 1, 1, 1);
}

static void parts(VkCommandBuffer cmd, struct dump *dump)
{
   const VkShaderStageFlags compute = VK_SHADER_STAGE_COMPUTE_BIT, vertex = VK_SHADER_STAGE_VERTEX_BIT,
                            fragment = VK_SHADER_STAGE_FRAGMENT_BIT;
   push(cmd, dump, compute, 0, 16, 1);
   push(cmd, dump, compute | vertex, 16, 32, 2);
   push(cmd, dump, compute | fragment, 48, 80, 3);
   note(cmd, dump);
   push(cmd, dump, compute, 4, 4, 4);
   push(cmd, dump, compute | vertex, 20, 24, 5);
   note(cmd, dump);
   push(cmd, dump, compute | fragment, 124, 4, 6);
   note(cmd, dump);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, dump->pipelines[1]);
   note(cmd, dump); // as before
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, dump->layout, 0, 1, &dump->set, 0, NULL);
   note(cmd, dump);
   for (uint32_t i = 0; i < 1000; i++) {
      push(cmd, dump, compute, 4 * (i % 4), 4, 10 + i);
      note(cmd, dump);
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer out = buffer_host(&gpu, ROWS * SIZE, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   struct binding binding = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &out};
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_COMPUTE_BIT, 0, 1, &binding);
   struct dump dump = {.layout = layout_new(&gpu, bound.set_layout), .set = bound.set};
   for (int i = 0; i < 2; i++)
      dump.pipelines[i] = pipeline_new(&gpu, dump.layout);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, dump.pipelines[0]);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, dump.layout, 0, 1, &dump.set, 0, NULL);
   parts(cmd, &dump);
   cmd_submit(&gpu, cmd);
   const uint32_t *words = out.map;
   EXPECT(words[0] == 1000 && words[4] == 2016 && words[12] == 3048 && words[32 + 1] == 4004);
   EXPECT(!memcmp(words + 64, words + 96, SIZE) && words[1004 * 32 + 3] == 1009012);
   result(&gpu, "rows", out.map, out.size);
   for (int i = 0; i < 2; i++)
      vkDestroyPipeline(gpu.device, dump.pipelines[i], NULL);
   vkDestroyPipelineLayout(gpu.device, dump.layout, NULL);
   bound_free(&gpu, &bound);
   buffer_free(&gpu, &out);
   return gpu_close(&gpu);
}
