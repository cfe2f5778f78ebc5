// SPDX-License-Identifier: MIT
//
// Every command with absurd values, and thousands of damaged ones, on a driver that cannot be hurt (fakehost.c):
// whatever a guest sends, its context goes on, is lost, or is over, with exactly one line that says where and why; no
// stale handle reaches the driver, nothing leaks, every fence retires, and a neighbour in the same process notices
// nothing.
//
// usage: test_stream FAKEHOST. HOSTILE_ROUNDS in the environment multiplies the number of cases.
#include "everything.h"

#include <stdatomic.h>

#include "wire/venus.gen.h"

#define ROUNDS 8     // random commands of each kind
#define CASES  10000 // damaged streams
#define POLLS  50
#define SECOND 1000000000ull

static struct pv_core *core;
static uint8_t *ring_memory;
static unsigned multiplier = 1;
static const char *fakehost;

// --- routes
// -------------------------------------------------------------------------------------------------------------

enum route { CONTROL, RING, STREAM, ROUTES };

static bool poll_some(struct guest *guest)
{
   for (int i = 0; i < POLLS; i++) {
      uint64_t deadline, before = pv_now();
      int error = pv_context_core_poll(guest->ctx, &deadline);
      if (pv_now() - before > SECOND)
         fail_msg("a poll took %llu ms", (unsigned long long)(pv_now() - before) / 1000000);
      if (error || deadline > pv_now() + SECOND / 1000)
         return !error;
   }
   return true;
}

// Puts the bytes where a stream can be executed from, and the command that does so into `out`.
static size_t wrap_in_stream(struct guest *guest, const uint8_t *bytes, size_t size, uint8_t *out)
{
   struct pv_writer w = {.p = out, .end = out + 256};
   const VkCommandStreamDescriptionMESA stream = {.resourceId = 1, .offset = WINDOW, .size = size};
   memcpy(guest->shared + WINDOW, bytes, size);
   pv_enc_vkExecuteCommandStreamsMESA(
       &w, 0, &(struct pv_args_vkExecuteCommandStreamsMESA){.streamCount = 1, .pStreams = &stream});
   return (size_t)(w.p - out);
}

static void send_by(struct guest *guest, enum route route, const uint8_t *bytes, size_t size)
{
   uint8_t execute[256];
   if (!size)
      return;
   if (route == STREAM) {
      size = wrap_in_stream(guest, bytes, size, execute);
      bytes = execute;
   }
   if (route == RING && size <= RING_BUFFER / 2) {
      ring_push(guest, ring_memory, 0, bytes, size);
      poll_some(guest);
   } else {
      guest_send(guest, bytes, size);
   }
}

// --- judging
// ------------------------------------------------------------------------------------------------------------

struct tally {
   unsigned ends[3];
};

static uint64_t known_misuses;

static const char *label;

// One line per end, and it has the form that says where and why.
static void judge_log(const struct guest *guest)
{
   struct log log = log_so_far();
   enum pv_context_state state = guest_state(guest);
   unsigned wanted = state == PV_CONTEXT_ALIVE ? 0 : 1;
   bool both = state == PV_CONTEXT_FATAL && log.errors == 2 && log.lost == 1; // lost first, then worse
   // A ring's own rules (its tail, its layout) have a line of another form.
   bool of_ring = state == PV_CONTEXT_FATAL && log.errors == 1 && strstr(log.first, "over after byte");
   if (!both && (log.errors != wanted || (wanted && !of_ring && log.over + log.lost != 1)))
      fail_msg("%s: the context is %s, and the log says %u times: %s", label, state_name(state), log.errors, log.first);
}

// A second guest of the same renderer gets right answers.
static void neighbour_lives(void)
{
   struct guest guest;
   guest_open(&guest, core, "neighbour");
   put_instance_and_device(&guest.w);
   VkPhysicalDeviceMemoryProperties got = {0};
   struct pv_args_vkGetPhysicalDeviceMemoryProperties args = {
      .physicalDevice = ID(VkPhysicalDevice, OBJECT_ID(PV_OBJECT_VkPhysicalDevice)), .pMemoryProperties = &got};
   pv_enc_vkGetPhysicalDeviceMemoryProperties(&guest.w, 1, &args);
   assert_int_equal(guest_submit(&guest), 0);
   struct pv_reader r = guest_reply(&guest, PV_CMD_vkGetPhysicalDeviceMemoryProperties);
   pv_dec_reply_vkGetPhysicalDeviceMemoryProperties(&r, &args);
   assert_null(r.why);
   assert_int_equal(got.memoryTypeCount, 2);
   assert_int_equal(got.memoryHeaps[0].size, 1u << 30);
   assert_int_equal(guest_state(&guest), PV_CONTEXT_ALIVE);
   guest_close(&guest);
}

static void close_judged(struct guest *guest, struct tally *tally, bool with_neighbour)
{
   uint64_t asked[2] = {0};
   for (uint32_t i = 0; i < 2; i++)
      asked[i] += pv_context_core_fence(guest->ctx, i, 1) == 0;
   bool over = guest_state(guest) != PV_CONTEXT_ALIVE;
   poll_some(guest);
   judge_log(guest);
   for (uint32_t i = 0; over && i < 2; i++)
      if (asked[i] != guest->retired[i])
         fail_msg("%s: a fence of timeline %u did not retire although the context is %s", label, i,
                  state_name(guest_state(guest)));
   if (with_neighbour)
      neighbour_lives();
   enum pv_context_state state = guest_state(guest);
   tally->ends[state]++;
   pv_context_core_destroy(&guest->ctx);
   for (uint32_t i = 0; i < 2; i++)
      if (asked[i] != guest->retired[i])
         fail_msg("%s: a fence of timeline %u never retired", label, i);
   guest_close(guest);
   uint64_t misuses = fake_misuses() - known_misuses;
   known_misuses += misuses;
   if (misuses)
      fail_msg("%s: the driver was misused; the context was %s, %s", label, state_name(state), log_so_far().first);
   bool abandoned = log_so_far().others; // a warning says so: the driver could not even be asked whether it is idle
   if (state == PV_CONTEXT_ALIVE && !abandoned && fake_live())
      fail_msg("%s: %llu objects of the driver's were left", label, (unsigned long long)fake_live());
   fake_forget();
}

// --- tests
// --------------------------------------------------------------------------------------------------------------

static void print_tally(const char *what, const struct tally *tally)
{
   print_message("%s: %u contexts alive, %u lost, %u over\n", what, tally->ends[0], tally->ends[1], tally->ends[2]);
}

static void a_good_guest_leaves_nothing_behind(void **state)
{
   (void)state;
   struct guest guest;
   struct tally tally = {0};
   label = "a good guest";
   log_forget();
   ring_memory = everything_open(&guest, core, "hostile");
   close_judged(&guest, &tally, true);
   assert_int_equal(tally.ends[PV_CONTEXT_ALIVE], 1);
   assert_int_equal(fake_live(), 0);
}

// Whatever decodes is executed with noise for values. A good share must get as far as the driver, or this proves
// nothing.
static void absurd_values_of_every_command(void **state)
{
   (void)state;
   struct tally tally = {0};
   char text[128];
   struct rand g = {.state = 4711};
   for (size_t i = 0; i < rand_case_count; i++) {
      for (unsigned round = 0; round < ROUNDS * multiplier; round++) {
         struct guest guest;
         snprintf(text, sizeof text, "%s, round %u", rand_cases[i].name, round);
         label = text;
         log_forget();
         ring_memory = everything_open(&guest, core, "hostile");
         fake_fail(round % 4 == 3 ? 2 : 0);
         g.mode = round % RAND_MODES;
         uint8_t *start = guest.w.p;
         random_command(&g, &rand_cases[i], round & 1, &guest.w);
         size_t size = (size_t)(guest.w.p - start);
         guest.w.p = start;
         send_by(&guest, round % ROUTES == RING && round & 1 ? CONTROL : round % ROUTES, start, size);
         fake_fail(0);
         close_judged(&guest, &tally, round == 0);
      }
   }
   print_tally("absurd values", &tally);
   assert_true(tally.ends[PV_CONTEXT_ALIVE] > tally.ends[PV_CONTEXT_FATAL]);
}

static void damaged_commands(void **state)
{
   (void)state;
   struct tally tally = {0};
   struct rand g = {.state = 20261122};
   char text[128];
   uint8_t *bytes = malloc(SPACE);
   for (unsigned n = 0; n < CASES * multiplier; n++) {
      struct guest guest;
      log_forget();
      ring_memory = everything_open(&guest, core, "hostile");
      enum route route = (enum route)(rand_next(&g) % ROUTES);
      unsigned commands = 1 + (unsigned)(rand_next(&g) % 4);
      for (unsigned k = 0; k < commands && guest_state(&guest) != PV_CONTEXT_FATAL; k++) {
         const struct rand_case *c = &rand_cases[rand_next(&g) % rand_case_count];
         struct pv_writer w = {.p = bytes, .end = bytes + SPACE};
         snprintf(text, sizeof text, "case %u, command %u of %u, %s", n, k, commands, c->name);
         label = text;
         g.mode = (enum rand_mode)(rand_next(&g) % RAND_LARGE);
         random_command(&g, c, route != RING && rand_next(&g) % 2, &w);
         size_t size = (size_t)(w.p - bytes);
         if (k + 1 == commands || rand_next(&g) % 4 == 0)
            size = size ? mutate_damage(&g, bytes, size, SPACE) : 0;
         send_by(&guest, route, bytes, size);
      }
      close_judged(&guest, &tally, n % 16 == 0);
   }
   free(bytes);
   print_tally("damaged", &tally);
   assert_true(tally.ends[PV_CONTEXT_FATAL] > CASES / 4 && tally.ends[PV_CONTEXT_ALIVE] > CASES / 50);
}

// Nothing but noise, by all routes.
static void noise(void **state)
{
   (void)state;
   struct tally tally = {0};
   struct rand g = {.state = 99};
   uint8_t bytes[256];
   label = "noise";
   for (unsigned n = 0; n < 500; n++) {
      struct guest guest;
      log_forget();
      ring_memory = everything_open(&guest, core, "hostile");
      size_t size = 4 + rand_next(&g) % (sizeof bytes / 4) * 4;
      rand_bytes(&g, bytes, size);
      if (n % 2) // at least a command that there is
         pv_store32(bytes, (uint32_t)(rand_next(&g) % 346));
      if (n % 4 == 3)
         pv_store32(bytes + 4, 0);
      send_by(&guest, (enum route)(n % ROUTES), bytes, size);
      close_judged(&guest, &tally, n % 16 == 0);
   }
   print_tally("noise", &tally);
}

// Of a lost context nothing reaches the driver, and everything is answered.
static void every_command_in_a_lost_context(void **state)
{
   (void)state;
   struct tally tally = {0};
   struct rand g = {.state = 123};
   char text[128];
   for (size_t i = 0; i < rand_case_count; i++) {
      struct guest guest;
      snprintf(text, sizeof text, "%s in a lost context", rand_cases[i].name);
      label = text;
      ring_memory = everything_open(&guest, core, "hostile");
      pv_context_core_lose(guest.ctx, "the test says so");
      log_forget();
      for (unsigned round = 0; round < RAND_MODES && guest_state(&guest) == PV_CONTEXT_LOST; round++) {
         g.mode = round;
         guest_rewind(&guest);
         uint8_t *start = guest.w.p;
         random_command(&g, &rand_cases[i], round & 1, &guest.w);
         (void)start;
         guest_submit(&guest);
      }
      struct log log = log_so_far();
      if (log.errors > (guest_state(&guest) == PV_CONTEXT_FATAL))
         fail_msg("%s: %u lines: %s", label, log.errors, log.last);
      tally.ends[guest_state(&guest)]++;
      for (uint32_t k = 0; k < 2; k++) {
         assert_int_equal(pv_context_core_fence(guest.ctx, k, 1), 0);
         if (guest.retired[k] != 1)
            fail_msg("%s: the fence of timeline %u did not retire", label, k);
      }
      guest_close(&guest);
      assert_int_equal(fake_misuses(), known_misuses);
      fake_forget();
   }
   print_tally("lost", &tally);
   assert_true(tally.ends[PV_CONTEXT_LOST] > 250);
}

static int setup(void **state)
{
   (void)state;
   const char *times = getenv("HOSTILE_ROUNDS");
   multiplier = times && atoi(times) > 0 ? (unsigned)atoi(times) : 1;
   core = everything_start(fakehost, true);
   return core ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   everything_stop(&core);
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
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
