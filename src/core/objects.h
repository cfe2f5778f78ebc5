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
struct pv_charge;

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
   _Atomic uint64_t heap_used[VK_MAX_MEMORY_HEAPS]; // bytes that this context has allocated
};

struct pv_instance {
   struct pv_owner owner; // first
   struct pv_instance_procs vk;
   struct pv_context_core *ctx;
   struct pv_hold *hold; // ends the handle
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

// A vkQueueWaitIdle or vkDeviceWaitIdle under way: fences of ours on the queues it waits for. The device keeps it, since
// a ring may be destroyed in the middle of the wait, while the host still uses the fences.
struct pv_idle {
   uint32_t decoder; // whose wait it is: pv_decoder.index, which is never used again
   uint32_t count;
   VkResult result; // of making them
   struct pv_idle *next;
   VkFence fences[];
};

struct pv_device {
   struct pv_owner owner; // first
   struct pv_device_procs vk;
   struct pv_context_core *ctx;
   struct pv_physical_device *physical;
   struct pv_hold *hold; // ends the handle
   VkDevice handle;
   uint64_t id;
   struct pv_queue *queues; // every queue the guest asked for
   uint32_t queue_count;
   pthread_mutex_t idle_lock;
   struct pv_idle *idles;
   bool has_semaphore_fd, has_fence_fd; // the host has them, so SYNC_FD needs no emulation
};

// What one vkAllocateMemory has to have in common with another for the one's memory to do for the other.
struct pv_memory_kind {
   uint32_t type;
   VkMemoryAllocateFlags flags;
   bool reusable; // nothing else was asked for
};

// A VkDeviceMemory. What a guest maps is `shared`, which blobs outlive.
struct pv_memory {
   struct pv_device *device;
   uint64_t size;
   uint32_t map_info;         // virtio-gpu: 1 cached, 3 write-combined
   struct pv_memory_kind kind;
   _Atomic(struct pv_charge *) charge; // NULL: moved to the pool (mempool.h), or given back
   struct pv_hostmem *shared; // NULL: cannot be shared
   atomic_bool exported;      // a blob was made of it (once at most)
   _Atomic uint64_t *heap;    // where its size is counted, in pv_physical_device.heap_used; NULL: nowhere
};

// How a buffer or image may be bound.
struct pv_binding {
   bool importable; // to memory that guests can map
   bool shared;     // and to no other: the guest means to export it
};

// A VkBuffer: where its bytes are, if a guest can see them (feedback.c).
struct pv_buffer {
   struct pv_binding binding;
   _Atomic(struct pv_hostmem *) pages; // a reference; set once, when it is bound
   uint64_t offset;
   uint32_t lent; // promise.c; under the pool lock
};

// Something a command buffer writes for its guest to see when it has run: see feedback.c.
enum pv_mark_kind { PV_MARK_FILL, PV_MARK_COPY, PV_MARK_QUERY };
struct pv_write_mark {
   enum pv_mark_kind kind;
   uint64_t to, to_offset;     // a buffer's id
   uint64_t from, from_offset; // COPY
   uint64_t stride;            // QUERY
   uint32_t value;             // FILL: the word; QUERY: how many
   uint32_t promise;           // promise.c
};
#define PV_MARKS 4u

// A command or descriptor pool and what was allocated from it. All under the context's pool lock.
struct pv_child {
   struct pv_pool *pool;
   uint64_t id;
   uint32_t index; // in pool->children
   struct pv_child *next_free;
   uint32_t dynamic;    // descriptor sets: how many dynamic descriptors
   uint32_t mark_count; // command buffers
   struct pv_write_mark marks[PV_MARKS];
};
struct pv_pool {
   bool dead; // destroyed while another ring still held it
   uint32_t count, capacity;
   struct pv_child **children;
   struct pv_child *free_children;
};

// Images keep so little that it fits the state pointer itself: two bits say how they may be bound, above them is the
// format.
static inline void *pv_image_state(VkFormat format, struct pv_binding binding)
{
   return (void *)((uintptr_t)(uint32_t)format << 2 | (uintptr_t)binding.shared << 1 | !binding.importable);
}
static inline struct pv_binding pv_image_state_binding(const void *state)
{
   return (struct pv_binding){.importable = !((uintptr_t)state & 1), .shared = (uintptr_t)state >> 1 & 1};
}
static inline VkFormat pv_image_state_format(const void *state)
{
   return (VkFormat)((uintptr_t)state >> 2);
}

// Counts that hook_counts.c compares, in the state pointer too. Which of them an object has, its type says.
struct pv_counts {
   uint32_t attachments; // render passes, framebuffers
   uint32_t dynamic;     // set layouts and pipeline layouts: dynamic descriptors
   uint32_t clears;      // render passes: clear values it reads
   bool imageless;       // framebuffers
};
static inline void *pv_counts_state(struct pv_counts counts)
{
   // No pass has 2^31 attachments: they would not fit a command.
   uint64_t high = (uint64_t)(counts.clears & 0x7fffffff) << 32 | (uint64_t)counts.imageless << 63;
   return (void *)(uintptr_t)(high | (counts.attachments ? counts.attachments : counts.dynamic));
}
static inline struct pv_counts pv_state_counts(const void *state)
{
   uint64_t all = (uintptr_t)state;
   return (struct pv_counts){.attachments = (uint32_t)all,
                             .dynamic = (uint32_t)all,
                             .clears = (uint32_t)(all >> 32) & 0x7fffffff,
                             .imageless = all >> 63};
}
_Static_assert(sizeof(uintptr_t) == 8, "two counts fit a pointer");

#endif
