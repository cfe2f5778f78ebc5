// SPDX-License-Identifier: MIT
//
// The renderer: one host driver, its GPUs as guests see them, and what of the protocol this build speaks.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/protocol.gen.h"

#define DEFAULT_OBJECTS      (4u << 20)
#define DEFAULT_RINGS        64u
#define DEFAULT_BLOBS        65536u
#define DEFAULT_CONTEXTS     1024u
#define DEFAULT_COMMAND_TEMP ((uint64_t)1 << 30)

static void put32(uint8_t *capset, unsigned word, uint32_t value)
{
   memcpy(capset + word * 4, &value, 4);
}

// venus-wire 6.2: every word is little-endian, as is every machine we run on.
static void make_capset(uint8_t out[PV_CAPSET_SIZE])
{
   memset(out, 0, PV_CAPSET_SIZE);
   put32(out, 0, 1);                     // wire_format_version
   put32(out, 1, PV_REGISTRY_VERSION);   // vk_xml_version
   put32(out, 2, 1);                     // VK_EXT_command_serialization
   put32(out, 3, PV_VENUS_SPEC_VERSION); // VK_MESA_venus_protocol
   put32(out, 4, 1);                     // supports_blob_id_0
   for (unsigned i = 0; i < 32; i++)
      put32(out, 5 + i, pv_protocol_mask[i]);
   put32(out, 37, 1); // allow_vk_wait_syncs
   put32(out, 38, 1); // supports_multiple_timelines
}

int pv_core_create(const struct pv_core_params *params, struct pv_core **out)
{
   struct pv_core *core = calloc(1, sizeof *core);
   if (!core)
      return -ENOMEM;
   int error = pv_host_open(&core->host, params->driver, params->gpu, params->mask, params->in_process);
   if (error) {
      free(core);
      return error;
   }
   core->limits = params->limits;
   if (!core->limits.objects)
      core->limits.objects = DEFAULT_OBJECTS;
   if (!core->limits.rings)
      core->limits.rings = DEFAULT_RINGS;
   if (!core->limits.blobs)
      core->limits.blobs = DEFAULT_BLOBS;
   if (!core->limits.contexts)
      core->limits.contexts = DEFAULT_CONTEXTS;
   if (!core->limits.command_temp)
      core->limits.command_temp = DEFAULT_COMMAND_TEMP;
   core->polled = params->polled;
   core->notes = params->notes;
   core->will = params->will;
   core->will_user = params->will_user;
   core->promises = params->promises;
   if (params->capture && !(core->capture = strdup(params->capture)))
      error = -ENOMEM;
   make_capset(core->capset);
   core->views = calloc(core->host.gpu_count, sizeof *core->views);
   if (!core->views)
      error = -ENOMEM;
   for (uint32_t i = 0; !error && i < core->host.gpu_count; i++)
      error = pv_gpu_view_make(&core->views[i], &core->host.gpus[i], core->limits.memory);
   if (!error && params->driver_up)
      error = params->driver_up();
   if (error)
      pv_core_destroy(&core);
   else
      *out = core;
   return error;
}

void pv_core_destroy(struct pv_core **slot)
{
   struct pv_core *core = *slot;
   *slot = NULL;
   if (!core)
      return;
   for (uint32_t i = 0; core->views && i < core->host.gpu_count; i++)
      pv_gpu_view_free(&core->views[i]);
   free(core->views);
   pv_host_close(&core->host);
   free(core->capture);
   free(core);
}

void pv_core_capset(const struct pv_core *core, uint8_t out[PV_CAPSET_SIZE])
{
   memcpy(out, core->capset, PV_CAPSET_SIZE);
}

size_t pv_core_gpus(const struct pv_core *core, struct pv_gpu_core *out, size_t n)
{
   static const char *const paths[] = {[PV_MEMORY_NONE] = "none",
                                       [PV_MEMORY_DMABUF] = "dma-buf",
                                       [PV_MEMORY_OPAQUE_FD] = "opaque fd",
                                       [PV_MEMORY_HOST_PTR] = "host-pointer (memfd)",
                                       [PV_MEMORY_MAPPED] = "in-process mapping"};
   for (size_t i = 0; i < n && i < core->host.gpu_count; i++) {
      const struct pv_gpu *gpu = &core->host.gpus[i];
      const struct pv_gpu_view *view = &core->views[i];
      out[i] = (struct pv_gpu_core){
         .name = gpu->properties.deviceName,
         .driver = gpu->driver_text,
         .type = gpu->properties.deviceType,
         .api_version = gpu->properties.apiVersion,
         .guest_api_version = view->api_version,
         .memory_path = paths[gpu->path],
         .memory_note = gpu->note,
         .extensions_host = gpu->extensions_listed,
         .extensions_guest = view->extension_count,
         .emulated = view->emulated,
      };
      memcpy(out[i].uuid, gpu->uuid, sizeof out[i].uuid);
   }
   return core->host.gpu_count;
}

size_t pv_core_protocol(const struct pv_protocol_entry **out)
{
   *out = pv_protocol_table;
   return PV_PROTOCOL_COMMANDS;
}

uint32_t pv_core_registry_version(void)
{
   return PV_REGISTRY_VERSION;
}
