// SPDX-License-Identifier: MIT
//
// Indices of 8, 16 and 32 bits, with restarts, offsets of indices and of vertices, and lists that restart as well
// (VK_EXT_primitive_topology_list_restart).
#include "paint.h"

#include "both_frag.h"
#include "corners_vert.h"

#define CELL    32
#define INDICES 12

static const uint32_t indices[INDICES] = {0, 1, 2, 3, UINT32_MAX, 4, 5, 6, UINT32_MAX, 7, 9, 8};
static const VkIndexType types[3] = {VK_INDEX_TYPE_UINT8_EXT, VK_INDEX_TYPE_UINT16, VK_INDEX_TYPE_UINT32};

static void fill(struct buffer *index)
{
   for (uint32_t i = 0; i < INDICES; i++) {
      ((uint8_t *)index->map)[i] = (uint8_t)indices[i];
      ((uint16_t *)index->map)[32 + i] = (uint16_t)indices[i];
      ((uint32_t *)index->map)[32 + i] = indices[i];
   }
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceIndexTypeUint8FeaturesEXT bytes = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT,
                                                      .indexTypeUint8 = VK_TRUE};
   VkPhysicalDevicePrimitiveTopologyListRestartFeaturesEXT restart = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRIMITIVE_TOPOLOGY_LIST_RESTART_FEATURES_EXT,
      .primitiveTopologyListRestart = VK_TRUE};
   gpu_open(&gpu, argc, argv,
            &(struct want){.extensions = {VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME,
                                          VK_EXT_PRIMITIVE_TOPOLOGY_LIST_RESTART_EXTENSION_NAME},
                           .features = {FEATURES(bytes), FEATURES(restart)}});
   struct target target =
       target_new(&gpu, 3 * CELL, 2 * CELL, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 32, 0, NULL);
   struct buffer index = buffer_host(&gpu, 512, VK_BUFFER_USAGE_INDEX_BUFFER_BIT);
   fill(&index);
   struct graphics desc = {.vert = SHADER(&gpu, corners_vert),
                           .frag = SHADER(&gpu, both_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .restart = true,
                           .keep_modules = true};
   VkPipeline pipelines[2];
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   for (uint32_t strip = 0; strip < 2; strip++) {
      desc.strip = strip;
      pipelines[strip] = graphics_new(&gpu, &desc);
      vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipelines[strip]);
      for (uint32_t i = 0; i < 3; i++) {
         view_cell(cmd, 3 * strip + i, 3, CELL);
         vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                            (float[]){0.1875f, 0.5f, -0.875f, -0.75f, 1, 0, 0, 0});
         vkCmdBindIndexBuffer(cmd, index.handle, (VkDeviceSize[]){0, 64, 128}[i], types[i]);
         vkCmdDrawIndexed(cmd, INDICES, 1, 0, 0, 0);
         vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 32,
                            (float[]){0.1875f, 0.5f, -0.875f, 0.125f, 1, 0, 0, 0});
         vkCmdBindIndexBuffer(cmd, index.handle, (VkDeviceSize[]){1, 66, 132}[i], types[i]);
         vkCmdDrawIndexed(cmd, INDICES - 3, 1, 2, i == 2 ? -1 : 1, 0);
      }
   }
   paint_end(&gpu, &target, cmd, "indices");
   for (uint32_t i = 0; i < 2; i++)
      vkDestroyPipeline(gpu.device, pipelines[i], NULL);
   modules_free(&gpu, &desc);
   buffer_free(&gpu, &index);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
