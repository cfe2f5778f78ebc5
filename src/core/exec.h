// SPDX-License-Identifier: MIT
//
// Execution of one command: what the generated thunks (thunks.gen.c) and the hand-written hooks share.
//
//   ring/ or renderer.c -> pv_exec_one: reads type and flags -> pv_thunks[type]
//   thunk (generated): pv_dec_vkX decodes into the arena, ids -> host handles as they are read
//          -> pv_exec_admit -> pv_hook_vkX (stateful) or pv_call_vkX (the host's proc) -> pv_enc_reply_vkX
#ifndef PV_CORE_EXEC_H
#define PV_CORE_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/reader.h"
#include "wire/writer.h"
#include <vulkan/vulkan_core.h>

struct pv_context_core;

#define PV_CMD_REPLY 1u // flags bit: the guest wants a reply

enum pv_exec_state {
   PV_EXEC_RUN,   // go on
   PV_EXEC_WAIT,  // the command waits; nothing was changed, it will be shown again
   PV_EXEC_FATAL, // the context is over
};

struct pv_exec {
   struct pv_reader in;
   const uint8_t *begin; // the command's first byte
   uint32_t cmd, flags;
   enum pv_exec_state state;
   uint64_t retry_ns; // WAIT: pv_now() time to try again
   struct pv_context_core *ctx;
   struct pv_decoder *decoder; // whose command this is: a ring's or the virtqueue's
   struct pv_writer out;
};

// One per command id; NULL where there is none. Generated.
typedef void (*pv_thunk)(struct pv_exec *x);
#define PV_CMD_LIMIT 346
extern const pv_thunk pv_thunks[PV_CMD_LIMIT];

enum pv_admit {
   PV_ADMIT_GO,   // decoded well: execute
   PV_ADMIT_LOST, // the context is lost: pv_drop_vkX, then reply
   PV_ADMIT_STOP, // refused, the context is over: return
};

// After decoding, before anything happens: undecodable -> fatal (STOP); a poisoned handle, or arguments that
// wire/check.c refuses -> lost; lost -> LOST. `forgiving`: the command only destroys, so that a poisoned handle is fine
// (GO; the host must not be called with 0).
enum pv_admit pv_exec_admit(struct pv_exec *x, bool forgiving);

// Checks that `count` new ids are non-zero, unused and distinct; else the context is over and false is returned.
bool pv_exec_claim(struct pv_exec *x, uint32_t count, const uint64_t *ids);

// Files what a create command made: handles[i] under ids[i]. Where result is an error, or handles[i] is 0: with a reply
// wanted nothing is filed (and ids[i] becomes 0 if `array`), without one a poisoned id is filed. `handles` may be NULL
// (nothing was made). `owner` is the device's (or instance's) record.
void pv_exec_file(struct pv_exec *x, uint8_t type, void *owner, uint32_t count, uint64_t *ids, const uint64_t *handles,
                  VkResult result, bool array);

// Takes an id out of the table for a destroy command. False if there is nothing to destroy on the host: id 0, or
// poisoned. An id that another ring removed meanwhile ends the context.
bool pv_exec_unfile(struct pv_exec *x, uint8_t type, uint64_t id);

// Looks at a VkResult of the host: an error nobody will hear of (no reply wanted), or DEVICE_LOST, makes the context
// lost.
void pv_exec_result(struct pv_exec *x, VkResult result);

// The host has no such function (an extension it lacks): the context is lost. Returns what the reply should say.
VkResult pv_exec_refuse(struct pv_exec *x);

// Begins the reply of this command, its 4-byte id included (pv_enc_reply_vkX writes it); NULL ends the context (no
// window). Then commit.
struct pv_writer *pv_exec_reply(struct pv_exec *x);
void pv_exec_reply_commit(struct pv_exec *x);

// Ends the context with one log line that names the command, the stream offset and the reason. Cold.
__attribute__((cold)) void pv_exec_fatal(struct pv_exec *x, const char *why, uint64_t value);
// Makes the context lost, with one log line (once per context). Cold.
__attribute__((cold)) void pv_exec_lose(struct pv_exec *x, const char *why);

#endif
