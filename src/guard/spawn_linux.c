// SPDX-License-Identifier: MIT
//
// A child in a user and a PID namespace of its own. Only a clone() puts a process there, and posix_spawn has no word
// for it.
#include "guard/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/sanitized.h"

// What parent and child share: the child runs in our memory until it is another program.
struct birth {
   const struct pv_spawn *spawn;
   uid_t uid;
   gid_t gid;
   bool user; // in a user namespace
   int error; // of the child, 0 or -errno
};

static int write_file(const char *path, const char *text)
{
   int fd = open(path, O_WRONLY | O_CLOEXEC);
   if (fd < 0)
      return -errno;
   int ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
   close(fd);
   return ret;
}

int pv_map_ids(uid_t uid, gid_t gid)
{
   char line[48];
   int ret = write_file("/proc/self/setgroups", "deny");
   snprintf(line, sizeof(line), "%u %u 1", (unsigned)uid, (unsigned)uid);
   if (!ret)
      ret = write_file("/proc/self/uid_map", line);
   snprintf(line, sizeof(line), "%u %u 1", (unsigned)gid, (unsigned)gid);
   return ret ? ret : write_file("/proc/self/gid_map", line);
}

// The sources lie above the numbers they are moved to.
static int place_files(const struct pv_spawn *spawn)
{
   int null = open("/dev/null", O_RDONLY);
   if (null < 0)
      return -errno;
   if (null && (dup2(null, 0) < 0 || close(null)))
      return -errno;
   if (dup2(2, 1) < 0)
      return -errno;
   for (int i = 0; i < PV_SPAWN_FDS; i++) {
      if (dup2(spawn->fds[i], PV_GUARD_FD + i) < 0)
         return -errno;
   }
   return syscall(SYS_close_range, PV_GUARD_FD + PV_SPAWN_FDS, ~0u, 0) ? -errno : 0;
}

static void default_signals(void)
{
   const struct sigaction normal = {.sa_handler = SIG_DFL};
   for (int i = 1; i < NSIG; i++)
      sigaction(i, &normal, NULL); // refused for two of them, which have no handler anyway
}

static int child(void *user)
{
   struct birth *birth = user;
   const struct pv_spawn *spawn = birth->spawn;
   sigset_t none;
   birth->error = birth->user ? pv_map_ids(birth->uid, birth->gid) : 0;
   if (!birth->error)
      birth->error = place_files(spawn);
   if (!birth->error)
      birth->error = setpgid(0, 0) ? -errno : 0;
   if (!birth->error) {
      default_signals();
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, NULL);
      execve(spawn->argv[0], (char *const *)spawn->argv, spawn->env);
      birth->error = -errno;
   }
   _exit(127);
}

int pv_spawn_isolated(const struct pv_spawn *spawn, pid_t *out)
{
   // Root may have the one without the other where user namespaces are forbidden.
   static const int kinds[] = {CLONE_NEWUSER | CLONE_NEWPID, CLONE_NEWPID};
   _Alignas(16) char stack[32768];
   struct birth birth = {.spawn = spawn, .uid = geteuid(), .gid = getegid()};
   sigset_t all, before;
   int ret = -ENOTSUP;
   if (PV_SANITIZED)
      return ret; // their runtimes do not expect a child in their memory
   sigfillset(&all);
   pthread_sigmask(SIG_SETMASK, &all, &before); // no handler of ours may run in the child
   for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && ret; i++) {
      birth.user = kinds[i] & CLONE_NEWUSER;
      birth.error = 0;
      pid_t pid = clone(child, stack + sizeof(stack), kinds[i] | CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
      ret = pid < 0 ? -errno : birth.error;
      while (pid > 0 && ret && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
         ;
      if (!ret)
         *out = pid;
   }
   pthread_sigmask(SIG_SETMASK, &before, NULL);
   return ret;
}
