// SPDX-License-Identifier: MIT
//
// What the memory of a held device needs of its hold.
#ifndef PV_HOST_HOLD_H
#define PV_HOST_HOLD_H

#include "host/host.h"

struct pv_hold *pv_hold_ref(struct pv_hold *hold);
void pv_hold_free_memory(struct pv_hold *device, VkDeviceMemory memory);

#endif
