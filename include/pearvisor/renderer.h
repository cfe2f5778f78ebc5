// SPDX-License-Identifier: MIT
//
// PearVisor: the embedding API. A renderer executes the Vulkan stream of Mesa's Venus driver on this host's GPU; the
// VMM (or whoever owns the guest's memory) carries the bytes.
//
// Rules that hold everywhere: results are 0 or a negative errno value; `_destroy` accepts NULL and nulls the pointer;
// zero in a params struct means the default; strings and structs passed in are copied. Different contexts may be used
// from different threads at the same time; calls on one context must not overlap. On failure one line in the log says
// the cause and the way out.
#ifndef PEARVISOR_RENDERER_H
#define PEARVISOR_RENDERER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef PV_API
#define PV_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define PV_NO_DEADLINE UINT64_MAX

typedef struct pv_renderer pv_renderer;
typedef struct pv_context pv_context;

// Levels: 0 error, 1 warning, 2 information, 3 debug.
typedef void (*pv_log_fn)(void *data, int level, const char *line);

// Sends the log to `fn` (NULL: stderr) up to `level`. Process-wide; call before anything else.
PV_API void pv_set_log(pv_log_fn fn, void *data, int level);

// "1.2.3" of the library.
PV_API const char *pv_version(void);

// Budgets of one context; 0 = the default. What a guest gets beyond them: VK_ERROR_OUT_OF_DEVICE_MEMORY where it waits for
// an answer about memory, else its context is lost and the log says which budget it was.
struct pv_limits {
   uint64_t memory_bytes; // device memory and shared memory (default: unlimited)
   uint64_t objects;      // live Vulkan objects (default 4194304)
   uint32_t rings;        // default 64
   uint32_t blobs;        // resources: shared memory, and device memory that is mapped or shared (default 65536)
   uint32_t contexts;     // of one renderer at the same time: a VM has one per Vulkan instance (default 1024)
};

struct pv_renderer_params {
   const char *driver; // path of a Vulkan driver (ICD) library; NULL: the system's Vulkan loader
   const char *gpu;    // index (several with commas between them), UUID or part of a name; NULL: all GPUs
   struct pv_limits limits;
   bool polled;        // false: PearVisor runs threads of its own; true: the caller calls pv_context_poll
   // True: memory that the guest maps stays the host driver's and is handed out as pv_blob.pointer only, with no fd behind
   // it (pv_context_export says -EOPNOTSUPP). For a VMM that maps pointers of its own process into the guest: the only
   // way to memory that is the device's and the CPU's at once on drivers without dma-buf, and the cheapest one.
   bool driver_mappings;
   // For tests: shows the host's driver as less than it is, like one this machine does not have: "moltenvk",
   // "kosmickrisp", "nvidia", "vulkan11". NULL: what PEARVISOR_RESTRICT in the environment says, if anything. One per
   // process. -EINVAL: no such name.
   const char *restriction;
   const char *record; // file to record the first context to (a later one: FILE.2, ...), for pv_replay; NULL: none
};

// Loads the driver. Blocks for as long as the driver takes. -ENOENT no driver or no such GPU, -EINVAL several match,
// -ENODEV the driver does not work.
PV_API int pv_renderer_create(const struct pv_renderer_params *params, pv_renderer **out);
// Every context must be destroyed before.
PV_API void pv_renderer_destroy(pv_renderer **renderer);

// The virtio-gpu capset to show the guest (id 4, version 0). Writes up to `size` bytes, returns the capset's size
// (160).
PV_API size_t pv_renderer_capset(const pv_renderer *renderer, void *out, size_t size);

struct pv_context_params {
   const char *name; // for the log
   // Called once per fence, in order per timeline, on any thread (polled: from inside poll or fence). It must not call
   // into the context.
   void (*fence_retired)(void *data, uint32_t ring_idx, uint64_t fence_id);
   void *data;
};

// One context is one guest VkInstance.
PV_API int pv_context_create(pv_renderer *renderer, const struct pv_context_params *params, pv_context **out);
// Stops the rings, waits for the GPU, frees everything the guest left. May block for seconds.
PV_API void pv_context_destroy(pv_context **context);

// Executes a stream from the guest's control path (SUBMIT_3D). `size` in bytes, a multiple of 4; the bytes are copied
// before they are looked at. -EPROTO: the stream is not decodable and the context is over.
PV_API int pv_context_submit(pv_context *context, const void *bytes, size_t size);

// fence_retired(ring_idx, fence_id) will be called once all work so far on timeline `ring_idx` (0..63) is done.
// -EINVAL.
PV_API int pv_context_fence(pv_context *context, uint32_t ring_idx, uint64_t fence_id);

// Gives the context memory that the caller owns under a resource id of the caller's choice (> 0), so that the guest can
// place rings and streams in it. The memory stays mapped and the caller's until pv_context_detach returned. `fd` is the
// memory's file descriptor, or -1; it is not kept. -EEXIST, -EINVAL.
PV_API int pv_context_attach(pv_context *context, uint32_t resource, void *base, uint64_t size, int fd);

#define PV_BLOB_FLAG_MAPPABLE     1u
#define PV_BLOB_FLAG_SHAREABLE    2u
#define PV_BLOB_FLAG_CROSS_DEVICE 4u

struct pv_blob {
   uint64_t size;     // bytes to map
   uint32_t map_info; // virtio-gpu: 1 cached, 3 write-combined
   void *pointer;     // a mapping in this process, valid until detach; NULL if there is none
};
// Makes a blob resource (RESOURCE_CREATE_BLOB, HOST3D): blob_id 0 is plain shared memory, else the object id of a
// VkDeviceMemory.
PV_API int pv_context_blob(pv_context *context, uint32_t resource, uint64_t blob_id, uint64_t size, uint32_t flags,
                           struct pv_blob *out);
// Gives another context of the same renderer the resource too, as `to_resource` there: its guest can map the memory or
// import it, and it lasts until both have let go, whichever ends first. Counts against the memory limits of both. Calls on
// `to` must not overlap with this one either. -ENOENT, -EEXIST, -EDQUOT; -EOPNOTSUPP: memory that was attached.
PV_API int pv_context_share(pv_context *context, uint32_t resource, pv_context *to, uint32_t to_resource);
// An fd for the resource's memory, to be mapped shared at offset 0; the caller closes it. -EOPNOTSUPP: none behind it.
PV_API int pv_context_export(pv_context *context, uint32_t resource, int *out_fd);
// Ends a resource. Never blocks on the GPU.
PV_API int pv_context_detach(pv_context *context, uint32_t resource);

// Polled renderers: goes on with everything that can go on and never blocks; a command that waits suspends its ring and
// a later poll resumes it. *deadline_ns (CLOCK_MONOTONIC, PV_NO_DEADLINE: not before the guest's next submit) says when
// to poll again at the latest: a guest whose renderer misses it by more than about three seconds takes it for dead and
// aborts.
PV_API int pv_context_poll(pv_context *context, uint64_t *deadline_ns);

enum pv_state { PV_STATE_ALIVE, PV_STATE_LOST, PV_STATE_FATAL };
PV_API enum pv_state pv_context_state(const pv_context *context);

struct pv_command_stats {
   const char *name;
   uint64_t count, ns;
};
struct pv_stats {
   uint64_t commands, bytes, replies, ring_wakes, fences, objects, memory_bytes, ns;
};
// A snapshot. `top` receives up to `n` commands by count, most frequent first; returns how many were written.
PV_API size_t pv_context_stats(const pv_context *context, struct pv_stats *out, struct pv_command_stats *top, size_t n);

#ifdef __cplusplus
}
#endif
#endif
