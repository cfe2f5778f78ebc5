// SPDX-License-Identifier: MIT
//
// What a stock driver sent, read and written once more: usage: recorded FILE...
//
// Each command of the recordings is decoded (handles stay ids) and encoded again by the test's own client. The lengths
// must agree, and the bytes too, but for the padding behind short values, which a stock driver leaves as it finds it.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "rand.h"

static struct pv_arena arena;

static const struct rand_case *case_of(uint32_t id)
{
   for (size_t i = 0; i < rand_case_count; i++)
      if (rand_cases[i].id == id)
         return &rand_cases[i];
   return NULL;
}

// Padding are the last one to three bytes of a word; we write zeros there.
static bool same_but_padding(const uint8_t *sent, const uint8_t *ours, size_t size, size_t *where)
{
   for (size_t word = 0; word < size; word += 4) {
      size_t used = 4;
      while (used > 1 && !ours[word + used - 1])
         used--;
      if (memcmp(sent + word, ours + word, used)) {
         *where = word;
         return false;
      }
   }
   return true;
}

static bool check(const char *file, uint64_t number, const uint8_t *bytes, size_t size)
{
   const struct rand_case *c = case_of(pv_load32(bytes));
   const char *why = c ? NULL : "no such command";
   size_t where = 0;
   if (c) {
      void *args = calloc(1, c->args_size);
      uint8_t *ours = malloc(size);
      struct pv_reader r = {.p = bytes + 8, .end = bytes + size, .arena = &arena};
      struct pv_writer w = {.p = ours, .end = ours + size};
      if (!args || !ours)
         abort();
      c->dec(&r, args);
      if (!r.why)
         c->enc(&w, pv_load32(bytes + 4), args);
      where = (size_t)(r.p - bytes);
      if (r.why)
         why = r.why;
      else if (r.p != r.end)
         why = "read to another length";
      else if (w.full || w.p != w.end)
         why = "written to another length";
      else if (!same_but_padding(bytes, ours, size, &where))
         why = "written differently";
      free(ours);
      free(args);
      pv_arena_reset(&arena);
   }
   if (why)
      printf("%s: record %llu, %s (%u), %zu bytes: %s (at byte %zu)\n", file, (unsigned long long)number,
             c ? c->name : "unknown", pv_load32(bytes), size, why, where);
   return !why;
}

static bool check_file(const char *file)
{
   struct pv_record_reader reader;
   const char *why = pv_record_open(&reader, file);
   if (why) {
      printf("%s: %s\n", file, why);
      return false;
   }
   bool kinds[512] = {false};
   unsigned commands = 0, bad = 0, different = 0;
   int got;
   while ((got = pv_record_next(&reader)) > 0) {
      if (reader.record.type != PV_RECORD_COMMAND)
         continue;
      commands++;
      uint32_t id = pv_load32(reader.bytes);
      different += id < 512 && !kinds[id];
      kinds[id % 512] = true;
      bad += !check(file, reader.number, reader.bytes, (size_t)reader.record.size);
   }
   uint64_t promised = 0;
   if (!got)
      memcpy(&promised, reader.bytes, sizeof promised);
   pv_record_close(&reader);
   printf("%u commands, %u kinds, %u bad\n", commands, different, bad);
   if (got)
      printf("%s: the recording does not end well: %s\n", file, strerror(-got));
   else if (promised != commands)
      printf("%s: its end speaks of %llu commands\n", file, (unsigned long long)promised);
   return !got && !bad && commands && promised == commands;
}

int main(int argc, char **argv)
{
   bool good = argc > 1;
   pv_arena_init(&arena, (size_t)1 << 30);
   for (int i = 1; i < argc; i++)
      good &= check_file(argv[i]);
   pv_arena_fini(&arena);
   return good ? 0 : 1;
}
