// SPDX-License-Identifier: MIT
//
// Guests of the fake driver (fakehost.c) that have one object of every type, and random commands that use those.
#ifndef TESTS_HOSTILE_EVERYTHING_H
#define TESTS_HOSTILE_EVERYTHING_H

#include "fakehost.h"
#include "mutate.h"
#include "world.h"

#define RING_KEY    0x7f0055aa0000ull
#define RING_BUFFER 65536u

extern fakehost_live_fn fake_live;
extern fakehost_fail_fn fake_fail;
extern fakehost_forget_fn fake_forget;
extern fakehost_misuses_fn fake_misuses;

// Loads the fake driver and makes a renderer on it. NULL: a line was printed.
struct pv_core *everything_start(const char *fakehost, bool polled);
void everything_stop(struct pv_core **core);

// Opens a guest with an object OBJECT_ID(type) of every type, a refused one POISONED_ID(type) of most, and a ring.
// Returns the ring's memory.
uint8_t *everything_open(struct guest *guest, struct pv_core *core, const char *name);

void put_instance_and_device(struct pv_writer *w);
// A ring of key RING_KEY + 8 * n in a resource.
void put_ring(struct pv_writer *w, unsigned n, uint32_t resource);
// Publishes bytes in such a ring and wakes it.
void ring_push(struct guest *guest, uint8_t *memory, unsigned n, const uint8_t *bytes, size_t size);

// Writes a random command with good handles, for which `g` gives mode and numbers. What the decoder says of it.
const char *random_command(struct rand *g, const struct rand_case *c, uint32_t flags, struct pv_writer *w);

#endif
