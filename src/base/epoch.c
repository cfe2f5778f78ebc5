// SPDX-License-Identifier: MIT
//
// Deferred freeing for the id table.
#include "base/epoch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"

#define FIRST_CAPACITY 64
#define BATCH          32 // freed per turn, so that the free functions run without the lock and from the stack

int pv_epoch_init(struct pv_epoch *epoch)
{
   *epoch = (struct pv_epoch){.now = 1, .capacity = FIRST_CAPACITY};
   epoch->queue = malloc(FIRST_CAPACITY * sizeof *epoch->queue);
   if (!epoch->queue)
      return -ENOMEM;
   int error = pthread_mutex_init(&epoch->lock, NULL);
   if (error)
      free(epoch->queue);
   return -error;
}

void pv_epoch_fini(struct pv_epoch *epoch)
{
   pv_epoch_collect(epoch);
   free(epoch->queue);
   pthread_mutex_destroy(&epoch->lock);
}

void pv_epoch_add(struct pv_epoch *epoch, struct pv_ids_reader *reader)
{
   atomic_init(&reader->epoch, 0);
   pthread_mutex_lock(&epoch->lock);
   reader->next = epoch->readers;
   epoch->readers = reader;
   pthread_mutex_unlock(&epoch->lock);
}

void pv_epoch_remove(struct pv_epoch *epoch, struct pv_ids_reader *reader)
{
   pthread_mutex_lock(&epoch->lock);
   for (struct pv_ids_reader **at = &epoch->readers; *at; at = &(*at)->next) {
      if (*at == reader) {
         *at = reader->next;
         break;
      }
   }
   pthread_mutex_unlock(&epoch->lock);
   pv_epoch_collect(epoch);
}

void pv_epoch_enter(struct pv_epoch *epoch, struct pv_ids_reader *reader)
{
   // Pairs with the release in pv_epoch_push: whoever announces E sees all that was unlinked before E was published.
   uint64_t now = atomic_load_explicit(&epoch->now, memory_order_acquire);
   uint64_t before = atomic_load_explicit(&reader->epoch, memory_order_relaxed); // only this thread stores other values
   if (before == now)
      return;
   // An exchange and not a store, because the scan (oldest_reader) also changes this word by an atomic update: of two
   // updates one comes first. Ours first: the scan sees us inside. The scan first: we read what it wrote (acquire pairs
   // with its release), so the unlinking that it followed is visible to every lookup after this line.
   atomic_exchange_explicit(&reader->epoch, now, memory_order_acq_rel);
   if (before && atomic_load_explicit(&epoch->pending, memory_order_relaxed))
      pv_epoch_collect(epoch);
}

void pv_epoch_leave(struct pv_epoch *epoch, struct pv_ids_reader *reader)
{
   // Pairs with the acquire in oldest_reader: our lookups happened before anything it lets go.
   atomic_store_explicit(&reader->epoch, 0, memory_order_release);
   if (atomic_load_explicit(&epoch->pending, memory_order_relaxed))
      pv_epoch_collect(epoch);
}

// The earliest epoch that a reader who is inside announced. Called with the lock held.
static uint64_t oldest_reader(struct pv_epoch *epoch)
{
   uint64_t oldest = UINT64_MAX;
   for (struct pv_ids_reader *reader = epoch->readers; reader; reader = reader->next) {
      // An update that changes nothing; see pv_epoch_enter for why it is not a load.
      uint64_t seen = atomic_fetch_add_explicit(&reader->epoch, 0, memory_order_acq_rel);
      if (seen && seen < oldest)
         oldest = seen;
   }
   return oldest;
}

// Makes room for one more. Called with the lock held.
static bool reserve(struct pv_epoch *epoch, size_t pending)
{
   if (pending < epoch->capacity)
      return true;
   size_t capacity = epoch->capacity * 2;
   struct pv_retired *queue = capacity > SIZE_MAX / sizeof *queue ? NULL : malloc(capacity * sizeof *queue);
   if (!queue)
      return false;
   for (size_t i = 0; i < pending; i++)
      queue[i] = epoch->queue[(epoch->first + i) & (epoch->capacity - 1)];
   free(epoch->queue);
   epoch->queue = queue;
   epoch->capacity = capacity;
   epoch->first = 0;
   return true;
}

void pv_epoch_push(struct pv_epoch *epoch, void (*free_fn)(void *), void *p)
{
   pthread_mutex_lock(&epoch->lock);
   size_t pending = atomic_load_explicit(&epoch->pending, memory_order_relaxed);
   bool ok = reserve(epoch, pending);
   if (ok) {
      uint64_t now = atomic_load_explicit(&epoch->now, memory_order_relaxed) + 1;
      epoch->queue[(epoch->first + pending) & (epoch->capacity - 1)] = (struct pv_retired){now, free_fn, p};
      atomic_store_explicit(&epoch->pending, pending + 1, memory_order_relaxed);
      atomic_store_explicit(&epoch->now, now, memory_order_release); // pairs with pv_epoch_enter
   }
   pthread_mutex_unlock(&epoch->lock);
   if (!ok)
      pv_error("out of memory: something retired will never be freed");
}

// Moves up to BATCH things that may go from the queue to `out`. Returns how many.
static size_t take(struct pv_epoch *epoch, struct pv_retired out[BATCH])
{
   size_t n = 0;
   pthread_mutex_lock(&epoch->lock);
   size_t pending = atomic_load_explicit(&epoch->pending, memory_order_relaxed);
   uint64_t oldest = pending ? oldest_reader(epoch) : 0;
   while (n < BATCH && n < pending && epoch->queue[epoch->first].epoch <= oldest) {
      out[n++] = epoch->queue[epoch->first];
      epoch->first = (epoch->first + 1) & (epoch->capacity - 1);
   }
   atomic_store_explicit(&epoch->pending, pending - n, memory_order_relaxed);
   pthread_mutex_unlock(&epoch->lock);
   return n;
}

void pv_epoch_collect(struct pv_epoch *epoch)
{
   struct pv_retired gone[BATCH];
   size_t n;
   do {
      n = take(epoch, gone);
      for (size_t i = 0; i < n; i++)
         gone[i].free_fn(gone[i].p);
   } while (n == BATCH);
}
