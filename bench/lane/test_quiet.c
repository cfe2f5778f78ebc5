// SPDX-License-Identifier: MIT
//
// Recording a command allocates nothing, takes no lock and makes no system call, whatever its kind: of a storm twice as
// long there are as many. usage: test_quiet DRIVER
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/os.h"
#include "count_malloc.h"
#include "storm.h"

#define STEPS 20u

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

static struct storm storm;
static unsigned long locks;

// The linker sends the renderer's calls here.
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
   locks++;
   return __real_pthread_mutex_lock(mutex);
}

static void publish(unsigned kind, uint32_t steps)
{
   storm_make(&storm, kind, steps);
   storm_publish(&storm);
}

// Runs a storm; how many allocations and locks that took.
static unsigned long noise(unsigned kind, uint32_t steps)
{
   publish(kind, steps);
   unsigned long before = malloc_count() + locks;
   assert_true(storm_run(&storm));
   return malloc_count() + locks - before;
}

static void no_allocation_and_no_lock(void **state)
{
   (void)state;
   for (unsigned kind = 0; kind < STORM_KINDS; kind++) {
      noise(kind, STEPS); // the first of its kind may: the arena gets its block
      unsigned long once = noise(kind, STEPS), twice = noise(kind, 2 * STEPS);
      if (once != twice)
         fail_msg("%s: %lu allocations and locks, of a storm twice as long %lu", storm_kinds[kind].name, once, twice);
   }
}

static bool forbid_calls(void)
{
   struct sock_filter but_exit[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
   };
   const struct sock_fprog filter = {.len = sizeof but_exit / sizeof *but_exit, .filter = but_exit};
   return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

// Runs what was published in a process that is killed at its first system call. Its exit status, or -1.
static int run_without_calls(bool (*run)(struct storm *storm))
{
   pid_t child = fork();
   assert_true(child >= 0);
   if (!child)
      _exit(forbid_calls() ? run(&storm) ? 0 : 1 : 77);
   int status;
   assert_int_equal(waitpid(child, &status, 0), child);
   return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool look_at_the_clock(struct storm *s)
{
   (void)s;
   return pv_now() != 0;
}

static void no_system_call(void **state)
{
   (void)state;
   if (run_without_calls(look_at_the_clock))
      skip(); // no such mode, or a machine whose clock needs a call
   for (unsigned kind = 0; kind < STORM_KINDS; kind++) {
      publish(kind, STEPS);
      int status = run_without_calls(storm_run);
      if (status)
         fail_msg("%s: %s", storm_kinds[kind].name, status < 0 ? "a system call" : "the storm is not executed");
      assert_true(storm_run(&storm)); // here, too, so that head and tail agree
   }
}

int main(int argc, char **argv)
{
   if (argc != 2 || !storm_open(&storm, argv[1]))
      return 2;
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_allocation_and_no_lock),
      cmocka_unit_test(no_system_call),
   };
   int failed = cmocka_run_group_tests(tests, NULL, NULL);
   storm_close(&storm);
   return failed;
}
