// SPDX-License-Identifier: MIT
//
// Instance and physical device: extensions, groups, features, properties, queue families, memory, tools, time domains
// and whatever else is asked of a VkPhysicalDevice without naming a format.
#include "describe.gen.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

#undef COUNT
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void print_extensions(const char *title, const VkExtensionProperties *list, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      key("%s/%s", title, list[i].extensionName);
      value("extension revision %u", list[i].specVersion);
   }
}

static void instance_extensions(void)
{
   VkExtensionProperties list[100];
   uint32_t count = COUNT(list);
   VK(vkEnumerateInstanceExtensionProperties(NULL, &count, list));
   print_extensions("Instance Extensions", list, count);
}

// Layers are the loader's and the same for host and guest; a device has none of its own.
static void layers(struct about *about)
{
   uint32_t instance = 0, device = 0;
   VkLayerProperties list[64];
   VK(vkEnumerateInstanceLayerProperties(&instance, NULL));
   device = COUNT(list);
   VK(vkEnumerateDeviceLayerProperties(about->physical, &device, list));
   key("layers/device");
   value(device == instance ? "those of the instance" : device ? "some" : "none");
}

static void groups(struct about *about)
{
   VkPhysicalDeviceGroupProperties list[16];
   uint32_t count = COUNT(list);
   for (uint32_t i = 0; i < count; i++)
      list[i] = (VkPhysicalDeviceGroupProperties){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES};
   VK(vkEnumeratePhysicalDeviceGroups(about->instance, &count, list));
   key("groups");
   value("%u", count);
   for (uint32_t i = 0; i < count; i++) {
      key("groups[%u]", i);
      value("%u devices, subset allocation %u", list[i].physicalDeviceCount, list[i].subsetAllocation);
   }
}

void describe_instance(struct about *about)
{
   VkApplicationInfo app = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "pearvisor-describe",
                            .apiVersion = VK_API_VERSION_1_4};
   VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
   VkPhysicalDevice devices[16];
   VkPhysicalDeviceProperties props;
   uint32_t version, count = COUNT(devices);
   VK(vkEnumerateInstanceVersion(&version)); // the loader's
   instance_extensions();
   VK(vkCreateInstance(&info, NULL, &about->instance));
   VK(vkEnumeratePhysicalDevices(about->instance, &count, devices));
   key("devices");
   value("%u", count);
   if (!count)
      fail("there is no Vulkan device");
   about->physical = devices[0];
   vkGetPhysicalDeviceProperties(about->physical, &props);
   about->api = props.apiVersion;
   if (about->api < VK_API_VERSION_1_1)
      skip("Vulkan 1.1 is needed");
   VK(vkEnumerateDeviceExtensionProperties(about->physical, NULL, &about->extension_count, NULL));
   about->extensions = calloc(about->extension_count + 1, sizeof(*about->extensions));
   if (!about->extensions)
      fail("out of memory");
   VK(vkEnumerateDeviceExtensionProperties(about->physical, NULL, &about->extension_count, about->extensions));
   print_extensions("Device Extensions", about->extensions, about->extension_count);
   layers(about);
   groups(about);
}

// What the first of two ways to ask says, and whether the other one agrees.
static void base_structs(struct about *about)
{
   VkPhysicalDeviceFeatures features;
   VkPhysicalDeviceProperties props;
   VkPhysicalDeviceFeatures2 features2 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
   VkPhysicalDeviceProperties2 props2 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
   vkGetPhysicalDeviceFeatures(about->physical, &features);
   vkGetPhysicalDeviceFeatures2(about->physical, &features2);
   vkGetPhysicalDeviceProperties(about->physical, &props);
   vkGetPhysicalDeviceProperties2(about->physical, &props2);
   print_shape("VkPhysicalDeviceFeatures", &shape_VkPhysicalDeviceFeatures, &features);
   print_shape("VkPhysicalDeviceProperties", &shape_VkPhysicalDeviceProperties, &props);
   say_if_other("VkPhysicalDeviceFeatures", &shape_VkPhysicalDeviceFeatures, &features, &features2.features);
   say_if_other("VkPhysicalDeviceProperties", &shape_VkPhysicalDeviceProperties, &props, &props2.properties);
}

static void get_features(VkPhysicalDevice physical, void *next)
{
   VkPhysicalDeviceFeatures2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = next};
   vkGetPhysicalDeviceFeatures2(physical, &all);
}

static void get_properties(VkPhysicalDevice physical, void *next)
{
   VkPhysicalDeviceProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = next};
   vkGetPhysicalDeviceProperties2(physical, &all);
}

static void get_memory(VkPhysicalDevice physical, void *next)
{
   VkPhysicalDeviceMemoryProperties2 all = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = next};
   vkGetPhysicalDeviceMemoryProperties2(physical, &all);
}

// Every struct that the device provides, each in a chain of its own.
static void extended(struct about *about, const struct extending *list, void (*get)(VkPhysicalDevice, void *))
{
   for (; list->shape; list++) {
      // How much of the memory is in use is different from one moment to the next.
      if (!provided(about, list->providers) ||
          list->shape->type == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
         continue;
      void *bytes = fresh(list->shape);
      get(about->physical, bytes);
      if (provide(list->shape, bytes))
         get(about->physical, bytes);
      print_shape(list->shape->name, list->shape, bytes);
   }
}

static void memory(struct about *about)
{
   VkPhysicalDeviceMemoryProperties2 again = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
   vkGetPhysicalDeviceMemoryProperties(about->physical, &about->memory);
   vkGetPhysicalDeviceMemoryProperties2(about->physical, &again);
   EXPECT(again.memoryProperties.memoryTypeCount == about->memory.memoryTypeCount);
   print_shape("VkPhysicalDeviceMemoryProperties", &shape_VkPhysicalDeviceMemoryProperties, &about->memory);
   extended(about, extending_memory, get_memory);
}

static void queue_families(struct about *about)
{
   VkQueueFamilyProperties plain[16];
   VkQueueFamilyProperties2 families[16];
   uint32_t count = COUNT(plain), again = COUNT(families);
   char prefix[200];
   vkGetPhysicalDeviceQueueFamilyProperties(about->physical, &count, plain);
   for (uint32_t i = 0; i < count; i++) {
      snprintf(prefix, sizeof(prefix), "VkQueueFamilyProperties/queueProperties[%u]", i);
      print_shape(prefix, &shape_VkQueueFamilyProperties, &plain[i]);
   }
   for (const struct extending *list = extending_queue_family; list->shape; list++) {
      if (!provided(about, list->providers) || list->shape->size > 256)
         continue;
      char bytes[16][256] = {0};
      again = count;
      for (uint32_t i = 0; i < count; i++) {
         ((VkBaseOutStructure *)bytes[i])->sType = list->shape->type;
         families[i] = (VkQueueFamilyProperties2){VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2, .pNext = bytes[i]};
      }
      vkGetPhysicalDeviceQueueFamilyProperties2(about->physical, &again, families);
      EXPECT(again == count);
      for (uint32_t i = 0; i < count; i++) {
         snprintf(prefix, sizeof(prefix), "%s/[%u]", list->shape->name, i);
         say_if_other(prefix, &shape_VkQueueFamilyProperties, &plain[i], &families[i].queueFamilyProperties);
         print_shape(prefix, list->shape, bytes[i]);
      }
   }
}

static void tools(struct about *about)
{
   VkPhysicalDeviceToolProperties list[8];
   uint32_t count = COUNT(list);
   PFN_vkGetPhysicalDeviceToolProperties get = (PFN_vkGetPhysicalDeviceToolProperties)vkGetInstanceProcAddr(
       about->instance, "vkGetPhysicalDeviceToolProperties");
   if (about->api < VK_API_VERSION_1_3 || !get)
      return;
   for (uint32_t i = 0; i < count; i++)
      list[i] = (VkPhysicalDeviceToolProperties){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TOOL_PROPERTIES};
   VK(get(about->physical, &count, list));
   key("tools");
   value("%u", count);
   for (uint32_t i = 0; i < count; i++)
      print_shape("VkPhysicalDeviceToolProperties", &shape_VkPhysicalDeviceToolProperties, &list[i]);
}

static void time_domains(struct about *about)
{
   VkTimeDomainKHR list[16];
   uint32_t count = COUNT(list);
   PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsKHR get = NULL;
   if (has_extension(about, "VK_KHR_calibrated_timestamps"))
      get = (PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsKHR)vkGetInstanceProcAddr(
          about->instance, "vkGetPhysicalDeviceCalibrateableTimeDomainsKHR");
   else if (has_extension(about, "VK_EXT_calibrated_timestamps"))
      get = (PFN_vkGetPhysicalDeviceCalibrateableTimeDomainsKHR)vkGetInstanceProcAddr(
          about->instance, "vkGetPhysicalDeviceCalibrateableTimeDomainsEXT");
   if (!get)
      return;
   VK(get(about->physical, &count, list));
   for (uint32_t i = 0; i < count; i++) {
      key("time domains/%d", (int)list[i]);
      value("there");
   }
}

static void sample_locations(struct about *about)
{
   PFN_vkGetPhysicalDeviceMultisamplePropertiesEXT get =
       (PFN_vkGetPhysicalDeviceMultisamplePropertiesEXT)vkGetInstanceProcAddr(
           about->instance, "vkGetPhysicalDeviceMultisamplePropertiesEXT");
   if (!has_extension(about, "VK_EXT_sample_locations") || !get)
      return;
   for (uint32_t samples = 1; samples <= 64; samples *= 2) {
      VkMultisamplePropertiesEXT props = {VK_STRUCTURE_TYPE_MULTISAMPLE_PROPERTIES_EXT};
      char prefix[80];
      get(about->physical, (VkSampleCountFlagBits)samples, &props);
      snprintf(prefix, sizeof(prefix), "VkMultisamplePropertiesEXT/%u samples", samples);
      print_shape(prefix, &shape_VkMultisamplePropertiesEXT, &props);
   }
}

static void shading_rates(struct about *about)
{
   VkPhysicalDeviceFragmentShadingRateKHR list[64];
   uint32_t count = COUNT(list);
   PFN_vkGetPhysicalDeviceFragmentShadingRatesKHR get =
       (PFN_vkGetPhysicalDeviceFragmentShadingRatesKHR)vkGetInstanceProcAddr(
           about->instance, "vkGetPhysicalDeviceFragmentShadingRatesKHR");
   if (!has_extension(about, "VK_KHR_fragment_shading_rate") || !get)
      return;
   for (uint32_t i = 0; i < count; i++)
      list[i] = (VkPhysicalDeviceFragmentShadingRateKHR){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FRAGMENT_SHADING_RATE_KHR};
   VK(get(about->physical, &count, list));
   for (uint32_t i = 0; i < count; i++) {
      char prefix[80];
      snprintf(prefix, sizeof(prefix), "VkPhysicalDeviceFragmentShadingRateKHR/[%u]", i);
      print_shape(prefix, &shape_VkPhysicalDeviceFragmentShadingRateKHR, &list[i]);
   }
}

static void matrices(struct about *about)
{
   VkCooperativeMatrixPropertiesKHR list[128];
   uint32_t count = COUNT(list);
   PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR get =
       (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)vkGetInstanceProcAddr(
           about->instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
   if (!has_extension(about, "VK_KHR_cooperative_matrix") || !get)
      return;
   for (uint32_t i = 0; i < count; i++)
      list[i] = (VkCooperativeMatrixPropertiesKHR){VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
   VK(get(about->physical, &count, list));
   for (uint32_t i = 0; i < count; i++) {
      char prefix[80];
      snprintf(prefix, sizeof(prefix), "VkCooperativeMatrixPropertiesKHR/[%u]", i);
      print_shape(prefix, &shape_VkCooperativeMatrixPropertiesKHR, &list[i]);
   }
}

void describe_physical(struct about *about)
{
   base_structs(about);
   extended(about, extending_features, get_features);
   extended(about, extending_properties, get_properties);
   memory(about);
   queue_families(about);
   tools(about);
   time_domains(about);
   sample_locations(about);
   shading_rates(about);
   matrices(about);
}
