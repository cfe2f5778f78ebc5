// SPDX-License-Identifier: MIT
//
// A Vulkan driver that does nothing, as quickly as can be: what a storm of commands costs on it is the renderer's own
// cost. It is asked for nothing that would need more than this; tests/hostile/fakehost.c is the one that watches.
#include <string.h>
#include <vulkan/vulkan_core.h>

#define EXPORT __attribute__((visibility("default")))

// Handles are numbers: nobody looks behind them. Never the same twice.
static uint64_t made;

static void give(void *out, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      uint64_t handle = ++made << 4;
      memcpy((char *)out + i * sizeof handle, &handle, sizeof handle);
   }
}

static VkResult nothing(void)
{
   return VK_SUCCESS;
}

static VkResult create(void *parent, const void *info, const void *allocator, void *out)
{
   (void)parent, (void)info, (void)allocator;
   give(out, 1);
   return VK_SUCCESS;
}

static VkResult create_instance(const void *info, const void *allocator, void *out)
{
   (void)info, (void)allocator;
   give(out, 1);
   return VK_SUCCESS;
}

static VkResult create_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count, const void *infos,
                                 const void *allocator, void *out)
{
   (void)device, (void)cache, (void)infos, (void)allocator;
   give(out, count);
   return VK_SUCCESS;
}

static VkResult allocate_command_buffers(VkDevice device, const VkCommandBufferAllocateInfo *info, void *out)
{
   (void)device;
   give(out, info->commandBufferCount);
   return VK_SUCCESS;
}

static VkResult allocate_descriptor_sets(VkDevice device, const VkDescriptorSetAllocateInfo *info, void *out)
{
   (void)device;
   give(out, info->descriptorSetCount);
   return VK_SUCCESS;
}

static VkResult enumerate_version(uint32_t *version)
{
   *version = VK_API_VERSION_1_3;
   return VK_SUCCESS;
}

static VkResult enumerate_instance_extensions(const char *layer, uint32_t *count, void *out)
{
   (void)layer, (void)out;
   *count = 0;
   return VK_SUCCESS;
}

static VkResult enumerate_extensions(VkPhysicalDevice device, const char *layer, uint32_t *count, void *out)
{
   (void)device, (void)layer, (void)out;
   *count = 0;
   return VK_SUCCESS;
}

static VkResult enumerate_devices(VkInstance instance, uint32_t *count, VkPhysicalDevice *out)
{
   static uint64_t the_one;
   (void)instance;
   if (out && *count)
      out[0] = (VkPhysicalDevice)&the_one;
   *count = 1;
   return VK_SUCCESS;
}

static void get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *out)
{
   (void)device;
   *out = (VkPhysicalDeviceProperties){.apiVersion = VK_API_VERSION_1_3, .deviceName = "nothing"};
}

static void get_properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *out)
{
   get_properties(device, &out->properties);
}

static void get_memory(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *out)
{
   (void)device;
   *out =
       (VkPhysicalDeviceMemoryProperties){.memoryTypeCount = 1, .memoryHeapCount = 1, .memoryHeaps = {{1u << 30, 0}}};
}

static void get_queue_families(VkPhysicalDevice device, uint32_t *count, VkQueueFamilyProperties *out)
{
   (void)device;
   if (out && *count)
      *out = (VkQueueFamilyProperties){.queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT, .queueCount = 1};
   *count = 1;
}

static void get_queue(VkDevice device, uint32_t family, uint32_t index, VkQueue *out)
{
   (void)device, (void)family, (void)index;
   give(out, 1);
}

EXPORT PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance instance, const char *name);

static PFN_vkVoidFunction device_proc(VkDevice device, const char *name)
{
   (void)device;
   return vk_icdGetInstanceProcAddr(NULL, name);
}

PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance instance, const char *name)
{
   static const struct {
      const char *name;
      void *proc;
   } known[] = {
      {"vkAllocateCommandBuffers", allocate_command_buffers},
      {"vkAllocateDescriptorSets", allocate_descriptor_sets},
      {"vkCreateComputePipelines", create_pipelines},
      {"vkCreateGraphicsPipelines", create_pipelines},
      {"vkCreateInstance", create_instance},
      {"vkEnumerateDeviceExtensionProperties", enumerate_extensions},
      {"vkEnumerateInstanceExtensionProperties", enumerate_instance_extensions},
      {"vkEnumerateInstanceVersion", enumerate_version},
      {"vkEnumeratePhysicalDevices", enumerate_devices},
      {"vkGetDeviceProcAddr", device_proc},
      {"vkGetDeviceQueue", get_queue},
      {"vkGetPhysicalDeviceMemoryProperties", get_memory},
      {"vkGetPhysicalDeviceProperties", get_properties},
      {"vkGetPhysicalDeviceProperties2", get_properties2},
      {"vkGetPhysicalDeviceQueueFamilyProperties", get_queue_families},
   };
   (void)instance;
   for (size_t i = 0; i < sizeof known / sizeof *known; i++)
      if (!strcmp(known[i].name, name))
         return (PFN_vkVoidFunction)known[i].proc;
   return (PFN_vkVoidFunction)(!strncmp(name, "vkCreate", 8) ? (void *)create : (void *)nothing);
}
