// SPDX-License-Identifier: MIT
//
// Device memory that guests can map, and the buffers and images that are bound to it (design decision 4).
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/context.h"
#include "core/hooks.gen.h"

#define HOST_ALLOCATION VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT

static void free_memory_record(void *p)
{
   struct pv_memory *memory = p;
   pv_hostmem_unref(&memory->shared);
   free(memory);
}

void pv_memory_retire(struct pv_context_core *ctx, struct pv_memory *memory)
{
   pv_context_uncharge(ctx, memory->size);
   pv_ids_retire(ctx->ids, free_memory_record, memory);
}

// Everything one vkAllocateMemory puts into the host's chain.
struct allocation {
   VkMemoryAllocateInfo info;
   VkImportMemoryHostPointerInfoEXT host_pointer;
   VkImportMemoryFdInfoKHR fd;
   VkExportMemoryAllocateInfo export_info;
};

static void push(VkMemoryAllocateInfo *info, void *link)
{
   ((VkBaseOutStructure *)link)->pNext = (VkBaseOutStructure *)info->pNext;
   info->pNext = link;
}

static void import_pages(struct allocation *alloc, const struct pv_hostmem *shared)
{
   alloc->host_pointer =
       (VkImportMemoryHostPointerInfoEXT){.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
                                          .handleType = HOST_ALLOCATION,
                                          .pHostPointer = shared->base};
   alloc->info.allocationSize = shared->size;
   pv_chain_drop(&alloc->info, VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO); // ours is never the driver's own
   push(&alloc->info, &alloc->host_pointer);
}

// The memory behind a resource, for VkImportMemoryResourceInfoMESA. VK_SUCCESS: *shared is a reference.
static VkResult import_resource(struct pv_exec *x, const struct pv_gpu *gpu, uint32_t id, struct allocation *alloc,
                                struct pv_hostmem **shared)
{
   struct pv_resource *resource = pv_resource_find(x->ctx, id);
   if (!resource || !resource->memory || resource->plain) {
      pv_resource_unref(&resource);
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   }
   VkResult result = VK_SUCCESS;
   if (gpu->path == PV_MEMORY_HOST_PTR && resource->memory->base) {
      import_pages(alloc, resource->memory);
   } else if (gpu->path == PV_MEMORY_DMABUF) {
      int fd = pv_fd_dup(resource->memory->fd);
      alloc->fd = (VkImportMemoryFdInfoKHR){.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
                                            .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
                                            .fd = fd};
      push(&alloc->info, &alloc->fd);
      result = fd >= 0 ? VK_SUCCESS : VK_ERROR_TOO_MANY_OBJECTS;
   } else {
      result = VK_ERROR_INVALID_EXTERNAL_HANDLE;
   }
   if (result == VK_SUCCESS)
      *shared = pv_hostmem_ref(resource->memory);
   pv_resource_unref(&resource);
   return result;
}

// Makes memory that the guest can map, or plain memory for types it cannot.
static VkResult allocate(struct pv_exec *x, struct pv_device *device, const VkMemoryAllocateInfo *asked,
                         struct pv_memory *memory, VkDeviceMemory *handle)
{
   const struct pv_gpu *gpu = device->physical->gpu;
   const VkMemoryType *type = &gpu->memory.memoryTypes[asked->memoryTypeIndex];
   struct allocation alloc = {.info = *asked, .fd.fd = -1};
   bool share = gpu->shareable_types >> asked->memoryTypeIndex & 1;
   const VkImportMemoryResourceInfoMESA *import =
       pv_chain_find(asked->pNext, (VkStructureType)VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA);
   uint32_t import_id = import ? import->resourceId : 0;
   pv_chain_drop(&alloc.info, (VkStructureType)VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA);
   pv_chain_drop(&alloc.info, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
   if (import_id) {
      VkResult result = import_resource(x, gpu, import_id, &alloc, &memory->shared);
      if (result != VK_SUCCESS)
         return result;
   } else if (share && gpu->path == PV_MEMORY_HOST_PTR) {
      if (pv_hostmem_create(asked->allocationSize, gpu->import_alignment, &memory->shared))
         return VK_ERROR_OUT_OF_DEVICE_MEMORY;
      import_pages(&alloc, memory->shared);
   } else if (share && gpu->path == PV_MEMORY_DMABUF) {
      alloc.export_info = (VkExportMemoryAllocateInfo){.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                                       .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
      push(&alloc.info, &alloc.export_info);
   }
   VkResult result = device->vk.AllocateMemory(device->handle, &alloc.info, NULL, handle);
   if (result != VK_SUCCESS && alloc.fd.fd >= 0)
      close(alloc.fd.fd); // the driver takes it over only if it succeeds
   memory->map_info =
       gpu->path == PV_MEMORY_HOST_PTR || (type->propertyFlags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) ? 1 : 3;
   if (result != VK_SUCCESS || memory->shared || !share || gpu->path != PV_MEMORY_DMABUF)
      return result;
   const VkMemoryGetFdInfoKHR get = {.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                     .memory = *handle,
                                     .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
   int fd = -1;
   if (device->vk.GetMemoryFdKHR(device->handle, &get, &fd) == VK_SUCCESS && fd >= 0 &&
       !pv_hostmem_wrap(fd, asked->allocationSize, &memory->shared))
      return VK_SUCCESS;
   device->vk.FreeMemory(device->handle, *handle, NULL);
   return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

// Memory of a lost device: pages without a VkDeviceMemory, for the guest to map. Its driver still looks into them.
static void shadow_memory(struct pv_exec *x, struct pv_device *device, uint64_t size, uint64_t id)
{
   struct pv_memory *memory = pv_context_charge(x->ctx, size) ? calloc(1, sizeof *memory) : NULL;
   if (memory) {
      *memory = (struct pv_memory){.device = device, .size = size, .map_info = 1};
      if (pv_hostmem_create(size, 1, &memory->shared))
         memory->shared = NULL;
   }
   if (!pv_exec_file_shadow(x, PV_OBJECT_VkDeviceMemory, device, memory, id) && memory)
      pv_memory_retire(x->ctx, memory);
}

void pv_hook_vkAllocateMemory(struct pv_exec *x, struct pv_args_vkAllocateMemory *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkMemoryAllocateInfo *info = a->pAllocateInfo;
   if (!pv_exec_claim(x, 1, a->ids_pMemory))
      return;
   if (pv_exec_lost(x)) {
      a->ret = VK_ERROR_DEVICE_LOST;
      shadow_memory(x, device, info->allocationSize, a->ids_pMemory[0]);
      return;
   }
   const VkPhysicalDeviceMemoryProperties *types = &device->physical->gpu->memory;
   struct pv_memory *memory = NULL;
   VkDeviceMemory handle = VK_NULL_HANDLE;
   if (info->memoryTypeIndex >= types->memoryTypeCount) {
      a->ret = VK_ERROR_UNKNOWN;
   } else if (info->allocationSize > types->memoryHeaps[types->memoryTypes[info->memoryTypeIndex].heapIndex].size ||
              !pv_context_charge(x->ctx, info->allocationSize)) {
      a->ret = VK_ERROR_OUT_OF_DEVICE_MEMORY;
   } else {
      memory = calloc(1, sizeof *memory);
      a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
      if (memory) {
         memory->device = device;
         memory->size = info->allocationSize;
         a->ret = allocate(x, device, info, memory, &handle);
      }
      if (a->ret != VK_SUCCESS) {
         pv_context_uncharge(x->ctx, info->allocationSize);
         if (memory)
            free_memory_record(memory);
         memory = NULL;
         handle = VK_NULL_HANDLE;
      }
   }
   if (!pv_exec_file_state(x, PV_OBJECT_VkDeviceMemory, device, memory, a->ids_pMemory[0], (uint64_t)handle, a->ret) &&
       memory) {
      if (!atomic_load(&device->owner.dying))
         device->vk.FreeMemory(device->handle, handle, NULL);
      pv_memory_retire(x->ctx, memory);
   }
   pv_exec_result(x, a->ret);
}

void pv_hook_vkFreeMemory(struct pv_exec *x, struct pv_args_vkFreeMemory *a)
{
   struct pv_device *device = a->device_ref.owner;
   void *memory;
   if (pv_exec_unfile_state(x, PV_OBJECT_VkDeviceMemory, a->memory_ref.id, &memory) && !pv_exec_lost(x))
      device->vk.FreeMemory(device->handle, a->memory, NULL);
   if (memory)
      pv_memory_retire(x->ctx, memory);
}

// Mapping is the guest's own affair and always coherent: nothing is left to do here.
void pv_hook_vkUnmapMemory(struct pv_exec *x, struct pv_args_vkUnmapMemory *a)
{
}

void pv_hook_vkUnmapMemory2(struct pv_exec *x, struct pv_args_vkUnmapMemory2 *a)
{
   a->ret = VK_SUCCESS;
}

void pv_hook_vkFlushMappedMemoryRanges(struct pv_exec *x, struct pv_args_vkFlushMappedMemoryRanges *a)
{
   a->ret = VK_SUCCESS;
}

void pv_hook_vkInvalidateMappedMemoryRanges(struct pv_exec *x, struct pv_args_vkInvalidateMappedMemoryRanges *a)
{
   a->ret = VK_SUCCESS;
}

void pv_hook_vkGetMemoryResourcePropertiesMESA(struct pv_exec *x, struct pv_args_vkGetMemoryResourcePropertiesMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   const struct pv_gpu *gpu = device->physical->gpu;
   struct pv_resource *resource = pv_resource_find(x->ctx, a->resourceId);
   if (!resource) {
      pv_exec_fatal(x, "no such resource", a->resourceId);
      return;
   }
   a->ret = VK_ERROR_INVALID_EXTERNAL_HANDLE;
   if (resource->memory && !resource->plain && gpu->path == PV_MEMORY_HOST_PTR) {
      a->pMemoryResourceProperties->memoryTypeBits = gpu->shareable_types;
      a->ret = VK_SUCCESS;
   } else if (resource->memory && !resource->plain && gpu->path == PV_MEMORY_DMABUF &&
              device->vk.GetMemoryFdPropertiesKHR) {
      VkMemoryFdPropertiesKHR fd = {.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR};
      a->ret = device->vk.GetMemoryFdPropertiesKHR(device->handle, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
                                                   resource->memory->fd, &fd);
      a->pMemoryResourceProperties->memoryTypeBits = fd.memoryTypeBits;
   }
   VkMemoryResourceAllocationSizePropertiesMESA *size =
       pv_chain_find(a->pMemoryResourceProperties->pNext,
                     (VkStructureType)VK_STRUCTURE_TYPE_MEMORY_RESOURCE_ALLOCATION_SIZE_PROPERTIES_MESA);
   if (size)
      size->allocationSize = resource->size;
   pv_resource_unref(&resource);
}

// True if a buffer like this may be bound to imported host memory.
static bool buffer_importable(const struct pv_device *device, const VkBufferCreateInfo *info)
{
   const VkBufferCreateFlags sparse = VK_BUFFER_CREATE_SPARSE_BINDING_BIT;
   if (device->physical->gpu->path != PV_MEMORY_HOST_PTR || (info->flags & sparse))
      return false;
   const VkPhysicalDeviceExternalBufferInfo ask = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
                                                   .flags = info->flags,
                                                   .usage = info->usage,
                                                   .handleType = HOST_ALLOCATION};
   VkExternalBufferProperties answer = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
   device->physical->instance->vk.GetPhysicalDeviceExternalBufferProperties(device->physical->handle, &ask, &answer);
   return answer.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
}

static bool image_importable(const struct pv_device *device, const VkImageCreateInfo *info)
{
   if (device->physical->gpu->path != PV_MEMORY_HOST_PTR || (info->flags & VK_IMAGE_CREATE_SPARSE_BINDING_BIT))
      return false;
   VkPhysicalDeviceExternalImageFormatInfo external = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO, .handleType = HOST_ALLOCATION};
   VkImageFormatListCreateInfo formats;
   const VkImageFormatListCreateInfo *list =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO);
   if (list) {
      formats = *list;
      formats.pNext = NULL;
      external.pNext = &formats;
   }
   const VkPhysicalDeviceImageFormatInfo2 ask = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                                 .pNext = &external,
                                                 .format = info->format,
                                                 .type = info->imageType,
                                                 .tiling = info->tiling,
                                                 .usage = info->usage,
                                                 .flags = info->flags};
   VkExternalImageFormatProperties answer = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   VkImageFormatProperties2 all = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, .pNext = &answer};
   return device->physical->instance->vk.GetPhysicalDeviceImageFormatProperties2(device->physical->handle, &ask,
                                                                                 &all) == VK_SUCCESS &&
          (answer.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT);
}

// Puts our external-memory info in the place of the guest's, whose handle types are not the host's affair on this path.
// `root` is a private copy of the create info, `ours` lives beside it.
static void say_external(const struct pv_device *device, void *root, VkExternalMemoryBufferCreateInfo *ours,
                         VkStructureType type, bool importable)
{
   VkBaseOutStructure *base = root;
   if (device->physical->gpu->path == PV_MEMORY_DMABUF)
      importable = true; // every buffer and image may meet an exportable allocation
   else
      pv_chain_drop(root, type);
   if (!importable || pv_chain_find(base->pNext, type))
      return;
   // Both external create infos have the same three members.
   *ours = (VkExternalMemoryBufferCreateInfo){.sType = type,
                                              .pNext = base->pNext,
                                              .handleTypes = device->physical->gpu->path == PV_MEMORY_DMABUF
                                                                 ? VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT
                                                                 : HOST_ALLOCATION};
   base->pNext = (VkBaseOutStructure *)ours;
}

void pv_hook_vkCreateBuffer(struct pv_exec *x, struct pv_args_vkCreateBuffer *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (!pv_exec_claim(x, 1, a->ids_pBuffer))
      return;
   struct pv_buffer *buffer = calloc(1, sizeof *buffer);
   if (pv_exec_lost(x)) {
      a->ret = VK_ERROR_DEVICE_LOST;
      if (!pv_exec_file_shadow(x, PV_OBJECT_VkBuffer, device, buffer, a->ids_pBuffer[0]))
         free(buffer);
      return;
   }
   VkBufferCreateInfo info = *a->pCreateInfo;
   VkExternalMemoryBufferCreateInfo external;
   bool importable = buffer_importable(device, &info);
   say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, importable);
   a->ret = buffer ? device->vk.CreateBuffer(a->device, &info, NULL, a->pBuffer) : VK_ERROR_OUT_OF_HOST_MEMORY;
   if (buffer)
      buffer->importable = importable;
   if (!pv_exec_file_state(x, PV_OBJECT_VkBuffer, device, buffer, a->ids_pBuffer[0], (uint64_t)a->pBuffer[0], a->ret))
      free(buffer);
   pv_exec_result(x, a->ret);
}

static void free_buffer_record(void *p)
{
   struct pv_buffer *buffer = p;
   struct pv_hostmem *pages = atomic_load(&buffer->pages);
   pv_hostmem_unref(&pages);
   free(buffer);
}

void pv_buffer_retire(struct pv_context_core *ctx, struct pv_buffer *buffer)
{
   pv_ids_retire(ctx->ids, free_buffer_record, buffer);
}

void pv_hook_vkDestroyBuffer(struct pv_exec *x, struct pv_args_vkDestroyBuffer *a)
{
   struct pv_device *device = a->device_ref.owner;
   void *buffer;
   if (pv_exec_unfile_state(x, PV_OBJECT_VkBuffer, a->buffer_ref.id, &buffer) && !pv_exec_lost(x))
      device->vk.DestroyBuffer(a->device, a->buffer, NULL);
   if (buffer)
      pv_buffer_retire(x->ctx, buffer);
}

// A driver may call an image importable and then leave no memory type for it (NVIDIA, for images that the host copies
// to): then it has to do without imported memory.
static bool no_memory_left(const struct pv_device *device, const VkImageCreateInfo *info, VkImage image)
{
   if (info->flags & VK_IMAGE_CREATE_DISJOINT_BIT)
      return false; // can only be asked per plane
   VkMemoryRequirements requirements;
   device->vk.GetImageMemoryRequirements(device->handle, image, &requirements);
   return requirements.memoryTypeBits == 0;
}

void pv_hook_vkCreateImage(struct pv_exec *x, struct pv_args_vkCreateImage *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (!pv_exec_claim(x, 1, a->ids_pImage))
      return;
   VkImageCreateInfo info = *a->pCreateInfo;
   VkExternalMemoryBufferCreateInfo external;
   bool importable = image_importable(device, &info);
   say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, importable);
   a->ret = device->vk.CreateImage(a->device, &info, NULL, a->pImage);
   if (a->ret == VK_SUCCESS && importable && no_memory_left(device, &info, a->pImage[0])) {
      device->vk.DestroyImage(a->device, a->pImage[0], NULL);
      importable = false;
      pv_chain_drop(&info, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
      a->ret = device->vk.CreateImage(a->device, &info, NULL, a->pImage);
   }
   pv_exec_file_state(x, PV_OBJECT_VkImage, device, pv_image_state(info.format, importable), a->ids_pImage[0],
                      (uint64_t)a->pImage[0], a->ret);
   pv_exec_result(x, a->ret);
}

// Memory types for something that cannot be bound to imported memory. If nothing else is left the types stay: the
// driver may be stricter in its answers than in fact, and no type at all helps nobody.
static void mask_types(const struct pv_device *device, bool importable, VkMemoryRequirements *requirements)
{
   const struct pv_gpu *gpu = device->physical->gpu;
   if (importable || gpu->path != PV_MEMORY_HOST_PTR)
      return;
   uint32_t left = requirements->memoryTypeBits & ~gpu->shareable_types;
   if (left)
      requirements->memoryTypeBits = left;
}

static bool buffer_is_importable(const struct pv_buffer *buffer)
{
   return !buffer || buffer->importable;
}

void pv_hook_vkGetBufferMemoryRequirements(struct pv_exec *x, struct pv_args_vkGetBufferMemoryRequirements *a)
{
   pv_call_vkGetBufferMemoryRequirements(x, a);
   mask_types(a->device_ref.owner, buffer_is_importable(a->buffer_ref.state), a->pMemoryRequirements);
}

void pv_hook_vkGetImageMemoryRequirements(struct pv_exec *x, struct pv_args_vkGetImageMemoryRequirements *a)
{
   pv_call_vkGetImageMemoryRequirements(x, a);
   mask_types(a->device_ref.owner, pv_image_state_importable(a->image_ref.state), a->pMemoryRequirements);
}

void pv_hook_vkGetBufferMemoryRequirements2(struct pv_exec *x, struct pv_args_vkGetBufferMemoryRequirements2 *a)
{
   pv_call_vkGetBufferMemoryRequirements2(x, a);
   mask_types(a->device_ref.owner, buffer_is_importable(x->in.kept.state), &a->pMemoryRequirements->memoryRequirements);
}

void pv_hook_vkGetImageMemoryRequirements2(struct pv_exec *x, struct pv_args_vkGetImageMemoryRequirements2 *a)
{
   pv_call_vkGetImageMemoryRequirements2(x, a);
   mask_types(a->device_ref.owner, pv_image_state_importable(x->in.kept.state),
              &a->pMemoryRequirements->memoryRequirements);
}

void pv_hook_vkGetDeviceBufferMemoryRequirements(struct pv_exec *x,
                                                 struct pv_args_vkGetDeviceBufferMemoryRequirements *a)
{
   struct pv_device *device = a->device_ref.owner;
   VkDeviceBufferMemoryRequirements ask = *a->pInfo;
   VkBufferCreateInfo info = *ask.pCreateInfo;
   VkExternalMemoryBufferCreateInfo external;
   bool importable = buffer_importable(device, &info);
   say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, importable);
   ask.pCreateInfo = &info;
   a->pInfo = &ask;
   pv_call_vkGetDeviceBufferMemoryRequirements(x, a);
   mask_types(device, importable, &a->pMemoryRequirements->memoryRequirements);
}

void pv_hook_vkGetDeviceImageMemoryRequirements(struct pv_exec *x, struct pv_args_vkGetDeviceImageMemoryRequirements *a)
{
   struct pv_device *device = a->device_ref.owner;
   VkDeviceImageMemoryRequirements ask = *a->pInfo;
   VkImageCreateInfo info = *ask.pCreateInfo;
   VkExternalMemoryBufferCreateInfo external;
   bool importable = image_importable(device, &info);
   say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, importable);
   ask.pCreateInfo = &info;
   a->pInfo = &ask;
   pv_call_vkGetDeviceImageMemoryRequirements(x, a);
   if (importable && !a->pMemoryRequirements->memoryRequirements.memoryTypeBits) { // as no_memory_left
      importable = false;
      pv_chain_drop(&info, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
      pv_call_vkGetDeviceImageMemoryRequirements(x, a);
   }
   mask_types(device, importable, &a->pMemoryRequirements->memoryRequirements);
}
