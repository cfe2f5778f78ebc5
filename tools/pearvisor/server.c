// SPDX-License-Identifier: MIT
//
// What `serve` and `run` share: a server whose workers are this very program, and the check that those can work at all.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

extern char **environ;

struct pv_renderer_params cli_renderer_params(const struct cli_settings *settings)
{
   return (struct pv_renderer_params){
      .driver = settings->driver,
      .gpu = settings->gpu,
      .restriction = settings->restriction,
      .limits = {.memory_bytes = settings->memory_bytes,
                 .objects = settings->object_count,
                 .rings = settings->ring_count,
                 .blobs = settings->blob_count,
                 .contexts = settings->context_count},
   };
}

const char *cli_default_socket(void)
{
   static char path[PATH_MAX];
   const char *dir = getenv("XDG_RUNTIME_DIR");
   if (dir && *dir == '/')
      snprintf(path, sizeof(path), "%s/pearvisor.sock", dir);
   else
      snprintf(path, sizeof(path), "/tmp/pearvisor-%u.sock", (unsigned)getuid());
   return path;
}

void cli_host_environment(void)
{
   unsetenv("VN_DEBUG");
   unsetenv("VN_PERF");
   unsetenv("VTEST_SOCKET_NAME");
   setenv("VK_LOADER_LAYERS_DISABLE", "~implicit~", 1);
}

void cli_free_arguments(char **argv)
{
   for (char **p = argv; p && *p; p++)
      free(*p);
   free(argv);
}

char **cli_worker_arguments(const struct cli_settings *settings, bool probe)
{
   const char *const pairs[][2] = {{"--gpu", settings->gpu},
                                   {"--driver", settings->driver},
                                   {"--memory", settings->memory},
                                   {"--host-memory", settings->host_memory},
                                   {"--objects", settings->objects},
                                   {"--blobs", settings->blobs},
                                   {"--rings", settings->rings},
                                   {"--restrict", settings->restriction},
                                   {"--record", settings->record},
                                   {"--sandbox", settings->sandbox},
                                   {"--log-level", cli_levels[settings->level]}};
   size_t n = 0;
   char **argv = calloc(3 + 2 * sizeof(pairs) / sizeof(*pairs) + 1, sizeof(*argv));
   if (!argv)
      return NULL;
   argv[n++] = cli_own_path();
   argv[n++] = strdup("worker");
   if (probe)
      argv[n++] = strdup("--probe");
   for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
      if (!pairs[i][1])
         continue;
      argv[n++] = strdup(pairs[i][0]);
      argv[n++] = strdup(pairs[i][1]);
   }
   for (size_t i = 0; i < n; i++) {
      if (argv[i])
         continue;
      for (size_t k = i + 1; k < n; k++)
         free(argv[k]);
      cli_free_arguments(argv);
      return NULL;
   }
   return argv;
}

static bool probe_failed(int err)
{
   cli_fail("cannot try the renderer: %s", strerror(err));
   return false;
}

bool cli_probe(const struct cli_settings *settings)
{
   posix_spawn_file_actions_t actions;
   char **argv = cli_worker_arguments(settings, true);
   pid_t pid;
   int status;
   if (!argv)
      return probe_failed(ENOMEM);
   int err = posix_spawn_file_actions_init(&actions);
   if (!err) {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
      posix_spawn_file_actions_adddup2(&actions, 2, 1); // drivers talk, and our output is somebody's data
      err = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
      posix_spawn_file_actions_destroy(&actions);
   }
   cli_free_arguments(argv);
   if (err)
      return probe_failed(err);
   while (waitpid(pid, &status, 0) < 0) {
      if (errno != EINTR)
         return probe_failed(errno);
   }
   if (WIFSIGNALED(status))
      cli_fail("the host's Vulkan driver crashed at its start (signal %d): try another one with --gpu or --driver%s",
               WTERMSIG(status), settings->host_memory ? ", or more --host-memory" : "");
   return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Whether the workers will put themselves into a jail: they have settings and environment from us.
static bool jailed(const struct cli_settings *settings)
{
   const char *sandbox = settings->sandbox ? settings->sandbox : getenv("PEARVISOR_SANDBOX");
   return !sandbox || !*sandbox || !strcmp(sandbox, "default") || !strcmp(sandbox, "strict");
}

pv_server *cli_make_server(const struct cli_settings *settings, const char *socket)
{
   pv_server *server = NULL;
   if (settings->record && mkdir(settings->record, 0777) && errno != EEXIST) {
      cli_fail("cannot make the folder %s for recordings: %s", settings->record, strerror(errno));
      return NULL;
   }
   char **argv = cli_worker_arguments(settings, false);
   if (!argv) {
      cli_fail("cannot find this program's own path");
      return NULL;
   }
   const struct pv_server_params params = {
      .socket = socket,
      .socket_mode = settings->socket_mode,
      .worker = (const char *const *)argv,
      .max_clients = settings->max_clients,
      .stats_file = settings->stats,
      .isolated = jailed(settings),
   };
   pv_server_create(&params, &server); // says itself what went wrong
   cli_free_arguments(argv);
   return server;
}
