// SPDX-License-Identifier: MIT
//
// One JSON object per client. It is built in memory and written with one call, so that lines of several workers never
// mix.
#include "front/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define TOP 10

static void put_string(FILE *out, const char *key, const char *s)
{
   fprintf(out, "\"%s\":\"", key);
   for (const unsigned char *p = (const unsigned char *)(s ? s : ""); *p; p++) {
      if (*p == '"' || *p == '\\')
         fputc('\\', out);
      if (*p < 0x20 || *p >= 0x7f) // control characters, and bytes that may not be UTF-8
         fputc('?', out);
      else
         fputc(*p, out);
   }
   fputs("\",", out);
}

static void put_gpu(FILE *out, const struct pv_core *core)
{
   struct pv_gpu_core gpu = {0};
   char version[32];
   if (core)
      pv_core_gpus(core, &gpu, 1);
   uint32_t v = gpu.guest_api_version;
   snprintf(version, sizeof(version), "%u.%u.%u", v >> 22 & 0x7f, v >> 12 & 0x3ff, v & 0xfff);
   put_string(out, "gpu", gpu.name);
   put_string(out, "guest_api", version);
   put_string(out, "memory_path", gpu.memory_path);
}

static void put_counts(FILE *out, const struct pv_context_core *ctx)
{
   struct pv_stats_core stats = {0};
   struct pv_stats_command top[TOP];
   size_t n = ctx ? pv_context_core_stats(ctx, &stats, top, TOP) : 0;
   fprintf(out,
           "\"commands\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"replies\":%" PRIu64 ",\"ring_wakes\":%" PRIu64
           ",\"fences\":%" PRIu64 ",\"ns\":%" PRIu64 ",\"top\":[",
           stats.commands, stats.bytes, stats.replies, stats.ring_wakes, stats.fences, stats.ns);
   for (size_t i = 0; i < n; i++) {
      fputs(i ? ",{" : "{", out);
      put_string(out, "name", top[i].name);
      fprintf(out, "\"count\":%" PRIu64 ",\"ns\":%" PRIu64 "}", top[i].count, top[i].ns);
   }
   fputs("]", out);
}

static int append(const char *path, const char *line, size_t size)
{
   int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
   if (fd < 0)
      return -errno;
   ssize_t n = write(fd, line, size);
   int ret = n < 0 ? -errno : (size_t)n < size ? -ENOSPC : 0;
   close(fd);
   return ret;
}

int pv_stats_append(const char *path, const char *client, const struct pv_core *core, const struct pv_context_core *ctx)
{
   char *line = NULL;
   size_t size = 0;
   int ret = -ENOMEM;
   FILE *out = open_memstream(&line, &size);
   if (out) {
      fputc('{', out);
      put_string(out, "client", client);
      put_gpu(out, core);
      put_counts(out, ctx);
      fputs("}\n", out);
      ret = fclose(out) ? -ENOMEM : append(path, line, size);
   }
   free(line);
   if (ret)
      pv_error("cannot append statistics to %s: %s", path, strerror(-ret));
   return ret;
}
