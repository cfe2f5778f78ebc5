// SPDX-License-Identifier: MIT
//
// The jail on Linux, in the order in which its parts must come: namespaces, which need what the rest forbids; then
// capabilities; then Landlock; then seccomp.
#include "guard/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "guard/guard.h"
#include "guard/jail_linux.h"
#include "guard/sanitized.h"
#include "guard/spawn.h"

// Counted by user and user namespace. A guest's rings and queues have threads, and drivers have some per processor.
#define THREADS 4096

static bool inside, strict; // of this process; written before it has a second thread

// What could not be applied, for one line.
struct report {
   char text[600];
   size_t at;
};

static void missing(struct report *report, const char *what, int error)
{
   if (report->at < sizeof(report->text))
      report->at += (size_t)snprintf(report->text + report->at, sizeof(report->text) - report->at, "%s%s (%s)",
                                     report->at ? ", " : "", what, strerror(-error));
}

// A /proc of our PID namespace, in which we have the number that we believe to have. Not all systems permit one;
// without, Landlock hides the rest of the old one.
static void own_proc(void)
{
   if (getpid() == 1)
      mount("pearvisor", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

// A private /dev/shm: hides what others have there, is the shader cache, and goes when we go.
static int private_shm(void)
{
   if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
      return -errno;
   own_proc();
   return mount("pearvisor", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=256m,mode=0700") ? -errno : 0;
}

// True if /dev/shm is ours alone.
static bool enter_namespaces(struct report *report)
{
   static const struct {
      int flag;
      const char *name;
   } kinds[] = {{CLONE_NEWNS, "mount namespace"},
                {CLONE_NEWNET, "network namespace"},
                {CLONE_NEWIPC, "IPC namespace"},
                {CLONE_NEWUTS, "UTS namespace"}};
   const uid_t uid = getuid();
   const gid_t gid = getgid();
   bool mounts = false;
   int ret = unshare(CLONE_NEWUSER) ? -errno : pv_map_ids(uid, gid);
   if (ret)
      missing(report, "user namespace", ret);
   for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
      ret = unshare(kinds[i].flag) ? -errno : 0;
      if (ret)
         missing(report, kinds[i].name, ret);
      else if (kinds[i].flag == CLONE_NEWNS)
         mounts = true;
   }
   ret = mounts ? private_shm() : -EPERM;
   if (mounts && ret)
      missing(report, "private /dev/shm", ret);
   return !ret;
}

// Drivers keep what they compiled. Between clients nothing may be kept, so each has a cache of its own, or none.
static void set_caches(bool private_cache)
{
   if (private_cache) {
      setenv("XDG_CACHE_HOME", "/dev/shm", 1);
      setenv("MESA_SHADER_CACHE_DIR", "/dev/shm", 1);
      setenv("__GL_SHADER_DISK_CACHE_PATH", "/dev/shm", 1);
      return;
   }
   setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
   setenv("__GL_SHADER_DISK_CACHE", "0", 1);
}

static int drop_capabilities(void)
{
   struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
   struct __user_cap_data_struct none[2] = {{0}};
   return syscall(SYS_capset, &header, none) ? -errno : 0;
}

// A PID namespace is for whoever is started, so ours comes from whoever started us. A trial starts somebody.
static int own_pids(bool trial)
{
   int status = 0;
   if (getpid() == 1)
      return 0;
   pid_t child = trial ? fork() : -1;
   if (!child)
      _exit(unshare(CLONE_NEWPID) ? errno : 0);
   while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
      ;
   return child > 0 && WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}

static void end_by_signal(int number)
{
   _exit(PV_GUARD_SIGNAL + number);
}

// Process 1 of a PID namespace is spared by signals that nothing handles, abort()'s and whatever comes from outside but
// SIGKILL.
static void die_of_signals(void)
{
   static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,  SIGUSR1,
                                 SIGSEGV, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGSYS};
   const struct sigaction end = {.sa_handler = end_by_signal};
   struct sigaction now;
   for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
      if (!sigaction(numbers[i], NULL, &now) && now.sa_handler == SIG_DFL) // not a debugging tool's
         sigaction(numbers[i], &end, NULL);
}

static void part(struct report *report, const char *what, int ret)
{
   if (ret)
      missing(report, what, ret);
}

static void apply(const struct pv_jail_params *params, struct report *report)
{
   int abi = 0;
   part(report, "no core dumps", setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) ? -errno : 0);
   bool shm = enter_namespaces(report);
   part(report, "PID namespace", own_pids(params->trial));
   part(report, "limit of threads", setrlimit(RLIMIT_NPROC, &(struct rlimit){THREADS, THREADS}) ? -errno : 0);
   set_caches(shm);
   part(report, "no capabilities", drop_capabilities());
   part(report, "no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0);
   part(report, "Landlock", pv_jail_landlock(params, shm, &abi));
   if (abi > 0 && abi < 6)
      missing(report, "Landlock's newer parts", -EOPNOTSUPP);
   part(report, "seccomp", pv_jail_filter(false));
}

static int judge(const struct pv_jail_params *params, const struct report *report)
{
   if (!report->at) {
      if (params->announce)
         pv_debug("sandbox: %s, all of it applied", strict ? "strict" : "default");
      return 0;
   }
   if (strict) {
      pv_error("sandbox: strict is refused, this system does not permit: %s", report->text);
      return -EPERM;
   }
   if (params->announce)
      pv_warn("sandbox: default, without what this system does not permit: %s", report->text);
   return 0;
}

int pv_jail_enter(const struct pv_jail_params *params)
{
   const char *sandbox = params->sandbox ? params->sandbox : getenv("PEARVISOR_SANDBOX");
   if (!sandbox || !*sandbox)
      sandbox = "default";
   strict = !strcmp(sandbox, "strict");
   if (!strict && strcmp(sandbox, "default") && strcmp(sandbox, "off") && strcmp(sandbox, "sanitizer")) {
      pv_error("sandbox: must be strict, default or off, not '%s'", sandbox);
      return -EINVAL;
   }
   if (strict && PV_SANITIZED) {
      pv_error("sandbox: strict is refused: this build has sanitizers, which need what it forbids");
      return -EPERM;
   }
   if (!strcmp(sandbox, "off")) {
      if (params->announce && params->sandbox)
         pv_warn("sandbox: off; a client that takes over its worker can do what you can");
      return 0;
   }
   if (PV_SANITIZED || !strcmp(sandbox, "sanitizer"))
      return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0; // the leak check traces us, reports are files
   struct report report = {0};
   if (getpid() == 1)
      die_of_signals();
   apply(params, &report);
   inside = true;
   return judge(params, &report);
}

int pv_jail_tighten(void)
{
   int ret = inside ? pv_jail_filter(true) : 0;
   if (!ret)
      return 0;
   pv_log(strict ? PV_LOG_ERROR : PV_LOG_WARN, "sandbox: the second seccomp filter cannot be applied: %s",
          strerror(-ret));
   return strict ? -EPERM : 0;
}
