// SPDX-License-Identifier: MIT
//
// Ring: a command stream in memory shared with the guest (VK_MESA_venus_protocol).
//
// This room moves bytes and knows nothing of what they mean: it copies what the guest published into private memory,
// each byte once, hands it to `execute` command by command and publishes the head after each. It also parks and wakes a
// ring, reports ALIVE and keeps the FATAL state.
//
// A ring runs on a thread of its own (pv_ring_start) or from the caller's loop (pv_ring_poll), never both.
#ifndef PV_RING_RING_H
#define PV_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PV_RING_IDLE  1u // status bits, as the guest sees them
#define PV_RING_FATAL 2u
#define PV_RING_ALIVE 4u

// What `execute` says of the command it was shown.
enum pv_run {
   PV_RUN_DONE,  // executed; *used bytes are behind us
   PV_RUN_WAIT,  // it waits for something: nothing was used, show the same bytes again (see pv_ring_ops.wait)
   PV_RUN_FATAL, // the context is over: this ring stops for good
};

struct pv_ring_ops {
   // Executes the first command of `bytes` (size > 0, private memory that stays until return) and says how long it was:
   // *used > 0, a multiple of 4, at most `size`. For WAIT, *retry_ns is a pv_now() deadline after which to try again
   // (a wake comes earlier); a threaded executor may block inside instead, in slices, while pv_ring_stopping is false.
   enum pv_run (*execute)(void *user, const uint8_t *bytes, size_t size, size_t *used, uint64_t *retry_ns);
   // Called on the executing thread around each batch of commands: enter before its first, leave when all that was
   // taken over is executed and whenever a command waits. The ring never sleeps inside, except in `execute`. Optional.
   void (*enter)(void *user);
   void (*leave)(void *user);
   // Called once when the guest broke the ring's own rules (tail overrun, ...), before FATAL is set. `why` is one
   // phrase.
   void (*broken)(void *user, const char *why);
};

// Offsets are absolute in `base`; everything was checked by pv_ring_check.
struct pv_ring_layout {
   uint64_t head, tail, status; // each 4 bytes
   uint64_t buffer, buffer_size;
   uint64_t extra, extra_size;
};

struct pv_ring_params {
   uint8_t *base; // the shared memory, mapped; stays mapped until pv_ring_destroy returned
   uint64_t size; // bytes at base
   struct pv_ring_layout layout;
   uint64_t idle_timeout_ns; // as the guest asked; never treated as less than 1 ms
   int32_t priority;         // nice value for the ring's thread, 0 = leave; failures are ignored
   const struct pv_ring_ops *ops;
   void *user;
};

struct pv_ring;

// Checks a layout against a resource of `size` bytes: regions 4-aligned, inside [offset, offset+span), disjoint, buffer
// size a power of two of at most 16 MiB, no overflow. `in` is relative to `offset` as on the wire, `out` absolute. NULL
// if good, else one phrase that says what is wrong.
const char *pv_ring_check(uint64_t size, uint64_t offset, uint64_t span, const struct pv_ring_layout *in,
                          struct pv_ring_layout *out);

// Makes a ring; head and status words of the guest must be 0 (-EINVAL). Starts nothing. 0, -EINVAL, -ENOMEM.
int pv_ring_create(const struct pv_ring_params *params, struct pv_ring **out);

// Stops the thread if there is one (after the command it is in), frees, nulls. Accepts NULL. Not from the ring's own
// thread.
void pv_ring_destroy(struct pv_ring **ring);

// Starts the ring's own thread. 0 or -errno.
int pv_ring_start(struct pv_ring *ring);

// Polled mode: executes what is there, at most `budget` commands. Never blocks. *deadline: when to poll again at the
// latest (PV_NEVER: only after a wake; 0: at once, there is more). Returns false once the ring is over (FATAL or
// stopped).
bool pv_ring_poll(struct pv_ring *ring, unsigned budget, uint64_t *deadline);

// Wakes a parked or waiting ring. Any thread; spurious wakes are harmless. (vkNotifyRingMESA, and the safety net.)
void pv_ring_wake(struct pv_ring *ring);

// Sets FATAL in the shared status and makes the ring stop at its next check. Any thread, never blocks.
void pv_ring_fail(struct pv_ring *ring);

// Asks the thread to stop without FATAL; does not wait. Any thread.
void pv_ring_stop(struct pv_ring *ring);

// True once the ring should stop: for waits inside `execute`.
bool pv_ring_stopping(const struct pv_ring *ring);

// True if the ring is executed by a thread that has other things to do: `execute` must not wait, but return
// PV_RUN_WAIT, and will be called again where it may. For `execute`.
bool pv_ring_is_helped(const struct pv_ring *ring);

// Sets ALIVE, and wakes a parked ring whose tail moved unseen. For the monitor: any thread, never blocks.
void pv_ring_tick(struct pv_ring *ring);

// The head the guest sees (seqno of what is executed).
uint32_t pv_ring_head(const struct pv_ring *ring);

// True while the ring waits for its guest with nothing left to execute (its tail was read after it parked).
bool pv_ring_parked(const struct pv_ring *ring);

// How often it was woken after it had parked. A figure for statistics.
uint64_t pv_ring_wakes(const struct pv_ring *ring);

// Blocks until the head has reached `seqno` (wrapped compare) or `deadline`. If the ring's thread has nothing in hand,
// the caller executes what leads there; else wakes it. True if reached. *hopeless says that waiting longer is no use:
// the ring is over, or idle with its tail short of seqno. Not for polled rings.
bool pv_ring_wait_seqno(struct pv_ring *ring, uint32_t seqno, uint64_t deadline, bool *hopeless);

// The same question without waiting: 1 reached, 0 not yet, -1 hopeless.
int pv_ring_test_seqno(struct pv_ring *ring, uint32_t seqno);

// Stores `value` at extra + offset (release). False if the offset is unaligned or outside.
bool pv_ring_write_extra(struct pv_ring *ring, uint64_t offset, uint32_t value);

#endif
