// SPDX-License-Identifier: MIT
//
// pearvisor replay
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include <pearvisor/replay.h>

int cli_replay(const struct cli_settings *settings)
{
   static const char *const states[] = {"alive", "lost", "over"};
   const struct pv_renderer_params params = cli_renderer_params(settings);
   struct pv_replay done;
   if (!settings->rest[0] || settings->rest[1]) {
      fprintf(stderr, "pearvisor replay: %s (see 'pearvisor replay --help')\n",
              settings->rest[0] ? "one recording at a time" : "a recording is missing");
      return CLI_USAGE;
   }
   cli_host_environment();
   int error = pv_replay(settings->rest[0], &params, &done);
   printf("%" PRIu64 " commands replayed, %" PRIu64 " of the transport skipped, %" PRIu64
          " resources made; the context is %s\n",
          done.commands, done.transport, done.resources, states[done.state]);
   return error ? CLI_FAILURE : CLI_OK;
}
