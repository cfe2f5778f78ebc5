// SPDX-License-Identifier: MIT
//
// Rings with a thread of their own: torture, wake-ups that must not be lost, sleep that must be deep, hostile guests,
// and waiting for progress. All of it is meant to run under the thread sanitizer too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "count_malloc.h"
#include "guest.h"

static struct guest guest;

static void begin(uint32_t buffer_size)
{
   guest_init(&guest, buffer_size);
   assert_int_equal(pv_ring_start(guest.ring), 0);
}

static void end(void)
{
   guest_fini(&guest);
   assert_int_equal(guest.wrong, 0);
   assert_int_equal(guest.enters, guest.leaves);
}

// True until `stop`, and on a machine too busy to have done enough by then, for as long as it takes within reason.
static bool go_on(uint64_t stop, bool enough)
{
   return pv_now() < (enough ? stop : stop + 20 * SEC);
}

static void torture(uint32_t buffer_size, uint64_t duration)
{
   uint64_t seed = buffer_size, stop = pv_now() + duration;
   uint32_t most = buffer_size / 4 < 200 ? buffer_size / 4 : 200;
   begin(buffer_size);
   while (go_on(stop, guest.executed > 100)) {
      uint32_t words = 1 + test_random(&seed) % most, batch = 1 + test_random(&seed) % 8;
      for (; batch && words * 4 <= guest_room(&guest); batch--)
         guest_write(&guest, words);
      assert_true(guest_publish(&guest));
      assert_true(guest_drain_to(&guest, most * 4, 10 * SEC));
   }
   assert_true(guest_drain(&guest, 5 * SEC));
   assert_true(guest.executed > 100);
   assert_int_equal(guest.executed, guest.number);
   end();
}

static void two_threads_stream_without_a_fault(void **state)
{
   torture(8, SEC / 5);
   torture(64, SEC / 5);
   torture(4096, SEC / 2);
   torture(128 << 10, SEC / 2);
}

// Returns right after IDLE was set, or after a while.
static void until_idle(void)
{
   uint64_t stop = pv_now() + 10 * MS;
   while (!(guest_status(&guest) & PV_RING_IDLE) && pv_now() < stop)
      ;
}

static void spin(uint32_t ns)
{
   uint64_t stop = pv_now() + ns;
   while (pv_now() < stop)
      ;
}

// Publishes at every moment around the one at which the ring parks, and wants an answer each time though nobody ticks.
static void hunt_lost_wakes(enum notify_policy policy, int store_order)
{
   uint64_t seed = 99 + policy, stop = pv_now() + SEC;
   begin(1024);
   guest.policy = policy;
   guest.store_order = store_order;
   for (unsigned round = 0; go_on(stop, guest.executed > 50); round++) {
      uint32_t jitter = test_random(&seed);
      switch (round % 4) {
      case 0: // the instant IDLE shows
         until_idle();
         break;
      case 1: // shortly after: while it settles, parks, sleeps
         until_idle();
         spin(jitter % 160000);
         break;
      case 2: // around the idle timeout
         pv_sleep_until(pv_now() + MS - 100000 + jitter % 300000);
         break;
      default: // a burst, within the millisecond of a notify
         for (uint32_t i = 0; i < jitter % 20; i++)
            pv_sleep_until(pv_now() + jitter % 60000);
      }
      assert_true(guest_send(&guest, 1 + jitter % 8));
      if (!guest_drain(&guest, 3 * SEC))
         fail_msg("round %u: no answer; status %u, idle %d", round, guest_status(&guest), (int)guest.ring->idle);
   }
   assert_true(guest.executed > 50);
   end();
}

static void no_wake_is_lost_with_a_notify_each_time(void **state)
{
   hunt_lost_wakes(NOTIFY_IDLE, __ATOMIC_SEQ_CST);
   assert_true(guest.notifies > 0);
}

static void no_wake_is_lost_with_one_notify_per_millisecond(void **state)
{
   hunt_lost_wakes(NOTIFY_ONE_A_MS, __ATOMIC_SEQ_CST);
   assert_true(guest.notifies > 0);
}

static void no_wake_is_lost_when_the_tail_is_stored_with_release_only(void **state)
{
   hunt_lost_wakes(NOTIFY_IDLE, __ATOMIC_RELEASE);
}

// Voluntary and involuntary switches of the ring's thread, found by its name; -1 where the system does not tell.
static long ring_thread_switches(void)
{
   long total = -1;
   DIR *tasks = opendir("/proc/self/task");
   for (struct dirent *task; tasks && (task = readdir(tasks));) {
      char path[300], line[128];
      snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
      FILE *file = fopen(path, "r");
      bool ours = false;
      long count;
      while (file && fgets(line, sizeof line, file)) {
         if (!strcmp(line, "Name:\tpv-ring\n")) {
            ours = true;
            total = 0;
         } else if (ours && strstr(line, "ctxt_switches:") && sscanf(strchr(line, ':'), ":%ld", &count) == 1) {
            total += count;
         }
      }
      if (file)
         fclose(file);
      if (ours)
         break;
   }
   if (tasks)
      closedir(tasks);
   return total;
}

static void a_parked_ring_does_not_wake(void **state)
{
   begin(64);
   assert_true(guest_send(&guest, 2) && guest_drain(&guest, 5 * SEC));
   assert_true(EVENTUALLY(pv_ring_parked(guest.ring)));
   pv_sleep_until(pv_now() + 20 * MS); // from parked to asleep
   unsigned enters = guest.enters;
   uint64_t wakes = pv_ring_wakes(guest.ring);
   long switches = ring_thread_switches();
   for (int i = 0; i < 3; i++) {
      pv_sleep_until(pv_now() + 100 * MS);
      pv_ring_tick(guest.ring);
   }
   assert_true(pv_ring_parked(guest.ring));
   assert_true(guest_status(&guest) == (PV_RING_IDLE | PV_RING_ALIVE));
   assert_int_equal(guest.enters, enters);
   assert_int_equal(guest.executed, 1);
   assert_true(pv_ring_wakes(guest.ring) == wakes);
   if (switches < 0)
      print_message("this system does not tell a thread's context switches\n");
   else
      assert_int_equal(ring_thread_switches(), switches);
   end();
}

static void tick_finds_a_tail_that_nobody_told_of(void **state)
{
   begin(64);
   guest.policy = NOTIFY_NEVER;
   assert_true(EVENTUALLY(pv_ring_parked(guest.ring)));
   pv_sleep_until(pv_now() + 5 * MS);
   assert_true(guest_send(&guest, 2));
   pv_sleep_until(pv_now() + 30 * MS);
   assert_int_equal(guest.executed, 0);
   pv_ring_tick(guest.ring);
   assert_true(guest_drain(&guest, 5 * SEC));
   end();
}

static void a_woken_ring_stays_awake_for_a_millisecond(void **state)
{
   begin(64);
   for (int i = 0; i < 20; i++) {
      assert_true(EVENTUALLY(pv_ring_parked(guest.ring)));
      uint64_t woken = pv_now(), wakes = pv_ring_wakes(guest.ring);
      pv_ring_wake(guest.ring);
      assert_true(EVENTUALLY(pv_ring_wakes(guest.ring) == wakes + 1));
      assert_true(EVENTUALLY(guest_status(&guest) & PV_RING_IDLE));
      assert_true(pv_now() - woken >= MS);
   }
   end();
}

static void watching_an_empty_ring_leaves_the_processor_to_others(void **state)
{
   struct timespec before, after;
   guest_init(&guest, 64);
   guest.ring->params.idle_timeout_ns = 200 * MS;
   assert_int_equal(pv_ring_start(guest.ring), 0);
   clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
   pv_sleep_until(pv_now() + 150 * MS);
   clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
   assert_false(guest_status(&guest) & PV_RING_IDLE);
   int64_t used = (after.tv_sec - before.tv_sec) * (int64_t)SEC + after.tv_nsec - before.tv_nsec;
   assert_true(used < (int64_t)(75 * MS));
   end();
}

static void a_waiting_command_is_tried_again_in_time(void **state)
{
   begin(256);
   guest.wait_ns = MS;
   guest.wait_times = 3;
   uint64_t start = pv_now();
   for (int i = 0; i < 5; i++)
      guest_write(&guest, 3);
   assert_true(guest_publish(&guest) && guest_drain(&guest, 5 * SEC));
   assert_true(pv_now() - start >= 15 * MS);
   assert_int_equal(guest.waits, 15);
   end();
}

static void a_wake_ends_a_wait(void **state)
{
   begin(256);
   guest.wait_ns = PV_NEVER;
   guest.wait_times = 1;
   for (unsigned i = 1; i <= 100; i++) {
      assert_true(guest_send(&guest, 3));
      assert_true(EVENTUALLY(guest.waits == i));
      uint64_t stop = pv_now() + 10 * SEC;
      while (!guest_drain(&guest, MS) && pv_now() < stop)
         pv_ring_wake(guest.ring);
      assert_int_equal(guest.executed, i);
   }
   end();
}

static void stop_ends_a_wait_and_a_sleep(void **state)
{
   begin(256);
   guest.wait_ns = PV_NEVER;
   guest.wait_times = UINT32_MAX;
   assert_true(guest_send(&guest, 3));
   assert_true(EVENTUALLY(guest.waits > 0));
   end(); // returns
   assert_int_equal(guest.executed, 0);
   begin(256);
   assert_true(EVENTUALLY(pv_ring_parked(guest.ring)));
   end();
   for (int i = 0; i < 200; i++) {
      begin(256);
      assert_true(guest_send(&guest, 3));
      end();
   }
}

static void fail_stops_a_running_ring(void **state)
{
   begin(4096);
   assert_true(guest_send(&guest, 3) && guest_drain(&guest, 5 * SEC));
   pv_ring_fail(guest.ring);
   assert_false(guest_send(&guest, 3));
   pv_sleep_until(pv_now() + 5 * MS);
   assert_int_equal(guest.executed, 1);
   end();
}

// Hostile guests

static struct {
   atomic_bool stop;
   atomic_uint executed, changed;
} hostile;

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
   uint32_t sum = 0;
   for (size_t i = 0; i < size; i++)
      sum = sum * 31 + bytes[i];
   return sum;
}

// Looks at its bytes twice: they must not change, whatever the guest does meanwhile.
static enum pv_run execute_anything(void *user, const uint8_t *bytes, size_t size, size_t *used, uint64_t *retry_ns)
{
   uint32_t sum = checksum(bytes, size);
   if (bytes[1] % 8 == 0)
      sched_yield();
   if (checksum(bytes, size) != sum)
      atomic_fetch_add(&hostile.changed, 1);
   atomic_fetch_add(&hostile.executed, 1);
   *used = 4 + bytes[0] % 16 * 4;
   if (*used > size)
      *used = size;
   *retry_ns = 0;
   return bytes[1] % 16 == 1 ? PV_RUN_WAIT : PV_RUN_DONE;
}

static void ignore(void *user, const char *why)
{
   atomic_fetch_add((atomic_uint *)user, 1);
}

// Writes into every word of the shared memory, mostly plausible tails.
static void *harass(void *arg)
{
   uint64_t seed = 4711;
   while (!atomic_load(&hostile.stop)) {
      uint32_t r = test_random(&seed), value = test_random(&seed);
      switch (r % 8) {
      case 0:
         guest_store(&guest, guest.layout.status, value & (PV_RING_IDLE | PV_RING_ALIVE));
         break;
      case 1:
         guest_store(&guest, guest.layout.head, value);
         break;
      case 2:
         guest_store(&guest, guest.layout.tail, r % 1024 == 2 ? value : pv_ring_head(guest.ring) + value % 64 * 4);
         break;
      case 3:
         pv_ring_wake(guest.ring);
         break;
      default:
         guest_store(&guest, guest.layout.buffer + value % 64 * 4, test_random(&seed));
      }
   }
   return NULL;
}

static void hostile_guests_change_nothing_under_the_reader(void **state)
{
   const struct pv_ring_ops ops = {.execute = execute_anything, .broken = ignore};
   unsigned broken = 0, rings = 0;
   uint64_t stop = pv_now() + SEC;
   while (go_on(stop, hostile.executed > 100 && rings > 5 && broken > 0)) {
      atomic_uint why = 0;
      pthread_t thread;
      guest_init(&guest, 256);
      guest.ring->params.ops = &ops;
      guest.ring->params.user = &why;
      assert_int_equal(pv_ring_start(guest.ring), 0);
      atomic_store(&hostile.stop, false);
      assert_int_equal(pthread_create(&thread, NULL, harass, NULL), 0);
      for (uint64_t ring_stop = pv_now() + 30 * MS; pv_now() < ring_stop && !pv_ring_stopping(guest.ring);)
         pv_sleep_until(pv_now() + MS);
      atomic_store(&hostile.stop, true);
      pthread_join(thread, NULL);
      pv_ring_destroy(&guest.ring);
      assert_true(why <= 1);
      broken += why;
      rings++;
      free(guest.base);
   }
   assert_int_equal(hostile.changed, 0);
   assert_true(hostile.executed > 100);
   assert_true(rings > 5 && broken > 0);
}

// Waiting for progress

static void every_progress_is_told_to_waiters(void **state)
{
   guest_init(&guest, 1024);
   guest.ring->params.idle_timeout_ns = 60 * SEC; // parking tells waiters too, and must not help here
   guest.busy_ns = 20000;                         // long enough for the waiter to fall asleep
   assert_int_equal(pv_ring_start(guest.ring), 0);
   uint64_t stop = pv_now() + SEC / 2;
   while (pv_now() < stop) {
      bool hopeless;
      uint32_t first = guest.tail + 8;
      guest_write(&guest, 2);
      guest_write(&guest, 3);
      assert_true(guest_publish(&guest));
      uint64_t deadline = pv_now() + 5 * SEC;
      assert_true(pv_ring_wait_seqno(guest.ring, first, deadline, &hopeless));
      assert_false(hopeless);
      assert_true(pv_ring_wait_seqno(guest.ring, guest.tail, deadline, &hopeless));
      assert_true(pv_now() < deadline); // told, and not found when time was up
   }
   assert_true(guest_drain(&guest, 5 * SEC));
   assert_int_equal(guest.executed, guest.number);
   end();
}

static pthread_t waiter;
static unsigned helped;

static void note_who_executes(struct guest *g)
{
   bool by_waiter = pthread_equal(pthread_self(), waiter);
   assert_int_equal(pv_ring_is_helped(g->ring), by_waiter);
   helped += by_waiter;
}

// Until it has happened often enough: the ring's thread may always be quicker.
static void whoever_waits_for_a_watching_ring_executes(void **state)
{
   bool hopeless;
   waiter = pthread_self();
   helped = 0;
   guest_init(&guest, 1024);
   guest.ring->params.idle_timeout_ns = 60 * SEC;
   guest.scribble = note_who_executes;
   assert_int_equal(pv_ring_start(guest.ring), 0);
   for (uint64_t stop = pv_now() + 20 * SEC; helped < 200 && pv_now() < stop;) {
      guest_write(&guest, 2);
      guest_write(&guest, 3);
      assert_true(guest_publish(&guest));
      assert_true(pv_ring_wait_seqno(guest.ring, guest.tail - 12, pv_now() + 5 * SEC, &hopeless));
      assert_true(pv_ring_wait_seqno(guest.ring, guest.tail, pv_now() + 5 * SEC, &hopeless));
   }
   assert_true(helped >= 200);
   guest.wait_ns = 20000; // now each command waits before it is done, which is for the ring's thread
   atomic_store(&guest.wait_times, 2);
   for (int i = 0; i < 200; i++) {
      assert_true(guest_send(&guest, 2));
      assert_true(pv_ring_wait_seqno(guest.ring, guest.tail, pv_now() + 5 * SEC, &hopeless));
   }
   assert_int_equal(guest.executed, guest.number);
   end();
}

static void waiting_wakes_a_ring_whose_notify_never_came(void **state)
{
   bool hopeless;
   begin(1024);
   guest.policy = NOTIFY_NEVER;
   for (int i = 0; i < 20; i++) {
      assert_true(EVENTUALLY(pv_ring_parked(guest.ring)));
      assert_true(guest_send(&guest, 2));
      assert_true(pv_ring_wait_seqno(guest.ring, guest.tail, pv_now() + 5 * SEC, &hopeless));
   }
   end();
}

static void waiting_beyond_the_tail_is_hopeless_once_the_ring_idles(void **state)
{
   bool hopeless;
   begin(1024);
   assert_true(guest_send(&guest, 2));
   uint64_t start = pv_now();
   assert_false(pv_ring_wait_seqno(guest.ring, guest.tail + 4, pv_now() + 10 * SEC, &hopeless));
   assert_true(hopeless);
   assert_true(pv_now() - start < 5 * SEC);
   assert_true(pv_ring_wait_seqno(guest.ring, guest.tail, pv_now() + 5 * SEC, &hopeless));
   end();
}

static int64_t thread_cpu(void)
{
   struct timespec t;
   clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
   return t.tv_sec * (int64_t)SEC + t.tv_nsec;
}

static void waiting_ends_at_its_deadline_and_sleeps_until_then(void **state)
{
   bool hopeless;
   begin(1024);
   guest.wait_ns = PV_NEVER;
   guest.wait_times = 10;
   assert_true(guest_send(&guest, 2));
   uint64_t deadline = pv_now() + 100 * MS;
   int64_t cpu = thread_cpu();
   assert_false(pv_ring_wait_seqno(guest.ring, guest.tail, deadline, &hopeless));
   assert_true(thread_cpu() - cpu < (int64_t)(20 * MS));
   assert_true(pv_now() >= deadline);
   assert_false(hopeless);
   end();
}

static void *fail_soon(void *arg)
{
   pv_sleep_until(pv_now() + 20 * MS);
   pv_ring_fail(arg);
   return NULL;
}

static void waiting_ends_when_the_ring_does(void **state)
{
   bool hopeless;
   pthread_t thread;
   begin(1024);
   guest.wait_ns = PV_NEVER;
   guest.wait_times = UINT32_MAX;
   assert_true(guest_send(&guest, 2));
   assert_int_equal(pthread_create(&thread, NULL, fail_soon, guest.ring), 0);
   assert_false(pv_ring_wait_seqno(guest.ring, guest.tail, PV_NEVER, &hopeless));
   assert_true(hopeless);
   pthread_join(thread, NULL);
   end();
}

static void *wait_for_half(void *arg)
{
   bool hopeless;
   return pv_ring_wait_seqno(guest.ring, 4000, pv_now() + 10 * SEC, &hopeless) ? arg : NULL;
}

static void several_threads_can_wait(void **state)
{
   enum { N = 4 };
   pthread_t threads[N];
   bool hopeless;
   begin(8192);
   guest.busy_ns = 50000;
   for (int i = 0; i < 1000; i++)
      guest_write(&guest, 2);
   assert_true(guest_publish(&guest));
   for (int i = 0; i < N; i++)
      assert_int_equal(pthread_create(&threads[i], NULL, wait_for_half, &guest), 0);
   assert_true(pv_ring_wait_seqno(guest.ring, 8000, pv_now() + 10 * SEC, &hopeless));
   for (int i = 0; i < N; i++) {
      void *result;
      pthread_join(threads[i], &result);
      assert_ptr_equal(result, &guest);
   }
   assert_int_equal(guest.ring->waiting, 0); // nobody is left waiting
   end();
}

static void executing_parking_and_waking_allocate_nothing(void **state)
{
   begin(4096);
   assert_true(guest_send(&guest, 2) && guest_drain(&guest, 5 * SEC));
   unsigned long before = malloc_count();
   for (int i = 0; i < 50; i++) {
      for (uint32_t j = 1; j < 10; j++)
         guest_write(&guest, j * 10);
      assert_true(guest_publish(&guest) && guest_drain(&guest, 5 * SEC));
      if (i % 10 == 0)
         assert_true(EVENTUALLY(pv_ring_parked(guest.ring)));
   }
   assert_int_equal(malloc_count() - before, 0);
   end();
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_threads_stream_without_a_fault),
      cmocka_unit_test(no_wake_is_lost_with_a_notify_each_time),
      cmocka_unit_test(no_wake_is_lost_with_one_notify_per_millisecond),
      cmocka_unit_test(no_wake_is_lost_when_the_tail_is_stored_with_release_only),
      cmocka_unit_test(a_parked_ring_does_not_wake),
      cmocka_unit_test(tick_finds_a_tail_that_nobody_told_of),
      cmocka_unit_test(a_woken_ring_stays_awake_for_a_millisecond),
      cmocka_unit_test(watching_an_empty_ring_leaves_the_processor_to_others),
      cmocka_unit_test(a_waiting_command_is_tried_again_in_time),
      cmocka_unit_test(a_wake_ends_a_wait),
      cmocka_unit_test(stop_ends_a_wait_and_a_sleep),
      cmocka_unit_test(fail_stops_a_running_ring),
      cmocka_unit_test(hostile_guests_change_nothing_under_the_reader),
      cmocka_unit_test(every_progress_is_told_to_waiters),
      cmocka_unit_test(whoever_waits_for_a_watching_ring_executes),
      cmocka_unit_test(waiting_wakes_a_ring_whose_notify_never_came),
      cmocka_unit_test(waiting_beyond_the_tail_is_hopeless_once_the_ring_idles),
      cmocka_unit_test(waiting_ends_at_its_deadline_and_sleeps_until_then),
      cmocka_unit_test(waiting_ends_when_the_ring_does),
      cmocka_unit_test(several_threads_can_wait),
      cmocka_unit_test(executing_parking_and_waking_allocate_nothing),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
