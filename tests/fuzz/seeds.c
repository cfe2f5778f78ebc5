// SPDX-License-Identifier: MIT
//
// Writes a corpus for fuzz_decode to start from: usage: fuzz_seeds FOLDER. Every command in every shape, with real ids.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mutate.h"

#define SPACE   (1u << 20)
#define LONGEST 4096u // libFuzzer's default limit

static bool write_file(const char *folder, const char *name, unsigned mode, const uint8_t *bytes, size_t size)
{
   char path[4096];
   snprintf(path, sizeof path, "%s/%s-%u", folder, name, mode);
   FILE *file = fopen(path, "wb");
   bool good = file && fwrite(bytes, size, 1, file) == 1;
   if (file && fclose(file))
      good = false;
   return good;
}

int main(int argc, char **argv)
{
   struct pv_ids *ids = mutate_ids();
   struct pv_arena arena;
   uint8_t *bytes = malloc(SPACE);
   if (argc != 2 || !ids || !bytes || (mkdir(argv[1], 0777) && access(argv[1], W_OK)))
      return 2;
   bool good = true;
   pv_arena_init(&arena, 64u << 20);
   for (size_t i = 0; i < rand_case_count; i++) {
      for (unsigned mode = 0; mode < RAND_LARGE; mode++) {
         struct rand g = {.state = i * 31 + mode + 1, .mode = mode, .arena = &arena};
         struct pv_writer w = {.p = bytes, .end = bytes + SPACE};
         void *args = pv_arena_zalloc(&arena, 1, rand_cases[i].args_size);
         rand_cases[i].fill(&g, args);
         rand_cases[i].enc(&w, 1, args);
         pv_arena_reset(&arena);
         if (w.full || (size_t)(w.p - bytes) > LONGEST)
            continue;
         mutate_repair(&rand_cases[i], ids, bytes, (size_t)(w.p - bytes));
         const uint8_t head[4] = {(uint8_t)i, (uint8_t)(i >> 8), 0, 200};
         memcpy(bytes + 4, head, 4); // instead of the command's own header
         good &= write_file(argv[1], rand_cases[i].name, mode, bytes + 4, (size_t)(w.p - bytes) - 4);
      }
   }
   pv_arena_fini(&arena);
   pv_ids_destroy(&ids);
   free(bytes);
   return good ? 0 : 1;
}
