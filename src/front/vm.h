// SPDX-License-Identifier: MIT
//
// Vm: the renderer's verbs for a VMM, across a process boundary or, where the embedder wants it, a thread's. One VM is
// one worker; a context is a conversation of its own with it, so that a guest program that waits stalls nobody else.
//
// The VMM's side never waits for the GPU. What it asks goes through sockets; what it hears is answers, and fences as
// they retire. No call waits for a guest's stream for longer than seconds: a guest that makes it has lost that context.
// When a worker dies, its contexts are dead, all their fences retire, its rings say so to their guests, and the next
// context gets a new worker.
//
// Results are 0 or -errno. One thread uses a pv_vm; `retired` is called from pv_vm_poll, _settle and _close only,
// unless it was told to come from a thread of its own (pv_vm_async).
#ifndef PV_FRONT_VM_H
#define PV_FRONT_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/renderer.h"

struct pv_vm;
struct pv_vm_context;

struct pv_vm_params {
   // The worker's command line (argv[0] is a path), ending with NULL; NULL: a thread of this process.
   const char *const *worker;
   bool isolated;              // as pv_guard_spawn() has it
   struct pv_core_params core; // for the thread; a worker process has its own from its command line
   // Fence `fence_id` of timeline `ring_idx` of the context called `context` has retired; once per fence, in order per
   // timeline.
   void (*retired)(void *user, uint32_t context, uint32_t ring_idx, uint64_t fence_id);
   void *user;
};

// Starts the worker and waits until its driver is loaded. -ENODEV and the like: it does not work; the worker said why.
int pv_vm_open(const struct pv_vm_params *params, struct pv_vm **out);
// Ends the worker; every fence that is left retires. Its contexts are destroyed before. Accepts NULL, nulls.
void pv_vm_close(struct pv_vm **vm);

// From now on `retired` comes on a thread of the VM's own as soon as it can, and pv_vm_poll has nothing to do.
void pv_vm_async(struct pv_vm *vm);

// True when the worker is gone. Its contexts only wait to be destroyed.
bool pv_vm_is_dead(const struct pv_vm *vm);

// PV_CAPSET_SIZE bytes: what to show the guest.
const uint8_t *pv_vm_capset(const struct pv_vm *vm);

// A context; `id` is the VMM's name for it in `retired`. `name` (for the log) need not end with NUL.
int pv_vm_context_create(struct pv_vm *vm, uint32_t id, const char *name, size_t name_size, struct pv_vm_context **out);
// The guest is done with it: its fences are due, and nothing is to be asked of it any more. Pointers stay good.
void pv_vm_context_end(struct pv_vm_context *context);
// Does not wait for the GPU. Accepts NULL, nulls.
void pv_vm_context_destroy(struct pv_vm_context **context);

// Hands `size` bytes (a multiple of 4) to the guest's stream.
int pv_vm_submit(struct pv_vm_context *context, const void *bytes, size_t size);
// `retired` will be called, even if the worker dies; never from in here.
int pv_vm_fence(struct pv_vm_context *context, uint32_t ring_idx, uint64_t fence_id);

struct pv_vm_blob {
   uint64_t size;     // bytes that may be mapped
   uint32_t map_info; // virtio-gpu's
   int fd;            // the caller's to close; -1: only a pointer
   void *pointer;     // in a thread of this process: the driver's own mapping, until pv_vm_detach; else NULL
};
// As pv_context_core_blob(). Waits for the worker, which waits for nothing but the guest's own stream.
int pv_vm_blob(struct pv_vm_context *context, uint32_t resource, uint64_t blob_id, uint64_t size, uint32_t flags,
               struct pv_vm_blob *out);
// Shows a resource to a further context, under the same id: `owner` is one of the same VM that has it (0: none has),
// `fd` (not kept) the memory behind it.
int pv_vm_attach(struct pv_vm_context *context, uint32_t resource, uint32_t owner, int fd, uint64_t size);
int pv_vm_detach(struct pv_vm_context *context, uint32_t resource);

// Calls `retired` for everything that has. Never blocks.
void pv_vm_poll(struct pv_vm *vm);
// The same, and when it returns nothing comes any more of contexts that ended. With pv_vm_async it waits for that, but
// no longer than a second.
void pv_vm_settle(struct pv_vm *vm);
// Readable when pv_vm_poll has something to do; stays the VM's.
int pv_vm_poll_fd(const struct pv_vm *vm);

// The worker's side: serves one VM at `fd` until it leaves.
int pv_vm_serve(int fd, const struct pv_core_params *core);

#endif
