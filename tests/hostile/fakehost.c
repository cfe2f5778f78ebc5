// SPDX-License-Identifier: MIT
//
// A Vulkan driver that does nothing, and watches. Guests' values, however absurd, cannot hurt it, so the renderer's own
// code can be tried with all of them in one process; and it knows what is alive, so that a stale or foreign handle that
// gets through to the driver is found here rather than by a crash of a real one.
//
// Functions it does not know by name only look at their first argument, the object every command is dispatched on.
#include "fakehost.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))
#define MAGIC  0x66616b65u

#define CREATED(T)                                                                                                     \
   T(Fence)                                                                                                            \
   T(Semaphore)                                                                                                        \
   T(Event)                                                                                                            \
   T(QueryPool) T(Buffer) T(BufferView) T(Image) T(ImageView) T(ShaderModule) T(PipelineCache) T(PipelineLayout)       \
       T(RenderPass) T(DescriptorSetLayout) T(Sampler) T(SamplerYcbcrConversion) T(DescriptorPool) T(Framebuffer)      \
           T(CommandPool) T(DescriptorUpdateTemplate) T(PrivateDataSlot) T(AccelerationStructureKHR)

enum type {
#define NUMBER(name) TYPE_##name,
   CREATED(NUMBER)
#undef NUMBER
       TYPE_Instance,
   TYPE_PhysicalDevice,
   TYPE_Device,
   TYPE_Queue,
   TYPE_CommandBuffer,
   TYPE_DescriptorSet,
   TYPE_DeviceMemory,
   TYPE_Pipeline,
   TYPE_DeferredOperationKHR,
};

static const char *const type_names[] = {
#define NAME(name) #name,
   CREATED(NAME)
#undef NAME
       "Instance",
   "PhysicalDevice",
   "Device",
   "Queue",
   "CommandBuffer",
   "DescriptorSet",
   "DeviceMemory",
   "Pipeline",
   "DeferredOperationKHR",
};

struct object {
   uintptr_t dispatch; // where a loader would keep its table
   uint32_t magic;
   enum type type;
   _Atomic bool live;
   struct object *parent; // a pool or a device; goes with it
   void *pages;           // DeviceMemory: what was imported
   VkDeviceSize size;     // and how much
   struct object *memory; // Buffer: what it begins at the start of
   struct object *next;   // all that were ever made
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *objects; // since the last forget; leaked on purpose, so that stale handles can be told
static struct object *forgotten;
static uint64_t live_count, creations;
static _Atomic uint64_t misuse_count, call_count;
static _Atomic uint32_t fail_every, busy_now;

EXPORT uint64_t fakehost_live(void);
EXPORT void fakehost_fail(uint32_t every);
EXPORT void fakehost_forget(void);
EXPORT void fakehost_busy(uint32_t busy);
EXPORT uint64_t fakehost_misuses(void);
EXPORT uint64_t fakehost_calls(void);

uint64_t fakehost_live(void)
{
   pthread_mutex_lock(&lock);
   uint64_t n = live_count;
   pthread_mutex_unlock(&lock);
   return n;
}

void fakehost_fail(uint32_t every)
{
   fail_every = every;
}

void fakehost_busy(uint32_t busy)
{
   busy_now = busy;
}

void fakehost_forget(void)
{
   pthread_mutex_lock(&lock);
   for (struct object *o = forgotten; o;) {
      struct object *next = o->next;
      free(o);
      o = next;
   }
   forgotten = objects;
   objects = NULL;
   live_count = 0;
   pthread_mutex_unlock(&lock);
}

uint64_t fakehost_misuses(void)
{
   return misuse_count;
}

uint64_t fakehost_calls(void)
{
   return call_count;
}

static void misuse(const char *what, const void *handle)
{
   const struct object *o = handle;
   fprintf(stderr, "fakehost: %s: %p (%s)\n", what, handle,
           !o || o->magic != MAGIC ? "no object"
           : o->live               ? type_names[o->type]
                                   : "not alive");
   misuse_count++;
}

static struct object *make(enum type type, struct object *parent)
{
   struct object *o = calloc(1, sizeof *o);
   if (!o)
      abort();
   o->magic = MAGIC;
   o->type = type;
   o->live = true;
   o->parent = parent;
   pthread_mutex_lock(&lock);
   o->next = objects;
   objects = o;
   live_count++;
   pthread_mutex_unlock(&lock);
   return o;
}

static bool check(const void *handle, enum type type, const char *what)
{
   const struct object *o = handle;
   call_count++;
   if (o && o->magic == MAGIC && o->live && o->type == type)
      return true;
   if (o) // null is the guest's own mistake, and a driver's own affair
      misuse(what, handle);
   return false;
}

// Ends an object and, at any depth, what was made of it.
static void end(struct object *o)
{
   pthread_mutex_lock(&lock);
   live_count -= o->live;
   o->live = false;
   bool owner = o->type == TYPE_CommandPool || o->type == TYPE_DescriptorPool || o->type == TYPE_Device;
   for (struct object *child = owner ? objects : NULL; child; child = child->next) {
      if (!child->live || child->parent != o)
         continue;
      if (o->type == TYPE_Device && child->type != TYPE_Queue)
         misuse("an object outlives its device", child);
      child->live = false;
      live_count--;
   }
   pthread_mutex_unlock(&lock);
}

static void destroy(const void *handle, enum type type, const char *what)
{
   if (handle && check(handle, type, what))
      end((struct object *)handle);
}

static bool refuse(void)
{
   pthread_mutex_lock(&lock);
   bool no = fail_every && ++creations % fail_every == 0;
   pthread_mutex_unlock(&lock);
   return no;
}

static VkResult create(VkDevice device, enum type type, void *out, const char *what)
{
   if (!check(device, TYPE_Device, what) || refuse())
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   struct object *o = make(type, (struct object *)device);
   memcpy(out, &o, sizeof o);
   return VK_SUCCESS;
}

// --- by type
// ------------------------------------------------------------------------------------------------------------

#define CREATE_AND_DESTROY(name)                                                                                       \
   static VkResult create_##name(VkDevice device, const void *info, const void *allocator, void *out)                  \
   {                                                                                                                   \
      (void)info, (void)allocator;                                                                                     \
      return create(device, TYPE_##name, out, "vkCreate" #name);                                                       \
   }                                                                                                                   \
   static void destroy_##name(VkDevice device, void *handle, const void *allocator)                                    \
   {                                                                                                                   \
      (void)allocator;                                                                                                 \
      if (check(device, TYPE_Device, "vkDestroy" #name))                                                               \
         destroy(handle, TYPE_##name, "vkDestroy" #name);                                                              \
   }
CREATED(CREATE_AND_DESTROY)

static VkResult create_deferred(VkDevice device, const void *allocator, void *out)
{
   (void)allocator;
   return create(device, TYPE_DeferredOperationKHR, out, "vkCreateDeferredOperationKHR");
}

static void destroy_deferred(VkDevice device, void *handle, const void *allocator)
{
   (void)allocator;
   if (check(device, TYPE_Device, "vkDestroyDeferredOperationKHR"))
      destroy(handle, TYPE_DeferredOperationKHR, "vkDestroyDeferredOperationKHR");
}

static VkResult create_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count, const void *infos,
                                 const void *allocator, VkPipeline *out)
{
   (void)infos, (void)allocator;
   VkResult result = VK_SUCCESS;
   if (cache)
      check(cache, TYPE_PipelineCache, "a pipeline cache");
   for (uint32_t i = 0; i < count; i++) {
      out[i] = VK_NULL_HANDLE;
      if (create(device, TYPE_Pipeline, &out[i], "vkCreate...Pipelines") != VK_SUCCESS)
         result = VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   return result;
}

static VkResult create_ray_pipelines(VkDevice device, void *deferred, VkPipelineCache cache, uint32_t count,
                                     const void *infos, const void *allocator, VkPipeline *out)
{
   (void)deferred;
   return create_pipelines(device, cache, count, infos, allocator, out);
}

static void destroy_pipeline(VkDevice device, void *handle, const void *allocator)
{
   (void)device, (void)allocator;
   destroy(handle, TYPE_Pipeline, "vkDestroyPipeline");
}

static VkResult allocate(void *pool, enum type pool_type, enum type type, uint32_t count, void *out, const char *what)
{
   struct object **handles = out;
   if (count)
      memset(handles, 0, count * sizeof *handles);
   if (!check(pool, pool_type, what) || refuse())
      return VK_ERROR_OUT_OF_POOL_MEMORY;
   for (uint32_t i = 0; i < count; i++)
      handles[i] = make(type, pool);
   return VK_SUCCESS;
}

static VkResult allocate_command_buffers(VkDevice device, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *out)
{
   check(device, TYPE_Device, "vkAllocateCommandBuffers");
   return allocate(info->commandPool, TYPE_CommandPool, TYPE_CommandBuffer, info->commandBufferCount, out,
                   "vkAllocateCommandBuffers");
}

static VkResult allocate_descriptor_sets(VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *out)
{
   check(device, TYPE_Device, "vkAllocateDescriptorSets");
   for (uint32_t i = 0; i < info->descriptorSetCount; i++)
      check(info->pSetLayouts[i], TYPE_DescriptorSetLayout, "a layout of vkAllocateDescriptorSets");
   return allocate(info->descriptorPool, TYPE_DescriptorPool, TYPE_DescriptorSet, info->descriptorSetCount, out,
                   "vkAllocateDescriptorSets");
}

static void free_children(VkDevice device, void *pool, uint32_t count, void *const *handles)
{
   check(device, TYPE_Device, "vkFree...");
   for (uint32_t i = 0; i < count; i++) {
      struct object *o = handles[i];
      if (!o)
         continue;
      if (o->parent != pool)
         misuse("freed to another pool", o);
      destroy(o, o->type, "freed from its pool");
   }
}

static VkResult free_descriptor_sets(VkDevice device, void *pool, uint32_t count, void *const *handles)
{
   free_children(device, pool, count, handles);
   return VK_SUCCESS;
}

static VkResult reset_descriptor_pool(VkDevice device, void *pool, uint32_t flags)
{
   (void)flags;
   check(device, TYPE_Device, "vkResetDescriptorPool");
   if (!check(pool, TYPE_DescriptorPool, "vkResetDescriptorPool"))
      return VK_SUCCESS;
   pthread_mutex_lock(&lock);
   for (struct object *o = objects; o; o = o->next) {
      if (o->live && o->parent == pool) {
         o->live = false;
         live_count--;
      }
   }
   pthread_mutex_unlock(&lock);
   return VK_SUCCESS;
}

// minImportedHostPointerAlignment: the test's choice, as pages differ from machine to machine.
static VkDeviceSize import_alignment(void)
{
   const char *chosen = getenv("PEARVISOR_FAKEHOST_ALIGNMENT");
   return chosen ? strtoul(chosen, NULL, 10) : 4096;
}

static VkResult allocate_memory(VkDevice device, const VkMemoryAllocateInfo *info, const void *allocator, void *out)
{
   (void)allocator;
   VkResult result = create(device, TYPE_DeviceMemory, out, "vkAllocateMemory");
   struct object *o;
   memcpy(&o, out, sizeof o);
   for (const VkBaseInStructure *s = info->pNext; s && result == VK_SUCCESS; s = s->pNext)
      if (s->sType == VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT) {
         o->pages = ((const VkImportMemoryHostPointerInfoEXT *)s)->pHostPointer;
         o->size = info->allocationSize;
         if ((uintptr_t)o->pages % import_alignment() || info->allocationSize % import_alignment())
            misuse("imported memory is not aligned", o);
      }
   return result;
}

static void free_memory(VkDevice device, void *handle, const void *allocator)
{
   (void)device, (void)allocator;
   destroy(handle, TYPE_DeviceMemory, "vkFreeMemory");
}

static VkResult map_memory(VkDevice device, struct object *memory, VkDeviceSize offset, VkDeviceSize size,
                           uint32_t flags, void **out)
{
   (void)device, (void)offset, (void)size, (void)flags;
   *out = memory->pages;
   return memory->pages ? VK_SUCCESS : VK_ERROR_MEMORY_MAP_FAILED;
}

static void buffer_requirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *out)
{
   check(device, TYPE_Device, "vkGetBufferMemoryRequirements");
   check(buffer, TYPE_Buffer, "vkGetBufferMemoryRequirements");
   *out = (VkMemoryRequirements){.size = 65536, .alignment = 256, .memoryTypeBits = 3};
}

static VkResult bind_buffer(VkDevice device, struct object *buffer, struct object *memory, VkDeviceSize offset)
{
   check(device, TYPE_Device, "vkBindBufferMemory");
   if (check(buffer, TYPE_Buffer, "vkBindBufferMemory") && check(memory, TYPE_DeviceMemory, "vkBindBufferMemory") &&
       !offset) {
      pthread_mutex_lock(&lock);
      buffer->memory = memory;
      pthread_mutex_unlock(&lock);
   }
   return VK_SUCCESS;
}

// All the GPU this driver has: imported memory is filled from end to end, at once. By this the renderer finds out that
// importing works.
static void fill_buffer(void *commands, struct object *buffer, VkDeviceSize offset, VkDeviceSize size, uint32_t word)
{
   check(commands, TYPE_CommandBuffer, "vkCmdFillBuffer");
   if (!check(buffer, TYPE_Buffer, "vkCmdFillBuffer") || offset || size != VK_WHOLE_SIZE)
      return;
   pthread_mutex_lock(&lock);
   const struct object *memory = buffer->memory;
   if (memory && memory->live && memory->pages)
      for (VkDeviceSize i = 0; i + sizeof word <= memory->size; i += sizeof word)
         memcpy((char *)memory->pages + i, &word, sizeof word);
   pthread_mutex_unlock(&lock);
}

static VkResult host_pointer_properties(VkDevice device, int type, const void *pointer,
                                        VkMemoryHostPointerPropertiesEXT *out)
{
   (void)device, (void)type, (void)pointer;
   out->memoryTypeBits = 2;
   return VK_SUCCESS;
}

// --- instance and device
// ------------------------------------------------------------------------------------------------

static VkResult enumerate_version(uint32_t *version)
{
   *version = VK_API_VERSION_1_3;
   return VK_SUCCESS;
}

static VkResult enumerate_instance_extensions(const char *layer, uint32_t *count, VkExtensionProperties *out)
{
   (void)layer, (void)out;
   *count = 0;
   return VK_SUCCESS;
}

static VkResult create_instance(const void *info, const void *allocator, VkInstance *out)
{
   (void)info, (void)allocator;
   struct object *instance = make(TYPE_Instance, NULL);
   make(TYPE_PhysicalDevice, instance);
   *out = (VkInstance)instance;
   return VK_SUCCESS;
}

static struct object *physical_device_of(struct object *instance)
{
   pthread_mutex_lock(&lock);
   struct object *o = objects;
   while (o && (o->type != TYPE_PhysicalDevice || o->parent != instance))
      o = o->next;
   pthread_mutex_unlock(&lock);
   return o;
}

static void destroy_instance(VkInstance handle, const void *allocator)
{
   (void)allocator;
   if (!check(handle, TYPE_Instance, "vkDestroyInstance"))
      return;
   end(physical_device_of((struct object *)handle));
   end((struct object *)handle);
}

static VkResult enumerate_devices(VkInstance instance, uint32_t *count, VkPhysicalDevice *out)
{
   check(instance, TYPE_Instance, "vkEnumeratePhysicalDevices");
   if (out && *count)
      out[0] = (VkPhysicalDevice)physical_device_of((struct object *)instance);
   bool short_of_room = out && !*count;
   *count = out && short_of_room ? 0 : 1;
   return short_of_room ? VK_INCOMPLETE : VK_SUCCESS;
}

static VkResult enumerate_groups(VkInstance instance, uint32_t *count, VkPhysicalDeviceGroupProperties *out)
{
   if (out && *count) {
      out->physicalDeviceCount = 1;
      out->physicalDevices[0] = (VkPhysicalDevice)physical_device_of((struct object *)instance);
   }
   *count = !out || *count ? 1 : 0;
   return VK_SUCCESS;
}

static void get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *out)
{
   check(device, TYPE_PhysicalDevice, "vkGetPhysicalDeviceProperties");
   memset(out, 0, sizeof *out);
   out->apiVersion = VK_API_VERSION_1_3;
   out->deviceType = VK_PHYSICAL_DEVICE_TYPE_CPU;
   strcpy(out->deviceName, "fake");
}

static void get_properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *out)
{
   get_properties(device, &out->properties);
   for (VkBaseOutStructure *s = out->pNext; s; s = s->pNext)
      if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT)
         ((VkPhysicalDeviceExternalMemoryHostPropertiesEXT *)s)->minImportedHostPointerAlignment = import_alignment();
}

static void get_memory(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *out)
{
   check(device, TYPE_PhysicalDevice, "vkGetPhysicalDeviceMemoryProperties");
   *out = (VkPhysicalDeviceMemoryProperties){
      .memoryTypeCount = 2,
      .memoryTypes = {{VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0},
                      {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                           VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
                       0}},
      .memoryHeapCount = 1,
      .memoryHeaps = {{1u << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}}};
}

static void get_memory2(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties2 *out)
{
   get_memory(device, &out->memoryProperties);
}

static void get_queue_families(VkPhysicalDevice device, uint32_t *count, VkQueueFamilyProperties *out)
{
   check(device, TYPE_PhysicalDevice, "vkGetPhysicalDeviceQueueFamilyProperties");
   *count = out && *count == 0 ? 0 : 1;
   if (out && *count)
      *out = (VkQueueFamilyProperties){.queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT, .queueCount = 2};
}

static void get_queue_families2(VkPhysicalDevice device, uint32_t *count, VkQueueFamilyProperties2 *out)
{
   get_queue_families(device, count, out ? &out->queueFamilyProperties : NULL);
}

static VkResult enumerate_extensions(VkPhysicalDevice device, const char *layer, uint32_t *count,
                                     VkExtensionProperties *out)
{
   static const VkExtensionProperties one = {VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, 1};
   (void)device, (void)layer;
   if (out && *count)
      *out = one;
   *count = !out || *count ? 1 : 0;
   return VK_SUCCESS;
}

static VkResult create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const void *allocator,
                              VkDevice *out)
{
   (void)info, (void)allocator;
   if (!check(physical, TYPE_PhysicalDevice, "vkCreateDevice") || refuse())
      return VK_ERROR_INITIALIZATION_FAILED;
   *out = (VkDevice)make(TYPE_Device, NULL);
   return VK_SUCCESS;
}

static void destroy_device(void *device, const void *allocator)
{
   (void)allocator;
   destroy(device, TYPE_Device, "vkDestroyDevice");
}

static void get_queue(VkDevice device, uint32_t family, uint32_t index, VkQueue *out)
{
   (void)family, (void)index;
   *out = check(device, TYPE_Device, "vkGetDeviceQueue") ? (VkQueue)make(TYPE_Queue, (struct object *)device) : NULL;
}

static void get_queue2(VkDevice device, const VkDeviceQueueInfo2 *info, VkQueue *out)
{
   get_queue(device, info->queueFamilyIndex, info->queueIndex, out);
}

static VkResult queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits, VkFence fence)
{
   check(queue, TYPE_Queue, "vkQueueSubmit");
   if (fence)
      check(fence, TYPE_Fence, "the fence of vkQueueSubmit");
   for (uint32_t i = 0; i < count; i++) {
      for (uint32_t k = 0; k < submits[i].commandBufferCount; k++)
         check(submits[i].pCommandBuffers[k], TYPE_CommandBuffer, "a command buffer of vkQueueSubmit");
      for (uint32_t k = 0; k < submits[i].waitSemaphoreCount; k++)
         check(submits[i].pWaitSemaphores[k], TYPE_Semaphore, "a semaphore of vkQueueSubmit");
   }
   return VK_SUCCESS;
}

static VkResult wait_for_fences(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout)
{
   (void)all, (void)timeout;
   check(device, TYPE_Device, "vkWaitForFences");
   for (uint32_t i = 0; i < count; i++)
      check(fences[i], TYPE_Fence, "a fence of vkWaitForFences");
   return busy_now ? VK_TIMEOUT : VK_SUCCESS;
}

// Everything else: that the first argument is alive is all that is asked.
static VkResult anything(struct object *first)
{
   call_count++;
   if (!first || first->magic != MAGIC || !first->live || first->type < TYPE_Instance ||
       first->type > TYPE_CommandBuffer)
      misuse("a command on something that is not alive", first);
   return VK_SUCCESS;
}

static PFN_vkVoidFunction device_proc(VkDevice device, const char *name);

EXPORT PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance instance, const char *name);
EXPORT VkResult vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version);

VkResult vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version)
{
   *version = 5;
   return VK_SUCCESS;
}

PFN_vkVoidFunction vk_icdGetInstanceProcAddr(VkInstance instance, const char *name)
{
   static const struct {
      const char *name;
      void *proc;
   } known[] = {
#define TWO(name) {"vkCreate" #name, create_##name}, {"vkDestroy" #name, destroy_##name},
      CREATED(TWO)
#undef TWO
          {"vkCreateRenderPass2", create_RenderPass},
      {"vkCreateDeferredOperationKHR", create_deferred},
      {"vkDestroyDeferredOperationKHR", destroy_deferred},
      {"vkCreateGraphicsPipelines", create_pipelines},
      {"vkCreateComputePipelines", create_pipelines},
      {"vkCreateRayTracingPipelinesKHR", create_ray_pipelines},
      {"vkDestroyPipeline", destroy_pipeline},
      {"vkAllocateCommandBuffers", allocate_command_buffers},
      {"vkFreeCommandBuffers", free_children},
      {"vkAllocateDescriptorSets", allocate_descriptor_sets},
      {"vkFreeDescriptorSets", free_descriptor_sets},
      {"vkResetDescriptorPool", reset_descriptor_pool},
      {"vkAllocateMemory", allocate_memory},
      {"vkFreeMemory", free_memory},
      {"vkMapMemory", map_memory},
      {"vkGetBufferMemoryRequirements", buffer_requirements},
      {"vkBindBufferMemory", bind_buffer},
      {"vkCmdFillBuffer", fill_buffer},
      {"vkGetMemoryHostPointerPropertiesEXT", host_pointer_properties},
      {"vkEnumerateInstanceVersion", enumerate_version},
      {"vkEnumerateInstanceExtensionProperties", enumerate_instance_extensions},
      {"vkCreateInstance", create_instance},
      {"vkDestroyInstance", destroy_instance},
      {"vkEnumeratePhysicalDevices", enumerate_devices},
      {"vkEnumeratePhysicalDeviceGroups", enumerate_groups},
      {"vkGetPhysicalDeviceProperties", get_properties},
      {"vkGetPhysicalDeviceProperties2", get_properties2},
      {"vkGetPhysicalDeviceMemoryProperties", get_memory},
      {"vkGetPhysicalDeviceMemoryProperties2", get_memory2},
      {"vkGetPhysicalDeviceQueueFamilyProperties", get_queue_families},
      {"vkGetPhysicalDeviceQueueFamilyProperties2", get_queue_families2},
      {"vkEnumerateDeviceExtensionProperties", enumerate_extensions},
      {"vkCreateDevice", create_device},
      {"vkDestroyDevice", destroy_device},
      {"vkGetDeviceQueue", get_queue},
      {"vkGetDeviceQueue2", get_queue2},
      {"vkQueueSubmit", queue_submit},
      {"vkWaitForFences", wait_for_fences},
      {"vkGetDeviceProcAddr", device_proc},
   };
   (void)instance;
   for (size_t i = 0; i < sizeof known / sizeof *known; i++)
      if (!strcmp(known[i].name, name))
         return (PFN_vkVoidFunction)known[i].proc;
   return (PFN_vkVoidFunction)anything;
}

static PFN_vkVoidFunction device_proc(VkDevice device, const char *name)
{
   (void)device;
   return vk_icdGetInstanceProcAddr(NULL, name);
}
