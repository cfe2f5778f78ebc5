// SPDX-License-Identifier: MIT
//
// Host: Vulkan as this machine has it. Finds the driver, looks at every GPU once and says how guests can share its
// memory. Knows nothing of guests' ids or of the wire.
#ifndef PV_HOST_HOST_H
#define PV_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/procs.gen.h"
#include <vulkan/vulkan_core.h>

// How memory that a guest maps is made.
enum pv_memory_path {
   PV_MEMORY_NONE,      // nothing can be shared: no type is shown as HOST_VISIBLE
   PV_MEMORY_DMABUF,    // allocated by the driver, exported as dma-buf
   PV_MEMORY_OPAQUE_FD, // allocated by the driver, exported as an fd that is proven to be mappable
   PV_MEMORY_HOST_PTR,  // a memfd of ours, imported with VK_EXT_external_memory_host
   PV_MEMORY_MAPPED,    // allocated and mapped by the driver: a pointer in this process, for a VMM that lives in it
};

// One GPU, looked at once at start. Immutable afterwards.
struct pv_gpu {
   VkPhysicalDeviceProperties properties;
   VkPhysicalDeviceDriverProperties driver;
   uint8_t uuid[VK_UUID_SIZE];
   uint32_t twin; // how many before it say that they are the same one (two drivers for it, drivers without UUIDs)
   VkPhysicalDeviceMemoryProperties memory;
   VkExtensionProperties *extensions; // the host's list, less what a probe found not to work
   uint32_t extension_count, extensions_listed;
   enum pv_memory_path path;
   const char *needs[4];      // extensions that a device of ours needs whatever its guest wants; NULL-terminated
   char note[160];            // why that path
   uint32_t shareable_types;  // bit per memory type: host-visible and a guest can map it
   uint64_t import_alignment; // HOST_PTR: pointers and sizes are multiples of it
   bool semaphore_sync_fd,
       fence_sync_fd; // SYNC_FD can be exported and imported (a driver may list the extension without it)
   char driver_text[VK_MAX_DRIVER_NAME_SIZE + VK_MAX_DRIVER_INFO_SIZE + 2];
};

// Provisional, so not in vulkan_core.h: a device that has it must be created with it.
#define PV_PORTABILITY_SUBSET "VK_KHR_portability_subset"

struct pv_host {
   void *library;
   PFN_vkGetInstanceProcAddr get_instance_proc;
   struct pv_global_procs vk;
   uint32_t api_version; // of instances we make: the loader's, at most our registry's
   bool portability;     // drivers that are not quite Vulkan are shown only if asked for (macOS)
   struct pv_gpu *gpus;  // the chosen ones
   uint32_t gpu_count;
};

// Loads `driver` (a path; NULL: the system's loader), looks at the GPUs and keeps those `choice` names (indices, a UUID
// or part of a name; NULL: all). Venus devices are left out: a renderer must not run on itself. Blocks for as long as
// the driver takes. On failure one log line says why; -ENOENT, -EINVAL, -ENODEV, -ENOMEM. `in_process`: the driver's
// own mappings will do for guests (PV_MEMORY_MAPPED). `mask` (NULL: $PEARVISOR_RESTRICT, if set) names a driver
// restriction, see mask.h; -EINVAL if there is none like it.
int pv_host_open(struct pv_host *host, const char *driver, const char *choice, const char *mask, bool in_process);
void pv_host_close(struct pv_host *host);

// Makes an instance of the host's for `app`, whose API version is replaced by ours. Without layers or extensions, but
// for the one without which some drivers stay hidden.
VkResult pv_host_make_instance(const struct pv_host *host, const VkApplicationInfo *app, VkInstance *instance,
                               struct pv_instance_procs *vk);

// Which of our GPUs each of an instance's physical devices is, all of them in the driver's order; NULL: none of ours.
void pv_host_match(const struct pv_host *host, const struct pv_instance_procs *vk, const VkPhysicalDevice *devices,
                   uint32_t count, const struct pv_gpu **out);

// True if the GPU's list (host.h's cleaned one) has the extension.
bool pv_gpu_has(const struct pv_gpu *gpu, const char *extension);

// Finds a structure in a pNext chain, or NULL.
void *pv_chain_find(const void *chain, VkStructureType type);
// Takes every structure of that type out of the chain that starts at root->pNext. True if there was one.
bool pv_chain_drop(void *root, VkStructureType type);

// Looks for a way to share this GPU's memory, proves it on a device of its own and fills path, needs, note,
// shareable_types and import_alignment (probe.c). Extensions that turn out not to work are taken off the list.
void pv_gpu_probe_memory(struct pv_gpu *gpu, const struct pv_instance_procs *vk, VkPhysicalDevice device,
                         bool in_process);

// True if the driver allocates shared memory and hands out an fd of it.
static inline bool pv_gpu_exports(const struct pv_gpu *gpu)
{
   return gpu->path == PV_MEMORY_DMABUF || gpu->path == PV_MEMORY_OPAQUE_FD;
}

// A device, or an instance, that must not end before all of its users have: its guest, and whoever has memory of it
// mapped. Counted; thread-safe.
struct pv_hold;
// Both take over what they hold, also on failure (NULL: it is destroyed).
struct pv_hold *pv_hold_instance(VkInstance instance, const struct pv_instance_procs *vk);
struct pv_hold *pv_hold_device(struct pv_hold *instance, VkDevice device, const struct pv_device_procs *vk);
void pv_hold_unref(struct pv_hold **hold);
// The driver is lost and must not be called any more: whatever is held leaks.
void pv_hold_abandon(struct pv_hold *hold);

// Memory that guests can map: pages of ours (HOST_PTR), an fd of the driver's, or the driver's own mapping (MAPPED).
// Shared by the VkDeviceMemory and by blobs.
struct pv_hostmem {
   uint64_t size;
   void *base; // a mapping in this process; NULL for an fd of the driver's
   int fd;     // -1: none (MAPPED)
   _Atomic uint32_t refs;
   struct pv_hold *device; // MAPPED: where `memory` came from
   VkDeviceMemory memory;
};
// A zeroed memfd of at least `size` bytes, mapped, sized to a multiple of `alignment`. One reference. 0 or -errno.
int pv_hostmem_create(uint64_t size, uint64_t alignment, struct pv_hostmem **out);
// Wraps an fd that was exported (taken over). 0 or -errno.
int pv_hostmem_wrap(int fd, uint64_t size, struct pv_hostmem **out);
// Takes over memory of `device` that is mapped at `base`: the last reference frees it. 0 or -errno.
int pv_hostmem_adopt(struct pv_hold *device, VkDeviceMemory memory, void *base, uint64_t size, struct pv_hostmem **out);
struct pv_hostmem *pv_hostmem_ref(struct pv_hostmem *memory);
void pv_hostmem_unref(struct pv_hostmem **memory);

#endif
