// SPDX-License-Identifier: MIT
//
// A VMM whose worker lies (liar.c): the guest's context ends, the VMM does not, and is not held up for long. Arguments:
// the library; the liar is PEARVISOR_WORKER.
#include "vmm.h"

#include <errno.h>
#include <unistd.h>

#define PATIENT (8 * SEC)

static int leave(void **state)
{
   virgl.cleanup(NULL);
   return 0;
}

static void open_context(const char *lie)
{
   setenv("PEARVISOR_LIAR", lie, 1);
   vmm_init(VMM_QEMU);
   assert_int_equal(virgl.context_create_with_flags(1, VIRGL_CAPSET_VENUS, 5, "guest"), 0);
}

// What becomes of a blob.
static int blob(uint32_t id)
{
   const struct virgl_create_blob_args args = {
      .res_handle = id, .ctx_id = 1, .blob_mem = VIRGL_BLOB_MEM_HOST3D, .blob_flags = 1, .blob_id = 1, .size = 65536};
   uint64_t begin = pv_now();
   int ret = virgl.resource_create_blob(&args);
   assert_true(pv_now() - begin < PATIENT);
   return ret;
}

// A context that was lied to is over, and its fences are not waited for any more.
static void is_over(const char *lie, int error)
{
   open_context(lie);
   unsigned lines = atomic_load(&seen.lines);
   assert_int_equal(virgl.context_create_fence(1, 1, 0, 5), 0);
   assert_int_equal(blob(10), error);
   assert_true(atomic_load(&seen.lines) > lines);
   assert_int_equal(blob(11), -EPIPE);
   assert_true(vmm_retired(1));
   assert_int_equal(seen.fence[0].id, 5);
   virgl.context_destroy(1);
   virgl.cleanup(NULL);
}

static void memory_is_what_was_asked_for(void **state)
{
   static const char *const lies[] = {"short", "larger", "empty", "unsealed"};
   for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
      is_over(lies[i], -EPROTO);
}

static void nobody_waits_for_ever(void **state)
{
   is_over("silent", -ETIMEDOUT);
   is_over("dribbling", -ETIMEDOUT);
}

static void a_worker_has_no_pointers_to_give(void **state)
{
   void *map;
   uint64_t size;
   open_context("pointer");
   assert_int_equal(blob(10), 0);
   assert_int_not_equal(virgl.resource_map(10, &map, &size), 0);
   virgl.resource_unref(10);
}

static void errors_are_errors(void **state)
{
   open_context("positive");
   assert_true(blob(10) < 0);
   virgl.cleanup(NULL);
   uint32_t version = 1, room = 1;
   setenv("PEARVISOR_LIAR", "refusing", 1);
   virgl.get_cap_set(VIRGL_CAPSET_VENUS, &version, &room);
   assert_int_equal(room, 0);
   virgl.cleanup(NULL);
   setenv("PEARVISOR_LIAR", "half", 1);
   vmm_init(VMM_QEMU);
   assert_int_not_equal(virgl.context_create_with_flags(1, VIRGL_CAPSET_VENUS, 5, "guest"), 0);
}

static void descriptors_are_not_collected(void **state)
{
   open_context("many");
   struct vmm_use before = vmm_use(getpid());
   assert_int_equal(blob(10), 0);
   virgl.resource_unref(10);
   assert_int_equal(vmm_use(getpid()).fds, before.fds);
}

static void only_fences_that_are_owed_retire_and_once(void **state)
{
   open_context("fences");
   for (unsigned i = 1; i <= 20; i++)
      assert_int_equal(virgl.context_create_fence(1, 1, 2, i), 0);
   assert_true(vmm_retired(20));
   for (int i = 0; i < 50; i++) {
      vmm_poll();
      pv_sleep_until(pv_now() + 1000000);
   }
   assert_int_equal(atomic_load(&seen.fences), 20);
   for (unsigned i = 0; i < 20; i++)
      assert_true(seen.fence[i].context == 1 && seen.fence[i].ring_idx == 2 && seen.fence[i].id == i + 1);
}

int main(int argc, char **argv)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(memory_is_what_was_asked_for, leave),
      cmocka_unit_test_teardown(nobody_waits_for_ever, leave),
      cmocka_unit_test_teardown(a_worker_has_no_pointers_to_give, leave),
      cmocka_unit_test_teardown(errors_are_errors, leave),
      cmocka_unit_test_teardown(descriptors_are_not_collected, leave),
      cmocka_unit_test_teardown(only_fences_that_are_owed_retire_and_once, leave),
   };
   if (argc != 2 || !vmm_load(argv[1]))
      return 1;
   return cmocka_run_group_tests(tests, NULL, NULL);
}
