// SPDX-License-Identifier: MIT
//
// Platform calls: clocks, gates, shared memory, events, threads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"

#define MS UINT64_C(1000000)

static void sleeps_end_after_their_deadline(void **state)
{
   uint64_t begin = pv_now();
   pv_sleep_until(begin + 3 * MS);
   assert_true(pv_now() >= begin + 3 * MS);
   begin = pv_now();
   pv_sleep_until(1);
   assert_true(pv_now() - begin < 1000 * MS);
}

static void gate_remembers_one_wake(void **state)
{
   struct pv_gate gate;
   assert_int_equal(pv_gate_init(&gate), 0);
   assert_false(pv_gate_wait(&gate, 0));
   pv_gate_wake(&gate);
   pv_gate_wake(&gate);
   assert_true(pv_gate_wait(&gate, 0));
   assert_false(pv_gate_wait(&gate, 0));
   pv_gate_fini(&gate);
}

static void gate_times_out(void **state)
{
   struct pv_gate gate;
   assert_int_equal(pv_gate_init(&gate), 0);
   uint64_t deadline = pv_now() + 3 * MS;
   assert_false(pv_gate_wait(&gate, deadline));
   assert_true(pv_now() >= deadline);
   pv_gate_fini(&gate);
}

struct ping_pong {
   struct pv_gate ping, pong;
   unsigned rounds;
};

static void *answer(void *arg)
{
   struct ping_pong *pp = arg;
   for (unsigned i = 0; i < pp->rounds; i++) {
      pv_gate_wait(&pp->ping, PV_NEVER);
      pv_gate_wake(&pp->pong);
   }
   return NULL;
}

static void gate_loses_no_wake_between_threads(void **state)
{
   struct ping_pong pp = {.rounds = 2000};
   pthread_t thread;
   assert_int_equal(pv_gate_init(&pp.ping), 0);
   assert_int_equal(pv_gate_init(&pp.pong), 0);
   assert_int_equal(pv_thread_start(&thread, answer, &pp), 0);
   for (unsigned i = 0; i < pp.rounds; i++) {
      pv_gate_wake(&pp.ping);
      assert_true(pv_gate_wait(&pp.pong, pv_now() + 5000 * MS));
   }
   pthread_join(thread, NULL);
   pv_gate_fini(&pp.ping);
   pv_gate_fini(&pp.pong);
}

static void shared_memory_is_shared_zeroed_and_cannot_shrink(void **state)
{
   int fd;
   void *a, *b;
   size_t size = 3 * pv_page_size();
   assert_int_equal(pv_shm_create("pv-test", size, &fd), 0);
   assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
   assert_true(pv_shm_cannot_shrink(fd));
   assert_int_equal(pv_shm_map(fd, size, &a), 0);
   int copy = pv_fd_dup(fd);
   assert_true(copy >= 0 && copy != fd);
   assert_true(fcntl(copy, F_GETFD) & FD_CLOEXEC);
   assert_int_equal(pv_shm_map(copy, size, &b), 0);
   close(copy);
   for (size_t i = 0; i < size; i++)
      assert_int_equal(((uint8_t *)a)[i], 0);
   strcpy(a, "here");
   assert_string_equal(b, "here");
   assert_int_not_equal(ftruncate(fd, 0), 0);
   assert_int_not_equal(ftruncate(fd, (off_t)size * 2), 0);
   pv_shm_unmap(a, size);
   pv_shm_unmap(b, size);
   pv_shm_unmap(NULL, size);
   close(fd);
}

static void shared_memory_refuses_bad_arguments(void **state)
{
   int fd = 7;
   void *p;
   assert_int_equal(pv_shm_create("pv-test", 0, &fd), -EINVAL);
   assert_int_equal(fd, -1);
   assert_int_equal(pv_shm_create("pv-test", UINT64_MAX, &fd), -EINVAL);
   assert_int_equal(pv_shm_map(-1, 4096, &p), -EBADF);
   assert_null(p);
   assert_int_equal(pv_fd_dup(-1), -EBADF);
   assert_false(pv_shm_cannot_shrink(-1));
}

static void files_can_shrink(void **state)
{
   char path[] = "/tmp/pv-test-XXXXXX";
   int fd = mkstemp(path);
   assert_true(fd >= 0);
   unlink(path);
   assert_int_equal(ftruncate(fd, 4096), 0);
   assert_false(pv_shm_cannot_shrink(fd));
   close(fd);
}

static bool readable(int fd)
{
   struct pollfd p = {.fd = fd, .events = POLLIN};
   return poll(&p, 1, 0) == 1;
}

static void event_is_readable_until_cleared(void **state)
{
   int fds[2];
   assert_int_equal(pv_event_create(fds), 0);
   assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
   assert_false(readable(fds[0]));
   for (int i = 0; i < 100; i++)
      pv_event_signal(fds);
   assert_true(readable(fds[0]));
   pv_event_clear(fds);
   assert_false(readable(fds[0]));
   pv_event_clear(fds); // never blocks
   pv_event_signal(fds);
   assert_true(readable(fds[0]));
   close(fds[0]);
   if (fds[1] != fds[0])
      close(fds[1]);
}

static void *look_at_signals(void *arg)
{
   sigset_t *set = arg;
   pv_thread_name("a name longer than the system allows");
   pv_thread_nice(5);
   pv_thread_fine_sleeps();
   pthread_sigmask(SIG_SETMASK, NULL, set);
   return NULL;
}

static void threads_leave_signals_to_the_application(void **state)
{
   sigset_t inner, outer;
   pthread_t thread;
   assert_int_equal(pv_thread_start(&thread, look_at_signals, &inner), 0);
   pthread_join(thread, NULL);
   assert_true(sigismember(&inner, SIGTERM) && sigismember(&inner, SIGALRM) && sigismember(&inner, SIGCHLD));
   assert_false(sigismember(&inner, SIGSEGV) || sigismember(&inner, SIGBUS));
   pthread_sigmask(SIG_SETMASK, NULL, &outer);
   assert_false(sigismember(&outer, SIGTERM));
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(sleeps_end_after_their_deadline),
      cmocka_unit_test(gate_remembers_one_wake),
      cmocka_unit_test(gate_times_out),
      cmocka_unit_test(gate_loses_no_wake_between_threads),
      cmocka_unit_test(shared_memory_is_shared_zeroed_and_cannot_shrink),
      cmocka_unit_test(shared_memory_refuses_bad_arguments),
      cmocka_unit_test(files_can_shrink),
      cmocka_unit_test(event_is_readable_until_cleared),
      cmocka_unit_test(threads_leave_signals_to_the_application),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
