// SPDX-License-Identifier: MIT
//
// Stats: what one client did, as one line of JSON appended to a file that several workers may write to.
#ifndef PV_FRONT_STATS_H
#define PV_FRONT_STATS_H

#include "core/renderer.h"

// Appends the line. `core` and `ctx` may be NULL. 0 or -errno; a failure was logged.
int pv_stats_append(const char *path, const char *client, const struct pv_core *core,
                    const struct pv_context_core *ctx);

#endif
