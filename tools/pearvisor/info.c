// SPDX-License-Identifier: MIT
//
// pearvisor info
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include <pearvisor/info.h>

#define MAX_GPUS 64

struct version_text {
   char text[32];
};

static struct version_text version_text(uint32_t v)
{
   struct version_text out;
   snprintf(out.text, sizeof(out.text), "%u.%u.%u", v >> 22 & 0x7f, v >> 12 & 0x3ff, v & 0xfff);
   return out;
}

struct uuid_text {
   char text[37];
};

static struct uuid_text uuid_text(const uint8_t uuid[16])
{
   struct uuid_text out;
   char *p = out.text, *end = p + sizeof(out.text);
   for (int i = 0; i < 16; i++)
      p += snprintf(p, (size_t)(end - p), "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
   return out;
}

static const char *type_name(uint32_t type)
{
   static const char *const names[] = {"other", "integrated GPU", "discrete GPU", "virtual GPU", "CPU"};
   return names[type < sizeof(names) / sizeof(*names) ? type : 0];
}

static size_t count_left_out(const struct pv_protocol_command *commands, size_t n)
{
   size_t left_out = 0;
   for (size_t i = 0; i < n; i++)
      left_out += commands[i].reason != NULL;
   return left_out;
}

static void print_gpu(const struct pv_gpu *gpu, size_t index)
{
   printf("GPU %zu: %s\n", index, gpu->name);
   printf("  driver        %s\n", gpu->driver);
   printf("  type          %s\n", type_name(gpu->type));
   printf("  UUID          %s\n", uuid_text(gpu->uuid).text);
   printf("  Vulkan        %s on the host, up to %s for a guest\n", version_text(gpu->api_version).text,
          version_text(gpu->guest_api_version).text);
   printf("  extensions    %" PRIu32 " on the host, up to %" PRIu32 " for a guest\n", gpu->extensions_host,
          gpu->extensions_guest);
   printf("  guest memory  %s: %s\n", gpu->memory_path, gpu->memory_note);
   printf("  emulated     ");
   for (const char *const *name = gpu->emulated; name && *name; name++)
      printf(" %s", *name);
   puts(gpu->emulated && *gpu->emulated ? "" : " nothing");
}

void cli_print_json_string(const char *s)
{
   putchar('"');
   for (const unsigned char *p = (const unsigned char *)(s ? s : ""); *p; p++) {
      if (*p < 0x20)
         printf("\\u%04x", *p);
      else if (*p == '"' || *p == '\\')
         printf("\\%c", *p);
      else
         putchar(*p);
   }
   putchar('"');
}

static void print_json_member(const char *key, const char *value)
{
   printf("\"%s\": ", key);
   cli_print_json_string(value);
   printf(", ");
}

static void print_json_gpu(const struct pv_gpu *gpu, size_t index)
{
   printf("%s\n  {\"index\": %zu, ", index ? "," : "", index);
   print_json_member("name", gpu->name);
   print_json_member("driver", gpu->driver);
   print_json_member("type", type_name(gpu->type));
   print_json_member("uuid", uuid_text(gpu->uuid).text);
   print_json_member("api_version", version_text(gpu->api_version).text);
   print_json_member("guest_api_version", version_text(gpu->guest_api_version).text);
   print_json_member("memory_path", gpu->memory_path);
   print_json_member("memory_note", gpu->memory_note);
   printf("\"extensions_host\": %" PRIu32 ", \"extensions_guest\": %" PRIu32 ", \"emulated\": [", gpu->extensions_host,
          gpu->extensions_guest);
   for (const char *const *name = gpu->emulated; name && *name; name++) {
      fputs(name == gpu->emulated ? "" : ", ", stdout);
      cli_print_json_string(*name);
   }
   printf("]}");
}

static int print_protocol(bool json)
{
   const struct pv_protocol_command *commands;
   size_t n = pv_protocol_commands(&commands), left_out = count_left_out(commands, n);
   if (json)
      printf("{\"commands\": %zu, \"executed\": %zu, \"left_out\": [", n, n - left_out);
   for (size_t i = 0, k = 0; i < n; i++) {
      if (!commands[i].reason)
         continue;
      if (json) {
         printf("%s\n  {", k++ ? "," : "");
         print_json_member("name", commands[i].name);
         printf("\"id\": %" PRIu32 ", \"reason\": ", commands[i].id);
         cli_print_json_string(commands[i].reason);
         printf("}");
      } else {
         printf("%s: %s\n", commands[i].name, commands[i].reason);
      }
   }
   if (json)
      printf("]}\n");
   else
      printf("%zu of %zu commands\n", n - left_out, n);
   return CLI_OK;
}

static void print_all(const pv_renderer *renderer, bool json)
{
   struct pv_gpu gpus[MAX_GPUS];
   const struct pv_protocol_command *commands;
   size_t n = pv_renderer_gpus(renderer, gpus, MAX_GPUS), total = pv_protocol_commands(&commands);
   size_t executed = total - count_left_out(commands, total);
   struct version_text registry = version_text(pv_registry_version());
   if (json)
      printf("{\"version\": \"%s\", \"registry\": \"%s\", \"commands\": %zu, \"executed\": %zu, \"gpus\": [",
             pv_version(), registry.text, total, executed);
   for (size_t i = 0; i < n && i < MAX_GPUS; i++)
      (json ? print_json_gpu : print_gpu)(&gpus[i], i);
   if (json)
      printf("]}\n");
   else
      printf("Protocol: %zu of %zu commands, from Vulkan registry %s (see --protocol)\n", executed, total,
             registry.text);
}

int cli_info(const struct cli_settings *settings)
{
   const struct pv_renderer_params params = cli_renderer_params(settings);
   pv_renderer *renderer;
   if (settings->protocol)
      return print_protocol(settings->json);
   cli_host_environment();
   if (pv_renderer_create(&params, &renderer))
      return CLI_FAILURE; // it said why
   print_all(renderer, settings->json);
   pv_renderer_destroy(&renderer);
   return CLI_OK;
}
