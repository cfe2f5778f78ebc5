// SPDX-License-Identifier: MIT
//
// Instance, device, memory, images, one-shot commands and results. Pipelines and targets are in pipeline.c.
#include "harness.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define ALARM_SECONDS                                                                                                  \
   50 // unless E2E_ALARM is set; the runner's own limit is later, so that a program tells of its hang

void fail(const char *format, ...)
{
   va_list args;
   va_start(args, format);
   vfprintf(stderr, format, args);
   va_end(args);
   fputc('\n', stderr);
   exit(1);
}

void skip(const char *format, ...)
{
   va_list args;
   va_start(args, format);
   fputs("skipped: ", stderr);
   vfprintf(stderr, format, args);
   va_end(args);
   fputc('\n', stderr);
   exit(77);
}

void check_vk(VkResult result, const char *call)
{
   if (result != VK_SUCCESS)
      fail("%s returned %d", call, (int)result);
}

static void on_alarm(int signal)
{
   static const char text[] = "timed out\n";
   ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
   (void)ignored;
   _exit(124); // as timeout(1) has it
}

static void open_instance(struct gpu *gpu, const struct want *want)
{
   VkApplicationInfo app = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "pearvisor-e2e",
                            .apiVersion = VK_API_VERSION_1_4};
   VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app,
                                .ppEnabledExtensionNames = want->instance_extensions};
   while (info.enabledExtensionCount < COUNT(want->instance_extensions) &&
          want->instance_extensions[info.enabledExtensionCount])
      info.enabledExtensionCount++;
   VK(vkCreateInstance(&info, NULL, &gpu->instance));
   uint32_t count = 1;
   VkResult result = vkEnumeratePhysicalDevices(gpu->instance, &count, &gpu->physical);
   if ((result != VK_SUCCESS && result != VK_INCOMPLETE) || !count)
      fail("there is no Vulkan device (%d)", (int)result);
   vkGetPhysicalDeviceProperties(gpu->physical, &gpu->props);
   vkGetPhysicalDeviceMemoryProperties(gpu->physical, &gpu->memory);
}

static bool has_extension(const VkExtensionProperties *list, uint32_t count, const char *name)
{
   for (uint32_t i = 0; i < count; i++) {
      if (!strcmp(list[i].extensionName, name))
         return true;
   }
   return false;
}

static void print_device(struct gpu *gpu, const VkExtensionProperties *list, uint32_t extension_count)
{
   VkPhysicalDeviceDriverProperties driver = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
   VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &driver};
   uint32_t api = gpu->props.apiVersion;
   if (api >= VK_API_VERSION_1_2 || has_extension(list, extension_count, VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME))
      vkGetPhysicalDeviceProperties2(gpu->physical, &props);
   fprintf(stderr, "device: %s\ndriver: %s %s\napi: %u.%u.%u\nextensions: %u\n", gpu->props.deviceName,
           driver.driverName, driver.driverInfo, VK_API_VERSION_MAJOR(api), VK_API_VERSION_MINOR(api),
           VK_API_VERSION_PATCH(api), extension_count);
}

// Says what device this is, and looks for the extensions wanted. Returns how many those are.
static uint32_t check_extensions(struct gpu *gpu, const struct want *want)
{
   uint32_t count = 0, wanted = 0;
   VK(vkEnumerateDeviceExtensionProperties(gpu->physical, NULL, &count, NULL));
   VkExtensionProperties *list = calloc(count + 1, sizeof(*list));
   if (!list)
      fail("out of memory");
   VK(vkEnumerateDeviceExtensionProperties(gpu->physical, NULL, &count, list));
   print_device(gpu, list, count);
   for (uint32_t i = 0; getenv("E2E_LIST") && i < count; i++)
      fprintf(stderr, "extension: %s\n", list[i].extensionName);
   while (wanted < COUNT(want->extensions) && want->extensions[wanted]) {
      if (!has_extension(list, count, want->extensions[wanted]))
         skip("no %s", want->extensions[wanted]);
      wanted++;
   }
   free(list);
   return wanted;
}

static bool wants_any(const void *features, size_t header, size_t size)
{
   const VkBool32 *wanted = (const VkBool32 *)((const char *)features + header);
   for (size_t i = 0; i < (size - header) / sizeof(*wanted); i++) {
      if (wanted[i])
         return true;
   }
   return false;
}

// The version that `want` says, or implies: all three structs of features came with Vulkan 1.2.
static uint32_t wanted_api(const struct want *want)
{
   if (want->api)
      return want->api;
   bool structs = wants_any(&want->v11, sizeof(VkBaseInStructure), sizeof(want->v11)) ||
                  wants_any(&want->v12, sizeof(VkBaseInStructure), sizeof(want->v12)) ||
                  wants_any(&want->v13, sizeof(VkBaseInStructure), sizeof(want->v13));
   return structs ? VK_API_VERSION_1_2 : VK_API_VERSION_1_1;
}

// Feature structs are rows of VkBool32 after their header.
static void check_features(const char *name, const void *wanted, const void *have, size_t header, size_t size)
{
   const VkBool32 *w = (const VkBool32 *)((const char *)wanted + header);
   const VkBool32 *h = (const VkBool32 *)((const char *)have + header);
   for (size_t i = 0; i < (size - header) / sizeof(*w); i++) {
      if (w[i] && !h[i])
         skip("%s feature number %zu is missing", name, i);
   }
}

static void check_all_features(struct gpu *gpu, const struct want *want)
{
   VkPhysicalDeviceVulkan13Features v13 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
   VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
   VkPhysicalDeviceVulkan11Features v11 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12};
   VkPhysicalDeviceFeatures2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
   if (gpu->props.apiVersion >= VK_API_VERSION_1_2)
      all.pNext = &v11;
   if (gpu->props.apiVersion >= VK_API_VERSION_1_3)
      v12.pNext = &v13;
   vkGetPhysicalDeviceFeatures2(gpu->physical, &all);
   check_features("core", &want->core, &all.features, 0, sizeof(all.features));
   check_features("1.1", &want->v11, &v11, offsetof(VkPhysicalDeviceVulkan11Features, storageBuffer16BitAccess),
                  sizeof(v11));
   check_features("1.2", &want->v12, &v12, offsetof(VkPhysicalDeviceVulkan12Features, samplerMirrorClampToEdge),
                  sizeof(v12));
   check_features("1.3", &want->v13, &v13, offsetof(VkPhysicalDeviceVulkan13Features, robustImageAccess), sizeof(v13));
}

// The feature structs of a device, copied from the wanted ones and filled in.
static void check_more_features(struct gpu *gpu, const struct want *want)
{
   for (size_t i = 0; i < COUNT(want->features) && want->features[i].wanted; i++) {
      uint64_t have[64] = {0};
      const VkBaseOutStructure *wanted = want->features[i].wanted;
      EXPECT(want->features[i].size <= sizeof(have));
      ((VkBaseOutStructure *)have)->sType = wanted->sType;
      VkPhysicalDeviceFeatures2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = have};
      vkGetPhysicalDeviceFeatures2(gpu->physical, &all);
      char name[32];
      snprintf(name, sizeof(name), "struct %d's", (int)wanted->sType);
      check_features(name, wanted, have, sizeof(*wanted), want->features[i].size);
   }
}

// Puts them in front of want.next; they belong to the program and stay alive.
static void *chain_features(const struct want *want)
{
   void *next = want->next;
   for (size_t i = 0; i < COUNT(want->features) && want->features[i].wanted; i++) {
      VkBaseOutStructure *link = want->features[i].wanted;
      link->pNext = next;
      next = link;
   }
   return next;
}

static void choose_family(struct gpu *gpu)
{
   VkQueueFamilyProperties families[16];
   uint32_t count = COUNT(families);
   const VkQueueFlags all = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
   vkGetPhysicalDeviceQueueFamilyProperties(gpu->physical, &count, families);
   for (uint32_t i = 0; i < count; i++) {
      if ((families[i].queueFlags & all) == all) {
         gpu->family = i;
         gpu->timestamp_bits = families[i].timestampValidBits;
         return;
      }
   }
   skip("no queue for graphics and compute");
}

// Adds the queues of one family.
static void plan_family(struct gpu *gpu, uint32_t family, const VkQueueFamilyProperties *props, uint32_t most,
                        VkDeviceQueueCreateInfo *info)
{
   static const float priorities[MAX_QUEUES] = {1, 0.5f, 0.5f, 1};
   *info = (VkDeviceQueueCreateInfo){VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = family,
                                     .pQueuePriorities = priorities};
   while (info->queueCount < props->queueCount && info->queueCount < most && gpu->queue_count < MAX_QUEUES) {
      gpu->queues[gpu->queue_count++] = (struct queue){.family = family, .flags = props->queueFlags};
      info->queueCount++;
   }
}

static uint32_t plan_queues(struct gpu *gpu, const struct want *want, VkDeviceQueueCreateInfo infos[MAX_QUEUES])
{
   VkQueueFamilyProperties families[MAX_QUEUES];
   uint32_t count = COUNT(families), planned = 0;
   vkGetPhysicalDeviceQueueFamilyProperties(gpu->physical, &count, families);
   plan_family(gpu, gpu->family, &families[gpu->family], want->queues ? want->queues : 1, &infos[planned++]);
   for (uint32_t i = 0; want->queues && i < count; i++) {
      if (i != gpu->family && families[i].queueFlags & (VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT))
         plan_family(gpu, i, &families[i], want->queues, &infos[planned]);
      else
         continue;
      planned += infos[planned].queueCount > 0;
   }
   return planned;
}

static void open_device(struct gpu *gpu, const struct want *want, uint32_t extension_count)
{
   struct want w = *want;
   w.v13.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES;
   w.v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
   w.v13.pNext = chain_features(want);
   w.v12.pNext = gpu->props.apiVersion >= VK_API_VERSION_1_3 ? &w.v13 : w.v13.pNext;
   w.v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
   w.v11.pNext = &w.v12;
   VkPhysicalDeviceFeatures2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, w.v13.pNext, w.core};
   if (gpu->props.apiVersion >= VK_API_VERSION_1_2)
      all.pNext = &w.v11;
   VkDeviceQueueCreateInfo queues[MAX_QUEUES];
   uint32_t queue_infos = plan_queues(gpu, want, queues);
   VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,     .pNext = &all,
                              .queueCreateInfoCount = queue_infos,      .pQueueCreateInfos = queues,
                              .enabledExtensionCount = extension_count, .ppEnabledExtensionNames = want->extensions};
   VK(vkCreateDevice(gpu->physical, &info, NULL, &gpu->device));
   vkGetDeviceQueue(gpu->device, gpu->family, 0, &gpu->queue);
   for (uint32_t i = 0, of_family = 0; i < gpu->queue_count; i++) {
      of_family = i && gpu->queues[i].family == gpu->queues[i - 1].family ? of_family + 1 : 0;
      vkGetDeviceQueue(gpu->device, gpu->queues[i].family, of_family, &gpu->queues[i].handle);
   }
   VkCommandPoolCreateInfo pool = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                   .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                   .queueFamilyIndex = gpu->family};
   VK(vkCreateCommandPool(gpu->device, &pool, NULL, &gpu->pool));
}

static void open_all(struct gpu *gpu, const struct want *want)
{
   static const struct want nothing;
   if (!want)
      want = &nothing;
   open_instance(gpu, want);
   uint32_t extension_count = check_extensions(gpu, want);
   if (gpu->props.apiVersion < wanted_api(want))
      skip("the device's Vulkan is too old");
   check_all_features(gpu, want);
   check_more_features(gpu, want);
   choose_family(gpu);
   open_device(gpu, want, extension_count);
}

void gpu_open(struct gpu *gpu, int argc, char **argv, const struct want *want)
{
   *gpu = (struct gpu){0};
   if (argc < 2)
      fail("usage: %s RESULT-FILE", argv[0]);
   signal(SIGALRM, on_alarm);
   const char *limit = getenv("E2E_ALARM");
   alarm(limit ? (unsigned)atoi(limit) : ALARM_SECONDS);
   open_all(gpu, want);
   gpu->result = fopen(argv[1], "wb");
   if (!gpu->result)
      fail("cannot write %s", argv[1]);
}

static void close_result(struct gpu *gpu)
{
   long size = ftell(gpu->result);
   if (size <= 0 || fclose(gpu->result))
      fail("the result is empty or could not be written");
}

void gpu_again(struct gpu *gpu, const struct gpu *first, const struct want *want)
{
   *gpu = (struct gpu){.result = first->result};
   open_all(gpu, want);
}

void gpu_drop(struct gpu *gpu)
{
   VK(vkDeviceWaitIdle(gpu->device));
   vkDestroyCommandPool(gpu->device, gpu->pool, NULL);
   vkDestroyDevice(gpu->device, NULL);
   vkDestroyInstance(gpu->instance, NULL);
}

int gpu_close(struct gpu *gpu)
{
   gpu_drop(gpu);
   close_result(gpu);
   return 0;
}

void gpu_leave(struct gpu *gpu)
{
   close_result(gpu);
   fflush(NULL);
   _exit(0);
}

void result(struct gpu *gpu, const char *name, const void *bytes, size_t size)
{
   fprintf(gpu->result, "# %s %zu\n", name, size);
   if (fwrite(bytes, 1, size, gpu->result) != size || fputc('\n', gpu->result) == EOF || fflush(gpu->result))
      fail("cannot write the result");
}

uint32_t memory_type(const struct gpu *gpu, uint32_t bits, VkMemoryPropertyFlags flags)
{
   for (uint32_t i = 0; i < gpu->memory.memoryTypeCount; i++) {
      if (bits & 1u << i && (gpu->memory.memoryTypes[i].propertyFlags & flags) == flags)
         return i;
   }
   skip("no memory type with flags %#x in %#x", flags, bits);
}

static VkDeviceMemory allocate(struct gpu *gpu, const VkMemoryRequirements *need, VkMemoryPropertyFlags flags,
                               bool address)
{
   VkMemoryAllocateFlagsInfo with_address = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                             .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
   VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = address ? &with_address : NULL,
                                .allocationSize = need->size,
                                .memoryTypeIndex = memory_type(gpu, need->memoryTypeBits, flags)};
   VkDeviceMemory memory;
   VK(vkAllocateMemory(gpu->device, &info, NULL, &memory));
   return memory;
}

static struct buffer buffer_new(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage,
                                VkMemoryPropertyFlags flags)
{
   struct buffer buffer = {.size = size};
   VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = size, .usage = usage};
   VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer.handle));
   VkMemoryRequirements need;
   vkGetBufferMemoryRequirements(gpu->device, buffer.handle, &need);
   buffer.memory = allocate(gpu, &need, flags, usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
   VK(vkBindBufferMemory(gpu->device, buffer.handle, buffer.memory, 0));
   return buffer;
}

struct buffer buffer_host(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage)
{
   struct buffer buffer =
       buffer_new(gpu, size, usage, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
   VK(vkMapMemory(gpu->device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &buffer.map));
   memset(buffer.map, 0, size);
   return buffer;
}

struct buffer buffer_device(struct gpu *gpu, VkDeviceSize size, VkBufferUsageFlags usage)
{
   return buffer_new(gpu, size, usage, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
}

void buffer_free(struct gpu *gpu, struct buffer *buffer)
{
   vkDestroyBuffer(gpu->device, buffer->handle, NULL);
   vkFreeMemory(gpu->device, buffer->memory, NULL);
   *buffer = (struct buffer){0};
}

VkImageAspectFlags format_aspects(VkFormat format)
{
   switch (format) {
   case VK_FORMAT_D16_UNORM:
   case VK_FORMAT_X8_D24_UNORM_PACK32:
   case VK_FORMAT_D32_SFLOAT:
      return VK_IMAGE_ASPECT_DEPTH_BIT;
   case VK_FORMAT_S8_UINT:
      return VK_IMAGE_ASPECT_STENCIL_BIT;
   case VK_FORMAT_D16_UNORM_S8_UINT:
   case VK_FORMAT_D24_UNORM_S8_UINT:
   case VK_FORMAT_D32_SFLOAT_S8_UINT:
      return VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT;
   default:
      return VK_IMAGE_ASPECT_COLOR_BIT;
   }
}

static VkImageViewType view_type(const VkImageCreateInfo *info)
{
   if (info->imageType == VK_IMAGE_TYPE_1D)
      return info->arrayLayers > 1 ? VK_IMAGE_VIEW_TYPE_1D_ARRAY : VK_IMAGE_VIEW_TYPE_1D;
   if (info->imageType == VK_IMAGE_TYPE_3D)
      return VK_IMAGE_VIEW_TYPE_3D;
   if (info->flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT && info->arrayLayers == 6)
      return VK_IMAGE_VIEW_TYPE_CUBE;
   return info->arrayLayers > 1 ? VK_IMAGE_VIEW_TYPE_2D_ARRAY : VK_IMAGE_VIEW_TYPE_2D;
}

// Transfers alone allow no view.
#define VIEWABLE                                                                                                       \
   (VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |                    \
    VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT | VK_IMAGE_USAGE_INPUT_ATTACHMENT_BIT)

struct image image_new(struct gpu *gpu, const VkImageCreateInfo *info)
{
   struct image image = {.info = *info};
   VkMemoryRequirements need;
   VK(vkCreateImage(gpu->device, info, NULL, &image.handle));
   vkGetImageMemoryRequirements(gpu->device, image.handle, &need);
   image.memory = allocate(gpu, &need, 0, false);
   VK(vkBindImageMemory(gpu->device, image.handle, image.memory, 0));
   if (!(info->usage & VIEWABLE))
      return image;
   VkImageAspectFlags aspects = format_aspects(info->format);
   if (info->usage & VK_IMAGE_USAGE_SAMPLED_BIT && aspects & VK_IMAGE_ASPECT_DEPTH_BIT)
      aspects = VK_IMAGE_ASPECT_DEPTH_BIT;
   VkImageViewCreateInfo view = {
      VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO, .image = image.handle, .viewType = view_type(info),
      .format = info->format, .subresourceRange = {aspects, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS}};
   VK(vkCreateImageView(gpu->device, &view, NULL, &image.view));
   return image;
}

struct image image_2d(struct gpu *gpu, VkFormat format, uint32_t width, uint32_t height, VkImageUsageFlags usage)
{
   VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                             .imageType = VK_IMAGE_TYPE_2D,
                             .format = format,
                             .extent = {width, height, 1},
                             .mipLevels = 1,
                             .arrayLayers = 1,
                             .samples = VK_SAMPLE_COUNT_1_BIT,
                             .usage = usage};
   return image_new(gpu, &info);
}

void image_free(struct gpu *gpu, struct image *image)
{
   vkDestroyImageView(gpu->device, image->view, NULL);
   vkDestroyImage(gpu->device, image->handle, NULL);
   vkFreeMemory(gpu->device, image->memory, NULL);
   *image = (struct image){0};
}

VkCommandBuffer cmd_begin(struct gpu *gpu)
{
   VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = gpu->pool,
                                       .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
   VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
   VkCommandBuffer cmd;
   VK(vkAllocateCommandBuffers(gpu->device, &info, &cmd));
   VK(vkBeginCommandBuffer(cmd, &begin));
   return cmd;
}

VkFence fence_new(struct gpu *gpu, bool signalled)
{
   VkFenceCreateInfo info = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                             .flags = signalled ? VK_FENCE_CREATE_SIGNALED_BIT : 0};
   VkFence fence;
   VK(vkCreateFence(gpu->device, &info, NULL, &fence));
   return fence;
}

void fence_wait(struct gpu *gpu, VkFence fence)
{
   VK(vkWaitForFences(gpu->device, 1, &fence, VK_TRUE, WAIT_NS));
}

VkSemaphore semaphore_new(struct gpu *gpu)
{
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
   VkSemaphore semaphore;
   VK(vkCreateSemaphore(gpu->device, &info, NULL, &semaphore));
   return semaphore;
}

void cmd_submit(struct gpu *gpu, VkCommandBuffer cmd)
{
   VkMemoryBarrier to_host = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0, NULL, 0,
                        NULL);
   VK(vkEndCommandBuffer(cmd));
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cmd};
   VkFence fence = fence_new(gpu, false);
   VK(vkQueueSubmit(gpu->queue, 1, &submit, fence));
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
}

void barrier_all(VkCommandBuffer cmd)
{
   VkMemoryBarrier all = {VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                          .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT | VK_ACCESS_MEMORY_READ_BIT,
                          .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1, &all, 0,
                        NULL, 0, NULL);
}

void image_layout(VkCommandBuffer cmd, const struct image *image, VkImageLayout from, VkImageLayout to)
{
   VkImageMemoryBarrier change = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                  .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT | VK_ACCESS_MEMORY_READ_BIT,
                                  .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
                                  .oldLayout = from,
                                  .newLayout = to,
                                  .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                  .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                  .image = image->handle,
                                  .subresourceRange = {format_aspects(image->info.format), 0, VK_REMAINING_MIP_LEVELS,
                                                       0, VK_REMAINING_ARRAY_LAYERS}};
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0,
                        NULL, 1, &change);
}

void image_result(struct gpu *gpu, const struct image *image, VkImageAspectFlags aspect, uint32_t texel,
                  const char *name)
{
   VkExtent3D extent = image->info.extent;
   struct buffer out = buffer_host(gpu, (VkDeviceSize)extent.width * extent.height * extent.depth * texel,
                                   VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkBufferImageCopy region = {.imageSubresource = {aspect, 0, 0, 1}, .imageExtent = extent};
   VkCommandBuffer cmd = cmd_begin(gpu);
   barrier_all(cmd);
   vkCmdCopyImageToBuffer(cmd, image->handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, out.handle, 1, &region);
   cmd_submit(gpu, cmd);
   result(gpu, name, out.map, out.size);
   buffer_free(gpu, &out);
}

void image_upload(struct gpu *gpu, struct image *image, const void *bytes, size_t size, VkImageLayout layout)
{
   struct buffer in = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   memcpy(in.map, bytes, size);
   VkBufferImageCopy region = {.imageSubresource = {format_aspects(image->info.format), 0, 0, image->info.arrayLayers},
                               .imageExtent = image->info.extent};
   VkCommandBuffer cmd = cmd_begin(gpu);
   image_layout(cmd, image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
   vkCmdCopyBufferToImage(cmd, in.handle, image->handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
   if (layout != VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL)
      image_layout(cmd, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, layout);
   cmd_submit(gpu, cmd);
   buffer_free(gpu, &in);
}

uint32_t random_next(uint32_t *state)
{
   uint32_t x = *state ? *state : 0x9e3779b9;
   x ^= x << 13;
   x ^= x >> 17;
   x ^= x << 5;
   return *state = x;
}
