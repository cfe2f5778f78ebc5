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

#include "base/os.h"
#include "guard/spawn.h"

#define LIFELINE_FD  (PV_GUARD_FD + 1)
#define PAGE_FD      (PV_GUARD_FD + 2)
#define LIFELINE_ENV "PEARVISOR_LIFELINE"

// Variables that belong to the guest's driver, or that this file sets.
static const char *const dropped[] = {"VN_DEBUG", "VN_PERF", "VTEST_SOCKET_NAME", "VK_LOADER_LAYERS_DISABLE",
                                      LIFELINE_ENV};
// What an isolated worker keeps, by how the names begin: what drivers, their compilers and the linker look at, and
// where things are. The rest is the user's own; there may be passwords in it.
static const char *const kept[] = {
   "PEARVISOR_", "VK_",    "LD_",    "DYLD_", "XDG_",   "LC_",    "LANG",  "PATH=", "HOME=", "TZ=",
   "TMPDIR=",    "MESA_",  "LP_",    "GALL",  "LIBGL_", "DRI_",   "NIR_",  "RADV_", "ACO_",  "AMD_",
   "ANV_",       "INTEL_", "TU_",    "IR3_",  "FD_",    "PAN",    "PVR_",  "NVK_",  "NAK_",  "NOUV",
   "V3D",        "HK_",    "AGX_",   "__GL",  "__NV",   "__VK",   "CUDA",  "HSA_",  "ROC",   "ZINK_",
   "MVK_",       "MTL_",   "METAL_", "LLVM_", "MALLOC", "GLIBC_", "ASAN_", "LSAN_", "TSAN_", "UBSAN_"};

static bool is_kept(const char *entry)
{
   for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
      if (!strncmp(entry, kept[i], strlen(kept[i])))
         return true;
   }
   return false;
}

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
static char **worker_environment(char *lifeline, bool isolated)
{
   // Layers meant for the user's own programs (overlays, captures) have no business between a renderer and its driver.
   static char no_layers[] = "VK_LOADER_LAYERS_DISABLE=~implicit~";
   char *const *mine = pv_environ();
   size_t n = 0, out = 0;
   while (mine && mine[n])
      n++;
   char **env = calloc(n + 3, sizeof(*env));
   if (!env)
      return NULL;
   for (size_t i = 0; i < n; i++) {
      if (!is_dropped(mine[i]) && (!isolated || is_kept(mine[i])))
         env[out++] = mine[i];
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
   int high = fcntl(fd, F_DUPFD_CLOEXEC, PAGE_FD + 1);
   return high < 0 ? -errno : high;
}

static int prepare_files(posix_spawn_file_actions_t *actions, const struct pv_spawn *spawn)
{
   int err = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
   if (!err)
      err = posix_spawn_file_actions_adddup2(actions, 2, 1);
   for (int i = 0; i < PV_SPAWN_FDS && !err; i++)
      err = posix_spawn_file_actions_adddup2(actions, spawn->fds[i], PV_GUARD_FD + i);
   return err ? -err : pv_spawn_close_rest(actions, PV_GUARD_FD + PV_SPAWN_FDS);
}

static int prepare_attributes(posix_spawnattr_t *attr)
{
   const short flags = PV_SPAWN_CLOSES_REST | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
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

static int spawn_plain(const struct pv_spawn *spawn, pid_t *pid)
{
   posix_spawn_file_actions_t actions;
   posix_spawnattr_t attr;
   int ret = -posix_spawn_file_actions_init(&actions);
   if (ret)
      return ret;
   ret = -posix_spawnattr_init(&attr);
   if (ret)
      goto destroy_actions;
   ret = prepare_files(&actions, spawn);
   if (!ret)
      ret = prepare_attributes(&attr);
   if (!ret)
      ret = -posix_spawn(pid, spawn->argv[0], &actions, &attr, (char *const *)spawn->argv, spawn->env);
   posix_spawnattr_destroy(&attr);
destroy_actions:
   posix_spawn_file_actions_destroy(&actions);
   return ret;
}

static int spawn(struct pv_spawn *spawn, bool isolated, pid_t *pid)
{
   char variable[sizeof(LIFELINE_ENV) + 12];
   snprintf(variable, sizeof(variable), "%s=%d", LIFELINE_ENV, LIFELINE_FD);
   char **env = worker_environment(variable, isolated);
   if (!env)
      return -ENOMEM;
   spawn->env = env;
   int ret = isolated ? pv_spawn_isolated(spawn, pid) : -ENOTSUP;
   if (ret)
      ret = spawn_plain(spawn, pid); // the worker will find that something is missing, and say so or refuse
   free(env);
   return ret;
}

// Makes the page; its descriptor, above the numbers of a worker, or -errno. *page is not NULL if it has to be unmapped.
static int make_page(struct pv_guard_page **page)
{
   int fd;
   void *base;
   *page = NULL;
   int ret = pv_shm_create("pearvisor-notes", sizeof(**page), &fd);
   if (ret)
      return ret;
   ret = pv_shm_map(fd, sizeof(**page), &base);
   if (!ret) {
      *page = base;
      ret = fd_above(fd);
   }
   close(fd);
   return ret;
}

static void close_fds(const int fds[PV_SPAWN_FDS])
{
   for (size_t i = 0; i < PV_SPAWN_FDS; i++) {
      if (fds[i] >= 0)
         close(fds[i]);
   }
}

int pv_guard_spawn(const char *const *argv, int fd, bool isolated, struct pv_worker *out)
{
   int pair[2];
   if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
      return -errno;
   close_on_exec(pair[0]);
   close_on_exec(pair[1]);

   struct pv_spawn what = {.argv = argv, .fds = {fd_above(fd), fd_above(pair[1]), make_page(&out->page)}};
   close(pair[1]);
   int ret = 0;
   for (size_t i = 0; i < PV_SPAWN_FDS && !ret; i++)
      ret = what.fds[i] < 0 ? what.fds[i] : 0;
   if (!ret)
      ret = spawn(&what, isolated, &out->pid);
   close_fds(what.fds);
   out->isolated = isolated;
   out->lifeline = pair[0];
   out->wills = NULL;
   out->will_count = 0;
   if (ret) {
      close(pair[0]);
      pv_guard_forget(out);
   }
   return ret;
}

void pv_guard_forget(struct pv_worker *worker)
{
   if (worker->page)
      pv_shm_unmap(worker->page, sizeof(*worker->page));
   worker->page = NULL;
   pv_guard_drop_wills(worker);
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
   if (worker->isolated && WIFEXITED(*status) && WEXITSTATUS(*status) > PV_GUARD_SIGNAL)
      *status = WEXITSTATUS(*status) - PV_GUARD_SIGNAL; // as if it had died of it
   return true;
}

int pv_guard_tether(struct pv_guard_page **page)
{
   void *base;
   *page = NULL;
   const char *value = getenv(LIFELINE_ENV);
   int fd = value ? atoi(value) : -1;
   if (fd < 3 || fcntl(fd, F_GETFD) < 0)
      return -1;
   unsetenv(LIFELINE_ENV);
   close_on_exec(fd);
   if (!pv_shm_map(PAGE_FD, sizeof(**page), &base))
      *page = base; // without one nobody reads along, that is all
   close(PAGE_FD);
   // Also when the driver hangs and nobody reads the lifeline. Where the system has no such thing, only that binds us.
   pv_die_with_parent(true);
   // The parent may have left before that: then the lifeline has ended already, and whoever polls it finds out.
   return fd;
}

void pv_guard_loosen(void)
{
   pv_die_with_parent(false);
}
