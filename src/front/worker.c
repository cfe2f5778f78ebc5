// SPDX-License-Identifier: MIT
//
// A worker: one process, one client, from its first byte to its last.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/cache.h"
#include "front/limits.h"
#include "front/stats.h"
#include "front/vm.h"
#include "front/vtest.h"
#include "guard/guard.h"
#include "pearvisor/server.h"

// From the moment its client is gone a worker has so long to end what it is in: a wait on the control path, the GPU's
// last work, a driver's own end. A guest that leaves something behind which never ends must not keep a worker for ever.
#define LAST_MS 10000

struct watch {
   int client;     // the connection; not looked at any more once `leaving` was signalled
   int leaving[2]; // events: the conversation is over,
   int through[2]; // and all of it is cleaned up
   pthread_t thread;
};

static void *watch_main(void *user)
{
   const struct watch *watch = user;
   // POLLHUP comes unasked.
   struct pollfd gone[2] = {{.fd = watch->leaving[0], .events = POLLIN}, {.fd = watch->client}};
   struct pollfd through = {.fd = watch->through[0], .events = POLLIN};
   int n;
   pv_thread_name("pv-watch");
   while (poll(gone, 2, -1) < 0 && errno == EINTR)
      ;
   while ((n = poll(&through, 1, LAST_MS)) < 0 && errno == EINTR)
      ;
   if (!n) {
      pv_warn("the client is gone, but what it left behind does not end: the worker ends with it");
      _exit(0); // not exit: the driver's own end may be what hangs
   }
   return NULL;
}

static void close_event(int fds[2])
{
   close(fds[0]);
   if (fds[1] != fds[0])
      close(fds[1]);
}

static int watch_start(struct watch *watch, int fd)
{
   watch->client = fd;
   int ret = pv_event_create(watch->leaving);
   if (ret)
      return ret;
   ret = pv_event_create(watch->through);
   if (ret)
      goto close_leaving;
   ret = pv_thread_start(&watch->thread, watch_main, watch);
   if (!ret)
      return 0;
   close_event(watch->through);
close_leaving:
   close_event(watch->leaving);
   return ret;
}

static void watch_end(struct watch *watch)
{
   pv_event_signal(watch->leaving);
   pv_event_signal(watch->through);
   pthread_join(watch->thread, NULL);
   close_event(watch->leaving);
   close_event(watch->through);
}

// Blobs and waits are descriptors, and a guest may have thousands; the limits of an interactive shell are for select().
static void raise_fd_limit(void)
{
   struct rlimit limit;
   if (getrlimit(RLIMIT_NOFILE, &limit))
      return;
   limit.rlim_cur = limit.rlim_max;
   setrlimit(RLIMIT_NOFILE, &limit);
}

static struct pv_core_params core_params(const struct pv_renderer_params *params)
{
   if (!params)
      return (struct pv_core_params){0};
   return (struct pv_core_params){
      .driver = params->driver,
      .gpu = params->gpu,
      .mask = params->restriction,
      .limits = pv_limits_of(&params->limits),
      .capture = params->record,
   };
}

static int check(int fd, const struct pv_renderer_params *params)
{
   struct sockaddr_storage address;
   socklen_t size = sizeof(address);
   if (getsockname(fd, (struct sockaddr *)&address, &size) || address.ss_family != AF_UNIX) {
      pv_error("descriptor %d is not a unix socket: a worker is started by 'pearvisor serve', not by hand", fd);
      return -ENOTSOCK;
   }
   if (params && params->polled) {
      pv_error("a worker has threads of its own: pv_renderer_params.polled must be false");
      return -EINVAL;
   }
   return 0;
}

// Should we die, the client must learn of it.
static void leave_will(void *user, const struct pv_will *will)
{
   const int *lifeline = user;
   int ret = *lifeline < 0 ? 0 : pv_guard_will(*lifeline, will);
   if (ret)
      pv_debug("the server does not take a last will: %s", strerror(-ret));
}

// Binds us to our parent. What a core of ours is made with; the lifeline is *lifeline, which must live as long.
static struct pv_core_params tether(const struct pv_renderer_params *params, int *lifeline)
{
   struct pv_guard_page *page;
   *lifeline = pv_guard_tether(&page);
   raise_fd_limit();
   struct pv_core_params core = core_params(params);
   core.notes = page ? page->notes : NULL;
   core.promises = page ? page->promises : NULL;
   core.will = leave_will;
   core.will_user = lifeline;
   core.driver_up = pv_jail_tighten;
   return core;
}

int pv_worker_jail(const struct pv_sandbox_params *params)
{
   const struct pv_jail_params jail = {.sandbox = params->sandbox,
                                       .driver = params->driver,
                                       .record = params->record,
                                       .stats = params->stats,
                                       .trial = params->trial,
                                       .announce = params->announce};
   return pv_jail_enter(&jail);
}

int pv_worker_run(int fd, const struct pv_renderer_params *params, const char *stats_file)
{
   int ret = check(fd, params);
   if (ret) {
      close(fd);
      return ret;
   }
#ifdef SO_NOSIGPIPE
   setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
   int lifeline;
   const struct pv_core_params core = tether(params, &lifeline);
   struct watch watch;
   ret = watch_start(&watch, fd);
   if (ret) {
      pv_error("a worker cannot start: %s", strerror(-ret));
      close(fd);
      return ret;
   }
   struct pv_vtest *vtest = pv_vtest_create(fd, lifeline, &core);
   if (!vtest) {
      watch_end(&watch);
      return -ENOMEM;
   }
   ret = pv_vtest_serve(vtest);
   pv_event_signal(watch.leaving);
   // Before the objects are destroyed, which takes as long as the GPU is busy. Clients that never came to a context did
   // nothing.
   if (stats_file && pv_vtest_context(vtest))
      pv_stats_append(stats_file, pv_vtest_name(vtest), pv_vtest_core(vtest), pv_vtest_context(vtest));
   pv_vtest_destroy(&vtest);
   watch_end(&watch);
   return ret;
}

int pv_vm_worker_run(int fd, const struct pv_renderer_params *params)
{
   int ret = check(fd, params);
   if (ret) {
      close(fd);
      return ret;
   }
   int lifeline;
   const struct pv_core_params core = tether(params, &lifeline);
   pv_guard_loosen(); // the VMM's end closes `fd`
   pv_cache_avoid();
   struct watch watch;
   ret = watch_start(&watch, fd);
   if (!ret) {
      ret = pv_vm_serve(fd, &core);
      watch_end(&watch);
   }
   close(fd);
   return ret;
}
