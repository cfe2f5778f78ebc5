// SPDX-License-Identifier: MIT
//
// Rings on threads of their own that wait for a busy GPU: for fences, for idle queues, and fences of the guest's that
// are to retire. Nobody else is held up, and all are through once the GPU is. Run it under ThreadSanitizer.
//
// usage: test_waits FAKEHOST
#include "everything.h"

#include <stdatomic.h>

#include "wire/venus.gen.h"

#define RINGS   3
#define ROUNDS  20
#define PATIENT 20000000000ull // ns

static const char *fakehost;
static struct pv_core *core;

static uint32_t head_of(const uint8_t *ring)
{
   return atomic_load((_Atomic uint32_t *)(uintptr_t)ring);
}

// A command that waits, after which the ring's head tells that it is over. The size of both.
static size_t write_wait(unsigned kind, uint8_t *out, size_t room)
{
   struct pv_writer w = {.p = out, .end = out + room};
   VkDevice device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice));
   VkQueue queue = ID(VkQueue, OBJECT_ID(PV_OBJECT_VkQueue));
   VkFence fence = ID(VkFence, OBJECT_ID(PV_OBJECT_VkFence));
   switch (kind) {
   case 0:
      pv_enc_vkWaitForFences(
          &w, 0,
          &(struct pv_args_vkWaitForFences){
             .device = device, .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE, .timeout = UINT64_MAX});
      break;
   case 1:
      pv_enc_vkQueueWaitIdle(&w, 0, &(struct pv_args_vkQueueWaitIdle){.queue = queue});
      break;
   default:
      pv_enc_vkDeviceWaitIdle(&w, 0, &(struct pv_args_vkDeviceWaitIdle){.device = device});
      break;
   }
   assert_false(w.full);
   return (size_t)(w.p - out);
}

static void wait_for(const uint8_t *ring, uint32_t head)
{
   for (uint64_t end = pv_now() + PATIENT; head_of(ring) != head && pv_now() < end;)
      pv_sleep_until(pv_now() + 200000);
   assert_int_equal(head_of(ring), head);
}

static void rings_wait_and_go_on(void **state)
{
   (void)state;
   struct guest guest;
   uint8_t *rings[RINGS], command[256];
   uint32_t tails[RINGS] = {0};
   log_forget();
   rings[0] = everything_open(&guest, core, "waiting");
   for (unsigned i = 1; i < RINGS; i++) {
      struct pv_blob_core blob;
      assert_int_equal(pv_context_core_blob(guest.ctx, 2 + i, 0, SHARED, PV_BLOB_MAPPABLE, &blob), 0);
      rings[i] = blob.pointer;
      put_ring(&guest.w, i, 2 + i);
      assert_int_equal(guest_submit(&guest), 0);
   }
   uint64_t misuses = fake_misuses();
   for (unsigned round = 1; round <= ROUNDS; round++) {
      fake_busy(1);
      assert_int_equal(pv_context_core_fence(guest.ctx, 1, round), 0);
      for (unsigned i = 0; i < RINGS; i++) {
         size_t size = write_wait((round + i) % 3, command, sizeof command);
         ring_push(&guest, rings[i], i, command, size);
         tails[i] += (uint32_t)size;
      }
      // Meanwhile the control path works.
      pv_enc_vkGetFenceStatus(&guest.w, 1,
                              &(struct pv_args_vkGetFenceStatus){.device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice)),
                                                                 .fence = ID(VkFence, OBJECT_ID(PV_OBJECT_VkFence))});
      assert_int_equal(guest_submit(&guest), 0);
      guest_rewind(&guest);
      assert_int_equal(guest_submit(&guest), 0);
      pv_sleep_until(pv_now() + 2000000);
      for (unsigned i = 0; i < RINGS; i++)
         assert_int_not_equal(head_of(rings[i]), tails[i]);
      fake_busy(0);
      for (unsigned i = 0; i < RINGS; i++)
         wait_for(rings[i], tails[i]);
   }
   for (uint64_t end = pv_now() + PATIENT; atomic_load(&guest.retired[1]) != ROUNDS && pv_now() < end;)
      pv_sleep_until(pv_now() + 200000);
   assert_int_equal(guest.retired[1], ROUNDS);
   assert_int_equal(guest_state(&guest), PV_CONTEXT_ALIVE);
   guest_close(&guest);
   assert_int_equal(fake_misuses(), misuses);
   fake_forget();
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   fakehost = argv[1];
   core = everything_start(fakehost, false);
   if (!core)
      return 1;
   const struct CMUnitTest tests[] = {cmocka_unit_test(rings_wait_and_go_on)};
   int failed = cmocka_run_group_tests(tests, NULL, NULL);
   everything_stop(&core);
   return failed;
}
