// SPDX-License-Identifier: MIT
//
// What must hold whatever a guest of the fake driver sent: its context goes on, is lost or is over, with exactly one
// line that says where and why; no stale handle reaches the driver, and once the context is lost nothing at all does;
// every fence retires, nothing leaks, and a neighbour in the same process notices nothing.
#ifndef TESTS_HOSTILE_JUDGE_H
#define TESTS_HOSTILE_JUDGE_H

#include "everything.h"

struct tally {
   unsigned ends[3]; // contexts alive, lost, over
};
void tally_print(const char *what, const struct tally *tally);

// Which cases to run, from the environment: HOSTILE_CASES (else `usual`) of them from HOSTILE_FIRST (else 0) on.
struct cases {
   unsigned first, count;
};
struct cases cases_chosen(unsigned usual);

// Begins a case: what to call it when it fails, which a crash says too. Forgets the log.
void judge_begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
// From now on crashes are somebody else's to report: a fuzzer's.
void judge_leave_crashes(void);
// The same case, and what is being done in it.
void judge_step(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Ends a guest that the test itself made lost, and whose end and fences it has judged.
void judge_lost(struct guest *guest);
// Ends the guest and judges it.
void judge_end(struct pv_core *core, struct guest *guest, struct tally *tally, bool with_neighbour);
// The driver's part of that: no misuse, and nothing alive unless a context was lost. All guests are gone; `state` is
// for the message.
void judge_driver(enum pv_context_state state);
// How many descriptors are open, of the first 256 and without pipes: we make none, and libFuzzer's symboliser has some.
unsigned judge_descriptors(void);
_Noreturn void judge_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The ways a command can come, and one of them taken by some commands: `ring` is what everything_open returned.
enum route { CONTROL, RING, STREAM, ROUTES };
void send_by(struct guest *guest, enum route route, uint8_t *ring, const uint8_t *bytes, size_t size);

// Polls until nothing is left to do at once. False: the context is over.
bool poll_some(struct guest *guest);

#endif
