// SPDX-License-Identifier: MIT
//
// Replaying what pv_renderer_params.record wrote: the same commands once more, without the guest. Rules as in
// renderer.h.
//
// A recording holds the commands and which shared memory there was, not what the memory contained: shaders and copies
// run on zeros, and addresses that a guest computed from its GPU's answers are those of the recorded run. What ran on
// several rings runs in one order, that in which it began.
#ifndef PEARVISOR_REPLAY_H
#define PEARVISOR_REPLAY_H

#include <pearvisor/renderer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pv_replay {
   uint64_t commands;   // executed
   uint64_t transport;  // skipped: rings, windows and sequence numbers of the recorded run
   uint64_t resources;  // made
   enum pv_state state; // the context's at the end
};

// Replays `file` on a renderer of its own (params: driver, gpu and limits are used; NULL: the defaults). 0 if
// everything was executed and the context is alive; else one log line has said why, *out (may be NULL) how far it came:
// -EBADMSG a damaged or foreign file, -ENODATA a recording that was cut off (what is there was replayed), -EPROTO the
// context is over or lost, -ETIMEDOUT a command waits for something that was not recorded.
PV_API int pv_replay(const char *file, const struct pv_renderer_params *params, struct pv_replay *out);

#ifdef __cplusplus
}
#endif
#endif
