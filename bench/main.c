// SPDX-License-Identifier: MIT
//
// usage: bench FILE [memory|commands|compute|mapped]...     (mapped is a part of memory: only if asked for)
//
// Writes `figure NAME VALUE`, `hash NAME VALUE` and `type NUMBER FLAGS` lines to FILE.
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

#define TRIES    7
#define PATIENCE 1e9 // ns of trying, for what is slow by nature

double now(void)
{
   struct timespec t;
   clock_gettime(CLOCK_MONOTONIC, &t);
   return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void figure(struct gpu *gpu, double value, const char *name, ...)
{
   va_list args;
   va_start(args, name);
   fputs("figure ", gpu->result);
   vfprintf(gpu->result, name, args);
   fprintf(gpu->result, " %.1f\n", value);
   va_end(args);
}

void hashed(struct gpu *gpu, const char *name, const void *bytes, size_t size)
{
   uint64_t hash = 0xcbf29ce484222325;
   for (size_t i = 0; i < size; i++)
      hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
   fprintf(gpu->result, "hash %s %016" PRIx64 "\n", name, hash);
}

double best(struct gpu *gpu, double (*once)(struct gpu *gpu, void *data), void *data)
{
   once(gpu, data);
   double start = now(), found = once(gpu, data);
   for (int i = 1; i < 3 || (i < TRIES && now() - start < PATIENCE); i++) {
      double next = once(gpu, data);
      found = next < found ? next : found;
   }
   return found;
}

void *buffer_read(struct gpu *gpu, const struct buffer *buffer, size_t size)
{
   struct buffer out = buffer_host(gpu, size, VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkCommandBuffer cmd = cmd_begin(gpu);
   barrier_all(cmd);
   vkCmdCopyBuffer(cmd, buffer->handle, out.handle, 1, &(VkBufferCopy){0, 0, size});
   cmd_submit(gpu, cmd);
   void *bytes = malloc(size);
   EXPECT(bytes);
   memcpy(bytes, out.map, size);
   buffer_free(gpu, &out);
   return bytes;
}

static bool is_asked(int argc, char **argv, const char *group)
{
   bool asked = argc <= 2 && strcmp(group, "mapped");
   for (int i = 2; i < argc; i++)
      asked |= !strcmp(argv[i], group);
   return asked;
}

int main(int argc, char **argv)
{
   static const struct {
      const char *name;
      void (*measure)(struct gpu *gpu);
   } groups[] = {{"memory", bench_memory}, // first: it wants memory that was never there before
                 {"commands", bench_commands},
                 {"compute", bench_compute},
                 {"mapped", bench_mapped}};
   // What the chain of compute/inference.h needs.
   struct want want = {.v11.storageBuffer16BitAccess = VK_TRUE,
                       .v12.storageBuffer8BitAccess = VK_TRUE,
                       .v12.shaderFloat16 = VK_TRUE,
                       .v12.shaderInt8 = VK_TRUE};
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, &want);
   for (size_t i = 0; i < COUNT(groups); i++) {
      if (is_asked(argc, argv, groups[i].name))
         groups[i].measure(&gpu);
   }
   return gpu_close(&gpu);
}
