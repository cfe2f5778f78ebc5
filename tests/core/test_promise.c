// SPDX-License-Identifier: MIT
//
// What the core promises its guest, as whoever survives it would see that: no driver, no guest, only the records.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/context.h"

#define PIECES 70u

// The wills left so far: the last of them, how many are in force.
struct wills {
   struct pv_will last;
   int lent;
};

struct fixture {
   struct pv_core core;
   struct pv_context_core ctx;
   struct pv_promise promises[PV_PROMISES];
   struct wills wills;
   struct pv_hostmem memory[PIECES];
   struct pv_buffer buffers[PIECES];
   struct pv_child child;
};

static void note_will(void *user, const struct pv_will *will)
{
   struct wills *wills = user;
   wills->last = *will;
   wills->lent += will->fd >= 0 ? 1 : -1;
}

static int set_up(void **state)
{
   struct fixture *f = calloc(1, sizeof(*f));
   f->core.promises = f->promises;
   f->core.will = note_will;
   f->core.will_user = &f->wills;
   f->ctx.core = &f->core;
   pthread_mutex_init(&f->ctx.pool_lock, NULL);
   for (unsigned i = 0; i < PIECES; i++) {
      f->memory[i].size = 4096;
      f->memory[i].fd = 100 + (int)i;
      atomic_store(&f->buffers[i].pages, &f->memory[i]);
   }
   assert_int_equal(pv_estate_open(&f->ctx), 0);
   *state = f;
   return 0;
}

static int tear_down(void **state)
{
   struct fixture *f = *state;
   pv_estate_close(&f->ctx);
   pthread_mutex_destroy(&f->ctx.pool_lock);
   free(f);
   return 0;
}

// A word for `buffer`, among the child's marks; what was promised, or NULL.
static const struct pv_promise *mark_word(struct fixture *f, struct pv_buffer *buffer, uint32_t value)
{
   struct pv_write_mark *mark = &f->child.marks[f->child.mark_count++];
   *mark = (struct pv_write_mark){.kind = PV_MARK_FILL, .to_offset = 16, .value = value};
   pv_promise_make(&f->ctx, mark, buffer, NULL);
   return mark->promise ? &f->promises[mark->promise - 1] : NULL;
}

static unsigned in_force(const struct fixture *f)
{
   unsigned n = 0;
   for (unsigned i = 0; i < PV_PROMISES; i++)
      n += f->promises[i].kind != PV_PROMISE_NONE;
   return n;
}

static void a_fence_is_promised_a_loss(void **state)
{
   struct fixture *f = *state;
   f->buffers[3].offset = 256;
   const struct pv_promise *promise = mark_word(f, &f->buffers[3], VK_SUCCESS);
   assert_non_null(promise);
   assert_int_equal(promise->kind, PV_PROMISE_WORD);
   assert_int_equal((int32_t)promise->value, VK_ERROR_DEVICE_LOST);
   assert_int_equal(promise->to_offset, 272);
   assert_int_equal(f->wills.last.kind, PV_WILL_MEMORY);
   assert_int_equal(f->wills.last.fd, 103);
   assert_int_equal(f->wills.last.key, promise->to);
   promise = mark_word(f, &f->buffers[3], 3);
   assert_int_equal(promise->value, 3);
   assert_int_equal(f->wills.lent, 1);
   assert_int_equal(in_force(f), 2);
}

static void counters_and_queries_are_promised(void **state)
{
   struct fixture *f = *state;
   struct pv_write_mark copy = {.kind = PV_MARK_COPY, .to_offset = 8, .from_offset = 24};
   struct pv_write_mark query = {.kind = PV_MARK_QUERY, .to_offset = 64, .stride = 16, .value = 5};
   pv_promise_make(&f->ctx, &copy, &f->buffers[0], &f->buffers[1]);
   pv_promise_make(&f->ctx, &query, &f->buffers[0], NULL);
   assert_int_equal(f->wills.lent, 2);
   const struct pv_promise *promise = &f->promises[copy.promise - 1];
   assert_int_equal(promise->kind, PV_PROMISE_COUNTER);
   assert_int_not_equal(promise->to, promise->from);
   assert_int_equal(promise->to_offset, 8);
   assert_int_equal(promise->from_offset, 24);
   promise = &f->promises[query.promise - 1];
   assert_int_equal(promise->kind, PV_PROMISE_QUERIES);
   assert_int_equal(promise->stride, 16);
   assert_int_equal(promise->value, 5);
}

static void what_is_recorded_anew_is_promised_anew(void **state)
{
   struct fixture *f = *state;
   for (unsigned i = 0; i < 3 * PV_PROMISES; i++) {
      assert_non_null(mark_word(f, &f->buffers[0], 1));
      assert_non_null(mark_word(f, &f->buffers[1], 1));
      assert_int_equal(in_force(f) - 2, 0);
      pv_promises_drop(&f->ctx, &f->child);
      assert_int_equal(f->child.mark_count, 0);
   }
   assert_int_equal(in_force(f), 0);
   assert_int_equal(f->wills.lent, 2);
}

static void memory_is_given_back_with_its_last_buffer(void **state)
{
   struct fixture *f = *state;
   atomic_store(&f->buffers[1].pages, &f->memory[0]);
   mark_word(f, &f->buffers[0], 1);
   mark_word(f, &f->buffers[1], 1);
   assert_int_equal(f->wills.lent, 1);
   pv_promise_revoke(&f->ctx, &f->buffers[0]);
   assert_int_equal(f->wills.lent, 1);
   pv_promise_revoke(&f->ctx, &f->buffers[2]); // was never named
   assert_int_equal(f->wills.lent, 1);
   pv_promise_revoke(&f->ctx, &f->buffers[1]);
   assert_int_equal(f->wills.lent, 0);
   assert_null(mark_word(f, &f->buffers[1], 1)); // too late
   assert_int_equal(f->wills.lent, 0);
}

static void memory_that_nobody_else_can_have_is_not_promised(void **state)
{
   struct fixture *f = *state;
   f->memory[0].fd = -1;
   assert_null(mark_word(f, &f->buffers[0], 1));
   assert_null(mark_word(f, NULL, 1));
   atomic_store(&f->buffers[1].pages, NULL);
   assert_null(mark_word(f, &f->buffers[1], 1));
   struct pv_write_mark copy = {.kind = PV_MARK_COPY};
   pv_promise_make(&f->ctx, &copy, &f->buffers[2], &f->buffers[0]);
   assert_int_equal(copy.promise, 0);
   assert_int_equal(in_force(f), 0);
}

static void there_is_an_end_to_promises(void **state)
{
   struct fixture *f = *state;
   struct pv_write_mark mark = {.kind = PV_MARK_FILL};
   for (unsigned i = 0; i < PIECES; i++)
      pv_promise_make(&f->ctx, &mark, &f->buffers[i], NULL);
   assert_int_equal(f->wills.lent, 64);
   assert_int_equal(in_force(f), 64);
   assert_int_equal(mark.promise, 0);
   for (unsigned i = 0; i < PV_PROMISES; i++)
      pv_promise_make(&f->ctx, &mark, &f->buffers[0], NULL);
   assert_int_equal(in_force(f), PV_PROMISES);
   assert_int_equal(mark.promise, 0);
}

static void the_first_context_has_them(void **state)
{
   struct fixture *f = *state;
   struct pv_context_core second = {.core = &f->core};
   struct pv_write_mark mark = {.kind = PV_MARK_FILL};
   assert_int_equal(pv_estate_open(&second), 0);
   pv_promise_make(&second, &mark, &f->buffers[0], NULL);
   assert_int_equal(mark.promise, 0);
   assert_int_equal(f->wills.lent, 0);
   pv_promise_revoke(&second, &f->buffers[0]);
   pv_estate_close(&second);
   assert_non_null(mark_word(f, &f->buffers[0], 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
   const struct CMUnitTest tests[] = {
      TEST(a_fence_is_promised_a_loss),
      TEST(counters_and_queries_are_promised),
      TEST(what_is_recorded_anew_is_promised_anew),
      TEST(memory_is_given_back_with_its_last_buffer),
      TEST(memory_that_nobody_else_can_have_is_not_promised),
      TEST(there_is_an_end_to_promises),
      TEST(the_first_context_has_them),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
