// SPDX-License-Identifier: MIT
//
// A renderer in this process and guests that speak to it by hand: contexts, commands, and what the log said meanwhile.
#ifndef TESTS_HOSTILE_WORLD_H
#define TESTS_HOSTILE_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/os.h"
#include "core/renderer.h"
#include "wire/client.gen.h"
#include "wire/reader.h"
#include "wire/writer.h"

#define SPACE  (1u << 20) // bytes of commands a guest can have ready
#define SHARED (1u << 20) // bytes of its shared memory
#define WINDOW 65536u     // its first bytes are the reply window

#define ID(type, id) ((type)(uintptr_t)(id))
// Writes command X with these arguments for guest `g`; flags 1: with a reply.
#define PUT(g, X, flags, ...) pv_enc_##X(&(g)->w, flags, &(struct pv_args_##X){__VA_ARGS__})

// The log of the process since the last forget.
struct log {
   unsigned errors, others;
   unsigned over, lost; // lines that say so in the form the renderer has for it
   char first[1024], last[1024];
};
void log_start(void);
void log_forget(void);
struct log log_so_far(void);
// Called as a line says that a context is lost; may be NULL.
extern void (*log_on_loss)(void);

struct guest {
   struct pv_context_core *ctx;
   uint8_t *shared; // resource 1
   uint8_t *bytes;  // commands to submit
   struct pv_writer w;
   struct pv_arena arena;                  // what replies are read into
   _Atomic uint64_t retired[PV_TIMELINES]; // fences
};

// Makes a context with its shared memory and reply window.
void guest_open(struct guest *guest, struct pv_core *core, const char *name);
// Ends it; every fence must have retired.
void guest_close(struct guest *guest);

// Submits what was written to guest->w and forgets it. The verb's result.
int guest_submit(struct guest *guest);
int guest_send(struct guest *guest, const void *bytes, size_t size);
// The first `size` bytes that the reply to the last command starts at; the window's cursor goes back to its start.
struct pv_reader guest_reply(struct guest *guest, uint32_t command);
void guest_rewind(struct guest *guest); // writes vkSeekReplyCommandStreamMESA to 0

enum pv_context_state guest_state(const struct guest *guest);
const char *state_name(enum pv_context_state state);

#endif
