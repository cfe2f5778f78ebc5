// SPDX-License-Identifier: MIT
//
// What stock drivers send, damaged: commands of recordings, in whose place stand others of the same recording, or that
// come twice, too early or not at all; ids and types exchanged, counts and sizes changed, streams cut short, the end of
// one recording behind the beginning of another. All of it on the fake driver; what must hold stands in judge.h.
//
// usage: test_mutants FAKEHOST RECORDING... HOSTILE_CASES and HOSTILE_FIRST as in test_stream.
#include "judge.h"

#include "base/record.h"
#include "wire/venus.gen.h"

#define CASES 20000

struct bytes {
   uint8_t *p;
   size_t size;
};
struct recording {
   const char *name;
   struct bytes *list; // its commands, less those of the transport
   unsigned count;
   uint64_t last_id; // stock drivers count up from 1
};

static struct pv_core *core;
static const char *fakehost;
static struct recording *recordings;
static unsigned recording_count;

// --- recordings
// ---------------------------------------------------------------------------------------------------------

static bool is_transport(uint32_t id)
{
   return (id >= PV_CMD_vkSetReplyCommandStreamMESA && id <= PV_CMD_vkExecuteCommandStreamsMESA) ||
          (id >= PV_CMD_vkCreateRingMESA && id <= PV_CMD_vkWriteRingExtraMESA) ||
          (id >= PV_CMD_vkSubmitVirtqueueSeqnoMESA && id <= PV_CMD_vkWaitRingSeqnoMESA);
}

// The largest id that a creation of this recording gives out: with most of them it is the last thing they say.
static uint64_t largest_id(const struct recording *r)
{
   uint64_t largest = 0;
   for (unsigned i = 0; i < r->count; i++) {
      const struct bytes *c = &r->list[i];
      uint64_t id = c->size >= 16 ? pv_load64(c->p + c->size - 8) : 0;
      if (id > largest && id < 100000)
         largest = id;
   }
   return largest;
}

static bool load(struct recording *r, const char *path)
{
   struct pv_record_reader reader;
   const char *slash = strrchr(path, '/'), *why = pv_record_open(&reader, path);
   if (why) {
      print_message("%s: %s\n", path, why);
      return false;
   }
   *r = (struct recording){.name = slash ? slash + 1 : path};
   while (pv_record_next(&reader) > 0) {
      if (reader.record.type != PV_RECORD_COMMAND || is_transport(pv_load32(reader.bytes)))
         continue;
      r->list = realloc(r->list, (r->count + 1) * sizeof *r->list);
      struct bytes *c = &r->list[r->count++];
      *c = (struct bytes){.p = malloc(reader.record.size), .size = (size_t)reader.record.size};
      memcpy(c->p, reader.bytes, c->size);
   }
   pv_record_close(&reader);
   r->last_id = largest_id(r);
   return r->count > 0;
}

// --- damage
// -------------------------------------------------------------------------------------------------------------

// A stream in the making: which commands, and bytes of its own where they are damaged.
struct stream {
   struct bytes *list;
   unsigned count;
   struct bytes own[8];
   unsigned own_count;
};

static struct bytes *own_copy(struct stream *s, unsigned at)
{
   if (s->own_count == sizeof s->own / sizeof *s->own)
      return NULL;
   struct bytes *own = &s->own[s->own_count++];
   *own = (struct bytes){.p = malloc(s->list[at].size + 64), .size = s->list[at].size};
   memcpy(own->p, s->list[at].p, own->size);
   s->list[at] = *own;
   return own;
}

// Puts another id of the recording in the place of one.
static void exchange_id(struct rand *g, const struct recording *r, uint8_t *bytes, size_t size)
{
   size_t from = rand_next(g) % (size / 4) * 4;
   for (size_t i = 0; i < size; i += 4) {
      size_t at = (from + i) % size;
      uint64_t id = at >= 8 && at + 8 <= size ? pv_load64(bytes + at) : 0;
      if (!id || id > r->last_id)
         continue;
      pv_store64(bytes + at, rand_next(g) % 8 ? 1 + rand_next(g) % (r->last_id + 1) : 0);
      return;
   }
}

static void insert(struct stream *s, unsigned at, struct bytes what)
{
   memmove(s->list + at + 1, s->list + at, (s->count - at) * sizeof *s->list);
   s->list[at] = what;
   s->count++;
}

static void take_out(struct stream *s, unsigned at)
{
   memmove(s->list + at, s->list + at + 1, (s->count - at - 1) * sizeof *s->list);
   s->count--;
}

// Creations again, late: their ids were destroyed meanwhile, or are in use.
static void repeat_later(struct rand *g, struct stream *s, unsigned at)
{
   insert(s, at + 1 + (unsigned)(rand_next(g) % (s->count - at)), s->list[at]);
}

static void damage_once(struct rand *g, const struct recording *r, struct stream *s)
{
   unsigned at = (unsigned)(rand_next(g) % s->count), other = (unsigned)(rand_next(g) % s->count);
   struct bytes *own;
   switch (rand_next(g) % 12) {
   case 0:
   case 1:
      own = own_copy(s, at);
      if (own)
         s->list[at].size = mutate_damage(g, own->p, own->size, own->size + 64);
      break;
   case 2:
   case 3:
   case 4:
      own = own_copy(s, at);
      if (own)
         exchange_id(g, r, own->p, own->size);
      break;
   case 5: // a word of another command
      own = own_copy(s, at);
      if (own)
         memcpy(own->p + rand_next(g) % (own->size / 4) * 4, s->list[other].p, 4);
      break;
   case 6:
      insert(s, at, s->list[at]);
      break;
   case 7:
      repeat_later(g, s, at);
      break;
   case 8:
      take_out(s, at);
      break;
   case 9: { // order
      struct bytes moved = s->list[at];
      s->list[at] = s->list[other];
      s->list[other] = moved;
      break;
   }
   case 10: // the guest ends here
      s->count = at + 1;
      break;
   default: { // goes on as another one
      const struct recording *tail = &recordings[rand_next(g) % recording_count];
      for (unsigned i = at; i < s->count && i < tail->count; i++)
         s->list[i] = tail->list[i];
      break;
   }
   }
}

// --- cases
// --------------------------------------------------------------------------------------------------------------

static void send_stream(struct guest *guest, const struct stream *s)
{
   for (unsigned i = 0; i < s->count && guest_state(guest) != PV_CONTEXT_FATAL; i++) {
      const struct bytes *c = &s->list[i];
      if (c->size >= 8 && pv_load32(c->p + 4) & 1)
         guest_rewind(guest);
      if (c->size > (size_t)(guest->w.end - guest->w.p))
         continue;
      memcpy(guest->w.p, c->p, c->size);
      guest->w.p += c->size;
      if (i + 1 == s->count || (size_t)(guest->w.p - guest->bytes) > SPACE / 4)
         guest_submit(guest);
   }
   guest->w.p = guest->bytes;
}

static struct stream copy_of(const struct recording *r)
{
   struct stream s = {.list = malloc((r->count + 64) * sizeof *s.list), .count = r->count};
   memcpy(s.list, r->list, r->count * sizeof *s.list);
   return s;
}

static void drop(struct stream *s)
{
   for (unsigned i = 0; i < s->own_count; i++)
      free(s->own[i].p);
   free(s->list);
}

// Undamaged, they run to their end and leave nothing behind.
static void recordings_run_as_they_are(void **state)
{
   (void)state;
   for (unsigned i = 0; i < recording_count; i++) {
      struct guest guest;
      struct tally tally = {0};
      struct stream s = copy_of(&recordings[i]);
      judge_begin("recording %u of %u commands", i, s.count);
      guest_open(&guest, core, "hostile");
      send_stream(&guest, &s);
      judge_end(core, &guest, &tally, false);
      if (tally.ends[PV_CONTEXT_ALIVE] != 1)
         judge_fail("a good recording ends its context: %s", log_so_far().first);
      drop(&s);
   }
}

static void damaged_case(unsigned number, struct tally *tally)
{
   struct guest guest;
   struct rand g = {.state = rand_seed(number)};
   const struct recording *r = &recordings[rand_next(&g) % recording_count];
   struct stream s = copy_of(r);
   judge_begin("damaged recording %u (HOSTILE_FIRST=%u HOSTILE_CASES=1 repeats it)", number, number);
   for (uint64_t n = 1 + rand_next(&g) % 4; n && s.count; n--)
      damage_once(&g, r, &s);
   guest_open(&guest, core, "hostile");
   fake_fail(rand_next(&g) % 4 ? 0 : 2 + (uint32_t)(rand_next(&g) % 40));
   send_stream(&guest, &s);
   fake_fail(0);
   judge_end(core, &guest, tally, number % 16 == 0);
   drop(&s);
}

static void damaged_recordings(void **state)
{
   (void)state;
   struct tally tally = {0};
   const struct cases cases = cases_chosen(CASES);
   for (unsigned n = 0; n < cases.count; n++)
      damaged_case(cases.first + n, &tally);
   tally_print("damaged recordings", &tally);
   if (cases.count < 1000)
      return;
   for (unsigned i = 0; i < 3; i++)
      assert_true(tally.ends[i] > cases.count / 50);
}

static int setup(void **state)
{
   (void)state;
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
   if (argc < 3)
      return 2;
   fakehost = argv[1];
   recording_count = (unsigned)argc - 2;
   recordings = calloc(recording_count, sizeof *recordings);
   for (unsigned i = 0; i < recording_count; i++)
      if (!load(&recordings[i], argv[i + 2]))
         return 1;
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(recordings_run_as_they_are),
      cmocka_unit_test(damaged_recordings),
   };
   int failed = cmocka_run_group_tests(tests, setup, teardown);
   for (unsigned i = 0; i < recording_count; i++) {
      for (unsigned k = 0; k < recordings[i].count; k++)
         free(recordings[i].list[k].p);
      free(recordings[i].list);
   }
   free(recordings);
   return failed;
}
