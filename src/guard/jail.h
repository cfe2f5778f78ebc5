// SPDX-License-Identifier: MIT
//
// The jail of a worker: what a client who has taken over its worker can still reach. A worker puts itself in, in two
// steps: before there is a driver or a second thread, and again, tighter, once the driver is up.
#ifndef PV_GUARD_JAIL_H
#define PV_GUARD_JAIL_H

#include <stdbool.h>

struct pv_jail_params {
   const char *sandbox; // "strict", "default", "off" or "sanitizer"; NULL: $PEARVISOR_SANDBOX, else default
   const char *driver;  // a driver library that will be loaded, or NULL
   const char *record;  // a folder that will be written to, or NULL
   const char *stats;   // a file that will be appended to, or NULL; it is made if it is not there
   bool trial;          // this process only finds out what a worker could have
   bool announce;       // say what holds and what does not, at the log's level "warn" if something does not
};

// The first step. The process must have one thread and no driver. -EINVAL: no such sandbox; -EPERM: strict, and
// something cannot be applied; either was logged.
int pv_jail_enter(const struct pv_jail_params *params);

// The second step, for every thread there is: no programs, no sockets, no processes. Does nothing unless pv_jail_enter
// was called and meant it. -EPERM as above.
int pv_jail_tighten(void);

#endif
