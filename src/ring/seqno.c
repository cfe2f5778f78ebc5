// SPDX-License-Identifier: MIT
//
// Progress, and threads that wait for it.
//
// The executor must tell waiters when the head moves, and must not pay for it when there are none. Head and number of
// waiters share one atomic word and both sides change it by an atomic addition, so of any two changes one comes first.
// The waiter's first: the executor's addition returns a number of waiters above zero and it wakes them. The executor's
// first: the waiter's addition returns the new head. No case is left in which the waiter sleeps unseen.
#include "ring/private.h"

#define ONE_BYTE (UINT64_C(1) << 32) // of head, in pv_ring.progress
#define WAITERS  UINT64_C(0xffffffff)

static bool reached(uint32_t head, uint32_t seqno)
{
   return (int32_t)(head - seqno) >= 0;
}

void pv_ring_wake_waiters(struct pv_ring *ring)
{
   pthread_mutex_lock(&ring->waiters_lock);
   for (struct pv_ring_waiter *waiter = ring->waiters; waiter; waiter = waiter->next)
      pv_gate_wake(&waiter->gate);
   pthread_mutex_unlock(&ring->waiters_lock);
}

static void wake_reached(struct pv_ring *ring, uint32_t head)
{
   pthread_mutex_lock(&ring->waiters_lock);
   for (struct pv_ring_waiter *waiter = ring->waiters; waiter; waiter = waiter->next)
      if (reached(head, waiter->seqno))
         pv_gate_wake(&waiter->gate);
   pthread_mutex_unlock(&ring->waiters_lock);
}

void pv_ring_advance(struct pv_ring *ring, uint32_t used)
{
   ring->pos += used;
   ring->at += used;
   // Release: pairs with the guest's acquire load; the effects of the command, its reply included, come before.
   __atomic_store_n(ring->guest_head, ring->pos, __ATOMIC_RELEASE);
   // Release pairs with pv_ring_head and with the waiters' own additions; acquire so that their list is seen.
   uint64_t before = atomic_fetch_add_explicit(&ring->progress, used * ONE_BYTE, memory_order_acq_rel);
   if (__builtin_expect((before & WAITERS) != 0, 0))
      wake_reached(ring, ring->pos);
}

// The ring sleeps, has executed all it was given, and that is short of seqno: it will not get there by itself.
static bool is_hopeless(struct pv_ring *ring, uint32_t seqno)
{
   if (!pv_ring_parked(ring))
      return false;
   uint32_t tail = pv_ring_load_tail(ring);
   return tail == pv_ring_head(ring) && !reached(tail, seqno);
}

int pv_ring_test_seqno(struct pv_ring *ring, uint32_t seqno)
{
   if (reached(pv_ring_head(ring), seqno))
      return 1;
   return pv_ring_stopping(ring) || is_hopeless(ring, seqno) ? -1 : 0;
}

static void add_waiter(struct pv_ring *ring, struct pv_ring_waiter *waiter)
{
   pthread_mutex_lock(&ring->waiters_lock);
   waiter->next = ring->waiters;
   ring->waiters = waiter;
   atomic_fetch_add_explicit(&ring->progress, 1, memory_order_acq_rel); // pairs with pv_ring_advance
   pthread_mutex_unlock(&ring->waiters_lock);
}

static void remove_waiter(struct pv_ring *ring, struct pv_ring_waiter *waiter)
{
   pthread_mutex_lock(&ring->waiters_lock);
   for (struct pv_ring_waiter **at = &ring->waiters; *at; at = &(*at)->next) {
      if (*at == waiter) {
         *at = waiter->next;
         break;
      }
   }
   atomic_fetch_sub_explicit(&ring->progress, 1, memory_order_acq_rel);
   pthread_mutex_unlock(&ring->waiters_lock);
}

bool pv_ring_wait_seqno(struct pv_ring *ring, uint32_t seqno, uint64_t deadline, bool *hopeless)
{
   *hopeless = false;
   if (!reached(pv_ring_head(ring), seqno))
      pv_ring_help(ring, seqno);
   if (reached(pv_ring_head(ring), seqno))
      return true;

   struct pv_ring_waiter waiter = {.seqno = seqno};
   if (pv_gate_init(&waiter.gate))
      return false;
   add_waiter(ring, &waiter);
   pv_ring_wake(ring); // it may be parked with a tail it has not seen
   bool in_time = true;
   int answer;
   while (!(answer = pv_ring_test_seqno(ring, seqno)) && in_time)
      in_time = pv_gate_wait(&waiter.gate, deadline);
   remove_waiter(ring, &waiter);
   pv_gate_fini(&waiter.gate);
   *hopeless = answer < 0;
   return answer > 0;
}
