// SPDX-License-Identifier: MIT
//
// Every command with random values: what one side writes the other reads, to the byte. And what is cut short or
// damaged is refused (or is some other valid command), but never makes the reader leave its bytes: run under ASan this
// is the proof.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rand.h"

#define ROUNDS     48 // commands of each kind
#define SPACE      (16u << 20)
#define CUT_LIMIT  8192 // longer ones are cut at some places only
#define DAMAGES    6

static struct pv_arena fill_arena, read_arena;
static uint8_t *first, *second;

static int setup(void **state)
{
   (void)state;
   pv_arena_init(&fill_arena, 256u << 20);
   pv_arena_init(&read_arena, 256u << 20);
   first = malloc(SPACE);
   second = malloc(SPACE);
   return first && second ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   pv_arena_fini(&fill_arena);
   pv_arena_fini(&read_arena);
   free(first);
   free(second);
   return 0;
}

static void *random_args(const struct rand_case *c, unsigned round)
{
   pv_arena_reset(&fill_arena);
   struct rand g = {.state = (uint64_t)c->id * 1000003 + round + 1, .mode = round % RAND_MODES, .arena = &fill_arena};
   for (int i = 0; i < 8; i++)
      rand_next(&g);
   void *args = pv_arena_zalloc(&fill_arena, 1, c->args_size);
   assert_non_null(args);
   c->fill(&g, args);
   return args;
}

static struct pv_reader reader_of(const uint8_t *bytes, size_t size)
{
   pv_arena_reset(&read_arena);
   return (struct pv_reader){.p = bytes, .end = bytes + size, .arena = &read_arena};
}

static size_t written(const struct pv_writer *w, const uint8_t *start)
{
   assert_false(w->full);
   return (size_t)(w->p - start);
}

static size_t write_request(const struct rand_case *c, const void *args, uint8_t *out)
{
   struct pv_writer w = {.p = out, .end = out + SPACE};
   c->enc(&w, 1, args);
   return written(&w, out);
}

static size_t write_reply(const struct rand_case *c, const void *args, uint8_t *out)
{
   struct pv_writer w = {.p = out, .end = out + SPACE};
   c->enc_reply(&w, args);
   return written(&w, out);
}

static void must_be_read(const struct rand_case *c, const char *what, const struct pv_reader *r)
{
   if (r->why)
      fail_msg("%s: %s: %s (%llu)", c->name, what, r->why, (unsigned long long)r->why_value);
   if (r->p != r->end)
      fail_msg("%s: %s: %zu bytes were left", c->name, what, (size_t)(r->end - r->p));
   assert_int_equal(r->depth, 0);
}

static void must_be_same(const struct rand_case *c, const char *what, size_t n, size_t m)
{
   if (n != m || memcmp(first, second, n) != 0)
      fail_msg("%s: %s differs (%zu and %zu bytes)", c->name, what, n, m);
}

static void requests_come_back(void **state)
{
   (void)state;
   size_t total = 0;
   for (size_t i = 0; i < rand_case_count; i++) {
      const struct rand_case *c = &rand_cases[i];
      for (unsigned round = 0; round < ROUNDS; round++) {
         size_t size = write_request(c, random_args(c, round), first);
         assert_int_equal(pv_load32(first), c->id);
         assert_int_equal(pv_load32(first + 4), 1);
         void *args = calloc(1, c->args_size);
         struct pv_reader r = reader_of(first + 8, size - 8);
         c->dec(&r, args);
         must_be_read(c, "request", &r);
         must_be_same(c, "request", size, write_request(c, args, second));
         // the answer that the renderer would give is one that the client can read
         size_t reply = write_reply(c, args, first);
         c->clear(args);
         r = reader_of(first, reply);
         c->dec_reply(&r, args);
         must_be_read(c, "empty reply", &r);
         free(args);
         total += size;
      }
   }
   print_message("%zu commands, %zu bytes\n", rand_case_count, total);
}

static void replies_come_back(void **state)
{
   (void)state;
   for (size_t i = 0; i < rand_case_count; i++) {
      const struct rand_case *c = &rand_cases[i];
      for (unsigned round = 0; round < ROUNDS; round++) {
         void *args = random_args(c, round);
         size_t size = write_reply(c, args, first);
         assert_int_equal(pv_load32(first), c->id);
         c->clear(args);
         struct pv_reader r = reader_of(first, size);
         c->dec_reply(&r, args);
         must_be_read(c, "reply", &r);
         must_be_same(c, "reply", size, write_reply(c, args, second));
      }
   }
}

// Reads a copy of exactly `size` bytes, so that a tool which watches memory sees any step beyond.
static const char *why_refused(const struct rand_case *c, const uint8_t *bytes, size_t size, void *args)
{
   uint8_t *copy = malloc(size ? size : 1);
   assert_non_null(copy);
   memcpy(copy, bytes, size);
   struct pv_reader r = reader_of(copy, size);
   c->dec(&r, args);
   const char *why = r.why;
   assert_int_equal(r.depth, 0);
   free(copy);
   return why;
}

static void cut_short_is_refused(void **state)
{
   (void)state;
   for (size_t i = 0; i < rand_case_count; i++) {
      const struct rand_case *c = &rand_cases[i];
      void *args = calloc(1, c->args_size);
      for (unsigned round = 0; round < RAND_MODES; round++) {
         size_t size = write_request(c, random_args(c, round), first) - 8;
         size_t step = size <= CUT_LIMIT ? 4 : size / (CUT_LIMIT / 4) * 4;
         for (size_t cut = 0; cut < size; cut += step)
            if (!why_refused(c, first + 8, cut, args))
               fail_msg("%s: %zu of %zu bytes were taken for a whole command", c->name, cut, size);
      }
      free(args);
   }
}

static void damage_does_no_harm(void **state)
{
   (void)state;
   struct rand g = {.state = 42};
   size_t refused = 0, all = 0;
   read_arena.limit = 4u << 20;
   for (size_t i = 0; i < rand_case_count; i++) {
      const struct rand_case *c = &rand_cases[i];
      void *args = calloc(1, c->args_size);
      for (unsigned round = 0; round < ROUNDS; round++) {
         size_t size = write_request(c, random_args(c, round), first) - 8;
         for (unsigned k = 0; k < DAMAGES && size; k++, all++) {
            size_t at = 8 + rand_next(&g) % size;
            uint8_t was = first[at];
            first[at] = k % 2 ? (uint8_t)rand_next(&g) : (uint8_t)(was ^ (1u << rand_next(&g) % 8));
            refused += why_refused(c, first + 8, size, args) != NULL;
            first[at] = was;
         }
      }
      free(args);
   }
   read_arena.limit = 256u << 20;
   print_message("%zu of %zu damaged commands were refused\n", refused, all);
   assert_true(refused > all / 20);
}

static void little_memory_is_refused(void **state)
{
   (void)state;
   size_t refused = 0;
   for (size_t i = 0; i < rand_case_count; i++) {
      const struct rand_case *c = &rand_cases[i];
      size_t size = write_request(c, random_args(c, RAND_MOST), first) - 8;
      void *args = calloc(1, c->args_size);
      read_arena.limit = 256u << 20;
      struct pv_reader r = reader_of(first + 8, size);
      c->dec(&r, args);
      size_t need = read_arena.used;
      for (size_t limit = 0; limit < need; limit += 1 + need / 50) {
         read_arena.limit = limit;
         const char *why = why_refused(c, first + 8, size, args);
         if (!why || strcmp(why, "out of command memory") != 0)
            fail_msg("%s with %zu of %zu bytes of memory: %s", c->name, limit, need, why ? why : "read");
         refused++;
      }
      free(args);
   }
   read_arena.limit = 256u << 20;
   assert_true(refused > 1000);
}

static void every_chain_struct_was_there(void **state)
{
   (void)state;
   size_t links = 0;
   for (size_t i = 0; i < rand_root_count; i++)
      for (unsigned k = 0; k < rand_roots[i]->count; k++, links++)
         if (!rand_roots[i]->seen[k])
            fail_msg("%s was never followed by sType %d", rand_roots[i]->name, rand_roots[i]->links[k].stype);
   print_message("%zu roots, %zu structs behind them\n", rand_root_count, links);
   assert_true(links > 200);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_come_back),
      cmocka_unit_test(replies_come_back),
      cmocka_unit_test(cut_short_is_refused),
      cmocka_unit_test(damage_does_no_harm),
      cmocka_unit_test(little_memory_is_refused),
      cmocka_unit_test(every_chain_struct_was_there),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
