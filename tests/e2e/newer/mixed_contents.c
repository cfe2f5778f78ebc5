// SPDX-License-Identifier: MIT
//
// VK_KHR_maintenance7: dynamic rendering whose contents are commands and secondary command buffers by turns; how many
// dynamic descriptors there may be in all.
#include "scene.h"

#include "color_frag.h"
#include "color_vert.h"

static const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;

static void draw(VkCommandBuffer cmd, const struct scene *s, VkPipeline pipeline, float scale, float x, float y)
{
   target_view(cmd, &s->target);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
   vkCmdBindVertexBuffers(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0});
   scene_place(cmd, s, scale, x, y);
   vkCmdDraw(cmd, 6, 1, 0, 0);
}

static VkCommandBuffer secondary(struct gpu *gpu, const struct scene *s, VkPipeline pipeline, float x)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_SECONDARY, .commandBufferCount = 1};
   VkCommandBufferInheritanceRenderingInfo rendering = {
      VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO,
      .flags = VK_RENDERING_CONTENTS_INLINE_BIT_KHR | VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT,
      .colorAttachmentCount = 1, .pColorAttachmentFormats = &format, .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT};
   VkCommandBufferInheritanceInfo from = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO, .pNext = &rendering};
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT,
                                     .pInheritanceInfo = &from};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &info, &cmd));
   VK(vkBeginCommandBuffer(cmd, &begin));
   draw(cmd, s, pipeline, 0.3f, x, 0.5f);
   draw(cmd, s, pipeline, 0.2f, x, -0.5f);
   VK(vkEndCommandBuffer(cmd));
   return cmd;
}

static void begin_rendering(VkCommandBuffer cmd, const struct image *image)
{
   VkRenderingAttachmentInfo color = {
      VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO, .imageView = image->view,
      .imageLayout = VK_IMAGE_LAYOUT_GENERAL,      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,     .clearValue.color = {{0.3f, 0.2f, 0.1f, 1}}};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO,
                           .flags = VK_RENDERING_CONTENTS_INLINE_BIT_KHR |
                                    VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT,
                           .renderArea = {{0, 0}, {SIZE, SIZE}},
                           .layerCount = 1,
                           .colorAttachmentCount = 1,
                           .pColorAttachments = &color};
   vkCmdBeginRendering(cmd, &info);
}

static void limits(struct gpu *gpu)
{
   VkPhysicalDeviceMaintenance7PropertiesKHR props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_7_PROPERTIES_KHR};
   VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &props};
   vkGetPhysicalDeviceProperties2(gpu->physical, &all);
   const uint32_t values[] = {
      props.robustFragmentShadingRateAttachmentAccess,  props.separateDepthStencilAttachmentAccess,
      props.maxDescriptorSetTotalUniformBuffersDynamic, props.maxDescriptorSetTotalStorageBuffersDynamic,
      props.maxDescriptorSetTotalBuffersDynamic,        props.maxDescriptorSetUpdateAfterBindTotalBuffersDynamic};
   result(gpu, "limits", values, sizeof(values));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   VkPhysicalDeviceMaintenance7FeaturesKHR maintenance = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_7_FEATURES_KHR,
                                                          .maintenance7 = VK_TRUE};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_KHR_MAINTENANCE_7_EXTENSION_NAME},
                       .features = {FEATURES(maintenance)}};
   gpu_open(&gpu, argc, argv, &want);
   limits(&gpu);
   struct scene scene = scene_new(&gpu, VK_FORMAT_UNDEFINED);
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &format};
   struct graphics desc = scene_graphics(&scene);
   desc.pass = VK_NULL_HANDLE;
   desc.next = &rendering;
   desc.vert = SHADER(&gpu, color_vert);
   desc.frag = SHADER(&gpu, color_frag);
   VkPipeline pipeline = graphics_new(&gpu, &desc);
   VkCommandBuffer parts[3];
   for (uint32_t i = 0; i < 3; i++)
      parts[i] = secondary(&gpu, &scene, pipeline, -0.6f + 0.6f * (float)i);
   VkCommandBuffer cmd = cmd_begin(&gpu);
   image_layout(cmd, &scene.target.color, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL);
   begin_rendering(cmd, &scene.target.color);
   draw(cmd, &scene, pipeline, 0.9f, 0, 0);
   vkCmdExecuteCommands(cmd, 2, parts);
   draw(cmd, &scene, pipeline, 0.1f, 0.8f, 0);
   vkCmdExecuteCommands(cmd, 1, &parts[2]);
   draw(cmd, &scene, pipeline, 0.1f, -0.8f, 0);
   vkCmdEndRendering(cmd);
   image_layout(cmd, &scene.target.color, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   cmd_submit(&gpu, cmd);
   image_result(&gpu, &scene.target.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   vkFreeCommandBuffers(gpu.device, gpu.pool, 3, parts);
   vkDestroyPipeline(gpu.device, pipeline, NULL);
   scene_free(&gpu, &scene);
   return gpu_close(&gpu);
}
