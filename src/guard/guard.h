// SPDX-License-Identifier: MIT
//
// Guard: worker processes. A host driver that crashes must take one guest with it and nobody else, so each client gets
// a process of its own. Workers are started with exec, never by a bare fork: a Vulkan driver does not survive one.
//
// A worker and its parent hold the two ends of a lifeline, a socket pair. The parent sees the end of a worker as end of
// file on its side; a worker sees the parent leave, or ask it to, as end of file on its own. All that ever goes through
// it are a worker's last wills: words to be written into memory that it shares with its client, should it die.
//
// They also share some memory, which outlives the worker: what it noted there last can still be read, and what it had
// promised its client to write can still be written.
//
// Results are 0 or -errno. Not thread-safe for one worker; different workers are independent.
#ifndef PV_GUARD_GUARD_H
#define PV_GUARD_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/renderer.h"
#include "guard/jail.h"

#define PV_GUARD_FD 3 // where a worker finds the descriptor it was given

// Memory shared with a worker. The server believes nothing that it finds there.
struct pv_guard_page {
   struct pv_note notes[PV_NOTES];
   struct pv_promise promises[PV_PROMISES];
};

// An isolated worker that a signal ends says so by its exit status, this and the signal's number: it may be process 1
// of a PID namespace, which cannot die of most signals.
#define PV_GUARD_SIGNAL 128

// A will that was accepted.
struct pv_held_will {
   struct pv_will will; // its fd is ours
   uint64_t size, file; // bytes there are behind it, and which file it is
};

struct pv_worker {
   pid_t pid;
   bool isolated;
   int lifeline;               // readable (end of file) once the worker is gone; -1 when closed
   struct pv_guard_page *page; // zeroed before the worker starts
   struct pv_held_will *wills;
   uint32_t will_count;
};

// Starts argv[0] (a path) with `fd` as its descriptor PV_GUARD_FD and every other descriptor above 2 closed; `fd` stays
// the caller's. Standard input is /dev/null, standard output goes where standard error goes: what a driver prints must
// not end up in the data of whoever started us. The worker keeps our environment, and with it the choice of the host
// driver, less what would make it a guest itself. `isolated`: as far as the system permits, it starts in a user and a
// PID namespace of its own, which the jail expects, and of the environment it gets only what drivers look at.
int pv_guard_spawn(const char *const *argv, int fd, bool isolated, struct pv_worker *out);

// Asks the worker to leave, by ending the lifeline. Does not wait.
void pv_guard_ask(const struct pv_worker *worker);

// Ends the worker without asking.
void pv_guard_kill(const struct pv_worker *worker);

// True once the worker is gone; *status is then as waitpid has it (0 if somebody else reaped it). Closes the lifeline;
// the page stays until pv_guard_forget. Never blocks.
bool pv_guard_reap(struct pv_worker *worker, int *status);

// To be called when the lifeline is readable: takes what the worker left with us. True once the worker is gone, or as
// good as that. Never blocks.
bool pv_guard_hear(struct pv_worker *worker);

// Writes what a dead worker wanted written, and what it had promised to write: its client, whatever it waits for, goes
// on and learns of the end. The wills stay until pv_guard_forget.
void pv_guard_execute_wills(const struct pv_worker *worker);
void pv_guard_drop_wills(struct pv_worker *worker);

// Frees what is left of a worker that was reaped, its wills too.
void pv_guard_forget(struct pv_worker *worker);

// The worker's side, once at its start: binds its life to the parent's and returns its end of the lifeline (the
// caller's to poll, readable when it is time to leave), or -1 if no guard started this process. *page: the shared page,
// NULL if there is none; it stays for the life of the process.
int pv_guard_tether(struct pv_guard_page **page);

// The worker's side: leaves a will, or revokes one.
int pv_guard_will(int lifeline, const struct pv_will *will);

// The worker's side, after pv_guard_tether: the thread that started us may end before its process does. Only the
// lifeline binds us from now on, and somebody must watch it.
void pv_guard_loosen(void);

#endif
