// SPDX-License-Identifier: MIT
//
// Guard: worker processes. A host driver that crashes must take one guest with it and nobody else, so each client gets
// a process of its own. Workers are started with exec, never by a bare fork: a Vulkan driver does not survive one.
//
// A worker and its parent hold the two ends of a lifeline, a socket pair nobody writes to. The parent sees the end of a
// worker as end of file on its side; a worker sees the parent leave, or ask it to, as end of file on its own.
//
// Results are 0 or -errno. Not thread-safe for one worker; different workers are independent.
#ifndef PV_GUARD_GUARD_H
#define PV_GUARD_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#define PV_GUARD_FD 3 // where a worker finds the descriptor it was given

struct pv_worker {
   pid_t pid;
   int lifeline; // readable (end of file) once the worker is gone; -1 when closed
};

// Starts argv[0] (a path) with `fd` as its descriptor PV_GUARD_FD and every other descriptor above 2 closed; `fd` stays
// the caller's. Standard input is /dev/null, standard output goes where standard error goes: what a driver prints must
// not end up in the data of whoever started us. The worker keeps our environment, and with it the choice of the host
// driver, less what would make it a guest itself.
int pv_guard_spawn(const char *const *argv, int fd, struct pv_worker *out);

// Asks the worker to leave, by ending the lifeline. Does not wait.
void pv_guard_ask(const struct pv_worker *worker);

// Ends the worker without asking.
void pv_guard_kill(const struct pv_worker *worker);

// True once the worker is gone; *status is then as waitpid has it (0 if somebody else reaped it). Closes the lifeline.
// Never blocks.
bool pv_guard_reap(struct pv_worker *worker, int *status);

// The worker's side, once at its start: binds its life to the parent's and returns its end of the lifeline (the
// caller's to poll, readable when it is time to leave), or -1 if no guard started this process.
int pv_guard_tether(void);

#endif
