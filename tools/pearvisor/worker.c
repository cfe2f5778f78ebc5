// SPDX-License-Identifier: MIT
//
// pearvisor worker: what the server starts for each client, and what `serve` and `run` start once to see whether it can
// work.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli.h"
#include <pearvisor/info.h>

// The log of many workers ends up in one place: each line says whose it is.
static void log_line(void *data, int level, const char *line)
{
   fprintf(stderr, "pearvisor: client %s: %s\n", (const char *)data, line);
}

// First of all, while this process has one thread and no driver.
static int jail(const struct cli_settings *settings)
{
   return pv_worker_jail(&(struct pv_sandbox_params){.sandbox = settings->sandbox,
                                                     .driver = settings->driver,
                                                     .record = settings->record,
                                                     .stats = settings->stats,
                                                     .trial = settings->probe,
                                                     .announce = settings->probe || settings->vm});
}

// A driver that runs out of memory may crash, and most do; the probe finds out whether it can start at all. What guests
// share with us does not count.
static int limit_memory(const struct cli_settings *settings)
{
   const rlim_t bytes = (rlim_t)settings->host_memory_bytes;
   if (!bytes || !setrlimit(RLIMIT_DATA, &(struct rlimit){bytes, bytes}))
      return 0;
   return cli_fail("host memory cannot be limited to %s: %s", settings->host_memory, strerror(errno));
}

static int probe(const struct cli_settings *settings)
{
   const struct pv_renderer_params params = cli_renderer_params(settings);
   pv_renderer *renderer;
   cli_host_environment();
   int ret = pv_renderer_create(&params, &renderer);
   if (ret)
      return CLI_FAILURE;
   size_t gpus = pv_renderer_gpus(renderer, NULL, 0);
   pv_renderer_destroy(&renderer);
   return gpus ? CLI_OK : cli_fail("the host's Vulkan driver presents no GPU for guests: see 'pearvisor info'");
}

int cli_worker(const struct cli_settings *settings)
{
   if (settings->probe)
      return limit_memory(settings) || jail(settings) ? CLI_FAILURE : probe(settings);
   if (settings->fd < 0) {
      fprintf(stderr, "pearvisor worker: --fd is missing; workers are started by 'pearvisor serve'\n");
      return CLI_USAGE;
   }
   if (settings->client)
      pv_set_log(log_line, (void *)settings->client, settings->level);
   if (limit_memory(settings) || jail(settings))
      return CLI_FAILURE;
   struct pv_renderer_params params = cli_renderer_params(settings);
   char record[PATH_MAX];
   if (settings->record) {
      snprintf(record, sizeof(record), "%s/client-%s.pvrec", settings->record,
               settings->client ? settings->client : "0");
      params.record = record;
   }
   if (settings->vm)
      return pv_vm_worker_run(settings->fd, &params) ? CLI_FAILURE : CLI_OK;
   return pv_worker_run(settings->fd, &params, settings->stats) ? CLI_FAILURE : CLI_OK;
}
