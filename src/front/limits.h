// SPDX-License-Identifier: MIT
//
// The embedder's budgets as the renderer has them.
#ifndef PV_FRONT_LIMITS_H
#define PV_FRONT_LIMITS_H

#include "core/renderer.h"
#include <pearvisor/renderer.h>

static inline struct pv_core_limits pv_limits_of(const struct pv_limits *limits)
{
   return (struct pv_core_limits){.memory = limits->memory_bytes,
                                  .objects = limits->objects,
                                  .rings = limits->rings,
                                  .blobs = limits->blobs,
                                  .contexts = limits->contexts};
}

#endif
