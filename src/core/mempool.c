// SPDX-License-Identifier: MIT
//
// The memory budget, and the pool of memory that was freed.
#include "core/mempool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/context.h"

static bool fits(struct pv_context_core *ctx, uint64_t bytes)
{
   uint64_t limit = ctx->core->limits.memory;
   uint64_t before = atomic_load_explicit(&ctx->memory, memory_order_relaxed);
   do {
      if (before > UINT64_MAX - bytes || (limit && before + bytes > limit))
         return false;
   } while (!atomic_compare_exchange_weak_explicit(&ctx->memory, &before, before + bytes, memory_order_relaxed,
                                                   memory_order_relaxed));
   return true;
}

struct pv_charge *pv_charge_make(struct pv_context_core *ctx, uint64_t bytes)
{
   bool fit = fits(ctx, bytes);
   if (!fit) {
      pv_mempool_drain(ctx, NULL, UINT64_MAX);
      fit = fits(ctx, bytes);
   }
   if (!fit) {
      pv_shortage_note(ctx, bytes, true);
      return NULL;
   }
   struct pv_charge *charge = malloc(sizeof *charge);
   if (!charge) {
      atomic_fetch_sub_explicit(&ctx->memory, bytes, memory_order_relaxed);
      pv_shortage_note(ctx, bytes, false);
      return NULL;
   }
   *charge = (struct pv_charge){.ctx = ctx, .bytes = bytes};
   atomic_init(&charge->holders, 1);
   return charge;
}

uint64_t pv_charge_total(struct pv_context_core *ctx)
{
   pthread_mutex_lock(&ctx->mempool.lock);
   uint64_t total = atomic_load_explicit(&ctx->memory, memory_order_relaxed) - ctx->mempool.bytes;
   pthread_mutex_unlock(&ctx->mempool.lock);
   return total;
}

bool pv_charge_share(struct pv_charge *charge)
{
   uint32_t holders = atomic_load_explicit(&charge->holders, memory_order_relaxed);
   while (holders)
      if (atomic_compare_exchange_weak_explicit(&charge->holders, &holders, holders + 1, memory_order_relaxed,
                                                memory_order_relaxed))
         return true;
   return false;
}

void pv_charge_drop(struct pv_charge **slot)
{
   struct pv_charge *charge = *slot;
   *slot = NULL;
   // acq_rel pairs with the other holders' decrement: nobody looks at the record after this one did.
   if (!charge || atomic_fetch_sub_explicit(&charge->holders, 1, memory_order_acq_rel) != 1)
      return;
   atomic_fetch_sub_explicit(&charge->ctx->memory, charge->bytes, memory_order_relaxed);
   pv_ids_retire(charge->ctx->ids, free, charge); // pv_charge_share may be looking at it
}

// Keeps what to tell when something is refused for it, and tells once.
static void keep_shortage(struct pv_context_core *ctx, const char text[PV_SHORTAGE])
{
   pthread_mutex_lock(&ctx->mempool.lock);
   bool first = !*ctx->shortage;
   memcpy(ctx->shortage, text, PV_SHORTAGE);
   pthread_mutex_unlock(&ctx->mempool.lock);
   if (first)
      pv_warn("context %s: %s", ctx->name, text);
   else
      pv_debug("context %s: %s", ctx->name, text);
}

void pv_shortage_of_blobs(struct pv_context_core *ctx)
{
   char text[PV_SHORTAGE] = "";
   snprintf(text, sizeof text,
            "one more resource was asked for than the %u that one client may have at the same time; more are to be had "
            "with --blobs N",
            ctx->core->limits.blobs);
   keep_shortage(ctx, text);
}

void pv_shortage_note(struct pv_context_core *ctx, uint64_t bytes, bool limit)
{
   char text[PV_SHORTAGE];
   if (limit)
      snprintf(text, sizeof text,
               "%" PRIu64 " bytes of memory were asked for, with %" PRIu64 " in use of the %" PRIu64
               " that one client may have; more is to be had with --memory SIZE",
               bytes, atomic_load_explicit(&ctx->memory, memory_order_relaxed), ctx->core->limits.memory);
   else
      snprintf(text, sizeof text,
               "%" PRIu64 " bytes of memory were asked for, which the host does not have left (this client has %" PRIu64
               "); free some, or hold clients down with --memory SIZE",
               bytes, atomic_load_explicit(&ctx->memory, memory_order_relaxed));
   keep_shortage(ctx, text);
}

void pv_context_core_shortage(struct pv_context_core *ctx, const char *prefix, char out[PV_SHORTAGE_LINE])
{
   pthread_mutex_lock(&ctx->mempool.lock);
   snprintf(out, PV_SHORTAGE_LINE, "%.80s%s%s", prefix, *ctx->shortage ? ": " : "", ctx->shortage);
   pthread_mutex_unlock(&ctx->mempool.lock);
}

void pv_mempool_init(struct pv_mempool *pool)
{
   pthread_mutex_init(&pool->lock, NULL);
}

void pv_mempool_fini(struct pv_mempool *pool)
{
   pthread_mutex_destroy(&pool->lock);
}

// Takes the entry out of the list; it is the caller's. Lock held.
static struct pv_pooled take_out(struct pv_mempool *pool, uint32_t index)
{
   struct pv_pooled entry = pool->entries[index];
   pool->count--;
   pool->bytes -= entry.charge->bytes;
   for (uint32_t i = index; i < pool->count; i++)
      pool->entries[i] = pool->entries[i + 1];
   return entry;
}

// The lock is held meanwhile, so that whoever ends a device and has drained the pool knows that nothing of it is left.
static void give_back(struct pv_context_core *ctx, uint32_t index)
{
   struct pv_pooled entry = take_out(&ctx->mempool, index);
   bool reachable = !atomic_load(&ctx->was_lost); // a lost driver may hang in any call
   if (entry.shared->device && !reachable)
      pv_hold_abandon(entry.shared->device);
   else if (!entry.shared->device && reachable)
      entry.device->vk.FreeMemory(entry.device->handle, entry.handle, NULL);
   pv_hostmem_unref(&entry.shared);
   pv_charge_drop(&entry.charge);
}

bool pv_mempool_put(struct pv_context_core *ctx, struct pv_memory *memory, VkDeviceMemory handle)
{
   struct pv_mempool *pool = &ctx->mempool;
   struct pv_charge *charge = atomic_load(&memory->charge);
   uint64_t limit = ctx->core->limits.memory ? ctx->core->limits.memory / 8 : PV_POOL_BYTES;
   limit = limit < PV_POOL_BYTES ? limit : PV_POOL_BYTES;
   if (!memory->kind.reusable || !memory->shared || charge->bytes > PV_POOL_BLOCK || charge->bytes > limit)
      return false;
   pthread_mutex_lock(&pool->lock);
   bool room = !atomic_load(&memory->device->owner.dying); // pairs with the drain in pv_device_teardown
   while (room && pool->count && (pool->count == PV_POOL_COUNT || pool->bytes + charge->bytes > limit))
      give_back(ctx, 0);
   if (room) {
      const struct pv_pooled entry = {.device = memory->device,
                                      .handle = handle,
                                      .kind = memory->kind,
                                      .shared = pv_hostmem_ref(memory->shared),
                                      .charge = charge,
                                      .since = pv_now()};
      memcpy(&pool->entries[pool->count++], &entry, sizeof entry);
      pool->bytes += charge->bytes;
      atomic_store(&memory->charge, NULL);
   }
   pthread_mutex_unlock(&pool->lock);
   return room;
}

// True if nobody else has the pages: no blob, no record that a decoder may still look at, no buffer's note of them.
static bool is_free(const struct pv_hostmem *shared)
{
   return atomic_load_explicit(&shared->refs, memory_order_acquire) == 1; // pairs with pv_hostmem_unref
}

VkDeviceMemory pv_mempool_take(struct pv_context_core *ctx, struct pv_memory *memory)
{
   struct pv_mempool *pool = &ctx->mempool;
   struct pv_pooled found = {0};
   pthread_mutex_lock(&pool->lock);
   for (uint32_t i = 0; i < pool->count && !found.shared; i++) {
      const struct pv_pooled *entry = &pool->entries[i];
      uint64_t size = entry->shared->size;
      if (entry->device == memory->device && entry->kind.type == memory->kind.type &&
          entry->kind.flags == memory->kind.flags && size >= memory->size && size - memory->size <= memory->size / 4 &&
          is_free(entry->shared))
         found = take_out(pool, i);
   }
   pthread_mutex_unlock(&pool->lock);
   memory->shared = found.shared;
   atomic_store(&memory->charge, found.charge);
   return found.handle;
}

void pv_mempool_drain(struct pv_context_core *ctx, const struct pv_device *device, uint64_t before)
{
   struct pv_mempool *pool = &ctx->mempool;
   pthread_mutex_lock(&pool->lock);
   for (uint32_t i = 0; i < pool->count;) {
      if ((!device || pool->entries[i].device == device) && pool->entries[i].since < before)
         give_back(ctx, i);
      else
         i++;
   }
   pthread_mutex_unlock(&pool->lock);
}
