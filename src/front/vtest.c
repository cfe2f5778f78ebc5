// SPDX-License-Identifier: MIT
//
// The vtest protocol, version 3, as far as Vulkan guests use it.
//
// There is no error reply in it. So a client that breaks its rules is disconnected, with one log line that says why;
// but a client whose *context* is over keeps its connection and gets every answer that can be given, because its driver
// learns of the end from the ring and leaves in order, while a missing answer would hang it.
#include "front/vtest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/batch.h"
#include "front/cache.h"
#include "front/conn.h"
#include "front/sync.h"

#define VERSION 3u // serves newer clients too; what 4 adds is for OpenGL

#define MAX_NAME_BYTES   (1u << 20)
#define MAX_WAIT_WORDS   (2 + 3 * 4096u)
#define MAX_SUBMIT_WORDS (1u << 24) // a stock driver sends what is large through shared memory

#define BLOB_HOST3D     2u
#define BLOB_FLAGS      (PV_BLOB_MAPPABLE | PV_BLOB_SHAREABLE | PV_BLOB_CROSS_DEVICE)
#define PARAM_TIMELINES 1u
#define WAIT_ANY        1u
#define NS_PER_MS       UINT64_C(1000000)
#define NS_PER_S        UINT64_C(1000000000)

enum {
   RESOURCE_UNREF = 3,
   RESOURCE_BUSY_WAIT = 7,
   CREATE_RENDERER = 8,
   PING_PROTOCOL_VERSION = 10,
   PROTOCOL_VERSION = 11,
   GET_PARAM = 15,
   GET_CAPSET = 16,
   CONTEXT_INIT = 17,
   RESOURCE_CREATE_BLOB = 18,
   SYNC_CREATE = 19,
   SYNC_UNREF = 20,
   SYNC_READ = 21,
   SYNC_WRITE = 22,
   SYNC_WAIT = 23,
   SUBMIT_CMD2 = 24,
   COMMANDS,
};

struct pv_vtest {
   struct pv_conn conn;
   struct pv_core_params params;
   struct pv_core *core;
   struct pv_context_core *ctx;
   struct pv_syncs *syncs;
   char name[64];
   uint32_t resources; // the last resource id given out
   uint32_t *payload;  // of the request at hand
   uint32_t capacity, words;
};

struct command {
   const char *name;
   uint32_t min_words, max_words;
   int (*serve)(struct pv_vtest *v, const uint32_t *w);
   bool in_context; // only after CONTEXT_INIT
};

static const struct command commands[COMMANDS];

static const char *command_name(uint32_t id)
{
   return id < COMMANDS && commands[id].name ? commands[id].name : "unknown command";
}

// The client broke the protocol: one line, and the connection is over.
__attribute__((format(printf, 2, 3))) static int refuse(const struct pv_vtest *v, const char *format, ...)
{
   char why[256];
   va_list args;
   va_start(args, format);
   vsnprintf(why, sizeof(why), format, args);
   va_end(args);
   pv_warn("client \"%s\" is disconnected at %s: %s", v->name, command_name(v->conn.id), why);
   return -EPROTO;
}

// We could not do it: the same, but it is not the client's fault.
static int give_up(const struct pv_vtest *v, int err, const char *what)
{
   pv_error("client \"%s\" is disconnected at %s: %s: %s", v->name, command_name(v->conn.id), what, strerror(-err));
   return err;
}

static uint64_t u64(const uint32_t *w)
{
   return w[0] | (uint64_t)w[1] << 32;
}

static int reply(struct pv_vtest *v, const uint32_t *payload, uint32_t words)
{
   return pv_conn_reply(&v->conn, v->conn.id, payload, words);
}

// The getting-to-know-each-other.

static int ping(struct pv_vtest *v, const uint32_t *w)
{
   return reply(v, NULL, 0);
}

static int protocol_version(struct pv_vtest *v, const uint32_t *w)
{
   if (w[0] < VERSION)
      return refuse(v, "it speaks protocol %u, Vulkan needs %u; the guest needs Mesa 23.1 or later", w[0], VERSION);
   return reply(v, &(uint32_t){VERSION}, 1);
}

static int get_param(struct pv_vtest *v, const uint32_t *w)
{
   uint32_t known = w[0] == PARAM_TIMELINES;
   return reply(v, (uint32_t[]){known, known ? PV_TIMELINES : 0}, 2);
}

static int get_capset(struct pv_vtest *v, const uint32_t *w)
{
   uint32_t answer[1 + PV_CAPSET_SIZE / 4] = {0};
   if (w[0] != PV_CAPSET_VENUS || w[1] != 0)
      return reply(v, answer, 1);
   answer[0] = 1;
   pv_core_capset(v->core, (uint8_t *)&answer[1]);
   return reply(v, answer, sizeof(answer) / 4);
}

static void fence_retired(void *user, uint32_t ring_idx, uint64_t fence_id)
{
   struct pv_vtest *v = user;
   pv_syncs_retire(v->syncs, fence_id);
}

static int context_init(struct pv_vtest *v, const uint32_t *w)
{
   if (w[0] != PV_CAPSET_VENUS)
      return refuse(v, "it asks for capset %u, this server has Vulkan (4) only", w[0]);
   if (v->ctx)
      return refuse(v, "the context exists already");
   const struct pv_context_core_params params = {.name = v->name, .fence_retired = fence_retired, .user = v};
   int ret = pv_context_core_create(v->core, &params, &v->ctx);
   return ret ? give_up(v, ret, "cannot make a context") : 0;
}

// Resources.

static int busy_wait(struct pv_vtest *v, const uint32_t *w)
{
   return reply(v, &(uint32_t){0}, 1); // nothing is ever busy: Vulkan guests synchronise by themselves
}

static int resource_unref(struct pv_vtest *v, const uint32_t *w)
{
   pv_context_core_detach(v->ctx, w[0]); // an unknown one is fine: a blob handed out after the end has none behind it
   return 0;
}

// Makes the blob and an fd for it. The driver in the guest cannot live without one; so where the context is over, or is
// lost by this very failure, the guest gets zeroed memory that nobody else sees.
static int make_blob(struct pv_vtest *v, uint64_t blob_id, uint64_t size, uint32_t flags, int *out_fd)
{
   struct pv_blob_core blob;
   int ret = pv_context_core_blob(v->ctx, v->resources, blob_id, size, flags, &blob);
   if (!ret)
      ret = pv_context_core_export(v->ctx, v->resources, out_fd);
   if (!ret)
      return 0;
   if (pv_context_core_state(v->ctx) == PV_CONTEXT_ALIVE) {
      if (ret == -ENOENT)
         return refuse(v, "there is no memory object %llu", (unsigned long long)blob_id);
      if (ret == -EINVAL)
         return refuse(v, "blob %llu of %llu bytes, flags %u, is not possible", (unsigned long long)blob_id,
                       (unsigned long long)size, flags);
      char why[PV_SHORTAGE_LINE];
      pv_context_core_shortage(v->ctx, "memory cannot be shared with the guest", why);
      pv_context_core_lose(v->ctx, why);
   }
   ret = pv_shm_create("pearvisor-lost", size, out_fd);
   return ret ? give_up(v, ret, "cannot make shared memory") : 0;
}

static int resource_create_blob(struct pv_vtest *v, const uint32_t *w)
{
   uint32_t type = w[0], flags = w[1];
   uint64_t size = u64(w + 2), blob_id = u64(w + 4);
   if (type != BLOB_HOST3D)
      return refuse(v, "blob type %u; a Vulkan guest has HOST3D (2) only", type);
   if (flags & ~BLOB_FLAGS || !size || size > INT64_MAX)
      return refuse(v, "blob flags %#x or size %llu out of range", flags, (unsigned long long)size);
   if (v->resources == UINT32_MAX)
      return refuse(v, "no resource id is left");
   v->resources++;
   int fd;
   int ret = make_blob(v, blob_id, size, flags, &fd);
   if (ret)
      return ret;
   ret = reply(v, &v->resources, 1);
   if (!ret)
      ret = pv_conn_send_fd(&v->conn, fd);
   close(fd);
   return ret;
}

// Sync objects.

static int unknown_sync(const struct pv_vtest *v, int err, uint32_t id)
{
   if (err == -ENOENT)
      return refuse(v, "there is no sync %u", id);
   return err ? give_up(v, err, "cannot handle a sync") : 0;
}

static int sync_create(struct pv_vtest *v, const uint32_t *w)
{
   uint32_t id;
   int ret = pv_syncs_new(v->syncs, u64(w), &id);
   if (ret == -ENOSPC)
      return refuse(v, "too many syncs");
   return ret ? give_up(v, ret, "cannot make a sync") : reply(v, &id, 1);
}

static int sync_unref(struct pv_vtest *v, const uint32_t *w)
{
   return unknown_sync(v, pv_syncs_unref(v->syncs, w[0]), w[0]);
}

static int sync_read(struct pv_vtest *v, const uint32_t *w)
{
   uint64_t value;
   int ret = pv_syncs_read(v->syncs, w[0], &value);
   if (ret)
      return unknown_sync(v, ret, w[0]);
   return reply(v, (uint32_t[]){(uint32_t)value, (uint32_t)(value >> 32)}, 2);
}

static int sync_write(struct pv_vtest *v, const uint32_t *w)
{
   return unknown_sync(v, pv_syncs_write(v->syncs, w[0], u64(w + 1)), w[0]);
}

// `n` triples (id, value low, value high) as points, the caller's to free; NULL without memory.
static struct pv_sync_point *points_of(const uint32_t *w, uint32_t n)
{
   struct pv_sync_point *points = malloc((n + 1) * sizeof(*points));
   for (uint32_t i = 0; points && i < n; i++, w += 3)
      points[i] = (struct pv_sync_point){w[0], u64(w + 1)};
   return points;
}

static int sync_wait(struct pv_vtest *v, const uint32_t *w)
{
   uint32_t n = (v->words - 2) / 3;
   if (2 + 3 * n != v->words)
      return refuse(v, "%u words are not whole waits", v->words);
   // The client polls by itself; a second more than it asked for, and it has certainly looked away.
   uint64_t keep = w[1] > INT32_MAX ? PV_NEVER : w[1] * NS_PER_MS + NS_PER_S;
   struct pv_sync_point *points = points_of(w + 2, n);
   if (!points)
      return give_up(v, -ENOMEM, "cannot wait");
   int fd;
   int ret = pv_syncs_wait(v->syncs, points, n, w[0] & WAIT_ANY, keep, &fd);
   free(points);
   if (ret == -ENOENT)
      return refuse(v, "it waits for a sync that does not exist");
   if (ret == -ENOSPC)
      return refuse(v, "too many waits at once");
   if (ret)
      return give_up(v, ret, "cannot wait");
   ret = reply(v, NULL, 0);
   if (!ret)
      ret = pv_conn_send_fd(&v->conn, fd);
   close(fd);
   return ret;
}

// Submissions.

static int submit_commands(struct pv_vtest *v, const struct pv_batch *batch)
{
   if (!batch->command_words)
      return 0;
   int ret = pv_context_core_submit(v->ctx, batch->commands, batch->command_words * sizeof(uint32_t));
   if (ret && ret != -EPROTO) // -EPROTO: the context is over, has said so, and its rings tell the guest
      pv_context_core_lose(v->ctx, "a submission could not be executed");
   return 0;
}

// The syncs are set once the timeline gets there.
static int set_later(struct pv_vtest *v, const struct pv_batch *batch, const struct pv_sync_point *points)
{
   uint64_t fence;
   int ret = pv_syncs_promise(v->syncs, points, batch->sync_count, &fence);
   if (ret == -ENOENT)
      return refuse(v, "it signals a sync that does not exist");
   if (ret == -ENOSPC)
      return refuse(v, "too many fences under way");
   if (ret)
      return give_up(v, ret, "cannot make a fence");
   ret = pv_context_core_fence(v->ctx, batch->ring_idx, fence);
   if (ret == -EINVAL)
      return refuse(v, "there is no timeline %u", batch->ring_idx);
   if (ret) {
      pv_context_core_lose(v->ctx, "a fence could not be made");
      pv_syncs_retire(v->syncs, fence);
   }
   return 0;
}

static int set_now(struct pv_vtest *v, const struct pv_batch *batch, const struct pv_sync_point *points)
{
   for (uint32_t i = 0; i < batch->sync_count; i++) {
      if (pv_syncs_write(v->syncs, points[i].id, points[i].value))
         return refuse(v, "it signals sync %u, which does not exist", points[i].id);
   }
   return 0;
}

static int submit_batch(struct pv_vtest *v, const struct pv_batch *batch)
{
   if (batch->timeline && batch->ring_idx >= PV_TIMELINES)
      return refuse(v, "there is no timeline %u", batch->ring_idx);
   int ret = submit_commands(v, batch);
   if (ret || !batch->sync_count)
      return ret;
   struct pv_sync_point *points = points_of(batch->syncs, batch->sync_count);
   if (!points)
      return give_up(v, -ENOMEM, "cannot submit");
   ret = batch->timeline ? set_later(v, batch, points) : set_now(v, batch, points);
   free(points);
   return ret;
}

static int submit_cmd2(struct pv_vtest *v, const uint32_t *w)
{
   struct pv_batches batches;
   struct pv_batch batch;
   const char *why = pv_batches_open(&batches, w, v->words);
   for (uint32_t i = 0; !why && i < batches.count; i++) {
      why = pv_batches_get(&batches, i, &batch);
      int ret = why ? 0 : submit_batch(v, &batch);
      if (ret)
         return ret;
   }
   return why ? refuse(v, "%s", why) : 0;
}

static const struct command commands[COMMANDS] = {
   [RESOURCE_UNREF] = {"RESOURCE_UNREF", 1, 1, resource_unref, true},
   [RESOURCE_BUSY_WAIT] = {"RESOURCE_BUSY_WAIT", 2, 2, busy_wait},
   [CREATE_RENDERER] = {"CREATE_RENDERER"},
   [PING_PROTOCOL_VERSION] = {"PING_PROTOCOL_VERSION", 0, 0, ping},
   [PROTOCOL_VERSION] = {"PROTOCOL_VERSION", 1, 1, protocol_version},
   [GET_PARAM] = {"GET_PARAM", 1, 1, get_param},
   [GET_CAPSET] = {"GET_CAPSET", 2, 2, get_capset},
   [CONTEXT_INIT] = {"CONTEXT_INIT", 1, 1, context_init},
   [RESOURCE_CREATE_BLOB] = {"RESOURCE_CREATE_BLOB", 6, 6, resource_create_blob, true},
   [SYNC_CREATE] = {"SYNC_CREATE", 2, 2, sync_create},
   [SYNC_UNREF] = {"SYNC_UNREF", 1, 1, sync_unref},
   [SYNC_READ] = {"SYNC_READ", 1, 1, sync_read},
   [SYNC_WRITE] = {"SYNC_WRITE", 3, 3, sync_write},
   [SYNC_WAIT] = {"SYNC_WAIT", 2, MAX_WAIT_WORDS, sync_wait},
   [SUBMIT_CMD2] = {"SUBMIT_CMD2", 1, MAX_SUBMIT_WORDS, submit_cmd2, true},
};

// The peer went away in the middle of something: not worth a warning, programs get killed.
static int peer_left(const struct pv_vtest *v, int err)
{
   if (err == -ECONNRESET || err == -EPIPE) {
      pv_info("client \"%s\" left in the middle of %s", v->name, command_name(v->conn.id));
      return -ESHUTDOWN;
   }
   return err;
}

// The first request of a connection: the client's name, its length in bytes.
static int introduce(struct pv_vtest *v, uint32_t length)
{
   if (v->conn.id != CREATE_RENDERER || !length || length > MAX_NAME_BYTES) {
      pv_warn("a client is disconnected: it does not speak vtest (its first words are %#x %#x); only Vulkan programs "
              "on Mesa's virtio driver can use this socket",
              length, v->conn.id);
      return -EPROTO;
   }
   uint32_t n = length < sizeof(v->name) ? length : sizeof(v->name) - 1;
   pv_conn_expect(&v->conn, length);
   int ret = pv_conn_read(&v->conn, v->name, n);
   if (ret)
      return ret;
   pv_info("calls itself \"%s\"", v->name);
   pv_cache_choose(v->name);
   ret = pv_core_create(&v->params, &v->core); // says itself what went wrong
   return ret ? ret : pv_conn_done(&v->conn);
}

static int reserve(struct pv_vtest *v, uint32_t words)
{
   if (words <= v->capacity)
      return 0;
   uint32_t *payload = realloc(v->payload, words * sizeof(*payload));
   if (!payload)
      return -ENOMEM;
   v->payload = payload;
   v->capacity = words;
   return 0;
}

static int check(const struct pv_vtest *v, const struct command *command, uint32_t words)
{
   if (v->conn.id == CREATE_RENDERER)
      return refuse(v, "it was sent before");
   if (!command || !command->serve)
      return refuse(v, "number %u is not part of the protocol Vulkan guests speak", v->conn.id);
   if (words < command->min_words || words > command->max_words)
      return refuse(v, "%u words of payload, expected %u to %u", words, command->min_words, command->max_words);
   if (command->in_context && !v->ctx)
      return refuse(v, "it came before CONTEXT_INIT");
   return 0;
}

static int serve_one(struct pv_vtest *v)
{
   uint32_t words;
   int ret = pv_conn_next(&v->conn, &words);
   if (ret)
      return ret;
   if (!v->core)
      return introduce(v, words);
   const struct command *command = v->conn.id < COMMANDS ? &commands[v->conn.id] : NULL;
   ret = check(v, command, words);
   if (ret)
      return ret;
   ret = reserve(v, words);
   if (ret)
      return give_up(v, ret, "cannot hold the request");
   v->words = words;
   pv_conn_expect(&v->conn, words * (uint32_t)sizeof(uint32_t));
   ret = pv_conn_read(&v->conn, v->payload, words * sizeof(uint32_t));
   if (!ret)
      ret = command->serve(v, v->payload);
   return ret ? ret : pv_conn_done(&v->conn);
}

// Whoever still waits on a ring of this client learns that nobody will answer.
static void end_rings(struct pv_vtest *v)
{
   for (uint32_t id = 1; v->ctx && id <= v->resources; id++)
      pv_context_core_detach(v->ctx, id);
}

int pv_vtest_serve(struct pv_vtest *v)
{
   int ret;
   do
      ret = peer_left(v, serve_one(v));
   while (!ret);
   return ret == -ESHUTDOWN ? 0 : ret;
}

void pv_vtest_hang_up(struct pv_vtest *v)
{
   if (v->conn.fd < 0)
      return;
   end_rings(v);
   close(v->conn.fd);
   v->conn.fd = -1;
}

struct pv_vtest *pv_vtest_create(int fd, int lifeline, const struct pv_core_params *params)
{
   struct pv_vtest *v = calloc(1, sizeof(*v));
   struct pv_syncs *syncs = v ? pv_syncs_create() : NULL;
   if (!syncs) {
      free(v);
      close(fd);
      return NULL;
   }
   v->conn = (struct pv_conn){.fd = fd, .lifeline = lifeline};
   v->params = *params;
   v->syncs = syncs;
   return v;
}

const char *pv_vtest_name(const struct pv_vtest *v)
{
   return v->name;
}

const struct pv_core *pv_vtest_core(const struct pv_vtest *v)
{
   return v->core;
}

const struct pv_context_core *pv_vtest_context(const struct pv_vtest *v)
{
   return v->ctx;
}

void pv_vtest_destroy(struct pv_vtest **where)
{
   struct pv_vtest *v = *where;
   if (!v)
      return;
   *where = NULL;
   pv_vtest_hang_up(v);
   pv_context_core_destroy(&v->ctx); // retires every fence: the syncs go after it
   pv_core_destroy(&v->core);
   pv_syncs_destroy(&v->syncs);
   free(v->payload);
   free(v);
}
