// SPDX-License-Identifier: MIT
//
// pearvisor serve
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cli.h"

static pv_server *volatile running;

static void stop(int sig)
{
   pv_server_stop(running);
}

// From here on the usual signals end the server in order: with its socket removed and its workers gone.
static void watch_signals(void)
{
   static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
   struct sigaction old, action = {.sa_handler = stop, .sa_flags = SA_RESTART};
   sigemptyset(&action.sa_mask);
   for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++) {
      if (!sigaction(ending[i], NULL, &old) && old.sa_handler != SIG_IGN) // nohup
         sigaction(ending[i], &action, NULL);
   }
}

// No signal may come between the socket's making and our knowing whom to stop.
static pv_server *make_server(const struct cli_settings *settings, const char *socket)
{
   sigset_t all, before;
   sigfillset(&all);
   sigprocmask(SIG_BLOCK, &all, &before);
   running = cli_make_server(settings, socket);
   watch_signals();
   sigprocmask(SIG_SETMASK, &before, NULL);
   return running;
}

// The server has a descriptor per client; the usual limit is for programs with a few.
static void raise_fd_limit(void)
{
   struct rlimit limit;
   if (getrlimit(RLIMIT_NOFILE, &limit))
      return;
   limit.rlim_cur = limit.rlim_max;
   setrlimit(RLIMIT_NOFILE, &limit);
}

int cli_serve(const struct cli_settings *settings)
{
   const char *socket = settings->socket ? settings->socket : cli_default_socket();
   raise_fd_limit();
   pv_server *server = make_server(settings, socket);
   if (!server)
      return CLI_FAILURE;
   int status = cli_probe(settings) ? CLI_OK : CLI_FAILURE;
   if (!status) {
      fprintf(stderr, "pearvisor: listening on %s\n", socket);
      pv_server_run(server);
   }
   running = NULL;
   pv_server_destroy(&server);
   return status;
}
