// SPDX-License-Identifier: MIT
//
// A guest with a device on the host's real driver: a queue, pools, two buffers of which it sees the memory.
#ifndef TESTS_HOSTILE_DEVICE_H
#define TESTS_HOSTILE_DEVICE_H

#include "wire/venus.gen.h"
#include "world.h"

enum id {
   INSTANCE = 1,
   PHYSICAL,
   DEVICE,
   QUEUE,
   POOL,
   CB,
   OTHER_POOL,
   BUFFER, // transfer source and destination, BUFFER_SIZE bytes
   OTHER_BUFFER,
   MEMORY,
   OTHER_MEMORY,
   FENCE,
   DESCRIPTOR_POOL,
   SET_LAYOUT,
   SET,
   FREE_ID = 1000, // the first that nothing has
};
#define BUFFER_SIZE 4096u
#define RING_KEY    0x7f00abcd0000ull
#define RING_BUFFER 4096u
#define RING_TAIL   64u
#define RING_STATUS 128u
#define RING_BYTES  192u

// Opens a guest and makes all of the above.
void device_open(struct guest *g, struct pv_core *core, const char *name);

// Submits commands, and polls a little if the renderer is a polled one.
void device_run(struct guest *g);

// The ring in resource 2.
void put_ring(struct guest *g, uint64_t key, uint32_t resource);
uint8_t *ring_open(struct guest *g);
// Moves what was written to g->w into the ring and wakes it. `memory` is what ring_open returned.
void ring_push(struct guest *g, uint8_t *memory);
bool ring_drained(struct guest *g, const uint8_t *memory, double seconds);

// Fills one buffer and copies it to the other on the GPU, and looks at the bytes. The proof that a guest is well.
void device_works(struct guest *g, uint32_t pattern);

// The same for a second guest that is opened for it: a neighbour of whatever happened before.
void other_device_works(struct pv_core *core, uint32_t pattern);

// Writes a vkCreateBuffer; where it starts.
uint8_t *put_small_buffer(struct guest *g, uint64_t id);

// A renderer on the host's driver, with little memory and few objects to give. mode: "threads" or "polled". NULL: a
// line was printed.
struct pv_core *device_core(const char *mode);
extern bool polled_mode;

// Goes on with a polled guest until `seconds` have passed or `done` says so; no poll may take long.
bool poll_until(struct guest *g, bool (*done)(void *), void *user, double seconds);

#endif
