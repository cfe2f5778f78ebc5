// SPDX-License-Identifier: MIT
//
// Memory that a guest can map, by whatever the driver can do. The choice is made once per GPU, by trying: an extension
// that a driver lists but cannot make work counts as absent.
#include "host/host.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"

#define PROBE_SIZE 65536u

int pv_hostmem_wrap(int fd, uint64_t size, struct pv_hostmem **out)
{
   struct pv_hostmem *memory = calloc(1, sizeof *memory);
   if (!memory)
      return -ENOMEM;
   memory->fd = fd;
   memory->size = size;
   atomic_init(&memory->refs, 1);
   *out = memory;
   return 0;
}

int pv_hostmem_create(uint64_t size, uint64_t alignment, struct pv_hostmem **out)
{
   uint64_t page = pv_page_size();
   uint64_t unit = alignment > page ? alignment : page;
   if (size > UINT64_MAX - unit)
      return -ENOMEM;
   size = (size + unit - 1) / unit * unit;
   int fd;
   int error = pv_shm_create("pearvisor-memory", size, &fd);
   if (error)
      return error;
   struct pv_hostmem *memory;
   error = pv_hostmem_wrap(fd, size, &memory);
   if (error) {
      close(fd);
      return error;
   }
   error = pv_shm_map(fd, size, &memory->base);
   if (error) {
      memory->base = NULL;
      pv_hostmem_unref(&memory);
      return error;
   }
   *out = memory;
   return 0;
}

struct pv_hostmem *pv_hostmem_ref(struct pv_hostmem *memory)
{
   atomic_fetch_add_explicit(&memory->refs, 1, memory_order_relaxed);
   return memory;
}

void pv_hostmem_unref(struct pv_hostmem **slot)
{
   struct pv_hostmem *memory = *slot;
   *slot = NULL;
   // acq_rel pairs with the other holders' decrement: their last use happens before the unmap here.
   if (!memory || atomic_fetch_sub_explicit(&memory->refs, 1, memory_order_acq_rel) != 1)
      return;
   if (memory->base)
      pv_shm_unmap(memory->base, memory->size);
   close(memory->fd);
   free(memory);
}

struct probe {
   struct pv_gpu *gpu;
   const struct pv_instance_procs *instance_vk;
   VkPhysicalDevice physical;
   VkDevice device;
   struct pv_device_procs vk;
};

static bool probe_open(struct probe *probe, const char *const *extensions, uint32_t count)
{
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
   const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .enabledExtensionCount = count,
      .ppEnabledExtensionNames = extensions,
   };
   if (probe->instance_vk->CreateDevice(probe->physical, &info, NULL, &probe->device) != VK_SUCCESS)
      return false;
   pv_load_device_procs(&probe->vk, probe->instance_vk->GetDeviceProcAddr, probe->device);
   return true;
}

static bool host_visible_coherent(const struct pv_gpu *gpu, uint32_t type)
{
   const VkMemoryPropertyFlags need = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   return (gpu->memory.memoryTypes[type].propertyFlags & need) == need;
}

// Exports one allocation as dma-buf and writes through a mapping of it.
static bool dmabuf_type_works(struct probe *probe, uint32_t type)
{
   const VkExportMemoryAllocateInfo export_info = {.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                                   .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                      .pNext = &export_info,
                                      .allocationSize = PROBE_SIZE,
                                      .memoryTypeIndex = type};
   VkDeviceMemory memory;
   if (probe->vk.AllocateMemory(probe->device, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   const VkMemoryGetFdInfoKHR get = {.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                     .memory = memory,
                                     .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
   bool works = false;
   int fd = -1;
   if (probe->vk.GetMemoryFdKHR && probe->vk.GetMemoryFdKHR(probe->device, &get, &fd) == VK_SUCCESS && fd >= 0) {
      void *ours = NULL, *driver = NULL;
      if (!pv_shm_map(fd, PROBE_SIZE, &ours)) {
         if (probe->vk.MapMemory(probe->device, memory, 0, PROBE_SIZE, 0, &driver) == VK_SUCCESS) {
            *(volatile uint32_t *)ours = 0x50656172;
            works = *(volatile uint32_t *)driver == 0x50656172;
            probe->vk.UnmapMemory(probe->device, memory);
         }
         pv_shm_unmap(ours, PROBE_SIZE);
      }
      close(fd);
   }
   probe->vk.FreeMemory(probe->device, memory, NULL);
   return works;
}

static void probe_dmabuf(struct probe *probe)
{
   static const char *const extensions[] = {VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
                                            VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME};
   struct pv_gpu *gpu = probe->gpu;
   if (!pv_gpu_has(gpu, extensions[0]) || !pv_gpu_has(gpu, extensions[1]) || !probe_open(probe, extensions, 2))
      return;
   for (uint32_t type = 0; type < gpu->memory.memoryTypeCount; type++)
      if (host_visible_coherent(gpu, type) && dmabuf_type_works(probe, type))
         gpu->shareable_types |= 1u << type;
   probe->vk.DestroyDevice(probe->device, NULL);
   if (gpu->shareable_types) {
      gpu->path = PV_MEMORY_DMABUF;
      snprintf(gpu->note, sizeof gpu->note, "the driver exports its memory as dma-buf, and a mapping of it works");
   }
}

// Imports one memfd mapping and writes through the driver's mapping of it.
static bool host_ptr_type_works(struct probe *probe, struct pv_hostmem *ours, uint32_t type)
{
   const VkImportMemoryHostPointerInfoEXT import = {.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
                                                    .handleType =
                                                        VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
                                                    .pHostPointer = ours->base};
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                      .pNext = &import,
                                      .allocationSize = ours->size,
                                      .memoryTypeIndex = type};
   VkDeviceMemory memory;
   void *driver;
   if (probe->vk.AllocateMemory(probe->device, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   bool works = false;
   if (probe->vk.MapMemory(probe->device, memory, 0, VK_WHOLE_SIZE, 0, &driver) == VK_SUCCESS) {
      *(volatile uint32_t *)driver = 0x5065 + type;
      works = *(volatile uint32_t *)ours->base == 0x5065 + type;
      probe->vk.UnmapMemory(probe->device, memory);
   }
   probe->vk.FreeMemory(probe->device, memory, NULL);
   return works;
}

static void probe_host_ptr(struct probe *probe)
{
   static const char *const extensions[] = {VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME};
   struct pv_gpu *gpu = probe->gpu;
   if (!pv_gpu_has(gpu, extensions[0]))
      return;
   VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
   VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &host};
   probe->instance_vk->GetPhysicalDeviceProperties2(probe->physical, &all);
   gpu->import_alignment = host.minImportedHostPointerAlignment ? host.minImportedHostPointerAlignment : 4096;
   struct pv_hostmem *ours;
   if (pv_hostmem_create(PROBE_SIZE, gpu->import_alignment, &ours))
      return;
   if (probe_open(probe, extensions, 1)) {
      VkMemoryHostPointerPropertiesEXT properties = {.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
      if (probe->vk.GetMemoryHostPointerPropertiesEXT &&
          probe->vk.GetMemoryHostPointerPropertiesEXT(probe->device,
                                                      VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
                                                      ours->base, &properties) == VK_SUCCESS)
         for (uint32_t type = 0; type < gpu->memory.memoryTypeCount; type++)
            if ((properties.memoryTypeBits >> type & 1) && host_visible_coherent(gpu, type) &&
                host_ptr_type_works(probe, ours, type))
               gpu->shareable_types |= 1u << type;
      probe->vk.DestroyDevice(probe->device, NULL);
   }
   pv_hostmem_unref(&ours);
   if (gpu->shareable_types) {
      gpu->path = PV_MEMORY_HOST_PTR;
      snprintf(gpu->note, sizeof gpu->note,
               "dma-buf export does not work here; the driver imports memory that we allocate");
   }
}

static void drop_extension(struct pv_gpu *gpu, const char *name)
{
   uint32_t kept = 0;
   for (uint32_t i = 0; i < gpu->extension_count; i++)
      if (strcmp(gpu->extensions[i].extensionName, name))
         gpu->extensions[kept++] = gpu->extensions[i];
   gpu->extension_count = kept;
}

void pv_gpu_probe_memory(struct pv_gpu *gpu, const struct pv_instance_procs *vk, VkPhysicalDevice device)
{
   struct probe probe = {.gpu = gpu, .instance_vk = vk, .physical = device};
   gpu->path = PV_MEMORY_NONE;
   probe_dmabuf(&probe);
   if (gpu->path == PV_MEMORY_NONE) {
      drop_extension(gpu, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME);
      probe_host_ptr(&probe);
   }
   if (gpu->path == PV_MEMORY_NONE)
      snprintf(gpu->note, sizeof gpu->note,
               "the driver can neither export its memory as dma-buf nor import ours: guests cannot map memory");
}
