// SPDX-License-Identifier: MIT
//
// The capture tap: what a context executes, appended to a file (base/record.h) in an order that can be replayed.
//
// A command is written once it is decoded and before anything happens, so a recording of a driver that crashed holds
// the command that did it; and a command that uses an object always comes after the one that made it, whatever ring
// they came from.
#ifndef PV_CORE_CAPTURE_H
#define PV_CORE_CAPTURE_H

#include <stdint.h>

struct pv_exec;
struct pv_capture;

// Creates (or replaces) the file. On failure one log line and -errno.
int pv_capture_open(const char *path, struct pv_capture **out);
// Writes the end mark. Accepts NULL, nulls.
void pv_capture_close(struct pv_capture **capture);

// Thread-safe. After a failed write the recording ends, with one log line; the guest does not notice.
void pv_capture_command(struct pv_capture *capture, struct pv_exec *x);
void pv_capture_resource(struct pv_capture *capture, uint32_t type, uint32_t resource, uint64_t blob_id, uint64_t size,
                         uint32_t flags);

#endif
