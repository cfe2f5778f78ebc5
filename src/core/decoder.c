// SPDX-License-Identifier: MIT
//
// A decoder runs one stream: the virtqueue's or a ring's. It may be in the middle of executed streams
// (vkExecuteCommandStreamsMESA) and suspended there by a command that waits.
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "wire/venus.gen.h"

// Of each kind of command the first few are timed, then one in several and at last one in many, for looking at the
// clock can take longer than the command. Each stands in the statistics for those up to the next one that is timed.
#define TIMED_FIRST  16u
#define TIMED_OFTEN  1024u
#define STEP_OFTEN   16u
#define STEP_AT_LAST 128u

int pv_decoder_init(struct pv_decoder *decoder, struct pv_context_core *ctx)
{
   decoder->ctx = ctx;
   decoder->note = ctx->core->notes ? &ctx->core->notes[0].at : &decoder->unread;
   int error = pv_gate_init(&decoder->gate);
   if (error)
      return error;
   pv_arena_init(&decoder->arena, ctx->core->limits.command_temp);
   decoder->exec = (struct pv_exec){
      .in = {.arena = &decoder->arena, .ids = ctx->ids, .memos = decoder->memos}, .ctx = ctx, .decoder = decoder};
   pv_ids_reader_add(ctx->ids, &decoder->reader);
   return 0;
}

void pv_decoder_fini(struct pv_decoder *decoder)
{
   pv_ids_reader_remove(decoder->ctx->ids, &decoder->reader);
   pv_arena_fini(&decoder->arena);
   pv_gate_fini(&decoder->gate);
   pv_resource_unref(&decoder->reply);
   pv_resource_unref(&decoder->stream);
   pv_resource_unref(&decoder->ring_resource);
   free(decoder->nested.list);
   free(decoder->nested.bytes);
}

static inline void bump(_Atomic uint64_t *counter, uint64_t by)
{
   // One writer: a plain add that readers may see late.
   atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

void pv_decoder_enter(void *user)
{
   struct pv_decoder *decoder = user;
   for (unsigned i = 0; i < PV_READER_MEMOS; i++)
      decoder->memos[i].object.type = 0;
   pv_ids_enter(decoder->ctx->ids, &decoder->reader);
}

void pv_decoder_leave(void *user)
{
   struct pv_decoder *decoder = user;
   pv_ids_leave(decoder->ctx->ids, &decoder->reader);
}

bool pv_decoder_may_wait(const struct pv_decoder *decoder)
{
   return !decoder->ctx->core->polled && !(decoder->ring && pv_ring_is_helped(decoder->ring));
}

bool pv_decoder_stopping(const struct pv_decoder *decoder)
{
   return atomic_load_explicit(&decoder->ctx->state, memory_order_relaxed) == PV_CONTEXT_FATAL ||
          (decoder->ring && pv_ring_stopping(decoder->ring));
}

struct pv_resource *pv_decoder_resource(struct pv_decoder *decoder, struct pv_resource **slot, uint32_t id)
{
   struct pv_resource *cached = *slot;
   // acquire pairs with the release store in pv_context_core_detach
   if (cached && cached->id == id && !atomic_load_explicit(&cached->gone, memory_order_acquire))
      return cached;
   pv_resource_unref(slot);
   struct pv_resource *found = pv_resource_find(decoder->ctx, id);
   if (found && (!found->plain || !found->base))
      pv_resource_unref(&found);
   *slot = found;
   return found;
}

bool pv_decoder_hold(struct pv_decoder *decoder, struct pv_resource *resource)
{
   // Sequentially consistent, as `gone` then `using` in pv_context_core_detach: one of the two sees the other.
   atomic_store(&decoder->using, resource);
   if (!atomic_load(&resource->gone))
      return true;
   pv_decoder_let_go(decoder);
   return false;
}

void pv_decoder_let_go(struct pv_decoder *decoder)
{
   atomic_store_explicit(&decoder->using, NULL, memory_order_release); // pairs with wait_for_users in resource.c
}

static void __attribute__((noinline)) note_time(struct pv_command_counter *counter, uint64_t started)
{
   uint64_t seen = counter->timed_next;
   uint64_t step = seen < TIMED_FIRST ? 1 : seen < TIMED_OFTEN ? STEP_OFTEN : STEP_AT_LAST;
   bump(&counter->timed, step);
   bump(&counter->timed_ns, (pv_now() - started) * step);
   counter->timed_next = seen + step;
}

// Field by field, since compilers clear a large structure with an instruction that takes longer than the rest of this
// file. `out` is set when a reply begins.
static inline void begin(struct pv_exec *x, const uint8_t *bytes, uint64_t size)
{
   struct pv_reader *in = &x->in;
   in->p = bytes;
   in->end = bytes + size;
   in->owner = NULL;
   in->lost = atomic_load_explicit(&x->ctx->state, memory_order_relaxed) == PV_CONTEXT_LOST;
   in->owned = false;
   in->kept = in->kept_before = (struct pv_ref){0};
   in->kept_list = NULL;
   in->kept_count = in->kept_room = 0;
   in->why = NULL;
   in->why_value = 0;
   in->refused = NULL;
   in->poisoned = false;
   in->depth = 0;
   x->begin = bytes;
   x->state = PV_EXEC_RUN;
   x->retry_ns = 0;
}

// Executes the first command of `bytes`. *used is its length when it ran.
static inline __attribute__((always_inline)) enum pv_exec_state
run_one(struct pv_decoder *decoder, const uint8_t *bytes, uint64_t size, uint64_t *used, uint64_t *retry_ns)
{
   struct pv_exec *x = &decoder->exec;
   begin(x, bytes, size);
   if (size < 8) {
      x->cmd = PV_CMD_LIMIT;
      pv_exec_fatal(x, "truncated", size);
      return x->state;
   }
   x->cmd = pv_load32(bytes);
   x->flags = pv_load32(bytes + 4);
   x->in.p += 8;
   if (x->cmd >= PV_CMD_LIMIT || !pv_thunks[x->cmd]) {
      pv_exec_fatal(x, "no such command", x->cmd);
      return x->state;
   }
   if (x->flags & ~PV_CMD_REPLY) {
      pv_exec_fatal(x, "unknown command flags", x->flags);
      return x->state;
   }
   atomic_store_explicit(decoder->note, pv_note_make(decoder->offset, x->cmd), memory_order_relaxed);
   struct pv_command_counter *counter = &decoder->counters[x->cmd];
   bool timed = atomic_load_explicit(&counter->count, memory_order_relaxed) == counter->timed_next;
   uint64_t started = __builtin_expect(timed, 0) ? pv_now() : 0;
   pv_thunks[x->cmd](x);
   pv_arena_reset(&decoder->arena);
   if (__builtin_expect(atomic_load_explicit(&decoder->ctx->unanswered, memory_order_relaxed), 0) &&
       atomic_exchange(&decoder->ctx->unanswered, false))
      pv_feedback_answer(decoder->ctx);
   if (x->state == PV_EXEC_RUN) {
      *used = (uint64_t)(x->in.p - bytes);
      decoder->wait_deadline = 0;
      bump(&counter->count, 1);
      bump(&decoder->commands, 1);
      bump(&decoder->bytes, *used);
      if (__builtin_expect(started != 0, 0))
         note_time(counter, started);
   } else {
      *retry_ns = x->retry_ns;
   }
   return x->state;
}

// Copies the next non-empty stream of the Execute into private memory. False when there is none left.
static bool next_stream(struct pv_decoder *decoder, enum pv_exec_state *state)
{
   struct pv_nested *nested = &decoder->nested;
   while (nested->index < nested->count) {
      const struct pv_stream_desc *desc = &nested->list[nested->index++];
      struct pv_exec x = {.cmd = PV_CMD_vkExecuteCommandStreamsMESA, .ctx = decoder->ctx, .decoder = decoder};
      struct pv_resource *resource = pv_decoder_resource(decoder, &decoder->stream, desc->resource);
      if (!resource || desc->offset > resource->size || desc->size > resource->size - desc->offset) {
         pv_exec_fatal(&x, resource ? "a stream outside its resource" : "a stream in no shared-memory resource",
                       desc->resource);
         *state = PV_EXEC_FATAL;
         return false;
      }
      if (desc->size > decoder->ctx->core->limits.command_temp) {
         pv_exec_fatal(&x, "a stream longer than a command may be", desc->size);
         *state = PV_EXEC_FATAL;
         return false;
      }
      if (desc->seek) {
         if (!decoder->reply || desc->reply_position > decoder->reply_size) {
            pv_exec_fatal(&x, "a reply position outside the reply stream", desc->reply_position);
            *state = PV_EXEC_FATAL;
            return false;
         }
         decoder->reply_cursor = desc->reply_position;
      }
      if (!desc->size)
         continue;
      if (desc->size > nested->room) {
         free(nested->bytes);
         nested->bytes = malloc(desc->size);
         nested->room = nested->bytes ? desc->size : 0;
         if (!nested->bytes) {
            pv_exec_fatal(&x, "out of memory for a stream", desc->size);
            *state = PV_EXEC_FATAL;
            return false;
         }
      }
      if (!pv_decoder_hold(decoder, resource)) {
         pv_exec_fatal(&x, "a stream in a resource that is gone", desc->resource);
         *state = PV_EXEC_FATAL;
         return false;
      }
      memcpy(nested->bytes, resource->base + desc->offset, desc->size); // the one fetch of these guest bytes
      pv_decoder_let_go(decoder);
      nested->size = desc->size;
      nested->at = 0;
      return true;
   }
   return false;
}

static enum pv_exec_state run_nested(struct pv_decoder *decoder, uint64_t *retry_ns)
{
   struct pv_nested *nested = &decoder->nested;
   enum pv_exec_state state = PV_EXEC_RUN;
   for (;;) {
      if (nested->at == nested->size && !next_stream(decoder, &state))
         break;
      if (pv_decoder_stopping(decoder))
         return PV_EXEC_FATAL;
      uint64_t used = 0;
      state = run_one(decoder, nested->bytes + nested->at, nested->size - nested->at, &used, retry_ns);
      if (state != PV_EXEC_RUN)
         return state;
      nested->at += used;
   }
   nested->active = false;
   nested->size = nested->at = 0;
   if (nested->room > 16u << 20) { // a rare giant should not stay
      free(nested->bytes);
      nested->bytes = NULL;
      nested->room = 0;
   }
   return state;
}

// What remains of a command that is not simply done: its streams, a wait, the end.
static __attribute__((noinline)) enum pv_run go_on(struct pv_decoder *decoder, enum pv_exec_state state, size_t *used,
                                                   uint64_t *retry_ns)
{
   struct pv_nested *nested = &decoder->nested;
   if (state == PV_EXEC_RUN && nested->active)
      state = run_nested(decoder, retry_ns);
   if (state == PV_EXEC_WAIT)
      return PV_RUN_WAIT;
   if (state == PV_EXEC_FATAL)
      return PV_RUN_FATAL;
   *used = nested->outer;
   decoder->offset += nested->outer;
   return PV_RUN_DONE;
}

enum pv_run pv_decoder_run(struct pv_decoder *decoder, const uint8_t *bytes, size_t size, size_t *used,
                           uint64_t *retry_ns)
{
   struct pv_nested *nested = &decoder->nested;
   if (__builtin_expect(nested->active, 0)) // suspended inside an Execute, which is the first command of `bytes`
      return go_on(decoder, PV_EXEC_RUN, used, retry_ns);
   uint64_t length = 0;
   enum pv_exec_state state = run_one(decoder, bytes, size, &length, retry_ns);
   if (__builtin_expect(state != PV_EXEC_RUN || nested->active, 0)) {
      nested->outer = length;
      return go_on(decoder, state, used, retry_ns);
   }
   *used = length;
   decoder->offset += length;
   return PV_RUN_DONE;
}
