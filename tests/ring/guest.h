// SPDX-License-Identifier: MIT
//
// The other end of a ring: a guest that follows the stock driver's protocol, and an executor that checks what arrives.
//
// A command is one word, number << 12 | length in words, followed by words that depend on the number and their place.
#ifndef PV_TESTS_RING_GUEST_H
#define PV_TESTS_RING_GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/os.h"
#include "ring/private.h"

#define MS  UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

enum notify_policy {
   NOTIFY_NEVER,    // polled rings, and guests whose notifies get lost
   NOTIFY_IDLE,     // whenever IDLE is seen, as older drivers
   NOTIFY_ONE_A_MS, // the same, but not within a millisecond of the last one, as newer drivers
};

struct guest {
   uint8_t *base;
   uint64_t size;
   struct pv_ring_layout layout;
   struct pv_ring *ring;
   enum notify_policy policy;
   int store_order; // of the tail: __ATOMIC_SEQ_CST, or __ATOMIC_RELEASE as older drivers
   uint32_t tail;   // published
   uint32_t number; // of the next command
   uint64_t last_notify;
   unsigned notifies, suppressed;

   // What the executor saw. Written by the executing thread.
   atomic_uint executed, waits, enters, leaves, wrong, broken;
   uint32_t expected; // number of the next command
   const char *_Atomic why;
   bool inside;
   // What it is told to do: WAIT this often before each command; be FATAL at this command; take this long for each.
   atomic_uint wait_times;
   unsigned waited;
   uint64_t wait_ns;
   atomic_uint fatal_at;
   uint64_t busy_ns;
   void (*scribble)(struct guest *guest); // called inside execute
};

extern const struct pv_ring_ops guest_ops;

// Lays out a ring as the stock driver does, with a buffer of that many bytes, and creates it. Idle timeout 1 ms.
void guest_init(struct guest *guest, uint32_t buffer_size);
// The same with the counters of both sides at `counter`, a multiple of 4.
void guest_init_at(struct guest *guest, uint32_t buffer_size, uint32_t counter);
void guest_fini(struct guest *guest);

// Writes a command of `words` words behind what was written before, without publishing it. There must be room.
void guest_write(struct guest *guest, uint32_t words);
// Bytes that may be written.
uint32_t guest_room(const struct guest *guest);
// Publishes what was written: tail, status, notify. False if FATAL was seen.
bool guest_publish(struct guest *guest);
// Both.
bool guest_send(struct guest *guest, uint32_t words);
// Yields until `room` bytes may be written; or until everything published was executed. False after `timeout_ns`, or
// FATAL.
bool guest_drain_to(struct guest *guest, uint32_t room, uint64_t timeout_ns);
bool guest_drain(struct guest *guest, uint64_t timeout_ns);

uint32_t guest_status(const struct guest *guest);
uint32_t guest_head(const struct guest *guest);
void guest_store(struct guest *guest, uint64_t offset, uint32_t value);

// Waits for a condition that another thread brings about, up to 10 s; yields its value.
#define EVENTUALLY(condition)                                                                                          \
   ({                                                                                                                  \
      uint64_t eventually_end = pv_now() + 10 * SEC;                                                                   \
      while (!(condition) && pv_now() < eventually_end)                                                                \
         pv_sleep_until(pv_now() + MS / 10);                                                                           \
      (condition);                                                                                                     \
   })

// xorshift; *state is not 0.
uint32_t test_random(uint64_t *state);

#endif
