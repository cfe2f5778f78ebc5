// SPDX-License-Identifier: MIT
//
// The broker: accepts clients and gives each a worker process. It never loads a Vulkan driver and never reads a
// client's bytes, so nothing a guest sends can hurt it. One thread, one poll: the socket, the stop event, a lifeline
// per worker.
#include "pearvisor/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "core/renderer.h"
#include "front/listen.h"
#include "guard/guard.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // there the socket has SO_NOSIGPIPE
#endif

#define DEFAULT_CLIENTS 64u
#define MAX_CLIENTS     65536u
#define NS_PER_MS       UINT64_C(1000000)
#define GRACE_NS        (2000 * NS_PER_MS) // between asking a worker to leave and ending it
#define RETRY_NS        (100 * NS_PER_MS)  // after accept failed for want of something
#define REAP_NS         (2 * NS_PER_MS)    // a process closes its descriptors a moment before it can be reaped

struct client {
   struct pv_worker worker;
   uint64_t number;
   int fd;            // its connection, which must not end before it was told that its worker died
   bool gone;         // its lifeline ended, it is about to be reapable
   uint64_t patience; // how long that may take: a worker gone wrong may have closed it and stay
};

struct pv_server {
   struct pv_listener listener;
   int stop[2];
   char **argv; // of a worker; the last argument before NULL is its client's number, filled in for each
   uint32_t max_clients, count;
   bool isolated;
   struct client *clients; // `count` of them
   struct pollfd *fds;     // listener, stop, lifelines in the order of `clients`
   uint64_t number;        // of the last client
   uint64_t accept_after;  // pv_now() time before which we do not accept
   bool starved;           // the last accept failed, which was logged
};

// The worker's arguments: the caller's, and what only we know.
static char **worker_argv(const struct pv_server_params *params)
{
   size_t n = 0, given;
   while (params->worker[n])
      n++;
   given = n;
   char **argv = calloc(n + 7, sizeof(*argv));
   if (!argv)
      return NULL;
   const char *extra[] = {"--fd", "3", "--stats", params->stats_file};
   _Static_assert(PV_GUARD_FD == 3, "spelled out above");
   for (size_t i = 0; i < given; i++)
      argv[i] = strdup(params->worker[i]);
   for (size_t i = 0; i < (params->stats_file ? 4 : 2); i++)
      argv[n++] = strdup(extra[i]);
   argv[n++] = strdup("--client");
   argv[n++] = calloc(1, 24);
   for (size_t i = 0; i < n; i++) {
      if (argv[i])
         continue;
      for (size_t k = 0; k < n; k++)
         free(argv[k]);
      free(argv);
      return NULL;
   }
   return argv;
}

static void free_argv(char **argv)
{
   for (char **p = argv; p && *p; p++)
      free(*p);
   free(argv);
}

static int check_params(const struct pv_server_params *params)
{
   const char *why = !params                                 ? "no parameters"
                     : !params->socket || !*params->socket   ? "no socket path"
                     : !params->worker || !params->worker[0] ? "no command that starts a worker"
                     : params->max_clients > MAX_CLIENTS     ? "more than 65536 clients"
                     : params->socket_mode & ~0777u          ? "a socket mode that is not of permission bits"
                                                             : NULL;
   if (!why)
      return 0;
   pv_error("cannot create a server: %s", why);
   return -EINVAL;
}

int pv_server_create(const struct pv_server_params *params, pv_server **out)
{
   int ret = check_params(params);
   if (ret || !out)
      return ret ? ret : -EINVAL;
   struct pv_server *server = calloc(1, sizeof(*server));
   if (!server)
      return -ENOMEM;
   server->listener.fd = server->stop[0] = server->stop[1] = -1;
   server->isolated = params->isolated;
   server->max_clients = params->max_clients ? params->max_clients : DEFAULT_CLIENTS;
   server->argv = worker_argv(params);
   server->clients = calloc(server->max_clients, sizeof(*server->clients));
   server->fds = calloc(server->max_clients + 2, sizeof(*server->fds));
   ret = server->argv && server->clients && server->fds ? pv_event_create(server->stop) : -ENOMEM;
   if (!ret)
      ret = pv_listener_open(&server->listener, params->socket, params->socket_mode ? params->socket_mode : 0600);
   if (ret)
      pv_server_destroy(&server);
   *out = server;
   return ret;
}

static const char *command_name(uint32_t id)
{
   const struct pv_protocol_entry *table;
   size_t n = pv_core_protocol(&table);
   for (size_t i = 0; i < n; i++) {
      if (table[i].id == id)
         return table[i].name;
   }
   return "no known command";
}

// Where a worker had got to. What it noted is only read and shown: it may be anything.
static void log_notes(const struct client *client, int level)
{
   const struct pv_note *notes = client->worker.page->notes;
   char text[900] = "";
   size_t at = 0;
   for (uint32_t i = 0; i < PV_NOTES && at < sizeof(text); i++) {
      uint32_t stream = (i + 1) % PV_NOTES; // rings first, the control path last
      uint64_t offset, note = atomic_load_explicit(&notes[stream].at, memory_order_relaxed);
      if (!note)
         continue;
      const char *name = command_name(pv_note_read(note, &offset));
      at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s at byte %llu of ", at ? ", " : "", name,
                             (unsigned long long)offset);
      if (at < sizeof(text))
         at += (size_t)(stream ? snprintf(text + at, sizeof(text) - at, "ring %u", stream)
                               : snprintf(text + at, sizeof(text) - at, "the control path"));
   }
   if (at)
      pv_log(level, "client %llu: last commands: %s", (unsigned long long)client->number, text);
}

static void log_end(const struct client *client, int status)
{
   unsigned long long number = client->number;
   if (WIFSIGNALED(status))
      pv_error("client %llu: worker pid %d died of signal %d (%s); other clients are not affected", number,
               (int)client->worker.pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
   else if (WEXITSTATUS(status)) // the worker has said why
      pv_info("client %llu: worker pid %d ended with status %d", number, (int)client->worker.pid, WEXITSTATUS(status));
   else
      pv_info("client %llu: left", number);
   log_notes(client, WIFSIGNALED(status) ? PV_LOG_ERROR : PV_LOG_INFO);
}

// A client must learn of its worker's end, whatever it waits for. Its rings say FATAL from now on. A stock driver that
// waits for an answer does not understand the end of the stream and would read for ever; any bytes will do for an
// answer, and its next request fails.
static void tell_end(struct client *client, int status)
{
   static const char anything[4096];
   pv_guard_execute_wills(&client->worker);
   if (WIFSIGNALED(status) && send(client->fd, anything, sizeof(anything), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
      pv_debug("client %llu: nobody is left to be told", (unsigned long long)client->number);
   close(client->fd);
}

// Removes the workers that are gone. True if one is about to be.
static bool reap(struct pv_server *server)
{
   bool soon = false;
   for (uint32_t i = 0; i < server->count;) {
      struct client *client = &server->clients[i];
      int status;
      if (!client->gone || !pv_guard_reap(&client->worker, &status)) {
         soon |= client->gone;
         if (client->gone && pv_now() >= client->patience)
            pv_guard_kill(&client->worker);
         i++;
         continue;
      }
      log_end(client, status);
      tell_end(client, status);
      pv_guard_forget(&client->worker);
      *client = server->clients[--server->count];
   }
   return soon;
}

static void start_worker(struct pv_server *server, int fd)
{
   unsigned long long number = ++server->number;
   if (server->count == server->max_clients) {
      pv_warn("client %llu is refused: %u clients are connected already, as many as allowed", number, server->count);
      return;
   }
   size_t last = 0;
   while (server->argv[last + 1])
      last++;
   snprintf(server->argv[last], 24, "%llu", number);
   struct client client = {.number = number, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)};
   int ret =
       client.fd < 0 ? -errno : pv_guard_spawn((const char *const *)server->argv, fd, server->isolated, &client.worker);
   if (ret) {
      if (client.fd >= 0)
         close(client.fd);
      pv_error("client %llu is refused: cannot start %s: %s", number, server->argv[0], strerror(-ret));
      return;
   }
   server->clients[server->count++] = client;
   pv_info("client %llu: worker pid %d", number, (int)client.worker.pid);
}

static void accept_client(struct pv_server *server)
{
   int fd = accept(server->listener.fd, NULL, NULL);
   if (fd >= 0) {
      server->starved = false;
      fcntl(fd, F_SETFD, FD_CLOEXEC);
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK); // some systems hand the listener's flag on
      start_worker(server, fd);
      close(fd);
      return;
   }
   if (errno == EINTR || errno == EAGAIN || errno == ECONNABORTED)
      return;
   if (!server->starved)
      pv_error("cannot accept a client: %s; it waits until that is over", strerror(errno));
   server->starved = true;
   server->accept_after = pv_now() + RETRY_NS;
}

// Waits for something to happen, at most until `deadline`, and notes which workers are gone. The descriptors may be -1.
// True: the listener is ready.
static bool wait_for_events(struct pv_server *server, int listener, int stop, uint64_t deadline)
{
   struct pollfd *fds = server->fds;
   fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
   fds[1] = (struct pollfd){.fd = stop, .events = POLLIN};
   for (uint32_t i = 0; i < server->count; i++) {
      const struct client *client = &server->clients[i];
      fds[i + 2] = (struct pollfd){.fd = client->gone ? -1 : client->worker.lifeline, .events = POLLIN};
   }
   uint64_t now = pv_now();
   int timeout = deadline == PV_NEVER ? -1 : deadline <= now ? 0 : (int)((deadline - now) / NS_PER_MS + 1);
   if (poll(fds, server->count + 2, timeout) <= 0)
      return false;
   for (uint32_t i = 0; i < server->count; i++) {
      struct client *client = &server->clients[i];
      if (fds[i + 2].revents && pv_guard_hear(&client->worker)) {
         client->gone = true;
         client->patience = pv_now() + GRACE_NS;
      }
   }
   return fds[0].revents != 0;
}

static bool stopped(const struct pv_server *server)
{
   struct pollfd fd = {.fd = server->stop[0], .events = POLLIN};
   return poll(&fd, 1, 0) > 0;
}

static void end_workers(struct pv_server *server)
{
   uint64_t deadline = pv_now() + GRACE_NS;
   for (uint32_t i = 0; i < server->count; i++)
      pv_guard_ask(&server->clients[i].worker);
   while (server->count) {
      bool soon = reap(server);
      uint64_t now = pv_now();
      if (now >= deadline) {
         for (uint32_t i = 0; i < server->count; i++)
            pv_guard_kill(&server->clients[i].worker);
         deadline = now + GRACE_NS;
      }
      if (server->count)
         wait_for_events(server, -1, -1, soon ? now + REAP_NS : deadline);
   }
}

int pv_server_run(pv_server *server)
{
   if (!server)
      return -EINVAL;
   while (!stopped(server)) {
      bool soon = reap(server);
      uint64_t now = pv_now();
      bool accepting = now >= server->accept_after;
      uint64_t deadline = soon ? now + REAP_NS : accepting ? PV_NEVER : server->accept_after;
      if (wait_for_events(server, accepting ? server->listener.fd : -1, server->stop[0], deadline))
         accept_client(server);
   }
   pv_listener_close(&server->listener);
   end_workers(server);
   return 0;
}

void pv_server_stop(pv_server *server)
{
   int saved = errno;
   if (server)
      pv_event_signal(server->stop);
   errno = saved;
}

void pv_server_destroy(pv_server **where)
{
   struct pv_server *server = where ? *where : NULL;
   if (!server)
      return;
   *where = NULL;
   pv_listener_close(&server->listener);
   end_workers(server);
   for (int i = 0; i < 2; i++) {
      if (server->stop[i] >= 0 && (i == 0 || server->stop[1] != server->stop[0]))
         close(server->stop[i]);
   }
   free_argv(server->argv);
   free(server->clients);
   free(server->fds);
   free(server);
}
