// SPDX-License-Identifier: MIT
//
// Guests of the fake driver (fakehost.c) that have one object of every type, and random commands that use those.
#ifndef TESTS_HOSTILE_EVERYTHING_H
#define TESTS_HOSTILE_EVERYTHING_H

#include "fakehost.h"
#include "mutate.h"
#include "world.h"

#define RING_KEY           0x7f0055aa0000ull
#define RING_BUFFER        65536u
#define EVERYTHING_MEMORY  (256u << 20) // bytes a guest may have, which is its heap
#define EVERYTHING_OBJECTS 4096u        // it may have

extern fakehost_live_fn fake_live;
extern fakehost_fail_fn fake_fail;
extern fakehost_forget_fn fake_forget;
extern fakehost_busy_fn fake_busy;
extern fakehost_misuses_fn fake_misuses;
extern fakehost_calls_fn fake_calls;

// Loads the fake driver and makes a renderer on it. NULL: a line was printed.
struct pv_core *everything_start(const char *fakehost, bool polled);
void everything_stop(struct pv_core **core);

// Opens a guest with an object OBJECT_ID(type) of every type, a refused one POISONED_ID(type) of most, and a ring.
// Returns the ring's memory.
uint8_t *everything_open(struct guest *guest, struct pv_core *core, const char *name);

// The commands that do so, for a guest that has shared memory as resources 1 and 2.
const uint8_t *everything_population(size_t *size);

void put_instance_and_device(struct pv_writer *w);
// A ring of key RING_KEY + 8 * n in a resource.
void put_ring(struct pv_writer *w, unsigned n, uint32_t resource);
// Publishes bytes in such a ring and wakes it.
void ring_push(struct guest *guest, uint8_t *memory, unsigned n, const uint8_t *bytes, size_t size);

// A random generator's state for case `number`: any two numbers give unlike sequences.
uint64_t rand_seed(uint64_t number);

const struct rand_case *find_case(const char *name);
// True if the command still decodes, as far as that can be told without a renderer.
bool decodes(const struct rand_case *c, const uint8_t *bytes, size_t size);

// Writes a random command with good handles, for which `g` gives mode and numbers. What the decoder says of it.
const char *random_command(struct rand *g, const struct rand_case *c, uint32_t flags, struct pv_writer *w);

#endif
