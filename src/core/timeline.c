// SPDX-License-Identifier: MIT
//
// Timelines: fences of the virtqueue path on a VkQueue. Each is an empty submission with a VkFence; a thread per
// timeline in use waits for them in order, or poll looks at them.
#include <errno.h>
#include <stdlib.h>

#include "core/context.h"

#define UNBIND_WAIT 2000000000ull // ns that the fences of a device which goes away may still take, all together
#define WAIT_SLICE  50000000ull   // ns a host wait may last before the thread looks at the world again

static bool dead(struct pv_context_core *ctx)
{
   return atomic_load_explicit(&ctx->state, memory_order_relaxed) != PV_CONTEXT_ALIVE;
}

// Leaves a fence that may still be in use to the end of its device.
static void leave_fence(struct pv_device *device, VkFence fence)
{
   struct pv_idle *left = calloc(1, sizeof *left + sizeof *left->fences);
   if (!left)
      return; // it leaks
   left->decoder = UINT32_MAX; // nobody waits for it
   left->count = 1;
   left->fences[0] = fence;
   pthread_mutex_lock(&device->idle_lock);
   left->next = device->idles;
   device->idles = left;
   pthread_mutex_unlock(&device->idle_lock);
}

// Takes the first fence off the list and hands it back for reuse. Called with the lock held.
static void retire_first(struct pv_context_core *ctx, struct pv_timeline *timeline, uint32_t ring_idx)
{
   struct pv_pending_fence *fence = timeline->first;
   timeline->first = fence->next;
   if (!timeline->first)
      timeline->last = &timeline->first;
   struct pv_device *device = timeline->queue->device;
   if (fence->fence && !fence->signalled) {
      leave_fence(device, fence->fence);
   } else if (fence->fence) {
      if (timeline->spare_count == timeline->spare_capacity ||
          device->vk.ResetFences(device->handle, 1, &fence->fence) != VK_SUCCESS)
         device->vk.DestroyFence(device->handle, fence->fence, NULL);
      else
         timeline->spare[timeline->spare_count++] = fence->fence;
   }
   uint64_t id = fence->fence_id;
   free(fence);
   pthread_mutex_unlock(&timeline->lock);
   ctx->fence_retired(ctx->user, ring_idx, id);
   pthread_mutex_lock(&timeline->lock);
}

// True if the first pending fence is done, waiting for it up to `timeout` ns. Called with the lock held.
static bool first_done(struct pv_context_core *ctx, struct pv_timeline *timeline, uint64_t timeout)
{
   struct pv_pending_fence *fence = timeline->first;
   if (!fence->fence || dead(ctx))
      return true;
   struct pv_device *device = timeline->queue->device;
   VkFence handle = fence->fence;
   pthread_mutex_unlock(&timeline->lock); // only this side takes fences off the list
   VkResult result = device->vk.WaitForFences(device->handle, 1, &handle, VK_TRUE, timeout);
   pthread_mutex_lock(&timeline->lock);
   fence->signalled = result == VK_SUCCESS;
   if (result == VK_ERROR_DEVICE_LOST)
      pv_context_core_lose(ctx, "the host's driver says so");
   return result != VK_TIMEOUT;
}

struct waiter {
   struct pv_context_core *ctx;
   uint32_t ring_idx;
};

static void *timeline_main(void *user)
{
   struct waiter waiter = *(struct waiter *)user;
   free(user);
   struct pv_timeline *timeline = &waiter.ctx->timelines[waiter.ring_idx];
   pv_thread_name("pv-timeline");
   pthread_mutex_lock(&timeline->lock);
   while (!timeline->stop) { // what is pending then is left to pv_timeline_unbind_device
      if (!timeline->first) {
         pthread_mutex_unlock(&timeline->lock);
         pv_gate_wait(&timeline->gate, PV_NEVER);
         pthread_mutex_lock(&timeline->lock);
      } else if (first_done(waiter.ctx, timeline, WAIT_SLICE)) {
         retire_first(waiter.ctx, timeline, waiter.ring_idx);
      }
   }
   pthread_mutex_unlock(&timeline->lock);
   return NULL;
}

int pv_timeline_bind(struct pv_context_core *ctx, uint32_t ring_idx, struct pv_queue *queue)
{
   struct pv_timeline *timeline = &ctx->timelines[ring_idx];
   pthread_mutex_lock(&timeline->lock);
   // A device that is going has unbound its timelines, or will once it gets this lock.
   int error = timeline->queue ? -EEXIST : atomic_load(&queue->device->owner.dying) ? -ENODEV : 0;
   if (!error) {
      timeline->queue = queue;
      timeline->stop = false;
   }
   pthread_mutex_unlock(&timeline->lock);
   return error;
}

void pv_timeline_unbind_device(struct pv_context_core *ctx, struct pv_device *device)
{
   uint64_t patience = pv_now() + UNBIND_WAIT;
   for (uint32_t i = 1; i < PV_TIMELINES; i++) {
      struct pv_timeline *timeline = &ctx->timelines[i];
      pthread_mutex_lock(&timeline->lock);
      bool ours = timeline->queue && timeline->queue->device == device;
      timeline->stop = ours;
      bool threaded = ours && timeline->threaded;
      pthread_mutex_unlock(&timeline->lock);
      if (!ours)
         continue;
      if (threaded) {
         pv_gate_wake(&timeline->gate);
         pthread_join(timeline->thread, NULL);
      }
      pthread_mutex_lock(&timeline->lock);
      timeline->threaded = false;
      while (timeline->first) {
         uint64_t now = pv_now();
         first_done(ctx, timeline, now < patience ? patience - now : 0);
         retire_first(ctx, timeline, i);
      }
      for (uint32_t k = 0; k < timeline->spare_count && !atomic_load(&ctx->was_lost); k++)
         device->vk.DestroyFence(device->handle, timeline->spare[k], NULL);
      free(timeline->spare);
      timeline->spare = NULL;
      timeline->spare_count = timeline->spare_capacity = 0;
      timeline->queue = NULL;
      pthread_mutex_unlock(&timeline->lock);
   }
}

static VkFence take_fence(struct pv_timeline *timeline, struct pv_device *device)
{
   if (!timeline->spare) {
      timeline->spare = calloc(32, sizeof *timeline->spare);
      timeline->spare_capacity = timeline->spare ? 32 : 0;
   }
   if (timeline->spare_count)
      return timeline->spare[--timeline->spare_count];
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   VkFence fence = VK_NULL_HANDLE;
   if (device->vk.CreateFence(device->handle, &info, NULL, &fence) != VK_SUCCESS)
      return VK_NULL_HANDLE;
   return fence;
}

static void start_thread(struct pv_context_core *ctx, struct pv_timeline *timeline, uint32_t ring_idx)
{
   struct waiter *waiter = malloc(sizeof *waiter);
   if (!waiter)
      return;
   *waiter = (struct waiter){.ctx = ctx, .ring_idx = ring_idx};
   timeline->threaded = !pv_thread_start(&timeline->thread, timeline_main, waiter);
   if (!timeline->threaded)
      free(waiter);
}

int pv_timeline_fence(struct pv_context_core *ctx, uint32_t ring_idx, uint64_t fence_id)
{
   struct pv_timeline *timeline = &ctx->timelines[ring_idx];
   struct pv_pending_fence *pending = calloc(1, sizeof *pending);
   if (!pending)
      return -ENOMEM;
   pending->fence_id = fence_id;
   pthread_mutex_lock(&timeline->lock);
   struct pv_queue *queue = timeline->queue;
   if (!queue) {
      pthread_mutex_unlock(&timeline->lock);
      free(pending);
      return -EINVAL;
   }
   if (!dead(ctx)) {
      pending->fence = take_fence(timeline, queue->device);
      pthread_mutex_lock(&queue->lock);
      VkResult result = pending->fence ? queue->device->vk.QueueSubmit(queue->handle, 0, NULL, pending->fence)
                                       : VK_ERROR_OUT_OF_HOST_MEMORY;
      pthread_mutex_unlock(&queue->lock);
      if (result != VK_SUCCESS) {
         if (pending->fence)
            queue->device->vk.DestroyFence(queue->device->handle, pending->fence, NULL);
         pending->fence = VK_NULL_HANDLE; // retires at once, in order
      }
   }
   *timeline->last = pending;
   timeline->last = &pending->next;
   bool over = dead(ctx); // nothing is waited for any more
   if (!ctx->core->polled && !timeline->threaded && !over)
      start_thread(ctx, timeline, ring_idx);
   bool here = !timeline->threaded && (over || !ctx->core->polled); // the latter: no thread to be had
   while (here && timeline->first) {
      first_done(ctx, timeline, PV_NEVER);
      retire_first(ctx, timeline, ring_idx);
   }
   pthread_mutex_unlock(&timeline->lock);
   pv_gate_wake(&timeline->gate);
   return 0;
}

bool pv_timelines_poll(struct pv_context_core *ctx)
{
   bool pending = false;
   for (uint32_t i = 1; i < PV_TIMELINES; i++) {
      struct pv_timeline *timeline = &ctx->timelines[i];
      pthread_mutex_lock(&timeline->lock);
      while (timeline->first && first_done(ctx, timeline, 0))
         retire_first(ctx, timeline, i);
      pending |= timeline->first != NULL;
      pthread_mutex_unlock(&timeline->lock);
   }
   return pending;
}

void pv_timelines_wake(struct pv_context_core *ctx)
{
   for (uint32_t i = 1; i < PV_TIMELINES; i++)
      pv_gate_wake(&ctx->timelines[i].gate);
}
