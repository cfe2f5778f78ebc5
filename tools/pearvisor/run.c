// SPDX-License-Identifier: MIT
//
// pearvisor run: a server of its own for one command. The server lives in this process, which loads no Vulkan driver;
// the command is a child whose end ends the server.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

extern char **environ;

static pv_server *volatile running;
static volatile pid_t child; // 0 before it is started and after it was reaped
static volatile int child_status;
static volatile sig_atomic_t early; // a signal that came before there was a child

// The command ended: its status is kept and the server stops. Workers are the server's to reap.
static void on_child(int sig)
{
   int saved = errno, status;
   if (child && waitpid(child, &status, WNOHANG) == child) {
      child_status = status;
      child = 0;
      pv_server_stop(running);
   }
   errno = saved;
}

// The terminal sends its signals to the command as well; those sent to us alone are passed on.
static void on_signal(int sig, siginfo_t *info, void *context)
{
   int saved = errno;
   if (!child)
      early = sig;
   else if (info->si_code <= 0)
      kill(child, sig);
   errno = saved;
}

static void watch_signals(void)
{
   static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
   struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
   sigemptyset(&action.sa_mask);
   for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++) {
      struct sigaction old;
      sigaction(passed_on[i], NULL, &old);
      if (old.sa_handler != SIG_IGN) // nohup, a shell's background: the command inherits it
         sigaction(passed_on[i], &action, NULL);
   }
   action = (struct sigaction){.sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
   sigemptyset(&action.sa_mask);
   sigaction(SIGCHLD, &action, NULL);
}

// A folder nobody else can enter, in the first place where the socket's path is short enough. Allocated.
static char *make_folder(void)
{
   const char *const places[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
   for (size_t i = 0; i < 3; i++) {
      char path[sizeof(((struct sockaddr_un *)0)->sun_path) - 2]; // room for "/s"
      int n = places[i] && *places[i] == '/' ? snprintf(path, sizeof(path), "%s/pearvisor-XXXXXX", places[i]) : -1;
      if (n > 0 && (size_t)n < sizeof(path) && mkdtemp(path))
         return strdup(path);
   }
   cli_fail("cannot make a folder for the socket: %s; set TMPDIR to one that is writable", strerror(errno));
   return NULL;
}

static bool named(const char *entry, const struct cli_variable *variables)
{
   for (size_t i = 0; i < CLI_VARIABLES; i++) {
      size_t n = strlen(variables[i].name);
      if (!strncmp(entry, variables[i].name, n) && entry[n] == '=')
         return true;
   }
   return false;
}

// Our environment with the guest's variables in it. The new strings belong to `own`, which ends with NULL.
static char **guest_environ(const struct cli_variable *variables, char *own[CLI_VARIABLES + 1])
{
   size_t n = 0, out = 0, k = 0;
   while (environ[n])
      n++;
   char **env = calloc(n + CLI_VARIABLES + 1, sizeof(*env));
   for (size_t i = 0; env && i < n; i++) {
      if (!named(environ[i], variables))
         env[out++] = environ[i];
   }
   for (size_t i = 0; env && i < CLI_VARIABLES; i++) {
      if (variables[i].value && asprintf(&own[k], "%s=%s", variables[i].name, variables[i].value) > 0)
         env[out++] = own[k++];
   }
   own[k] = NULL;
   return env;
}

// Starts the command with the signals as they were given to us. 0 or an errno value.
static int spawn(char **command, char **env, const sigset_t *mask, pid_t *pid)
{
   posix_spawnattr_t attr;
   int err = posix_spawnattr_init(&attr);
   if (err)
      return err;
   posix_spawnattr_setsigmask(&attr, mask);
   posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
   err = posix_spawnp(pid, command[0], NULL, &attr, command, env);
   posix_spawnattr_destroy(&attr);
   return err;
}

// Starts the command, unless we were told to end already (EINTR). 0 or an errno value. Signals wait until `child` is
// known.
static int start(char **command, const char *socket, const char *icd)
{
   struct cli_variable variables[CLI_VARIABLES];
   char *own[CLI_VARIABLES + 1];
   sigset_t all, before;
   pid_t pid = 0;
   cli_guest_environment(socket, icd, variables);
   char **env = guest_environ(variables, own);
   sigfillset(&all);
   sigprocmask(SIG_BLOCK, &all, &before);
   int err = early ? EINTR : env ? spawn(command, env, &before, &pid) : ENOMEM;
   if (!err)
      child = pid;
   sigprocmask(SIG_SETMASK, &before, NULL);
   for (char **p = own; env && *p; p++)
      free(*p);
   free(env);
   cli_free_environment(variables);
   return err;
}

static int exit_status(int status)
{
   return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// With the server made: tries it, runs the command, serves until it ends.
static int serve_command(const struct cli_settings *settings, pv_server *server, const char *socket, const char *icd)
{
   if (!cli_probe(settings))
      return CLI_FAILURE;
   int err = start(settings->rest, socket, icd);
   if (early)
      return 128 + early;
   if (err) {
      cli_fail("cannot run %s: %s", settings->rest[0], strerror(err));
      return err == ENOENT ? 127 : 126;
   }
   pv_server_run(server);
   return exit_status(child_status);
}

int cli_run(const struct cli_settings *settings)
{
   char socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
   if (!settings->rest[0]) {
      fprintf(stderr, "pearvisor run: a command is missing (see 'pearvisor run --help')\n");
      return CLI_USAGE;
   }
   char *icd = cli_find_icd(settings->icd);
   watch_signals();
   char *folder = icd ? make_folder() : NULL;
   int status = CLI_FAILURE;
   if (folder) {
      snprintf(socket, sizeof(socket), "%s/s", folder);
      pv_server *server = cli_make_server(settings, socket);
      running = server;
      if (server)
         status = serve_command(settings, server, socket, icd);
      running = NULL;
      pv_server_destroy(&server);
      rmdir(folder);
   }
   free(folder);
   free(icd);
   return status;
}
