// SPDX-License-Identifier: MIT
//
// Vulkan 1.3: dynamic rendering (suspended and resumed), synchronization2, copy commands 2, extended dynamic state,
// submission with vkQueueSubmit2, private data and maintenance4 queries.
#include "harness.h"

#include "color_frag.h"
#include "color_vert.h"

#define SIZE 96
#define RGBA VK_FORMAT_R8G8B8A8_UNORM

static const float vertices[][7] = {{-0.8f, -0.6f, 0.6f, 1, 0, 0, 1}, {0.9f, -0.5f, 0.6f, 0, 1, 0, 1},
                                    {0, 0.9f, 0.6f, 0, 0, 1, 1},      {-0.7f, 0.8f, 0.2f, 1, 1, 1, 1},
                                    {0.8f, 0.8f, 0.9f, 0, 0, 0, 1},   {0.1f, -0.9f, 0.4f, 1, 1, 0, 1}};

static const VkVertexInputAttributeDescription attributes[] = {{0, 0, VK_FORMAT_R32G32B32_SFLOAT, 0},
                                                               {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, 12}};

static const VkDynamicState states[] = {VK_DYNAMIC_STATE_CULL_MODE,
                                        VK_DYNAMIC_STATE_FRONT_FACE,
                                        VK_DYNAMIC_STATE_PRIMITIVE_TOPOLOGY,
                                        VK_DYNAMIC_STATE_DEPTH_TEST_ENABLE,
                                        VK_DYNAMIC_STATE_DEPTH_WRITE_ENABLE,
                                        VK_DYNAMIC_STATE_DEPTH_COMPARE_OP,
                                        VK_DYNAMIC_STATE_VERTEX_INPUT_BINDING_STRIDE};

struct scene {
   struct image color, depth, copy;
   struct buffer vertex, out;
   struct bound bound;
   VkPipeline pipeline;
};

static void image_barrier(VkCommandBuffer cmd, const struct image *image, VkImageLayout from, VkImageLayout to)
{
   VkImageMemoryBarrier2 barrier = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
                                    .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                    .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
                                    .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                    .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
                                    .oldLayout = from,
                                    .newLayout = to,
                                    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .image = image->handle,
                                    .subresourceRange = {format_aspects(image->info.format), 0, 1, 0, 1}};
   VkDependencyInfo info = {VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .imageMemoryBarrierCount = 1,
                            .pImageMemoryBarriers = &barrier};
   vkCmdPipelineBarrier2(cmd, &info);
}

static struct scene scene_new(struct gpu *gpu)
{
   const VkImageUsageFlags transfer = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
   const VkFormat color = RGBA, depth = depth_format(gpu, 1, (VkFormat[]){VK_FORMAT_D32_SFLOAT});
   struct scene s = {.color = image_2d(gpu, color, SIZE, SIZE, transfer | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT),
                     .depth = image_2d(gpu, depth, SIZE, SIZE, transfer | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT),
                     .copy = image_2d(gpu, color, SIZE, SIZE, transfer),
                     .vertex = buffer_host(gpu, sizeof(vertices), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT),
                     .out = buffer_host(gpu, SIZE * SIZE * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT),
                     .bound = bound_new(gpu, VK_SHADER_STAGE_VERTEX_BIT, 16, 0, NULL)};
   memcpy(s.vertex.map, vertices, sizeof(vertices));
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &color,
                                              .depthAttachmentFormat = depth};
   struct graphics desc = {.vert = SHADER(gpu, color_vert),
                           .frag = SHADER(gpu, color_frag),
                           .layout = s.bound.layout,
                           .next = &rendering,
                           .stride = sizeof(vertices[0]),
                           .attribute_count = COUNT(attributes),
                           .attributes = attributes,
                           .dynamic_count = COUNT(states),
                           .dynamic = states};
   s.pipeline = graphics_new(gpu, &desc);
   return s;
}

static void begin_rendering(VkCommandBuffer cmd, const struct scene *s, VkRenderingFlags flags)
{
   VkRenderingAttachmentInfo color = {
       VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,       .imageView = s->color.view,
       .imageLayout = VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL, .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
       .storeOp = VK_ATTACHMENT_STORE_OP_STORE,           .clearValue.color = {{0.1f, 0.3f, 0.2f, 1}}};
   VkRenderingAttachmentInfo depth = color;
   depth.imageView = s->depth.view;
   depth.clearValue = (VkClearValue){.depthStencil = {0.8f, 0}};
   VkRenderingInfo info = {VK_STRUCTURE_TYPE_RENDERING_INFO,
                           .flags = flags,
                           .renderArea = {{2, 3}, {SIZE - 5, SIZE - 4}},
                           .layerCount = 1,
                           .colorAttachmentCount = 1,
                           .pColorAttachments = &color,
                           .pDepthAttachment = &depth};
   vkCmdBeginRendering(cmd, &info);
}

static void set_state(VkCommandBuffer cmd, const struct scene *s, bool second)
{
   VkViewport viewport = {0, 0, SIZE, SIZE, 0, 1};
   VkRect2D scissor = {{0, 0}, {SIZE, SIZE}};
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, s->pipeline);
   vkCmdSetViewport(cmd, 0, 1, &viewport);
   vkCmdSetScissor(cmd, 0, 1, &scissor);
   vkCmdSetCullMode(cmd, second ? VK_CULL_MODE_NONE : VK_CULL_MODE_BACK_BIT);
   vkCmdSetFrontFace(cmd, second ? VK_FRONT_FACE_COUNTER_CLOCKWISE : VK_FRONT_FACE_CLOCKWISE);
   vkCmdSetPrimitiveTopology(cmd, second ? VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP : VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST);
   vkCmdSetDepthTestEnable(cmd, VK_TRUE);
   vkCmdSetDepthWriteEnable(cmd, !second);
   vkCmdSetDepthCompareOp(cmd, second ? VK_COMPARE_OP_GREATER : VK_COMPARE_OP_LESS);
   vkCmdBindVertexBuffers2(cmd, 0, 1, &s->vertex.handle, (VkDeviceSize[]){0}, (VkDeviceSize[]){sizeof(vertices)},
                           (VkDeviceSize[]){sizeof(vertices[0])});
}

// Two command buffers of one submission share one suspended rendering.
static void record(VkCommandBuffer first, VkCommandBuffer second, const struct scene *s)
{
   image_barrier(first, &s->color, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   vkCmdClearColorImage(first, s->color.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                        &(VkClearColorValue){{1, 0, 1, 1}}, 1, &all);
   image_barrier(first, &s->color, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL);
   image_barrier(first, &s->depth, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL);
   begin_rendering(first, s, VK_RENDERING_SUSPENDING_BIT);
   set_state(first, s, false);
   vkCmdPushConstants(first, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){1, 1, 0, 0});
   vkCmdDraw(first, COUNT(vertices), 1, 0, 0);
   vkCmdEndRendering(first);
   begin_rendering(second, s, VK_RENDERING_RESUMING_BIT);
   set_state(second, s, true);
   vkCmdPushConstants(second, s->bound.layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, (float[]){0.5f, 0.5f, 0.3f, 0.2f});
   vkCmdDraw(second, COUNT(vertices), 1, 0, 0);
   vkCmdEndRendering(second);
   image_barrier(second, &s->color, VK_IMAGE_LAYOUT_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
}

static void copy_out(VkCommandBuffer cmd, const struct scene *s)
{
   const VkImageSubresourceLayers layer = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
   VkImageBlit2 blit = {VK_STRUCTURE_TYPE_IMAGE_BLIT_2, .srcSubresource = layer,
                        .srcOffsets = {{0, 0, 0}, {SIZE, SIZE, 1}}, .dstSubresource = layer,
                        .dstOffsets = {{SIZE, 0, 0}, {0, SIZE, 1}}};
   VkBlitImageInfo2 blit_info = {VK_STRUCTURE_TYPE_BLIT_IMAGE_INFO_2,
                                 .srcImage = s->color.handle,
                                 .srcImageLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                                 .dstImage = s->copy.handle,
                                 .dstImageLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                                 .regionCount = 1,
                                 .pRegions = &blit,
                                 .filter = VK_FILTER_NEAREST};
   VkBufferImageCopy2 region = {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2, .imageSubresource = layer,
                                .imageExtent = {SIZE, SIZE, 1}};
   VkCopyImageToBufferInfo2 copy_info = {VK_STRUCTURE_TYPE_COPY_IMAGE_TO_BUFFER_INFO_2,
                                         .srcImage = s->copy.handle,
                                         .srcImageLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                                         .dstBuffer = s->out.handle,
                                         .regionCount = 1,
                                         .pRegions = &region};
   image_barrier(cmd, &s->copy, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdBlitImage2(cmd, &blit_info);
   image_barrier(cmd, &s->copy, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
   vkCmdCopyImageToBuffer2(cmd, &copy_info);
   VkMemoryBarrier2 to_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER_2, .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                               .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                               .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
                               .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT};
   vkCmdPipelineBarrier2(cmd, &(VkDependencyInfo){VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1,
                                                  .pMemoryBarriers = &to_host});
}

// Two batches tied by a semaphore, in one vkQueueSubmit2.
static void submit(struct gpu *gpu, const VkCommandBuffer cmds[3])
{
   VkSemaphore semaphore = semaphore_new(gpu);
   VkCommandBufferSubmitInfo buffers[3];
   for (int i = 0; i < 3; i++) {
      VK(vkEndCommandBuffer(cmds[i]));
      buffers[i] = (VkCommandBufferSubmitInfo){VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO, .commandBuffer = cmds[i]};
   }
   VkSemaphoreSubmitInfo link = {VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO, .semaphore = semaphore,
                                 .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
   VkSubmitInfo2 infos[2] = {
       {VK_STRUCTURE_TYPE_SUBMIT_INFO_2, .commandBufferInfoCount = 2, .pCommandBufferInfos = buffers,
        .signalSemaphoreInfoCount = 1, .pSignalSemaphoreInfos = &link},
       {VK_STRUCTURE_TYPE_SUBMIT_INFO_2, .waitSemaphoreInfoCount = 1, .pWaitSemaphoreInfos = &link,
        .commandBufferInfoCount = 1, .pCommandBufferInfos = buffers + 2}};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit2(gpu->queue, 2, infos, fence));
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
   vkDestroySemaphore(gpu->device, semaphore, NULL);
}

static void requirements(struct gpu *gpu, const struct image *image)
{
   VkDeviceImageMemoryRequirements info = {VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS,
                                           .pCreateInfo = &image->info};
   VkMemoryRequirements2 early = {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
   VkMemoryRequirements late;
   vkGetDeviceImageMemoryRequirements(gpu->device, &info, &early);
   vkGetImageMemoryRequirements(gpu->device, image->handle, &late);
   EXPECT(early.memoryRequirements.size == late.size && early.memoryRequirements.alignment == late.alignment);
   VkPrivateDataSlotCreateInfo slot_info = {VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO};
   VkPrivateDataSlot slot;
   uint64_t value;
   VK(vkCreatePrivateDataSlot(gpu->device, &slot_info, NULL, &slot));
   VK(vkSetPrivateData(gpu->device, VK_OBJECT_TYPE_IMAGE, (uint64_t)image->handle, slot, 4711));
   vkGetPrivateData(gpu->device, VK_OBJECT_TYPE_IMAGE, (uint64_t)image->handle, slot, &value);
   EXPECT(value == 4711);
   vkDestroyPrivateDataSlot(gpu->device, slot, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .v13.synchronization2 = VK_TRUE,
                       .v13.maintenance4 = VK_TRUE,
                       .v13.privateData = VK_TRUE};
   gpu_open(&gpu, argc, argv, &want);
   struct scene s = scene_new(&gpu);
   VkCommandBuffer cmds[3] = {cmd_begin(&gpu), cmd_begin(&gpu), cmd_begin(&gpu)};
   record(cmds[0], cmds[1], &s);
   copy_out(cmds[2], &s);
   submit(&gpu, cmds);
   vkFreeCommandBuffers(gpu.device, gpu.pool, 3, cmds);
   result(&gpu, "mirrored", s.out.map, s.out.size);
   image_result(&gpu, &s.color, VK_IMAGE_ASPECT_COLOR_BIT, 4, "picture");
   requirements(&gpu, &s.copy);
   vkDestroyPipeline(gpu.device, s.pipeline, NULL);
   bound_free(&gpu, &s.bound);
   image_free(&gpu, &s.color);
   image_free(&gpu, &s.depth);
   image_free(&gpu, &s.copy);
   buffer_free(&gpu, &s.vertex);
   buffer_free(&gpu, &s.out);
   return gpu_close(&gpu);
}
