// SPDX-License-Identifier: MIT
//
// Commands of extensions that translation layers rely on: push descriptors, inline uniform blocks, transform feedback,
// conditional rendering, multi draw, dynamic vertex input and the dynamic states of EXT_extended_dynamic_state3.
#include "harness.h"

#include "color_frag.h"
#include "color_vert.h"
#include "feedback_vert.h"
#include "inline_comp.h"

#define SIZE 64

static const float vertices[][7] = {{-0.7f, -0.7f, 0.1f, 1, 0, 0, 1}, {0.8f, -0.6f, 0.2f, 0, 1, 0, 1},
                                    {0, 0.8f, 0.3f, 0, 0, 1, 1},      {0.9f, 0.9f, 0.4f, 1, 1, 0, 1},
                                    {-0.9f, 0.7f, 0.5f, 0, 1, 1, 1},  {-0.2f, -0.9f, 0.6f, 1, 0, 1, 1}};
static const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                               {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

struct scene {
   struct target target;
   struct buffer vertex;
   struct bound bound;
};

static struct scene scene_new(struct gpu *gpu)
{
   struct scene s = {
      .target = target_new(gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT),
      .vertex = buffer_host(gpu, sizeof(vertices), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT),
      .bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL)};
   memcpy(s.vertex.map, vertices, sizeof(vertices));
   return s;
}

static void scene_free(struct gpu *gpu, struct scene *s)
{
   target_free(gpu, &s->target);
   buffer_free(gpu, &s->vertex);
   bound_free(gpu, &s->bound);
}

static VkPipeline pipeline_new(struct gpu *gpu, const struct scene *s, VkShaderModule vert, uint32_t dynamic_count,
                               const VkDynamicState *dynamic)
{
   struct graphics desc = {.vert = vert,
                           .frag = SHADER(gpu, color_frag),
                           .layout = s->bound.layout,
                           .pass = s->target.pass,
                           .stride = sizeof(vertices[0]),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .dynamic_count = dynamic_count,
                           .dynamic = dynamic};
   return graphics_new(gpu, &desc);
}

static VkCommandBuffer begin_scene(struct gpu *gpu, const struct scene *s, VkPipeline pipeline)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   target_begin(cmd, &s->target, (float[]){0.1f, 0.1f, 0.1f, 1}, VK_SUBPASS_CONTENTS_INLINE);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
   return cmd;
}

static void end_scene(struct gpu *gpu, const struct scene *s, VkCommandBuffer cmd, VkPipeline pipeline,
                      const char *name)
{
   vkCmdEndRenderPass(cmd);
   cmd_submit(gpu, cmd);
   image_result(gpu, &s->target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

static void conditional(struct gpu *gpu, const struct scene *s)
{
   PROC(gpu, vkCmdBeginConditionalRenderingEXT);
   PROC(gpu, vkCmdEndConditionalRenderingEXT);
   struct buffer condition = buffer_host(gpu, 64, VK_BUFFER_USAGE_CONDITIONAL_RENDERING_BIT_EXT);
   ((uint32_t *)condition.map)[4] = 1;
   VkPipeline pipeline = pipeline_new(gpu, s, SHADER(gpu, color_vert), 0, NULL);
   VkCommandBuffer cmd = begin_scene(gpu, s, pipeline);
   for (uint32_t i = 0; i < 4; i++) {
      VkConditionalRenderingBeginInfoEXT info = {VK_STRUCTURE_TYPE_CONDITIONAL_RENDERING_BEGIN_INFO_EXT,
                                                 .buffer = condition.handle, .offset = i & 1 ? 16 : 0,
                                                 .flags = i & 2 ? VK_CONDITIONAL_RENDERING_INVERTED_BIT_EXT : 0};
      float place[4] = {0.4f, 0.4f, i & 1 ? 0.5f : -0.5f, i & 2 ? 0.5f : -0.5f};
      vkCmdBeginConditionalRenderingEXT_(cmd, &info);
      vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, place);
      vkCmdDraw(cmd, 3, 1, 0, 0);
      vkCmdEndConditionalRenderingEXT_(cmd);
   }
   end_scene(gpu, s, cmd, pipeline, "conditional");
   buffer_free(gpu, &condition);
}

static void multi_draw(struct gpu *gpu, const struct scene *s)
{
   PROC(gpu, vkCmdDrawMultiEXT);
   PROC(gpu, vkCmdDrawMultiIndexedEXT);
   struct buffer index = buffer_host(gpu, 32, VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
   memcpy(index.map, (uint16_t[]){0, 1, 2, 3, 4, 5, 5, 0, 3}, 18);
   const VkMultiDrawInfoEXT plain[] = {{0, 3}, {3, 3}, {1, 3}};
   const VkMultiDrawIndexedInfoEXT indexed[] = {{0, 3, 0}, {6, 3, 0}, {3, 3, -2}};
   VkPipeline pipeline = pipeline_new(gpu, s, SHADER(gpu, color_vert), 0, NULL);
   VkCommandBuffer cmd = begin_scene(gpu, s, pipeline);
   vkCmdBindIndexBuffer(cmd, index.handle, 0, VK_INDEX_TYPE_UINT16);
   vkCmdDrawMultiEXT_(cmd, COUNT(plain), plain, 1, 0, sizeof(plain[0]));
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){0.5f, -0.5f, 0.2f, 0.1f});
   vkCmdDrawMultiIndexedEXT_(cmd, COUNT(indexed), indexed, 1, 0, sizeof(indexed[0]), NULL);
   const int32_t offset = 1;
   vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){0.2f, 0.3f, -0.4f, 0.3f});
   vkCmdDrawMultiIndexedEXT_(cmd, 1, indexed, 1, 0, sizeof(indexed[0]), &offset);
   end_scene(gpu, s, cmd, pipeline, "multi-draw");
   buffer_free(gpu, &index);
}

// The pipeline knows neither vertex input, nor polygon mode, nor blending.
static void dynamic_state(struct gpu *gpu, const struct scene *s)
{
   PROC(gpu, vkCmdSetVertexInputEXT);
   PROC(gpu, vkCmdSetPolygonModeEXT);
   PROC(gpu, vkCmdSetColorBlendEnableEXT);
   PROC(gpu, vkCmdSetColorBlendEquationEXT);
   PROC(gpu, vkCmdSetColorWriteMaskEXT);
   const VkDynamicState states[] = {VK_DYNAMIC_STATE_VERTEX_INPUT_EXT, VK_DYNAMIC_STATE_POLYGON_MODE_EXT,
                                    VK_DYNAMIC_STATE_COLOR_BLEND_ENABLE_EXT, VK_DYNAMIC_STATE_COLOR_BLEND_EQUATION_EXT,
                                    VK_DYNAMIC_STATE_COLOR_WRITE_MASK_EXT};
   const VkVertexInputBindingDescription2EXT stream = {VK_STRUCTURE_TYPE_VERTEX_INPUT_BINDING_DESCRIPTION_2_EXT,
                                                       .stride = sizeof(vertices[0]), .divisor = 1};
   VkVertexInputAttributeDescription2EXT inputs[2];
   for (uint32_t i = 0; i < 2; i++)
      inputs[i] = (VkVertexInputAttributeDescription2EXT){VK_STRUCTURE_TYPE_VERTEX_INPUT_ATTRIBUTE_DESCRIPTION_2_EXT,
                                                          .location = i, .format = attributes[i].format,
                                                          .offset = attributes[i].offset};
   const VkColorBlendEquationEXT equation = {VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_REVERSE_SUBTRACT,
                                             VK_BLEND_FACTOR_ONE, VK_BLEND_FACTOR_ONE, VK_BLEND_OP_MAX};
   VkPipeline pipeline = pipeline_new(gpu, s, SHADER(gpu, color_vert), COUNT(states), states);
   VkCommandBuffer cmd = begin_scene(gpu, s, pipeline);
   for (uint32_t i = 0; i < 3; i++) {
      vkCmdSetVertexInputEXT_(cmd, 1, &stream, 2, inputs);
      vkCmdSetPolygonModeEXT_(cmd, i == 1 ? VK_POLYGON_MODE_LINE : VK_POLYGON_MODE_FILL);
      vkCmdSetColorBlendEnableEXT_(cmd, 0, 1, (VkBool32[]){i == 2});
      vkCmdSetColorBlendEquationEXT_(cmd, 0, 1, &equation);
      vkCmdSetColorWriteMaskEXT_(cmd, 0, 1, (VkColorComponentFlags[]){i == 2 ? 7 : 15});
      vkCmdPushConstants(cmd, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16,
                         (float[]){0.8f, 0.8f, -0.2f + 0.2f * (float)i, 0.1f});
      vkCmdDraw(cmd, 3, 1, i, 0);
      inputs[1].format = VK_FORMAT_R32G32B32_SFLOAT;
      inputs[1].offset = 0;
   }
   end_scene(gpu, s, cmd, pipeline, "dynamic-state");
}

static void feedback(struct gpu *gpu, const struct scene *s)
{
   PROC(gpu, vkCmdBindTransformFeedbackBuffersEXT);
   PROC(gpu, vkCmdBeginTransformFeedbackEXT);
   PROC(gpu, vkCmdEndTransformFeedbackEXT);
   PROC(gpu, vkCmdDrawIndirectByteCountEXT);
   struct buffer out = buffer_host(gpu, 1024, VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_BUFFER_BIT_EXT);
   struct buffer counter = buffer_host(
       gpu, 64, VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_COUNTER_BUFFER_BIT_EXT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT);
   VkPipeline pipeline = pipeline_new(gpu, s, SHADER(gpu, feedback_vert), 0, NULL);
   VkPipeline again = pipeline_new(gpu, s, SHADER(gpu, color_vert), 0, NULL);
   VkCommandBuffer cmd = begin_scene(gpu, s, pipeline);
   vkCmdBindTransformFeedbackBuffersEXT_(cmd, 0, 1, &out.handle, (VkDeviceSize[]){0}, (VkDeviceSize[]){1024});
   vkCmdBeginTransformFeedbackEXT_(cmd, 0, 0, NULL, NULL);
   vkCmdDraw(cmd, 6, 1, 0, 0);
   vkCmdEndTransformFeedbackEXT_(cmd, 0, 1, &counter.handle, (VkDeviceSize[]){4});
   end_scene(gpu, s, cmd, pipeline, "feedback");
   cmd = begin_scene(gpu, s, again); // as many vertices as were captured, at a stride of ours
   vkCmdDrawIndirectByteCountEXT_(cmd, 1, 0, counter.handle, 4, 0, 64);
   end_scene(gpu, s, cmd, again, "byte-count");
   EXPECT(((uint32_t *)counter.map)[1] == 6 * 32);
   result(gpu, "captured", out.map, out.size);
   buffer_free(gpu, &out);
   buffer_free(gpu, &counter);
}

#define BLOCKS 3

// Set 0 is pushed; set 1 holds nothing but the data itself.
struct pushing {
   VkDescriptorSetLayout sets[2];
   VkPipelineLayout layout;
   VkDescriptorPool pool;
   VkDescriptorSet blocks[BLOCKS];
};

static struct pushing pushing_new(struct gpu *gpu)
{
   struct pushing p;
   const VkDescriptorSetLayoutBinding bindings[2] = {
      {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
      {0, VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, 16, VK_SHADER_STAGE_COMPUTE_BIT, NULL}};
   for (int i = 0; i < 2; i++) {
      VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                              .flags = i ? 0 : VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT,
                                              .bindingCount = 1, .pBindings = &bindings[i]};
      VK(vkCreateDescriptorSetLayout(gpu->device, &info, NULL, &p.sets[i]));
   }
   VkPipelineLayoutCreateInfo layout = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 2,
                                        .pSetLayouts = p.sets};
   VK(vkCreatePipelineLayout(gpu->device, &layout, NULL, &p.layout));
   VkDescriptorPoolInlineUniformBlockCreateInfo blocks = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_INLINE_UNIFORM_BLOCK_CREATE_INFO, .maxInlineUniformBlockBindings = BLOCKS};
   VkDescriptorPoolCreateInfo pool = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .pNext = &blocks, .maxSets = BLOCKS, .poolSizeCount = 1,
      .pPoolSizes = &(VkDescriptorPoolSize){VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, 16 * BLOCKS}};
   VK(vkCreateDescriptorPool(gpu->device, &pool, NULL, &p.pool));
   const VkDescriptorSetLayout same[BLOCKS] = {p.sets[1], p.sets[1], p.sets[1]};
   VkDescriptorSetAllocateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, NULL, p.pool, BLOCKS, same};
   VK(vkAllocateDescriptorSets(gpu->device, &info, p.blocks));
   return p;
}

static void fill_block(struct gpu *gpu, VkDescriptorSet set, uint32_t i)
{
   uint32_t terms[4] = {i, 10 * i, 100 * i, 1000 * i};
   VkWriteDescriptorSetInlineUniformBlock block = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET_INLINE_UNIFORM_BLOCK,
                                                   .dataSize = sizeof(terms), .pData = terms};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .pNext = &block, .dstSet = set,
                                 .descriptorCount = sizeof(terms),
                                 .descriptorType = VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
}

static void record_pushes(struct gpu *gpu, VkCommandBuffer cmd, const struct pushing *p, const struct buffer data[2])
{
   PROC(gpu, vkCmdPushDescriptorSetKHR);
   for (uint32_t i = 0; i < 2 * BLOCKS; i++) {
      VkDescriptorBufferInfo buffer = {data[i % 2].handle, 0, VK_WHOLE_SIZE};
      VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .descriptorCount = 1,
                                    .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .pBufferInfo = &buffer};
      vkCmdPushDescriptorSetKHR_(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1, &write);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 1, 1, &p->blocks[i / 2], 0, NULL);
      vkCmdDispatch(cmd, 1, 1, 1);
      barrier_all(cmd);
   }
}

static void pushed(struct gpu *gpu)
{
   struct pushing p = pushing_new(gpu);
   struct buffer data[2];
   VkPipeline pipeline = compute_new(gpu, p.layout, SHADER(gpu, inline_comp), NULL);
   for (uint32_t i = 0; i < BLOCKS; i++)
      fill_block(gpu, p.blocks[i], i + 1);
   for (int i = 0; i < 2; i++)
      data[i] = buffer_host(gpu, 64, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   record_pushes(gpu, cmd, &p, data);
   cmd_submit(gpu, cmd);
   for (int i = 0; i < 2; i++) {
      EXPECT(((uint32_t *)data[i].map)[3] == 6000 && ((uint32_t *)data[i].map)[5] == 60);
      result(gpu, "pushed", data[i].map, data[i].size);
      buffer_free(gpu, &data[i]);
   }
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   vkDestroyDescriptorPool(gpu->device, p.pool, NULL);
   vkDestroyPipelineLayout(gpu->device, p.layout, NULL);
   vkDestroyDescriptorSetLayout(gpu->device, p.sets[0], NULL);
   vkDestroyDescriptorSetLayout(gpu->device, p.sets[1], NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceTransformFeedbackFeaturesEXT transform = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TRANSFORM_FEEDBACK_FEATURES_EXT, .transformFeedback = VK_TRUE};
   VkPhysicalDeviceConditionalRenderingFeaturesEXT condition = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CONDITIONAL_RENDERING_FEATURES_EXT, &transform,
      .conditionalRendering = VK_TRUE};
   VkPhysicalDeviceMultiDrawFeaturesEXT multi = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MULTI_DRAW_FEATURES_EXT, &condition,
                                                 .multiDraw = VK_TRUE};
   VkPhysicalDeviceVertexInputDynamicStateFeaturesEXT input = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VERTEX_INPUT_DYNAMIC_STATE_FEATURES_EXT, &multi,
      .vertexInputDynamicState = VK_TRUE};
   VkPhysicalDeviceExtendedDynamicState3FeaturesEXT dynamic = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTENDED_DYNAMIC_STATE_3_FEATURES_EXT,
      &input,
      .extendedDynamicState3PolygonMode = VK_TRUE,
      .extendedDynamicState3ColorBlendEnable = VK_TRUE,
      .extendedDynamicState3ColorBlendEquation = VK_TRUE,
      .extendedDynamicState3ColorWriteMask = VK_TRUE};
   struct want want = {.core.fillModeNonSolid = VK_TRUE,
                       .v13.inlineUniformBlock = VK_TRUE,
                       .extensions = {VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME, VK_EXT_TRANSFORM_FEEDBACK_EXTENSION_NAME,
                                      VK_EXT_CONDITIONAL_RENDERING_EXTENSION_NAME, VK_EXT_MULTI_DRAW_EXTENSION_NAME,
                                      VK_EXT_VERTEX_INPUT_DYNAMIC_STATE_EXTENSION_NAME,
                                      VK_EXT_EXTENDED_DYNAMIC_STATE_3_EXTENSION_NAME},
                       .next = &dynamic};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu);
   conditional(&gpu, &scene);
   multi_draw(&gpu, &scene);
   dynamic_state(&gpu, &scene);
   feedback(&gpu, &scene);
   pushed(&gpu);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
