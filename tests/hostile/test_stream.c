// SPDX-License-Identifier: MIT
//
// Every command with absurd values, and a hundred thousand damaged ones, on a driver that cannot be hurt (fakehost.c).
// What must hold each time stands in judge.h.
//
// usage: test_stream FAKEHOST. In the environment HOSTILE_CASES is the number of damaged streams and HOSTILE_FIRST the
// first of them: a case is made from its number alone, and a failure says how to repeat it.
#include "judge.h"

#include <stdatomic.h>

#include "wire/venus.gen.h"

#define ROUNDS 8      // random commands of each kind
#define CASES  100000 // damaged streams
#define TRIES  8      // to damage a command in a way that still decodes

static struct pv_core *core;
static uint8_t *ring_memory;
static uint8_t *scratch; // SPACE bytes
static const char *fakehost;

static bool drained(void)
{
   const _Atomic uint32_t *head = (const void *)ring_memory, *tail = (const void *)(ring_memory + 64);
   return atomic_load(head) == atomic_load(tail);
}

// --- tests
// --------------------------------------------------------------------------------------------------------------

static void a_good_guest_leaves_nothing_behind(void **state)
{
   (void)state;
   struct guest guest;
   struct tally tally = {0};
   judge_begin("a good guest");
   ring_memory = everything_open(&guest, core, "hostile");
   judge_end(core, &guest, &tally, true);
   assert_int_equal(tally.ends[PV_CONTEXT_ALIVE], 1);
   assert_int_equal(fake_live(), 0);
}

// Whatever decodes is executed with noise for values. A good share must get as far as the driver, or this proves
// nothing.
static void absurd_values_of_every_command(void **state)
{
   (void)state;
   struct tally tally = {0};
   for (size_t i = 0; i < rand_case_count; i++) {
      for (unsigned round = 0; round < ROUNDS; round++) {
         struct guest guest;
         struct rand g = {.state = rand_seed(i * ROUNDS + round), .mode = round % RAND_MODES};
         judge_begin("%s, round %u", rand_cases[i].name, round);
         ring_memory = everything_open(&guest, core, "hostile");
         fake_fail(round % 4 == 3 ? 2 : 0);
         uint8_t *start = guest.w.p;
         random_command(&g, &rand_cases[i], round & 1, &guest.w);
         size_t size = (size_t)(guest.w.p - start);
         guest.w.p = start;
         send_by(&guest, round % ROUTES == RING && round & 1 ? CONTROL : round % ROUTES, ring_memory, start, size);
         fake_fail(0);
         judge_end(core, &guest, &tally, round == 0);
      }
   }
   tally_print("absurd values", &tally);
   assert_true(tally.ends[PV_CONTEXT_ALIVE] > tally.ends[PV_CONTEXT_FATAL]);
}

// Damages the command in `scratch`; every other time so that it still decodes, and something else has to notice.
static size_t damage(struct rand *g, const struct rand_case *c, size_t size)
{
   static uint8_t whole[SPACE];
   size_t damaged = size;
   memcpy(whole, scratch, size);
   for (unsigned tries = rand_next(g) % 2 ? TRIES : 1; tries; tries--) {
      memcpy(scratch, whole, size);
      damaged = mutate_damage(g, scratch, size, SPACE);
      if (tries > 1 && damaged >= 8 && pv_load32(scratch) == c->id && decodes(c, scratch, damaged))
         break;
   }
   return damaged;
}

static void damaged_case(unsigned number, struct tally *tally)
{
   struct guest guest;
   struct rand g = {.state = rand_seed(number)};
   judge_begin("damaged stream %u (HOSTILE_FIRST=%u HOSTILE_CASES=1 repeats it)", number, number);
   ring_memory = everything_open(&guest, core, "hostile");
   enum route route = (enum route)(rand_next(&g) % ROUTES);
   fake_fail(rand_next(&g) % 8 ? 0 : 2 + (uint32_t)(rand_next(&g) % 3));
   unsigned commands = 1 + (unsigned)(rand_next(&g) % 4);
   for (unsigned k = 0; k < commands && guest_state(&guest) != PV_CONTEXT_FATAL; k++) {
      const struct rand_case *c = &rand_cases[rand_next(&g) % rand_case_count];
      struct pv_writer w = {.p = scratch, .end = scratch + SPACE};
      judge_step("command %u of %u, %s", k + 1, commands, c->name);
      g.mode = (enum rand_mode)(rand_next(&g) % RAND_LARGE);
      random_command(&g, c, route != RING && rand_next(&g) % 2, &w);
      size_t size = (size_t)(w.p - scratch);
      if (size && (k + 1 == commands || rand_next(&g) % 4 == 0))
         size = damage(&g, c, size);
      send_by(&guest, route, ring_memory, scratch, size);
   }
   fake_fail(0);
   judge_end(core, &guest, tally, number % 16 == 0);
}

static void damaged_commands(void **state)
{
   (void)state;
   struct tally tally = {0};
   const struct cases cases = cases_chosen(CASES);
   for (unsigned n = 0; n < cases.count; n++)
      damaged_case(cases.first + n, &tally);
   tally_print("damaged", &tally);
   if (cases.count < 1000)
      return;
   assert_true(tally.ends[PV_CONTEXT_FATAL] > cases.count / 4);
   assert_true(tally.ends[PV_CONTEXT_ALIVE] > cases.count / 8);
   assert_true(tally.ends[PV_CONTEXT_LOST] > cases.count / 50);
}

// Nothing but noise, by all routes.
static void noise(void **state)
{
   (void)state;
   struct tally tally = {0};
   uint8_t bytes[256];
   for (unsigned n = 0; n < 500; n++) {
      struct guest guest;
      struct rand g = {.state = rand_seed(n)};
      judge_begin("noise %u", n);
      ring_memory = everything_open(&guest, core, "hostile");
      size_t size = 4 + rand_next(&g) % (sizeof bytes / 4) * 4;
      rand_bytes(&g, bytes, size);
      if (n % 2) // at least a command that there is
         pv_store32(bytes, (uint32_t)(rand_next(&g) % 346));
      if (n % 4 == 3)
         pv_store32(bytes + 4, 0);
      send_by(&guest, (enum route)(n % ROUTES), ring_memory, bytes, size);
      judge_end(core, &guest, &tally, n % 16 == 0);
   }
   tally_print("noise", &tally);
   assert_true(tally.ends[PV_CONTEXT_FATAL] > 400);
}

// Of a lost context nothing reaches the driver, everything is answered, and its rings get on.
static void every_command_in_a_lost_context(void **state)
{
   (void)state;
   struct tally tally = {0};
   for (size_t i = 0; i < rand_case_count; i++) {
      struct guest guest;
      struct rand g = {.state = rand_seed(i)};
      judge_begin("%s in a lost context", rand_cases[i].name);
      ring_memory = everything_open(&guest, core, "hostile");
      pv_context_core_lose(guest.ctx, "the test says so");
      log_forget();
      for (unsigned round = 0; round < 2 * RAND_MODES && guest_state(&guest) == PV_CONTEXT_LOST; round++) {
         g.mode = round / 2;
         enum route route = round & 1 ? CONTROL : RING; // a ring has no reply window here
         struct pv_writer w = {.p = scratch, .end = scratch + SPACE};
         if (route == CONTROL)
            pv_enc_vkSeekReplyCommandStreamMESA(&w, 0, &(struct pv_args_vkSeekReplyCommandStreamMESA){.position = 0});
         random_command(&g, &rand_cases[i], route == CONTROL, &w);
         send_by(&guest, route, ring_memory, scratch, (size_t)(w.p - scratch));
      }
      enum pv_context_state end = guest_state(&guest);
      struct log log = log_so_far();
      if (log.errors > (end == PV_CONTEXT_FATAL))
         judge_fail("%u lines: %s", log.errors, log.last);
      if (end == PV_CONTEXT_LOST && !drained() && rand_cases[i].id != PV_CMD_vkWaitVirtqueueSeqnoMESA)
         judge_fail("the ring does not get on");
      tally.ends[end]++;
      for (uint32_t k = 0; k < 2; k++) {
         assert_int_equal(pv_context_core_fence(guest.ctx, k, 1), 0);
         if (guest.retired[k] != 1)
            judge_fail("the fence of timeline %u did not retire", k);
      }
      judge_lost(&guest);
   }
   tally_print("lost", &tally);
   assert_true(tally.ends[PV_CONTEXT_LOST] > 290);
}

// A ring that is destroyed in the middle of a wait for idle queues leaves nothing behind: its fences are the device's.
static void a_ring_destroyed_while_it_waits(void **state)
{
   (void)state;
   for (unsigned i = 0; i < 2; i++) {
      struct guest guest;
      struct tally tally = {0};
      judge_begin("a wait for %s", i ? "a queue" : "a device");
      ring_memory = everything_open(&guest, core, "hostile");
      fake_busy(1);
      struct pv_writer w = {.p = scratch, .end = scratch + SPACE};
      if (i)
         pv_enc_vkQueueWaitIdle(&w, 0,
                                &(struct pv_args_vkQueueWaitIdle){.queue = ID(VkQueue, OBJECT_ID(PV_OBJECT_VkQueue))});
      else
         pv_enc_vkDeviceWaitIdle(
             &w, 0, &(struct pv_args_vkDeviceWaitIdle){.device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice))});
      uint64_t before = fake_live();
      send_by(&guest, RING, ring_memory, scratch, (size_t)(w.p - scratch));
      assert_false(drained());
      assert_true(fake_live() > before);
      PUT(&guest, vkDestroyRingMESA, 0, .ring = RING_KEY);
      guest_submit(&guest);
      fake_busy(0);
      judge_end(core, &guest, &tally, false);
      assert_int_equal(tally.ends[PV_CONTEXT_ALIVE], 1);
   }
}

// A ring that ends the context while the control path waits for it: a fence behind that wait retires in the same poll,
// since nobody polls a context that is over.
static void a_fence_behind_a_ring_that_ends_the_context(void **state)
{
   (void)state;
   struct guest guest;
   struct tally tally = {0};
   const uint32_t nonsense[2] = {UINT32_MAX, 0};
   judge_begin("a wait for a ring's nonsense");
   ring_memory = everything_open(&guest, core, "hostile");
   ring_push(&guest, ring_memory, 0, (const uint8_t *)nonsense, sizeof nonsense);
   PUT(&guest, vkWaitRingSeqnoMESA, 0, .ring = RING_KEY, .seqno = sizeof nonsense);
   assert_int_equal(guest_submit(&guest), 0);
   assert_int_equal(guest_state(&guest), PV_CONTEXT_ALIVE);
   judge_end(core, &guest, &tally, true);
   assert_int_equal(tally.ends[PV_CONTEXT_FATAL], 1);
}

// Uses an object that could not be filed, and destroys it twice: of a lost context nobody can tell which ids are good.
static void use_missing(struct guest *guest, uint64_t id)
{
   VkDevice device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice));
   VkFence fence = ID(VkFence, id);
   guest_rewind(guest);
   PUT(guest, vkGetFenceStatus, 1, .device = device, .fence = fence);
   guest_submit(guest);
   assert_int_equal((int32_t)pv_load32(guest->shared + 4), VK_ERROR_DEVICE_LOST);
   for (int i = 0; i < 2; i++) {
      PUT(guest, vkDestroyFence, 0, .device = device, .fence = fence);
      PUT(guest, vkDestroyCommandPool, 0, .device = device, .commandPool = ID(VkCommandPool, id));
      PUT(guest, vkFreeMemory, 0, .device = device, .memory = ID(VkDeviceMemory, id));
   }
   guest_submit(guest);
}

// More objects than a guest may have: what was made for the one too many is destroyed, the context is lost, and a guest
// that goes on to use what it believes it has stays lost.
static void beyond_the_budget(void **state)
{
   (void)state;
   static const char *const kinds[] = {"vkCreateBuffer",        "vkCreateImage",      "vkCreateFence",
                                       "vkCreateCommandPool",   "vkCreateRenderPass", "vkCreatePipelineLayout",
                                       "vkCreateDescriptorPool"};
   for (size_t i = 0; i < 2 * sizeof kinds / sizeof *kinds; i++) {
      const struct rand_case *c = find_case(kinds[i / 2]);
      struct tally tally = {0};
      struct guest guest;
      struct rand g = {.state = rand_seed(i), .mode = RAND_LEAST};
      struct pv_writer w = {.p = scratch, .end = scratch + SPACE};
      uint64_t id = 10000;
      judge_begin("too many of %s%s", c->name, i & 1 ? ", replies wanted" : "");
      ring_memory = everything_open(&guest, core, "hostile");
      uint64_t before = fake_live();
      random_command(&g, c, i & 1, &w);
      size_t size = (size_t)(w.p - scratch);
      while (guest_state(&guest) == PV_CONTEXT_ALIVE && id < 10000 + 2 * EVERYTHING_OBJECTS) {
         guest_rewind(&guest);
         guest_submit(&guest);
         pv_store64(scratch + size - 8, ++id);
         guest_send(&guest, scratch, size);
      }
      assert_int_equal(guest_state(&guest), PV_CONTEXT_LOST);
      assert_non_null(strstr(log_so_far().first, "too many live objects"));
      if (i & 1)
         assert_int_equal((int32_t)pv_load32(guest.shared + 4), VK_ERROR_DEVICE_LOST);
      if (fake_live() - before != id - 10001) // all but the one that has no place
         judge_fail("%llu objects on the host for %llu", (unsigned long long)(fake_live() - before),
                    (unsigned long long)(id - 10001));
      use_missing(&guest, id);
      assert_int_equal(guest_state(&guest), PV_CONTEXT_LOST);
      judge_end(core, &guest, &tally, true);
   }
}

static int setup(void **state)
{
   (void)state;
   scratch = malloc(SPACE);
   core = everything_start(fakehost, true);
   return core && scratch ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   everything_stop(&core);
   free(scratch);
   return 0;
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   fakehost = argv[1];
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_guest_leaves_nothing_behind),
      cmocka_unit_test(absurd_values_of_every_command),
      cmocka_unit_test(damaged_commands),
      cmocka_unit_test(noise),
      cmocka_unit_test(every_command_in_a_lost_context),
      cmocka_unit_test(beyond_the_budget),
      cmocka_unit_test(a_ring_destroyed_while_it_waits),
      cmocka_unit_test(a_fence_behind_a_ring_that_ends_the_context),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
