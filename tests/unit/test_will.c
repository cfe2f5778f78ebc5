// SPDX-License-Identifier: MIT
//
// Last wills and promises of a dead worker: they happen, and whatever a worker gone wrong may have left, nothing else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "guard/guard.h"

#define SIZE 4096u
#define KEY  7u

// A worker that nobody started: we are both ends of its lifeline.
struct fixture {
   struct pv_worker worker;
   int end;
   int fd;
   uint32_t *words; // SIZE bytes behind fd
};

static int set_up(void **state)
{
   struct fixture *f = calloc(1, sizeof(*f));
   int pair[2];
   void *base;
   assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
   f->worker.lifeline = pair[0];
   f->end = pair[1];
   f->worker.page = calloc(1, sizeof(*f->worker.page));
   assert_int_equal(pv_shm_create("test", SIZE, &f->fd), 0);
   assert_int_equal(pv_shm_map(f->fd, SIZE, &base), 0);
   f->words = base;
   *state = f;
   return 0;
}

static int tear_down(void **state)
{
   struct fixture *f = *state;
   pv_guard_drop_wills(&f->worker);
   pv_shm_unmap(f->words, SIZE);
   close(f->fd);
   close(f->worker.lifeline);
   if (f->end >= 0)
      close(f->end);
   free(f->worker.page);
   free(f);
   return 0;
}

static void leave(struct fixture *f, const struct pv_will *will)
{
   assert_int_equal(pv_guard_will(f->end, will), 0);
   assert_false(pv_guard_hear(&f->worker));
}

static void lend(struct fixture *f)
{
   leave(f, &(struct pv_will){.key = KEY, .kind = PV_WILL_MEMORY, .fd = f->fd});
}

static void promise(struct fixture *f, uint32_t slot, uint32_t kind, struct pv_promise promise)
{
   promise.kind = kind;
   f->worker.page->promises[slot] = promise;
}

static uint64_t at64(const struct fixture *f, size_t offset)
{
   uint64_t value;
   memcpy(&value, (const uint8_t *)f->words + offset, sizeof(value));
   return value;
}

// How many words are not 0.
static unsigned written(const struct fixture *f)
{
   unsigned n = 0;
   for (size_t i = 0; i < SIZE / 4; i++)
      n += f->words[i] != 0;
   return n;
}

static void a_ring_is_given_up_and_finished(void **state)
{
   struct fixture *f = *state;
   f->words[2] = 1234;
   leave(f, &(struct pv_will){.key = 1, .kind = PV_WILL_RING, .fd = f->fd, .word = 2, .head = 4, .tail = 8});
   assert_int_equal(written(f), 1);
   pv_guard_execute_wills(&f->worker);
   assert_int_equal(f->words[0], 2);
   assert_int_equal(f->words[1], 1234);
   assert_int_equal(written(f), 3);
}

static void answers_are_failures(void **state)
{
   struct fixture *f = *state;
   leave(f, &(struct pv_will){.key = 1, .kind = PV_WILL_REPLIES, .fd = f->fd, .word = 0xfffffffc});
   leave(f, &(struct pv_will){.key = 2, .kind = PV_WILL_REPLIES, .fd = f->fd, .word = 5}); // the same memory: once
   pv_guard_execute_wills(&f->worker);
   for (size_t i = 0; i < SIZE / 4; i++)
      assert_int_equal(f->words[i], 0xfffffffc);
}

static void promises_are_kept(void **state)
{
   struct fixture *f = *state;
   const uint64_t counters[] = {5, 9, 7, 4}; // a newer value, what is there; an older value, what is there
   memcpy(&f->words[16], counters, sizeof(counters));
   memset(&f->words[32], 0xff, 48);
   lend(f);
   promise(f, 0, PV_PROMISE_WORD, (struct pv_promise){.to = KEY, .to_offset = 12, .value = 77});
   promise(f, 1, PV_PROMISE_COUNTER, (struct pv_promise){.to = KEY, .from = KEY, .to_offset = 88, .from_offset = 80});
   promise(f, 2, PV_PROMISE_COUNTER, (struct pv_promise){.to = KEY, .from = KEY, .to_offset = 72, .from_offset = 64});
   promise(f, PV_PROMISES - 1, PV_PROMISE_QUERIES,
           (struct pv_promise){.to = KEY, .to_offset = 128, .value = 2, .stride = 24});
   pv_guard_execute_wills(&f->worker);
   assert_int_equal(f->words[3], 77);
   assert_int_equal(at64(f, 88), 7);
   assert_int_equal(at64(f, 72), 9);
   const uint64_t queries[] = {0, 0, 1, 0, 0, 1};
   assert_memory_equal(&f->words[32], queries, sizeof(queries));
}

static void nothing_is_written_outside(void **state)
{
   struct fixture *f = *state;
   static const uint64_t offsets[] = {SIZE - 3,  SIZE,           SIZE + 4096, INT64_MAX - 1,
                                      INT64_MAX, UINT64_MAX - 3, UINT64_MAX};
   static const uint64_t strides[] = {0, 1, 7, 513, 1u << 20, UINT64_MAX};
   uint32_t slot = 0;
   lend(f);
   for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
      struct pv_promise p = {.to = KEY, .from = KEY, .to_offset = offsets[i], .value = 1, .stride = 8};
      promise(f, slot++, PV_PROMISE_WORD, p);
      promise(f, slot++, PV_PROMISE_COUNTER, p);
      promise(f, slot++, PV_PROMISE_QUERIES, p);
      p.from_offset = offsets[i];
      p.to_offset = 0;
      promise(f, slot++, PV_PROMISE_COUNTER, p);
      leave(f, &(struct pv_will){.key = 100 + i,
                                 .kind = PV_WILL_RING,
                                 .fd = f->fd,
                                 .word = 2,
                                 .status = offsets[i],
                                 .head = offsets[i],
                                 .tail = offsets[i]});
   }
   for (size_t i = 0; i < sizeof(strides) / sizeof(*strides); i++)
      promise(f, slot++, PV_PROMISE_QUERIES, (struct pv_promise){.to = KEY, .value = UINT32_MAX, .stride = strides[i]});
   promise(f, slot++, 1234, (struct pv_promise){.to = KEY, .value = 1});
   promise(f, slot++, PV_PROMISE_WORD, (struct pv_promise){.to = KEY + 1, .value = 1}); // no such memory
   promise(f, slot++, PV_PROMISE_WORD, (struct pv_promise){.to = 100, .value = 1});     // a ring
   pv_guard_execute_wills(&f->worker);
   assert_int_equal(written(f), 0);
   assert_int_equal(lseek(f->fd, 0, SEEK_END), SIZE);
}

static void there_is_an_end_to_queries(void **state)
{
   struct fixture *f = *state;
   lend(f);
   for (uint32_t i = 0; i < PV_PROMISES; i++)
      promise(f, i, PV_PROMISE_QUERIES, (struct pv_promise){.to = KEY, .value = UINT32_MAX, .stride = 8});
   promise(f, PV_PROMISES - 1, PV_PROMISE_QUERIES,
           (struct pv_promise){.to = KEY, .to_offset = 4, .value = 1, .stride = 8}); // comes after the end
   pv_guard_execute_wills(&f->worker);
   assert_int_equal(at64(f, SIZE - 8), 1);
   assert_int_equal(f->words[1], 0);
   assert_int_equal(written(f), SIZE / 8);
}

static void wills_are_replaced_and_revoked(void **state)
{
   struct fixture *f = *state;
   struct pv_will will = {.key = 1, .kind = PV_WILL_RING, .fd = f->fd, .word = 2, .head = 4, .tail = 8};
   leave(f, &will);
   will.status = 40;
   leave(f, &will);
   leave(f, &(struct pv_will){.key = 1, .kind = PV_WILL_MEMORY, .fd = f->fd}); // the same key, another thing
   assert_int_equal(f->worker.will_count, 2);
   will.kind = PV_WILL_MEMORY;
   will.fd = -1;
   leave(f, &will);
   assert_int_equal(f->worker.will_count, 1);
   pv_guard_execute_wills(&f->worker);
   assert_int_equal(f->words[0], 0);
   assert_int_equal(f->words[10], 2);
}

static void a_slow_file_is_refused(void **state)
{
   struct fixture *f = *state;
   FILE *file = tmpfile();
   int pipes[2];
   assert_non_null(file);
   assert_int_equal(pipe(pipes), 0);
   leave(f, &(struct pv_will){.key = 1, .kind = PV_WILL_REPLIES, .fd = fileno(file)});
   leave(f, &(struct pv_will){.key = 2, .kind = PV_WILL_MEMORY, .fd = pipes[1]});
   assert_int_equal(f->worker.will_count, 0);
   close(pipes[0]);
   close(pipes[1]);
   fclose(file);
}

static void a_worker_gets_so_many_descriptors_only(void **state)
{
   struct fixture *f = *state;
   for (uint64_t key = 0; key < 300; key++)
      leave(f, &(struct pv_will){.key = key, .kind = PV_WILL_MEMORY, .fd = f->fd});
   assert_int_equal(f->worker.will_count, 256);
}

static void others_have_their_turn(void **state)
{
   struct fixture *f = *state;
   for (uint64_t key = 0; key < 40; key++)
      assert_int_equal(pv_guard_will(f->end, &(struct pv_will){.key = key, .kind = PV_WILL_MEMORY, .fd = f->fd}), 0);
   close(f->end);
   f->end = -1;
   assert_false(pv_guard_hear(&f->worker));
   assert_in_range(f->worker.will_count, 1, 39);
   while (!pv_guard_hear(&f->worker))
      ;
   assert_int_equal(f->worker.will_count, 40);
}

static int next_number(void)
{
   int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
   assert_true(fd >= 0);
   close(fd);
   return fd;
}

// There is room for a second one behind the first, where systems pad. It must not stay open here.
static void further_descriptors_are_closed(void **state)
{
   struct fixture *f = *state;
   struct pv_will message = {.key = KEY, .kind = PV_WILL_MEMORY, .fd = f->fd};
   struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
   const int fds[2] = {f->fd, f->fd};
   union {
      char bytes[CMSG_SPACE(sizeof(fds))];
      struct cmsghdr align;
   } control = {0};
   struct msghdr header = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
   struct cmsghdr *c = CMSG_FIRSTHDR(&header);
   c->cmsg_level = SOL_SOCKET;
   c->cmsg_type = SCM_RIGHTS;
   c->cmsg_len = CMSG_LEN(sizeof(fds));
   memcpy(CMSG_DATA(c), fds, sizeof(fds));
   int before = next_number();
   assert_int_equal(sendmsg(f->end, &header, 0), sizeof(message));
   assert_false(pv_guard_hear(&f->worker));
   assert_int_equal(f->worker.will_count, 1); // which keeps the first
   pv_guard_drop_wills(&f->worker);
   assert_int_equal(next_number(), before);
}

static void nonsense_ends_the_worker(void **state)
{
   struct fixture *f = *state;
   int status;
   f->worker.pid = fork();
   if (!f->worker.pid) {
      pause();
      _exit(0);
   }
   assert_true(f->worker.pid > 0);
   assert_int_equal(write(f->end, "abc", 3), 3);
   assert_true(pv_guard_hear(&f->worker));
   assert_int_equal(waitpid(f->worker.pid, &status, 0), f->worker.pid);
   assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
   const struct CMUnitTest tests[] = {
      TEST(a_ring_is_given_up_and_finished),
      TEST(answers_are_failures),
      TEST(promises_are_kept),
      TEST(nothing_is_written_outside),
      TEST(there_is_an_end_to_queries),
      TEST(wills_are_replaced_and_revoked),
      TEST(a_slow_file_is_refused),
      TEST(a_worker_gets_so_many_descriptors_only),
      TEST(others_have_their_turn),
      TEST(further_descriptors_are_closed),
      TEST(nonsense_ends_the_worker),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
