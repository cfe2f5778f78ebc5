// SPDX-License-Identifier: MIT
//
// Counts the allocations of the code under test, and makes them fail on demand. Link with -Wl,--wrap
// (count_malloc_args), which also works under sanitizers and leaves the allocations of shared libraries alone.
#ifndef PV_TESTS_COUNT_MALLOC_H
#define PV_TESTS_COUNT_MALLOC_H

#include <stdbool.h>

// Calls of malloc, calloc and realloc so far.
unsigned long malloc_count(void);

// Bytes that the code under test has allocated and not freed.
long malloc_live_bytes(void);

// While on, every one of them returns NULL.
void malloc_fails(bool on);

#endif
