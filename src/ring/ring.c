// SPDX-License-Identifier: MIT
//
// A ring's life, and what other threads may do to it. What it executes and when it sleeps is in run.c.
#include "ring/private.h"

#include <errno.h>
#include <stdlib.h>

#define SHORTEST_IDLE_TIMEOUT 1000000u // 1 ms: drivers send at most one notify per ms (run.c)

static uint32_t *guest_word(const struct pv_ring_params *params, uint64_t offset)
{
   return (uint32_t *)(void *)(params->base + offset);
}

static void point_at_guest(struct pv_ring *ring)
{
   const struct pv_ring_params *params = &ring->params;
   ring->guest_head = guest_word(params, params->layout.head);
   ring->guest_tail = guest_word(params, params->layout.tail);
   ring->guest_status = guest_word(params, params->layout.status);
   ring->guest_bytes = params->base + params->layout.buffer;
   ring->mask = (uint32_t)params->layout.buffer_size - 1;
}

int pv_ring_create(const struct pv_ring_params *params, struct pv_ring **out)
{
   *out = NULL;
   if ((uintptr_t)params->base % 4)
      return -EINVAL;
   struct pv_ring *ring = calloc(1, sizeof *ring);
   if (!ring)
      return -ENOMEM;
   ring->params = *params;
   if (ring->params.idle_timeout_ns < SHORTEST_IDLE_TIMEOUT)
      ring->params.idle_timeout_ns = SHORTEST_IDLE_TIMEOUT;
   point_at_guest(ring);

   int err = -EINVAL;
   if (__atomic_load_n(ring->guest_head, __ATOMIC_RELAXED) || __atomic_load_n(ring->guest_status, __ATOMIC_RELAXED))
      goto error_ring;
   err = -ENOMEM;
   ring->copy = malloc((size_t)params->layout.buffer_size);
   if (!ring->copy)
      goto error_ring;
   if (pthread_mutex_init(&ring->waiters_lock, NULL))
      goto error_copy;
   if (pthread_mutex_init(&ring->turn, NULL))
      goto error_lock;
   if (pv_gate_init(&ring->gate))
      goto error_turn;
   *out = ring;
   return 0;

error_turn:
   pthread_mutex_destroy(&ring->turn);
error_lock:
   pthread_mutex_destroy(&ring->waiters_lock);
error_copy:
   free(ring->copy);
error_ring:
   free(ring);
   return err;
}

void pv_ring_destroy(struct pv_ring **ring_ptr)
{
   struct pv_ring *ring = *ring_ptr;
   if (!ring)
      return;
   *ring_ptr = NULL;
   if (ring->threaded) {
      pv_ring_stop(ring);
      pthread_join(ring->thread, NULL);
   } else if (ring->inside && ring->params.ops->leave) {
      ring->params.ops->leave(ring->params.user);
   }
   pv_gate_fini(&ring->gate);
   pthread_mutex_destroy(&ring->turn);
   pthread_mutex_destroy(&ring->waiters_lock);
   free(ring->copy);
   free(ring);
}

int pv_ring_start(struct pv_ring *ring)
{
   int err = pv_thread_start(&ring->thread, pv_ring_main, ring);
   ring->threaded = !err;
   return err;
}

void pv_ring_wake(struct pv_ring *ring)
{
   pv_gate_wake(&ring->gate);
}

static void end(struct pv_ring *ring, uint32_t bits)
{
   atomic_fetch_or_explicit(&ring->over, bits, memory_order_release); // pairs with pv_ring_over
   pv_ring_wake(ring);
   pv_ring_wake_waiters(ring);
}

void pv_ring_fail(struct pv_ring *ring)
{
   __atomic_fetch_or(ring->guest_status, PV_RING_FATAL, __ATOMIC_SEQ_CST);
   end(ring, PV_RING_FAILED);
}

void pv_ring_stop(struct pv_ring *ring)
{
   end(ring, PV_RING_STOP);
}

bool pv_ring_stopping(const struct pv_ring *ring)
{
   return pv_ring_over(ring);
}

bool pv_ring_is_helped(const struct pv_ring *ring)
{
   return ring->helped;
}

void pv_ring_tick(struct pv_ring *ring)
{
   // A guest that cleared FATAL is told again.
   uint32_t over = atomic_load_explicit(&ring->over, memory_order_acquire);
   uint32_t bits = PV_RING_ALIVE | (over & PV_RING_FAILED ? PV_RING_FATAL : 0);
   __atomic_fetch_or(ring->guest_status, bits, __ATOMIC_SEQ_CST);
   if (!over && pv_ring_parked(ring) && pv_ring_load_tail(ring) != pv_ring_head(ring))
      pv_ring_wake(ring);
}

uint32_t pv_ring_head(const struct pv_ring *ring)
{
   return atomic_load_explicit(&ring->head, memory_order_acquire); // pairs with pv_ring_advance
}

bool pv_ring_parked(const struct pv_ring *ring)
{
   return atomic_load_explicit(&ring->idle, memory_order_acquire) == PV_RING_PARKED; // pairs with set_idle in run.c
}

uint64_t pv_ring_wakes(const struct pv_ring *ring)
{
   return atomic_load_explicit(&ring->wakes, memory_order_acquire); // pairs with stay_awake in run.c
}

bool pv_ring_write_extra(struct pv_ring *ring, uint64_t offset, uint32_t value)
{
   const struct pv_ring_layout *layout = &ring->params.layout;
   if (offset % 4 || layout->extra_size < 4 || offset > layout->extra_size - 4)
      return false;
   __atomic_store_n(guest_word(&ring->params, layout->extra + offset), value, __ATOMIC_RELEASE);
   return true;
}
