// SPDX-License-Identifier: MIT
//
// pearvisor survey: the questions of `pearvisor doctor` that only a driver can answer, asked in a process that may die
// of the answer. Not for people.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vulkan/vulkan_core.h>

#include "cli.h"
#include <pearvisor/info.h>

// Loads a driver's library as the Vulkan loader would.
static int survey_library(const char *path)
{
   void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
   if (!library)
      return cli_fail("%s", dlerror());
   if (!dlsym(library, "vk_icdGetInstanceProcAddr") && !dlsym(library, "vkGetInstanceProcAddr"))
      return cli_fail("it is no Vulkan driver");
   return CLI_OK;
}

static PFN_vkGetInstanceProcAddr load_vulkan(const char *driver)
{
   static const char *const loaders[] = {"libvulkan.so.1", "libvulkan.1.dylib"};
   void *library = driver ? dlopen(driver, RTLD_NOW | RTLD_LOCAL) : NULL, *proc = NULL;
   for (size_t i = 0; !driver && !library && i < 2; i++)
      library = dlopen(loaders[i], RTLD_NOW | RTLD_LOCAL);
   if (library)
      proc = dlsym(library, "vk_icdGetInstanceProcAddr");
   if (library && !proc)
      proc = dlsym(library, "vkGetInstanceProcAddr");
   PFN_vkGetInstanceProcAddr get = NULL;
   memcpy(&get, &proc, sizeof(get));
   return get;
}

struct vulkan {
   VkInstance instance;
   PFN_vkEnumeratePhysicalDevices enumerate;
   PFN_vkGetPhysicalDeviceProperties properties;
   PFN_vkGetPhysicalDeviceProperties2 properties2;
   PFN_vkEnumerateDeviceExtensionProperties extensions;
   PFN_vkCreateDevice create;
   PFN_vkGetDeviceProcAddr device_proc;
};

static VkResult open_vulkan(PFN_vkGetInstanceProcAddr get, struct vulkan *vk)
{
   const VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                  .pApplicationName = "pearvisor doctor",
                                  .apiVersion = VK_API_VERSION_1_1};
   const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
   PFN_vkCreateInstance create = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
   VkResult result = create ? create(&info, NULL, &vk->instance) : VK_ERROR_INITIALIZATION_FAILED;
   if (result != VK_SUCCESS)
      return result;
   vk->enumerate = (PFN_vkEnumeratePhysicalDevices)get(vk->instance, "vkEnumeratePhysicalDevices");
   vk->properties = (PFN_vkGetPhysicalDeviceProperties)get(vk->instance, "vkGetPhysicalDeviceProperties");
   vk->properties2 = (PFN_vkGetPhysicalDeviceProperties2)get(vk->instance, "vkGetPhysicalDeviceProperties2");
   vk->extensions = (PFN_vkEnumerateDeviceExtensionProperties)get(vk->instance, "vkEnumerateDeviceExtensionProperties");
   vk->create = (PFN_vkCreateDevice)get(vk->instance, "vkCreateDevice");
   vk->device_proc = (PFN_vkGetDeviceProcAddr)get(vk->instance, "vkGetDeviceProcAddr");
   return VK_SUCCESS;
}

// Whether a device can be made at all: one queue, no features.
static VkResult try_device(const struct vulkan *vk, VkPhysicalDevice physical)
{
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &(float){1}};
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue};
   VkDevice device;
   VkResult result = vk->create(physical, &info, NULL, &device);
   PFN_vkDestroyDevice destroy =
       result == VK_SUCCESS ? (PFN_vkDestroyDevice)vk->device_proc(device, "vkDestroyDevice") : NULL;
   if (destroy)
      destroy(device, NULL);
   return result;
}

static bool has_swapchain(const struct vulkan *vk, VkPhysicalDevice physical)
{
   uint32_t count = 0;
   bool found = false;
   vk->extensions(physical, NULL, &count, NULL);
   VkExtensionProperties *list = calloc(count ? count : 1, sizeof(*list));
   if (list && vk->extensions(physical, NULL, &count, list) >= VK_SUCCESS) {
      for (uint32_t i = 0; i < count; i++)
         found |= !strcmp(list[i].extensionName, "VK_KHR_swapchain");
   }
   free(list);
   return found;
}

// One line per device; doctor_next_device() reads it.
static void print_device(const struct vulkan *vk, VkPhysicalDevice physical)
{
   VkPhysicalDeviceDriverProperties driver = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
   VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &driver};
   vk->properties(physical, &all.properties);
   if (all.properties.apiVersion >= VK_API_VERSION_1_1 && vk->properties2)
      vk->properties2(physical, &all);
   printf("%u\t%u\t%u\t%u\t%d\t%d\t%s\t%s\t%s\n", VK_API_VERSION_MAJOR(all.properties.apiVersion),
          VK_API_VERSION_MINOR(all.properties.apiVersion), all.properties.deviceType, driver.driverID,
          try_device(vk, physical), has_swapchain(vk, physical), all.properties.deviceName, driver.driverName,
          driver.driverInfo);
}

static int survey_vulkan(const char *driver)
{
   PFN_vkGetInstanceProcAddr get = load_vulkan(driver);
   struct vulkan vk = {0};
   VkPhysicalDevice devices[64];
   uint32_t count = 64;
   if (!get)
      return cli_fail("no Vulkan loader (libvulkan.so.1) can be loaded");
   VkResult result = open_vulkan(get, &vk);
   if (result != VK_SUCCESS)
      return cli_fail("vkCreateInstance gives %d", result);
   result = vk.enumerate(vk.instance, &count, devices);
   if (result < VK_SUCCESS)
      return cli_fail("vkEnumeratePhysicalDevices gives %d", result);
   for (uint32_t i = 0; i < count; i++)
      print_device(&vk, devices[i]);
   return CLI_OK;
}

// The renderer's own view: one line per GPU with its memory path.
static int survey_renderer(const struct cli_settings *settings)
{
   const struct pv_renderer_params params = cli_renderer_params(settings);
   struct pv_gpu gpus[64];
   pv_renderer *renderer;
   if (pv_renderer_create(&params, &renderer))
      return CLI_FAILURE; // it said why
   size_t count = pv_renderer_gpus(renderer, gpus, 64);
   for (size_t i = 0; i < count && i < 64; i++)
      printf("%s\t%s\t%s\n", gpus[i].memory_path, gpus[i].name, gpus[i].memory_note);
   pv_renderer_destroy(&renderer);
   return CLI_OK;
}

// Goes where workers go; what they lack there is logged.
static int survey_sandbox(void)
{
   return pv_worker_jail(&(struct pv_sandbox_params){.sandbox = "default", .trial = true, .announce = true})
              ? CLI_FAILURE
              : CLI_OK;
}

int cli_survey(const struct cli_settings *settings)
{
   const char *what = settings->rest[0] ? settings->rest[0] : "";
   if (!strcmp(what, "guest")) // as the environment has it
      return survey_vulkan(NULL);
   if (!strcmp(what, "library") && settings->rest[1])
      return survey_library(settings->rest[1]);
   if (!strcmp(what, "sandbox"))
      return survey_sandbox();
   cli_host_environment();
   if (!strcmp(what, "host"))
      return survey_vulkan(settings->driver);
   if (!strcmp(what, "renderer"))
      return survey_renderer(settings);
   fprintf(stderr, "pearvisor survey: started by 'pearvisor doctor'\n");
   return CLI_USAGE;
}
