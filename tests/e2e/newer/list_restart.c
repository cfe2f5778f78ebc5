// SPDX-License-Identifier: MIT
//
// Primitive restart in lists: whatever was begun when the special index comes is dropped, with indices of
// every size; switched on when commands are recorded.
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"

static void draw(struct gpu *gpu, const struct scene *s, const struct buffer *indices, VkIndexType type, bool lines,
                 bool restart, const char *name)
{
   struct graphics desc = scene_graphics(s);
   desc.vert = SHADER(gpu, color_vert);
   desc.frag = SHADER(gpu, color_frag);
   desc.lines = lines;
   desc.restart = !restart; // set when recording
   desc.dynamic_count = 1;
   desc.dynamic = &(VkDynamicState){VK_DYNAMIC_STATE_PRIMITIVE_RESTART_ENABLE};
   VkPipeline pipeline = graphics_new(gpu, &desc);
   VkCommandBuffer cmd = scene_begin(gpu, s, pipeline);
   vkCmdSetPrimitiveRestartEnable(cmd, restart);
   vkCmdBindIndexBuffer(cmd, indices->handle, 0, type);
   vkCmdDrawIndexed(cmd, 9, 1, 0, 0, 0);
   scene_place(cmd, s, 0.4f, 0.4f, -0.4f);
   vkCmdDrawIndexed(cmd, 8, 2, 1, 0, 0);
   scene_end(gpu, s, cmd, name);
   vkDestroyPipeline(gpu->device, pipeline, NULL);
}

int main(int argc, char **argv)
{
   // With restart in the middle of a triangle, and of a line.
   static const uint32_t order[] = {0, 1, ~0u, 3, 4, 2, 0, 2, 5};
   struct gpu gpu;
   VkPhysicalDevicePrimitiveTopologyListRestartFeaturesEXT restart = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRIMITIVE_TOPOLOGY_LIST_RESTART_FEATURES_EXT,
      .primitiveTopologyListRestart = VK_TRUE};
   VkPhysicalDeviceExtendedDynamicState2FeaturesEXT dynamic = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTENDED_DYNAMIC_STATE_2_FEATURES_EXT, .extendedDynamicState2 = VK_TRUE};
   VkPhysicalDeviceIndexTypeUint8FeaturesEXT bytes = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT,
                                                      .indexTypeUint8 = VK_TRUE};
   struct want want = {.core.fullDrawIndexUint32 = VK_TRUE,
                       .extensions = {VK_EXT_PRIMITIVE_TOPOLOGY_LIST_RESTART_EXTENSION_NAME,
                                      VK_EXT_EXTENDED_DYNAMIC_STATE_2_EXTENSION_NAME,
                                      VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME},
                       .features = {FEATURES(restart), FEATURES(dynamic), FEATURES(bytes)}};
   gpu_open(&gpu, argc, argv, &want);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   struct buffer all[3];
   static const VkIndexType types[3] = {VK_INDEX_TYPE_UINT8_EXT, VK_INDEX_TYPE_UINT16, VK_INDEX_TYPE_UINT32};
   for (uint32_t t = 0; t < 3; t++) {
      all[t] = buffer_host(&gpu, 64, VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
      for (uint32_t i = 0; i < COUNT(order); i++)
         memcpy((uint8_t *)all[t].map + (i << t), &order[i], 1u << t);
      draw(&gpu, &scene, &all[t], types[t], false, true, "triangles");
      draw(&gpu, &scene, &all[t], types[t], true, true, "lines");
      buffer_free(&gpu, &all[t]);
   }
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
