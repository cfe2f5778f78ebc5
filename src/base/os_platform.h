// SPDX-License-Identifier: MIT
//
// What os_posix.c needs of os_linux.c or os_darwin.c. Nobody else includes this.
#ifndef PV_BASE_OS_PLATFORM_H
#define PV_BASE_OS_PLATFORM_H

#include <pthread.h>
#include <stdint.h>

// A condition whose timed waits go by the pv_now clock. 0 or -errno.
int pv_cond_init(pthread_cond_t *cond);

// Waits for a signal, at most until `deadline` (which is not PV_NEVER). May return early.
void pv_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline);

#endif
