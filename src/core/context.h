// SPDX-License-Identifier: MIT
//
// What one guest has: its decoders (the virtqueue's and one per ring), resources, timelines and budget.
//
// Locks, in the order they may be taken: a timeline's lock, ctx->pool_lock, the id table's own, ctx->lock (rings,
// resources), a queue's lock. None of them is taken to record, draw or look up.
#ifndef PV_CORE_CONTEXT_H
#define PV_CORE_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/idtable.h"
#include "base/os.h"
#include "core/exec.h"
#include "core/mempool.h"
#include "core/objects.h"
#include "core/renderer.h"
#include "ring/ring.h"

// VK_MESA_venus_protocol: 3 brought host image copies and Vulkan 1.4, 4 the descriptor heap's helpers.
#ifdef VK_EXT_descriptor_heap
#define PV_VENUS_SPEC_VERSION 4u
#else
#define PV_VENUS_SPEC_VERSION 3u
#endif

// Shared memory known by a resource id. Counted: rings, decoders and the table hold references.
struct pv_resource {
   uint32_t id;
   uint8_t *base; // NULL: not mapped here
   uint64_t size;
   int fd;                    // -1: none of its own
   bool plain;                // shared memory for rings and streams (not device memory)
   struct pv_hostmem *memory; // what keeps base and fd alive; NULL: the caller's memory
   uint32_t map_info;
   struct pv_charge *charge; // NULL: the caller's memory
   atomic_bool gone;         // detached; pairs with the checks in pv_decoder_resource and pv_decoder_hold
   _Atomic uint32_t refs;
   struct pv_resource *next;
};

struct pv_stream_desc {
   uint32_t resource;
   uint64_t offset, size;
   bool seek;
   uint64_t reply_position;
};

// The streams of the vkExecuteCommandStreamsMESA a decoder is in the middle of.
struct pv_nested {
   bool active;
   struct pv_stream_desc *list; // grow-only
   uint32_t count, capacity, index;
   uint8_t *bytes; // private copy of the current stream, grow-only
   uint64_t size, room, at;
   uint64_t outer; // bytes of the Execute itself
};

struct pv_command_counter {
   _Atomic uint64_t count;           // written by one decoder, read by anyone, as the next two
   _Atomic uint64_t timed, timed_ns; // commands that those timed stand for, and what they come to
   uint64_t timed_next;              // the decoder's own: how many come before the next that is timed
};

struct pv_decoder {
   struct pv_context_core *ctx;
   struct pv_ring *ring; // NULL: the virtqueue path
   uint64_t key;         // the guest's name of the ring
   uint32_t index;       // 0: the virtqueue path, n: the n-th ring made
   uint64_t captured;    // number of the command that was recorded last
   struct pv_resource *ring_resource;
   struct pv_exec exec; // the command at hand
   struct pv_arena arena;
   struct pv_ids_reader reader;
   struct pv_ids_memo memos[PV_READER_MEMOS];
   struct pv_resource *reply; // NULL: no window
   uint64_t reply_offset, reply_size, reply_cursor;
   uint32_t reply_told;        // id of the resource that a PV_WILL_REPLIES names; 0: none
   struct pv_resource *stream; // the one last executed from, kept as a cache
   _Atomic(struct pv_resource
               *) using; // whose memory is being read or written; pairs with wait_for_users in resource.c
   struct pv_nested nested;
   uint64_t offset;         // bytes executed so far, for the log
   _Atomic uint64_t *note;  // what is being executed, for others to read (see pv_note_make)
   _Atomic uint64_t unread; // where nobody does
   uint64_t wait_deadline;  // of the command that waits; 0: none does
   _Atomic uint64_t virtqueue_seqno;
   struct pv_gate gate; // woken when virtqueue_seqno moved or the context changed
   _Atomic uint64_t commands, bytes, replies;
   struct pv_command_counter counters[PV_CMD_LIMIT];
   struct pv_decoder *next;
};

struct pv_pending_fence {
   uint64_t fence_id;
   VkFence fence;  // VK_NULL_HANDLE: retire at once
   bool signalled; // the host said so: the fence is not in use any more
   struct pv_pending_fence *next;
};

// ring_idx 1..63: fences on one VkQueue, retired in order.
struct pv_timeline {
   struct pv_queue *queue; // NULL: unbound
   struct pv_pending_fence *first, **last;
   VkFence *spare;
   uint32_t spare_count, spare_capacity;
   pthread_t thread;
   bool threaded, stop;
   pthread_mutex_t lock;
   struct pv_gate gate;
};

// Bytes submitted over the virtqueue path that a polled context has not executed yet.
struct pv_mark {
   uint64_t at; // retire when this many bytes of all submitted are done
   uint32_t ring_idx;
   uint64_t fence_id;
};
struct pv_backlog {
   uint8_t *bytes;
   uint64_t size, room, at;  // [at, size) is still to do
   uint64_t submitted, done; // bytes ever
   struct pv_mark *marks;
   uint32_t mark_count, mark_room;
};

struct pv_context_core {
   struct pv_core *core;
   char *name;
   void (*fence_retired)(void *, uint32_t, uint64_t);
   void *user;
   struct pv_ids *ids;
   _Atomic int state;    // enum pv_context_state; only goes up
   atomic_bool was_lost; // stays set when the context goes from lost to over: its driver is never called again
   atomic_bool unasked;  // a command has failed that its guest takes for done; the log says so once
   pthread_mutex_t lock, pool_lock;
   struct pv_instance *instance; // set by vkCreateInstance
   atomic_bool has_instance;     // claimed by a vkCreateInstance, until the instance is gone
   struct pv_decoder virtqueue;
   uint32_t resource_count;  // ctx->lock
   struct pv_decoder *rings; // list
   uint32_t ring_count, rings_made;
   struct pv_resource *resources[256]; // by id
   struct pv_mempool mempool;
   char shortage[PV_SHORTAGE]; // why memory was refused last; under mempool.lock
   struct pv_timeline timelines[PV_TIMELINES];
   struct pv_backlog backlog;
   struct pv_capture *capture; // NULL: not recorded
   _Atomic uint64_t memory, wakes, fences;
   struct pv_estate *estate; // promises; NULL: none
   atomic_bool unanswered;   // lost inside a command: pv_feedback_answer is due once it holds no lock
   pthread_t monitor;
   bool monitoring;
   atomic_bool monitor_stop;
   struct pv_gate monitor_gate;
   _Atomic uint64_t monitor_period; // ns; 0: no ring asked
   uint64_t next_tick;              // polled
   // Of rings that are gone, so that statistics stay whole.
   struct pv_decoder *totals;
};

struct pv_core {
   struct pv_host host;
   struct pv_core_limits limits;
   _Atomic uint32_t contexts; // there are
   bool polled;
   struct pv_note *notes; // NULL: none
   void (*will)(void *user, const struct pv_will *will);
   void *will_user;
   struct pv_promise *promises; // NULL: none
   atomic_bool promised;        // a context has them
   struct pv_gpu_view *views;   // one per host.gpus
   uint8_t capset[PV_CAPSET_SIZE];
   char *capture;                  // the file to record the next context to; NULL: none
   _Atomic uint32_t capture_count; // contexts recorded so far
};

// What guests see of a GPU.
struct pv_gpu_view {
   const struct pv_gpu *gpu;
   VkExtensionProperties *extensions;
   uint32_t extension_count;
   const char *emulated[10]; // NULL-terminated
   // Of those, what hooks have to know.
   bool own_modifiers;   // no DRM format modifiers on the host: sharing.h
   bool own_foreign;     // no queue family FOREIGN: hook_barrier.c
   bool own_format_list; // no VkImageFormatListCreateInfo: it may not see one
   bool own_budget;      // no memory budgets: only ours count
   uint32_t api_version;
   VkPhysicalDeviceMemoryProperties memory; // types that cannot be shared are not HOST_VISIBLE here
};
// `budget`: the bytes one guest may take, 0: all there are.
int pv_gpu_view_make(struct pv_gpu_view *view, const struct pv_gpu *gpu, uint64_t budget);
void pv_gpu_view_free(struct pv_gpu_view *view);
bool pv_gpu_view_has(const struct pv_gpu_view *view, const char *extension);

// decoder.c
int pv_decoder_init(struct pv_decoder *decoder, struct pv_context_core *ctx);
void pv_decoder_fini(struct pv_decoder *decoder);
// Executes one top-level command of `bytes`; pv_ring_ops.execute and the virtqueue both come here.
enum pv_run pv_decoder_run(struct pv_decoder *decoder, const uint8_t *bytes, size_t size, size_t *used,
                           uint64_t *retry_ns);
// Enter and leave a batch of commands: epoch and time.
void pv_decoder_enter(void *decoder);
void pv_decoder_leave(void *decoder);
// True once a wait inside a command should give up.
bool pv_decoder_stopping(const struct pv_decoder *decoder);
// False where a command that has to wait must suspend its ring: polled, or executed by a thread with other things to
// do.
bool pv_decoder_may_wait(const struct pv_decoder *decoder);
// A plain resource by id through the decoder's one-entry cache `slot`, or NULL. No lock when it is the cached one.
struct pv_resource *pv_decoder_resource(struct pv_decoder *decoder, struct pv_resource **slot, uint32_t id);

// Keeps a resource's memory from being taken away by a detach, for as long as it takes to copy something: no blocking,
// no other resource and no pv_exec_fatal until pv_decoder_let_go. False if it is detached already.
bool pv_decoder_hold(struct pv_decoder *decoder, struct pv_resource *resource);
void pv_decoder_let_go(struct pv_decoder *decoder);

// context.c
struct pv_decoder *pv_context_ring(struct pv_context_core *ctx, uint64_t key); // ctx->lock held, or from the virtqueue
void pv_context_go_fatal(struct pv_context_core *ctx);
int pv_context_ring_create(struct pv_context_core *ctx, uint64_t key, struct pv_resource *resource,
                           const struct pv_ring_layout *layout, uint64_t idle_ns, uint64_t monitor_ns,
                           int32_t priority);
void pv_context_ring_destroy(struct pv_context_core *ctx, struct pv_decoder *ring);

// resource.c
struct pv_resource *pv_resource_find(struct pv_context_core *ctx, uint32_t id); // a reference, or NULL
void pv_resource_unref(struct pv_resource **resource);
void pv_resource_drop_all(struct pv_context_core *ctx);

// timeline.c
int pv_timeline_bind(struct pv_context_core *ctx, uint32_t ring_idx, struct pv_queue *queue); // ctx->lock not held
void pv_timeline_unbind_device(struct pv_context_core *ctx, struct pv_device *device);
int pv_timeline_fence(struct pv_context_core *ctx, uint32_t ring_idx, uint64_t fence_id);
// Polled: retires what is done. True if something is still pending.
bool pv_timelines_poll(struct pv_context_core *ctx);
void pv_timelines_wake(struct pv_context_core *ctx);

// feedback.c: performs, in a lost context, the writes that guests wait for. Takes pool_lock.
void pv_feedback_answer(struct pv_context_core *ctx);

// What a guest finds in a word that was to become `word`.
static inline uint32_t pv_feedback_word(uint32_t word)
{
   return word == (uint32_t)VK_SUCCESS ? (uint32_t)VK_ERROR_DEVICE_LOST : word; // a fence's status
}

// promise.c. The pool lock is held, except by open, close and revoke.
int pv_estate_open(struct pv_context_core *ctx);
void pv_estate_close(struct pv_context_core *ctx);
// Promises what `mark` says, in buffers `to` and (COPY) `from`; NULL: of no state. mark->promise says where it is
// noted.
void pv_promise_make(struct pv_context_core *ctx, struct pv_write_mark *mark, struct pv_buffer *to,
                     struct pv_buffer *from);
// A command buffer forgets its marks.
void pv_promises_drop(struct pv_context_core *ctx, struct pv_child *child);
// A buffer is about to go: nobody watches it any more.
void pv_promise_revoke(struct pv_context_core *ctx, struct pv_buffer *buffer);

// teardown.c: destroys everything that belongs to the device or instance, in an order that is safe. Of several rings
// only the one that took the object out of the table may call them.
// Frees the record of a pool (and of its children) or of a VkDeviceMemory once no decoder can still hold it.
void pv_pool_retire(struct pv_context_core *ctx, struct pv_pool *pool);
void pv_memory_retire(struct pv_context_core *ctx, struct pv_memory *memory);
void pv_buffer_retire(struct pv_context_core *ctx, struct pv_buffer *buffer);
void pv_device_teardown(struct pv_context_core *ctx, struct pv_device *device);
// Destroys on the host what was made and could not be filed. Nothing for types without a destroy command of their own.
void pv_device_unmake(struct pv_context_core *ctx, struct pv_device *device, const struct pv_object *object);
void pv_instance_teardown(struct pv_context_core *ctx);

// exec.c: files one object with a state record. As pv_exec_file for a single handle; true if it was filed alive (else
// the caller keeps `state`).
bool pv_exec_file_state(struct pv_exec *x, uint8_t type, void *owner, void *state, uint64_t id, uint64_t handle,
                        VkResult result);
// In a lost context: files a poisoned object that keeps a record all the same, so that guests can still map its memory
// and feedback.c can reach it. False (nothing filed) where a reply is wanted: the guest hears of the loss.
bool pv_exec_file_shadow(struct pv_exec *x, uint8_t type, void *owner, void *state, uint64_t id);
// As pv_exec_unfile; *state receives the object's record (of a poisoned one too), which is the caller's now.
bool pv_exec_unfile_state(struct pv_exec *x, uint8_t type, uint64_t id, void **state);
static inline bool pv_exec_lost(const struct pv_exec *x)
{
   return atomic_load_explicit(&x->ctx->state, memory_order_relaxed) != PV_CONTEXT_ALIVE;
}
// hook_sync.c: after the host said "not yet". True: ask again (some time has passed); false: *result, or x->state, says
// what happened.
bool pv_exec_wait_for_more(struct pv_exec *x, VkResult *result);
// The command waits: it will be shown again after `retry_ns` (a pv_now() time) or a wake.
static inline void pv_exec_wait(struct pv_exec *x, uint64_t retry_ns)
{
   x->state = PV_EXEC_WAIT;
   x->retry_ns = retry_ns;
}

#endif
