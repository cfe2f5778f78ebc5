// SPDX-License-Identifier: MIT
//
// What the ring's own files share.
//
// Three parties touch a ring. Its executor, which is the caller of pv_ring_poll or whichever thread has the turn, owns
// everything marked so. Other threads of ours wake it, fail it and wait for its progress; one that waits may take the
// turn while the ring's own thread only watches, and execute what it waits for (pv_ring_help). The guest owns nothing
// here: its three words and its buffer may hold anything at any time, and every word of them is loaded once per look.
#ifndef PV_RING_PRIVATE_H
#define PV_RING_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/os.h"
#include "ring/ring.h"

#define PV_RING_STOP   1u // pv_ring.over bits: asked to stop
#define PV_RING_FAILED 2u //                    FATAL was set

enum pv_ring_idle {
   PV_RING_AWAKE,  // executing, or watching the tail
   PV_RING_SETTLE, // IDLE is set; looks at the tail once more after a moment
   PV_RING_PARKED, // sleeps until somebody wakes it
};

struct pv_ring_waiter {
   struct pv_ring_waiter *next;
   uint32_t seqno;
   struct pv_gate gate;
};

struct pv_ring {
   struct pv_ring_params params;
   uint32_t *guest_head, *guest_tail, *guest_status; // shared with the guest: only __atomic builtins touch them
   const uint8_t *guest_bytes;
   uint32_t mask; // buffer size - 1

   // The ring's thread has it whenever it does not watch or sleep.
   pthread_mutex_t turn;

   // The executor's own.
   uint8_t *copy;     // private copy of what the guest published; bytes [pos, end) start at copy + at
   uint32_t pos, end; // counters as on the wire; the head is never read back from the guest
   size_t at;
   bool inside;    // between ops->enter and ops->leave
   bool helped;    // by a thread that must not be kept
   uint64_t retry; // a command waits: pv_now() time to show it again; 0 = none waits
   uint64_t settle_until;
   unsigned relaxed; // polled: looks at the tail since there was work

   // Shared among our threads.
   _Atomic uint32_t head;    // as published; release to set, acquire to see
   _Atomic uint32_t waiting; // threads in pv_ring_wait_seqno; see seqno.c
   _Atomic uint32_t over;    // PV_RING_STOP, PV_RING_FAILED; release to set, acquire to see
   _Atomic int idle;         // enum pv_ring_idle; the executor writes it (release), others read (acquire) and act on it
   // Stay awake until then; the executor writes it, the ring's thread watches it (relaxed).
   _Atomic uint64_t awake_until;
   _Atomic uint64_t wakes; // times it was woken from PARKED; counted once it is awake
   struct pv_gate gate;    // wakes the executor
   pthread_mutex_t waiters_lock;
   struct pv_ring_waiter *waiters; // under waiters_lock
   pthread_t thread;
   bool threaded;
};

static inline bool pv_ring_over(const struct pv_ring *ring)
{
   return atomic_load_explicit(&ring->over, memory_order_acquire) != 0; // pairs with end in ring.c
}

// Loads the guest's tail. Sequentially consistent: pairs with the guest's tail store; see run.c for the park handshake.
static inline uint32_t pv_ring_load_tail(const struct pv_ring *ring)
{
   return __atomic_load_n(ring->guest_tail, __ATOMIC_SEQ_CST);
}

// Wakes the threads in pv_ring_wait_seqno that have waited for no more than the head is now.
void pv_ring_wake_reached(struct pv_ring *ring);

// Publishes progress by `used` bytes to the guest and to waiters. Executor only.
static inline void pv_ring_advance(struct pv_ring *ring, uint32_t used)
{
   ring->pos += used;
   ring->at += used;
   // Release: pairs with the guest's acquire load; the effects of the command, its reply included, come before.
   __atomic_store_n(ring->guest_head, ring->pos, __ATOMIC_RELEASE);
   atomic_store_explicit(&ring->head, ring->pos, memory_order_release); // pairs with pv_ring_head
   // May come before the stores; seqno.c says why that will do.
   if (__builtin_expect(atomic_load_explicit(&ring->waiting, memory_order_relaxed) != 0, 0))
      pv_ring_wake_reached(ring);
}

// Wakes every thread in pv_ring_wait_seqno to look again.
void pv_ring_wake_waiters(struct pv_ring *ring);

// Executes what is published until `seqno` is reached, if the ring is awake and nobody else is at it; stops where a
// command would wait. The ring's thread goes on from there.
void pv_ring_help(struct pv_ring *ring, uint32_t seqno);

// The thread's main function; `arg` is the ring.
void *pv_ring_main(void *arg);

#endif
