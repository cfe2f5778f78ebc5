// SPDX-License-Identifier: MIT
//
// Guests by hand.
#include "world.h"

#include <stdatomic.h>

#include "base/log.h"

static struct log the_log;
void (*log_on_loss)(void);

static void count_line(void *data, int level, const char *line)
{
   struct log *log = data;
   if (level > PV_LOG_ERROR) {
      log->others++;
      return;
   }
   if (!log->errors++)
      snprintf(log->first, sizeof log->first, "%s", line);
   snprintf(log->last, sizeof log->last, "%s", line);
   // "context NAME: over at COMMAND (N), byte N of ...: why", and the same with "device lost"
   bool named = strstr(line, " (") && strstr(line, "), byte ") && strstr(line, ": ");
   log->over += named && strstr(line, ": over at ");
   log->lost += named && strstr(line, ": device lost at ");
   if (log_on_loss && strstr(line, ": device lost"))
      log_on_loss();
}

void log_start(void)
{
   memset(&the_log, 0, sizeof the_log);
   pv_log_set(count_line, &the_log, PV_LOG_WARN);
}

void log_forget(void)
{
   memset(&the_log, 0, sizeof the_log);
}

struct log log_so_far(void)
{
   return the_log;
}

static void fence_retired(void *user, uint32_t ring_idx, uint64_t fence_id)
{
   struct guest *guest = user;
   if (fence_id != atomic_fetch_add(&guest->retired[ring_idx], 1) + 1)
      fail_msg("fence %llu of timeline %u retired out of order", (unsigned long long)fence_id, ring_idx);
}

void guest_open(struct guest *guest, struct pv_core *core, const char *name)
{
   const struct pv_context_core_params params = {.name = name, .fence_retired = fence_retired, .user = guest};
   struct pv_blob_core blob;
   memset(guest, 0, sizeof *guest);
   assert_int_equal(pv_context_core_create(core, &params, &guest->ctx), 0);
   assert_int_equal(pv_context_core_blob(guest->ctx, 1, 0, SHARED, PV_BLOB_MAPPABLE, &blob), 0);
   guest->shared = blob.pointer;
   guest->bytes = malloc(SPACE);
   assert_non_null(guest->bytes);
   guest->w = (struct pv_writer){.p = guest->bytes, .end = guest->bytes + SPACE};
   pv_arena_init(&guest->arena, 64u << 20);
   const VkCommandStreamDescriptionMESA window = {.resourceId = 1, .size = WINDOW};
   pv_enc_vkSetReplyCommandStreamMESA(&guest->w, 0, &(struct pv_args_vkSetReplyCommandStreamMESA){.pStream = &window});
   assert_int_equal(guest_submit(guest), 0);
}

void guest_close(struct guest *guest)
{
   pv_context_core_destroy(&guest->ctx);
   free(guest->bytes);
   pv_arena_fini(&guest->arena);
   memset(guest, 0, sizeof *guest);
}

int guest_send(struct guest *guest, const void *bytes, size_t size)
{
   return pv_context_core_submit(guest->ctx, bytes, size);
}

int guest_submit(struct guest *guest)
{
   assert_false(guest->w.full);
   size_t size = (size_t)(guest->w.p - guest->bytes);
   guest->w.p = guest->bytes;
   return guest_send(guest, guest->bytes, size);
}

void guest_rewind(struct guest *guest)
{
   pv_enc_vkSeekReplyCommandStreamMESA(&guest->w, 0, &(struct pv_args_vkSeekReplyCommandStreamMESA){.position = 0});
}

struct pv_reader guest_reply(struct guest *guest, uint32_t command)
{
   assert_int_equal(pv_load32(guest->shared), command);
   pv_arena_reset(&guest->arena);
   return (struct pv_reader){.p = guest->shared, .end = guest->shared + WINDOW, .arena = &guest->arena};
}

enum pv_context_state guest_state(const struct guest *guest)
{
   return pv_context_core_state(guest->ctx);
}

const char *state_name(enum pv_context_state state)
{
   static const char *const names[] = {"alive", "lost", "over"};
   return names[state];
}
