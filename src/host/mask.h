// SPDX-License-Identifier: MIT
//
// A testing aid: the host's driver shown as less than it is, like one we have no machine for. It works below everything
// else, as a layer between us and the driver, so whatever runs under a mask runs the code that such a driver would
// meet.
#ifndef PV_HOST_MASK_H
#define PV_HOST_MASK_H

#include "host/host.h"

#define PV_MASK_TYPES 8u
#define PV_MASK_HEAPS 2u

struct pv_mask {
   const char *name;
   uint32_t api_version;                    // at most this; 0: the host's
   const char *const *hidden;               // extensions, NULL-terminated; a '*' ends a pattern
   const char *const *kept;                 // of the hidden ones; may be NULL
   bool portability;                        // lists VK_KHR_portability_subset and insists on it
   bool sync_fds;                           // fences and semaphores may have them, if the driver has
   VkPhysicalDeviceFeatures off;            // VK_TRUE: the feature is not there
   VkExternalMemoryHandleTypeFlags handles; // memory may come and go as these
   uint64_t import_alignment;               // of host pointers; 0: the host's
   uint32_t type_count;                     // 0: the host's memory types
   VkMemoryType types[PV_MASK_TYPES];       // each stands for the first of the host's that a CPU can reach as well
   uint32_t importable;                     // bit per type: host pointers may become such memory
   uint32_t heap_count;
   VkMemoryHeap heaps[PV_MASK_HEAPS]; // size: percent of all the host has
};

extern const struct pv_mask pv_masks[]; // ends with a NULL name

// Puts the mask between `*get` and its caller. One mask per process: a second call must name the same (-EBUSY after one
// log line). -EINVAL: no such mask, and a log line that lists them.
int pv_mask_put_on(const char *name, PFN_vkGetInstanceProcAddr *get);

#endif
