// SPDX-License-Identifier: MIT
//
// Commands made to be wrong: random ones whose handles name real objects (rand.h makes the values, an id table says
// which handle is of which type), and ways to damage them that know what the wire is made of.
#ifndef TESTS_HOSTILE_MUTATE_H
#define TESTS_HOSTILE_MUTATE_H

#include "base/idtable.h"
#include "rand.h"

// The id of the object of each type that commands are made to use.
#define OBJECT_ID(type) (100u + (type))
// Made for commands that are to be taken for poisoned ids.
#define POISONED_ID(type) (200u + (type))

// A table that knows the objects above, for use without a renderer. Handles are the ids themselves.
struct pv_ids *mutate_ids(void);

// Makes every handle in a command name an object of the right type, by asking the decoder until it is content. Returns
// what it still refuses the command for, or NULL.
const char *mutate_repair(const struct rand_case *c, struct pv_ids *ids, uint8_t *bytes, size_t size);

// What the decoder refuses a command for, or NULL.
const char *mutate_decode(const struct rand_case *c, struct pv_ids *ids, const uint8_t *bytes, size_t size);

// Damages `size` bytes in `bytes` (which has `room`); the new size. Always a change, always a multiple of 4 bytes.
size_t mutate_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room);

#endif
