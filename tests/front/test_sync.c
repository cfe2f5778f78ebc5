// SPDX-License-Identifier: MIT
//
// The vtest door's sync objects from several threads at once: clients' requests come on one, fences retire on others.
// Run it under ThreadSanitizer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/os.h"
#include "front/sync.h"

#define THREADS 3
#define ROUNDS  2000
#define PATIENT 20000 // ms

static bool turns_readable(int fd, int ms)
{
   struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
   bool yes = poll(&poll_fd, 1, ms) == 1;
   close(fd);
   return yes;
}

static void a_wait_is_over_when_its_points_are_reached(void **state)
{
   struct pv_syncs *syncs = pv_syncs_create();
   uint32_t a, b;
   int fd;
   uint64_t value;
   assert_non_null(syncs);
   assert_int_equal(pv_syncs_new(syncs, 0, &a), 0);
   assert_int_equal(pv_syncs_new(syncs, 5, &b), 0);
   const struct pv_sync_point points[] = {{a, 3}, {b, 6}};
   assert_int_equal(pv_syncs_wait(syncs, points, 2, true, PV_NEVER, &fd), 0);
   assert_int_equal(pv_syncs_write(syncs, a, 2), 0);
   assert_false(turns_readable(pv_fd_dup(fd), 0));
   assert_int_equal(pv_syncs_write(syncs, b, 6), 0);
   assert_true(turns_readable(fd, 0));
   assert_int_equal(pv_syncs_wait(syncs, points, 2, false, PV_NEVER, &fd), 0);
   assert_false(turns_readable(pv_fd_dup(fd), 0));
   assert_int_equal(pv_syncs_write(syncs, a, 3), 0);
   assert_true(turns_readable(fd, 0));
   assert_int_equal(pv_syncs_unref(syncs, a), 0);
   assert_int_equal(pv_syncs_read(syncs, a, &value), -ENOENT);
   assert_int_equal(pv_syncs_read(syncs, b, &value), 0);
   assert_int_equal(value, 6);
   pv_syncs_destroy(&syncs);
   assert_null(syncs);
}

struct shared {
   struct pv_syncs *syncs;
   _Atomic uint64_t fences[THREADS]; // the newest to retire, 0: none; pairs with itself
   _Atomic unsigned wrong;
   _Atomic bool over;
};

// Where fences retire: any thread's, in any order.
static void *retire(void *arg)
{
   struct shared *shared = arg;
   while (!atomic_load(&shared->over)) {
      for (unsigned i = 0; i < THREADS; i++) {
         uint64_t fence = atomic_exchange(&shared->fences[i], 0);
         if (fence)
            pv_syncs_retire(shared->syncs, fence);
      }
      pv_sleep_until(pv_now() + 1000);
   }
   return NULL;
}

struct client {
   struct shared *shared;
   unsigned number;
   pthread_t thread;
};

// One round: a sync that somebody else will set, a wait for it, and its name gone before that or after.
static bool round_is_well(struct shared *shared, unsigned number, unsigned round)
{
   uint32_t id;
   uint64_t fence, value;
   int fd;
   if (pv_syncs_new(shared->syncs, round, &id))
      return false;
   const struct pv_sync_point point = {id, round + 1};
   bool ok = !pv_syncs_wait(shared->syncs, &point, 1, round % 2, PV_NEVER, &fd) &&
             !pv_syncs_promise(shared->syncs, &point, 1, &fence);
   bool early = round % 3 == 0;
   if (early)
      ok = !pv_syncs_unref(shared->syncs, id) && ok;
   if (!ok)
      return false;
   atomic_store(&shared->fences[number], fence);
   ok = turns_readable(fd, PATIENT);
   if (!early)
      ok = !pv_syncs_read(shared->syncs, id, &value) && value == round + 1 && !pv_syncs_unref(shared->syncs, id) && ok;
   return ok;
}

static void *visit(void *arg)
{
   const struct client *client = arg;
   for (unsigned i = 0; i < ROUNDS; i++)
      if (!round_is_well(client->shared, client->number, i))
         atomic_fetch_add(&client->shared->wrong, 1);
   return NULL;
}

static void threads_wait_for_what_others_retire(void **state)
{
   struct shared shared = {.syncs = pv_syncs_create()};
   struct client clients[THREADS];
   pthread_t retirer;
   assert_non_null(shared.syncs);
   assert_int_equal(pv_thread_start(&retirer, retire, &shared), 0);
   for (unsigned i = 0; i < THREADS; i++) {
      clients[i] = (struct client){.shared = &shared, .number = i};
      assert_int_equal(pv_thread_start(&clients[i].thread, visit, &clients[i]), 0);
   }
   for (unsigned i = 0; i < THREADS; i++)
      pthread_join(clients[i].thread, NULL);
   atomic_store(&shared.over, true);
   pthread_join(retirer, NULL);
   assert_int_equal(shared.wrong, 0);
   pv_syncs_destroy(&shared.syncs);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wait_is_over_when_its_points_are_reached),
      cmocka_unit_test(threads_wait_for_what_others_retire),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
