// SPDX-License-Identifier: MIT
//
// Sync: vtest's sync objects. A sync is a 64-bit value; a wait is a descriptor that turns readable when values have
// been reached. Nothing polls: whoever changes a value looks at the waits.
//
// Thread-safe. Values change from the connection's thread and from whichever thread retires fences; the one lock in
// here is taken last and nothing is called under it that could want another. Results are 0 or -errno; -ENOENT: no such
// sync.
#ifndef PV_FRONT_SYNC_H
#define PV_FRONT_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pv_syncs;

// What a wait wants, or what a signal sets.
struct pv_sync_point {
   uint32_t id;
   uint64_t value;
};

struct pv_syncs *pv_syncs_create(void);
// Closes every wait's descriptor. No fence may still be out. Accepts NULL, nulls.
void pv_syncs_destroy(struct pv_syncs **syncs);

// -ENOSPC: the client has too many.
int pv_syncs_new(struct pv_syncs *syncs, uint64_t value, uint32_t *out_id);
int pv_syncs_unref(struct pv_syncs *syncs, uint32_t id);
int pv_syncs_read(struct pv_syncs *syncs, uint32_t id, uint64_t *out);
int pv_syncs_write(struct pv_syncs *syncs, uint32_t id, uint64_t value);

// A descriptor, the caller's to close, that turns readable when all (or any) of the points are reached. We let go of
// the wait `keep_ns` from now if they never are (PV_NEVER: only at the end). -ENOSPC: too many waits.
int pv_syncs_wait(struct pv_syncs *syncs, const struct pv_sync_point *points, size_t n, bool any, uint64_t keep_ns,
                  int *out_fd);

// Remembers to set the points when fence *out_fence retires. The syncs may be unreferenced meanwhile.
int pv_syncs_promise(struct pv_syncs *syncs, const struct pv_sync_point *points, size_t n, uint64_t *out_fence);
// The fence retired: sets them. Unknown fences are ignored.
void pv_syncs_retire(struct pv_syncs *syncs, uint64_t fence);

#endif
