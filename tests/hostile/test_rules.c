// SPDX-License-Identifier: MIT
//
// What a guest may not do, one case each, on the host's own driver: which end it meets, and in which words. After each
// a second guest of the same renderer computes something, to the byte.
//
// usage: test_rules threads|polled
#include "device.h"

#include <stdatomic.h>

static const char *mode;
static struct pv_core *core;
static void put_window(struct guest *g, uint32_t resource, uint64_t offset, uint64_t size)
{
   const VkCommandStreamDescriptionMESA window = {.resourceId = resource, .offset = offset, .size = size};
   PUT(g, vkSetReplyCommandStreamMESA, 0, .pStream = &window);
}

static void put_streams(struct guest *g, uint32_t count, uint32_t resource, uint64_t offset, uint64_t size)
{
   const VkCommandStreamDescriptionMESA stream = {.resourceId = resource, .offset = offset, .size = size};
   PUT(g, vkExecuteCommandStreamsMESA, 0, .streamCount = count, .pStreams = count ? &stream : NULL);
}

// --- bytes that do not decode
// -------------------------------------------------------------------------------------------

static void half_a_header(struct guest *g)
{
   pv_put_u32(&g->w, PV_CMD_vkCreateBuffer);
}

static void half_a_command(struct guest *g)
{
   put_small_buffer(g, FREE_ID);
   g->w.p -= 4;
}

static void an_unknown_command(struct guest *g)
{
   pv_put_u32(&g->w, 0x7777);
   pv_put_u32(&g->w, 0);
}

static void a_hole_among_the_commands(struct guest *g)
{
   pv_put_u32(&g->w, 195);
   pv_put_u32(&g->w, 0);
}

static void unknown_flags(struct guest *g)
{
   pv_store32(put_small_buffer(g, FREE_ID) + 4, 2);
}

static void a_wrong_stype(struct guest *g)
{
   pv_store32(put_small_buffer(g, FREE_ID) + 24, VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO);
}

static void an_unknown_struct_in_a_chain(struct guest *g)
{
   uint8_t *start = put_small_buffer(g, FREE_ID);
   pv_store64(start + 28, 1); // pNext: something, of the type that now follows
   pv_store32(start + 36, 1000999000);
}

static void a_struct_of_another_root(struct guest *g)
{
   uint8_t *start = put_small_buffer(g, FREE_ID);
   pv_store64(start + 28, 1);
   pv_store32(start + 36, VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO);
}

static void a_chain_without_end(struct guest *g)
{
   uint8_t *start = put_small_buffer(g, FREE_ID);
   g->w.p = start + 28;
   for (int i = 0; i < 10000; i++) {
      pv_put_u64(&g->w, 1);
      pv_put_u32(&g->w, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
   }
}

static void an_allocator(struct guest *g)
{
   uint8_t *start = put_small_buffer(g, FREE_ID);
   pv_store64(g->w.p - 24, 1);
   assert_true(g->w.p - 24 > start);
}

static void an_array_longer_than_the_command(struct guest *g)
{
   PUT(g, vkCmdExecuteCommands, 0, .commandBuffer = ID(VkCommandBuffer, CB));
   pv_store32(g->w.p - 12, UINT32_MAX);
   pv_store64(g->w.p - 8, UINT32_MAX);
}

static void an_array_unlike_its_count(struct guest *g)
{
   PUT(g, vkCmdExecuteCommands, 0, .commandBuffer = ID(VkCommandBuffer, CB));
   pv_store32(g->w.p - 12, 3);
   pv_store64(g->w.p - 8, UINT64_MAX);
}

static void a_missing_struct(struct guest *g)
{
   pv_store64(put_small_buffer(g, FREE_ID) + 16, 0);
}

// --- ids
// ----------------------------------------------------------------------------------------------------------------

static void a_second_destroy(struct guest *g)
{
   for (int i = 0; i < 2; i++)
      PUT(g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, BUFFER));
}

static void a_foreign_type(struct guest *g)
{
   PUT(g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, FENCE));
}

static void an_id_never_made(struct guest *g)
{
   PUT(g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, 0xdeadbeefdeadbeef));
}

static void no_dispatch_handle(struct guest *g)
{
   PUT(g, vkDestroyBuffer, 0, .buffer = ID(VkBuffer, BUFFER));
}

static void a_new_object_with_id_0(struct guest *g)
{
   put_small_buffer(g, 0);
}

static void a_new_object_with_an_id_in_use(struct guest *g)
{
   put_small_buffer(g, FENCE);
}

static void the_same_id_twice_in_one_command(struct guest *g)
{
   VkCommandBuffer twice[2] = {ID(VkCommandBuffer, FREE_ID), ID(VkCommandBuffer, FREE_ID)};
   const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                             .commandPool = ID(VkCommandPool, POOL),
                                             .commandBufferCount = 2};
   PUT(g, vkAllocateCommandBuffers, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pCommandBuffers = twice,
       .asked_pCommandBuffers = 2);
}

static void a_command_buffer_whose_pool_is_gone(struct guest *g)
{
   PUT(g, vkDestroyCommandPool, 0, .device = ID(VkDevice, DEVICE), .commandPool = ID(VkCommandPool, POOL));
   PUT(g, vkEndCommandBuffer, 0, .commandBuffer = ID(VkCommandBuffer, CB));
}

// The decoder remembers where the last commands went.
static void a_command_buffer_freed_between_its_commands(struct guest *g)
{
   VkCommandBuffer buffer = ID(VkCommandBuffer, CB);
   const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   PUT(g, vkBeginCommandBuffer, 0, .commandBuffer = buffer, .pBeginInfo = &info);
   PUT(g, vkFreeCommandBuffers, 0, .device = ID(VkDevice, DEVICE), .commandPool = ID(VkCommandPool, POOL),
       .commandBufferCount = 1, .pCommandBuffers = &buffer);
   PUT(g, vkEndCommandBuffer, 0, .commandBuffer = buffer);
}

static void a_set_whose_pool_was_reset(struct guest *g)
{
   VkDescriptorSet set = ID(VkDescriptorSet, SET);
   PUT(g, vkResetDescriptorPool, 0, .device = ID(VkDevice, DEVICE),
       .descriptorPool = ID(VkDescriptorPool, DESCRIPTOR_POOL));
   PUT(g, vkFreeDescriptorSets, 0, .device = ID(VkDevice, DEVICE),
       .descriptorPool = ID(VkDescriptorPool, DESCRIPTOR_POOL), .descriptorSetCount = 1, .pDescriptorSets = &set);
}

static void a_child_freed_to_another_pool(struct guest *g)
{
   VkCommandBuffer cb = ID(VkCommandBuffer, CB);
   PUT(g, vkFreeCommandBuffers, 0, .device = ID(VkDevice, DEVICE), .commandPool = ID(VkCommandPool, OTHER_POOL),
       .commandBufferCount = 1, .pCommandBuffers = &cb);
}

static void a_child_freed_twice_in_one_command(struct guest *g)
{
   VkCommandBuffer twice[2] = {ID(VkCommandBuffer, CB), ID(VkCommandBuffer, CB)};
   PUT(g, vkFreeCommandBuffers, 0, .device = ID(VkDevice, DEVICE), .commandPool = ID(VkCommandPool, POOL),
       .commandBufferCount = 2, .pCommandBuffers = twice);
}

static void anything_of_a_destroyed_device(struct guest *g)
{
   PUT(g, vkDestroyDevice, 0, .device = ID(VkDevice, DEVICE));
   PUT(g, vkEndCommandBuffer, 0, .commandBuffer = ID(VkCommandBuffer, CB));
}

static void a_second_instance(struct guest *g)
{
   const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance = ID(VkInstance, FREE_ID);
   PUT(g, vkCreateInstance, 0, .pCreateInfo = &info, .pInstance = &instance, .asked_pInstance = 1);
}

static void a_shader_of_odd_size(struct guest *g)
{
   const uint32_t code[8] = {0x07230203};
   const VkShaderModuleCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = 28, .pCode = code};
   VkShaderModule module = ID(VkShaderModule, FREE_ID);
   uint8_t *start = g->w.p;
   PUT(g, vkCreateShaderModule, 0, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pShaderModule = &module,
       .asked_pShaderModule = 1);
   pv_store64(start + 40, 29);
}

// --- windows and streams
// ------------------------------------------------------------------------------------------------

static void a_reply_that_does_not_fit(struct guest *g)
{
   put_window(g, 1, 0, 8);
   PUT(g, vkEnumerateInstanceVersion, 1, .pApiVersion = &(uint32_t){0});
}

static void a_window_outside_its_resource(struct guest *g)
{
   put_window(g, 1, SHARED - 64, 68);
}

static void a_window_whose_end_wraps(struct guest *g)
{
   put_window(g, 1, 64, UINT64_MAX - 32);
}

static void a_window_in_no_resource(struct guest *g)
{
   put_window(g, 77, 0, 64);
}

static void a_seek_outside_the_window(struct guest *g)
{
   PUT(g, vkSeekReplyCommandStreamMESA, 0, .position = WINDOW + 4);
}

static void a_stream_outside_its_resource(struct guest *g)
{
   put_streams(g, 1, 1, SHARED, 4);
}

static void a_stream_in_no_resource(struct guest *g)
{
   put_streams(g, 1, 99, 0, 4);
}

static void no_streams(struct guest *g)
{
   put_streams(g, 0, 0, 0, 0);
}

static void a_stream_that_executes_streams(struct guest *g)
{
   put_streams(g, 1, 1, WINDOW, 64);
   size_t size = (size_t)(g->w.p - g->bytes);
   memcpy(g->shared + WINDOW, g->bytes, size);
   g->w.p = g->bytes;
   put_streams(g, 1, 1, WINDOW, size);
}

static void a_command_across_two_streams(struct guest *g)
{
   put_small_buffer(g, FREE_ID);
   size_t size = (size_t)(g->w.p - g->bytes);
   memcpy(g->shared + WINDOW, g->bytes, size);
   g->w.p = g->bytes;
   const VkCommandStreamDescriptionMESA streams[2] = {{.resourceId = 1, .offset = WINDOW, .size = 40},
                                                      {.resourceId = 1, .offset = WINDOW + 40, .size = size - 40}};
   PUT(g, vkExecuteCommandStreamsMESA, 0, .streamCount = 2, .pStreams = streams);
}

// --- rings
// --------------------------------------------------------------------------------------------------------------

static void a_ring_with(struct guest *g, size_t field, uint64_t value)
{
   uint8_t *start = g->w.p;
   put_ring(g, RING_KEY, 1);
   assert_int_equal(g->w.p - start, 124);
   pv_store64(start + 44 + 8 * field,
              value); // offset, size, idle, head, tail, status, buffer, its size, extra, its size
}

static void a_ring_outside_its_resource(struct guest *g)
{
   a_ring_with(g, 0, SHARED);
}

static void a_ring_whose_size_wraps(struct guest *g)
{
   a_ring_with(g, 1, UINT64_MAX);
}

static void a_ring_whose_tail_is_its_head(struct guest *g)
{
   a_ring_with(g, 4, 0);
}

static void a_ring_with_an_odd_status(struct guest *g)
{
   a_ring_with(g, 5, 130);
}

static void a_ring_of_no_power_of_two(struct guest *g)
{
   a_ring_with(g, 7, 4095);
}

static void a_ring_of_no_bytes(struct guest *g)
{
   a_ring_with(g, 7, 0);
}

static void a_ring_whose_extra_wraps(struct guest *g)
{
   a_ring_with(g, 8, UINT64_MAX - 3);
}

static void a_ring_with_key_0(struct guest *g)
{
   put_ring(g, 0, 1);
}

static void a_ring_in_no_resource(struct guest *g)
{
   put_ring(g, RING_KEY, 55);
}

static void a_ring_that_has_begun(struct guest *g)
{
   pv_store32(g->shared, 4);
   put_ring(g, RING_KEY, 1);
}

static void two_rings_of_one_key(struct guest *g)
{
   ring_open(g);
   put_ring(g, RING_KEY, 1);
}

static void a_ring_made_in_a_ring(struct guest *g)
{
   uint8_t *ring = ring_open(g);
   put_ring(g, RING_KEY + 8, 1);
   ring_push(g, ring);
}

static void a_ring_that_wakes_itself(struct guest *g)
{
   uint8_t *ring = ring_open(g);
   PUT(g, vkNotifyRingMESA, 0, .ring = RING_KEY);
   ring_push(g, ring);
}

static void a_tail_that_jumps(struct guest *g)
{
   uint8_t *ring = ring_open(g);
   atomic_store((_Atomic uint32_t *)(void *)(ring + RING_TAIL), 0x80000000u);
   PUT(g, vkNotifyRingMESA, 0, .ring = RING_KEY);
}

static void a_seqno_beyond_the_tail(struct guest *g)
{
   ring_open(g);
   PUT(g, vkWaitRingSeqnoMESA, 0, .ring = RING_KEY, .seqno = 4096);
}

static void a_ring_nobody_made(struct guest *g)
{
   PUT(g, vkNotifyRingMESA, 0, .ring = 0x1234);
}

static void a_ring_destroyed_twice(struct guest *g)
{
   ring_open(g);
   PUT(g, vkDestroyRingMESA, 0, .ring = RING_KEY);
   PUT(g, vkDestroyRingMESA, 0, .ring = RING_KEY);
}

static void extra_outside_its_region(struct guest *g)
{
   ring_open(g);
   PUT(g, vkWriteRingExtraMESA, 0, .ring = RING_KEY, .offset = 4, .value = 1);
}

static void a_virtqueue_wait_on_the_virtqueue(struct guest *g)
{
   PUT(g, vkWaitVirtqueueSeqnoMESA, 0, .seqno = 1);
}

#define CASE(command, why, make) {#make, command, why, make}

// Everything here ends the context.
static const struct {
   const char *name, *command, *why;
   void (*make)(struct guest *g);
} fatal[] = {
   CASE("unknown command", "truncated (4)", half_a_header),
   CASE("vkCreateBuffer (50)", "longer than the command", half_a_command),
   CASE("unknown command (30583)", "no such command", an_unknown_command),
   CASE("(195)", "no such command (195)", a_hole_among_the_commands),
   CASE("vkCreateBuffer (50)", "unknown command flags (2)", unknown_flags),
   CASE("vkCreateBuffer (50)", "sType", a_wrong_stype),
   CASE("vkCreateBuffer (50)", "(1000999000)", an_unknown_struct_in_a_chain),
   CASE("vkCreateBuffer (50)", "(1000127001)", a_struct_of_another_root),
   CASE("vkCreateBuffer (50)", "nested too deep (", a_chain_without_end),
   CASE("vkCreateBuffer (50)", "host pointer", an_allocator),
   CASE("vkCmdExecuteCommands (136)", "array longer than the command (4294967295)", an_array_longer_than_the_command),
   CASE("vkCmdExecuteCommands (136)", "array of another length", an_array_unlike_its_count),
   CASE("vkCreateBuffer (50)", "missing pointer", a_missing_struct),
   CASE("vkDestroyBuffer (51)", "unknown object id (8)", a_second_destroy),
   CASE("vkDestroyBuffer (51)", "object id of another type (12)", a_foreign_type),
   CASE("vkDestroyBuffer (51)", "unknown object id (16045690984833335023)", an_id_never_made),
   CASE("vkDestroyBuffer (51)", "null dispatch handle", no_dispatch_handle),
   CASE("vkCreateBuffer (50)", "a new object with id 0", a_new_object_with_id_0),
   CASE("vkCreateBuffer (50)", "a new object with an id in use (12)", a_new_object_with_an_id_in_use),
   CASE("vkAllocateCommandBuffers (88)", "an id in use (1000)", the_same_id_twice_in_one_command),
   CASE("vkEndCommandBuffer (91)", "unknown object id (6)", a_command_buffer_whose_pool_is_gone),
   CASE("vkEndCommandBuffer (91)", "unknown object id (6)", a_command_buffer_freed_between_its_commands),
   CASE("vkFreeDescriptorSets (78)", "unknown object id (15)", a_set_whose_pool_was_reset),
   CASE("vkFreeCommandBuffers (89)", "freed to another pool (6)", a_child_freed_to_another_pool),
   CASE("vkFreeCommandBuffers (89)", "freed twice (6)", a_child_freed_twice_in_one_command),
   CASE("vkEndCommandBuffer (91)", "unknown object id (6)", anything_of_a_destroyed_device),
   CASE("vkCreateInstance (0)", "a second instance", a_second_instance),
   CASE("vkCreateShaderModule", "", a_shader_of_odd_size),
   CASE("vkEnumerateInstanceVersion (137)", "does not fit", a_reply_that_does_not_fit),
   CASE("vkSetReplyCommandStreamMESA (178)", "outside its resource", a_window_outside_its_resource),
   CASE("vkSetReplyCommandStreamMESA (178)", "outside its resource", a_window_whose_end_wraps),
   CASE("vkSetReplyCommandStreamMESA (178)", "no shared-memory resource (77)", a_window_in_no_resource),
   CASE("vkSeekReplyCommandStreamMESA (179)", "outside the reply stream", a_seek_outside_the_window),
   CASE("vkExecuteCommandStreamsMESA (180)", "outside its resource", a_stream_outside_its_resource),
   CASE("vkExecuteCommandStreamsMESA (180)", "no shared-memory resource (99)", a_stream_in_no_resource),
   CASE("vkExecuteCommandStreamsMESA (180)", "no streams", no_streams),
   CASE("vkExecuteCommandStreamsMESA (180)", "an executed stream executes streams", a_stream_that_executes_streams),
   CASE("vkCreateBuffer (50)", "truncated", a_command_across_two_streams),
   CASE("vkCreateRingMESA (188)", "outside its resource", a_ring_outside_its_resource),
   CASE("vkCreateRingMESA (188)", "outside its resource", a_ring_whose_size_wraps),
   CASE("vkCreateRingMESA (188)", "overlap", a_ring_whose_tail_is_its_head),
   CASE("vkCreateRingMESA (188)", "not aligned", a_ring_with_an_odd_status),
   CASE("vkCreateRingMESA (188)", "power of two", a_ring_of_no_power_of_two),
   CASE("vkCreateRingMESA (188)", "power of two", a_ring_of_no_bytes),
   CASE("vkCreateRingMESA (188)", "outside the ring's memory", a_ring_whose_extra_wraps),
   CASE("vkCreateRingMESA (188)", "key is 0", a_ring_with_key_0),
   CASE("vkCreateRingMESA (188)", "no shared-memory resource (55)", a_ring_in_no_resource),
   CASE("vkCreateRingMESA (188)", "is not 0", a_ring_that_has_begun),
   CASE("vkCreateRingMESA (188)", "in use", two_rings_of_one_key),
   CASE("vkCreateRingMESA (188)", "not allowed inside a ring", a_ring_made_in_a_ring),
   CASE("vkNotifyRingMESA (190)", "not allowed inside a ring", a_ring_that_wakes_itself),
   CASE("of a ring", "", a_tail_that_jumps),
   CASE("vkWaitRingSeqnoMESA (253)", "cannot be reached (4096)", a_seqno_beyond_the_tail),
   CASE("vkNotifyRingMESA (190)", "no such ring (4660)", a_ring_nobody_made),
   CASE("vkDestroyRingMESA (189)", "no such ring", a_ring_destroyed_twice),
   CASE("vkWriteRingExtraMESA (191)", "outside the ring's extra region (4)", extra_outside_its_region),
   CASE("vkWaitVirtqueueSeqnoMESA (252)", "only allowed inside a ring", a_virtqueue_wait_on_the_virtqueue),
};

static bool is_over(void *user)
{
   return guest_state(user) == PV_CONTEXT_FATAL && log_so_far().errors;
}

static void each_breach_ends_its_context_with_one_line(void **state)
{
   (void)state;
   for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
      struct guest g;
      device_open(&g, core, "hostile");
      log_forget();
      fatal[i].make(&g);
      device_run(&g);
      bool over = poll_until(&g, is_over, &g, 5);
      struct log log = log_so_far();
      if (!over)
         fail_msg("%s: the context is %s; %s", fatal[i].name, state_name(guest_state(&g)), log.first);
      if (log.errors != 1 || !strstr(log.first, fatal[i].command) || !strstr(log.first, fatal[i].why) ||
          !strstr(log.first, "context hostile: over "))
         fail_msg("%s: %u lines: %s", fatal[i].name, log.errors, log.first);
      assert_int_equal(guest_send(&g, (uint32_t[]){PV_CMD_vkEnumerateInstanceVersion, 0, 1, 0}, 16), -EPROTO);
      assert_int_equal(pv_context_core_fence(g.ctx, 0, 1), 0);
      assert_int_equal(pv_context_core_fence(g.ctx, 1, 1), 0);
      assert_int_equal(g.retired[0], 1);
      assert_int_equal(g.retired[1], 1);
      if (i % 4 == 0)
         other_device_works(core, (uint32_t)i * 0x01010101u + 7);
      guest_close(&g);
      log = log_so_far();
      if (log.errors != 1)
         fail_msg("%s: then %s", fatal[i].name, log.last);
   }
   other_device_works(core, 0x5ca1ab1e);
}

static void a_reply_without_a_window_ends_the_context(void **state)
{
   (void)state;
   struct guest g;
   const uint32_t words[] = {PV_CMD_vkEnumerateInstanceVersion, 1, 1, 0};
   device_open(&g, core, "hostile");
   uint8_t *ring = ring_open(&g); // a ring has a window of its own, and this one was given none
   log_forget();
   memcpy(g.w.p, words, sizeof words);
   g.w.p += sizeof words;
   ring_push(&g, ring);
   assert_true(poll_until(&g, is_over, &g, 5));
   assert_int_equal(log_so_far().errors, 1);
   assert_non_null(strstr(log_so_far().first, "no reply stream is set"));
   assert_true(pv_load32(ring + RING_STATUS) & 2);
   guest_close(&g);
}

static void null_ids_are_nothing_to_destroy(void **state)
{
   (void)state;
   struct guest g;
   VkCommandBuffer none = VK_NULL_HANDLE;
   device_open(&g, core, "good");
   log_forget();
   PUT(&g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE));
   PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE));
   PUT(&g, vkDestroyCommandPool, 0, .device = ID(VkDevice, DEVICE));
   PUT(&g, vkFreeCommandBuffers, 0, .device = ID(VkDevice, DEVICE), .commandPool = ID(VkCommandPool, POOL),
       .commandBufferCount = 1, .pCommandBuffers = &none);
   device_run(&g);
   device_works(&g, 1);
   assert_int_equal(log_so_far().errors, 0);
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
      cmocka_unit_test(each_breach_ends_its_context_with_one_line),
      cmocka_unit_test(a_reply_without_a_window_ends_the_context),
      cmocka_unit_test(null_ids_are_nothing_to_destroy),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
