// SPDX-License-Identifier: MIT
//
// What memory costs a guest, and memory it has given back that it may soon want again.
#ifndef PV_CORE_MEMPOOL_H
#define PV_CORE_MEMPOOL_H

#include <stdatomic.h>

#include "core/objects.h"

struct pv_context_core;

// Bytes counted against a context's limit, for as long as somebody of that context holds them: the VkDeviceMemory, its
// blob, the pool. A guest that frees memory and keeps the blob has not given anything back.
struct pv_charge {
   struct pv_context_core *ctx;
   uint64_t bytes;
   _Atomic uint32_t holders;
};
// One holder. NULL: over the limit, even with the pool emptied, or out of memory; pv_shortage tells.
struct pv_charge *pv_charge_make(struct pv_context_core *ctx, uint64_t bytes);
// One more holder; false if the last one is gone. The caller's epoch, or another holder, keeps the record.
bool pv_charge_share(struct pv_charge *charge);
void pv_charge_drop(struct pv_charge **charge);

// Bytes that the guest holds: without the pool, which empties itself before it is in the way.
uint64_t pv_charge_total(struct pv_context_core *ctx);

// Notes why memory was refused, for whoever reports it, and logs it once: `bytes` were asked for; `limit` true: of our
// limit, false: of the host.
void pv_shortage_of_blobs(struct pv_context_core *ctx);
void pv_shortage_note(struct pv_context_core *ctx, uint64_t bytes, bool limit);
#define PV_SHORTAGE 240u // pv_context_core_shortage has it with something before it

// To import memory costs system calls, fresh pages and on some drivers milliseconds of pinning, so what a guest frees
// is kept for its next allocation of the kind. Never handed to another context. Bounded, aged, and emptied before
// anything is refused for want of memory.
#define PV_POOL_BYTES ((uint64_t)128 << 20)
#define PV_POOL_BLOCK ((uint64_t)64 << 20) // no larger ones
#define PV_POOL_COUNT 64u
#define PV_POOL_AGE   UINT64_C(3000000000) // ns

struct pv_pooled {
   struct pv_device *device;
   VkDeviceMemory handle;
   struct pv_memory_kind kind;
   struct pv_hostmem *shared; // usable again once this is the last reference
   struct pv_charge *charge;
   uint64_t since;
};
struct pv_mempool {
   pthread_mutex_t lock;
   struct pv_pooled entries[PV_POOL_COUNT]; // oldest first
   uint32_t count;
   uint64_t bytes;
};
void pv_mempool_init(struct pv_mempool *pool);
void pv_mempool_fini(struct pv_mempool *pool); // empty
// Takes the memory over, its handle and a reference of its pages; the record stays the caller's, without its charge.
// False: not this one, the caller frees it.
bool pv_mempool_put(struct pv_context_core *ctx, struct pv_memory *memory, VkDeviceMemory handle);
// Finds memory for `memory` (its device, kind and size are set) and fills it in. VK_NULL_HANDLE: none.
VkDeviceMemory pv_mempool_take(struct pv_context_core *ctx, struct pv_memory *memory);
// Gives back what came before `before` (pv_now(); UINT64_MAX: all) and belongs to `device` (NULL: any).
void pv_mempool_drain(struct pv_context_core *ctx, const struct pv_device *device, uint64_t before);

#endif
