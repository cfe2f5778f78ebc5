// SPDX-License-Identifier: MIT
//
// Makes, uses and destroys swapchains on headless surfaces: some to begin with, then as many as asked for. After each
// of the two it says so and waits for a line, while leaks.py looks at what its worker holds.
#include <stdlib.h>

#include "harness.h"

#define FIRST      100
#define MAX_IMAGES 16

static void pause_here(const char *word)
{
   char line[8];
   puts(word);
   fflush(stdout);
   if (!fgets(line, sizeof(line), stdin))
      fail("nobody is there");
}

static VkSurfaceKHR surface_new(const struct gpu *gpu)
{
   PFN_vkCreateHeadlessSurfaceEXT create =
       (PFN_vkCreateHeadlessSurfaceEXT)vkGetInstanceProcAddr(gpu->instance, "vkCreateHeadlessSurfaceEXT");
   VkHeadlessSurfaceCreateInfoEXT info = {VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT};
   VkSurfaceKHR surface;
   VK(create(gpu->instance, &info, NULL, &surface));
   return surface;
}

// Sizes, numbers of images and modes that change from one to the next.
static VkSwapchainKHR swapchain_new(const struct gpu *gpu, VkSurfaceKHR surface, uint32_t number)
{
   VkSurfaceCapabilitiesKHR caps;
   VkSurfaceFormatKHR formats[64];
   uint32_t count = COUNT(formats);
   VK(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(gpu->physical, surface, &caps));
   VK(vkGetPhysicalDeviceSurfaceFormatsKHR(gpu->physical, surface, &count, formats));
   VkSwapchainCreateInfoKHR info = {
      VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
      .surface = surface,
      .minImageCount = caps.minImageCount + number % 3,
      .imageFormat = formats[number % count].format,
      .imageColorSpace = formats[number % count].colorSpace,
      .imageExtent = {64 + number % 7 * 32, 64 + number % 5 * 32},
      .imageArrayLayers = 1,
      .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
      .preTransform = caps.currentTransform,
      .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
      .presentMode = number % 2 ? VK_PRESENT_MODE_FIFO_KHR : VK_PRESENT_MODE_MAILBOX_KHR,
   };
   VkSwapchainKHR swapchain;
   VK(vkCreateSwapchainKHR(gpu->device, &info, NULL, &swapchain));
   return swapchain;
}

// Clears an image, so that its memory is really there, and presents it.
static void present(struct gpu *gpu, VkSwapchainKHR swapchain, VkFence fence)
{
   VkImage images[MAX_IMAGES];
   uint32_t count = COUNT(images), index;
   VK(vkGetSwapchainImagesKHR(gpu->device, swapchain, &count, images));
   VK(vkAcquireNextImageKHR(gpu->device, swapchain, WAIT_NS, VK_NULL_HANDLE, fence, &index));
   fence_wait(gpu, fence);
   VK(vkResetFences(gpu->device, 1, &fence));
   struct image image = {.handle = images[index], .info.format = VK_FORMAT_B8G8R8A8_UNORM}; // a colour, that is
   VkClearColorValue color = {{0.2f, 0.4f, 0.6f, 1}};
   VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdClearColorImage(cmd, image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &color, 1, &all);
   image_layout(cmd, &image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR);
   cmd_submit(gpu, cmd);
   VkPresentInfoKHR info = {VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, .swapchainCount = 1, .pSwapchains = &swapchain,
                            .pImageIndices = &index};
   VK(vkQueuePresentKHR(gpu->queue, &info));
}

static void one_after_another(struct gpu *gpu, uint32_t count)
{
   VkFence fence = fence_new(gpu, false);
   for (uint32_t i = 0; i < count; i++) {
      VkSurfaceKHR surface = surface_new(gpu);
      VkSwapchainKHR swapchain = swapchain_new(gpu, surface, i);
      present(gpu, swapchain, fence);
      VK(vkDeviceWaitIdle(gpu->device));
      vkDestroySwapchainKHR(gpu->device, swapchain, NULL);
      vkDestroySurfaceKHR(gpu->instance, surface, NULL);
   }
   vkDestroyFence(gpu->device, fence, NULL);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.extensions = {VK_KHR_SWAPCHAIN_EXTENSION_NAME},
                       .instance_extensions = {VK_KHR_SURFACE_EXTENSION_NAME, VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME}};
   uint32_t count = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
   if (!count)
      fail("usage: %s RESULT-FILE COUNT", argv[0]);
   gpu_open(&gpu, argc, argv, &want);
   one_after_another(&gpu, FIRST);
   pause_here("first");
   one_after_another(&gpu, count);
   pause_here("all");
   result(&gpu, "swapchains", &count, sizeof(count));
   return gpu_close(&gpu);
}
