// SPDX-License-Identifier: MIT
//
// What a test may ask the fake driver (fakehost.c), by dlsym.
#ifndef TESTS_HOSTILE_FAKEHOST_H
#define TESTS_HOSTILE_FAKEHOST_H

#include <stdint.h>

// Objects alive: made and not yet destroyed, alone or with their pool or device.
typedef uint64_t (*fakehost_live_fn)(void);
// Of creations and allocations, every n-th fails; 0: none does.
typedef void (*fakehost_fail_fn)(uint32_t every);
// While busy, no fence is ever signalled.
typedef void (*fakehost_busy_fn)(uint32_t busy);
// Forgets all objects: a lost driver is never called again, so they would count as leaks.
typedef void (*fakehost_forget_fn)(void);
// Calls of functions that take an object.
typedef uint64_t (*fakehost_calls_fn)(void);
// Calls that used an object by a handle that is not alive, or of another type: each is a mistake of the renderer's.
typedef uint64_t (*fakehost_misuses_fn)(void);

#endif
