// SPDX-License-Identifier: MIT
//
// Programs read, written and mutated.
#include "program.h"

#include <string.h>

#include "everything.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room) __attribute__((weak)); // not of every fuzzer
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t room, unsigned seed);

void program_read(struct program *p, const uint8_t *data, size_t size)
{
   memset(p->head, 0, sizeof p->head);
   memcpy(p->head, data, size < PROGRAM_HEAD ? size : PROGRAM_HEAD);
   p->count = 0;
   for (size_t at = PROGRAM_HEAD; at + 4 <= size && p->count < PROGRAM_STEPS;) {
      size_t words = data[at + 2] | (size_t)data[at + 3] << 8, left = (size - at - 4) / 4;
      if (words > left)
         words = left;
      p->steps[p->count++] =
          (struct step){.kind = data[at], .arg = data[at + 1], .words = (uint16_t)words, .bytes = data + at + 4};
      at += 4 + words * 4;
   }
}

size_t program_write(const struct program *p, uint8_t *out, size_t room)
{
   size_t at = PROGRAM_HEAD;
   if (room < PROGRAM_HEAD)
      return 0;
   memcpy(out, p->head, PROGRAM_HEAD);
   for (unsigned i = 0; i < p->count; i++) {
      const struct step *s = &p->steps[i];
      if (4 + step_size(s) > room - at)
         continue; // smaller ones may still have a place
      const uint8_t head[4] = {s->kind, s->arg, (uint8_t)s->words, (uint8_t)(s->words >> 8)};
      memcpy(out + at, head, 4);
      if (s->words)
         memcpy(out + at + 4, s->bytes, step_size(s));
      at += 4 + step_size(s);
   }
   return at;
}

uint32_t step_word(const struct step *s, unsigned index)
{
   return index < s->words ? pv_load32(s->bytes + index * (size_t)4) : 0;
}

uint64_t step_long(const struct step *s, unsigned index)
{
   return step_word(s, index) | (uint64_t)step_word(s, index + 1) << 32;
}

void program_make_command(struct rand *g, struct step *out, uint8_t *room)
{
   struct pv_writer w = {.p = room, .end = room + STEP_ROOM};
   g->mode = (enum rand_mode)(rand_next(g) % RAND_LARGE);
   random_command(g, &rand_cases[rand_next(g) % rand_case_count], rand_next(g) % 2, &w);
   out->words = (uint16_t)((size_t)(w.p - room) / 4);
   out->bytes = room;
}

static void insert(struct program *p, unsigned at, struct step what)
{
   if (p->count == PROGRAM_STEPS)
      p->count--;
   if (at > p->count)
      at = p->count;
   memmove(p->steps + at + 1, p->steps + at, (p->count - at) * sizeof *p->steps);
   p->steps[at] = what;
   p->count++;
}

static void change_payload(struct rand *g, struct step *s)
{
   static uint8_t changed[STEP_ROOM];
   size_t size = step_size(s);
   if (size)
      memcpy(changed, s->bytes, size);
   if (LLVMFuzzerMutate && rand_next(g) % 4 == 0)
      size = LLVMFuzzerMutate(changed, size, size + 64 < sizeof changed ? size + 64 : sizeof changed);
   else
      size = program_damage(g, changed, size, sizeof changed);
   s->words = (uint16_t)(size / 4);
   s->bytes = changed;
}

static void change(struct rand *g, struct program *p)
{
   static uint8_t made[STEP_ROOM];
   unsigned choice = p->count ? (unsigned)(rand_next(g) % 16) : 0;
   unsigned at = p->count ? (unsigned)(rand_next(g) % p->count) : 0;
   unsigned other = p->count ? (unsigned)(rand_next(g) % p->count) : 0;
   struct step step = {0};
   switch (choice) {
   default: // something new, mostly at the end: what comes before it is good
      program_make_step(g, &step, made);
      insert(p, rand_next(g) % 2 ? p->count : at, step);
      break;
   case 6:
   case 7:
   case 8:
   case 9:
      change_payload(g, &p->steps[at]);
      break;
   case 10:
      memmove(p->steps + at, p->steps + at + 1, (p->count - at - 1) * sizeof *p->steps);
      p->count--;
      break;
   case 11:
      insert(p, other, p->steps[at]);
      break;
   case 12:
      step = p->steps[at];
      p->steps[at] = p->steps[other];
      p->steps[other] = step;
      break;
   case 13:
      p->steps[at].kind = (uint8_t)rand_next(g);
      break;
   case 14:
      p->steps[at].arg = (uint8_t)rand_next(g);
      break;
   case 15:
      p->head[rand_next(g) % PROGRAM_HEAD] = (uint8_t)(rand_next(g) % 2 ? 0 : rand_next(g));
      break;
   }
}

// The input stays where it is while the new one is written elsewhere: steps point into it.
static size_t write_back(const struct program *p, uint8_t *data, size_t room)
{
   uint8_t *out = malloc(room);
   size_t size = out ? program_write(p, out, room) : 0;
   if (size)
      memcpy(data, out, size);
   free(out);
   return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
   struct rand g = {.state = rand_seed(seed)};
   struct program p;
   program_read(&p, data, size);
   change(&g, &p); // one only: each has one buffer for its payload
   size = write_back(&p, data, room);
   return size ? size : 1;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t room, unsigned seed)
{
   struct rand g = {.state = rand_seed(seed)};
   struct program p, other;
   program_read(&p, data1, size1);
   program_read(&other, data2, size2);
   p.count = p.count ? (unsigned)(rand_next(&g) % (p.count + 1)) : 0;
   unsigned from = other.count ? (unsigned)(rand_next(&g) % other.count) : 0;
   while (from < other.count && p.count < PROGRAM_STEPS)
      p.steps[p.count++] = other.steps[from++];
   size_t size = program_write(&p, out, room);
   return size ? size : 1;
}
