// SPDX-License-Identifier: MIT
//
// What Vulkan calls cost a program. A workload measures itself, checks the bytes it leaves behind, and reports figures
// and hashes; bench.py runs it natively and as a guest in turn and compares: a figure by itself says more about the
// machine than about us.
#ifndef BENCH_H
#define BENCH_H

#include "harness.h"

// Nanoseconds of a clock that only goes forward.
double now(void);
// One line of the result: `value` in nanoseconds or MiB/s, as bench.py knows by the name.
__attribute__((format(printf, 3, 4))) void figure(struct gpu *gpu, double value, const char *name, ...);
// What must be the same natively and as a guest.
void hashed(struct gpu *gpu, const char *name, const void *bytes, size_t size);

// The best of some calls of `once` after one that warms up caches, pools and pages: what else the machine does only
// adds. `once` returns nanoseconds.
double best(struct gpu *gpu, double (*once)(struct gpu *gpu, void *data), void *data);
// The first bytes of a device's buffer, by way of a mapped one; free(3) it.
void *buffer_read(struct gpu *gpu, const struct buffer *buffer, size_t size);

void bench_memory(struct gpu *gpu);
void bench_mapped(struct gpu *gpu); // of that, the processor's copies alone
void bench_commands(struct gpu *gpu);
void bench_compute(struct gpu *gpu);

#endif
