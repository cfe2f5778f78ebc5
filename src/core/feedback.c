// SPDX-License-Identifier: MIT
//
// Feedback of a lost device. Stock guests learn of completion from memory, not from replies: their driver records small
// writes into command buffers (a fence's status word, a timeline's counter, query results) and then watches the memory.
// Once the context is lost those command buffers never run, and the guest would watch for ever. So the first few writes
// of that kind in every command buffer are noted as they are recorded, and performed here on the CPU, through our own
// mapping: fence words say VK_ERROR_DEVICE_LOST, counters arrive, queries are available and zero. (What if we are dead?
// See promise.c.)
//
// An application's own small fills are noted alike; the contents of its memory are undefined after a loss anyway.
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"

// `to`, `from`: the buffers' states.
static void note(struct pv_exec *x, struct pv_child *child, const struct pv_write_mark *mark, void *to, void *from)
{
   if (!child || child->mark_count >= PV_MARKS)
      return;
   pthread_mutex_lock(&x->ctx->pool_lock);
   if (child->mark_count < PV_MARKS) {
      child->marks[child->mark_count] = *mark;
      pv_promise_make(x->ctx, &child->marks[child->mark_count++], to, from);
   }
   pthread_mutex_unlock(&x->ctx->pool_lock);
}

void pv_hook_vkBeginCommandBuffer(struct pv_exec *x, struct pv_args_vkBeginCommandBuffer *a)
{
   struct pv_child *child = a->commandBuffer_ref.state;
   if (child && child->mark_count) {
      pthread_mutex_lock(&x->ctx->pool_lock);
      pv_promises_drop(x->ctx, child);
      pthread_mutex_unlock(&x->ctx->pool_lock);
   }
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!pv_exec_lost(x))
      pv_call_vkBeginCommandBuffer(x, a);
}

void pv_hook_vkCmdFillBuffer(struct pv_exec *x, struct pv_args_vkCmdFillBuffer *a)
{
   if (a->size == 4)
      note(x, a->commandBuffer_ref.state,
           &(struct pv_write_mark){
              .kind = PV_MARK_FILL, .to = a->dstBuffer_ref.id, .to_offset = a->dstOffset, .value = a->data},
           a->dstBuffer_ref.state, NULL);
   if (!pv_exec_lost(x))
      pv_call_vkCmdFillBuffer(x, a);
}

void pv_hook_vkCmdCopyBuffer(struct pv_exec *x, struct pv_args_vkCmdCopyBuffer *a)
{
   if (a->regionCount == 1 && a->pRegions[0].size == 8)
      note(x, a->commandBuffer_ref.state,
           &(struct pv_write_mark){.kind = PV_MARK_COPY,
                                   .to = a->dstBuffer_ref.id,
                                   .to_offset = a->pRegions[0].dstOffset,
                                   .from = a->srcBuffer_ref.id,
                                   .from_offset = a->pRegions[0].srcOffset},
           a->dstBuffer_ref.state, a->srcBuffer_ref.state);
   if (!pv_exec_lost(x))
      pv_call_vkCmdCopyBuffer(x, a);
}

void pv_hook_vkCmdCopyQueryPoolResults(struct pv_exec *x, struct pv_args_vkCmdCopyQueryPoolResults *a)
{
   if (a->flags & VK_QUERY_RESULT_WITH_AVAILABILITY_BIT && a->flags & VK_QUERY_RESULT_64_BIT && a->stride >= 8)
      note(x, a->commandBuffer_ref.state,
           &(struct pv_write_mark){.kind = PV_MARK_QUERY,
                                   .to = a->dstBuffer_ref.id,
                                   .to_offset = a->dstOffset,
                                   .stride = a->stride,
                                   .value = a->queryCount},
           a->dstBuffer_ref.state, NULL);
   if (!pv_exec_lost(x))
      pv_call_vkCmdCopyQueryPoolResults(x, a);
}

// Remembers where a buffer's bytes are, once.
static void bound(const struct pv_ref *buffer_ref, const struct pv_ref *memory_ref, uint64_t offset)
{
   struct pv_buffer *buffer = buffer_ref->state;
   struct pv_memory *memory = memory_ref->state;
   if (!buffer || !memory || !memory->shared || !memory->shared->base || atomic_load(&buffer->pages))
      return;
   struct pv_hostmem *none = NULL, *pages = pv_hostmem_ref(memory->shared);
   buffer->offset = offset;
   // release pairs with the acquire in place_of: the offset is there before the pages are
   if (!atomic_compare_exchange_strong_explicit(&buffer->pages, &none, pages, memory_order_release,
                                                memory_order_relaxed))
      pv_hostmem_unref(&pages);
}

void pv_hook_vkBindBufferMemory(struct pv_exec *x, struct pv_args_vkBindBufferMemory *a)
{
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!pv_exec_lost(x))
      pv_call_vkBindBufferMemory(x, a);
   bound(&a->buffer_ref, &a->memory_ref, a->memoryOffset);
}

void pv_hook_vkBindBufferMemory2(struct pv_exec *x, struct pv_args_vkBindBufferMemory2 *a)
{
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!pv_exec_lost(x))
      pv_call_vkBindBufferMemory2(x, a);
   if (a->bindInfoCount == 1) // stock drivers bind their own buffers one by one
      bound(&x->in.kept_before, &x->in.kept, a->pBindInfos[0].memoryOffset);
}

// Our mapping of `size` bytes of a buffer, or NULL.
static uint8_t *place_of(struct pv_context_core *ctx, uint64_t id, uint64_t offset, uint64_t size)
{
   struct pv_object object;
   enum pv_id_result found = pv_ids_find(ctx->ids, id, PV_OBJECT_VkBuffer, &object);
   if ((found != PV_ID_OK && found != PV_ID_POISONED) || !object.state)
      return NULL;
   struct pv_buffer *buffer = object.state;
   struct pv_hostmem *pages = atomic_load_explicit(&buffer->pages, memory_order_acquire); // pairs with bound
   if (!pages || buffer->offset > pages->size || offset > pages->size - buffer->offset)
      return NULL;
   uint64_t at = buffer->offset + offset;
   return size <= pages->size - at ? (uint8_t *)pages->base + at : NULL;
}

static void perform(struct pv_context_core *ctx, const struct pv_write_mark *mark)
{
   if (mark->kind == PV_MARK_FILL) {
      uint8_t *to = place_of(ctx, mark->to, mark->to_offset, 4);
      if (to && (uintptr_t)to % 4 == 0)
         __atomic_store_n((uint32_t *)(void *)to, pv_feedback_word(mark->value),
                          __ATOMIC_RELEASE); // pairs with the guest driver's load
   } else if (mark->kind == PV_MARK_COPY) {
      uint8_t *to = place_of(ctx, mark->to, mark->to_offset, 8);
      const uint8_t *from = place_of(ctx, mark->from, mark->from_offset, 8);
      // Several command buffers may be about one counter, in any order: it only grows.
      if (to && from && (uintptr_t)to % 8 == 0 && pv_load64(from) > pv_load64(to))
         __atomic_store_n((uint64_t *)(void *)to, pv_load64(from),
                          __ATOMIC_RELEASE); // pairs with the guest driver's load
   } else {
      for (uint32_t i = 0; i < mark->value; i++) {
         if (mark->stride && i > (UINT64_MAX - mark->to_offset) / mark->stride - 1)
            return;
         uint8_t *to = place_of(ctx, mark->to, mark->to_offset + i * mark->stride, mark->stride);
         if (!to || (uintptr_t)to % 8)
            return;
         memset(to, 0, mark->stride - 8);
         __atomic_store_n((uint64_t *)(void *)(to + mark->stride / 8 * 8 - 8), 1, __ATOMIC_RELEASE); // available
      }
   }
}

static void answer_one(void *user, uint64_t id, const struct pv_object *object)
{
   const struct pv_child *child = object->state;
   if (object->type == PV_OBJECT_VkCommandBuffer && child)
      for (uint32_t i = 0; i < child->mark_count; i++)
         perform(user, &child->marks[i]);
}

void pv_feedback_answer(struct pv_context_core *ctx)
{
   struct pv_ids_reader reader = {0};
   pv_ids_reader_add(ctx->ids, &reader);
   pv_ids_enter(ctx->ids, &reader);
   pthread_mutex_lock(&ctx->pool_lock);
   pv_ids_foreach(ctx->ids, answer_one, ctx);
   pthread_mutex_unlock(&ctx->pool_lock);
   pv_ids_leave(ctx->ids, &reader);
   pv_ids_reader_remove(ctx->ids, &reader);
}
