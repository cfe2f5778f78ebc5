// SPDX-License-Identifier: MIT
//
// One command: dispatch, the rules of fatal, lost and poisoned, and the reply window.
#include "core/exec.h"

#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "core/capture.h"
#include "core/context.h"
#include "core/protocol.gen.h"
#include "wire/venus.gen.h"

static const char *command_name(uint32_t cmd)
{
   return cmd < PV_CMD_LIMIT && pv_command_names[cmd] ? pv_command_names[cmd] : "unknown command";
}

void pv_exec_fatal(struct pv_exec *x, const char *why, uint64_t value)
{
   x->state = PV_EXEC_FATAL;
   struct pv_context_core *ctx = x->ctx;
   if (atomic_exchange(&ctx->state, PV_CONTEXT_FATAL) != PV_CONTEXT_FATAL) // of several rings one has the word
      pv_error("context %s: over at %s (%" PRIu32 "), byte %" PRIu64 " of %s: %s (%" PRIu64 ")", ctx->name,
               command_name(x->cmd), x->cmd, x->decoder->offset, x->decoder->ring ? "a ring" : "the control path", why,
               value);
   pv_context_go_fatal(ctx);
}

void pv_exec_lose(struct pv_exec *x, const char *why)
{
   struct pv_context_core *ctx = x->ctx;
   int alive = PV_CONTEXT_ALIVE;
   if (!atomic_compare_exchange_strong(&ctx->state, &alive, PV_CONTEXT_LOST))
      return;
   atomic_store(&ctx->was_lost, true);
   pv_error("context %s: device lost at %s (%" PRIu32 "), byte %" PRIu64 " of %s: %s", ctx->name, command_name(x->cmd),
            x->cmd, x->decoder->offset, x->decoder->ring ? "a ring" : "the control path", why);
   atomic_store(&ctx->unanswered, true);
   pv_timelines_wake(ctx);
}

static __attribute__((cold)) void lose_poisoned(struct pv_exec *x)
{
   char why[PV_SHORTAGE_LINE];
   pv_context_core_shortage(x->ctx, "it uses an object that the host refused to create", why);
   pv_exec_lose(x, why);
}

enum pv_admit pv_exec_admit(struct pv_exec *x, bool forgiving)
{
   if (__builtin_expect(x->in.why != NULL, 0)) {
      pv_exec_fatal(x, x->in.why, x->in.why_value);
      return PV_ADMIT_STOP;
   }
   if (__builtin_expect(x->in.poisoned, 0) && !forgiving)
      lose_poisoned(x);
   if (__builtin_expect(x->in.refused != NULL, 0))
      pv_exec_lose(x, x->in.refused);
   int state = atomic_load_explicit(&x->ctx->state, memory_order_relaxed);
   if (__builtin_expect(state == PV_CONTEXT_ALIVE, 1)) {
      if (__builtin_expect(x->ctx->capture != NULL, 0))
         pv_capture_command(x->ctx->capture, x);
      return PV_ADMIT_GO;
   }
   if (state == PV_CONTEXT_LOST)
      return PV_ADMIT_LOST;
   x->state = PV_EXEC_FATAL;
   return PV_ADMIT_STOP;
}

bool pv_exec_claim(struct pv_exec *x, uint32_t count, const uint64_t *ids)
{
   for (uint32_t i = 0; i < count; i++) {
      if (!ids[i]) {
         pv_exec_fatal(x, "a new object with id 0", 0);
         return false;
      }
      if (pv_ids_used(x->ctx->ids, ids[i])) {
         pv_exec_fatal(x, "a new object with an id in use", ids[i]);
         return false;
      }
   }
   return true;
}

// Another ring is destroying what the new object belongs to. It may have collected the object already; then it is
// filed, and gone. Else it never will, and the object must not stay: its owner's record is about to be freed.
static __attribute__((cold)) bool file_with_dying(struct pv_exec *x, uint64_t id, uint8_t type)
{
   struct pv_object ours;
   enum pv_id_result found = pv_ids_remove(x->ctx->ids, id, type, &ours);
   pv_exec_fatal(x, "a new object of a device or instance that is being destroyed", id);
   return found != PV_ID_OK && found != PV_ID_POISONED;
}

// Files an object. False: it could not be, and what the host had made for it is gone again.
static bool file(struct pv_exec *x, uint64_t id, const struct pv_object *object)
{
   const struct pv_owner *owner = object->owner;
   int error = pv_ids_insert(x->ctx->ids, id, object);
   // Pairs with the teardown, which sets `dying` before it walks the table: one of the two sees the other.
   if (!error && owner && __builtin_expect(atomic_load(&owner->dying), 0))
      return file_with_dying(x, id, object->type);
   if (!error)
      return true;
   if (object->handle && owner)
      pv_device_unmake(x->ctx, object->owner, object);
   if (error == -EEXIST || error == -EINVAL)
      pv_exec_fatal(x, "a new object with an id in use", id); // twice in one command, or by another ring meanwhile
   else
      pv_exec_lose(x, error == -ENOSPC ? "too many live objects" : "out of memory");
   return false;
}

bool pv_exec_file_state(struct pv_exec *x, uint8_t type, void *owner, void *state, uint64_t id, uint64_t handle,
                        VkResult result)
{
   struct pv_object object = {.handle = handle, .owner = owner, .state = state, .type = type};
   if (result >= 0 && handle)
      return file(x, id, &object);
   if (!(x->flags & PV_CMD_REPLY)) {
      object = (struct pv_object){.owner = owner, .type = type, .poisoned = true};
      file(x, id, &object);
   }
   return false;
}

bool pv_exec_file_shadow(struct pv_exec *x, uint8_t type, void *owner, void *state, uint64_t id)
{
   const struct pv_object object = {.owner = owner, .state = state, .type = type, .poisoned = true};
   return !(x->flags & PV_CMD_REPLY) && file(x, id, &object);
}

void pv_exec_file(struct pv_exec *x, uint8_t type, void *owner, uint32_t count, uint64_t *ids, const uint64_t *handles,
                  VkResult result, bool array)
{
   for (uint32_t i = 0; i < count; i++) {
      // Pipelines may be made in part: the handle says, not the result. Everything else fails as a whole.
      uint64_t handle = handles && (result >= 0 || type == PV_OBJECT_VkPipeline) ? handles[i] : 0;
      bool filed = pv_exec_file_state(x, type, owner, NULL, ids[i], handle, VK_SUCCESS);
      if (!filed && array)
         ids[i] = 0;
      for (; x->state != PV_EXEC_RUN && handles && i + 1 < count; i++) // the rest has nowhere to go
         pv_device_unmake(x->ctx, owner, &(struct pv_object){.handle = handles[i + 1], .owner = owner, .type = type});
      if (x->state != PV_EXEC_RUN)
         return;
   }
}

bool pv_exec_unfile_state(struct pv_exec *x, uint8_t type, uint64_t id, void **state)
{
   struct pv_object object;
   *state = NULL;
   if (!id)
      return false;
   enum pv_id_result found = pv_ids_remove(x->ctx->ids, id, type, &object);
   if (found == PV_ID_UNKNOWN && pv_exec_lost(x)) // what a lost context could not file
      return false;
   if (found != PV_ID_OK && found != PV_ID_POISONED) {
      pv_exec_fatal(x, "an object destroyed twice", id);
      return false;
   }
   *state = object.state;
   return found == PV_ID_OK && object.handle;
}

bool pv_exec_unfile(struct pv_exec *x, uint8_t type, uint64_t id)
{
   void *state;
   return pv_exec_unfile_state(x, type, id, &state);
}

void pv_exec_result(struct pv_exec *x, VkResult result)
{
   if (__builtin_expect(result >= 0, 1))
      return;
   if (result == VK_ERROR_DEVICE_LOST)
      pv_exec_lose(x, "the host's driver says so");
   else if (!(x->flags & PV_CMD_REPLY) && !x->in.poisoned && !atomic_exchange(&x->ctx->unasked, true))
      pv_warn("context %s: %s failed (%d) and its guest does not ask", x->ctx->name, command_name(x->cmd), result);
}

VkResult pv_exec_refuse(struct pv_exec *x)
{
   pv_exec_lose(x, "the host's driver does not have this command");
   return VK_ERROR_DEVICE_LOST;
}

struct pv_writer *pv_exec_reply(struct pv_exec *x)
{
   struct pv_decoder *d = x->decoder;
   if (!d->reply || !pv_decoder_hold(d, d->reply)) {
      pv_exec_fatal(x, "a reply is wanted, but no reply stream is set", 0);
      return NULL;
   }
   x->out.p = d->reply->base + d->reply_offset + d->reply_cursor;
   x->out.end = d->reply->base + d->reply_offset + d->reply_size;
   x->out.full = false;
   return &x->out;
}

void pv_exec_reply_commit(struct pv_exec *x)
{
   struct pv_decoder *d = x->decoder;
   pv_decoder_let_go(d);
   if (x->out.full) {
      pv_exec_fatal(x, "the reply does not fit its stream", d->reply_size);
      return;
   }
   d->reply_cursor = (uint64_t)(x->out.p - (d->reply->base + d->reply_offset));
   atomic_store_explicit(&d->replies, atomic_load_explicit(&d->replies, memory_order_relaxed) + 1,
                         memory_order_relaxed);
}
