// SPDX-License-Identifier: MIT
//
// The waist: everything a door needs of the renderer, and nothing else crosses.
//
// A renderer is one choice of host driver and GPUs. A context is one guest VkInstance: its objects, rings and blobs,
// apart from every other context. Results are 0 or -errno; -EPROTO means that the context is over (fatal). Functions
// are thread-safe unless said otherwise, but calls on one context must not overlap (a door has one conversation per
// guest).
#ifndef PV_CORE_RENDERER_H
#define PV_CORE_RENDERER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pv_core;
struct pv_context_core;

#define PV_CAPSET_VENUS      4u
#define PV_CAPSET_SIZE       160u
#define PV_TIMELINES         64u // ring_idx 0..63
#define PV_BLOB_MAPPABLE     1u
#define PV_BLOB_SHAREABLE    2u
#define PV_BLOB_CROSS_DEVICE 4u

struct pv_core_limits {   // 0 = the default
   uint64_t memory;       // bytes of device memory and blobs per context (default: no limit of ours)
   uint64_t objects;      // live objects per context (default 4 Mi)
   uint32_t rings;        // per context (default 64)
   uint32_t blobs;        // resources per context (default 65536)
   uint32_t contexts;     // at the same time (default 1024)
   uint64_t command_temp; // bytes one command may need while it is decoded (default 1 GiB)
};

// What each stream of a context has come to, for whoever outlives it: memory that a server shares with a worker and
// still has when the worker is dead. A hint for people; a worker gone wrong may have written anything.
#define PV_NOTES                                                                                                       \
   64u // stream 0: the control path; then the rings in the order they were made, and the rest share the last
struct pv_note {
   _Alignas(64) _Atomic uint64_t at; // pv_note_make(); 0: no command yet
};
static inline uint64_t pv_note_make(uint64_t offset, uint32_t command)
{
   return offset << 12 | (command + 1);
}
// The id of the command, as in pv_core_protocol(); *offset: the byte of its stream that it begins at.
static inline uint32_t pv_note_read(uint64_t at, uint64_t *offset)
{
   *offset = at >> 12;
   return (uint32_t)(at & 0xfff) - 1;
}

// What a guest watches for a sign of us, for whoever is left when this process is not (guard/will.c).
enum pv_will_kind {
   PV_WILL_RING,    // `word` at `status` makes a guest give that ring up; `head` reaching `tail` ends its waits for it
   PV_WILL_REPLIES, // a guest reads its answers from there: `word` all over is a failure, whatever it had asked
   PV_WILL_MEMORY,  // where promises are kept
};
struct pv_will {
   uint64_t key;                // among its kind
   uint64_t status, head, tail; // offsets of 4 bytes each
   uint32_t kind, word;
   int32_t fd; // stays the caller's; -1: what was left under this key is not any more
   uint32_t unused;
};

// Small writes that a guest was promised for when its work is done, as feedback.c would perform them if the device were
// lost. Like notes, they are there to be read by somebody else when we are dead.
#define PV_PROMISES 2048u
enum pv_promise_kind {
   PV_PROMISE_NONE,
   PV_PROMISE_WORD,    // 4 bytes: `value`
   PV_PROMISE_COUNTER, // 8 bytes, copied from the other place, if they are more than what is there
   PV_PROMISE_QUERIES, // `value` times `stride` bytes: zeros, and 1 in the last 8
};
struct pv_promise {
   _Atomic uint32_t kind; // written last
   uint32_t to, from;     // keys of a PV_WILL_MEMORY
   uint32_t value;
   uint64_t to_offset, from_offset, stride;
};

struct pv_core_params {
   const char *driver; // path of a Vulkan driver library (ICD), NULL: the system's Vulkan loader
   const char *gpu;    // index (several with commas between them), UUID or part of a name; NULL: every GPU the host has
   struct pv_core_limits limits;
   bool polled;           // true: no threads of our own, the caller polls
   struct pv_note *notes; // PV_NOTES of them, written by every context and kept by the caller; NULL: nobody reads along
   bool in_process;  // the door shows memory to its guest by pointer: the driver's own mapping will do, without an fd
   const char *mask; // a driver restriction (host/mask.h), for tests; NULL: $PEARVISOR_RESTRICT, if set
   // Told, if not NULL, what a guest watches, as it comes and goes; by any thread that executes or destroys.
   void (*will)(void *user, const struct pv_will *will);
   void *will_user;
   struct pv_promise *promises; // PV_PROMISES of them, for the first context; NULL: nobody would keep them
   int (*driver_up)(
       void);           // called once the driver is loaded and its GPUs are known; not 0: that is the end. May be NULL
   const char *capture; // file to record the first context to (later ones: FILE.2, ...), see base/record.h; NULL: none
};

// Loads the driver and looks at its GPUs. On failure one log line says the cause and the way out.
// -ENOENT: no driver or no such GPU; -EINVAL: `gpu` names several; -ENODEV: the driver does not work; -ENOMEM.
int pv_core_create(const struct pv_core_params *params, struct pv_core **out);
// No context may be left. Accepts NULL, nulls.
void pv_core_destroy(struct pv_core **core);

// Fills PV_CAPSET_SIZE bytes: the Venus capset (id 4, version 0) for this build's registry.
void pv_core_capset(const struct pv_core *core, uint8_t out[PV_CAPSET_SIZE]);

struct pv_context_core_params {
   const char *name; // what to call it in the log; copied
   // Called once per fence, in order per ring_idx; on any thread (polled: inside pv_context_core_poll or _fence).
   // Must not call back into the context.
   void (*fence_retired)(void *user, uint32_t ring_idx, uint64_t fence_id);
   void *user;
};
int pv_context_core_create(struct pv_core *core, const struct pv_context_core_params *params,
                           struct pv_context_core **out);
// Stops rings, waits for the GPU, destroys every object, retires every fence. Accepts NULL, nulls. May block for
// seconds.
void pv_context_core_destroy(struct pv_context_core **ctx);

// Executes bytes that came over the virtqueue path (socket, SUBMIT_3D). Size in bytes, a multiple of 4; copied before
// use. May block on vkWaitRingSeqnoMESA; a polled context queues the rest instead and poll goes on with it.
int pv_context_core_submit(struct pv_context_core *ctx, const void *bytes, size_t size);

// Asks for fence_retired(ring_idx, fence_id) when everything submitted so far on that timeline is done: 0 = this path
// itself, 1..63 = the VkQueue bound to it. -EINVAL: no such timeline. A context that is lost or over retires at once.
int pv_context_core_fence(struct pv_context_core *ctx, uint32_t ring_idx, uint64_t fence_id);

struct pv_blob_core {
   uint64_t size; // bytes that may be mapped
   uint32_t map;  // 1 cached, 3 write-combined (virtio-gpu's map_info)
   void *pointer; // our mapping, valid until the resource is detached; NULL if there is none
};
// Makes the resource `resource` of this context: blob_id 0 with flags MAPPABLE = plain shared memory, else the
// VkDeviceMemory of that object id (each exported at most once). -EINVAL bad arguments, -EEXIST resource id in use,
// -ENOENT no such memory, -EAGAIN (polled) submitted bytes before it still wait, -EDQUOT over the limit, -EOPNOTSUPP
// memory that cannot be shared.
int pv_context_core_blob(struct pv_context_core *ctx, uint32_t resource, uint64_t blob_id, uint64_t size,
                         uint32_t flags, struct pv_blob_core *out);
// Makes a resource over memory the caller owns (`fd` may be -1) and keeps until the resource is detached.
int pv_context_core_attach(struct pv_context_core *ctx, uint32_t resource, void *base, uint64_t size, int fd);
// Gives `to` the resource as well, under an id of its own there, so that its guest can map it or import it
// (VkImportMemoryResourceInfoMESA). Both of one renderer. The memory lasts as long as either has it, and counts against
// the limits of both. -ENOENT, -EEXIST, -EINVAL, -EDQUOT; -EOPNOTSUPP: memory that the caller owns (attach it there).
int pv_context_core_share(struct pv_context_core *ctx, uint32_t resource, struct pv_context_core *to,
                          uint32_t to_resource);
// Why memory was refused last (-EDQUOT, -ENOMEM), in words behind `prefix` and ": "; or `prefix` alone.
#define PV_SHORTAGE_LINE 324u
void pv_context_core_shortage(struct pv_context_core *ctx, const char *prefix, char out[PV_SHORTAGE_LINE]);
// A duplicate of the fd behind a resource, the caller's to close. -ENOENT, -EOPNOTSUPP (no fd behind it).
int pv_context_core_export(struct pv_context_core *ctx, uint32_t resource, int *out_fd);
// Forgets a resource. A ring that lives in it ends with FATAL. -ENOENT.
int pv_context_core_detach(struct pv_context_core *ctx, uint32_t resource);

// Polled mode: goes on with whatever can go on; never blocks. *deadline: pv_now() time of the next poll at the latest
// (PV_NEVER: when the guest notified). Missing it by seconds is fatal to the guest (its watchdog). -EPROTO: over.
int pv_context_core_poll(struct pv_context_core *ctx, uint64_t *deadline);

enum pv_context_state { PV_CONTEXT_ALIVE, PV_CONTEXT_LOST, PV_CONTEXT_FATAL };
enum pv_context_state pv_context_core_state(const struct pv_context_core *ctx);

// Ends the context from another thread than the one that is inside one of its verbs: whatever waits in it returns soon,
// and no command runs any more. Says nothing in the log; pv_context_core_destroy is still due.
void pv_context_core_end(struct pv_context_core *ctx);

// Puts the context into the lost state: decoding goes on, nothing reaches the driver, replies say DEVICE_LOST.
void pv_context_core_lose(struct pv_context_core *ctx, const char *why);

struct pv_stats_command {
   const char *name;
   uint64_t count, ns; // ns spent in it, decoding and host call included
};
struct pv_stats_core {
   uint64_t commands, bytes, replies, ring_wakes, fences, objects, memory;
   uint64_t ns; // inside commands, decoding and waits in the host included; scaled up from samples
};
// A snapshot; counters of running rings may lag by one command. `top`: the `n` most frequent commands; returns how
// many.
size_t pv_context_core_stats(const struct pv_context_core *ctx, struct pv_stats_core *out, struct pv_stats_command *top,
                             size_t n);

// What the host has, for `pearvisor info`. Index 0.. of the chosen GPUs.
struct pv_gpu_core {
   const char *name, *driver;                  // deviceName; driverName and driverInfo
   uint8_t uuid[16];                           // deviceUUID
   uint32_t type;                              // VkPhysicalDeviceType
   uint32_t api_version;                       // the host's
   uint32_t guest_api_version;                 // what a guest may see at most
   const char *memory_path;                    // "dma-buf", "host-pointer (memfd)", "none", ...
   const char *memory_note;                    // one sentence: why that one
   uint32_t extensions_host, extensions_guest; // how many the host lists, how many a guest sees
   const char *const *emulated;                // NULL-terminated names of what we emulate
};
size_t pv_core_gpus(const struct pv_core *core, struct pv_gpu_core *out, size_t n);

// The protocol's commands, in order of their id. `reason` is NULL when executed, else why it is left out.
struct pv_protocol_entry {
   uint32_t id;
   const char *name;
   const char *reason; // "no encoding", "registry too old", or a decision in words
};
size_t pv_core_protocol(const struct pv_protocol_entry **out);
// VK_MAKE_API_VERSION of the registry this build was generated from.
uint32_t pv_core_registry_version(void);

#endif
