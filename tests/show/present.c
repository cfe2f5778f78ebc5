// SPDX-License-Identifier: MIT
//
// Frames in a window, and what the display server then shows. Swapchains of several present modes, numbers of images,
// formats and sizes follow each other on one surface; each is made from the one before it. Every frame carries its
// number in a corner, so that a look is taken when that very frame is there: late is no difference, lost or wrong is.
#include <stdlib.h>
#include <time.h>

#include "harness.h"
#include "shapes.frag.h"
#include "shapes.vert.h"
#include "window.h"

#define MAX_IMAGES 16
#define BITS       8 // of a frame's number, each a square
#define SQUARE     4 // pixels
#define SHAPES     12
#define PATIENCE   1000 // looks, each some milliseconds after the other

struct scene {
   const char *name;
   VkPresentModeKHR mode;
   VkFormat format;
   uint32_t more_images; // than the least
   uint32_t width, height, frames;
};

static const struct scene scenes[] = {
   {"fifo", VK_PRESENT_MODE_FIFO_KHR, VK_FORMAT_B8G8R8A8_UNORM, 0, 320, 240, 10},
   {"fifo, larger, one more image", VK_PRESENT_MODE_FIFO_KHR, VK_FORMAT_B8G8R8A8_UNORM, 1, 480, 300, 7},
   {"immediate, smaller", VK_PRESENT_MODE_IMMEDIATE_KHR, VK_FORMAT_B8G8R8A8_UNORM, 0, 203, 151, 7},
   {"mailbox, three more images", VK_PRESENT_MODE_MAILBOX_KHR, VK_FORMAT_B8G8R8A8_UNORM, 3, 203, 151, 7},
   {"fifo, sRGB, tall", VK_PRESENT_MODE_FIFO_KHR, VK_FORMAT_B8G8R8A8_SRGB, 2, 130, 400, 7},
   {"immediate, first size again", VK_PRESENT_MODE_IMMEDIATE_KHR, VK_FORMAT_B8G8R8A8_UNORM, 1, 320, 240, 7},
};

// What a swapchain needs besides itself.
struct chain {
   VkSwapchainKHR handle;
   VkExtent2D extent;
   uint32_t count;
   VkImage images[MAX_IMAGES];
   VkImageView views[MAX_IMAGES];
   VkSemaphore acquired[MAX_IMAGES + 1], rendered[MAX_IMAGES]; // by turn; by image
   VkPipeline pipeline;
};

struct stage {
   struct gpu gpu;
   VkSurfaceKHR surface;
   VkPipelineLayout layout;
   uint32_t number; // of the frame, over all scenes
};

struct push {
   float frame, aspect;
};

static bool offers_mode(const struct stage *stage, VkPresentModeKHR mode)
{
   VkPresentModeKHR modes[16];
   uint32_t count = COUNT(modes);
   VK(vkGetPhysicalDeviceSurfacePresentModesKHR(stage->gpu.physical, stage->surface, &count, modes));
   for (uint32_t i = 0; i < count; i++) {
      if (modes[i] == mode)
         return true;
   }
   return false;
}

static bool offers_format(const struct stage *stage, VkFormat format)
{
   VkSurfaceFormatKHR formats[64];
   uint32_t count = COUNT(formats);
   VK(vkGetPhysicalDeviceSurfaceFormatsKHR(stage->gpu.physical, stage->surface, &count, formats));
   for (uint32_t i = 0; i < count; i++) {
      if (formats[i].format == format && formats[i].colorSpace == VK_COLOR_SPACE_SRGB_NONLINEAR_KHR)
         return true;
   }
   return false;
}

static VkPipeline pipeline_new(struct stage *stage, VkFormat format)
{
   VkPipelineRenderingCreateInfo rendering = {VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
                                              .colorAttachmentCount = 1, .pColorAttachmentFormats = &format};
   struct graphics desc = {.vert = SHADER(&stage->gpu, shapes_vert),
                           .frag = SHADER(&stage->gpu, shapes_frag),
                           .layout = stage->layout,
                           .next = &rendering};
   return graphics_new(&stage->gpu, &desc);
}

static void get_images(struct stage *stage, struct chain *chain, VkFormat format)
{
   struct gpu *gpu = &stage->gpu;
   chain->count = MAX_IMAGES;
   VK(vkGetSwapchainImagesKHR(gpu->device, chain->handle, &chain->count, chain->images));
   for (uint32_t i = 0; i < chain->count; i++) {
      VkImageViewCreateInfo view = {VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO, .image = chain->images[i],
                                    .viewType = VK_IMAGE_VIEW_TYPE_2D, .format = format,
                                    .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
      VK(vkCreateImageView(gpu->device, &view, NULL, &chain->views[i]));
      chain->acquired[i] = semaphore_new(gpu);
      chain->rendered[i] = semaphore_new(gpu);
   }
   chain->acquired[chain->count] = semaphore_new(gpu);
}

static struct chain chain_new(struct stage *stage, const struct scene *scene, VkSwapchainKHR old)
{
   VkSurfaceCapabilitiesKHR caps;
   VK(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(stage->gpu.physical, stage->surface, &caps));
   struct chain chain = {.extent = {scene->width, scene->height}};
   if (caps.currentExtent.width != UINT32_MAX)
      EXPECT(caps.currentExtent.width == scene->width && caps.currentExtent.height == scene->height);
   VkSwapchainCreateInfoKHR info = {VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
                                    .surface = stage->surface,
                                    .minImageCount = caps.minImageCount + scene->more_images,
                                    .imageFormat = scene->format,
                                    .imageColorSpace = VK_COLOR_SPACE_SRGB_NONLINEAR_KHR,
                                    .imageExtent = chain.extent,
                                    .imageArrayLayers = 1,
                                    .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
                                    .preTransform = caps.currentTransform,
                                    .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
                                    .presentMode = scene->mode,
                                    .clipped = VK_TRUE,
                                    .oldSwapchain = old};
   VK(vkCreateSwapchainKHR(stage->gpu.device, &info, NULL, &chain.handle));
   get_images(stage, &chain, scene->format);
   EXPECT(chain.count >= info.minImageCount);
   chain.pipeline = pipeline_new(stage, scene->format);
   return chain;
}

// All but the swapchain itself: the next one is made from it.
static void chain_strip(struct stage *stage, struct chain *chain)
{
   VkDevice device = stage->gpu.device;
   VK(vkDeviceWaitIdle(device));
   for (uint32_t i = 0; i < chain->count; i++) {
      vkDestroyImageView(device, chain->views[i], NULL);
      vkDestroySemaphore(device, chain->acquired[i], NULL);
      vkDestroySemaphore(device, chain->rendered[i], NULL);
   }
   vkDestroySemaphore(device, chain->acquired[chain->count], NULL);
   vkDestroyPipeline(device, chain->pipeline, NULL);
}

static void change_layout(VkCommandBuffer cmd, VkImage image, VkImageLayout from, VkImageLayout to)
{
   VkImageMemoryBarrier change = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                  .srcAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
                                  .dstAccessMask = VK_ACCESS_COLOR_ATTACHMENT_WRITE_BIT,
                                  .oldLayout = from,
                                  .newLayout = to,
                                  .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                  .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                  .image = image,
                                  .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT,
                        VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT, 0, 0, NULL, 0, NULL, 1, &change);
}

// The frame's number in the last rows, where a window that is filled from the top is filled last.
static void draw_number(VkCommandBuffer cmd, VkExtent2D extent, uint32_t number)
{
   for (uint32_t bit = 0; bit < BITS; bit++) {
      float light = number >> bit & 1 ? 1.0f : 0.0f;
      VkClearAttachment clear = {VK_IMAGE_ASPECT_COLOR_BIT, 0, {.color.float32 = {light, light, light, 1}}};
      VkClearRect rect = {
         {{(int32_t)(extent.width - (bit + 1) * SQUARE), (int32_t)(extent.height - SQUARE)}, {SQUARE, SQUARE}}, 0, 1};
      vkCmdClearAttachments(cmd, 1, &clear, 1, &rect);
   }
}

static void draw(struct stage *stage, const struct chain *chain, VkCommandBuffer cmd, VkImageView view)
{
   float back = (float)(stage->number % 16) / 32;
   VkViewport viewport = {0, 0, (float)chain->extent.width, (float)chain->extent.height, 0, 1};
   VkRect2D all = {.extent = chain->extent};
   VkRenderingAttachmentInfo color = {VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                      .imageView = view,
                                      .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
                                      .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                      .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                      .clearValue.color.float32 = {back, 0.3f, 0.5f - back, 1}};
   VkRenderingInfo rendering = {VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = all, .layerCount = 1,
                                .colorAttachmentCount = 1, .pColorAttachments = &color};
   struct push push = {(float)stage->number, viewport.height / viewport.width};
   vkCmdBeginRendering(cmd, &rendering);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_GRAPHICS, chain->pipeline);
   vkCmdSetViewport(cmd, 0, 1, &viewport);
   vkCmdSetScissor(cmd, 0, 1, &all);
   vkCmdPushConstants(cmd, stage->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(push), &push);
   vkCmdDraw(cmd, 3, SHAPES, 0, 0);
   draw_number(cmd, chain->extent, stage->number);
   vkCmdEndRendering(cmd);
}

static void check_frame(VkResult result, const char *call)
{
   if (result != VK_SUBOPTIMAL_KHR)
      check_vk(result, call);
}

static void present_frame(struct stage *stage, struct chain *chain, uint32_t turn)
{
   struct gpu *gpu = &stage->gpu;
   VkSemaphore acquired = chain->acquired[turn % (chain->count + 1)];
   uint32_t index;
   check_frame(vkAcquireNextImageKHR(gpu->device, chain->handle, WAIT_NS, acquired, VK_NULL_HANDLE, &index),
               "vkAcquireNextImageKHR");
   VkCommandBuffer cmd = cmd_begin(gpu);
   change_layout(cmd, chain->images[index], VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
   draw(stage, chain, cmd, chain->views[index]);
   change_layout(cmd, chain->images[index], VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR);
   VK(vkEndCommandBuffer(cmd));
   VkPipelineStageFlags at = VK_PIPELINE_STAGE_COLOR_ATTACHMENT_OUTPUT_BIT;
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .waitSemaphoreCount = 1,
                          .pWaitSemaphores = &acquired,  .pWaitDstStageMask = &at,
                          .commandBufferCount = 1,       .pCommandBuffers = &cmd,
                          .signalSemaphoreCount = 1,     .pSignalSemaphores = &chain->rendered[index]};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, 1, &submit, fence));
   VkPresentInfoKHR present = {VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                               .waitSemaphoreCount = 1,
                               .pWaitSemaphores = &chain->rendered[index],
                               .swapchainCount = 1,
                               .pSwapchains = &chain->handle,
                               .pImageIndices = &index};
   check_frame(vkQueuePresentKHR(gpu->queue, &present), "vkQueuePresentKHR");
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
}

// The number of the frame in a picture of the whole screen, in whose middle the window is, or of the window alone.
static uint32_t number_shown(const struct picture *picture, VkExtent2D extent)
{
   uint32_t right = (picture->width + extent.width) / 2, bottom = (picture->height + extent.height) / 2, number = 0;
   for (uint32_t bit = 0; bit < BITS; bit++) {
      uint32_t x = right - bit * SQUARE - SQUARE / 2, y = bottom - SQUARE / 2;
      number |= (uint32_t)(picture->pixels[((size_t)y * picture->width + x) * 4] > 127) << bit;
   }
   return number;
}

static void look(struct stage *stage, const struct chain *chain, const char *scene)
{
   static const struct timespec pause = {.tv_nsec = 5000000};
   char name[96];
   snprintf(name, sizeof(name), "%s, frame %u", scene, stage->number);
   for (uint32_t i = 0; i < PATIENCE; i++) {
      struct picture picture = window_look();
      bool there = number_shown(&picture, chain->extent) == stage->number;
      if (there)
         result(&stage->gpu, name, picture.pixels, (size_t)picture.width * picture.height * 4);
      free(picture.pixels);
      if (there)
         return;
      nanosleep(&pause, NULL);
   }
   fail("%s: never shown", name);
}

static void play(struct stage *stage, const struct scene *scene, struct chain *chain)
{
   if (!offers_mode(stage, scene->mode) || !offers_format(stage, scene->format)) {
      result(&stage->gpu, scene->name, "not offered", 11);
      stage->number += scene->frames;
      return;
   }
   window_resize(scene->width, scene->height);
   struct chain old = *chain;
   *chain = chain_new(stage, scene, old.handle);
   vkDestroySwapchainKHR(stage->gpu.device, old.handle, NULL);
   for (uint32_t turn = 0; turn < scene->frames; turn++) {
      stage->number++;
      present_frame(stage, chain, turn);
      if (turn % window_stride == 0)
         look(stage, chain, scene->name);
   }
   chain_strip(stage, chain);
}

int main(int argc, char **argv)
{
   struct stage stage = {0};
   struct chain chain = {0};
   struct want want = {.v13.dynamicRendering = VK_TRUE,
                       .extensions = {VK_KHR_SWAPCHAIN_EXTENSION_NAME},
                       .instance_extensions = {VK_KHR_SURFACE_EXTENSION_NAME, window_extension}};
   window_open(scenes[0].width, scenes[0].height);
   gpu_open(&stage.gpu, argc, argv, &want);
   stage.surface = window_surface(stage.gpu.instance);
   VkBool32 presents = VK_FALSE;
   VK(vkGetPhysicalDeviceSurfaceSupportKHR(stage.gpu.physical, stage.gpu.family, stage.surface, &presents));
   EXPECT(presents);
   VkPushConstantRange range = {VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(struct push)};
   VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .pushConstantRangeCount = 1,
                                      .pPushConstantRanges = &range};
   VK(vkCreatePipelineLayout(stage.gpu.device, &info, NULL, &stage.layout));
   for (size_t i = 0; i < COUNT(scenes); i++)
      play(&stage, &scenes[i], &chain);
   vkDestroySwapchainKHR(stage.gpu.device, chain.handle, NULL);
   vkDestroySurfaceKHR(stage.gpu.instance, stage.surface, NULL);
   vkDestroyPipelineLayout(stage.gpu.device, stage.layout, NULL);
   int status = gpu_close(&stage.gpu);
   window_close();
   return status;
}
