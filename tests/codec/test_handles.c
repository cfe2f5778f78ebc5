// SPDX-License-Identifier: MIT
//
// Ids become host handles while a command is read: of the right type, alive, and of the device the command goes to.
#include "golden.h"

enum { INSTANCE = 1, DEVICE, OTHER_DEVICE, BUFFER, OTHER_BUFFER, POISONED, POOL, POISONED_DEVICE, ITS_BUFFER };

static struct pv_ids *ids;
static struct pv_ids_reader inside;
static char instance_record, device_record, other_record, pool_record;

static void file(uint64_t id, uint8_t type, void *owner, void *record, bool poisoned)
{
   struct pv_object object = {.handle = poisoned ? 0 : 0x1000 + id, .owner = owner, .state = record, .type = type,
                              .poisoned = poisoned};
   assert_int_equal(pv_ids_insert(ids, id, &object), 0);
}

static int setup(void **state)
{
   (void)state;
   pv_arena_init(&golden_arena, 1 << 20);
   ids = pv_ids_create(64);
   assert_non_null(ids);
   file(INSTANCE, PV_OBJECT_VkInstance, &instance_record, NULL, false);
   file(DEVICE, PV_OBJECT_VkDevice, &device_record, NULL, false);
   file(OTHER_DEVICE, PV_OBJECT_VkDevice, &other_record, NULL, false);
   file(BUFFER, PV_OBJECT_VkBuffer, &device_record, NULL, false);
   file(OTHER_BUFFER, PV_OBJECT_VkBuffer, &other_record, NULL, false);
   file(POISONED, PV_OBJECT_VkBuffer, &device_record, NULL, true);
   file(POOL, PV_OBJECT_VkCommandPool, &device_record, &pool_record, false);
   file(POISONED_DEVICE, PV_OBJECT_VkDevice, NULL, NULL, true);
   file(ITS_BUFFER, PV_OBJECT_VkBuffer, NULL, NULL, true);
   pv_ids_reader_add(ids, &inside);
   pv_ids_enter(ids, &inside);
   return 0;
}

static int teardown(void **state)
{
   (void)state;
   pv_ids_leave(ids, &inside);
   pv_ids_reader_remove(ids, &inside);
   pv_ids_destroy(&ids);
   pv_arena_fini(&golden_arena);
   return 0;
}

static struct pv_reader host_reader(const struct pv_writer *w)
{
   return (struct pv_reader){.p = golden_bytes + 8, .end = w->p, .arena = &golden_arena, .ids = ids};
}

// vkDestroyBuffer(device, buffer) as a guest sends it; what the reader says.
static struct pv_reader destroy(uint64_t device, uint64_t buffer, struct pv_args_vkDestroyBuffer *out)
{
   struct pv_args_vkDestroyBuffer args = {.device = ID(VkDevice, device), .buffer = ID(VkBuffer, buffer)};
   struct pv_writer w = golden_writer();
   pv_enc_vkDestroyBuffer(&w, 0, &args);
   struct pv_reader r = host_reader(&w);
   pv_dec_vkDestroyBuffer(&r, out);
   return r;
}

static void ids_become_handles(void **state)
{
   (void)state;
   struct pv_args_vkDestroyBuffer args;
   struct pv_reader r = destroy(DEVICE, BUFFER, &args);
   assert_null(r.why);
   assert_false(r.poisoned);
   assert_int_equal((uintptr_t)args.device, 0x1000 + DEVICE);
   assert_int_equal((uintptr_t)args.buffer, 0x1000 + BUFFER);
   assert_ptr_equal(args.device_ref.owner, &device_record);
   assert_int_equal(args.buffer_ref.id, BUFFER);
}

static void null_is_fine_but_for_the_first(void **state)
{
   (void)state;
   struct pv_args_vkDestroyBuffer args;
   struct pv_reader r = destroy(DEVICE, 0, &args);
   assert_null(r.why);
   assert_true(args.buffer == VK_NULL_HANDLE);
   assert_int_equal(args.buffer_ref.id, 0);
   r = destroy(0, BUFFER, &args);
   assert_string_equal(r.why, "null dispatch handle");
}

static void strangers_are_refused(void **state)
{
   (void)state;
   struct pv_args_vkDestroyBuffer args;
   struct pv_reader r = destroy(DEVICE, 77, &args);
   assert_string_equal(r.why, "unknown object id");
   assert_int_equal(r.why_value, 77);
   r = destroy(DEVICE, INSTANCE, &args);
   assert_string_equal(r.why, "object id of another type");
   r = destroy(DEVICE, OTHER_BUFFER, &args);
   assert_string_equal(r.why, "object id of another device");
   r = destroy(OTHER_DEVICE, OTHER_BUFFER, &args);
   assert_null(r.why);
}

static void poison_is_noted(void **state)
{
   (void)state;
   struct pv_args_vkDestroyBuffer args;
   struct pv_reader r = destroy(DEVICE, POISONED, &args);
   assert_null(r.why);
   assert_true(r.poisoned);
   assert_true(args.buffer == VK_NULL_HANDLE);
   assert_int_equal(args.buffer_ref.id, POISONED);
}

static void a_poisoned_device_has_only_its_own(void **state)
{
   (void)state;
   struct pv_args_vkDestroyBuffer args;
   struct pv_reader r = destroy(POISONED_DEVICE, BUFFER, &args);
   assert_string_equal(r.why, "object id of another device");
   r = destroy(POISONED_DEVICE, ITS_BUFFER, &args);
   assert_null(r.why);
   assert_true(r.poisoned);
   r = destroy(DEVICE, ITS_BUFFER, &args);
   assert_string_equal(r.why, "object id of another device");
}

static void new_ids_are_not_looked_up(void **state)
{
   (void)state;
   VkBuffer id = ID(VkBuffer, 99);
   VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
   struct pv_args_vkCreateBuffer args = {.device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pBuffer = &id}, out;
   struct pv_writer w = golden_writer();
   pv_enc_vkCreateBuffer(&w, 0, &args);
   struct pv_reader r = host_reader(&w);
   pv_dec_vkCreateBuffer(&r, &out);
   assert_null(r.why);
   assert_int_equal(out.ids_pBuffer[0], 99);
   assert_true(out.pBuffer[0] == VK_NULL_HANDLE);
}

static void a_marked_member_is_kept(void **state)
{
   (void)state;
   VkCommandBuffer id = ID(VkCommandBuffer, 50);
   VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                       .commandPool = ID(VkCommandPool, POOL), .commandBufferCount = 1};
   struct pv_args_vkAllocateCommandBuffers args = {.device = ID(VkDevice, DEVICE), .pAllocateInfo = &info,
                                                   .pCommandBuffers = &id}, out;
   struct pv_writer w = golden_writer();
   pv_enc_vkAllocateCommandBuffers(&w, 0, &args);
   struct pv_reader r = host_reader(&w);
   pv_dec_vkAllocateCommandBuffers(&r, &out);
   assert_null(r.why);
   assert_int_equal(r.kept.id, POOL);
   assert_ptr_equal(r.kept.state, &pool_record);
}

static void chains_have_an_end(void **state)
{
   (void)state;
   // sixty thousand structs behind a root
   struct pv_writer w = golden_writer();
   pv_put_u32(&w, VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
   while (w.end - w.p >= 12) {
      pv_put_u64(&w, 1);
      pv_put_u32(&w, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO);
   }
   struct pv_reader r = {.p = golden_bytes, .end = w.p, .arena = &golden_arena};
   VkBufferCreateInfo info;
   pv_dec_VkBufferCreateInfo(&r, &info);
   assert_string_equal(r.why, "structs nested too deep");
   assert_int_equal(r.depth, 0);
}

static void other_chains_are_refused(void **state)
{
   (void)state;
   VkBufferCreateInfo info;
   struct pv_reader r = golden_reader("0c000000 0100000000000000 00000000 0000000000000000", 0);
   pv_dec_VkBufferCreateInfo(&r, &info);
   assert_string_equal(r.why, "unknown pNext sType");
   r = golden_reader("0d000000 0000000000000000", 0);
   pv_dec_VkBufferCreateInfo(&r, &info);
   assert_string_equal(r.why, "unexpected sType");
}

static void counts_must_agree(void **state)
{
   (void)state;
   VkSpecializationInfo info;
   struct pv_reader r = golden_reader("00000000 0000000000000000 0400000000000000 0800000000000000 01000000", 0);
   pv_dec_VkSpecializationInfo(&r, &info);
   assert_string_equal(r.why, "array of another length than its count says");
   r = golden_reader("00000000 0000000000000000 0400000000000000 0000000000000000", 0);
   pv_dec_VkSpecializationInfo(&r, &info);
   assert_string_equal(r.why, "missing array");
   r = golden_reader("00000000 0000000000000000 ffffffffffffffff ffffffffffffffff 01000000", 0);
   pv_dec_VkSpecializationInfo(&r, &info);
   assert_string_equal(r.why, "array longer than the command");
}

static void strings_end_whatever_was_sent(void **state)
{
   (void)state;
   struct pv_reader r = golden_reader("0300000000000000 61626300 0100000000000000", 0);
   const char *s = pv_string(&r, pv_load64(pv_take(&r, 8)), false);
   assert_null(r.why);
   assert_string_equal(s, "ab");
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_become_handles),
      cmocka_unit_test(null_is_fine_but_for_the_first),
      cmocka_unit_test(strangers_are_refused),
      cmocka_unit_test(poison_is_noted),
      cmocka_unit_test(a_poisoned_device_has_only_its_own),
      cmocka_unit_test(new_ids_are_not_looked_up),
      cmocka_unit_test(a_marked_member_is_kept),
      cmocka_unit_test(chains_have_an_end),
      cmocka_unit_test(other_chains_are_refused),
      cmocka_unit_test(counts_must_agree),
      cmocka_unit_test(strings_end_whatever_was_sent),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
