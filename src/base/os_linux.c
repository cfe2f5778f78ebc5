// SPDX-License-Identifier: MIT
//
// The platform calls of Linux: memfd and its seals, eventfd, conditions on the monotonic clock.
#include "base/os.h"
#include "base/os_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec to_timespec(uint64_t ns)
{
   return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
}

void pv_sleep_until(uint64_t deadline)
{
   struct timespec t = to_timespec(deadline);
   while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
      ;
}

int pv_cond_init(pthread_cond_t *cond)
{
   pthread_condattr_t attr;
   int err = pthread_condattr_init(&attr);
   if (err)
      return -err;
   err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
   if (!err)
      err = pthread_cond_init(cond, &attr);
   pthread_condattr_destroy(&attr);
   return -err;
}

void pv_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline)
{
   struct timespec t = to_timespec(deadline);
   pthread_cond_timedwait(cond, lock, &t);
}

int pv_shm_create(const char *name, uint64_t size, int *out_fd)
{
   *out_fd = -1;
   if (!size || size > INT64_MAX)
      return -EINVAL;
   int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
   if (fd < 0)
      return -errno;
   // A guest gets this very fd: it may neither take pages from under our mapping, nor add pages nobody charged it for,
   // nor forbid us to map it again.
   if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
      int err = -errno;
      close(fd);
      return err;
   }
   *out_fd = fd;
   return 0;
}

bool pv_shm_cannot_shrink(int fd)
{
   int seals = fcntl(fd, F_GET_SEALS);
   return seals >= 0 && (seals & F_SEAL_SHRINK);
}

int pv_event_create(int fds[2])
{
   int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
   fds[0] = fds[1] = fd;
   return fd < 0 ? -errno : 0;
}

void pv_event_signal(int fds[2])
{
   // Only a counter at its maximum refuses, and that is readable already.
   while (eventfd_write(fds[1], 1) < 0 && errno == EINTR)
      ;
}

void pv_event_clear(int fds[2])
{
   eventfd_t count;
   while (eventfd_read(fds[0], &count) < 0 && errno == EINTR)
      ;
}

int pv_fdset_create(int *out)
{
   *out = epoll_create1(EPOLL_CLOEXEC);
   return *out < 0 ? -errno : 0;
}

int pv_fdset_add(int set, int fd)
{
   return epoll_ctl(set, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN}) ? -errno : 0;
}

void pv_fdset_remove(int set, int fd)
{
   epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
}

char **pv_environ(void)
{
   return environ;
}

int pv_spawn_close_rest(posix_spawn_file_actions_t *actions, int rest)
{
   return -posix_spawn_file_actions_addclosefrom_np(actions, rest);
}

void pv_die_with_parent(bool yes)
{
   prctl(PR_SET_PDEATHSIG, yes ? SIGKILL : 0);
}

void pv_thread_name(const char *name)
{
   char text[16]; // the kernel's limit, terminator included
   snprintf(text, sizeof text, "%s", name);
   pthread_setname_np(pthread_self(), text);
}

void pv_thread_nice(int nice)
{
   setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}

void pv_give_back(void)
{
#ifdef __GLIBC__
   malloc_trim(0);
#endif
}

void pv_thread_fine_sleeps(void)
{
   prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
}
