// SPDX-License-Identifier: MIT
//
// The host driver's cache of compiled shaders.
#ifndef PV_FRONT_CACHE_H
#define PV_FRONT_CACHE_H

// Gives the client with this name a cache of its own, in the user's cache folder, as it would have natively. To be
// called before a driver is loaded and while no other thread looks at the environment. Best effort: where there can be
// none, the driver is told to do without.
void pv_cache_choose(const char *name);

// For a process that serves many programs at once, such as a VM's worker: no cache where the driver would confuse them,
// unless the environment asks for one.
void pv_cache_avoid(void);

#endif
