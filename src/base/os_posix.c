// SPDX-License-Identifier: MIT
//
// The platform calls that every POSIX system has in the same shape.
#include "base/os.h"
#include "base/os_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t pv_now(void)
{
   struct timespec t;
   clock_gettime(CLOCK_MONOTONIC, &t);
   return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int pv_gate_init(struct pv_gate *gate)
{
   int err = pthread_mutex_init(&gate->lock, NULL);
   if (err)
      return -err;
   err = pv_cond_init(&gate->cond);
   if (err) {
      pthread_mutex_destroy(&gate->lock);
      return err;
   }
   gate->open = false;
   return 0;
}

void pv_gate_fini(struct pv_gate *gate)
{
   pthread_cond_destroy(&gate->cond);
   pthread_mutex_destroy(&gate->lock);
}

void pv_gate_wake(struct pv_gate *gate)
{
   // Signalled with the lock held: the waiter may free the gate as soon as it got through.
   pthread_mutex_lock(&gate->lock);
   gate->open = true;
   pthread_cond_signal(&gate->cond);
   pthread_mutex_unlock(&gate->lock);
}

bool pv_gate_wait(struct pv_gate *gate, uint64_t deadline)
{
   pthread_mutex_lock(&gate->lock);
   while (!gate->open) {
      if (deadline == PV_NEVER)
         pthread_cond_wait(&gate->cond, &gate->lock);
      else if (deadline == 0 || pv_now() >= deadline)
         break;
      else
         pv_cond_wait_until(&gate->cond, &gate->lock, deadline);
   }
   bool woken = gate->open;
   gate->open = false;
   pthread_mutex_unlock(&gate->lock);
   return woken;
}

int pv_fd_of_message(struct msghdr *message)
{
   int first = -1;
   for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
         continue;
      for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
         int fd;
         memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
         if (first >= 0)
            close(fd);
         else
            first = fd;
      }
   }
   if (first >= 0)
      fcntl(first, F_SETFD, FD_CLOEXEC); // not every system can do that as it arrives
   return first;
}

_Static_assert(CMSG_SPACE(sizeof(int)) <= sizeof(struct pv_fd_room), "there is room for one descriptor");

void pv_fd_into_message(struct msghdr *message, struct pv_fd_room *room, int fd)
{
   if (fd < 0)
      return;
   memset(room, 0, sizeof *room);
   message->msg_control = room->bytes;
   message->msg_controllen = CMSG_SPACE(sizeof(int));
   struct cmsghdr *header = CMSG_FIRSTHDR(message);
   header->cmsg_level = SOL_SOCKET;
   header->cmsg_type = SCM_RIGHTS;
   header->cmsg_len = CMSG_LEN(sizeof(int));
   memcpy(CMSG_DATA(header), &fd, sizeof fd);
}

int pv_shm_map(int fd, uint64_t size, void **out)
{
   *out = NULL;
   if (!size || size > SIZE_MAX)
      return -EINVAL;
   void *base = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
   if (base == MAP_FAILED)
      return -errno;
   *out = base;
   return 0;
}

int pv_shm_map_aligned(int fd, uint64_t size, uint64_t alignment, void **out)
{
   *out = NULL;
   if (alignment <= pv_page_size())
      return pv_shm_map(fd, size, out);
   if (!size || size > SIZE_MAX - alignment || alignment & (alignment - 1))
      return -EINVAL;
   // Address space that is long enough, then the file over its aligned part; what is left over goes back.
   size_t room = (size_t)(size + alignment);
   uint8_t *start = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   if (start == MAP_FAILED)
      return -errno;
   uint8_t *base = start + (alignment - (uintptr_t)start % alignment) % alignment;
   size_t page = pv_page_size(), end = (size_t)((size + page - 1) / page * page);
   if (mmap(base, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
      int error = -errno;
      munmap(start, room);
      return error;
   }
   if (base > start)
      munmap(start, (size_t)(base - start));
   if (base + end < start + room)
      munmap(base + end, (size_t)(start + room - base) - end);
   *out = base;
   return 0;
}

void pv_shm_unmap(void *base, uint64_t size)
{
   if (base)
      munmap(base, (size_t)size);
}

int pv_fd_dup(int fd)
{
   int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
   return copy < 0 ? -errno : copy;
}

size_t pv_page_size(void)
{
   return (size_t)sysconf(_SC_PAGESIZE);
}

int pv_thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg)
{
   // Signals raised by the thread's own instructions must stay deliverable: blocked, they kill the process at once.
   static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
   sigset_t block, before;
   sigfillset(&block);
   for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
      sigdelset(&block, own[i]);
   int err = pthread_sigmask(SIG_BLOCK, &block, &before);
   if (err)
      return -err;
   err = pthread_create(out, NULL, fn, arg);
   pthread_sigmask(SIG_SETMASK, &before, NULL);
   return -err;
}
