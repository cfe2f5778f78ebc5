// SPDX-License-Identifier: MIT
//
// The embedding API: the renderer's verbs behind checks. What a caller got wrong is logged once and refused here, so
// that the renderer can rely on its arguments.
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/os.h"
#include "core/renderer.h"
#include "front/limits.h"
#include "front/version.h"
#include "pearvisor/info.h"
#include "pearvisor/renderer.h"

struct pv_renderer {
   struct pv_core *core;
   bool polled;
   atomic_uint contexts; // alive; a renderer must outlive them
};

struct pv_context {
   struct pv_context_core *core;
   struct pv_renderer *renderer;
   void (*fence_retired)(void *data, uint32_t ring_idx, uint64_t fence_id);
   void *data;
};

_Static_assert(PV_NO_DEADLINE == PV_NEVER, "one clock, one never");
_Static_assert(PV_BLOB_FLAG_MAPPABLE == PV_BLOB_MAPPABLE && PV_BLOB_FLAG_SHAREABLE == PV_BLOB_SHAREABLE &&
                   PV_BLOB_FLAG_CROSS_DEVICE == PV_BLOB_CROSS_DEVICE,
               "flags are handed on as they are");
_Static_assert((int)PV_STATE_ALIVE == PV_CONTEXT_ALIVE && (int)PV_STATE_LOST == PV_CONTEXT_LOST &&
                   (int)PV_STATE_FATAL == PV_CONTEXT_FATAL,
               "states are handed on as they are");

// Refuses the call when `condition` does not hold.
#define REQUIRE(condition)                                                                                             \
   do {                                                                                                                \
      if (!(condition)) {                                                                                              \
         pv_error("%s: called without %s", __func__, #condition);                                                      \
         return -EINVAL;                                                                                               \
      }                                                                                                                \
   } while (0)

void pv_set_log(pv_log_fn fn, void *data, int level)
{
   pv_log_set(fn, data, level);
}

const char *pv_version(void)
{
   return PV_VERSION;
}

int pv_renderer_create(const struct pv_renderer_params *params, pv_renderer **out)
{
   static const struct pv_renderer_params defaults;
   REQUIRE(out);
   *out = NULL;
   if (!params)
      params = &defaults;
   struct pv_renderer *renderer = calloc(1, sizeof(*renderer));
   if (!renderer)
      return -ENOMEM;
   const struct pv_core_params core = {
      .driver = params->driver,
      .gpu = params->gpu,
      .mask = params->restriction,
      .in_process = params->driver_mappings,
      .limits = pv_limits_of(&params->limits),
      .polled = params->polled,
      .capture = params->record,
   };
   renderer->polled = params->polled;
   int ret = pv_core_create(&core, &renderer->core);
   if (ret) {
      free(renderer);
      return ret;
   }
   *out = renderer;
   return 0;
}

void pv_renderer_destroy(pv_renderer **where)
{
   struct pv_renderer *renderer = where ? *where : NULL;
   if (!renderer)
      return;
   *where = NULL;
   if (atomic_load(&renderer->contexts)) {
      pv_error("pv_renderer_destroy: contexts are left; the renderer stays, leaked, because they need it");
      return;
   }
   pv_core_destroy(&renderer->core);
   free(renderer);
}

size_t pv_renderer_capset(const pv_renderer *renderer, void *out, size_t size)
{
   uint8_t capset[PV_CAPSET_SIZE];
   if (!renderer)
      return 0;
   pv_core_capset(renderer->core, capset);
   for (size_t i = 0; out && i < size && i < sizeof(capset); i++)
      ((uint8_t *)out)[i] = capset[i];
   return sizeof(capset);
}

static void fence_retired(void *user, uint32_t ring_idx, uint64_t fence_id)
{
   const struct pv_context *context = user;
   if (context->fence_retired)
      context->fence_retired(context->data, ring_idx, fence_id);
}

int pv_context_create(pv_renderer *renderer, const struct pv_context_params *params, pv_context **out)
{
   REQUIRE(out);
   *out = NULL;
   REQUIRE(renderer);
   struct pv_context *context = calloc(1, sizeof(*context));
   if (!context)
      return -ENOMEM;
   context->renderer = renderer;
   if (params) {
      context->fence_retired = params->fence_retired;
      context->data = params->data;
   }
   const struct pv_context_core_params core = {
      .name = params && params->name ? params->name : "guest",
      .fence_retired = fence_retired,
      .user = context,
   };
   int ret = pv_context_core_create(renderer->core, &core, &context->core);
   if (ret) {
      free(context);
      return ret;
   }
   atomic_fetch_add(&renderer->contexts, 1); // pairs with the load in pv_renderer_destroy
   *out = context;
   return 0;
}

void pv_context_destroy(pv_context **where)
{
   struct pv_context *context = where ? *where : NULL;
   if (!context)
      return;
   *where = NULL;
   pv_context_core_destroy(&context->core);
   atomic_fetch_sub(&context->renderer->contexts, 1);
   free(context);
}

int pv_context_submit(pv_context *context, const void *bytes, size_t size)
{
   REQUIRE(context);
   REQUIRE(bytes || !size);
   REQUIRE(size % 4 == 0);
   return size ? pv_context_core_submit(context->core, bytes, size) : 0;
}

int pv_context_fence(pv_context *context, uint32_t ring_idx, uint64_t fence_id)
{
   REQUIRE(context);
   REQUIRE(ring_idx < PV_TIMELINES);
   return pv_context_core_fence(context->core, ring_idx, fence_id);
}

int pv_context_attach(pv_context *context, uint32_t resource, void *base, uint64_t size, int fd)
{
   REQUIRE(context);
   REQUIRE(resource);
   REQUIRE(base && size && size <= SIZE_MAX);
   return pv_context_core_attach(context->core, resource, base, size, fd);
}

int pv_context_blob(pv_context *context, uint32_t resource, uint64_t blob_id, uint64_t size, uint32_t flags,
                    struct pv_blob *out)
{
   struct pv_blob_core blob = {0};
   REQUIRE(context);
   REQUIRE(resource);
   REQUIRE(out);
   int ret = pv_context_core_blob(context->core, resource, blob_id, size, flags, &blob);
   *out = (struct pv_blob){.size = blob.size, .map_info = blob.map, .pointer = blob.pointer};
   return ret;
}

int pv_context_share(pv_context *context, uint32_t resource, pv_context *to, uint32_t to_resource)
{
   REQUIRE(context);
   REQUIRE(to && to != context && to->renderer == context->renderer);
   REQUIRE(resource);
   REQUIRE(to_resource);
   return pv_context_core_share(context->core, resource, to->core, to_resource);
}

int pv_context_export(pv_context *context, uint32_t resource, int *out_fd)
{
   REQUIRE(context);
   REQUIRE(out_fd);
   *out_fd = -1;
   return pv_context_core_export(context->core, resource, out_fd);
}

int pv_context_detach(pv_context *context, uint32_t resource)
{
   REQUIRE(context);
   return pv_context_core_detach(context->core, resource);
}

int pv_context_poll(pv_context *context, uint64_t *deadline_ns)
{
   REQUIRE(context);
   REQUIRE(deadline_ns);
   REQUIRE(context->renderer->polled);
   return pv_context_core_poll(context->core, deadline_ns);
}

enum pv_state pv_context_state(const pv_context *context)
{
   return context ? (enum pv_state)pv_context_core_state(context->core) : PV_STATE_FATAL;
}

size_t pv_context_stats(const pv_context *context, struct pv_stats *out, struct pv_command_stats *top, size_t n)
{
   _Static_assert(sizeof(struct pv_command_stats) == sizeof(struct pv_stats_command) &&
                      offsetof(struct pv_command_stats, ns) == offsetof(struct pv_stats_command, ns),
                  "filled in place");
   struct pv_stats_core stats = {0};
   struct pv_stats_command *list = (struct pv_stats_command *)top;
   size_t written = context ? pv_context_core_stats(context->core, &stats, list, list ? n : 0) : 0;
   if (out)
      *out = (struct pv_stats){
         .commands = stats.commands,
         .bytes = stats.bytes,
         .replies = stats.replies,
         .ring_wakes = stats.ring_wakes,
         .fences = stats.fences,
         .objects = stats.objects,
         .memory_bytes = stats.memory,
         .ns = stats.ns,
      };
   return written;
}

static struct pv_gpu public_gpu(const struct pv_gpu_core *gpu)
{
   struct pv_gpu out = {
      .name = gpu->name,
      .driver = gpu->driver,
      .type = gpu->type,
      .api_version = gpu->api_version,
      .guest_api_version = gpu->guest_api_version,
      .memory_path = gpu->memory_path,
      .memory_note = gpu->memory_note,
      .extensions_host = gpu->extensions_host,
      .extensions_guest = gpu->extensions_guest,
      .emulated = gpu->emulated,
   };
   for (size_t i = 0; i < sizeof(out.uuid); i++)
      out.uuid[i] = gpu->uuid[i];
   return out;
}

size_t pv_renderer_gpus(const pv_renderer *renderer, struct pv_gpu *out, size_t n)
{
   if (!renderer)
      return 0;
   struct pv_gpu_core *gpus = n && out ? calloc(n, sizeof(*gpus)) : NULL;
   size_t count = pv_core_gpus(renderer->core, gpus, gpus ? n : 0);
   for (size_t i = 0; gpus && i < n && i < count; i++)
      out[i] = public_gpu(&gpus[i]);
   free(gpus);
   return count;
}

size_t pv_protocol_commands(const struct pv_protocol_command **out)
{
   _Static_assert(sizeof(struct pv_protocol_command) == sizeof(struct pv_protocol_entry) &&
                      offsetof(struct pv_protocol_command, name) == offsetof(struct pv_protocol_entry, name) &&
                      offsetof(struct pv_protocol_command, reason) == offsetof(struct pv_protocol_entry, reason),
                  "the same table under two names");
   const struct pv_protocol_entry *entries = NULL;
   size_t n = pv_core_protocol(&entries);
   if (out)
      *out = (const struct pv_protocol_command *)entries;
   return n;
}

uint32_t pv_registry_version(void)
{
   return pv_core_registry_version();
}
