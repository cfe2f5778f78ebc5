// SPDX-License-Identifier: MIT
//
// What the user of a VMM may want to say, although the VMM's command line knows nothing of us: environment variables.
//
//    PEARVISOR_RENDERER   worker (the default: a process of its own) or in-process
//    PEARVISOR_WORKER     the pearvisor program that is the worker (looked for beside this library)
//    PEARVISOR_GPU, PEARVISOR_DRIVER, PEARVISOR_MEMORY, PEARVISOR_HOST_MEMORY, PEARVISOR_OBJECTS, PEARVISOR_BLOBS,
//    PEARVISOR_RINGS, PEARVISOR_RECORD   as the options of `pearvisor serve`
//    PEARVISOR_CONTEXTS   how many Vulkan instances the VM may have at the same time (1024)
//    PEARVISOR_SANDBOX    default, strict or off, as its --sandbox; the worker reads it
//    PEARVISOR_VIRGL      the libvirglrenderer for everything else, or none (the system's)
//    PEARVISOR_LOG_LEVEL  error, warn, info or debug (warn)
#ifndef PV_FRONT_VIRGL_SETTINGS_H
#define PV_FRONT_VIRGL_SETTINGS_H

#include <stdbool.h>

#include "core/renderer.h"

struct virgl_settings {
   const char *const *worker; // NULL: in this process
   bool isolated;             // the worker is to be jailed
   struct pv_core_params core;
   char *arguments[32]; // behind `worker`
   char program[4096];
};

// False after a line of complaint.
bool virgl_settings_read(struct virgl_settings *out);
void virgl_settings_free(struct virgl_settings *settings);

bool virgl_settings_in_process(void);

// The delegate's path, "none", or NULL.
const char *virgl_settings_delegate(void);
// How much to log; `other` if nobody says.
int virgl_settings_log_level(int other);

#endif
