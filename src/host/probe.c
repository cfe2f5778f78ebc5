// SPDX-License-Identifier: MIT
//
// Which way guests reach a GPU's memory. The choice is made once per GPU, by trying: an extension that a driver lists
// but cannot make work counts as absent, and so does a memory type whose bytes do not show up on the other side.
#include "host/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

#define PROBE_SIZE   65536u
#define GPU_PATIENCE 2000000000ull // ns for one fill of PROBE_SIZE

struct probe {
   struct pv_gpu *gpu;
   const struct pv_instance_procs *instance_vk;
   VkPhysicalDevice physical;
   VkDevice device;
   struct pv_device_procs vk;
   VkQueue queue;
   VkCommandPool pool;
   VkCommandBuffer commands;
   VkFence fence;
   VkExternalMemoryHandleTypeFlagBits handle; // what the way that is being tried shares memory as; 0: as nothing
};

static void probe_close(struct probe *probe)
{
   probe->vk.DestroyFence(probe->device, probe->fence, NULL);
   probe->vk.DestroyCommandPool(probe->device, probe->pool, NULL);
   probe->vk.DestroyDevice(probe->device, NULL);
}

// A queue family that can fill a buffer.
static uint32_t working_family(const struct probe *probe)
{
   VkQueueFamilyProperties families[16];
   uint32_t count = 16, i = 0;
   probe->instance_vk->GetPhysicalDeviceQueueFamilyProperties(probe->physical, &count, families);
   while (i + 1 < count && !(families[i].queueFlags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)))
      i++;
   return i;
}

// Makes a device with what the GPU needs. False: the way of sharing that needs it is none.
static bool probe_open(struct probe *probe)
{
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                          .queueFamilyIndex = working_family(probe),
                                          .queueCount = 1,
                                          .pQueuePriorities = &priority};
   VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .ppEnabledExtensionNames = probe->gpu->needs,
   };
   while (probe->gpu->needs[info.enabledExtensionCount])
      info.enabledExtensionCount++;
   if (probe->instance_vk->CreateDevice(probe->physical, &info, NULL, &probe->device) != VK_SUCCESS)
      return false;
   pv_load_device_procs(&probe->vk, probe->instance_vk->GetDeviceProcAddr, probe->device);
   probe->vk.GetDeviceQueue(probe->device, queue.queueFamilyIndex, 0, &probe->queue);
   const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                         .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                         .queueFamilyIndex = queue.queueFamilyIndex};
   const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   VkCommandBufferAllocateInfo commands = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                           .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                           .commandBufferCount = 1};
   probe->pool = VK_NULL_HANDLE;
   probe->fence = VK_NULL_HANDLE;
   bool ok = probe->vk.CreateCommandPool(probe->device, &pool, NULL, &probe->pool) == VK_SUCCESS;
   commands.commandPool = probe->pool;
   ok = ok && probe->vk.AllocateCommandBuffers(probe->device, &commands, &probe->commands) == VK_SUCCESS &&
        probe->vk.CreateFence(probe->device, &fence, NULL, &probe->fence) == VK_SUCCESS;
   if (!ok)
      probe_close(probe);
   return ok;
}

static bool host_visible_coherent(const struct pv_gpu *gpu, uint32_t type)
{
   const VkMemoryPropertyFlags need = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
   return (gpu->memory.memoryTypes[type].propertyFlags & need) == need;
}

static bool filled(struct probe *probe, VkBuffer buffer, uint32_t word)
{
   const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                           .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
   const VkMemoryBarrier seen = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                 .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &probe->commands};
   if (probe->vk.BeginCommandBuffer(probe->commands, &begin) != VK_SUCCESS)
      return false;
   probe->vk.CmdFillBuffer(probe->commands, buffer, 0, VK_WHOLE_SIZE, word);
   probe->vk.CmdPipelineBarrier(probe->commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                                &seen, 0, NULL, 0, NULL);
   if (probe->vk.EndCommandBuffer(probe->commands) != VK_SUCCESS ||
       probe->vk.QueueSubmit(probe->queue, 1, &submit, probe->fence) != VK_SUCCESS)
      return false;
   bool done = probe->vk.WaitForFences(probe->device, 1, &probe->fence, VK_TRUE, GPU_PATIENCE) == VK_SUCCESS;
   probe->vk.ResetFences(probe->device, 1, &probe->fence);
   return done;
}

// True if what the GPU writes into `memory` is what our mapping of it shows, from the first word to the last.
static bool gpu_writes_show(struct probe *probe, VkDeviceMemory memory, uint32_t type, const volatile uint32_t *ours)
{
   const VkExternalMemoryBufferCreateInfo external = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                                      .handleTypes = probe->handle};
   const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                    .pNext = probe->handle ? &external : NULL,
                                    .size = PROBE_SIZE,
                                    .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   const uint32_t word = 0x50656172 + type, last = PROBE_SIZE / sizeof word - 1;
   VkBuffer buffer;
   VkMemoryRequirements wants;
   if (probe->vk.CreateBuffer(probe->device, &info, NULL, &buffer) != VK_SUCCESS)
      return false;
   probe->vk.GetBufferMemoryRequirements(probe->device, buffer, &wants);
   bool works = (wants.memoryTypeBits >> type & 1) && wants.size <= PROBE_SIZE &&
                probe->vk.BindBufferMemory(probe->device, buffer, memory, 0) == VK_SUCCESS &&
                filled(probe, buffer, word) && ours[0] == word && ours[last] == word;
   probe->vk.DestroyBuffer(probe->device, buffer, NULL);
   return works;
}

// True if what is written through the driver's mapping is seen in ours and the other way round, and what the GPU writes
// is seen as well. Ours is written to only once it is known to be the memory: an exported file may begin with something
// of the driver's own.
static bool both_see(struct probe *probe, VkDeviceMemory memory, uint32_t type, volatile uint32_t *ours)
{
   const uint32_t word = 0x76697330 + type, last = PROBE_SIZE / sizeof word - 1;
   void *driver;
   if (probe->vk.MapMemory(probe->device, memory, 0, VK_WHOLE_SIZE, 0, &driver) != VK_SUCCESS)
      return false;
   volatile uint32_t *theirs = driver;
   theirs[0] = theirs[last] = word;
   bool works = ours[0] == word && ours[last] == word;
   if (works) {
      ours[0] = ours[last] = ~word;
      works = theirs[0] == ~word && theirs[last] == ~word;
   }
   probe->vk.UnmapMemory(probe->device, memory);
   return works && gpu_writes_show(probe, memory, type, ours);
}

// Who holds an fd must not be able to take the pages away: a file whose size can be set is the driver's private
// arrangement and not for guests.
static bool is_for_others(int fd)
{
   struct stat st;
   return pv_shm_cannot_shrink(fd) || (!fstat(fd, &st) && ftruncate(fd, st.st_size));
}

static bool exported_pages_work(struct probe *probe, VkDeviceMemory memory, uint32_t type, int fd)
{
   void *ours = NULL;
   off_t end = lseek(fd, 0, SEEK_END);
   if ((end >= 0 && end < (off_t)PROBE_SIZE) || !is_for_others(fd) || pv_shm_map(fd, PROBE_SIZE, &ours))
      return false;
   bool works = both_see(probe, memory, type, ours);
   pv_shm_unmap(ours, PROBE_SIZE);
   return works;
}

static bool export_works(struct probe *probe, uint32_t type)
{
   const VkExportMemoryAllocateInfo export_info = {.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                                   .handleTypes = probe->handle};
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                      .pNext = &export_info,
                                      .allocationSize = PROBE_SIZE,
                                      .memoryTypeIndex = type};
   VkDeviceMemory memory;
   if (probe->vk.AllocateMemory(probe->device, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   const VkMemoryGetFdInfoKHR get = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, .memory = memory, .handleType = probe->handle};
   bool works = false;
   int fd = -1;
   if (probe->vk.GetMemoryFdKHR && probe->vk.GetMemoryFdKHR(probe->device, &get, &fd) == VK_SUCCESS && fd >= 0) {
      works = exported_pages_work(probe, memory, type, fd);
      close(fd);
   }
   probe->vk.FreeMemory(probe->device, memory, NULL);
   return works;
}

static bool import_works(struct probe *probe, struct pv_hostmem *ours, uint32_t type)
{
   const VkImportMemoryHostPointerInfoEXT import = {.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
                                                    .handleType = probe->handle,
                                                    .pHostPointer = ours->base};
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                      .pNext = &import,
                                      .allocationSize = ours->size,
                                      .memoryTypeIndex = type};
   VkDeviceMemory memory;
   if (probe->vk.AllocateMemory(probe->device, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   bool works = both_see(probe, memory, type, ours->base);
   probe->vk.FreeMemory(probe->device, memory, NULL);
   return works;
}

static bool mapping_works(struct probe *probe, uint32_t type)
{
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = PROBE_SIZE, .memoryTypeIndex = type};
   VkDeviceMemory memory;
   void *driver;
   if (probe->vk.AllocateMemory(probe->device, &info, NULL, &memory) != VK_SUCCESS)
      return false;
   bool works = probe->vk.MapMemory(probe->device, memory, 0, VK_WHOLE_SIZE, 0, &driver) == VK_SUCCESS &&
                gpu_writes_show(probe, memory, type, driver);
   probe->vk.FreeMemory(probe->device, memory, NULL); // unmaps as well
   return works;
}

// What every device of the GPU is made with: `a` and `b` (NULL: none), and what the driver insists on. False if the
// driver has not all of them.
static bool need(struct pv_gpu *gpu, const char *a, const char *b)
{
   const char *const names[] = {a, b, pv_gpu_has(gpu, PV_PORTABILITY_SUBSET) ? PV_PORTABILITY_SUBSET : NULL};
   uint32_t count = 0;
   bool all = true;
   memset(gpu->needs, 0, sizeof gpu->needs);
   for (uint32_t i = 0; i < 3; i++) {
      if (names[i])
         gpu->needs[count++] = names[i];
      all &= !names[i] || pv_gpu_has(gpu, names[i]);
   }
   return all;
}

static void settle(struct pv_gpu *gpu, enum pv_memory_path path, const char *note)
{
   if (!gpu->shareable_types)
      return;
   gpu->path = path;
   snprintf(gpu->note, sizeof gpu->note, "%s", note);
}

static void probe_mapping(struct probe *probe)
{
   struct pv_gpu *gpu = probe->gpu;
   probe->handle = 0;
   need(gpu, NULL, NULL);
   if (!probe_open(probe))
      return;
   for (uint32_t type = 0; type < gpu->memory.memoryTypeCount; type++)
      if (host_visible_coherent(gpu, type) && mapping_works(probe, type))
         gpu->shareable_types |= 1u << type;
   probe_close(probe);
   settle(gpu, PV_MEMORY_MAPPED, "the driver's own mapping in this process, for a VMM to show to its guest");
}

static void probe_export(struct probe *probe, VkExternalMemoryHandleTypeFlagBits handle, enum pv_memory_path path,
                         const char *extension, const char *note)
{
   struct pv_gpu *gpu = probe->gpu;
   probe->handle = handle;
   if (!need(gpu, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME, extension) || !probe_open(probe))
      return;
   for (uint32_t type = 0; type < gpu->memory.memoryTypeCount; type++)
      if (host_visible_coherent(gpu, type) && export_works(probe, type))
         gpu->shareable_types |= 1u << type;
   probe_close(probe);
   settle(gpu, path, note);
}

static void probe_import(struct probe *probe)
{
   struct pv_gpu *gpu = probe->gpu;
   probe->handle = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
   if (!need(gpu, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, NULL))
      return;
   VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
   VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &host};
   probe->instance_vk->GetPhysicalDeviceProperties2(probe->physical, &all);
   gpu->import_alignment = host.minImportedHostPointerAlignment ? host.minImportedHostPointerAlignment : 4096;
   struct pv_hostmem *ours;
   if (pv_hostmem_create(PROBE_SIZE, gpu->import_alignment, &ours))
      return;
   if (probe_open(probe)) {
      VkMemoryHostPointerPropertiesEXT properties = {.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
      if (probe->vk.GetMemoryHostPointerPropertiesEXT &&
          probe->vk.GetMemoryHostPointerPropertiesEXT(probe->device, probe->handle, ours->base, &properties) ==
              VK_SUCCESS)
         for (uint32_t type = 0; type < gpu->memory.memoryTypeCount; type++)
            if ((properties.memoryTypeBits >> type & 1) && host_visible_coherent(gpu, type) &&
                import_works(probe, ours, type))
               gpu->shareable_types |= 1u << type;
      probe_close(probe);
   }
   pv_hostmem_unref(&ours);
   settle(gpu, PV_MEMORY_HOST_PTR,
          "no fd of the driver's shows its memory here; the driver imports memory that we allocate");
}

static void drop_extension(struct pv_gpu *gpu, const char *name)
{
   uint32_t kept = 0;
   for (uint32_t i = 0; i < gpu->extension_count; i++)
      if (strcmp(gpu->extensions[i].extensionName, name))
         gpu->extensions[kept++] = gpu->extensions[i];
   gpu->extension_count = kept;
}

void pv_gpu_probe_memory(struct pv_gpu *gpu, const struct pv_instance_procs *vk, VkPhysicalDevice device,
                         bool in_process)
{
   struct probe probe = {.gpu = gpu, .instance_vk = vk, .physical = device};
   gpu->path = PV_MEMORY_NONE;
   if (in_process)
      probe_mapping(&probe);
   if (gpu->path == PV_MEMORY_NONE)
      probe_export(&probe, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT, PV_MEMORY_DMABUF,
                   VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
                   "the driver exports its memory as dma-buf, and a mapping of it works");
   if (gpu->path != PV_MEMORY_DMABUF)
      drop_extension(gpu, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME);
   if (gpu->path == PV_MEMORY_NONE)
      probe_export(&probe, VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT, PV_MEMORY_OPAQUE_FD, NULL,
                   "the driver exports its memory as an fd of its own kind, and a mapping of it works");
   if (gpu->path == PV_MEMORY_NONE)
      probe_import(&probe);
   if (gpu->path != PV_MEMORY_NONE)
      return;
   need(gpu, NULL, NULL);
   snprintf(gpu->note, sizeof gpu->note,
            "the driver can neither export its memory as an fd nor import ours: guests cannot map memory");
}
