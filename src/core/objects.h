// SPDX-License-Identifier: MIT
//
// The core's records of the few Vulkan objects that have state to keep. Everything else is only an entry in the id
// table.
#ifndef PV_CORE_OBJECTS_H
#define PV_CORE_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/host.h"
#include "host/procs.gen.h"
#include <vulkan/vulkan_core.h>

struct pv_context_core;

#define PV_MAX_GPUS 16u

// What pv_object.owner points to: the beginning of a struct pv_instance or pv_device.
struct pv_owner {
   atomic_bool dying; // its teardown has begun: nothing may be filed under it any more
};

struct pv_physical_device {
   struct pv_instance *instance;
   VkPhysicalDevice handle;
   const struct pv_gpu *gpu;
   const struct pv_gpu_view *view;
   _Atomic uint64_t id; // what the guest calls it; 0 until it was enumerated
};

struct pv_instance {
   struct pv_owner owner; // first
   struct pv_instance_procs vk;
   struct pv_context_core *ctx;
   VkInstance handle;
   uint64_t id;
   struct pv_physical_device devices[PV_MAX_GPUS];
   uint32_t device_count;
};

// A VkQueue. The lock serialises host calls on it, since rings of one guest may share it.
struct pv_queue {
   struct pv_device *device;
   VkQueue handle;
   uint32_t family, index;
   VkDeviceQueueCreateFlags flags;
   pthread_mutex_t lock;
};

struct pv_device {
   struct pv_owner owner; // first
   struct pv_device_procs vk;
   struct pv_context_core *ctx;
   struct pv_physical_device *physical;
   VkDevice handle;
   uint64_t id;
   struct pv_queue *queues; // every queue the guest asked for
   uint32_t queue_count;
   bool has_semaphore_fd, has_fence_fd; // the host has them, so SYNC_FD needs no emulation
};

// A VkDeviceMemory. What a guest maps is `shared`, which blobs outlive.
struct pv_memory {
   struct pv_device *device;
   uint64_t size;
   uint32_t map_info;         // virtio-gpu: 1 cached, 3 write-combined
   struct pv_hostmem *shared; // NULL: cannot be shared
   atomic_bool exported;      // a blob was made of it (once at most)
};

// A VkBuffer: where its bytes are, if a guest can see them (feedback.c).
struct pv_buffer {
   bool importable;                    // the host can bind it to imported memory
   _Atomic(struct pv_hostmem *) pages; // a reference; set once, when it is bound
   uint64_t offset;
};

// Something a command buffer writes for its guest to see when it has run: see feedback.c.
enum pv_mark_kind { PV_MARK_FILL, PV_MARK_COPY, PV_MARK_QUERY };
struct pv_write_mark {
   enum pv_mark_kind kind;
   uint64_t to, to_offset;     // a buffer's id
   uint64_t from, from_offset; // COPY
   uint64_t stride;            // QUERY
   uint32_t value;             // FILL: the word; QUERY: how many
};
#define PV_MARKS 4u

// A command or descriptor pool and what was allocated from it. All under the context's pool lock.
struct pv_child {
   struct pv_pool *pool;
   uint64_t id;
   uint32_t index; // in pool->children
   struct pv_child *next_free;
   uint32_t mark_count; // command buffers
   struct pv_write_mark marks[PV_MARKS];
};
struct pv_pool {
   bool dead; // destroyed while another ring still held it
   uint32_t count, capacity;
   struct pv_child **children;
   struct pv_child *free_children;
};

// Images keep so little that it fits the state pointer itself: bit 0, that the host cannot bind them to imported
// memory; above it the format.
static inline void *pv_image_state(VkFormat format, bool importable)
{
   return (void *)((uintptr_t)(uint32_t)format << 1 | !importable);
}
static inline bool pv_image_state_importable(const void *state)
{
   return !((uintptr_t)state & 1);
}
static inline VkFormat pv_image_state_format(const void *state)
{
   return (VkFormat)((uintptr_t)state >> 1);
}

#endif
