// SPDX-License-Identifier: MIT
//
// How `pearvisor doctor` asks drivers: in a child with a deadline, whose end, however bad, is an answer.
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE 15 // seconds

extern char **environ;

static const char *change_of(const char *entry, const char *const *changes)
{
   size_t n = strcspn(entry, "=");
   for (; changes && *changes; changes++) {
      if (strcspn(*changes, "=") == n && !strncmp(*changes, entry, n))
         return *changes;
   }
   return NULL;
}

// Our environment with the changes made. The array is allocated, the strings are not.
static char **changed_environment(const char *const *changes)
{
   size_t n = 0, extra = 0, out = 0;
   while (environ[n])
      n++;
   while (changes && changes[extra])
      extra++;
   char **env = calloc(n + extra + 1, sizeof(*env));
   for (size_t i = 0; env && i < n; i++) {
      if (!change_of(environ[i], changes))
         env[out++] = environ[i];
   }
   for (size_t i = 0; env && i < extra; i++) {
      if (strchr(changes[i], '='))
         env[out++] = (char *)changes[i];
   }
   return env;
}

static char **full_arguments(const char *const *arguments)
{
   size_t n = 0;
   while (arguments[n])
      n++;
   char **argv = calloc(n + 2, sizeof(*argv));
   if (argv)
      argv[0] = cli_own_path();
   for (size_t i = 0; argv && i < n; i++)
      argv[i + 1] = (char *)arguments[i];
   return argv;
}

// Starts it as the leader of a process group, so that whatever it starts can be ended with it. 0 or an errno value.
static int spawn(char **argv, char **env, int out, int err, pid_t *pid)
{
   posix_spawn_file_actions_t actions;
   posix_spawnattr_t attr;
   int ret = posix_spawn_file_actions_init(&actions);
   if (ret)
      return ret;
   ret = posix_spawnattr_init(&attr);
   if (!ret) {
      posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
      posix_spawn_file_actions_adddup2(&actions, out, 1);
      posix_spawn_file_actions_adddup2(&actions, err, 2);
      ret = posix_spawn(pid, argv[0], &actions, &attr, argv, env);
      posix_spawnattr_destroy(&attr);
   }
   posix_spawn_file_actions_destroy(&actions);
   return ret;
}

static bool make_pipe(int ends[2])
{
   if (pipe(ends))
      return false;
   fcntl(ends[0], F_SETFD, FD_CLOEXEC);
   fcntl(ends[1], F_SETFD, FD_CLOEXEC);
   return true;
}

// Appends what is there to read; what does not fit is read all the same. False at the end.
static bool drain(int fd, char *text, size_t size, size_t *used)
{
   char block[4096];
   ssize_t n = read(fd, block, sizeof(block));
   if (n <= 0)
      return n < 0 && errno == EINTR;
   size_t take = size - 1 - *used < (size_t)n ? size - 1 - *used : (size_t)n;
   memcpy(text + *used, block, take);
   *used += take;
   text[*used] = '\0';
   return true;
}

static int milliseconds_until(const struct timespec *end)
{
   struct timespec now;
   clock_gettime(CLOCK_MONOTONIC, &now);
   long long ms = (end->tv_sec - now.tv_sec) * 1000ll + (end->tv_nsec - now.tv_nsec) / 1000000;
   return ms > 0 ? (int)ms : 0;
}

// Reads both pipes until they are closed. False when time was up before.
static bool listen_to(int out, int err, struct doctor_survey *survey, char *said, size_t said_size)
{
   struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
   size_t used[2] = {0};
   struct timespec end;
   clock_gettime(CLOCK_MONOTONIC, &end);
   end.tv_sec += DEADLINE;
   while (fds[0].fd >= 0 || fds[1].fd >= 0) {
      int n = poll(fds, 2, milliseconds_until(&end));
      if (n == 0)
         return false;
      if (n > 0 && fds[0].revents && !drain(out, survey->out, sizeof(survey->out), &used[0]))
         fds[0].fd = -1;
      if (n > 0 && fds[1].revents && !drain(err, said, said_size, &used[1]))
         fds[1].fd = -1;
   }
   return true;
}

static void keep_last_line(const char *said, struct doctor_survey *survey)
{
   size_t n = strlen(said);
   while (n && said[n - 1] == '\n')
      n--;
   size_t start = n;
   while (start && said[start - 1] != '\n')
      start--;
   const char *line = said + start, *prefix = "pearvisor: ";
   if (n - start > strlen(prefix) && !strncmp(line, prefix, strlen(prefix)))
      line += strlen(prefix);
   snprintf(survey->last, sizeof(survey->last), "%.*s", (int)(said + n - line), line);
}

bool doctor_send(const char *const *arguments, const char *const *changes, struct doctor_survey *out)
{
   char **argv = full_arguments(arguments), **env = changed_environment(changes);
   static char said[65536];
   int to_out[2] = {-1, -1}, to_err[2] = {-1, -1};
   pid_t pid = -1;
   *out = (struct doctor_survey){.status = -1};
   said[0] = '\0';
   bool started = argv && argv[0] && env && make_pipe(to_out) && make_pipe(to_err) &&
                  !spawn(argv, env, to_out[1], to_err[1], &pid);
   close(to_out[1]);
   close(to_err[1]);
   if (started) {
      out->hung = !listen_to(to_out[0], to_err[0], out, said, sizeof(said));
      if (out->hung)
         kill(-pid, SIGKILL);
      while (waitpid(pid, &out->status, 0) < 0 && errno == EINTR)
         ;
      keep_last_line(said, out);
   }
   close(to_out[0]);
   close(to_err[0]);
   free(argv ? argv[0] : NULL);
   free(argv);
   free(env);
   return started;
}

size_t doctor_add_choice(const struct cli_settings *settings, const char **arguments, size_t n)
{
   const char *const options[][2] = {{"--gpu", settings->gpu}, {"--driver", settings->driver}};
   for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
      if (!options[i][1])
         continue;
      arguments[n++] = options[i][0];
      arguments[n++] = options[i][1];
   }
   return n;
}

bool doctor_went_well(const struct doctor_survey *survey)
{
   return !survey->hung && WIFEXITED(survey->status) && WEXITSTATUS(survey->status) == 0;
}

void doctor_why(const struct doctor_survey *survey, char *out, size_t size)
{
   if (survey->hung)
      snprintf(out, size, "did not answer within %d seconds", DEADLINE);
   else if (WIFSIGNALED(survey->status))
      snprintf(out, size, "crashed (signal %d)", WTERMSIG(survey->status));
   else
      snprintf(out, size, "failed: %s", survey->last[0] ? survey->last : "it did not say why");
}

bool doctor_next_device(const char **at, struct doctor_device *out)
{
   int swapchain = 0, n = 0;
   *out = (struct doctor_device){0};
   if (sscanf(*at, "%u\t%u\t%u\t%u\t%d\t%d\t%n", &out->api_major, &out->api_minor, &out->type, &out->driver_id,
              &out->device_result, &swapchain, &n) < 6)
      return false;
   out->swapchain = swapchain;
   char *const fields[] = {out->name, out->driver, out->driver_info};
   const char *p = *at + n;
   for (size_t i = 0; i < 3; i++) {
      size_t length = strcspn(p, "\t\n");
      snprintf(fields[i], sizeof(out->name), "%.*s", (int)length, p);
      p += length;
      p += *p == '\t';
   }
   *at = *p ? p + 1 : p;
   return true;
}
