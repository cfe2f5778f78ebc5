// SPDX-License-Identifier: MIT
//
// Hex in, hex out.
#include "golden.h"

struct pv_arena golden_arena;
uint8_t golden_bytes[GOLDEN_SPACE];
static uint8_t expected[GOLDEN_SPACE];

static size_t parse(const char *hex)
{
   size_t n = 0;
   for (; *hex; hex++) {
      if (*hex == ' ' || *hex == '\n')
         continue;
      unsigned byte;
      assert_int_equal(sscanf(hex, "%2x", &byte), 1);
      expected[n++] = (uint8_t)byte;
      hex++;
   }
   return n;
}

struct pv_writer golden_writer(void)
{
   memset(golden_bytes, 0xee, sizeof golden_bytes);
   return (struct pv_writer){.p = golden_bytes, .end = golden_bytes + sizeof golden_bytes};
}

void golden_size(const char *what, const struct pv_writer *w, size_t size)
{
   assert_false(w->full);
   if ((size_t)(w->p - golden_bytes) != size)
      fail_msg("%s: %zu bytes, not %zu", what, (size_t)(w->p - golden_bytes), size);
}

void golden_same(const char *what, const struct pv_writer *w, const char *hex)
{
   size_t size = parse(hex);
   for (size_t i = 0; i < size && i < (size_t)(w->p - golden_bytes); i++)
      if (golden_bytes[i] != expected[i])
         fail_msg("%s: byte %zu is %02x, not %02x", what, i, golden_bytes[i], expected[i]);
   golden_size(what, w, size);
}

struct pv_reader golden_reader(const char *hex, size_t skip)
{
   size_t size = parse(hex);
   return (struct pv_reader){.p = expected + skip, .end = expected + size, .arena = &golden_arena};
}

void golden_read(const char *what, const struct pv_reader *r)
{
   if (r->why)
      fail_msg("%s: %s (%llu)", what, r->why, (unsigned long long)r->why_value);
   if (r->p != r->end)
      fail_msg("%s: %zu bytes were left", what, (size_t)(r->end - r->p));
}
