// SPDX-License-Identifier: MIT
//
// The parts of the jail on Linux. Results are 0 or -errno.
#ifndef PV_GUARD_JAIL_LINUX_H
#define PV_GUARD_JAIL_LINUX_H

#include <stdbool.h>

#include "guard/jail.h"

// Loads a seccomp filter into every thread: the first, or the one for when the driver is up.
int pv_jail_filter(bool driver_is_up);

// Restricts files to what drivers read and devices; `private_shm`: /dev/shm is ours alone and may be written to.
// -EOPNOTSUPP, -ENOSYS: not in this kernel. *abi: what the kernel has.
int pv_jail_landlock(const struct pv_jail_params *params, bool private_shm, int *abi);

#endif
