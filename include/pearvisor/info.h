// SPDX-License-Identifier: MIT
//
// What this host has and what a guest would see. Rules as in renderer.h.
#ifndef PEARVISOR_INFO_H
#define PEARVISOR_INFO_H

#include <pearvisor/renderer.h>

#ifdef __cplusplus
extern "C" {
#endif

// Strings live as long as the renderer.
struct pv_gpu {
   const char *name, *driver;
   uint8_t uuid[16];
   uint32_t type;              // VkPhysicalDeviceType
   uint32_t api_version;       // VK_MAKE_API_VERSION, the host's
   uint32_t guest_api_version; // the highest a guest may see
   const char *memory_path, *memory_note;
   uint32_t extensions_host, extensions_guest;
   const char *const *emulated; // NULL-terminated
};
// Fills up to `n` entries, returns how many GPUs the renderer presents.
PV_API size_t pv_renderer_gpus(const pv_renderer *renderer, struct pv_gpu *out, size_t n);

struct pv_protocol_command {
   uint32_t id;
   const char *name;
   const char *reason; // NULL: executed; else why it is left out
};
// The commands of the protocol by id; `*out` is static. Returns how many.
PV_API size_t pv_protocol_commands(const struct pv_protocol_command **out);
// VK_MAKE_API_VERSION of the Vulkan registry this build was generated from.
PV_API uint32_t pv_registry_version(void);

#ifdef __cplusplus
}
#endif
#endif
