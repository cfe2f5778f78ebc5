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
   PV_MEMORY_NONE,     // nothing can be shared: no type is shown as HOST_VISIBLE
   PV_MEMORY_DMABUF,   // allocated by the driver, exported as dma-buf
   PV_MEMORY_HOST_PTR, // a memfd of ours, imported with VK_EXT_external_memory_host
};

// One GPU, looked at once at start. Immutable afterwards.
struct pv_gpu {
   VkPhysicalDeviceProperties properties;
   VkPhysicalDeviceDriverProperties driver;
   uint8_t uuid[VK_UUID_SIZE];
   VkPhysicalDeviceMemoryProperties memory;
   VkExtensionProperties *extensions; // the host's list, less what a probe found not to work
   uint32_t extension_count, extensions_listed;
   enum pv_memory_path path;
   char note[160];            // why that path
   uint32_t shareable_types;  // bit per memory type: host-visible and a guest can map it
   uint64_t import_alignment; // HOST_PTR: pointers and sizes are multiples of it
   bool semaphore_sync_fd,
       fence_sync_fd; // SYNC_FD can be exported and imported (a driver may list the extension without it)
   char driver_text[VK_MAX_DRIVER_NAME_SIZE + VK_MAX_DRIVER_INFO_SIZE + 2];
};

struct pv_host {
   void *library;
   PFN_vkGetInstanceProcAddr get_instance_proc;
   struct pv_global_procs vk;
   uint32_t api_version; // of instances we make: the loader's, at most our registry's
   struct pv_gpu *gpus;  // the chosen ones
   uint32_t gpu_count;
};

// Loads `driver` (a path; NULL: the system's loader), looks at the GPUs and keeps those `choice` names (index, UUID or
// part of a name; NULL: all). Venus devices are left out: a renderer must not run on itself. Blocks for as long as the
// driver takes. On failure one log line says why; -ENOENT, -ENOTUNIQ, -ENODEV, -ENOMEM.
int pv_host_open(struct pv_host *host, const char *driver, const char *choice);
void pv_host_close(struct pv_host *host);

// Which of our GPUs a physical device of some instance is, or NULL.
const struct pv_gpu *pv_host_gpu_of(const struct pv_host *host, const struct pv_instance_procs *vk,
                                    VkPhysicalDevice device);

// True if the GPU's list (host.h's cleaned one) has the extension.
bool pv_gpu_has(const struct pv_gpu *gpu, const char *extension);

// Finds a structure in a pNext chain, or NULL.
void *pv_chain_find(const void *chain, VkStructureType type);
// Takes every structure of that type out of the chain that starts at root->pNext. True if there was one.
bool pv_chain_drop(void *root, VkStructureType type);

// Looks for a way to share this GPU's memory, proves it on a device of its own and fills path, note, shareable_types
// and import_alignment (mem.c). Extensions that turn out not to work are taken off the list.
void pv_gpu_probe_memory(struct pv_gpu *gpu, const struct pv_instance_procs *vk, VkPhysicalDevice device);

// Memory of ours behind a HOST_PTR allocation, or an fd behind a DMABUF one. Shared by the VkDeviceMemory and by blobs.
struct pv_hostmem {
   uint64_t size;
   void *base; // our mapping; NULL for dma-buf
   int fd;
   _Atomic uint32_t refs;
};
// A zeroed memfd of at least `size` bytes, mapped, sized to a multiple of `alignment`. One reference. 0 or -errno.
int pv_hostmem_create(uint64_t size, uint64_t alignment, struct pv_hostmem **out);
// Wraps an fd that was exported (taken over). 0 or -errno.
int pv_hostmem_wrap(int fd, uint64_t size, struct pv_hostmem **out);
struct pv_hostmem *pv_hostmem_ref(struct pv_hostmem *memory);
void pv_hostmem_unref(struct pv_hostmem **memory);

#endif
