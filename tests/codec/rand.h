// SPDX-License-Identifier: MIT
//
// Random valid commands (random.gen.c) and the little they are made of. One seed gives one command.
#ifndef TESTS_CODEC_RAND_H
#define TESTS_CODEC_RAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "wire/reader.h"
#include "wire/writer.h"

// How much there is of what need not be there.
enum rand_mode {
   RAND_LEAST, // nothing optional, no elements
   RAND_MOST,  // everything optional, some elements
   RAND_MIXED,
   RAND_LARGE, // as MIXED, with one long array
   RAND_MODES,
};

struct rand {
   uint64_t state;
   enum rand_mode mode;
   struct pv_arena *arena;
   unsigned depth;     // of chains
   bool large_is_spent;
};

struct rand_link {
   int32_t stype;
   uint32_t size;
   void (*fill)(struct rand *g, void *self);
};

// The structs that may follow a root; they take turns, so that each is seen.
struct rand_root {
   const char *name;
   const struct rand_link *links;
   unsigned *seen;
   unsigned count, next;
};

struct rand_case {
   const char *name;
   uint32_t id;
   size_t args_size;
   void (*fill)(struct rand *g, void *args);
   void (*clear)(void *args); // forgets the output parameters
   void (*enc)(struct pv_writer *w, uint32_t flags, const void *args);
   void (*dec)(struct pv_reader *r, void *args);
   void (*enc_reply)(struct pv_writer *w, const void *args);
   void (*dec_reply)(struct pv_reader *r, void *args);
};

extern const struct rand_case rand_cases[];
extern const size_t rand_case_count;
extern struct rand_root *const rand_roots[];
extern const size_t rand_root_count;

uint64_t rand_next(struct rand *g);
void rand_bytes(struct rand *g, void *out, size_t size);
int32_t rand_of(struct rand *g, const int32_t *choices, size_t count);
uint64_t rand_count(struct rand *g);          // of elements
bool rand_there(struct rand *g, bool may_omit); // is a pointer there?
void *rand_room(struct rand *g, uint64_t n, size_t size); // NULL for n = 0
void *rand_same(struct rand *g, const void *bytes, size_t size);
const char *rand_string(struct rand *g, bool may_omit);
void *rand_chain(struct rand *g, struct rand_root *root);

#endif
