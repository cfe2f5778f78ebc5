// SPDX-License-Identifier: MIT
//
// Inside guard/: starting a worker's process.
#ifndef PV_GUARD_SPAWN_H
#define PV_GUARD_SPAWN_H

#include <sys/types.h>

#include "guard/guard.h"

#define PV_SPAWN_FDS 3 // from PV_GUARD_FD on

// What to start. The descriptors lie above the numbers that they will have.
struct pv_spawn {
   const char *const *argv; // [0] a path
   char *const *env;
   int fds[PV_SPAWN_FDS];
};

// Starts it as process 1 of a PID namespace of its own, with all signals at their defaults, in its own process group
// and without any other descriptor of ours; where the system has user namespaces, in one of those as well, in which it
// is who we are. -errno, and nothing was started: -ENOTSUP, or -EPERM and others if the system does not permit it.
int pv_spawn_isolated(const struct pv_spawn *spawn, pid_t *out);

// In a new user namespace: lets this process be who it was, so that files and devices stay as reachable as they were.
// The ids must be those of before. Linux only. 0 or -errno.
int pv_map_ids(uid_t uid, gid_t gid);

#endif
