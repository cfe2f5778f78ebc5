// SPDX-License-Identifier: MIT
//
// usage: lane [--json] [--tries N] DRIVER
//
// What a command costs in the renderer alone: nanoseconds from the ring to a driver that does nothing (driver.c), by
// kind. lane.py runs this under callgrind as well, which counts instructions: what measured() does, for each kind until
// measure() returns.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "storm.h"

#define TRIES 400
#define WARM  3 // times before the first try: caches, the arena's block, the first commands, which are all timed

// Keeps its name and its calls.
#if __has_attribute(noipa)
#define SEEN __attribute__((noipa))
#else
#define SEEN __attribute__((noinline))
#endif

struct figure {
   uint32_t commands;
   size_t bytes;
   double least, median; // ns per command
};

static bool SEEN measured(struct storm *storm)
{
   return storm_run(storm);
}

static int by_value(const void *a, const void *b)
{
   double x = *(const double *)a, y = *(const double *)b;
   return x < y ? -1 : x > y;
}

static bool SEEN measure(struct storm *storm, unsigned kind, uint32_t tries, double *times, struct figure *out)
{
   out->commands = storm_make(storm, kind, 0);
   out->bytes = storm->size;
   for (uint32_t i = 0; i < WARM; i++) {
      storm_publish(storm);
      if (!storm_run(storm))
         return false;
   }
   for (uint32_t i = 0; i < tries; i++) {
      storm_publish(storm);
      uint64_t start = pv_now();
      if (!measured(storm))
         return false;
      times[i] = (double)(pv_now() - start) / out->commands;
   }
   qsort(times, tries, sizeof *times, by_value);
   out->least = times[0];
   out->median = times[tries / 2];
   return true;
}

static void print(const struct figure figures[STORM_KINDS], uint32_t tries, bool json)
{
   if (json)
      printf("{\"schema\": 1, \"tries\": %u, \"kinds\": [\n", tries);
   else
      printf("%-10s %9s %9s %7s\n", "kind", "least ns", "median ns", "bytes");
   for (unsigned i = 0; i < STORM_KINDS; i++) {
      const struct storm_kind *kind = &storm_kinds[i];
      const struct figure *f = &figures[i];
      if (json)
         printf("   {\"name\": \"%s\", \"what\": \"%s\", \"fixed\": %s, \"share\": %u, \"commands\": %u, "
                "\"bytes\": %.1f, \"least_ns\": %.2f, \"median_ns\": %.2f}%s\n",
                kind->name, kind->what, kind->fixed ? "true" : "false", kind->share, f->commands,
                (double)f->bytes / f->commands, f->least, f->median, i + 1 < STORM_KINDS ? "," : "");
      else
         printf("%-10s %9.1f %9.1f %7.0f\n", kind->name, f->least, f->median, (double)f->bytes / f->commands);
   }
   if (json)
      puts("]}");
}

int main(int argc, char **argv)
{
   bool json = false;
   uint32_t tries = TRIES;
   const char *driver = NULL;
   for (int i = 1; i < argc; i++) {
      if (!strcmp(argv[i], "--json"))
         json = true;
      else if (!strcmp(argv[i], "--tries") && i + 1 < argc)
         tries = (uint32_t)strtoul(argv[++i], NULL, 10);
      else
         driver = argv[i];
   }
   double *times = tries ? calloc(tries, sizeof *times) : NULL;
   struct figure figures[STORM_KINDS];
   struct storm storm;
   if (!driver || !times) {
      fprintf(stderr, "usage: lane [--json] [--tries N] DRIVER\n");
      return 2;
   }
   if (!storm_open(&storm, driver))
      return 1;
   for (unsigned kind = 0; kind < STORM_KINDS; kind++) {
      if (!measure(&storm, kind, tries, times, &figures[kind])) {
         fprintf(stderr, "lane: the renderer does not execute '%s'\n", storm_kinds[kind].name);
         return 1;
      }
   }
   print(figures, tries, json);
   storm_close(&storm);
   free(times);
   return 0;
}
