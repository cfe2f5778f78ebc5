// SPDX-License-Identifier: MIT
//
// The platform calls of macOS. Compiled for it only; nothing in this file was ever run on a Mac.
#include "base/os.h"
#include "base/os_platform.h"

#include <crt_externs.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/event.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct timespec until(uint64_t deadline)
{
   uint64_t now = pv_now();
   uint64_t ns = deadline > now ? deadline - now : 0;
   return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
}

void pv_sleep_until(uint64_t deadline)
{
   while (pv_now() < deadline) {
      struct timespec t = until(deadline);
      nanosleep(&t, NULL);
   }
}

int pv_cond_init(pthread_cond_t *cond)
{
   return -pthread_cond_init(cond, NULL);
}

// Conditions know no monotonic clock here, but a relative wait that is not moved by setting the time.
void pv_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline)
{
   struct timespec t = until(deadline);
   pthread_cond_timedwait_relative_np(cond, lock, &t);
}

// There is no memfd: a POSIX object with a name of its own, unlinked at once.
int pv_shm_create(const char *name, uint64_t size, int *out_fd)
{
   static _Atomic unsigned counter; // makes names unique within the process; pairs with itself
   *out_fd = -1;
   if (!size || size > INT64_MAX)
      return -EINVAL;
   char path[32]; // PSHMNAMLEN is 31
   int fd;
   do {
      snprintf(path, sizeof path, "/pv.%x.%x", (unsigned)getpid(), atomic_fetch_add(&counter, 1));
      fd = shm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
   } while (fd < 0 && errno == EEXIST);
   if (fd < 0)
      return -errno;
   shm_unlink(path);
   if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || ftruncate(fd, (off_t)size) < 0) {
      int err = -errno;
      close(fd);
      return err;
   }
   *out_fd = fd;
   return 0;
}

// The size of a POSIX shared memory object can be set only once here; that of a file, which has a path, any time.
bool pv_shm_cannot_shrink(int fd)
{
   struct stat st;
   char path[MAXPATHLEN];
   return fstat(fd, &st) == 0 && st.st_size > 0 && fcntl(fd, F_GETPATH, path) < 0;
}

int pv_event_create(int fds[2])
{
   if (pipe(fds) < 0)
      return -errno;
   for (int i = 0; i < 2; i++) {
      if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0 || fcntl(fds[i], F_SETFL, O_NONBLOCK) < 0) {
         int err = -errno;
         close(fds[0]);
         close(fds[1]);
         return err;
      }
   }
   return 0;
}

void pv_event_signal(int fds[2])
{
   // A full pipe refuses, and that is readable already.
   while (write(fds[1], "", 1) < 0 && errno == EINTR)
      ;
}

void pv_event_clear(int fds[2])
{
   char bytes[64];
   ssize_t n;
   do
      n = read(fds[0], bytes, sizeof bytes);
   while (n == (ssize_t)sizeof bytes || (n < 0 && errno == EINTR));
}

int pv_fdset_create(int *out)
{
   *out = kqueue(); // closes on exec by nature: a child does not inherit it
   return *out < 0 ? -errno : 0;
}

static int change(int set, int fd, uint16_t how)
{
   struct kevent event;
   EV_SET(&event, (uintptr_t)fd, EVFILT_READ, how, 0, 0, NULL);
   return kevent(set, &event, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

int pv_fdset_add(int set, int fd)
{
   return change(set, fd, EV_ADD);
}

void pv_fdset_remove(int set, int fd)
{
   change(set, fd, EV_DELETE);
}

char **pv_environ(void)
{
   return *_NSGetEnviron();
}

// A flag does it here.
int pv_spawn_close_rest(posix_spawn_file_actions_t *actions, int rest)
{
   (void)actions;
   (void)rest;
   return 0;
}

void pv_die_with_parent(bool yes)
{
   (void)yes;
}

void pv_thread_name(const char *name)
{
   pthread_setname_np(name);
}

// Nice values belong to processes here, and quality of service has no counterpart for every one of them.
void pv_thread_nice(int nice)
{
   (void)nice;
}

void pv_give_back(void)
{
}

void pv_thread_fine_sleeps(void)
{
}
