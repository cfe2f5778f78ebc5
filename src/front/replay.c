// SPDX-License-Identifier: MIT
//
// The replay door: a recording in the place of a guest. Everything goes through the control path of one polled context,
// so that a wait whose end was not recorded is noticed instead of waited for.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "base/record.h"
#include "core/renderer.h"
#include "front/limits.h"
#include "pearvisor/replay.h"

#define REPLY_RESOURCE 0xffffff00u           // no stock driver gets that far
#define REPLY_SIZE     ((uint64_t)64 << 20)  // of the one window all replies go to
#define PATIENCE_NS    UINT64_C(10000000000) // for one command

// The few commands a door has to know, by number: those that move bytes for a transport we do not have.
enum {
   SET_REPLY = 178,
   SEEK_REPLY = 179,
   EXECUTE_STREAMS = 180, // what it executed was recorded as well
   CREATE_RING = 188,
   WRITE_RING_EXTRA = 191,
   SUBMIT_VIRTQUEUE_SEQNO = 251,
   WAIT_RING_SEQNO = 253,
};

struct memory { // stands for what the guest's VMM attached
   uint32_t resource;
   void *base;
   uint64_t size;
   struct memory *next;
};

struct replay {
   const char *file;
   struct pv_record_reader reader;
   struct pv_core *core;
   struct pv_context_core *ctx;
   struct memory *memory;
   uint64_t fence, retired; // the last asked for, the last that came
   struct pv_replay counts;
};

static bool is_transport(uint32_t command)
{
   return (command >= SET_REPLY && command <= EXECUTE_STREAMS) ||
          (command >= CREATE_RING && command <= WRITE_RING_EXTRA) ||
          (command >= SUBMIT_VIRTQUEUE_SEQNO && command <= WAIT_RING_SEQNO);
}

// Says which record it was. Returns `error`.
static int complain(const struct replay *replay, int error, const char *why)
{
   pv_error("%s: record %" PRIu64 " at byte %" PRIu64 ": %s", replay->file, replay->reader.number, replay->reader.at,
            why);
   return error;
}

static void fence_retired(void *user, uint32_t ring_idx, uint64_t fence_id)
{
   ((struct replay *)user)->retired = fence_id;
}

// Waits until everything submitted is executed.
static int settle(struct replay *replay)
{
   uint64_t limit = pv_now() + PATIENCE_NS, deadline;
   int error = pv_context_core_fence(replay->ctx, 0, ++replay->fence);
   while (!error && replay->retired != replay->fence) {
      uint64_t now = pv_now();
      if (now > limit)
         return complain(replay, -ETIMEDOUT, "this command waits for something that was not recorded");
      error = pv_context_core_poll(replay->ctx, &deadline);
      if (!error && replay->retired != replay->fence)
         pv_sleep_until(deadline < now + 1000000 ? deadline : now + 1000000);
   }
   return error;
}

static int submit(struct replay *replay, const void *bytes, size_t size)
{
   int error = pv_context_core_submit(replay->ctx, bytes, size);
   if (!error)
      error = settle(replay);
   if (error == -ETIMEDOUT)
      return error;
   if (error || pv_context_core_state(replay->ctx) != PV_CONTEXT_ALIVE)
      return complain(replay, -EPROTO, "this command ended the context");
   return 0;
}

// Replies go to the start of our own window, each over the one before.
static int set_reply(struct replay *replay)
{
   const uint32_t words[] = {SET_REPLY, 0, 1, 0, REPLY_RESOURCE, 0, 0, (uint32_t)REPLY_SIZE, 0};
   return submit(replay, words, sizeof words);
}

static int replay_command(struct replay *replay)
{
   uint32_t head[2];
   memcpy(head, replay->reader.bytes, sizeof head);
   if (is_transport(head[0])) {
      replay->counts.transport++;
      return 0;
   }
   int error = head[1] & 1 ? set_reply(replay) : 0;
   if (!error)
      error = submit(replay, replay->reader.bytes, replay->reader.record.size);
   replay->counts.commands += !error;
   return error;
}

static void drop_memory(struct memory *memory)
{
   if (memory->base)
      pv_shm_unmap(memory->base, memory->size);
   free(memory);
}

// What a VMM lent to the recorded context: zeroed memory of the same size.
static int attach(struct replay *replay, const struct pv_record_blob *blob)
{
   struct memory *memory = calloc(1, sizeof *memory);
   int fd, error = memory ? pv_shm_create("pearvisor-replay", blob->size, &fd) : -ENOMEM;
   if (!error) {
      memory->resource = blob->resource;
      memory->size = blob->size;
      error = pv_shm_map(fd, blob->size, &memory->base);
      if (error)
         memory->base = NULL;
      else
         error = pv_context_core_attach(replay->ctx, blob->resource, memory->base, blob->size, fd);
      close(fd);
   }
   if (error && memory) {
      drop_memory(memory);
   } else if (memory) {
      memory->next = replay->memory;
      replay->memory = memory;
   }
   return error;
}

static int detach(struct replay *replay, uint32_t resource)
{
   int error = pv_context_core_detach(replay->ctx, resource);
   for (struct memory **link = &replay->memory; !error && *link; link = &(*link)->next) {
      struct memory *memory = *link;
      if (memory->resource != resource)
         continue;
      *link = memory->next;
      drop_memory(memory);
      break;
   }
   return error;
}

static int replay_resource(struct replay *replay)
{
   struct pv_record_blob blob;
   struct pv_blob_core made;
   int error;
   memcpy(&blob, replay->reader.bytes, sizeof blob);
   if (blob.resource == REPLY_RESOURCE)
      return complain(replay, -EBADMSG, "a resource id that replay needs itself");
   if (replay->reader.record.type == PV_RECORD_DETACH) {
      error = detach(replay, blob.resource);
   } else {
      error = replay->reader.record.type == PV_RECORD_ATTACH
                  ? attach(replay, &blob)
                  : pv_context_core_blob(replay->ctx, blob.resource, blob.blob_id, blob.size, blob.flags, &made);
      replay->counts.resources += !error;
   }
   return error ? complain(replay, error == -EINVAL ? -EBADMSG : error, strerror(-error)) : 0;
}

static int replay_all(struct replay *replay)
{
   int error = 0;
   while (!error) {
      int got = pv_record_next(&replay->reader);
      if (got == 0)
         return 0;
      if (got == -EBADMSG)
         return complain(replay, got, "the file is damaged here");
      if (got == -EPIPE || got == -ENODATA)
         return complain(replay, -ENODATA,
                         got == -EPIPE ? "the recording was cut off in the middle of it"
                                       : "the recording was cut off here: its worker was killed");
      if (got < 0)
         return complain(replay, got, strerror(-got));
      error = replay->reader.record.type == PV_RECORD_COMMAND ? replay_command(replay) : replay_resource(replay);
   }
   return error;
}

static int make_context(struct replay *replay, const struct pv_renderer_params *params)
{
   struct pv_core_params core = {.polled = true};
   const struct pv_context_core_params context = {.name = "replay", .fence_retired = fence_retired, .user = replay};
   struct pv_blob_core window;
   if (params) {
      core.driver = params->driver;
      core.gpu = params->gpu;
      core.limits = pv_limits_of(&params->limits);
   }
   int error = pv_core_create(&core, &replay->core);
   if (!error)
      error = pv_context_core_create(replay->core, &context, &replay->ctx);
   if (!error)
      error = pv_context_core_blob(replay->ctx, REPLY_RESOURCE, 0, REPLY_SIZE, PV_BLOB_MAPPABLE, &window);
   return error;
}

int pv_replay(const char *file, const struct pv_renderer_params *params, struct pv_replay *out)
{
   struct replay replay = {.file = file};
   if (out)
      *out = (struct pv_replay){0};
   if (!file) {
      pv_error("pv_replay: called without a file");
      return -EINVAL;
   }
   const char *why = pv_record_open(&replay.reader, file);
   if (why) {
      pv_error("cannot replay %s: %s", file, why);
      return -EBADMSG;
   }
   if (replay.reader.registry != pv_core_registry_version())
      pv_warn("%s was recorded by a build from another Vulkan registry; commands it does not have end the replay",
              file);
   int error = make_context(&replay, params);
   if (!error) {
      error = replay_all(&replay);
      replay.counts.state = (enum pv_state)pv_context_core_state(replay.ctx);
   }
   pv_context_core_destroy(&replay.ctx);
   pv_core_destroy(&replay.core);
   while (replay.memory) {
      struct memory *memory = replay.memory;
      replay.memory = memory->next;
      drop_memory(memory);
   }
   pv_record_close(&replay.reader);
   if (out)
      *out = replay.counts;
   return error;
}
