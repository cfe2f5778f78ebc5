// SPDX-License-Identifier: MIT
//
// Transport commands: reply windows, executed streams, rings and sequence numbers (VK_EXT_command_serialization,
// VK_MESA_venus_protocol; venus-wire section 4).
#include <errno.h>
#include <stdlib.h>

#include "core/context.h"
#include "core/hooks.gen.h"

#define SEQNO_SLICE 100000000ull // ns between two looks at the world while a decoder waits for a seqno

static bool on_virtqueue(struct pv_exec *x)
{
   if (!x->decoder->ring)
      return true;
   pv_exec_fatal(x, "not allowed inside a ring", x->decoder->key);
   return false;
}

// Whoever survives us should be able to end the waits for answers. A stock driver names a part of one large resource
// per answer, so this is rare.
static void tell_of_replies(struct pv_decoder *decoder, const struct pv_resource *resource)
{
   const struct pv_core *core = decoder->ctx->core;
   int fd = resource->memory ? resource->memory->fd : resource->fd;
   if (!core->will || !decoder->ring || fd < 0)
      return;
   decoder->reply_told = resource->id;
   core->will(core->will_user,
              &(struct pv_will){
                 .key = (uintptr_t)decoder, .kind = PV_WILL_REPLIES, .fd = fd, .word = (uint32_t)VK_ERROR_DEVICE_LOST});
}

void pv_hook_vkSetReplyCommandStreamMESA(struct pv_exec *x, struct pv_args_vkSetReplyCommandStreamMESA *a)
{
   const VkCommandStreamDescriptionMESA *stream = a->pStream;
   struct pv_resource *resource = pv_decoder_resource(x->decoder, &x->decoder->reply, stream->resourceId);
   if (!resource) {
      pv_exec_fatal(x, "a reply stream in no shared-memory resource", stream->resourceId);
      return;
   }
   if (stream->offset > resource->size || stream->size > resource->size - stream->offset || stream->offset % 4) {
      pv_exec_fatal(x, "a reply stream outside its resource", stream->offset);
      return;
   }
   x->decoder->reply_offset = stream->offset;
   x->decoder->reply_size = stream->size;
   x->decoder->reply_cursor = 0;
   if (x->decoder->reply_told != resource->id)
      tell_of_replies(x->decoder, resource);
}

void pv_hook_vkSeekReplyCommandStreamMESA(struct pv_exec *x, struct pv_args_vkSeekReplyCommandStreamMESA *a)
{
   if (!x->decoder->reply || a->position > x->decoder->reply_size || a->position % 4)
      pv_exec_fatal(x, "a reply position outside the reply stream", a->position);
   else
      x->decoder->reply_cursor = a->position;
}

// Only notes what to execute: pv_decoder_run goes through the streams, since a command in them may wait.
void pv_hook_vkExecuteCommandStreamsMESA(struct pv_exec *x, struct pv_args_vkExecuteCommandStreamsMESA *a)
{
   struct pv_nested *nested = &x->decoder->nested;
   if (nested->active || !a->streamCount || !a->pStreams) {
      pv_exec_fatal(x, nested->active ? "an executed stream executes streams" : "no streams to execute",
                    a->streamCount);
      return;
   }
   if (a->streamCount > nested->capacity) {
      struct pv_stream_desc *list = realloc(nested->list, a->streamCount * sizeof *list);
      if (!list) {
         pv_exec_fatal(x, "out of memory for streams", a->streamCount);
         return;
      }
      nested->list = list;
      nested->capacity = a->streamCount;
   }
   for (uint32_t i = 0; i < a->streamCount; i++)
      nested->list[i] = (struct pv_stream_desc){
         .resource = a->pStreams[i].resourceId,
         .offset = a->pStreams[i].offset,
         .size = a->pStreams[i].size,
         .seek = a->pReplyPositions != NULL,
         .reply_position = a->pReplyPositions ? a->pReplyPositions[i] : 0,
      };
   nested->count = a->streamCount;
   nested->index = 0;
   nested->size = nested->at = 0;
   nested->active = true;
}

void pv_hook_vkCreateRingMESA(struct pv_exec *x, struct pv_args_vkCreateRingMESA *a)
{
   const VkRingCreateInfoMESA *info = a->pCreateInfo;
   struct pv_context_core *ctx = x->ctx;
   if (!on_virtqueue(x))
      return;
   if (!a->ring || pv_context_ring(ctx, a->ring)) {
      pv_exec_fatal(x, "a ring whose key is 0 or in use", a->ring);
      return;
   }
   if (ctx->ring_count >= ctx->core->limits.rings) {
      pv_exec_fatal(x, "too many rings", ctx->ring_count);
      return;
   }
   const VkRingMonitorInfoMESA *monitor =
       pv_chain_find(info->pNext, (VkStructureType)VK_STRUCTURE_TYPE_RING_MONITOR_INFO_MESA);
   const VkRingPriorityInfoMESA *priority =
       pv_chain_find(info->pNext, (VkStructureType)VK_STRUCTURE_TYPE_RING_PRIORITY_INFO_MESA);
   if (monitor && !monitor->maxReportingPeriodMicroseconds) {
      pv_exec_fatal(x, "a ring monitor with period 0", a->ring);
      return;
   }
   struct pv_resource *resource = pv_resource_find(ctx, info->resourceId);
   if (!resource || !resource->plain || !resource->base) {
      pv_resource_unref(&resource);
      pv_exec_fatal(x, "a ring in no shared-memory resource", info->resourceId);
      return;
   }
   const struct pv_ring_layout asked = {
      .head = info->headOffset,
      .tail = info->tailOffset,
      .status = info->statusOffset,
      .buffer = info->bufferOffset,
      .buffer_size = info->bufferSize,
      .extra = info->extraOffset,
      .extra_size = info->extraSize,
   };
   struct pv_ring_layout layout;
   const char *wrong = pv_ring_check(resource->size, info->offset, info->size, &asked, &layout);
   int error = wrong ? 0
                     : pv_context_ring_create(ctx, a->ring, resource, &layout, info->idleTimeout,
                                              monitor ? (uint64_t)monitor->maxReportingPeriodMicroseconds * 1000 : 0,
                                              priority ? priority->priority : 0);
   pv_resource_unref(&resource);
   if (wrong || error)
      pv_exec_fatal(x,
                    wrong              ? wrong
                    : error == -EINVAL ? "a ring whose head or status is not 0"
                                       : "a ring cannot be made",
                    wrong ? a->ring : (uint64_t)-error);
}

// The ring a virtqueue command names; the context is over if there is none.
static struct pv_decoder *named_ring(struct pv_exec *x, uint64_t key)
{
   if (!on_virtqueue(x))
      return NULL;
   struct pv_decoder *ring = pv_context_ring(x->ctx, key);
   if (!ring)
      pv_exec_fatal(x, "no such ring", key);
   return ring;
}

void pv_hook_vkDestroyRingMESA(struct pv_exec *x, struct pv_args_vkDestroyRingMESA *a)
{
   struct pv_decoder *ring = named_ring(x, a->ring);
   if (ring)
      pv_context_ring_destroy(x->ctx, ring);
}

void pv_hook_vkNotifyRingMESA(struct pv_exec *x, struct pv_args_vkNotifyRingMESA *a)
{
   struct pv_decoder *ring = named_ring(x, a->ring);
   if (!ring)
      return;
   atomic_fetch_add_explicit(&x->ctx->wakes, 1, memory_order_relaxed);
   pv_ring_wake(ring->ring);
}

void pv_hook_vkWriteRingExtraMESA(struct pv_exec *x, struct pv_args_vkWriteRingExtraMESA *a)
{
   struct pv_decoder *ring = named_ring(x, a->ring);
   if (ring && !pv_ring_write_extra(ring->ring, a->offset, a->value))
      pv_exec_fatal(x, "a write outside the ring's extra region", a->offset);
}

void pv_hook_vkSubmitVirtqueueSeqnoMESA(struct pv_exec *x, struct pv_args_vkSubmitVirtqueueSeqnoMESA *a)
{
   struct pv_decoder *ring = named_ring(x, a->ring);
   if (!ring)
      return;
   // release pairs with the acquire in pv_hook_vkWaitVirtqueueSeqnoMESA: resources made before are seen after
   atomic_store_explicit(&ring->virtqueue_seqno, a->seqno, memory_order_release);
   pv_gate_wake(&ring->gate);
   pv_ring_wake(ring->ring);
}

void pv_hook_vkWaitVirtqueueSeqnoMESA(struct pv_exec *x, struct pv_args_vkWaitVirtqueueSeqnoMESA *a)
{
   struct pv_decoder *decoder = x->decoder;
   if (!decoder->ring) {
      pv_exec_fatal(x, "only allowed inside a ring", a->seqno);
      return;
   }
   // acquire pairs with the release in pv_hook_vkSubmitVirtqueueSeqnoMESA
   while (atomic_load_explicit(&decoder->virtqueue_seqno, memory_order_acquire) < a->seqno) {
      if (!pv_decoder_may_wait(decoder) || pv_decoder_stopping(decoder)) {
         pv_exec_wait(x, PV_NEVER);
         return;
      }
      pv_gate_wait(&decoder->gate, pv_now() + SEQNO_SLICE);
   }
}

void pv_hook_vkWaitRingSeqnoMESA(struct pv_exec *x, struct pv_args_vkWaitRingSeqnoMESA *a)
{
   struct pv_decoder *ring = named_ring(x, a->ring);
   if (!ring)
      return;
   uint32_t seqno = (uint32_t)a->seqno;
   if (x->ctx->core->polled) {
      pv_ring_wake(ring->ring);
      int reached = pv_ring_test_seqno(ring->ring, seqno);
      if (reached < 0)
         pv_exec_fatal(x, "a ring seqno that cannot be reached", a->seqno);
      else if (!reached)
         pv_exec_wait(x, pv_now());
      return;
   }
   bool hopeless = false;
   while (!pv_ring_wait_seqno(ring->ring, seqno, pv_now() + SEQNO_SLICE, &hopeless)) {
      if (pv_decoder_stopping(x->decoder)) {
         x->state = PV_EXEC_FATAL;
         return;
      }
      if (hopeless) {
         pv_exec_fatal(x, "a ring seqno that cannot be reached", a->seqno);
         return;
      }
   }
}
