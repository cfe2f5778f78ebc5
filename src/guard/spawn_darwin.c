// SPDX-License-Identifier: MIT
//
// There are no namespaces here.
#include "guard/spawn.h"

#include <errno.h>

int pv_spawn_isolated(const struct pv_spawn *spawn, pid_t *out)
{
   (void)spawn;
   (void)out;
   return -ENOTSUP;
}
