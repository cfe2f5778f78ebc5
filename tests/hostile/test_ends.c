// SPDX-License-Identifier: MIT
//
// What a guest meets that is not a breach of the protocol, on the host's own driver: refusals, the poisoned ids they
// leave, the lost state that follows their use, and waits that may never end.
//
// usage: test_ends threads|polled
#include "device.h"

#include <stdatomic.h>

static const char *mode;
static struct pv_core *core;

static void put_huge_memory(struct guest *g, uint64_t id, uint32_t type)
{
   VkDeviceMemory memory = ID(VkDeviceMemory, id);
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = 1ull << 62, .memoryTypeIndex = type};
   PUT(g, vkAllocateMemory, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pMemory = &memory,
       .asked_pMemory = 1);
}

static void put_use_of_memory(struct guest *g, uint64_t memory)
{
   put_small_buffer(g, FREE_ID + 50);
   PUT(g, vkBindBufferMemory, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, FREE_ID + 50),
       .memory = ID(VkDeviceMemory, memory));
}

static void what_was_refused_may_be_destroyed(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "good");
   log_forget();
   put_huge_memory(&g, FREE_ID, 0);
   put_huge_memory(&g, FREE_ID + 1, 31); // a type there is not
   for (int i = 0; i < 2; i++)
      PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, FREE_ID + i));
   device_run(&g);
   device_works(&g, 2);
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

static void who_asks_hears_of_a_refusal(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "good");
   put_huge_memory(&g, FREE_ID, 0);
   pv_store32(g.bytes + 4, 1); // with a reply
   device_run(&g);
   assert_int_equal(pv_load32(g.shared), PV_CMD_vkAllocateMemory);
   assert_int_equal((int32_t)pv_load32(g.shared + 4), VK_ERROR_OUT_OF_DEVICE_MEMORY);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   log_forget();
   PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, FREE_ID));
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_FATAL); // it knew that there is no such memory
   guest_close(&g);
}

// Checks what a lost context still does. Ends it. `full`: it has no room for another object.
static void check_lost(struct guest *g, bool full)
{
   struct pv_blob_core blob;
   VkFence fence = ID(VkFence, FENCE);
   VkMemoryRequirements requirements = {0};
   struct log log = log_so_far();
   assert_int_equal(guest_state(g), PV_CONTEXT_LOST);
   if (log.errors != 1 || log.lost != 1)
      fail_msg("%u lines: %s", log.errors, log.first);
   guest_rewind(g);
   PUT(g, vkWaitForFences, 1, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence,
       .timeout = UINT64_MAX);
   device_run(g);
   assert_int_equal(pv_load32(g->shared), PV_CMD_vkWaitForFences);
   assert_int_equal((int32_t)pv_load32(g->shared + 4), VK_ERROR_DEVICE_LOST);
   struct pv_args_vkGetBufferMemoryRequirements ask = {
      .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, BUFFER), .pMemoryRequirements = &requirements};
   guest_rewind(g);
   pv_enc_vkGetBufferMemoryRequirements(&g->w, 1, &ask);
   device_run(g);
   struct pv_reader r = guest_reply(g, PV_CMD_vkGetBufferMemoryRequirements);
   requirements.size = 77;
   pv_dec_reply_vkGetBufferMemoryRequirements(&r, &ask);
   assert_null(r.why);
   assert_int_equal(requirements.size, 0);
   if (!full) // the stream is still decoded, and ids still count
      put_small_buffer(g, FREE_ID + 60);
   PUT(g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, full ? BUFFER : FREE_ID + 60));
   device_run(g);
   assert_int_equal(guest_state(g), PV_CONTEXT_LOST);
   if (pv_context_core_blob(g->ctx, 9, FREE_ID, 8192, PV_BLOB_MAPPABLE, &blob) == 0) // the refused memory's
      for (size_t i = 0; i < 8192; i++)
         assert_int_equal(((uint8_t *)blob.pointer)[i], 0);
   for (uint32_t i = 0; i < 2; i++) {
      assert_int_equal(pv_context_core_fence(g->ctx, i, 1), 0);
      assert_int_equal(g->retired[i], 1);
   }
   other_device_works(core, 3);
   log = log_so_far();
   if (log.errors != 1)
      fail_msg("then %s", log.last);
   guest_close(g);
}

static void using_what_was_refused_loses_the_context(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "hostile");
   log_forget();
   put_huge_memory(&g, FREE_ID, 0);
   put_use_of_memory(&g, FREE_ID);
   device_run(&g);
   assert_non_null(strstr(log_so_far().first, "device lost at vkBindBufferMemory (28)"));
   check_lost(&g, false);
}

static void memory_beyond_the_budget_loses_who_uses_it(void **state)
{
   (void)state;
   struct guest g;
   VkDeviceMemory memory = ID(VkDeviceMemory, FREE_ID);
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = 65u << 20};
   device_open(&g, core, "hostile");
   log_forget();
   PUT(&g, vkAllocateMemory, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pMemory = &memory,
       .asked_pMemory = 1);
   put_use_of_memory(&g, FREE_ID);
   device_run(&g);
   check_lost(&g, false);
}

static void too_many_objects_lose_the_context(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "hostile");
   log_forget();
   for (uint64_t i = 0; i < 1100; i++)
      put_small_buffer(&g, FREE_ID + 100 + i);
   device_run(&g);
   assert_non_null(strstr(log_so_far().first, "too many live objects"));
   check_lost(&g, true);
}

static void an_absurd_image_is_refused_or_made_but_hurts_nobody(void **state)
{
   (void)state;
   struct guest g;
   VkImage image = ID(VkImage, FREE_ID);
   const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                   .imageType = VK_IMAGE_TYPE_2D,
                                   .format = VK_FORMAT_R32G32B32A32_SFLOAT,
                                   .extent = {0x7fffffff, 0x7fffffff, 1},
                                   .mipLevels = 1,
                                   .arrayLayers = 1,
                                   .samples = VK_SAMPLE_COUNT_1_BIT,
                                   .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
   device_open(&g, core, "hostile");
   log_forget();
   PUT(&g, vkCreateImage, 0, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pImage = &image, .asked_pImage = 1);
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   PUT(&g, vkDestroyImage, 0, .device = ID(VkDevice, DEVICE), .image = image);
   device_run(&g);
   device_works(&g, 4);
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

// --- waiting
// ------------------------------------------------------------------------------------------------------------

static void a_ring_that_waits_holds_up_nobody(void **state)
{
   (void)state;
   struct guest g;
   VkFence fence = ID(VkFence, FENCE);
   device_open(&g, core, "good");
   log_forget();
   uint8_t *ring = ring_open(&g);
   PUT(&g, vkWaitForFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = UINT64_MAX);
   ring_push(&g, ring);
   assert_false(ring_drained(&g, ring, 0.3)); // nobody has signalled it
   other_device_works(core, 5);               // meanwhile others are served
   device_works(&g, 6);                       // signals it, over the control path
   assert_true(ring_drained(&g, ring, 5));
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

static void a_context_that_waits_can_be_ended(void **state)
{
   (void)state;
   struct guest g;
   VkFence fence = ID(VkFence, FENCE);
   device_open(&g, core, "hostile");
   log_forget();
   uint8_t *ring = ring_open(&g);
   PUT(&g, vkWaitForFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = UINT64_MAX);
   PUT(&g, vkWaitVirtqueueSeqnoMESA, 0, .seqno = UINT64_MAX);
   ring_push(&g, ring);
   assert_false(ring_drained(&g, ring, 0.05));
   uint64_t before = pv_now();
   guest_close(&g);
   assert_true(pv_now() - before < 5000000000ull);
   assert_int_equal(log_so_far().errors, 0);
}

static void a_lost_context_waits_no_more(void **state)
{
   (void)state;
   struct guest g;
   VkFence fence = ID(VkFence, FENCE);
   device_open(&g, core, "hostile");
   uint8_t *ring = ring_open(&g);
   PUT(&g, vkWaitForFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = UINT64_MAX);
   ring_push(&g, ring);
   assert_false(ring_drained(&g, ring, 0.05));
   log_forget();
   pv_context_core_lose(g.ctx, "the test says so");
   assert_true(ring_drained(&g, ring, 5));
   assert_int_equal(log_so_far().errors, 1);
   assert_int_equal(pv_context_core_fence(g.ctx, 1, 1), 0);
   assert_int_equal(g.retired[1], 1);
   guest_close(&g);
}

static int setup(void **state)
{
   (void)state;
   core = device_core(mode);
   return core ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   pv_core_destroy(&core);
   return 0;
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   mode = argv[1];
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_refused_may_be_destroyed),
      cmocka_unit_test(who_asks_hears_of_a_refusal),
      cmocka_unit_test(using_what_was_refused_loses_the_context),
      cmocka_unit_test(memory_beyond_the_budget_loses_who_uses_it),
      cmocka_unit_test(too_many_objects_lose_the_context),
      cmocka_unit_test(an_absurd_image_is_refused_or_made_but_hurts_nobody),
      cmocka_unit_test(a_ring_that_waits_holds_up_nobody),
      cmocka_unit_test(a_context_that_waits_can_be_ended),
      cmocka_unit_test(a_lost_context_waits_no_more),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
