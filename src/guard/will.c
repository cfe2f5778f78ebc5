// SPDX-License-Identifier: MIT
//
// Last wills: what a worker wants written into memory that it shares with its client, should it die. A client waits for
// signs in that memory; without a last one it would take a dead worker for a busy one. Its rings turn FATAL; it reads
// of failure wherever it may wait for an answer; the small writes that it was promised happen; and at last its rings
// have got as far as it wants.
//
// A will travels over the lifeline, descriptor and all; promises are read from the page. The parent believes nothing of
// it: everything is written by pwrite, which can neither fault nor block for memory, only where there is something
// already, only into memory that cannot be somebody's slow file, and only so much of it. So a word may be seen
// half-written, for an instant; it tells of the end either way.
#include "guard/guard.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/os.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // there the worker's end of the lifeline outlives its parent's: it is ended first
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0 // workers are started with every descriptor closed that they are not given
#endif

#define MAX_WILLS   256u       // of one worker; a worker gone wrong must not use up our descriptors,
#define AT_ONCE     32         // messages that are taken before other workers have their turn
#define MAX_REPLIES (8u << 20) // nor our time: bytes that are overwritten with failures,
#define MAX_QUERIES 8192u      // and queries that are answered
#define MAX_STRIDE  512u       // bytes of one query, more than any has

int pv_guard_will(int lifeline, const struct pv_will *will)
{
   struct pv_will message = *will;
   struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
   struct pv_fd_room room;
   struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
   pv_fd_into_message(&header, &room, will->fd);
   ssize_t sent;
   do
      sent = sendmsg(lifeline, &header, MSG_NOSIGNAL);
   while (sent < 0 && errno == EINTR);
   return sent == sizeof(message) ? 0 : sent < 0 ? -errno : -EIO;
}

// Forgets what was left under the same key.
static void drop_will(struct pv_worker *worker, const struct pv_will *will)
{
   for (uint32_t i = 0; i < worker->will_count; i++) {
      const struct pv_will *held = &worker->wills[i].will;
      if (held->kind != will->kind || held->key != will->key)
         continue;
      close(held->fd);
      worker->wills[i] = worker->wills[--worker->will_count];
      return;
   }
}

// Takes over `fd`.
static void accept_will(struct pv_worker *worker, const struct pv_will *will, int fd)
{
   struct stat stat;
   struct pv_held_will *more = NULL;
   if (worker->will_count < MAX_WILLS && !fstat(fd, &stat) && S_ISREG(stat.st_mode) && pv_shm_cannot_shrink(fd))
      more = realloc(worker->wills, (worker->will_count + 1) * sizeof(*more));
   if (!more) {
      close(fd);
      return;
   }
   worker->wills = more;
   more[worker->will_count] =
       (struct pv_held_will){.will = *will, .size = (uint64_t)stat.st_size, .file = (uint64_t)stat.st_ino};
   more[worker->will_count++].will.fd = fd;
}

bool pv_guard_hear(struct pv_worker *worker)
{
   for (int i = 0; i < AT_ONCE; i++) {
      struct pv_will message;
      struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
      union {
         char bytes[CMSG_SPACE(sizeof(int))];
         struct cmsghdr align;
      } control;
      struct msghdr header = {
         .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
      ssize_t got = recvmsg(worker->lifeline, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      if (got < 0)
         return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
      int fd = pv_fd_of_message(&header);
      bool whole = got == sizeof(message);
      if (whole)
         drop_will(worker, &message);
      if (whole && message.fd >= 0 && fd >= 0)
         accept_will(worker, &message, fd);
      else if (fd >= 0)
         close(fd);
      if (whole)
         continue;
      if (got > 0) // it talks nonsense
         pv_guard_kill(worker);
      return true;
   }
   return false; // the rest stays readable
}

static bool inside(const struct pv_held_will *held, uint64_t offset, uint64_t size)
{
   return size <= held->size && offset <= held->size - size;
}

static bool get(const struct pv_held_will *held, uint64_t offset, void *out, size_t size)
{
   return inside(held, offset, size) && pread(held->will.fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool put(const struct pv_held_will *held, uint64_t offset, const void *bytes, size_t size)
{
   return inside(held, offset, size) && pwrite(held->will.fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

// Where a client reads its answers there are failures from now on. Nobody asks which answers are still due: those that
// are not were read long ago.
static void fill(const struct pv_held_will *held, uint64_t *budget)
{
   uint32_t words[4096];
   for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
      words[i] = held->will.word;
   for (uint64_t at = 0; at < held->size && *budget >= sizeof(words); at += sizeof(words)) {
      uint64_t left = held->size - at;
      if (!put(held, at, words, left < sizeof(words) ? (size_t)left : sizeof(words)))
         return;
      *budget -= sizeof(words);
   }
}

// Rings often share such memory: once is enough.
static bool filled_before(const struct pv_worker *worker, uint32_t index)
{
   for (uint32_t i = 0; i < index; i++)
      if (worker->wills[i].will.kind == PV_WILL_REPLIES && worker->wills[i].file == worker->wills[index].file)
         return true;
   return false;
}

static const struct pv_held_will *memory_of(const struct pv_worker *worker, uint32_t key)
{
   for (uint32_t i = 0; i < worker->will_count; i++) {
      const struct pv_will *will = &worker->wills[i].will;
      if (will->kind == PV_WILL_MEMORY && will->key == key)
         return &worker->wills[i];
   }
   return NULL;
}

// Counters only grow: one that got further than this needs nothing.
static void keep_counter(const struct pv_held_will *to, const struct pv_held_will *from,
                         const struct pv_promise *promise)
{
   uint64_t there, value;
   if (from && get(from, promise->from_offset, &value, sizeof(value)) &&
       get(to, promise->to_offset, &there, sizeof(there)) && value > there)
      put(to, promise->to_offset, &value, sizeof(value));
}

static void keep_queries(const struct pv_held_will *to, const struct pv_promise *promise, uint32_t *budget)
{
   static const uint64_t available = 1;
   uint8_t bytes[MAX_STRIDE] = {0};
   size_t stride = (size_t)promise->stride;
   if (promise->stride < sizeof(available) || promise->stride > MAX_STRIDE)
      return;
   memcpy(bytes + stride - sizeof(available), &available, sizeof(available));
   for (uint64_t i = 0; i < promise->value && *budget; i++, --*budget)
      if (!put(to, promise->to_offset + i * stride, bytes, stride))
         return;
}

static void keep_promises(const struct pv_worker *worker)
{
   uint32_t queries = MAX_QUERIES;
   for (uint32_t i = 0; i < PV_PROMISES; i++) {
      // A copy first: what was checked must be what is used. acquire pairs with the release of pv_promise_make.
      struct pv_promise *shared = &worker->page->promises[i], promise;
      uint32_t kind = atomic_load_explicit(&shared->kind, memory_order_acquire);
      if (kind == PV_PROMISE_NONE)
         continue;
      memcpy(&promise, shared, sizeof(promise));
      const struct pv_held_will *to = memory_of(worker, promise.to);
      if (!to)
         continue;
      if (kind == PV_PROMISE_WORD)
         put(to, promise.to_offset, &promise.value, sizeof(promise.value));
      else if (kind == PV_PROMISE_COUNTER)
         keep_counter(to, memory_of(worker, promise.from), &promise);
      else if (kind == PV_PROMISE_QUERIES)
         keep_queries(to, &promise, &queries);
   }
}

// A client that waits for its ring waits for the head, and looks at the status rarely.
static void finish_ring(const struct pv_held_will *ring)
{
   uint32_t tail;
   if (get(ring, ring->will.tail, &tail, sizeof(tail)))
      put(ring, ring->will.head, &tail, sizeof(tail));
}

void pv_guard_execute_wills(const struct pv_worker *worker)
{
   uint64_t replies = MAX_REPLIES;
   for (uint32_t i = 0; i < worker->will_count; i++) {
      const struct pv_held_will *held = &worker->wills[i];
      if (held->will.kind == PV_WILL_RING) // first: whoever is woken by the rest finds it
         put(held, held->will.status, &held->will.word, sizeof(held->will.word));
   }
   for (uint32_t i = 0; i < worker->will_count; i++)
      if (worker->wills[i].will.kind == PV_WILL_REPLIES && !filled_before(worker, i))
         fill(&worker->wills[i], &replies);
   if (worker->page)
      keep_promises(worker);
   for (uint32_t i = 0; i < worker->will_count; i++)
      if (worker->wills[i].will.kind == PV_WILL_RING)
         finish_ring(&worker->wills[i]);
}

void pv_guard_drop_wills(struct pv_worker *worker)
{
   for (uint32_t i = 0; i < worker->will_count; i++)
      close(worker->wills[i].will.fd);
   free(worker->wills);
   worker->wills = NULL;
   worker->will_count = 0;
}
