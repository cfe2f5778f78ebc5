// SPDX-License-Identifier: MIT
//
// pv_ring_check: what a guest may ask for, and each way to ask for something else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "guest.h"

#define SIZE 4096u

static const struct pv_ring_layout good = {
   .head = 0,
   .tail = 64,
   .status = 128,
   .buffer = 192,
   .buffer_size = 1024,
   .extra = 1216,
   .extra_size = 4,
};

static void the_drivers_layout_is_accepted(void **state)
{
   struct pv_ring_layout out;
   assert_null(pv_ring_check(SIZE, 0, SIZE, &good, &out));
   assert_memory_equal(&out, &good, sizeof good);
   assert_null(pv_ring_check(1220, 0, 1220, &good, &out)); // not a byte more than needed
}

static void offsets_become_absolute(void **state)
{
   struct pv_ring_layout out;
   assert_null(pv_ring_check(SIZE, 512, 1220, &good, &out));
   assert_true(out.head == 512 && out.tail == 576 && out.status == 640 && out.buffer == 704 && out.extra == 1728);
   assert_true(out.buffer_size == 1024 && out.extra_size == 4);
}

static void any_order_and_touching_regions_are_accepted(void **state)
{
   const struct pv_ring_layout layout = {
      .buffer = 0,
      .buffer_size = 64,
      .extra = 64,
      .extra_size = 8,
      .status = 72,
      .head = 76,
      .tail = 80,
   };
   struct pv_ring_layout out;
   assert_null(pv_ring_check(84, 0, 84, &layout, &out));
}

static void extreme_sizes_are_accepted(void **state)
{
   struct pv_ring_layout layout = good, out;
   layout.buffer_size = 4;
   layout.extra = 0; // empty: overlaps with nothing
   layout.extra_size = 0;
   assert_null(pv_ring_check(SIZE, 0, SIZE, &layout, &out));
   layout.buffer_size = 16 << 20;
   assert_null(pv_ring_check(UINT64_C(1) << 40, 0, UINT64_C(1) << 40, &layout, &out));
}

// What is wrong if one member of the good layout is `value`.
static const char *with(size_t member, uint64_t value)
{
   struct pv_ring_layout layout = good, out;
   memcpy((char *)&layout + member, &value, sizeof value);
   return pv_ring_check(SIZE, 0, SIZE, &layout, &out);
}
#define WITH(member, value) with(offsetof(struct pv_ring_layout, member), value)

static void unaligned_regions_are_refused(void **state)
{
   assert_non_null(strstr(WITH(head, 1), "aligned"));
   assert_non_null(strstr(WITH(tail, 66), "aligned"));
   assert_non_null(strstr(WITH(status, 131), "aligned"));
   assert_non_null(strstr(WITH(buffer, 190), "aligned"));
   assert_non_null(strstr(WITH(extra, 1217), "aligned"));
   struct pv_ring_layout out;
   assert_non_null(strstr(pv_ring_check(SIZE, 2, 1220, &good, &out), "aligned"));
}

static void regions_outside_are_refused(void **state)
{
   assert_non_null(strstr(WITH(head, SIZE), "outside"));
   assert_non_null(strstr(WITH(head, SIZE - 3), "outside"));
   assert_non_null(strstr(WITH(tail, UINT64_MAX), "outside"));
   assert_non_null(strstr(WITH(status, UINT64_MAX - 3), "outside"));
   assert_non_null(strstr(WITH(buffer, SIZE - 1020), "outside"));
   assert_non_null(strstr(WITH(extra_size, SIZE), "outside"));
   assert_non_null(strstr(WITH(extra_size, UINT64_MAX), "outside"));
   assert_non_null(strstr(WITH(buffer_size, 4096), "outside"));
   struct pv_ring_layout out;
   assert_non_null(strstr(pv_ring_check(SIZE, 0, 1216, &good, &out), "outside"));
   assert_non_null(strstr(pv_ring_check(SIZE, 0, SIZE + 1, &good, &out), "outside"));
   assert_non_null(strstr(pv_ring_check(SIZE, SIZE - 100, 1220, &good, &out), "outside"));
   assert_non_null(strstr(pv_ring_check(SIZE, UINT64_MAX - 3, 1220, &good, &out), "outside"));
   assert_non_null(strstr(pv_ring_check(SIZE, 4, UINT64_MAX, &good, &out), "outside"));
}

static void bad_buffer_sizes_are_refused(void **state)
{
   const uint64_t sizes[] = {0, 1, 2, 3, 12, 1000, 1023, 1025, 32 << 20, UINT64_C(1) << 32, UINT64_C(1) << 63};
   for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
      assert_non_null(strstr(WITH(buffer_size, sizes[i]), "power of two"));
}

static void overlapping_regions_are_refused(void **state)
{
   assert_non_null(strstr(WITH(tail, 0), "overlap"));
   assert_non_null(strstr(WITH(status, 64), "overlap"));
   assert_non_null(strstr(WITH(head, 192), "overlap"));
   assert_non_null(strstr(WITH(buffer, 0), "overlap"));
   assert_non_null(strstr(WITH(buffer, 128), "overlap"));
   assert_non_null(strstr(WITH(extra, 1212), "overlap"));
   assert_non_null(strstr(WITH(extra, 64), "overlap"));
}

static void create_wants_zeroed_words(void **state)
{
   static _Alignas(4) uint8_t memory[SIZE];
   struct pv_ring_params params = {.base = memory, .size = SIZE, .layout = good, .ops = &guest_ops};
   struct pv_ring *ring = (void *)1;
   memory[0] = 4;
   assert_int_equal(pv_ring_create(&params, &ring), -EINVAL);
   assert_null(ring);
   memory[0] = 0;
   memory[128] = PV_RING_ALIVE;
   assert_int_equal(pv_ring_create(&params, &ring), -EINVAL);
   memory[128] = 0;
   params.base = memory + 1;
   assert_int_equal(pv_ring_create(&params, &ring), -EINVAL);
   params.base = memory;
   assert_int_equal(pv_ring_create(&params, &ring), 0);
   pv_ring_destroy(&ring);
   assert_null(ring);
   pv_ring_destroy(&ring);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_drivers_layout_is_accepted),
      cmocka_unit_test(offsets_become_absolute),
      cmocka_unit_test(any_order_and_touching_regions_are_accepted),
      cmocka_unit_test(extreme_sizes_are_accepted),
      cmocka_unit_test(unaligned_regions_are_refused),
      cmocka_unit_test(regions_outside_are_refused),
      cmocka_unit_test(bad_buffer_sizes_are_refused),
      cmocka_unit_test(overlapping_regions_are_refused),
      cmocka_unit_test(create_wants_zeroed_words),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
