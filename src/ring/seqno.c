// SPDX-License-Identifier: MIT
//
// Progress, and threads that wait for it.
//
// The executor must tell waiters when the head moves, and must not pay for it when there are none. So after each
// command it stores the head and then looks whether anybody waits; a waiter says that it does and then looks at the
// head. Of two such sides at least one sees the other, if each finishes its store before its load. Waiters do, who can
// afford it. The executor does not: its processor may hold the store of the head back until after the load, and then
// the waiter is told only with the next command, which may never come. But a store is held back for well under a
// microsecond: a waiter who has not been told looks at the head a second time after SETTLE_NS and only then sleeps for
// good.
#include "ring/private.h"

#define SETTLE_NS 50000u

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

__attribute__((cold)) void pv_ring_wake_reached(struct pv_ring *ring)
{
   pthread_mutex_lock(&ring->waiters_lock);
   for (struct pv_ring_waiter *waiter = ring->waiters; waiter; waiter = waiter->next)
      if (reached(ring->pos, waiter->seqno))
         pv_gate_wake(&waiter->gate);
   pthread_mutex_unlock(&ring->waiters_lock);
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
   atomic_fetch_add(&ring->waiting, 1); // sequentially consistent: done before the head is looked at
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
   atomic_fetch_sub(&ring->waiting, 1);
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
   uint64_t second_look = pv_now() + SETTLE_NS;
   bool in_time = true;
   int answer;
   while (!(answer = pv_ring_test_seqno(ring, seqno)) && in_time) {
      bool settled = second_look >= deadline;
      bool woken = pv_gate_wait(&waiter.gate, settled ? deadline : second_look);
      in_time = woken || !settled;
      if (!woken)
         second_look = PV_NEVER;
   }
   remove_waiter(ring, &waiter);
   pv_gate_fini(&waiter.gate);
   *hopeless = answer < 0;
   return answer > 0;
}
