// SPDX-License-Identifier: MIT
//
// A Vulkan driver that is broken on purpose, for `pearvisor doctor`: another driver (PEARVISOR_BADICD_REAL, a library)
// with one thing wrong (PEARVISOR_BADICD_MODE). Not broken: "tell" says on standard error where it would cache shaders.
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vulkan/vk_icd.h>

static PFN_vkGetInstanceProcAddr real;
static VkInstance instance;

static int mode_is(const char *name)
{
   const char *mode = getenv("PEARVISOR_BADICD_MODE");
   return mode && !strcmp(mode, name);
}

static void *real_symbol(const char *name)
{
   static void *library;
   if (!library)
      library = dlopen(getenv("PEARVISOR_BADICD_REAL"), RTLD_NOW | RTLD_LOCAL);
   if (!library) {
      fprintf(stderr, "badicd: %s\n", dlerror());
      abort();
   }
   return dlsym(library, name);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator, VkInstance *out)
{
   if (mode_is("crash"))
      raise(SIGSEGV);
   while (mode_is("hang"))
      pause();
   if (mode_is("refuse"))
      return VK_ERROR_INITIALIZATION_FAILED;
   if (mode_is("tell")) {
      const char *off = getenv("__GL_SHADER_DISK_CACHE"), *path = getenv("__GL_SHADER_DISK_CACHE_PATH");
      fprintf(stderr, "shader cache: %s\n", off ? off : path ? path : "the driver's own");
   }
   VkResult result = ((PFN_vkCreateInstance)real(NULL, "vkCreateInstance"))(info, allocator, out);
   instance = *out;
   return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDevice *out)
{
   return VK_ERROR_INITIALIZATION_FAILED;
}

static void spoil(VkPhysicalDeviceProperties *properties)
{
   if (mode_is("old"))
      properties->apiVersion = VK_API_VERSION_1_0;
   if (mode_is("hardware"))
      properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

static VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice physical, VkPhysicalDeviceProperties *out)
{
   ((PFN_vkGetPhysicalDeviceProperties)real(instance, "vkGetPhysicalDeviceProperties"))(physical, out);
   spoil(out);
}

static VKAPI_ATTR void VKAPI_CALL get_properties2(VkPhysicalDevice physical, VkPhysicalDeviceProperties2 *out)
{
   ((PFN_vkGetPhysicalDeviceProperties2)real(instance, "vkGetPhysicalDeviceProperties2"))(physical, out);
   spoil(&out->properties);
   for (VkBaseOutStructure *s = out->pNext; s; s = s->pNext) {
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES && mode_is("ancient"))
         strcpy(((VkPhysicalDeviceDriverProperties *)s)->driverInfo, "Mesa 22.3.6");
   }
}

// The list without what memory is shared by.
static VKAPI_ATTR VkResult VKAPI_CALL get_extensions(VkPhysicalDevice physical, const char *layer, uint32_t *count,
                                                     VkExtensionProperties *out)
{
   static VkExtensionProperties all[512];
   uint32_t n = 512, kept = 0;
   PFN_vkEnumerateDeviceExtensionProperties enumerate =
       (PFN_vkEnumerateDeviceExtensionProperties)real(instance, "vkEnumerateDeviceExtensionProperties");
   VkResult result = enumerate(physical, layer, &n, all);
   for (uint32_t i = 0; i < n; i++) {
      if (!strncmp(all[i].extensionName, "VK_EXT_external_memory", 22) ||
          !strncmp(all[i].extensionName, "VK_KHR_external_memory", 22))
         continue;
      if (out && kept < *count)
         out[kept] = all[i];
      kept++;
   }
   *count = out && *count < kept ? *count : kept;
   return result;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_proc(VkInstance of, const char *name)
{
   static const struct {
      const char *mode, *name; // no mode: always
      PFN_vkVoidFunction function;
   } ours[] = {
      {NULL, "vkCreateInstance", (PFN_vkVoidFunction)create_instance},
      {NULL, "vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction)get_properties},
      {NULL, "vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)get_properties2},
      {NULL, "vkGetPhysicalDeviceProperties2KHR", (PFN_vkVoidFunction)get_properties2},
      {"no-device", "vkCreateDevice", (PFN_vkVoidFunction)create_device},
      {"no-memory", "vkEnumerateDeviceExtensionProperties", (PFN_vkVoidFunction)get_extensions},
   };
   for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
      if (!strcmp(ours[i].name, name) && (!ours[i].mode || mode_is(ours[i].mode)))
         return ours[i].function;
   }
   return real(of, name);
}

__attribute__((visibility("default"))) VKAPI_ATTR VkResult VKAPI_CALL
vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version)
{
   void *symbol = real_symbol("vk_icdNegotiateLoaderICDInterfaceVersion");
   VkResult (*negotiate)(uint32_t *) = NULL;
   memcpy(&negotiate, &symbol, sizeof(negotiate));
   return negotiate ? negotiate(version) : VK_SUCCESS;
}

__attribute__((visibility("default"))) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vk_icdGetInstanceProcAddr(VkInstance of, const char *name)
{
   void *symbol = real_symbol("vk_icdGetInstanceProcAddr");
   memcpy(&real, &symbol, sizeof(real));
   return get_proc(of, name);
}
