// SPDX-License-Identifier: MIT
//
// A worker: one process, one client, from its first byte to its last.
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "front/stats.h"
#include "front/vtest.h"
#include "guard/guard.h"
#include "pearvisor/server.h"

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
      .limits = {.memory = params->limits.memory_bytes,
                 .objects = params->limits.objects,
                 .rings = params->limits.rings},
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
   int lifeline = pv_guard_tether();
   raise_fd_limit();
   const struct pv_core_params core = core_params(params);
   struct pv_vtest *vtest = pv_vtest_create(fd, lifeline, &core);
   if (!vtest)
      return -ENOMEM;
   ret = pv_vtest_serve(vtest);
   // Before the objects are destroyed, which takes as long as the GPU is busy. Clients that never came to a context did
   // nothing.
   if (stats_file && pv_vtest_context(vtest))
      pv_stats_append(stats_file, pv_vtest_name(vtest), pv_vtest_core(vtest), pv_vtest_context(vtest));
   pv_vtest_destroy(&vtest);
   return ret;
}
