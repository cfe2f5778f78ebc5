// SPDX-License-Identifier: MIT
//
// The vtest door: a stock Mesa driver's socket conversation, turned into the renderer's verbs. One client per process.
#ifndef PV_FRONT_VTEST_H
#define PV_FRONT_VTEST_H

#include "core/renderer.h"

struct pv_vtest;

// `fd` is the client's connection, taken over; `lifeline` (or -1) turns readable when it is time to leave and stays the
// caller's. The renderer is made once the client has introduced itself. NULL without memory; then `fd` is closed too.
struct pv_vtest *pv_vtest_create(int fd, int lifeline, const struct pv_core_params *params);

// Serves the client until it leaves: 0. -EPROTO: it broke the protocol (one log line says how). Another -errno: we
// failed it.
int pv_vtest_serve(struct pv_vtest *vtest);

// Ends the conversation, if that was not done yet, such that a client which still waits learns of it: its rings turn
// FATAL, its socket calls fail.
void pv_vtest_hang_up(struct pv_vtest *vtest);

// How the client calls itself; the renderer and the context it got, NULL where it did not come that far.
const char *pv_vtest_name(const struct pv_vtest *vtest);
const struct pv_core *pv_vtest_core(const struct pv_vtest *vtest);
const struct pv_context_core *pv_vtest_context(const struct pv_vtest *vtest);

// Hangs up and frees everything; may block for as long as the host's GPU is busy. Accepts NULL, nulls.
void pv_vtest_destroy(struct pv_vtest **vtest);

#endif
