// SPDX-License-Identifier: MIT
//
// Starting, watching and ending workers.
#include "guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define LIFELINE_FD  (PV_GUARD_FD + 1)
#define LIFELINE_ENV "PEARVISOR_LIFELINE"

extern char **environ;

// Variables that belong to the guest's driver, or that this file sets.
static const char *const dropped[] = {"VN_DEBUG", "VN_PERF", "VTEST_SOCKET_NAME", "VK_LOADER_LAYERS_DISABLE",
                                      LIFELINE_ENV};

static bool is_dropped(const char *entry)
{
   for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++) {
      size_t len = strlen(dropped[i]);
      if (!strncmp(entry, dropped[i], len) && entry[len] == '=')
         return true;
   }
   return false;
}

// The worker's environment; the array is the caller's to free, the strings are not.
static char **worker_environment(char *lifeline)
{
   // Layers meant for the user's own programs (overlays, captures) have no business between a renderer and its driver.
   static char no_layers[] = "VK_LOADER_LAYERS_DISABLE=~implicit~";
   size_t n = 0, out = 0;
   while (environ && environ[n])
      n++;
   char **env = calloc(n + 3, sizeof(*env));
   if (!env)
      return NULL;
   for (size_t i = 0; i < n; i++) {
      if (!is_dropped(environ[i]))
         env[out++] = environ[i];
   }
   env[out++] = no_layers;
   env[out++] = lifeline;
   return env;
}

static void close_on_exec(int fd)
{
   fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC);
}

// `fd` must be above the numbers it is moved to, so that no move overwrites another's source.
static int fd_above(int fd)
{
   int high = fcntl(fd, F_DUPFD_CLOEXEC, LIFELINE_FD + 1);
   return high < 0 ? -errno : high;
}

static int prepare_files(posix_spawn_file_actions_t *actions, int fd, int lifeline)
{
   int err = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
   if (!err)
      err = posix_spawn_file_actions_adddup2(actions, 2, 1);
   if (!err)
      err = posix_spawn_file_actions_adddup2(actions, fd, PV_GUARD_FD);
   if (!err)
      err = posix_spawn_file_actions_adddup2(actions, lifeline, LIFELINE_FD);
#ifdef __linux__
   if (!err)
      err = posix_spawn_file_actions_addclosefrom_np(actions, LIFELINE_FD + 1);
#endif
   return -err;
}

static int prepare_attributes(posix_spawnattr_t *attr)
{
   short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
#ifdef __APPLE__
   flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
   sigset_t none, all;
   sigemptyset(&none);
   sigfillset(&all);
   // A group of its own: Ctrl-C is for the parent, which then lets its workers leave in order.
   int err = posix_spawnattr_setpgroup(attr, 0);
   if (!err)
      err = posix_spawnattr_setsigmask(attr, &none);
   if (!err)
      err = posix_spawnattr_setsigdefault(attr, &all);
   if (!err)
      err = posix_spawnattr_setflags(attr, flags);
   return -err;
}

static int spawn(const char *const *argv, int fd, int lifeline, pid_t *pid)
{
   char variable[sizeof(LIFELINE_ENV) + 12];
   snprintf(variable, sizeof(variable), "%s=%d", LIFELINE_ENV, LIFELINE_FD);
   char **env = worker_environment(variable);
   if (!env)
      return -ENOMEM;

   posix_spawn_file_actions_t actions;
   posix_spawnattr_t attr;
   int ret = -posix_spawn_file_actions_init(&actions);
   if (ret)
      goto free_env;
   ret = -posix_spawnattr_init(&attr);
   if (ret)
      goto destroy_actions;
   ret = prepare_files(&actions, fd, lifeline);
   if (!ret)
      ret = prepare_attributes(&attr);
   if (!ret)
      ret = -posix_spawn(pid, argv[0], &actions, &attr, (char *const *)argv, env);
   posix_spawnattr_destroy(&attr);
destroy_actions:
   posix_spawn_file_actions_destroy(&actions);
free_env:
   free(env);
   return ret;
}

int pv_guard_spawn(const char *const *argv, int fd, struct pv_worker *out)
{
   int pair[2];
   if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
      return -errno;
   close_on_exec(pair[0]);
   close_on_exec(pair[1]);

   int lifeline = fd_above(pair[1]);
   close(pair[1]);
   int high = fd_above(fd);
   int ret = lifeline < 0 ? lifeline : high < 0 ? high : spawn(argv, high, lifeline, &out->pid);
   if (high >= 0)
      close(high);
   if (lifeline >= 0)
      close(lifeline);
   if (ret) {
      close(pair[0]);
      return ret;
   }
   out->lifeline = pair[0];
   return 0;
}

void pv_guard_ask(const struct pv_worker *worker)
{
   if (worker->lifeline >= 0)
      shutdown(worker->lifeline, SHUT_WR);
}

void pv_guard_kill(const struct pv_worker *worker)
{
   kill(worker->pid, SIGKILL);
}

bool pv_guard_reap(struct pv_worker *worker, int *status)
{
   *status = 0;
   pid_t pid;
   do
      pid = waitpid(worker->pid, status, WNOHANG);
   while (pid < 0 && errno == EINTR);
   if (!pid)
      return false;
   if (worker->lifeline >= 0)
      close(worker->lifeline);
   worker->lifeline = -1;
   return true;
}

int pv_guard_tether(void)
{
   const char *value = getenv(LIFELINE_ENV);
   int fd = value ? atoi(value) : -1;
   if (fd < 3 || fcntl(fd, F_GETFD) < 0)
      return -1;
   unsetenv(LIFELINE_ENV);
   close_on_exec(fd);
#ifdef __linux__
   // Also when the driver hangs and nobody reads the lifeline. Elsewhere only the lifeline binds us.
   prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
   // The parent may have left before that: then the lifeline has ended already, and whoever polls it finds out.
   return fd;
}
