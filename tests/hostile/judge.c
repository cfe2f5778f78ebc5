// SPDX-License-Identifier: MIT
//
// Judging guests of the fake driver.
#include "judge.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/venus.gen.h"

#define POLLS   50
#define LONGEST 1000000000ull // ns a poll may take, far above noise and far below what a wait would

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static char label[256], step[256];
static uint64_t known_misuses, calls_at_loss;
static bool loss_seen, others_catch_crashes;

static void on_loss(void)
{
   loss_seen = true;
   calls_at_loss = fake_calls();
}

static void say_where(void)
{
   const char *parts[] = {"hostile: in ", label, ", ", step, "\n"};
   for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
         return;
}

static void on_crash(int sig)
{
   say_where();
   signal(sig, SIG_DFL);
   raise(sig);
}

// AddressSanitizer calls this when it has found something.
void __asan_on_error(void);
void __asan_on_error(void)
{
   say_where();
}

struct cases cases_chosen(unsigned usual)
{
   const char *count = getenv("HOSTILE_CASES"), *first = getenv("HOSTILE_FIRST");
   return (struct cases){.first = first ? (unsigned)strtoul(first, NULL, 0) : 0,
                         .count = count ? (unsigned)strtoul(count, NULL, 0) : usual};
}

void tally_print(const char *what, const struct tally *tally)
{
   print_message("%s: %u contexts alive, %u lost, %u over\n", what, tally->ends[PV_CONTEXT_ALIVE],
                 tally->ends[PV_CONTEXT_LOST], tally->ends[PV_CONTEXT_FATAL]);
}

void judge_begin(const char *format, ...)
{
   va_list list;
   va_start(list, format);
   vsnprintf(label, sizeof label, format, list);
   va_end(list);
   step[0] = '\0';
   loss_seen = false;
   log_on_loss = on_loss;
   for (size_t i = 0; i < sizeof crashes / sizeof *crashes && !others_catch_crashes; i++)
      signal(crashes[i], on_crash); // cmocka sets its own for each test
   log_forget();
}

void judge_leave_crashes(void)
{
   others_catch_crashes = true;
}

void judge_step(const char *format, ...)
{
   va_list list;
   va_start(list, format);
   vsnprintf(step, sizeof step, format, list);
   va_end(list);
}

void judge_fail(const char *format, ...)
{
   char why[1024];
   va_list list;
   va_start(list, format);
   vsnprintf(why, sizeof why, format, list);
   va_end(list);
   fail_msg("%s, %s: %s", label, step, why);
   abort();
}

bool poll_some(struct guest *guest)
{
   for (int i = 0; i < POLLS; i++) {
      uint64_t deadline, before = pv_now();
      int error = pv_context_core_poll(guest->ctx, &deadline);
      if (pv_now() - before > LONGEST)
         judge_fail("a poll took %llu ms", (unsigned long long)(pv_now() - before) / 1000000);
      if (error || deadline > pv_now() + LONGEST / 1000)
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

void send_by(struct guest *guest, enum route route, uint8_t *ring, const uint8_t *bytes, size_t size)
{
   uint8_t execute[256];
   if (!size)
      return;
   if (route == STREAM && size <= SHARED - WINDOW) {
      size = wrap_in_stream(guest, bytes, size, execute);
      bytes = execute;
   }
   if (route == RING && size <= RING_BUFFER / 2) {
      ring_push(guest, ring, 0, bytes, size);
      poll_some(guest);
   } else {
      guest_send(guest, bytes, size);
   }
}

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
      judge_fail("the context is %s, and the log says %u times: %s", state_name(state), log.errors, log.first);
}

// A second guest of the same renderer gets right answers.
static void neighbour_lives(struct pv_core *core)
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
   assert_int_equal(got.memoryHeaps[0].size, EVERYTHING_MEMORY);
   assert_int_equal(guest_state(&guest), PV_CONTEXT_ALIVE);
   guest_close(&guest);
}

void judge_driver(enum pv_context_state state)
{
   uint64_t misuses = fake_misuses() - known_misuses;
   known_misuses += misuses;
   if (misuses)
      judge_fail("the driver was misused; the context was %s, %s", state_name(state), log_so_far().first);
   bool abandoned = log_so_far().others; // a warning says so: the driver could not even be asked whether it is idle
   if (!loss_seen && !abandoned && fake_live())
      judge_fail("%llu objects of the driver's were left", (unsigned long long)fake_live());
   fake_forget();
}

unsigned judge_descriptors(void)
{
   unsigned count = 0;
   struct stat about;
   for (int fd = 0; fd < 256; fd++)
      count += !fstat(fd, &about) && !S_ISFIFO(about.st_mode);
   return count;
}

void judge_lost(struct guest *guest)
{
   guest_close(guest);
   if (!loss_seen || fake_calls() != calls_at_loss)
      judge_fail("%llu calls of a lost driver", (unsigned long long)(fake_calls() - calls_at_loss));
   judge_driver(PV_CONTEXT_LOST);
}

void judge_end(struct pv_core *core, struct guest *guest, struct tally *tally, bool with_neighbour)
{
   uint64_t asked[2] = {0};
   for (uint32_t i = 0; i < 2; i++)
      asked[i] += pv_context_core_fence(guest->ctx, i, 1) == 0;
   poll_some(guest);
   judge_log(guest);
   enum pv_context_state state = guest_state(guest);
   for (uint32_t i = 0; state != PV_CONTEXT_ALIVE && i < 2; i++)
      if (asked[i] != guest->retired[i])
         judge_fail("a fence of timeline %u did not retire although the context is %s", i, state_name(state));
   tally->ends[state]++;
   pv_context_core_destroy(&guest->ctx);
   for (uint32_t i = 0; i < 2; i++)
      if (asked[i] != guest->retired[i])
         judge_fail("a fence of timeline %u never retired", i);
   guest_close(guest);
   if (loss_seen && fake_calls() != calls_at_loss)
      judge_fail("%llu calls of the driver after this: %s", (unsigned long long)(fake_calls() - calls_at_loss),
                 log_so_far().first);
   judge_driver(state);
   if (with_neighbour)
      neighbour_lives(core);
}
