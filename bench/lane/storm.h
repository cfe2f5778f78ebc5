// SPDX-License-Identifier: MIT
//
// Storms: a guest of a renderer in this process that records a great many commands of one kind, or of all. What it
// sends comes from the generated encoder and goes through a ring, as a stock guest's does; there is no thread but the
// caller's.
#ifndef LANE_STORM_H
#define LANE_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/renderer.h"
#include "ring/ring.h"

#define STORM_BUFFER (128u << 10) // bytes of the ring's buffer: what Mesa's has

enum {
   STORM_DRAW,
   STORM_DISPATCH,
   STORM_PIPELINE,
   STORM_PUSH,
   STORM_SETS,
   STORM_UPDATE,
   STORM_COPY,
   STORM_BARRIER,
   STORM_BEGIN,
   STORM_MIX,
   STORM_KINDS
};

struct storm_kind {
   const char *name, *what;
   uint32_t commands; // in one step
   uint32_t share;    // of the commands in one step of the mix
   bool fixed;        // the command has no array or chain: always the same length
};
extern const struct storm_kind storm_kinds[STORM_KINDS];

struct storm {
   struct pv_core *core;
   struct pv_context_core *ctx;
   struct pv_ring *ring;
   uint8_t *memory; // the ring's
   uint8_t *bytes;  // the stream
   size_t size;
   uint32_t tail;
};

// Makes a renderer on `driver` and a guest with what the commands need. False: the log says why not.
bool storm_open(struct storm *storm, const char *driver);
void storm_close(struct storm *storm);

// Makes the stream: `steps` of that kind, or (0) as many as fit half of the ring. Returns how many commands that is.
uint32_t storm_make(struct storm *storm, unsigned kind, uint32_t steps);
// Puts the stream into the ring, as the guest would.
void storm_publish(struct storm *storm);
// Executes what was published. False: the guest is not well.
bool storm_run(struct storm *storm);

#endif
