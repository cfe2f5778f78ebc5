// SPDX-License-Identifier: MIT
//
// Several vertex buffers that advance at different rates: by vertex, by instance, every third instance, and never.
#include "paint.h"

#include "color_frag.h"
#include "streams_vert.h"

#define SIZE      64
#define INSTANCES 16

static const float corners[][2] = {{-1, -1}, {1, -1}, {-1, 1}, {1, 1}};
static const uint8_t tints[][4] = {{255, 0, 0, 255},   {0, 255, 0, 255},   {0, 0, 255, 255},
                                   {255, 255, 0, 255}, {0, 255, 255, 255}, {255, 0, 255, 255}};

static void fill(struct buffer *all)
{
   uint8_t *bytes = all->map;
   memcpy(bytes, corners, sizeof(corners));
   for (uint32_t i = 0; i < INSTANCES; i++) {
      float offset[2] = {-0.75f + 0.5f * (float)(i % 4), -0.75f + 0.5f * (float)(i / 4)};
      memcpy(bytes + 256 + sizeof(offset) * i, offset, sizeof(offset));
   }
   memcpy(bytes + 512, tints, sizeof(tints));
   memcpy(bytes + 768, (float[]){0.875f}, 4);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceVertexAttributeDivisorFeaturesEXT divisor = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VERTEX_ATTRIBUTE_DIVISOR_FEATURES_EXT,
      .vertexAttributeInstanceRateDivisor = VK_TRUE, .vertexAttributeInstanceRateZeroDivisor = VK_TRUE};
   gpu_open(
       &gpu, argc, argv,
       &(struct want){.extensions = {VK_EXT_VERTEX_ATTRIBUTE_DIVISOR_EXTENSION_NAME}, .features = {FEATURES(divisor)}});
   struct target target =
       target_new(&gpu, SIZE, SIZE, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_UNDEFINED, VK_SAMPLE_COUNT_1_BIT);
   struct bound bound = bound_new(&gpu, VK_SHADER_STAGE_VERTEX_BIT, 0, 0, NULL);
   struct buffer all = buffer_host(&gpu, 1024, VK_BUFFER_USAGE_VERTEX_BUFFER_BIT);
   fill(&all);
   const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32_SFLOAT, 0},
                                                           {1, 3, VK_FORMAT_R32G32_SFLOAT, 0},
                                                           {2, 5, VK_FORMAT_R8G8B8A8_UNORM, 0},
                                                           {3, 6, VK_FORMAT_R32_SFLOAT, 0}};
   const VkVertexInputBindingDescription streams[] = {{0, sizeof(corners[0]), VK_VERTEX_INPUT_RATE_VERTEX},
                                                      {3, 8, VK_VERTEX_INPUT_RATE_INSTANCE},
                                                      {5, sizeof(tints[0]), VK_VERTEX_INPUT_RATE_INSTANCE},
                                                      {6, 4, VK_VERTEX_INPUT_RATE_INSTANCE}};
   const VkVertexInputBindingDivisorDescriptionEXT rates[] = {{5, 3}, {6, 0}};
   VkPipelineVertexInputDivisorStateCreateInfoEXT state = {
      VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_DIVISOR_STATE_CREATE_INFO_EXT, .vertexBindingDivisorCount = COUNT(rates),
      .pVertexBindingDivisors = rates};
   struct graphics desc = {.vert = SHADER(&gpu, streams_vert),
                           .frag = SHADER(&gpu, color_frag),
                           .layout = bound.layout,
                           .pass = target.pass,
                           .strip = true,
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .input_next = &state};
   struct pipe pipe;
   pipe_fill(&pipe, &desc);
   pipe.input.vertexBindingDescriptionCount = COUNT(streams);
   pipe.input.pVertexBindingDescriptions = streams;
   VkPipeline pipeline = pipe_new(&gpu, &pipe);
   VkCommandBuffer cmd = paint_begin(&gpu, &target, (float[]){0, 0, 0, 1});
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &all.handle, (VkDeviceSize[]){0});
   vkCmdBindVertexBuffers(cmd, 3, 1, &all.handle, (VkDeviceSize[]){256});
   vkCmdBindVertexBuffers(cmd, 5, 2, (VkBuffer[]){all.handle, all.handle}, (VkDeviceSize[]){512, 768});
   vkCmdDraw(cmd, 4, INSTANCES, 0, 0);
   paint_end(&gpu, &target, cmd, "instances");
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   modules_free(&gpu, &desc);
   buffer_free(&gpu, &all);
   bound_free(&gpu, &bound);
   target_free(&gpu, &target);
   return gpu_close(&gpu);
}
