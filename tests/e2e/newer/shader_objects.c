// SPDX-License-Identifier: MIT
//
// Shader objects: graphics and compute without pipelines, linked and unlinked, and out of the driver's own binary.
#include "kernel.h"
#include "scene.h"

#include "add_comp.h"
#include "color_frag.h"
#include "color_vert.h"

#include <stdlib.h>

#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static VkShaderCreateInfoEXT shader_info(VkShaderStageFlagBits stage, const uint32_t *code, size_t size,
                                         const VkPushConstantRange *push)
{
   return (VkShaderCreateInfoEXT){VK_STRUCTURE_TYPE_SHADER_CREATE_INFO_EXT,
                                  .stage = stage,
                                  .nextStage = stage == VK_SHADER_STAGE_VERTEX_BIT ? VK_SHADER_STAGE_FRAGMENT_BIT : 0,
                                  .codeType = VK_SHADER_CODE_TYPE_SPIRV_EXT,
                                  .codeSize = size,
                                  .pCode = code,
                                  .pName = "main",
                                  .pushConstantRangeCount = 1,
                                  .pPushConstantRanges = push};
}

// All state that a pipeline would have held.
static void set_state(struct gpu *gpu, VkCommandBuffer cmd)
{
   PROC(gpu, vkCmdSetVertexInputEXT);
   PROC(gpu, vkCmdSetPolygonModeEXT);
   PROC(gpu, vkCmdSetRasterizationSamplesEXT);
   PROC(gpu, vkCmdSetSampleMaskEXT);
   PROC(gpu, vkCmdSetAlphaToCoverageEnableEXT);
   PROC(gpu, vkCmdSetColorBlendEnableEXT);
   PROC(gpu, vkCmdSetColorWriteMaskEXT);
   const VkViewport viewport = {0, 0, SIZE, SIZE, 0, 1};
   const VkRect2D scissor = {{0, 0}, {SIZE, SIZE}};
   const VkVertexInputBindingDescription2EXT stream = {VK_STRUCTURE_TYPE_VERTEX_INPUT_BINDING_DESCRIPTION_2_EXT,
                                                       .stride = sizeof(scene_vertices[0]), .divisor = 1};
   VkVertexInputAttributeDescription2EXT inputs[2];
   for (uint32_t i = 0; i < 2; i++)
      inputs[i] = (VkVertexInputAttributeDescription2EXT){VK_STRUCTURE_TYPE_VERTEX_INPUT_ATTRIBUTE_DESCRIPTION_2_EXT,
                                                          .location = i, .format = scene_attributes[i].format,
                                                          .offset = scene_attributes[i].offset};
   vkCmdSetViewportWithCount(cmd, 1, &viewport);
   vkCmdSetScissorWithCount(cmd, 1, &scissor);
   vkCmdSetRasterizerDiscardEnable(cmd, VK_FALSE);
   vkCmdSetPrimitiveTopology(cmd, VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST);
   vkCmdSetPrimitiveRestartEnable(cmd, VK_FALSE);
   vkCmdSetCullMode(cmd, VK_CULL_MODE_NONE);
   vkCmdSetFrontFace(cmd, VK_FRONT_FACE_CLOCKWISE);
   vkCmdSetDepthTestEnable(cmd, VK_FALSE);
   vkCmdSetDepthWriteEnable(cmd, VK_FALSE);
   vkCmdSetDepthBiasEnable(cmd, VK_FALSE);
   vkCmdSetStencilTestEnable(cmd, VK_FALSE);
   vkCmdSetVertexInputEXT_(cmd, 1, &stream, 2, inputs);
   vkCmdSetPolygonModeEXT_(cmd, VK_POLYGON_MODE_FILL);
   vkCmdSetRasterizationSamplesEXT_(cmd, VK_SAMPLE_COUNT_1_BIT);
   vkCmdSetSampleMaskEXT_(cmd, VK_SAMPLE_COUNT_1_BIT, &(VkSampleMask){~0u});
   vkCmdSetAlphaToCoverageEnableEXT_(cmd, VK_FALSE);
   vkCmdSetColorBlendEnableEXT_(cmd, 0, 1, &(VkBool32){VK_FALSE});
   vkCmdSetColorWriteMaskEXT_(cmd, 0, 1, &(VkColorComponentFlags){0xf});
}

static void draw(struct gpu *gpu, const struct scene *s, const VkShaderEXT shaders[2], const char *name)
{
   PROC(gpu, vkCmdBindShadersEXT);
   VkRenderingAttachmentInfo color = {
      VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = s->target.color.view,
      .imageLayout = VK_IMAGE_LAYOUT_GENERAL,      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,     .clearValue.color = {{0.1f, 0.1f, 0.4f, 1}}};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {SIZE, SIZE}}, .layerCount = 1,
                           .colorAttachmentCount = 1, .pColorAttachments = &color};
   static const VkShaderStageFlagBits stages[2] = {VK_SHADER_STAGE_VERTEX_BIT, VK_SHADER_STAGE_FRAGMENT_BIT};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &s->target.color, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   vkCmdBeginRendering(cmd, &info);
   set_state(gpu, cmd);
   vkCmdBindShadersEXT_(cmd, 2, stages, shaders);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   scene_place(cmd, s, 0.9f, 0, 0);
   vkCmdDraw(cmd, 6, 1, 0, 0);
   vkCmdEndRendering(cmd);
   image_layout(cmd, &s->target.color, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(gpu, cmd);
   image_result(gpu, &s->target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, name);
}

static void graphics(struct gpu *gpu)
{
   PROC(gpu, vkCreateShadersEXT);
   PROC(gpu, vkDestroyShaderEXT);
   const VkPushConstantRange push = {VK_SHADER_STAGE_VERTEX_BIT, 0, 16};
   struct scene scene = scene_new(gpu, VK_FORMAT_UNDEFINED);
   for (uint32_t linked = 0; linked < 2; linked++) {
      VkShaderCreateInfoEXT infos[2] = {
         shader_info(VK_SHADER_STAGE_VERTEX_BIT, color_vert, sizeof(color_vert), &push),
         shader_info(VK_SHADER_STAGE_FRAGMENT_BIT, color_frag, sizeof(color_frag), &push)};
      for (int i = 0; i < 2; i++)
         infos[i].flags = linked ? VK_SHADER_CREATE_LINK_STAGE_BIT_EXT : 0;
      VkShaderEXT shaders[2];
      VK(vkCreateShadersEXT_(gpu->device, 2, infos, NULL, shaders));
      draw(gpu, &scene, shaders, linked ? "linked" : "unlinked");
      vkDestroyShaderEXT_(gpu->device, shaders[0], NULL);
      vkDestroyShaderEXT_(gpu->device, shaders[1], NULL);
   }
   scene_free(gpu, &scene);
}

// From SPIR-V, and then from what the driver made of it.
static void compute(struct gpu *gpu)
{
   PROC(gpu, vkCreateShadersEXT);
   PROC(gpu, vkDestroyShaderEXT);
   PROC(gpu, vkGetShaderBinaryDataEXT);
   PROC(gpu, vkCmdBindShadersEXT);
   struct buffer data = storage_new(gpu, 256);
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1, (struct binding[]){STORAGE(&data)});
   const VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 12};
   VkShaderCreateInfoEXT info = shader_info(VK_SHADER_STAGE_COMPUTE_BIT, add_comp, sizeof(add_comp), &push);
   info.setLayoutCount = 1;
   info.pSetLayouts = &bound.set_layout;
   VkShaderEXT shaders[2];
   VK(vkCreateShadersEXT_(gpu->device, 1, &info, NULL, &shaders[0]));
   size_t size = 0;
   VK(vkGetShaderBinaryDataEXT_(gpu->device, shaders[0], &size, NULL));
   void *binary = aligned_alloc(64, (size + 63) & ~(size_t)63);
   EXPECT(size && binary);
   VK(vkGetShaderBinaryDataEXT_(gpu->device, shaders[0], &size, binary));
   info.codeType = VK_SHADER_CODE_TYPE_BINARY_EXT;
   info.codeSize = size;
   info.pCode = binary;
   VK(vkCreateShadersEXT_(gpu->device, 1, &info, NULL, &shaders[1]));
   fill_random(&data, 5);
   for (uint32_t i = 0; i < 2; i++) {
      const uint32_t values[3] = {64, 3 + i, 17};
      VkCommandBuffer cmd = cmd_begin(gpu);
      vkCmdBindShadersEXT_(cmd, 1, &(VkShaderStageFlagBits){VK_SHADER_STAGE_COMPUTE_BIT}, &shaders[i]);
      vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(values), values);
      vkCmdDispatch(cmd, 1, 1, 1);
      cmd_submit(gpu, cmd);
      result(gpu, i ? "from-binary" : "compute", data.map, data.size);
      vkDestroyShaderEXT_(gpu->device, shaders[i], NULL);
   }
   free(binary);
   bound_free(gpu, &bound);
   buffer_free(gpu, &data);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceShaderObjectFeaturesEXT object = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_OBJECT_FEATURES_EXT,
                                                     .shaderObject = VK_TRUE};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_EXT_SHADER_OBJECT_EXTENSION_NAME},
                       .features = {FEATURES(object)}};
   gpu_open(&gpu, argc, argv, &want);
   graphics(&gpu);
   compute(&gpu);
   return gpu_close(&gpu);
}
