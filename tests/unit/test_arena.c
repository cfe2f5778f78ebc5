// SPDX-License-Identifier: MIT
//
// Arena: alignment, limit, and that a steady stream of commands allocates nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include "base/arena.h"
#include "count_malloc.h"

static void pieces_are_aligned_and_apart(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, SIZE_MAX);
   uint8_t *before = NULL;
   size_t before_size = 0;
   for (size_t size = 0; size < 2000; size++) {
      uint8_t *p = pv_arena_alloc(&arena, size);
      assert_non_null(p);
      assert_int_equal((uintptr_t)p % 16, 0);
      memset(p, 0xa5, size); // the sanitizer watches the block's end
      if (before && p > before)
         assert_true(p >= before + before_size);
      before = p;
      before_size = size;
   }
   pv_arena_fini(&arena);
}

static void zero_bytes_yield_a_pointer_even_in_a_new_arena(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, 0);
   assert_non_null(pv_arena_alloc(&arena, 0));
   assert_null(pv_arena_alloc(&arena, 1));
   pv_arena_fini(&arena);
   pv_arena_init(&arena, 64);
   assert_non_null(pv_arena_alloc(&arena, 0));
   pv_arena_fini(&arena);
}

static void limit_holds_and_a_reset_restores_it(void **state)
{
   struct pv_arena arena;
   const size_t limit = (size_t)1 << 20;
   pv_arena_init(&arena, limit);
   for (int round = 0; round < 3; round++) {
      size_t got = 0;
      while (pv_arena_alloc(&arena, 1000))
         got++;
      assert_int_equal(got, limit / 1008);
      assert_null(pv_arena_alloc(&arena, limit));
      pv_arena_reset(&arena);
      assert_non_null(pv_arena_alloc(&arena, limit));
      assert_null(pv_arena_alloc(&arena, 1));
      pv_arena_reset(&arena);
   }
   pv_arena_fini(&arena);
}

static void tiny_pieces_cannot_exceed_the_limit(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, 1 << 16);
   size_t got = 0;
   while (pv_arena_alloc(&arena, 1))
      got++;
   assert_int_equal(got, (1 << 16) / 16);
   pv_arena_fini(&arena);
}

static void absurd_sizes_are_refused(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, SIZE_MAX);
   assert_null(pv_arena_alloc(&arena, SIZE_MAX));
   assert_null(pv_arena_alloc(&arena, SIZE_MAX - 15));
   assert_null(pv_arena_alloc(&arena, SIZE_MAX - 64));
   assert_null(pv_arena_zalloc(&arena, SIZE_MAX / 2, 3));
   assert_null(pv_arena_zalloc(&arena, (size_t)1 << 33, (size_t)1 << 33));
   assert_non_null(pv_arena_alloc(&arena, 100));
   pv_arena_fini(&arena);
}

static void zalloc_zeroes_used_memory(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, 1 << 20);
   memset(pv_arena_alloc(&arena, 4096), 0xff, 4096);
   pv_arena_reset(&arena);
   uint8_t *p = pv_arena_zalloc(&arena, 512, 8);
   for (int i = 0; i < 4096; i++)
      assert_int_equal(p[i], 0);
   pv_arena_fini(&arena);
}

static void a_steady_stream_does_not_allocate(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, (size_t)64 << 20);
   assert_non_null(pv_arena_alloc(&arena, 100));
   assert_non_null(pv_arena_alloc(&arena, (size_t)8 << 20)); // a large command in between
   pv_arena_reset(&arena);
   unsigned long before = malloc_count();
   for (int command = 0; command < 10000; command++) {
      for (int i = 0; i < 100; i++)
         assert_non_null(pv_arena_alloc(&arena, 1000));
      pv_arena_reset(&arena);
   }
   assert_int_equal(malloc_count() - before, 0);
   pv_arena_fini(&arena);
}

static void missing_memory_is_reported(void **state)
{
   struct pv_arena arena;
   pv_arena_init(&arena, SIZE_MAX);
   malloc_fails(true);
   void *p = pv_arena_alloc(&arena, 100);
   malloc_fails(false);
   assert_null(p);
   assert_non_null(pv_arena_alloc(&arena, 100));
   pv_arena_fini(&arena);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_aligned_and_apart),
      cmocka_unit_test(zero_bytes_yield_a_pointer_even_in_a_new_arena),
      cmocka_unit_test(limit_holds_and_a_reset_restores_it),
      cmocka_unit_test(tiny_pieces_cannot_exceed_the_limit),
      cmocka_unit_test(absurd_sizes_are_refused),
      cmocka_unit_test(zalloc_zeroes_used_memory),
      cmocka_unit_test(a_steady_stream_does_not_allocate),
      cmocka_unit_test(missing_memory_is_reported),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
