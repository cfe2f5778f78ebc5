// SPDX-License-Identifier: MIT
//
// Graphics pipelines linked out of libraries: the four parts on their own and in other combinations, with link-time
// optimisation and without, layouts with independent sets, shaders given as code instead of modules.
#include "paint.h"
#include "scene.h"

#include "tinted_frag.h"
#include "tinted_vert.h"

#define PART(x) VK_GRAPHICS_PIPELINE_LIBRARY_##x##_BIT_EXT

struct sets {
   struct buffer place, tint[2];
   VkDescriptorSetLayout layouts[2];
   VkPipelineLayout vertex, fragment, both;
   VkDescriptorPool pool;
   VkDescriptorSet place_set, tint_sets[2];
};

static VkPipelineLayout layout_new(struct gpu *gpu, VkDescriptorSetLayout first, VkDescriptorSetLayout second)
{
   const VkDescriptorSetLayout layouts[2] = {first, second};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                      .flags = VK_PIPELINE_LAYOUT_CREATE_INDEPENDENT_SETS_BIT_EXT,
                                      .setLayoutCount = second ? 2 : 1, .pSetLayouts = layouts};
   VkPipelineLayout layout;
   VK(vkCreatePipelineLayout(gpu->device, &info, NULL, &layout));
   return layout;
}

static VkDescriptorSet uniform_set(struct gpu *gpu, const struct sets *sets, uint32_t which, struct buffer *buffer,
                                   const float value[4])
{
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, NULL, sets->pool, 1,
                                       &sets->layouts[which]};
   VkDescriptorSet set;
   VK(vkAllocateDescriptorSets(gpu->device, &info, &set));
   *buffer = buffer_host(gpu, 16, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT);
   memcpy(buffer->map, value, 16);
   VkDescriptorBufferInfo where = {buffer->handle, 0, VK_WHOLE_SIZE};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = set, .descriptorCount = 1,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, .pBufferInfo = &where};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
   return set;
}

static void sets_new(struct gpu *gpu, struct sets *s)
{
   for (uint32_t i = 0; i < 2; i++) {
      VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 1,
                                              i ? VK_SHADER_STAGE_FRAGMENT_BIT : VK_SHADER_STAGE_VERTEX_BIT, NULL};
      VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 1,
                                              .pBindings = &binding};
      VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &s->layouts[i]));
   }
   VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 3};
   VkDescriptorPoolCreateInfo pool = {VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 3, .poolSizeCount = 1,
                                      .pPoolSizes = &size};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &s->pool));
   s->vertex = layout_new(gpu, s->layouts[0], VK_NULL_HANDLE);
   s->fragment = layout_new(gpu, VK_NULL_HANDLE, s->layouts[1]);
   s->both = layout_new(gpu, s->layouts[0], s->layouts[1]);
   s->place_set = uniform_set(gpu, s, 0, &s->place, (float[]){0.8f, 0.7f, 0.1f, -0.1f});
   s->tint_sets[0] = uniform_set(gpu, s, 1, &s->tint[0], (float[]){1, 0.5f, 0.25f, 1});
   s->tint_sets[1] = uniform_set(gpu, s, 1, &s->tint[1], (float[]){0.25f, 0.5f, 1, 1});
}

static void sets_free(struct gpu *gpu, struct sets *s)
{
   vkDestroyDescriptorPool(gpu->device, s->pool, NULL);
   const VkPipelineLayout layouts[] = {s->vertex, s->fragment, s->both};
   for (size_t i = 0; i < COUNT(layouts); i++)
      vkDestroyPipelineLayout(gpu->device, layouts[i], NULL);
   for (size_t i = 0; i < 2; i++) {
      vkDestroyDescriptorSetLayout(gpu->device, s->layouts[i], NULL);
      buffer_free(gpu, &s->tint[i]);
   }
   buffer_free(gpu, &s->place);
}

// One part out of a whole description; its shader comes as code. `constant` specialises it.
static VkPipeline part_new(struct gpu *gpu, const struct graphics *desc, VkGraphicsPipelineLibraryFlagsEXT part,
                           VkPipelineLayout layout, float constant)
{
   VkGraphicsPipelineLibraryCreateInfoEXT which = {VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_LIBRARY_CREATE_INFO_EXT,
                                                   .flags = part};
   VkShaderModuleCreateInfo code = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
   VkSpecializationMapEntry entry = {0, 0, 4};
   VkSpecializationInfo spec = {1, &entry, 4, &constant};
   VkPipelineShaderStageCreateInfo stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .pNext = &code,
                                            .pName = "main", .pSpecializationInfo = &spec};
   struct pipe pipe;
   pipe_fill(&pipe, desc);
   pipe.info.pNext = &which;
   pipe.info.flags = VK_PIPELINE_CREATE_LIBRARY_BIT_KHR | VK_PIPELINE_CREATE_RETAIN_LINK_TIME_OPTIMIZATION_INFO_BIT_EXT;
   pipe.info.layout = layout;
   if (part == PART(PRE_RASTERIZATION_SHADERS)) {
      code.codeSize = sizeof(tinted_vert);
      code.pCode = tinted_vert;
      stage.stage = VK_SHADER_STAGE_VERTEX_BIT;
   } else if (part == PART(FRAGMENT_SHADER)) {
      code.codeSize = sizeof(tinted_frag);
      code.pCode = tinted_frag;
      stage.stage = VK_SHADER_STAGE_FRAGMENT_BIT;
   }
   pipe.info.stageCount = code.pCode ? 1 : 0;
   pipe.info.pStages = &stage;
   return pipe_new(gpu, &pipe);
}

static VkPipeline link(struct gpu *gpu, VkPipelineLayout layout, const VkPipeline parts[4], VkPipelineCreateFlags flags)
{
   VkPipelineLibraryCreateInfoKHR libraries = {VK_STRUCTURE_TYPE_PIPELINE_LIBRARY_CREATE_INFO_KHR, .libraryCount = 4,
                                               .pLibraries = parts};
   VkGraphicsPipelineCreateInfo info = {VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO, .pNext = &libraries,
                                        .flags = flags, .layout = layout, .basePipelineIndex = -1};
   VkPipeline pipeline;
   VK(vkCreateGraphicsPipelines(gpu->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
   return pipeline;
}

static void draw(struct gpu *gpu, const struct scene *s, const struct sets *sets, VkPipeline pipeline, uint32_t tint,
                 const char *name)
{
   VkCommandBuffer cmd = paint_begin(gpu, &s->target, (float[]){0.1f, 0.1f, 0.1f, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, sets->both, 0, 2,
                           (VkDescriptorSet[]){sets->place_set, sets->tint_sets[tint]}, 0, NULL);
   vkCmdDraw(cmd, 6, 1, 0, 0);
   paint_end(gpu, &s->target, cmd, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

enum { INPUTS, STRIPS, VERTEX, SHIFTED, FRAGMENT, BRIGHT, OUTPUT, BLENDED, PARTS };

static void parts_new(struct gpu *gpu, const struct scene *s, const struct sets *sets, VkPipeline parts[PARTS])
{
   struct graphics plain = scene_graphics(s), strip = plain, blend = plain;
   strip.strip = true;
   blend.blend = true;
   parts[INPUTS] = part_new(gpu, &plain, PART(VERTEX_INPUT_INTERFACE), VK_NULL_HANDLE, 0);
   parts[STRIPS] = part_new(gpu, &strip, PART(VERTEX_INPUT_INTERFACE), VK_NULL_HANDLE, 0);
   parts[VERTEX] = part_new(gpu, &plain, PART(PRE_RASTERIZATION_SHADERS), sets->vertex, 0);
   parts[SHIFTED] = part_new(gpu, &plain, PART(PRE_RASTERIZATION_SHADERS), sets->vertex, 0.25f);
   parts[FRAGMENT] = part_new(gpu, &plain, PART(FRAGMENT_SHADER), sets->fragment, 1);
   parts[BRIGHT] = part_new(gpu, &plain, PART(FRAGMENT_SHADER), sets->fragment, 1.5f);
   parts[OUTPUT] = part_new(gpu, &plain, PART(FRAGMENT_OUTPUT_INTERFACE), VK_NULL_HANDLE, 0);
   parts[BLENDED] = part_new(gpu, &blend, PART(FRAGMENT_OUTPUT_INTERFACE), VK_NULL_HANDLE, 0);
}

int main(int argc, char **argv)
{
   static const struct {
      const char *name;
      uint32_t parts[4], tint;
   } mixes[] = {{"plain", {INPUTS, VERTEX, FRAGMENT, OUTPUT}, 0},
                {"other-set", {INPUTS, VERTEX, FRAGMENT, OUTPUT}, 1},
                {"strip", {STRIPS, VERTEX, FRAGMENT, OUTPUT}, 1},
                {"shifted-and-bright", {INPUTS, SHIFTED, BRIGHT, OUTPUT}, 0},
                {"all-different", {STRIPS, SHIFTED, BRIGHT, BLENDED}, 1}};
   struct gpu gpu;
   VkPhysicalDeviceGraphicsPipelineLibraryFeaturesEXT library = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GRAPHICS_PIPELINE_LIBRARY_FEATURES_EXT, .graphicsPipelineLibrary = VK_TRUE};
   struct want want = {
      .extensions = {VK_EXT_GRAPHICS_PIPELINE_LIBRARY_EXTENSION_NAME, VK_KHR_PIPELINE_LIBRARY_EXTENSION_NAME},
      .features = {FEATURES(library)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct sets sets;
   VkPipeline parts[PARTS];
   sets_new(&gpu, &sets);
   parts_new(&gpu, &scene, &sets, parts);
   for (size_t i = 0; i < COUNT(mixes); i++) {
      VkPipeline four[4];
      for (uint32_t p = 0; p < 4; p++)
         four[p] = parts[mixes[i].parts[p]];
      draw(&gpu, &scene, &sets, link(&gpu, sets.both, four, 0), mixes[i].tint, mixes[i].name);
      draw(&gpu, &scene, &sets, link(&gpu, sets.both, four, VK_PIPELINE_CREATE_LINK_TIME_OPTIMIZATION_BIT_EXT),
           mixes[i].tint, "optimised");
   }
   for (uint32_t i = 0; i < PARTS; i++)
      vkDestroyPipeline(gpu.device, parts[i], NULL);
   sets_free(&gpu, &sets);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
