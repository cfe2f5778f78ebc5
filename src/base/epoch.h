// SPDX-License-Identifier: MIT
//
// Epochs: when may memory that lock-free readers look at be freed? Part of the id table; nobody else includes this.
//
// Whoever takes something out of a structure retires it under a fresh epoch number. A reader announces on entry the
// epoch it saw. What was retired under epoch E may go once every reader is outside or announced E or later: it entered
// after the thing was unlinked and cannot have found it.
#ifndef PV_BASE_EPOCH_H
#define PV_BASE_EPOCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idtable.h"

struct pv_retired {
   uint64_t epoch;
   void (*free_fn)(void *p);
   void *p;
};

struct pv_epoch {
   _Atomic uint64_t now;   // the latest epoch, from 1; raised under the lock (release), read by enter (acquire)
   _Atomic size_t pending; // retired and not freed yet; only a hint outside the lock
   pthread_mutex_t lock;   // all below; always the innermost lock
   struct pv_ids_reader *readers;
   struct pv_retired *queue; // a circular queue of `capacity` (a power of two), oldest first, so epochs ascend
   size_t capacity, first;
};

int pv_epoch_init(struct pv_epoch *epoch);
void pv_epoch_fini(struct pv_epoch *epoch); // frees what is pending; no reader may be inside

void pv_epoch_add(struct pv_epoch *epoch, struct pv_ids_reader *reader);
void pv_epoch_remove(struct pv_epoch *epoch, struct pv_ids_reader *reader);
void pv_epoch_enter(struct pv_epoch *epoch, struct pv_ids_reader *reader);
void pv_epoch_leave(struct pv_epoch *epoch, struct pv_ids_reader *reader);

// Queues something that is already out of reach of new readers. Frees nothing itself. Without memory for a queue of
// more than the first 64 the thing leaks, which is said in the log: freeing it early would be worse.
void pv_epoch_push(struct pv_epoch *epoch, void (*free_fn)(void *), void *p);

// Frees what may go. Runs foreign free functions: call it with no lock held.
void pv_epoch_collect(struct pv_epoch *epoch);

#endif
