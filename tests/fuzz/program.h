// SPDX-License-Identifier: MIT
//
// A fuzzer's input as a short program: a head of choices, then steps with a payload each. Whatever bytes come, they are
// some program, so fuzzers that know nothing of it (AFL++) still get somewhere; and libFuzzer's mutations are made on
// steps, not on bytes, with new ones out of the generated encoder (program.c has its two hooks).
//
//    4 bytes of head; per step 1 byte of kind, 1 of argument, 2 with the number of words that follow, the words
#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "rand.h"

#define PROGRAM_HEAD  4u
#define PROGRAM_STEPS 96u
#define STEP_ROOM     (UINT16_MAX * 4u)

struct step {
   uint8_t kind, arg;
   uint16_t words;
   const uint8_t *bytes;
};

struct program {
   uint8_t head[PROGRAM_HEAD];
   struct step steps[PROGRAM_STEPS];
   unsigned count;
};

// Payloads stay where they are in `data`. What goes beyond it ends there.
void program_read(struct program *p, const uint8_t *data, size_t size);
// As many steps as `room` has place for; the bytes written.
size_t program_write(const struct program *p, uint8_t *out, size_t room);

static inline size_t step_size(const struct step *s)
{
   return s->words * (size_t)4;
}
// A word of its payload; 0 behind the end.
uint32_t step_word(const struct step *s, unsigned index);
uint64_t step_long(const struct step *s, unsigned index);

// The fuzzer's part: a new step, whose payload goes to `room` (STEP_ROOM bytes) ...
void program_make_step(struct rand *g, struct step *out, uint8_t *room);
// ... and a payload changed: `size` bytes in `bytes`, which has `room`; the new size.
size_t program_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room);

// Some random good command out of the encoder, as a payload.
void program_make_command(struct rand *g, struct step *out, uint8_t *room);

#endif
