// SPDX-License-Identifier: MIT
//
// Polled rings, one thread, so every order of events is chosen: the stream, waiting commands, going idle, and guests
// that break the rules. A threaded ring runs the same code (test_thread.c).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <string.h>

#include "count_malloc.h"
#include "guest.h"

static struct guest guest;

static uint64_t poll_once(bool expected)
{
   uint64_t deadline;
   assert_int_equal(pv_ring_poll(guest.ring, 1000, &deadline), expected);
   assert_int_equal(guest.wrong, 0);
   return deadline;
}

static void expect_executed(unsigned count)
{
   assert_int_equal(guest.executed, count);
   assert_int_equal(guest_head(&guest), guest.tail);
   assert_int_equal(pv_ring_head(guest.ring), guest.tail);
   assert_int_equal(guest.enters, guest.leaves);
}

// Fills the ring again and again with commands of lengths that never repeat in step with the buffer's.
static void stream_through(uint32_t buffer_size, uint32_t counter, unsigned commands)
{
   uint64_t seed = buffer_size + 1;
   uint32_t most = buffer_size / 4 < 300 ? buffer_size / 4 : 300;
   guest_init_at(&guest, buffer_size, counter);
   while (guest.number < commands) {
      uint32_t words = 1 + test_random(&seed) % most;
      while (guest.number < commands && words * 4 <= guest_room(&guest)) {
         guest_write(&guest, words);
         words = 1 + test_random(&seed) % most;
      }
      assert_true(guest_publish(&guest));
      poll_once(true);
   }
   expect_executed(commands);
   guest_fini(&guest);
}

static void commands_wrap_around_the_buffer(void **state)
{
   stream_through(4096, 0, 20000);
   stream_through(128 << 10, 0, 20000);
}

static void tiny_buffers_work(void **state)
{
   for (uint32_t size = 4; size <= 64; size *= 2)
      stream_through(size, 0, 2000);
}

static void counters_wrap_around(void **state)
{
   stream_through(4, UINT32_MAX - 399, 1000);
   stream_through(64, UINT32_MAX - 399, 1000);
   stream_through(4096, UINT32_MAX - 65535, 10000);
}

static uint32_t heads[8];
static void note_head(struct guest *g)
{
   heads[g->expected] = guest_head(g);
}

static void head_moves_after_each_command_not_before(void **state)
{
   guest_init(&guest, 256);
   guest.scribble = note_head;
   for (uint32_t i = 0; i < 4; i++)
      guest_write(&guest, i + 1);
   assert_true(guest_publish(&guest));
   poll_once(true);
   const uint32_t expected[] = {0, 4, 12, 24};
   assert_memory_equal(heads, expected, sizeof expected);
   expect_executed(4);
   guest_fini(&guest);
}

static void budget_bounds_a_poll(void **state)
{
   uint64_t deadline;
   guest_init(&guest, 1024);
   for (int i = 0; i < 10; i++)
      guest_write(&guest, 3);
   assert_true(guest_publish(&guest));
   for (unsigned done = 4; done <= 8; done += 4) {
      assert_true(pv_ring_poll(guest.ring, 4, &deadline));
      assert_int_equal(deadline, 0);
      assert_int_equal(guest.executed, done);
      assert_int_equal(guest_head(&guest), done * 12);
   }
   poll_once(true);
   expect_executed(10);
   assert_int_equal(guest.enters, 1); // one batch
   guest_fini(&guest);
}

static void overwrite_everything(struct guest *g)
{
   for (uint64_t i = 0; i < g->layout.buffer_size; i += 4)
      guest_store(g, g->layout.buffer + i, 0xdeadbeef);
}

static void a_waiting_command_is_shown_again_from_private_memory(void **state)
{
   guest_init(&guest, 64);
   guest.wait_times = 3;
   guest.wait_ns = 0;
   guest.scribble = overwrite_everything;
   guest_write(&guest, 7);
   guest_write(&guest, 5);
   assert_true(guest_publish(&guest));
   for (int i = 0; i < 3; i++) {
      assert_int_equal(guest.executed, 0);
      assert_int_equal(guest_head(&guest), 0);
      assert_false(guest.inside);
      uint64_t deadline = poll_once(true);
      assert_true(deadline != PV_NEVER && deadline <= pv_now());
      assert_false(guest.inside);
   }
   for (int i = 0; i < 4; i++)
      poll_once(true);
   expect_executed(2);
   assert_int_equal(guest.waits, 6);
   guest_fini(&guest);
}

static void a_waiting_command_is_tried_at_its_time_or_after_a_wake(void **state)
{
   guest_init(&guest, 64);
   guest.wait_times = 2;
   guest.wait_ns = 3600 * SEC;
   assert_true(guest_send(&guest, 2));
   uint64_t deadline = poll_once(true);
   assert_true(deadline > pv_now() + 3000 * SEC);
   assert_int_equal(guest.waits, 1);
   assert_true(poll_once(true) == deadline);
   assert_int_equal(guest.waits, 1);
   pv_ring_wake(guest.ring);
   poll_once(true);
   assert_int_equal(guest.waits, 2);
   pv_ring_wake(guest.ring);
   poll_once(true);
   expect_executed(1);
   guest_fini(&guest);
}

// Polls as told until the ring asks for nothing more. Returns the time that took.
static uint64_t poll_until_parked(void)
{
   uint64_t begin = pv_now(), deadline;
   while ((deadline = poll_once(true)) != PV_NEVER) {
      assert_true(deadline < pv_now() + 100 * MS);
      pv_sleep_until(deadline);
   }
   assert_true(pv_ring_parked(guest.ring));
   assert_true(guest_status(&guest) & PV_RING_IDLE);
   return pv_now() - begin;
}

static void idle_after_the_timeout_and_not_before(void **state)
{
   guest_init(&guest, 64);
   assert_false(pv_ring_parked(guest.ring));
   assert_true(poll_until_parked() >= MS);
   assert_true(poll_once(true) == PV_NEVER);

   // A notify wakes it, for a millisecond at least.
   assert_true(guest_send(&guest, 2));
   assert_int_equal(guest.notifies, 1);
   assert_int_equal(pv_ring_wakes(guest.ring), 0);
   poll_once(true);
   expect_executed(1);
   assert_int_equal(pv_ring_wakes(guest.ring), 1);
   assert_int_equal(guest_status(&guest), 0);
   assert_true(poll_until_parked() >= MS);
   guest_fini(&guest);
}

static void the_timeout_is_the_guests(void **state)
{
   guest_init(&guest, 64);
   guest.ring->params.idle_timeout_ns = 20 * MS;
   assert_true(poll_until_parked() >= 20 * MS);
   guest_fini(&guest);
}

static void a_poll_sees_a_tail_without_notify(void **state)
{
   guest_init(&guest, 64);
   guest.policy = NOTIFY_NEVER;
   poll_until_parked();
   assert_true(guest_send(&guest, 2));
   poll_once(true);
   expect_executed(1);
   assert_false(pv_ring_parked(guest.ring));
   assert_int_equal(guest_status(&guest), 0);
   guest_fini(&guest);
}

static void tick_reports_alive_and_wakes_a_ring_that_missed_its_tail(void **state)
{
   guest_init(&guest, 64);
   guest.policy = NOTIFY_NEVER;
   pv_ring_tick(guest.ring);
   assert_int_equal(guest_status(&guest), PV_RING_ALIVE);
   poll_until_parked();
   guest_store(&guest, guest.layout.status, PV_RING_IDLE); // as the driver clears ALIVE
   pv_ring_tick(guest.ring);
   assert_int_equal(guest_status(&guest), PV_RING_IDLE | PV_RING_ALIVE);
   assert_false(pv_gate_wait(&guest.ring->gate, 0)); // nothing new: not woken
   assert_true(guest_send(&guest, 2));
   pv_ring_tick(guest.ring);
   assert_true(pv_gate_wait(&guest.ring->gate, 0));
   guest_fini(&guest);
}

static void fatal_by_the_executor_ends_the_ring(void **state)
{
   guest_init(&guest, 64);
   guest.fatal_at = 2;
   for (int i = 0; i < 3; i++)
      guest_write(&guest, 2);
   assert_true(guest_publish(&guest));
   poll_once(false);
   assert_int_equal(guest.executed, 1);
   assert_int_equal(guest_head(&guest), 8);
   assert_true(guest_status(&guest) & PV_RING_FATAL);
   assert_int_equal(guest.broken, 0);
   assert_true(pv_ring_stopping(guest.ring));
   poll_once(false);
   assert_int_equal(guest.executed, 1);
   guest_store(&guest, guest.layout.status, 0); // a guest that clears it is told again
   pv_ring_tick(guest.ring);
   assert_int_equal(guest_status(&guest), PV_RING_FATAL | PV_RING_ALIVE);
   guest_fini(&guest);
   assert_int_equal(guest.enters, guest.leaves);
}

static void fail_and_stop_end_the_ring(void **state)
{
   guest_init(&guest, 64);
   assert_true(guest_send(&guest, 2));
   pv_ring_stop(guest.ring);
   assert_true(pv_ring_stopping(guest.ring));
   poll_once(false);
   assert_int_equal(guest_status(&guest), 0);
   pv_ring_fail(guest.ring);
   assert_int_equal(guest_status(&guest), PV_RING_FATAL);
   poll_once(false);
   assert_int_equal(guest.executed, 0);
   guest_fini(&guest);
}

static void expect_broken(const char *word)
{
   poll_once(false);
   assert_int_equal(guest.broken, 1);
   assert_non_null(strstr(guest.why, word));
   assert_true(guest_status(&guest) & PV_RING_FATAL);
   poll_once(false);
   assert_int_equal(guest.broken, 1);
   assert_int_equal(guest.enters, guest.leaves);
   guest_fini(&guest);
}

static void tails_that_jump_end_the_ring(void **state)
{
   const uint32_t jumps[] = {68, 1 << 20, UINT32_MAX - 3, UINT32_C(1) << 31};
   for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
      guest_init(&guest, 64);
      guest_store(&guest, guest.layout.tail, jumps[i]);
      expect_broken("ahead");
   }
   guest_init(&guest, 64);
   assert_true(guest_send(&guest, 8));
   poll_once(true);
   guest_store(&guest, guest.layout.tail, 16); // back behind the head
   expect_broken("ahead");
   for (uint32_t odd = 1; odd < 4; odd++) {
      guest_init(&guest, 64);
      guest_store(&guest, guest.layout.tail, odd);
      expect_broken("multiple of 4");
   }
}

static enum pv_run bad_length(void *user, const uint8_t *bytes, size_t size, size_t *used, uint64_t *retry_ns)
{
   *used = *(size_t *)user;
   return PV_RUN_DONE;
}

static const char *last_why;
static void note_why(void *user, const char *why)
{
   last_why = why;
}

static void lengths_beyond_what_was_published_end_the_ring(void **state)
{
   const struct pv_ring_ops ops = {.execute = bad_length, .broken = note_why};
   const size_t lengths[] = {0, 3, 6, 12, 64, SIZE_MAX};
   for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
      size_t length = lengths[i];
      guest_init(&guest, 64);
      guest.ring->params.ops = &ops;
      guest.ring->params.user = &length;
      assert_true(guest_send(&guest, 2));
      last_why = NULL;
      poll_once(false);
      assert_non_null(strstr(last_why, "length"));
      assert_int_equal(guest_head(&guest), 0);
      guest_fini(&guest);
   }
}

static void what_the_guest_writes_into_head_and_status_does_not_matter(void **state)
{
   guest_init(&guest, 64);
   for (uint32_t i = 0; i < 100; i++) {
      assert_true(guest_send(&guest, 1 + i % 16));
      guest_store(&guest, guest.layout.head, i * 1234567);
      guest_store(&guest, guest.layout.status, (i * 77) & ~PV_RING_FATAL);
      poll_once(true);
      expect_executed(i + 1);
   }
   guest_fini(&guest);
}

static void extra_words_are_bounded(void **state)
{
   guest_init(&guest, 64);
   guest.ring->params.layout.extra_size = 4;
   assert_true(pv_ring_write_extra(guest.ring, 0, 0x12345678));
   uint32_t value;
   memcpy(&value, guest.base + guest.layout.extra, sizeof value);
   assert_int_equal(value, 0x12345678);
   const uint64_t bad[] = {1, 2, 3, 4, 8, UINT64_MAX, UINT64_MAX - 3, UINT64_C(1) << 32};
   for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
      assert_false(pv_ring_write_extra(guest.ring, bad[i], 1));
   guest.ring->params.layout.extra_size = 3;
   assert_false(pv_ring_write_extra(guest.ring, 0, 1));
   guest.ring->params.layout.extra_size = 0;
   assert_false(pv_ring_write_extra(guest.ring, 0, 1));
   guest_fini(&guest);
}

static void seqno_questions_of_a_polled_ring(void **state)
{
   guest_init_at(&guest, 64, UINT32_MAX - 15);
   assert_int_equal(pv_ring_test_seqno(guest.ring, UINT32_MAX - 15), 1);
   assert_int_equal(pv_ring_test_seqno(guest.ring, UINT32_MAX - 31), 1);
   assert_int_equal(pv_ring_test_seqno(guest.ring, 0), 0); // awake: the guest may still publish
   poll_until_parked();
   assert_int_equal(pv_ring_test_seqno(guest.ring, 8), -1);
   guest.policy = NOTIFY_NEVER;
   assert_true(guest_send(&guest, 6));
   assert_int_equal(pv_ring_test_seqno(guest.ring, 8), 0); // published, though the ring does not know yet
   assert_int_equal(pv_ring_test_seqno(guest.ring, 12), 0);
   poll_once(true);
   assert_int_equal(pv_ring_test_seqno(guest.ring, 8), 1);
   assert_int_equal(pv_ring_test_seqno(guest.ring, 12), 0);
   poll_until_parked();
   assert_int_equal(pv_ring_test_seqno(guest.ring, 12), -1);
   pv_ring_stop(guest.ring);
   assert_int_equal(pv_ring_test_seqno(guest.ring, 8), 1);
   assert_int_equal(pv_ring_test_seqno(guest.ring, 12), -1);
   guest_fini(&guest);
}

static void executing_allocates_nothing(void **state)
{
   guest_init(&guest, 4096);
   unsigned long before = malloc_count();
   for (uint32_t i = 0; i < 1000; i++) {
      for (uint32_t j = 0; j < 10; j++)
         guest_write(&guest, 1 + j * 10);
      assert_true(guest_publish(&guest));
      poll_once(true);
   }
   assert_int_equal(malloc_count() - before, 0);
   expect_executed(10000);
   guest_fini(&guest);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(commands_wrap_around_the_buffer),
      cmocka_unit_test(tiny_buffers_work),
      cmocka_unit_test(counters_wrap_around),
      cmocka_unit_test(head_moves_after_each_command_not_before),
      cmocka_unit_test(budget_bounds_a_poll),
      cmocka_unit_test(a_waiting_command_is_shown_again_from_private_memory),
      cmocka_unit_test(a_waiting_command_is_tried_at_its_time_or_after_a_wake),
      cmocka_unit_test(idle_after_the_timeout_and_not_before),
      cmocka_unit_test(the_timeout_is_the_guests),
      cmocka_unit_test(a_poll_sees_a_tail_without_notify),
      cmocka_unit_test(tick_reports_alive_and_wakes_a_ring_that_missed_its_tail),
      cmocka_unit_test(fatal_by_the_executor_ends_the_ring),
      cmocka_unit_test(fail_and_stop_end_the_ring),
      cmocka_unit_test(tails_that_jump_end_the_ring),
      cmocka_unit_test(lengths_beyond_what_was_published_end_the_ring),
      cmocka_unit_test(what_the_guest_writes_into_head_and_status_does_not_matter),
      cmocka_unit_test(extra_words_are_bounded),
      cmocka_unit_test(seqno_questions_of_a_polled_ring),
      cmocka_unit_test(executing_allocates_nothing),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
