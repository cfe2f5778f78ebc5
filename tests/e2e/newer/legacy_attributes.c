// SPDX-License-Identifier: MIT
//
// Legacy vertex attributes: vertices at odd addresses and strides, as older graphics interfaces allow them.
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"

int main(int argc, char **argv)
{
   static const uint32_t layouts[][3] = {{28, 0, 12}, {29, 1, 12}, {33, 3, 17}}; // stride, start, place of the colour
   struct gpu gpu;
   VkPhysicalDeviceLegacyVertexAttributesFeaturesEXT legacy = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_LEGACY_VERTEX_ATTRIBUTES_FEATURES_EXT, .legacyVertexAttributes = VK_TRUE};
   VkPhysicalDeviceVertexInputDynamicStateFeaturesEXT input = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VERTEX_INPUT_DYNAMIC_STATE_FEATURES_EXT, .vertexInputDynamicState = VK_TRUE};
   struct want want = {
      .extensions = {VK_EXT_LEGACY_VERTEX_ATTRIBUTES_EXTENSION_NAME, VK_EXT_VERTEX_INPUT_DYNAMIC_STATE_EXTENSION_NAME},
      .features = {FEATURES(legacy), FEATURES(input)}};
   gpu_open(&gpu, argc, argv, &want);
   PROC(&gpu, vkCmdSetVertexInputEXT);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct graphics desc = scene_graphics(&scene);
   desc.vert = SHADER(&gpu, color_vert);
   desc.frag = SHADER(&gpu, color_frag);
   desc.dynamic_count = 1;
   desc.dynamic = &(VkDynamicState){VK_DYNAMIC_STATE_VERTEX_INPUT_EXT};
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   for (size_t i = 0; i < COUNT(layouts); i++) {
      uint32_t stride = layouts[i][0], start = layouts[i][1], color = layouts[i][2];
      struct buffer vertices = buffer_host(&gpu, 256, VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
      for (uint32_t v = 0; v < 6; v++) {
         memcpy((uint8_t *)vertices.map + start + v * stride, scene_vertices[v], 12);
         memcpy((uint8_t *)vertices.map + start + v * stride + color, scene_vertices[v] + 3, 16);
      }
      VkVertexInputBindingDescription2EXT stream = {VK_STRUCTURE_TYPE_VERTEX_INPUT_BINDING_DESCRIPTION_2_EXT,
                                                    .stride = stride, .divisor = 1};
      VkVertexInputAttributeDescription2EXT inputs[2];
      for (uint32_t a = 0; a < 2; a++)
         inputs[a] = (VkVertexInputAttributeDescription2EXT){VK_STRUCTURE_TYPE_VERTEX_INPUT_ATTRIBUTE_DESCRIPTION_2_EXT,
                                                             .location = a, .format = scene_attributes[a].format,
                                                             .offset = a ? color : 0};
      VkCommandBuffer cmd = scene_begin(&gpu, &scene, pipeline);
      vkCmdSetVertexInputEXT_(cmd, 1, &stream, 2, inputs);
      vkCmdBindVertexBuffers(cmd, 0, 1, &vertices.handle, (VkDeviceSize[]){start});
      vkCmdDraw(cmd, 6, 1, 0, 0);
      scene_end(&gpu, &scene, cmd, i ? "unaligned" : "aligned");
      buffer_free(&gpu, &vertices);
   }
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
