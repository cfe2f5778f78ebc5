// SPDX-License-Identifier: MIT
//
// A context's life: rings, the virtqueue path, the monitor, polling, the end.
#include "core/context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/capture.h"
#include "core/protocol.gen.h"

#define POLL_BUDGET     256u          // commands per ring and poll
#define MONITOR_LONGEST 1000000000ull // ns between two ticks at most

static enum pv_run ring_execute(void *user, const uint8_t *bytes, size_t size, size_t *used, uint64_t *retry_ns)
{
   return pv_decoder_run(user, bytes, size, used, retry_ns);
}

static void ring_broken(void *user, const char *why)
{
   struct pv_decoder *decoder = user;
   struct pv_context_core *ctx = decoder->ctx;
   if (atomic_exchange(&ctx->state, PV_CONTEXT_FATAL) != PV_CONTEXT_FATAL)
      pv_error("context %s: over after byte %llu of a ring: %s", ctx->name, (unsigned long long)decoder->offset, why);
   pv_context_go_fatal(ctx);
}

static const struct pv_ring_ops ring_ops = {
   .execute = ring_execute, .enter = pv_decoder_enter, .leave = pv_decoder_leave, .broken = ring_broken};

void pv_context_go_fatal(struct pv_context_core *ctx)
{
   atomic_store(&ctx->state, PV_CONTEXT_FATAL);
   pthread_mutex_lock(&ctx->lock);
   for (struct pv_decoder *ring = ctx->rings; ring; ring = ring->next) {
      pv_ring_fail(ring->ring);
      pv_gate_wake(&ring->gate);
   }
   pthread_mutex_unlock(&ctx->lock);
   pv_gate_wake(&ctx->virtqueue.gate);
   pv_timelines_wake(ctx);
}

void pv_context_core_end(struct pv_context_core *ctx)
{
   pv_context_go_fatal(ctx);
}

void pv_context_core_lose(struct pv_context_core *ctx, const char *why)
{
   int alive = PV_CONTEXT_ALIVE;
   if (!atomic_compare_exchange_strong(&ctx->state, &alive, PV_CONTEXT_LOST))
      return;
   atomic_store(&ctx->was_lost, true);
   pv_error("context %s: device lost: %s", ctx->name, why);
   pv_feedback_answer(ctx);
   pv_timelines_wake(ctx);
}

// The one slow tick per context that ALIVE needs; it also finds wake-ups that got lost, and memory kept for nothing.
static void tick(struct pv_context_core *ctx)
{
   pthread_mutex_lock(&ctx->lock);
   for (struct pv_decoder *ring = ctx->rings; ring; ring = ring->next)
      pv_ring_tick(ring->ring);
   pthread_mutex_unlock(&ctx->lock);
   uint64_t now = pv_now();
   if (now > PV_POOL_AGE)
      pv_mempool_drain(ctx, NULL, now - PV_POOL_AGE);
}

static void *monitor_main(void *user)
{
   struct pv_context_core *ctx = user;
   pv_thread_name("pv-monitor");
   while (!ctx->monitor_stop) {
      tick(ctx);
      uint64_t period = atomic_load(&ctx->monitor_period);
      pv_gate_wait(&ctx->monitor_gate, pv_now() + period);
   }
   return NULL;
}

// Half the shortest period any ring asked for, and never longer than a second.
static void start_monitor(struct pv_context_core *ctx, uint64_t period_ns)
{
   uint64_t half = period_ns / 2;
   if (half > MONITOR_LONGEST)
      half = MONITOR_LONGEST;
   if (half < 1000000)
      half = 1000000;
   uint64_t now = atomic_load(&ctx->monitor_period);
   if (!now || half < now)
      atomic_store(&ctx->monitor_period, half);
   ctx->next_tick = 0;
   if (ctx->core->polled)
      return;
   if (ctx->monitoring)
      pv_gate_wake(&ctx->monitor_gate);
   else if (!pv_thread_start(&ctx->monitor, monitor_main, ctx))
      ctx->monitoring = true;
   else
      pv_error("context %s: no thread for the monitor; the guest will take us for dead", ctx->name);
}

struct pv_decoder *pv_context_ring(struct pv_context_core *ctx, uint64_t key)
{
   for (struct pv_decoder *ring = ctx->rings; ring; ring = ring->next)
      if (ring->key == key)
         return ring;
   return NULL;
}

// Whoever survives us should be able to end the ring (layout NULL: it is gone). The guest's own name for it would not
// do as a key: two guests may have the same.
static void tell_of_ring(struct pv_context_core *ctx, const struct pv_decoder *ring,
                         const struct pv_ring_layout *layout)
{
   const struct pv_resource *resource = ring->ring_resource;
   int fd = resource->memory ? resource->memory->fd : resource->fd;
   struct pv_will will = {.key = (uintptr_t)ring, .kind = PV_WILL_RING, .fd = -1, .word = PV_RING_FATAL};
   if (!ctx->core->will || fd < 0)
      return;
   if (layout) {
      will.fd = fd;
      will.status = layout->status;
      will.head = layout->head;
      will.tail = layout->tail;
   }
   ctx->core->will(ctx->core->will_user, &will);
   if (!layout && ring->reply_told)
      ctx->core->will(ctx->core->will_user,
                      &(struct pv_will){.key = (uintptr_t)ring, .kind = PV_WILL_REPLIES, .fd = -1});
}

int pv_context_ring_create(struct pv_context_core *ctx, uint64_t key, struct pv_resource *resource,
                           const struct pv_ring_layout *layout, uint64_t idle_ns, uint64_t monitor_ns, int32_t priority)
{
   struct pv_decoder *decoder = calloc(1, sizeof *decoder);
   if (!decoder)
      return -ENOMEM;
   int error = pv_decoder_init(decoder, ctx);
   if (error) {
      free(decoder);
      return error;
   }
   decoder->key = key;
   const struct pv_ring_params params = {
      .base = resource->base,
      .size = resource->size,
      .layout = *layout,
      .idle_timeout_ns = idle_ns,
      .priority = priority,
      .ops = &ring_ops,
      .user = decoder,
   };
   error = pv_ring_create(&params, &decoder->ring);
   if (error) {
      pv_decoder_fini(decoder);
      free(decoder);
      return error;
   }
   atomic_fetch_add(&resource->refs, 1);
   decoder->ring_resource = resource;
   pthread_mutex_lock(&ctx->lock);
   decoder->next = ctx->rings;
   ctx->rings = decoder;
   ctx->ring_count++;
   decoder->index = ++ctx->rings_made;
   if (ctx->core->notes)
      decoder->note = &ctx->core->notes[decoder->index < PV_NOTES ? decoder->index : PV_NOTES - 1].at;
   pthread_mutex_unlock(&ctx->lock);
   tell_of_ring(ctx, decoder, layout);
   if (monitor_ns)
      start_monitor(ctx, monitor_ns);
   if (!ctx->core->polled) {
      error = pv_ring_start(decoder->ring);
      if (error)
         pv_context_ring_destroy(ctx, decoder);
   }
   return error;
}

static void keep_counters(struct pv_decoder *total, const struct pv_decoder *from)
{
   total->commands += from->commands;
   total->bytes += from->bytes;
   total->replies += from->replies;
   for (unsigned i = 0; i < PV_CMD_LIMIT; i++) {
      total->counters[i].count += from->counters[i].count;
      total->counters[i].timed += from->counters[i].timed;
      total->counters[i].timed_ns += from->counters[i].timed_ns;
   }
}

void pv_context_ring_destroy(struct pv_context_core *ctx, struct pv_decoder *ring)
{
   pthread_mutex_lock(&ctx->lock);
   struct pv_decoder **link = &ctx->rings;
   while (*link != ring)
      link = &(*link)->next;
   *link = ring->next;
   ctx->ring_count--;
   pthread_mutex_unlock(&ctx->lock);
   pv_ring_stop(ring->ring);
   pv_gate_wake(&ring->gate);
   struct pv_ring *joined = ring->ring; // its thread goes on looking at ring->ring until it is joined
   pv_ring_destroy(&joined);            // not under the lock: the thread may want it
   ring->ring = NULL;
   pthread_mutex_lock(&ctx->lock);
   keep_counters(ctx->totals, ring);
   pthread_mutex_unlock(&ctx->lock);
   tell_of_ring(ctx, ring, NULL);
   pv_decoder_fini(ring);
   free(ring);
}

// The first context is recorded to the file that was named, later ones beside it.
static int start_capture(struct pv_core *core, struct pv_capture **out)
{
   if (!core->capture)
      return 0;
   uint32_t number = atomic_fetch_add(&core->capture_count, 1) + 1;
   if (number == 1)
      return pv_capture_open(core->capture, out);
   char *path;
   if (asprintf(&path, "%s.%u", core->capture, number) < 0)
      return -ENOMEM;
   int error = pv_capture_open(path, out);
   free(path);
   return error;
}

int pv_context_core_create(struct pv_core *core, const struct pv_context_core_params *params,
                           struct pv_context_core **out)
{
   if (atomic_fetch_add(&core->contexts, 1) >= core->limits.contexts) {
      atomic_fetch_sub(&core->contexts, 1);
      pv_warn("a context is refused: there are %u, as many as allowed; more are to be had with --contexts N",
              core->limits.contexts);
      return -EDQUOT;
   }
   struct pv_context_core *ctx = calloc(1, sizeof *ctx);
   if (!ctx) {
      atomic_fetch_sub(&core->contexts, 1);
      return -ENOMEM;
   }
   ctx->core = core;
   ctx->fence_retired = params->fence_retired;
   ctx->user = params->user;
   ctx->name = strdup(params->name && *params->name ? params->name : "guest");
   ctx->totals = calloc(1, sizeof *ctx->totals);
   ctx->ids = pv_ids_create(core->limits.objects);
   int error = ctx->name && ctx->totals && ctx->ids ? 0 : -ENOMEM;
   pthread_mutex_init(&ctx->lock, NULL);
   pthread_mutex_init(&ctx->pool_lock, NULL);
   pv_mempool_init(&ctx->mempool);
   for (unsigned i = 0; i < PV_TIMELINES; i++) {
      ctx->timelines[i].last = &ctx->timelines[i].first;
      pthread_mutex_init(&ctx->timelines[i].lock, NULL);
      pv_gate_init(&ctx->timelines[i].gate);
   }
   pv_gate_init(&ctx->monitor_gate);
   if (!error)
      error = start_capture(core, &ctx->capture);
   if (!error)
      error = pv_decoder_init(&ctx->virtqueue, ctx);
   if (!error && (error = pv_estate_open(ctx)))
      pv_decoder_fini(&ctx->virtqueue);
   if (error) {
      pv_capture_close(&ctx->capture);
      pv_ids_destroy(&ctx->ids);
      free(ctx->totals);
      free(ctx->name);
      free(ctx);
      atomic_fetch_sub(&core->contexts, 1);
      return error;
   }
   *out = ctx;
   return 0;
}

static void retire_marks(struct pv_context_core *ctx)
{
   struct pv_backlog *backlog = &ctx->backlog;
   uint32_t ripe = 0;
   bool all = atomic_load(&ctx->state) != PV_CONTEXT_ALIVE;
   while (ripe < backlog->mark_count && (all || backlog->marks[ripe].at <= backlog->done)) {
      const struct pv_mark *mark = &backlog->marks[ripe++];
      if (!mark->ring_idx || pv_timeline_fence(ctx, mark->ring_idx, mark->fence_id))
         ctx->fence_retired(ctx->user, mark->ring_idx, mark->fence_id);
   }
   backlog->mark_count -= ripe;
   if (backlog->mark_count)
      memmove(backlog->marks, backlog->marks + ripe, backlog->mark_count * sizeof *backlog->marks);
}

void pv_context_core_destroy(struct pv_context_core **slot)
{
   struct pv_context_core *ctx = *slot;
   *slot = NULL;
   if (!ctx)
      return;
   while (ctx->rings)
      pv_context_ring_destroy(ctx, ctx->rings);
   if (ctx->monitoring) {
      ctx->monitor_stop = true;
      pv_gate_wake(&ctx->monitor_gate);
      pthread_join(ctx->monitor, NULL);
   }
   ctx->backlog.done = ctx->backlog.submitted; // what still waits never runs, but its fences retire
   retire_marks(ctx);
   pv_capture_close(&ctx->capture);
   pv_instance_teardown(ctx);
   pv_decoder_fini(&ctx->virtqueue);
   pv_resource_drop_all(ctx);
   pv_ids_destroy(&ctx->ids);
   pv_estate_close(ctx);
   for (unsigned i = 0; i < PV_TIMELINES; i++) {
      pv_gate_fini(&ctx->timelines[i].gate);
      pthread_mutex_destroy(&ctx->timelines[i].lock);
   }
   pv_gate_fini(&ctx->monitor_gate);
   pthread_mutex_destroy(&ctx->lock);
   pthread_mutex_destroy(&ctx->pool_lock);
   pv_mempool_fini(&ctx->mempool);
   free(ctx->backlog.bytes);
   free(ctx->backlog.marks);
   free(ctx->totals);
   free(ctx->name);
   atomic_fetch_sub(&ctx->core->contexts, 1);
   free(ctx);
}

// Executes what was submitted, until it is done or waits. *retry_ns: when to go on (PV_NEVER: done).
static int run_backlog(struct pv_context_core *ctx, uint64_t *retry_ns)
{
   struct pv_backlog *backlog = &ctx->backlog;
   enum pv_run run = PV_RUN_DONE;
   *retry_ns = PV_NEVER;
   if (backlog->at < backlog->size) {
      pv_decoder_enter(&ctx->virtqueue);
      while (run == PV_RUN_DONE && backlog->at < backlog->size) {
         size_t used = 0;
         if (pv_decoder_stopping(&ctx->virtqueue)) {
            run = PV_RUN_FATAL;
            break;
         }
         run = pv_decoder_run(&ctx->virtqueue, backlog->bytes + backlog->at, backlog->size - backlog->at, &used,
                              retry_ns);
         if (run == PV_RUN_DONE) {
            backlog->at += used;
            backlog->done += used;
         }
      }
      pv_decoder_leave(&ctx->virtqueue);
   }
   if (run == PV_RUN_FATAL || backlog->at == backlog->size) {
      if (run == PV_RUN_FATAL)
         backlog->done = backlog->submitted; // fences behind it retire all the same
      backlog->size = backlog->at = 0;
   }
   if (run != PV_RUN_WAIT)
      *retry_ns = PV_NEVER;
   retire_marks(ctx);
   return run == PV_RUN_FATAL ? -EPROTO : 0;
}

int pv_context_core_submit(struct pv_context_core *ctx, const void *bytes, size_t size)
{
   struct pv_backlog *backlog = &ctx->backlog;
   if (atomic_load(&ctx->state) == PV_CONTEXT_FATAL)
      return -EPROTO;
   if (size % 4)
      return -EINVAL;
   uint64_t left = backlog->size - backlog->at;
   if (left + size > backlog->room) {
      uint8_t *room = malloc(left + size);
      if (!room)
         return -ENOMEM;
      if (left)
         memcpy(room, backlog->bytes + backlog->at, left);
      free(backlog->bytes);
      backlog->bytes = room;
      backlog->room = left + size;
   } else if (left) {
      memmove(backlog->bytes, backlog->bytes + backlog->at, left);
   }
   if (size)
      memcpy(backlog->bytes + left, bytes, size);
   backlog->at = 0;
   backlog->size = left + size;
   backlog->submitted += size;
   uint64_t retry;
   return run_backlog(ctx, &retry);
}

int pv_context_core_fence(struct pv_context_core *ctx, uint32_t ring_idx, uint64_t fence_id)
{
   struct pv_backlog *backlog = &ctx->backlog;
   if (ring_idx >= PV_TIMELINES)
      return -EINVAL;
   atomic_fetch_add_explicit(&ctx->fences, 1, memory_order_relaxed);
   if (backlog->at == backlog->size || atomic_load(&ctx->state) != PV_CONTEXT_ALIVE) {
      retire_marks(ctx); // what was asked for before comes first
      int error = ring_idx ? pv_timeline_fence(ctx, ring_idx, fence_id) : 0;
      if (error && atomic_load(&ctx->state) == PV_CONTEXT_ALIVE)
         return error;
      if (!ring_idx || error)
         ctx->fence_retired(ctx->user, ring_idx, fence_id);
      return 0;
   }
   if (backlog->mark_count == backlog->mark_room) {
      uint32_t room = backlog->mark_room ? backlog->mark_room * 2 : 16;
      struct pv_mark *marks = realloc(backlog->marks, room * sizeof *marks);
      if (!marks)
         return -ENOMEM;
      backlog->marks = marks;
      backlog->mark_room = room;
   }
   backlog->marks[backlog->mark_count++] =
       (struct pv_mark){.at = backlog->submitted, .ring_idx = ring_idx, .fence_id = fence_id};
   return 0;
}

int pv_context_core_poll(struct pv_context_core *ctx, uint64_t *deadline)
{
   uint64_t next;
   int error = run_backlog(ctx, &next);
   for (struct pv_decoder *ring = ctx->rings; ring; ring = ring->next) {
      uint64_t at;
      if (pv_ring_poll(ring->ring, POLL_BUDGET, &at) && at < next)
         next = at;
   }
   if (atomic_load(&ctx->state) != PV_CONTEXT_ALIVE)
      retire_marks(ctx); // a ring may just have done it, and nobody needs to poll again
   uint64_t now = pv_now();
   uint64_t period = atomic_load(&ctx->monitor_period);
   if (period && now >= ctx->next_tick) {
      tick(ctx);
      ctx->next_tick = now + period;
   }
   if (period && ctx->next_tick < next)
      next = ctx->next_tick;
   if (pv_timelines_poll(ctx) && now + 1000000 < next)
      next = now + 1000000;
   *deadline = next;
   return error || atomic_load(&ctx->state) == PV_CONTEXT_FATAL ? -EPROTO : 0;
}

enum pv_context_state pv_context_core_state(const struct pv_context_core *ctx)
{
   return (enum pv_context_state)atomic_load(&((struct pv_context_core *)ctx)->state);
}

static int by_count(const void *a, const void *b)
{
   const struct pv_stats_command *x = a, *y = b;
   return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

size_t pv_context_core_stats(const struct pv_context_core *const_ctx, struct pv_stats_core *out,
                             struct pv_stats_command *top, size_t n)
{
   struct pv_context_core *ctx = (struct pv_context_core *)const_ctx; // the lock is not part of what is asked
   struct pv_decoder *sum = calloc(1, sizeof *sum);
   struct pv_stats_command *all = calloc(PV_CMD_LIMIT, sizeof *all);
   memset(out, 0, sizeof *out);
   size_t found = 0;
   if (!sum || !all)
      goto done;
   pthread_mutex_lock(&ctx->lock);
   keep_counters(sum, ctx->totals);
   keep_counters(sum, &ctx->virtqueue);
   for (struct pv_decoder *ring = ctx->rings; ring; ring = ring->next)
      keep_counters(sum, ring);
   pthread_mutex_unlock(&ctx->lock);
   *out = (struct pv_stats_core){.commands = sum->commands,
                                 .bytes = sum->bytes,
                                 .replies = sum->replies,
                                 .ring_wakes = ctx->wakes,
                                 .fences = ctx->fences,
                                 .objects = pv_ids_count(ctx->ids),
                                 .memory = pv_charge_total(ctx)};
   for (unsigned i = 0; i < PV_CMD_LIMIT; i++) {
      const struct pv_command_counter *c = &sum->counters[i];
      if (!c->count)
         continue;
      uint64_t ns = c->timed ? (uint64_t)((double)c->timed_ns / (double)c->timed * (double)c->count) : 0;
      out->ns += ns;
      all[found++] = (struct pv_stats_command){.name = pv_command_names[i], .count = c->count, .ns = ns};
   }
   qsort(all, found, sizeof *all, by_count);
   if (found > n)
      found = n;
   if (found)
      memcpy(top, all, found * sizeof *all);
done:
   free(sum);
   free(all);
   return found;
}
