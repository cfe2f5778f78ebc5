// SPDX-License-Identifier: MIT
//
// A guest and an executor for the ring's tests.
#include "guest.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH 0xfffu

uint32_t test_random(uint64_t *state)
{
   *state ^= *state << 13;
   *state ^= *state >> 7;
   *state ^= *state << 17;
   return (uint32_t)(*state >> 16);
}

static uint32_t payload(uint32_t number, uint32_t i)
{
   return (number * 2654435761u) ^ (i * 40503u);
}

static uint32_t word_at(const uint8_t *bytes, size_t i)
{
   uint32_t word;
   memcpy(&word, bytes + i * 4, sizeof word);
   return word;
}

static bool command_is_right(const struct guest *guest, const uint8_t *bytes, size_t size)
{
   uint32_t words = word_at(bytes, 0) & LENGTH, number = word_at(bytes, 0) >> 12;
   if (number != (guest->expected & 0xfffff) || words == 0 || words * 4 > size)
      return false;
   for (uint32_t i = 1; i < words; i++)
      if (word_at(bytes, i) != payload(number, i))
         return false;
   return true;
}

static enum pv_run execute(void *user, const uint8_t *bytes, size_t size, size_t *used, uint64_t *retry_ns)
{
   struct guest *guest = user;
   if (!guest->inside || !command_is_right(guest, bytes, size)) {
      atomic_fetch_add(&guest->wrong, 1);
      return PV_RUN_FATAL;
   }
   if (guest->scribble) {
      guest->scribble(guest);
      if (!command_is_right(guest, bytes, size))
         atomic_fetch_add(&guest->wrong, 1);
   }
   if (guest->waited < atomic_load(&guest->wait_times)) {
      guest->waited++;
      atomic_fetch_add(&guest->waits, 1);
      *used = 1234; // must be ignored
      *retry_ns = guest->wait_ns == PV_NEVER ? PV_NEVER : pv_now() + guest->wait_ns;
      return PV_RUN_WAIT;
   }
   guest->waited = 0;
   if (guest->busy_ns)
      pv_sleep_until(pv_now() + guest->busy_ns);
   if (guest->expected + 1 == atomic_load(&guest->fatal_at))
      return PV_RUN_FATAL;
   guest->expected++;
   atomic_fetch_add(&guest->executed, 1);
   *used = (word_at(bytes, 0) & LENGTH) * 4;
   return PV_RUN_DONE;
}

static void enter(void *user)
{
   struct guest *guest = user;
   if (guest->inside)
      atomic_fetch_add(&guest->wrong, 1);
   guest->inside = true;
   atomic_fetch_add(&guest->enters, 1);
}

static void leave(void *user)
{
   struct guest *guest = user;
   if (!guest->inside)
      atomic_fetch_add(&guest->wrong, 1);
   guest->inside = false;
   atomic_fetch_add(&guest->leaves, 1);
}

static void broken(void *user, const char *why)
{
   struct guest *guest = user;
   atomic_store(&guest->why, why);
   atomic_fetch_add(&guest->broken, 1);
}

const struct pv_ring_ops guest_ops = {execute, enter, leave, broken};

void guest_init_at(struct guest *guest, uint32_t buffer_size, uint32_t counter)
{
   const struct pv_ring_layout wanted = {
      .head = 0,
      .tail = 64,
      .status = 128,
      .buffer = 192,
      .buffer_size = buffer_size,
      .extra = 192 + (uint64_t)buffer_size,
      .extra_size = 4,
   };
   *guest =
       (struct guest){.size = 192 + (uint64_t)buffer_size + 4, .policy = NOTIFY_IDLE, .store_order = __ATOMIC_SEQ_CST};
   guest->base = calloc(1, (size_t)guest->size);
   const char *why = pv_ring_check(guest->size, 0, guest->size, &wanted, &guest->layout);
   struct pv_ring_params params = {
      .base = guest->base,
      .size = guest->size,
      .layout = guest->layout,
      .ops = &guest_ops,
      .user = guest,
   };
   if (!guest->base || why || pv_ring_create(&params, &guest->ring)) {
      fprintf(stderr, "no ring: %s\n", why ? why : "out of memory");
      abort();
   }
   guest->tail = counter;
   guest->ring->pos = guest->ring->end = counter;
   atomic_store(&guest->ring->head, counter);
   guest_store(guest, guest->layout.head, counter);
   guest_store(guest, guest->layout.tail, counter);
}

void guest_init(struct guest *guest, uint32_t buffer_size)
{
   guest_init_at(guest, buffer_size, 0);
}

void guest_fini(struct guest *guest)
{
   pv_ring_destroy(&guest->ring);
   free(guest->base);
}

static uint32_t *word(const struct guest *guest, uint64_t offset)
{
   return (uint32_t *)(void *)(guest->base + offset);
}

uint32_t guest_status(const struct guest *guest)
{
   return __atomic_load_n(word(guest, guest->layout.status), __ATOMIC_SEQ_CST);
}

uint32_t guest_head(const struct guest *guest)
{
   return __atomic_load_n(word(guest, guest->layout.head), __ATOMIC_ACQUIRE);
}

void guest_store(struct guest *guest, uint64_t offset, uint32_t value)
{
   __atomic_store_n(word(guest, offset), value, __ATOMIC_SEQ_CST);
}

uint32_t guest_room(const struct guest *guest)
{
   return (uint32_t)guest->layout.buffer_size - (guest->tail - guest_head(guest));
}

void guest_write(struct guest *guest, uint32_t words)
{
   uint32_t mask = (uint32_t)guest->layout.buffer_size - 1, number = guest->number++ & 0xfffff;
   for (uint32_t i = 0; i < words; i++) {
      uint32_t value = i ? payload(number, i) : number << 12 | words;
      memcpy(guest->base + guest->layout.buffer + ((guest->tail + i * 4) & mask), &value, sizeof value);
   }
   guest->tail += words * 4;
}

static void notify(struct guest *guest)
{
   if (guest->policy == NOTIFY_NEVER)
      return;
   uint64_t now = pv_now();
   if (guest->policy == NOTIFY_ONE_A_MS && guest->last_notify && now - guest->last_notify < MS) {
      guest->suppressed++;
      return;
   }
   guest->last_notify = now;
   guest->notifies++;
   pv_ring_wake(guest->ring);
}

bool guest_publish(struct guest *guest)
{
   if (guest->store_order == __ATOMIC_RELEASE)
      __atomic_store_n(word(guest, guest->layout.tail), guest->tail, __ATOMIC_RELEASE);
   else
      __atomic_store_n(word(guest, guest->layout.tail), guest->tail, __ATOMIC_SEQ_CST);
   uint32_t status = guest_status(guest);
   if (status & PV_RING_FATAL)
      return false;
   if (status & PV_RING_IDLE)
      notify(guest);
   return true;
}

bool guest_send(struct guest *guest, uint32_t words)
{
   guest_write(guest, words);
   return guest_publish(guest);
}

bool guest_drain_to(struct guest *guest, uint32_t room, uint64_t timeout_ns)
{
   uint64_t end = pv_now() + timeout_ns;
   for (unsigned i = 0; guest_room(guest) < room; i++) {
      if (guest_status(guest) & PV_RING_FATAL || pv_now() > end)
         return false;
      if (i > 100)
         pv_sleep_until(pv_now() + 20000);
      else
         sched_yield();
   }
   return true;
}

bool guest_drain(struct guest *guest, uint64_t timeout_ns)
{
   return guest_drain_to(guest, (uint32_t)guest->layout.buffer_size, timeout_ns);
}
