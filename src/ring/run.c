// SPDX-License-Identifier: MIT
//
// Executing what the guest published, and sleeping when there is nothing.
//
// The park handshake. The guest stores its tail and then loads the status; we set IDLE and then load the tail. Both
// pairs are sequentially consistent, so at least one side sees what the other wrote: either the guest sees IDLE and
// sends a notify, or we see the new tail and go on. A wake is remembered by the gate, so one that comes before we sleep
// counts.
//
// Some drivers store the tail with release only, and their own processor may then hold the store back until after the
// load of the status: neither side sees the other. A store is held back for well under a microsecond, so a ring with
// IDLE set looks at the tail a second time after SETTLE_NS before it parks. The monitor's tick, which looks at the
// tails of parked rings, is the last resort. A parked ring itself has no timeout.
//
// Some drivers send at most one notify per millisecond and ring. A woken ring therefore watches its tail for the idle
// timeout, at least 1 ms, before it sets IDLE again: what was published under a suppressed notify is seen without one.
#include "ring/private.h"

#include <limits.h>
#include <sched.h>
#include <string.h>

#define SETTLE_NS 50000u

// Watching the tail: first by giving way to whoever else wants the core, which costs a fraction of a microsecond when
// nobody does (a renderer on the CPU wants every core, and spinning before was measured to gain nothing and to cost it
// time), then in sleeps that grow to PAUSE_MAX_NS. The idle timeout, milliseconds, ends it.
#define YIELD_ROUNDS 128u
#define PAUSE_MIN_NS 5000u
#define PAUSE_MAX_NS 50000u

enum step {
   STEP_MORE, // commands were executed
   STEP_WAIT, // a command waits until ring->retry
   STEP_NONE, // nothing to execute
   STEP_OVER, // the ring is over
};

static void set_idle(struct pv_ring *ring, enum pv_ring_idle idle)
{
   atomic_store_explicit(&ring->idle, idle, memory_order_release); // pairs with pv_ring_parked
}

static enum pv_ring_idle get_idle(const struct pv_ring *ring)
{
   return (enum pv_ring_idle)atomic_load_explicit(&ring->idle, memory_order_relaxed); // only the executor writes it
}

static void enter(struct pv_ring *ring)
{
   if (!ring->inside && ring->params.ops->enter)
      ring->params.ops->enter(ring->params.user);
   ring->inside = true;
}

static void leave(struct pv_ring *ring)
{
   if (ring->inside && ring->params.ops->leave)
      ring->params.ops->leave(ring->params.user);
   ring->inside = false;
}

static void set_awake_until(struct pv_ring *ring, uint64_t until)
{
   atomic_store_explicit(&ring->awake_until, until, memory_order_relaxed); // pairs with awake_until
}

static uint64_t awake_until(const struct pv_ring *ring)
{
   return atomic_load_explicit(&ring->awake_until, memory_order_relaxed); // pairs with set_awake_until
}

// Stays awake for the idle timeout from now on, taking IDLE back if it was set.
static void stay_awake(struct pv_ring *ring)
{
   enum pv_ring_idle before = get_idle(ring);
   if (before != PV_RING_AWAKE) {
      set_idle(ring, PV_RING_AWAKE);
      __atomic_fetch_and(ring->guest_status, ~PV_RING_IDLE, __ATOMIC_SEQ_CST);
      if (before == PV_RING_PARKED)
         atomic_fetch_add_explicit(&ring->wakes, 1, memory_order_release); // pairs with pv_ring_wakes
   }
   ring->relaxed = 0;
   set_awake_until(ring, pv_now() + ring->params.idle_timeout_ns);
}

static inline void fetch_4(uint8_t *to, const uint8_t *from)
{
   uint32_t word = __atomic_load_n((const uint32_t *)(const void *)from, __ATOMIC_RELAXED);
   memcpy(to, &word, sizeof word);
}

static inline void fetch_8(uint8_t *to, const uint8_t *from)
{
   uint64_t word = __atomic_load_n((const uint64_t *)(const void *)from, __ATOMIC_RELAXED);
   memcpy(to, &word, sizeof word);
}

// Copies `size` bytes (a multiple of 4, as `from` is) that the guest may be changing, fetching each word exactly once.
static void fetch_words(uint8_t *to, const uint8_t *from, size_t size)
{
   if (size && (uintptr_t)from % 8) {
      fetch_4(to, from);
      size -= 4, to += 4, from += 4;
   }
   for (; size >= 32; size -= 32, to += 32, from += 32) {
      fetch_8(to, from);
      fetch_8(to + 8, from + 8);
      fetch_8(to + 16, from + 16);
      fetch_8(to + 24, from + 24);
   }
   for (; size >= 8; size -= 8, to += 8, from += 8)
      fetch_8(to, from);
   if (size)
      fetch_4(to, from);
}

static enum step broken(struct pv_ring *ring, const char *why)
{
   leave(ring);
   ring->params.ops->broken(ring->params.user, why);
   pv_ring_fail(ring);
   return STEP_OVER;
}

// Takes over everything published since the last time. MORE if there is something to execute now.
static enum step fetch(struct pv_ring *ring)
{
   uint32_t tail = pv_ring_load_tail(ring);
   uint32_t size = tail - ring->pos;
   if (!size)
      return STEP_NONE;
   if (tail % 4)
      return broken(ring, "the tail is not a multiple of 4");
   if (size - 1 > ring->mask)
      return broken(ring, "the tail is further ahead of the head than the buffer is long");

   uint32_t begin = ring->pos & ring->mask;
   uint32_t first = ring->mask + 1 - begin; // bytes up to the buffer's end
   if (first > size)
      first = size;
   fetch_words(ring->copy, ring->guest_bytes + begin, first);
   fetch_words(ring->copy + first, ring->guest_bytes, size - first);
   ring->end = tail;
   ring->at = 0;
   return STEP_MORE;
}

// Executes what is there, at most *budget commands, of which *budget keeps what is left. A batch of commands, that is
// what one fetch found, runs between enter and leave.
static enum step run_some(struct pv_ring *ring, unsigned *budget)
{
   if (ring->pos == ring->end) {
      enum step found = fetch(ring);
      if (found != STEP_MORE)
         return found;
      if (get_idle(ring) != PV_RING_AWAKE)
         stay_awake(ring);
   }
   enter(ring);
   const struct pv_ring_ops *ops = ring->params.ops;
   void *user = ring->params.user;
   do {
      size_t size = ring->end - ring->pos, used = 0;
      uint64_t retry = 0;
      enum pv_run run = ops->execute(user, ring->copy + ring->at, size, &used, &retry);
      if (__builtin_expect(run == PV_RUN_WAIT, 0)) {
         leave(ring);
         ring->retry = retry;
         return STEP_WAIT;
      }
      if (__builtin_expect(run != PV_RUN_DONE, 0)) {
         leave(ring);
         pv_ring_fail(ring);
         return STEP_OVER;
      }
      if (!used || used > size || used % 4)
         return broken(ring, "a command's length is not a multiple of 4 within what was published");
      pv_ring_advance(ring, (uint32_t)used);
      --*budget;
   } while (ring->pos != ring->end && *budget && !pv_ring_over(ring));
   if (ring->pos == ring->end) {
      leave(ring);
      stay_awake(ring);
   }
   return STEP_MORE;
}

// One step on the way to sleep, taken after the tail showed nothing new. Returns when to look again at the latest: 0 =
// now, PV_NEVER = after a wake. The caller looks at the tail before the next call, which is what the handshake above
// asks for.
static uint64_t step_to_sleep(struct pv_ring *ring, uint64_t now)
{
   switch (get_idle(ring)) {
   case PV_RING_AWAKE:
      if (now < awake_until(ring))
         return awake_until(ring);
      set_idle(ring, PV_RING_SETTLE);
      ring->settle_until = now + SETTLE_NS;
      __atomic_fetch_or(ring->guest_status, PV_RING_IDLE, __ATOMIC_SEQ_CST);
      return 0;
   case PV_RING_SETTLE:
      if (now < ring->settle_until)
         return ring->settle_until;
      set_idle(ring, PV_RING_PARKED);
      pv_ring_wake_waiters(ring); // those who wait for more than the guest published learn of it now
      return PV_NEVER;
   default:
      return PV_NEVER;
   }
}

static uint64_t pause_of(unsigned doublings)
{
   return doublings > 3 ? PAUSE_MAX_NS : (uint64_t)PAUSE_MIN_NS << doublings;
}

static bool has_news(const struct pv_ring *ring)
{
   return pv_ring_load_tail(ring) != pv_ring_head(ring);
}

// Spends a moment watching the tail. The longer the ring has been without work, the longer and the more politely. Not
// with the turn: whoever helps moves the head meanwhile.
static void watch(const struct pv_ring *ring)
{
   for (unsigned i = 0; i < YIELD_ROUNDS; i++) {
      sched_yield();
      if (has_news(ring))
         return;
   }
   unsigned pauses = 0;
   uint64_t now = pv_now();
   while (now < awake_until(ring) && !pv_ring_over(ring) && !has_news(ring)) {
      uint64_t until = now + pause_of(pauses++), end = awake_until(ring);
      pv_sleep_until(until < end ? until : end);
      now = pv_now();
   }
}

// Sleeps without the turn. True if woken.
static bool sleep_at_gate(struct pv_ring *ring, uint64_t until)
{
   pthread_mutex_unlock(&ring->turn);
   bool woken = pv_gate_wait(&ring->gate, until);
   pthread_mutex_lock(&ring->turn);
   return woken;
}

// Nothing to execute: sleeps as deeply as is due.
static void rest(struct pv_ring *ring)
{
   uint64_t until = step_to_sleep(ring, pv_now());
   if (!until)
      return;
   if (get_idle(ring) == PV_RING_AWAKE) {
      pthread_mutex_unlock(&ring->turn);
      watch(ring);
      pthread_mutex_lock(&ring->turn);
   } else if (sleep_at_gate(ring, until)) {
      stay_awake(ring);
   }
}

void pv_ring_help(struct pv_ring *ring, uint32_t seqno)
{
   if (pthread_mutex_trylock(&ring->turn))
      return;
   ring->helped = true;
   // Only a ring that watches: one that set IDLE has a thread that must be woken anyway.
   if (get_idle(ring) == PV_RING_AWAKE) {
      unsigned one = 1;
      while (!pv_ring_over(ring) && (int32_t)(ring->pos - seqno) < 0 && run_some(ring, &one) == STEP_MORE)
         one = 1;
      leave(ring); // the batch may not be done
   }
   ring->helped = false;
   pthread_mutex_unlock(&ring->turn);
}

void *pv_ring_main(void *arg)
{
   struct pv_ring *ring = arg;
   pv_thread_name("pv-ring");
   pv_thread_fine_sleeps();
   if (ring->params.priority)
      pv_thread_nice(ring->params.priority);
   pthread_mutex_lock(&ring->turn);
   stay_awake(ring);
   while (!pv_ring_over(ring)) {
      unsigned budget = UINT_MAX;
      switch (run_some(ring, &budget)) {
      case STEP_WAIT:
         if (!sleep_at_gate(ring, ring->retry))
            sched_yield(); // a time to retry that is past already must not keep others from the core
         break;
      case STEP_NONE:
         rest(ring);
         break;
      default:
         break;
      }
   }
   leave(ring);
   set_idle(ring, PV_RING_AWAKE); // no longer parked, but over
   pthread_mutex_unlock(&ring->turn);
   return NULL;
}

// What a polled ring with nothing to execute asks of its caller.
static uint64_t poll_rest(struct pv_ring *ring)
{
   uint64_t now = pv_now();
   uint64_t until = step_to_sleep(ring, now);
   if (get_idle(ring) != PV_RING_AWAKE)
      return until;
   uint64_t pause = now + pause_of(ring->relaxed++);
   return pause < until ? pause : until;
}

bool pv_ring_poll(struct pv_ring *ring, unsigned budget, uint64_t *deadline)
{
   *deadline = PV_NEVER;
   bool woken = pv_gate_wait(&ring->gate, 0);
   if (woken || !awake_until(ring))
      stay_awake(ring);
   if (ring->retry && !woken && pv_now() < ring->retry) {
      *deadline = ring->retry;
      return !pv_ring_over(ring);
   }
   ring->retry = 0;
   while (budget) {
      if (pv_ring_over(ring))
         return false;
      switch (run_some(ring, &budget)) {
      case STEP_MORE:
         break;
      case STEP_WAIT:
         *deadline = ring->retry;
         return true;
      case STEP_NONE:
         *deadline = poll_rest(ring);
         if (*deadline)
            return true;
         break; // IDLE was just set: look at the tail once more
      case STEP_OVER:
         return false;
      }
   }
   *deadline = 0;
   return !pv_ring_over(ring);
}
