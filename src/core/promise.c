// SPDX-License-Identifier: MIT
//
// Promises: what feedback.c would write for a guest whose device is lost, kept where it outlives us. If this process is
// killed, nobody performs the writes that its guest watches for, and a stock driver looks for a dead renderer only at
// ever longer intervals. So each mark is also noted in memory that our server shares, by its place in memory that the
// server was lent, and guard/will.c performs it in our stead.
//
// To note one is a few stores; memory is lent once, when it is first named, until its last buffer that was named is
// gone. What goes beyond PV_PROMISES writes or LENT_MAX pieces of memory at a time is not promised: such a guest learns
// of the end when its driver looks for it.
#include <errno.h>
#include <stdlib.h>

#include "core/context.h"

#define LENT_MAX 64u // each costs the server a descriptor

#define GONE UINT32_MAX // pv_buffer.lent of a buffer that must not be named any more

struct lent {
   const struct pv_hostmem *memory; // to compare; the buffers keep it alive
   uint32_t key, buffers;
};

struct pv_estate {
   struct lent lent[LENT_MAX];
   uint32_t lent_count, last_key;
   uint32_t free_count;
   uint32_t free[PV_PROMISES];
};

int pv_estate_open(struct pv_context_core *ctx)
{
   if (!ctx->core->promises || !ctx->core->will || atomic_exchange(&ctx->core->promised, true))
      return 0;
   ctx->estate = calloc(1, sizeof *ctx->estate);
   if (!ctx->estate)
      return -ENOMEM;
   while (ctx->estate->free_count < PV_PROMISES) {
      ctx->estate->free[ctx->estate->free_count] = PV_PROMISES - 1 - ctx->estate->free_count;
      ctx->estate->free_count++;
   }
   return 0;
}

void pv_estate_close(struct pv_context_core *ctx)
{
   free(ctx->estate);
   ctx->estate = NULL;
}

static void tell(const struct pv_core *core, uint32_t key, int fd)
{
   core->will(core->will_user, &(struct pv_will){.key = key, .kind = PV_WILL_MEMORY, .fd = fd});
}

static struct lent *find(struct pv_estate *estate, const struct pv_hostmem *memory)
{
   for (uint32_t i = 0; i < estate->lent_count; i++)
      if (estate->lent[i].memory == memory)
         return &estate->lent[i];
   return NULL;
}

// The key of a buffer's memory; 0: it is not to be had.
static uint32_t lend(struct pv_context_core *ctx, struct pv_buffer *buffer)
{
   struct pv_estate *estate = ctx->estate;
   if (!buffer || buffer->lent)
      return buffer && buffer->lent != GONE ? buffer->lent : 0;
   // acquire pairs with bound in feedback.c
   const struct pv_hostmem *memory = atomic_load_explicit(&buffer->pages, memory_order_acquire);
   if (!memory || memory->fd < 0)
      return 0;
   struct lent *lent = find(estate, memory);
   if (!lent && estate->lent_count < LENT_MAX && estate->last_key < GONE - 1) {
      lent = &estate->lent[estate->lent_count++];
      *lent = (struct lent){.memory = memory, .key = ++estate->last_key};
      tell(ctx->core, lent->key, memory->fd);
   }
   if (!lent)
      return 0;
   lent->buffers++;
   return buffer->lent = lent->key;
}

void pv_promise_revoke(struct pv_context_core *ctx, struct pv_buffer *buffer)
{
   struct pv_estate *estate = ctx->estate;
   if (!estate)
      return;
   pthread_mutex_lock(&ctx->pool_lock);
   for (uint32_t i = 0; buffer->lent && i < estate->lent_count; i++) {
      struct lent *lent = &estate->lent[i];
      if (lent->key != buffer->lent || --lent->buffers)
         continue;
      tell(ctx->core, lent->key, -1); // promises that name it are void
      *lent = estate->lent[--estate->lent_count];
      break;
   }
   buffer->lent = GONE;
   pthread_mutex_unlock(&ctx->pool_lock);
}

static enum pv_promise_kind kind_of(const struct pv_write_mark *mark)
{
   return mark->kind == PV_MARK_FILL   ? PV_PROMISE_WORD
          : mark->kind == PV_MARK_COPY ? PV_PROMISE_COUNTER
                                       : PV_PROMISE_QUERIES;
}

void pv_promise_make(struct pv_context_core *ctx, struct pv_write_mark *mark, struct pv_buffer *to,
                     struct pv_buffer *from)
{
   struct pv_estate *estate = ctx->estate;
   mark->promise = 0;
   if (!estate || !estate->free_count)
      return;
   uint32_t to_key = lend(ctx, to);
   uint32_t from_key = mark->kind == PV_MARK_COPY ? lend(ctx, from) : 0;
   if (!to_key || (mark->kind == PV_MARK_COPY && !from_key))
      return;
   uint32_t slot = estate->free[--estate->free_count];
   struct pv_promise *promise = &ctx->core->promises[slot];
   mark->promise = slot + 1;
   promise->to = to_key;
   promise->to_offset = to->offset + mark->to_offset;
   promise->from = from_key;
   promise->from_offset = from_key ? from->offset + mark->from_offset : 0;
   promise->stride = mark->stride;
   promise->value = mark->kind == PV_MARK_FILL ? pv_feedback_word(mark->value) : mark->value;
   // release: a reader, who comes when we are dead, finds the rest written
   atomic_store_explicit(&promise->kind, kind_of(mark), memory_order_release);
}

void pv_promises_drop(struct pv_context_core *ctx, struct pv_child *child)
{
   struct pv_estate *estate = ctx->estate;
   for (uint32_t i = 0; estate && i < child->mark_count; i++) {
      uint32_t promise = child->marks[i].promise;
      if (!promise)
         continue;
      atomic_store_explicit(&ctx->core->promises[promise - 1].kind, PV_PROMISE_NONE, memory_order_release);
      estate->free[estate->free_count++] = promise - 1;
   }
   child->mark_count = 0;
}
