// SPDX-License-Identifier: MIT
//
// Children and signals. This process has one thread and no Vulkan driver: it may fork.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vm.h"

int vm_wake = -1;
static int wake_end = -1;
static volatile sig_atomic_t first_signal;
static volatile sig_atomic_t signal_count;

static void on_signal(int sig)
{
   int saved = errno;
   if (sig != SIGCHLD) {
      if (!first_signal)
         first_signal = sig;
      signal_count = signal_count + 1;
   }
   (void)!write(wake_end, "", 1); // full: somebody will be woken anyway
   errno = saved;
}

int vm_watch(void)
{
   static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
   int ends[2];
   if (vm_wake >= 0)
      return 0;
   if (pipe(ends)) {
      cli_fail("cannot make a pipe: %s", strerror(errno));
      return -1;
   }
   for (int i = 0; i < 2; i++) {
      fcntl(ends[i], F_SETFD, FD_CLOEXEC);
      fcntl(ends[i], F_SETFL, O_NONBLOCK);
   }
   vm_wake = ends[0];
   wake_end = ends[1];
   struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NOCLDSTOP};
   sigemptyset(&action.sa_mask);
   for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
      sigaction(watched[i], &action, NULL);
   signal(SIGPIPE, SIG_IGN);
   return 0;
}

void vm_awake(void)
{
   char bytes[64];
   while (read(vm_wake, bytes, sizeof(bytes)) > 0)
      ;
}

int vm_signal(void)
{
   return first_signal;
}

unsigned vm_signals(void)
{
   return (unsigned)signal_count;
}

bool vm_random(void *out, size_t size)
{
   int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
   bool good = fd >= 0 && read(fd, out, size) == (ssize_t)size;
   if (fd >= 0)
      close(fd);
   return good;
}

double vm_now(void)
{
   struct timespec now;
   clock_gettime(CLOCK_MONOTONIC, &now);
   return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void vm_word(struct vm_words *list, const char *format, ...)
{
   va_list args;
   char *word = NULL;
   char **words = realloc(list->words, (list->n + 2) * sizeof(*words));
   if (words)
      list->words = words;
   va_start(args, format);
   if (!words || vasprintf(&word, format, args) < 0)
      list->failed = true;
   va_end(args);
   if (list->failed)
      return;
   list->words[list->n++] = word;
   list->words[list->n] = NULL;
}

void vm_words_free(struct vm_words *list)
{
   for (size_t i = 0; i < list->n; i++)
      free(list->words[i]);
   free(list->words);
   *list = (struct vm_words){0};
}

bool vm_have(const char *program)
{
   char *list = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *rest = list, *folder;
   bool found = false;
   while (!found && rest && (folder = strsep(&rest, ":"))) {
      char path[4096];
      snprintf(path, sizeof(path), "%s/%s", folder, program);
      found = !access(path, X_OK);
   }
   free(list);
   return found;
}

// In the child: the standard streams as asked for, everything else closed at exec, signals as a new program expects
// them.
static void become(char **argv, const int fds[3], int keep, const char *folder)
{
   int null = open("/dev/null", O_RDWR), safe[3];
   sigset_t none;
   for (int i = 0; i < 3; i++)
      safe[i] = fcntl(fds[i] < 0 ? null : fds[i], F_DUPFD_CLOEXEC, 10);
   for (int i = 0; i < 3; i++)
      dup2(safe[i], i);
   if (keep >= 0)
      fcntl(keep, F_SETFD, 0);
   signal(SIGPIPE, SIG_DFL);
   sigemptyset(&none);
   sigprocmask(SIG_SETMASK, &none, NULL);
   if (!folder || !chdir(folder))
      execvp(argv[0], argv);
   _exit(127);
}

// The child, or -1 with errno.
static pid_t launch(char **argv, const int fds[3], int keep, const char *folder)
{
   pid_t parent = getpid(), pid = fork();
   if (!pid) {
      setsid(); // the terminal's signals are for us, who end things in order
      vm_die_with(parent);
      become(argv, fds, keep, folder);
   }
   return pid;
}

int vm_spawn(pid_t *pid, char **argv, const int fds[3], int keep, const char *folder)
{
   *pid = launch(argv, fds, keep, folder);
   if (*pid > 0)
      return 0;
   cli_fail("cannot start %s: %s", argv[0], strerror(errno));
   return -1;
}

// Reads from `fd` until its end, `size` - 1 bytes (the rest is dropped), or the deadline.
static bool read_all(int fd, char *out, size_t size, double deadline)
{
   size_t n = 0;
   char drop[4096];
   for (;;) {
      double left = deadline - vm_now();
      struct pollfd event = {.fd = fd, .events = POLLIN};
      if (left <= 0)
         return false;
      if (poll(&event, 1, (int)(left * 1000) + 1) <= 0)
         continue;
      bool room = n + 1 < size;
      ssize_t got = read(fd, room ? out + n : drop, room ? size - 1 - n : sizeof(drop));
      if (got < 0 && errno == EINTR)
         continue;
      if (got <= 0)
         return true;
      n += room ? (size_t)got : 0;
      out[n] = '\0';
   }
}

int vm_capture(char **argv, char *out, size_t size, bool both, int seconds)
{
   int ends[2], status = 0;
   out[0] = '\0';
   if (pipe(ends))
      return -1;
   fcntl(ends[0], F_SETFD, FD_CLOEXEC);
   fcntl(ends[1], F_SETFD, FD_CLOEXEC);
   pid_t pid = launch(argv, (int[]){-1, ends[1], both ? ends[1] : -1}, -1, NULL);
   close(ends[1]);
   bool complete = pid > 0 && read_all(ends[0], out, size, vm_now() + seconds);
   close(ends[0]);
   if (pid < 0)
      return -1;
   if (!complete)
      kill(pid, SIGKILL);
   while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
      ;
   return complete && WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -1;
}

void vm_end(pid_t *pid)
{
   double insist = vm_now() + 5;
   bool killed = false;
   if (*pid <= 0)
      return;
   kill(*pid, SIGTERM);
   while (waitpid(*pid, NULL, WNOHANG) == 0) {
      if (!killed && vm_now() > insist)
         killed = !kill(*pid, SIGKILL);
      poll(NULL, 0, 10);
   }
   *pid = 0;
}
