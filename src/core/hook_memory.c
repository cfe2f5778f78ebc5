// SPDX-License-Identifier: MIT
//
// Device memory that guests can map, and the buffers and images that are bound to it (design decision 4).
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/context.h"
#include "core/hooks.gen.h"
#include "core/sharing.h"

#define HOST_ALLOCATION VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT

static void free_memory_record(void *p)
{
   struct pv_memory *memory = p;
   pv_hostmem_unref(&memory->shared);
   free(memory);
}

void pv_memory_retire(struct pv_context_core *ctx, struct pv_memory *memory)
{
   struct pv_charge *charge = atomic_exchange(&memory->charge, NULL);
   pv_charge_drop(&charge);
   if (memory->heap)
      atomic_fetch_sub_explicit(memory->heap, memory->size, memory_order_relaxed);
   if (memory->shared && memory->shared->device && atomic_load(&ctx->was_lost))
      pv_hold_abandon(memory->shared->device);
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
   push(&alloc->info, &alloc->host_pointer);
}

static VkResult import_fd(struct allocation *alloc, const struct pv_gpu *gpu, const struct pv_hostmem *shared)
{
   int fd = pv_fd_dup(shared->fd);
   if (fd < 0)
      return VK_ERROR_TOO_MANY_OBJECTS;
   alloc->fd = (VkImportMemoryFdInfoKHR){
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, .handleType = pv_share_handle(gpu), .fd = fd};
   push(&alloc->info, &alloc->fd);
   return VK_SUCCESS;
}

// The memory behind a resource, for VkImportMemoryResourceInfoMESA. VK_SUCCESS: *shared is a reference.
static VkResult import_resource(struct pv_exec *x, const struct pv_gpu *gpu, uint32_t id, struct allocation *alloc,
                                struct pv_hostmem **shared)
{
   struct pv_resource *resource = pv_resource_find(x->ctx, id);
   if (!resource) {
      pv_exec_fatal(x, "no such resource", id);
      return VK_ERROR_INVALID_EXTERNAL_HANDLE;
   }
   VkResult result = VK_ERROR_INVALID_EXTERNAL_HANDLE;
   const struct pv_hostmem *memory = resource->plain ? NULL : resource->memory;
   if (memory && gpu->path == PV_MEMORY_HOST_PTR && memory->base && memory->size % gpu->import_alignment == 0) {
      import_pages(alloc, memory);
      result = VK_SUCCESS;
   } else if (memory && pv_gpu_exports(gpu)) {
      result = import_fd(alloc, gpu, memory);
   }
   if (result == VK_SUCCESS)
      *shared = pv_hostmem_ref(resource->memory);
   pv_resource_unref(&resource);
   return result;
}

// What of the guest's chain is for us comes off; returns the resource to import, 0: none.
static uint32_t strip(const struct pv_gpu *gpu, VkMemoryAllocateInfo *info)
{
   const VkImportMemoryResourceInfoMESA *import =
       pv_chain_find(info->pNext, (VkStructureType)VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA);
   uint32_t id = import ? import->resourceId : 0;
   pv_chain_drop(info, (VkStructureType)VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA);
   pv_chain_drop(info, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
   if (gpu->path == PV_MEMORY_HOST_PTR && (id || gpu->shareable_types >> info->memoryTypeIndex & 1))
      pv_chain_drop(info, VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO); // ours is never the driver's own
   return id;
}

static struct pv_memory_kind kind_of(const VkMemoryAllocateInfo *stripped)
{
   const VkBaseInStructure *link = stripped->pNext;
   const VkMemoryAllocateFlagsInfo *flags =
       link && link->sType == VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO && !link->pNext ? (const void *)link : NULL;
   return (struct pv_memory_kind){.type = stripped->memoryTypeIndex,
                                  .flags = flags ? flags->flags : 0,
                                  .reusable = !link || (flags && !(flags->flags & VK_MEMORY_ALLOCATE_DEVICE_MASK_BIT))};
}

// Makes what the guest maps of memory that the driver has allocated.
static VkResult share(struct pv_device *device, VkDeviceMemory handle, struct pv_memory *memory)
{
   const struct pv_gpu *gpu = device->physical->gpu;
   if (gpu->path == PV_MEMORY_MAPPED) {
      void *base;
      VkResult result = device->vk.MapMemory(device->handle, handle, 0, VK_WHOLE_SIZE, 0, &base);
      if (result == VK_SUCCESS && pv_hostmem_adopt(device->hold, handle, base, memory->size, &memory->shared))
         result = VK_ERROR_OUT_OF_HOST_MEMORY;
      return result;
   }
   const VkMemoryGetFdInfoKHR get = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, .memory = handle, .handleType = pv_share_handle(gpu)};
   int fd = -1;
   VkResult result = device->vk.GetMemoryFdKHR(device->handle, &get, &fd);
   if (result == VK_SUCCESS && pv_hostmem_wrap(fd, memory->size, &memory->shared)) {
      close(fd);
      result = VK_ERROR_OUT_OF_HOST_MEMORY;
   }
   return result;
}

// Makes memory that the guest can map, or plain memory for types it cannot.
static VkResult allocate(struct pv_exec *x, struct allocation *alloc, uint32_t import, struct pv_memory *memory,
                         VkDeviceMemory *handle)
{
   struct pv_device *device = memory->device;
   const struct pv_gpu *gpu = device->physical->gpu;
   bool shared = gpu->shareable_types >> memory->kind.type & 1;
   VkResult result = VK_SUCCESS;
   if (import) {
      result = import_resource(x, gpu, import, alloc, &memory->shared);
   } else if (shared && gpu->path == PV_MEMORY_HOST_PTR) {
      if (pv_hostmem_create(memory->size, gpu->import_alignment, &memory->shared))
         return VK_ERROR_OUT_OF_DEVICE_MEMORY;
      import_pages(alloc, memory->shared);
   } else if (shared && pv_gpu_exports(gpu)) {
      alloc->export_info = (VkExportMemoryAllocateInfo){.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                                        .handleTypes = (VkFlags)pv_share_handle(gpu)};
      push(&alloc->info, &alloc->export_info);
   }
   if (result == VK_SUCCESS)
      result = device->vk.AllocateMemory(device->handle, &alloc->info, NULL, handle);
   if (result != VK_SUCCESS) {
      if (alloc->fd.fd >= 0)
         close(alloc->fd.fd); // the driver takes it over only if it succeeds
   } else if (shared && !memory->shared && (result = share(device, *handle, memory)) != VK_SUCCESS) {
      device->vk.FreeMemory(device->handle, *handle, NULL);
   }
   if (result != VK_SUCCESS)
      pv_hostmem_unref(&memory->shared);
   return result;
}

static bool out_of_memory(VkResult result)
{
   return result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

// Counts and makes the memory that `asked` describes, or takes it from the pool. `memory` has device and size.
static VkResult obtain(struct pv_exec *x, const VkMemoryAllocateInfo *asked, struct pv_memory *memory,
                       VkDeviceMemory *handle)
{
   const struct pv_gpu *gpu = memory->device->physical->gpu;
   const VkMemoryType *type = &gpu->memory.memoryTypes[asked->memoryTypeIndex];
   VkMemoryAllocateInfo info = *asked;
   // What a guest exports may be in use elsewhere, by a descriptor we know nothing of, long after it was freed here.
   const VkExportMemoryAllocateInfo *export_info =
       pv_chain_find(info.pNext, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
   bool exports = export_info && export_info->handleTypes;
   uint32_t import = strip(gpu, &info);
   bool cached = gpu->path == PV_MEMORY_HOST_PTR || (type->propertyFlags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
   memory->map_info = cached ? 1 : 3;
   memory->kind = kind_of(&info);
   memory->kind.reusable &= !import && !exports;
   if (memory->kind.reusable && (*handle = pv_mempool_take(x->ctx, memory)))
      return VK_SUCCESS;
   struct pv_charge *charge = pv_charge_make(x->ctx, memory->size);
   if (!charge)
      return VK_ERROR_OUT_OF_DEVICE_MEMORY;
   VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
   for (int attempt = 0; attempt < 2 && out_of_memory(result); attempt++) {
      struct allocation alloc = {.info = info, .fd.fd = -1};
      if (attempt)
         pv_mempool_drain(x->ctx, NULL, UINT64_MAX);
      result = allocate(x, &alloc, import, memory, handle);
   }
   if (out_of_memory(result))
      pv_shortage_note(x->ctx, memory->size, false);
   if (result == VK_SUCCESS)
      atomic_store(&memory->charge, charge);
   else
      pv_charge_drop(&charge);
   return result;
}

// Memory of a lost device: pages without a VkDeviceMemory, for the guest to map. Its driver still looks into them.
static void shadow_memory(struct pv_exec *x, struct pv_device *device, uint64_t size, uint64_t id)
{
   struct pv_charge *charge = pv_charge_make(x->ctx, size);
   struct pv_memory *memory = charge ? calloc(1, sizeof *memory) : NULL;
   if (memory) {
      memory->device = device;
      memory->size = size;
      memory->map_info = 1;
      atomic_store(&memory->charge, charge);
      if (pv_hostmem_create(size, 1, &memory->shared))
         memory->shared = NULL;
   } else {
      pv_charge_drop(&charge);
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
   uint32_t heap =
       info->memoryTypeIndex < types->memoryTypeCount ? types->memoryTypes[info->memoryTypeIndex].heapIndex : 0;
   VkDeviceMemory handle = VK_NULL_HANDLE;
   struct pv_memory *memory = calloc(1, sizeof *memory);
   a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
   if (memory && info->memoryTypeIndex >= types->memoryTypeCount) {
      a->ret = VK_ERROR_UNKNOWN;
   } else if (memory && info->allocationSize > types->memoryHeaps[heap].size) {
      a->ret = VK_ERROR_OUT_OF_DEVICE_MEMORY;
      pv_shortage_note(x->ctx, info->allocationSize, false);
   } else if (memory) {
      memory->device = device;
      memory->size = info->allocationSize;
      a->ret = obtain(x, info, memory, &handle);
   }
   if (a->ret != VK_SUCCESS) {
      free(memory);
      memory = NULL;
      handle = VK_NULL_HANDLE;
      if (x->state != PV_EXEC_RUN)
         return;
   } else {
      memory->heap = &device->physical->heap_used[heap];
      atomic_fetch_add_explicit(memory->heap, memory->size, memory_order_relaxed);
   }
   if (!pv_exec_file_state(x, PV_OBJECT_VkDeviceMemory, device, memory, a->ids_pMemory[0], (uint64_t)handle, a->ret) &&
       memory)
      pv_memory_retire(x->ctx, memory);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkFreeMemory(struct pv_exec *x, struct pv_args_vkFreeMemory *a)
{
   struct pv_device *device = a->device_ref.owner;
   void *state;
   bool alive = pv_exec_unfile_state(x, PV_OBJECT_VkDeviceMemory, a->memory_ref.id, &state) && !pv_exec_lost(x);
   struct pv_memory *memory = state;
   // What is mapped in this process ends with the last who shows it to somebody (pv_hostmem_unref).
   if (alive && memory && !pv_mempool_put(x->ctx, memory, a->memory) && !(memory->shared && memory->shared->device))
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
   } else if (resource->memory && !resource->plain && gpu->path == PV_MEMORY_OPAQUE_FD) {
      a->pMemoryResourceProperties->memoryTypeBits = gpu->shareable_types; // the driver does not tell of such fds
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

VkExternalMemoryHandleTypeFlagBits pv_share_handle(const struct pv_gpu *gpu)
{
   switch (gpu->path) {
   case PV_MEMORY_DMABUF:
      return VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
   case PV_MEMORY_OPAQUE_FD:
      return VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
   case PV_MEMORY_HOST_PTR:
      return HOST_ALLOCATION;
   default:
      return (VkExternalMemoryHandleTypeFlagBits)0;
   }
}

bool pv_say_external(const struct pv_device *device, void *root, VkExternalMemoryBufferCreateInfo *ours,
                     VkStructureType type, bool importable)
{
   VkBaseOutStructure *base = root;
   // Both external create infos have the same three members.
   const VkExternalMemoryBufferCreateInfo *guests = pv_chain_find(base->pNext, type);
   bool shared = guests && guests->handleTypes;
   if (pv_gpu_exports(device->physical->gpu))
      importable = true; // every buffer and image may meet an exportable allocation
   else
      pv_chain_drop(root, type);
   if (importable && !pv_chain_find(base->pNext, type)) {
      *ours = (VkExternalMemoryBufferCreateInfo){
         .sType = type, .pNext = base->pNext, .handleTypes = (VkFlags)pv_share_handle(device->physical->gpu)};
      base->pNext = (VkBaseOutStructure *)ours;
   }
   return shared;
}

// If nothing else is left the types stay: the driver may be stricter in its answers than in fact, and no type at all
// helps nobody.
void pv_mask_types(const struct pv_device *device, struct pv_binding binding, VkMemoryRequirements *requirements)
{
   const struct pv_gpu *gpu = device->physical->gpu;
   if (gpu->path != PV_MEMORY_HOST_PTR || (binding.importable && !binding.shared))
      return;
   uint32_t allowed = binding.importable ? gpu->shareable_types : ~gpu->shareable_types;
   if (requirements->memoryTypeBits & allowed)
      requirements->memoryTypeBits &= allowed;
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
   struct pv_binding binding = {.importable = buffer_importable(device, &info)};
   binding.shared = pv_say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                    binding.importable);
   a->ret = buffer ? device->vk.CreateBuffer(a->device, &info, NULL, a->pBuffer) : VK_ERROR_OUT_OF_HOST_MEMORY;
   if (buffer)
      buffer->binding = binding;
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
   pv_promise_revoke(ctx, buffer);
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

static struct pv_binding buffer_binding(const struct pv_buffer *buffer)
{
   return buffer ? buffer->binding : (struct pv_binding){.importable = true};
}

void pv_hook_vkGetBufferMemoryRequirements(struct pv_exec *x, struct pv_args_vkGetBufferMemoryRequirements *a)
{
   pv_call_vkGetBufferMemoryRequirements(x, a);
   pv_mask_types(a->device_ref.owner, buffer_binding(a->buffer_ref.state), a->pMemoryRequirements);
}

void pv_hook_vkGetBufferMemoryRequirements2(struct pv_exec *x, struct pv_args_vkGetBufferMemoryRequirements2 *a)
{
   pv_call_vkGetBufferMemoryRequirements2(x, a);
   pv_mask_types(a->device_ref.owner, buffer_binding(x->in.kept.state), &a->pMemoryRequirements->memoryRequirements);
}

void pv_hook_vkGetDeviceBufferMemoryRequirements(struct pv_exec *x,
                                                 struct pv_args_vkGetDeviceBufferMemoryRequirements *a)
{
   struct pv_device *device = a->device_ref.owner;
   VkDeviceBufferMemoryRequirements ask = *a->pInfo;
   VkBufferCreateInfo info = *ask.pCreateInfo;
   VkExternalMemoryBufferCreateInfo external;
   struct pv_binding binding = {.importable = buffer_importable(device, &info)};
   binding.shared = pv_say_external(device, &info, &external, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                    binding.importable);
   ask.pCreateInfo = &info;
   a->pInfo = &ask;
   pv_call_vkGetDeviceBufferMemoryRequirements(x, a);
   pv_mask_types(device, binding, &a->pMemoryRequirements->memoryRequirements);
}
