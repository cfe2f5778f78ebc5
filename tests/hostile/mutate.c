// SPDX-License-Identifier: MIT
//
// Damage that knows the wire: everything is words, arrays have their length in front, ids are 64 bits.
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

#include "wire/venus.gen.h"

#define REPAIR_SPACE (64u << 20)

struct pv_ids *mutate_ids(void)
{
   static char device; // the record of the one device all objects belong to
   struct pv_ids *ids = pv_ids_create(1024);
   for (uint8_t type = 1; ids && type < PV_OBJECT_LIMIT; type++) {
      struct pv_object object = {.handle = OBJECT_ID(type), .owner = &device, .state = &device, .type = type};
      pv_ids_insert(ids, OBJECT_ID(type), &object);
      object.handle = 0;
      object.poisoned = true;
      pv_ids_insert(ids, POISONED_ID(type), &object);
   }
   return ids;
}

// While a command is repaired, lookups come here (the linker's --wrap): the decoder says itself which type it wants.
static _Thread_local struct {
   uint8_t *bytes; // NULL: nothing is being repaired
   size_t size;
} under_repair;

enum pv_id_result __real_pv_ids_find(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out);
enum pv_id_result __wrap_pv_ids_find(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out);

static void replace_value(uint8_t *bytes, size_t size, uint64_t old, uint64_t new)
{
   for (size_t at = 8; at + 8 <= size; at += 4) {
      if (pv_load64(bytes + at) == old) {
         pv_store64(bytes + at, new);
         return;
      }
   }
}

enum pv_id_result __wrap_pv_ids_find(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out)
{
   if (under_repair.bytes && id > UINT32_MAX) { // noise, and so unlikely to be there twice
      replace_value(under_repair.bytes, under_repair.size, id, OBJECT_ID(type));
      id = OBJECT_ID(type);
   }
   return __real_pv_ids_find(ids, id, type, out);
}

const char *mutate_decode(const struct rand_case *c, struct pv_ids *ids, const uint8_t *bytes, size_t size)
{
   static struct pv_arena arena = {.limit = REPAIR_SPACE};
   struct pv_ids_reader inside = {0};
   void *args = calloc(1, c->args_size);
   struct pv_reader r = {.p = bytes + 8, .end = bytes + size, .arena = &arena, .ids = ids};
   pv_ids_reader_add(ids, &inside);
   pv_ids_enter(ids, &inside);
   c->dec(&r, args);
   pv_ids_leave(ids, &inside);
   pv_ids_reader_remove(ids, &inside);
   pv_arena_reset(&arena);
   free(args);
   return r.why;
}

const char *mutate_repair(const struct rand_case *c, struct pv_ids *ids, uint8_t *bytes, size_t size)
{
   under_repair.bytes = bytes;
   under_repair.size = size;
   const char *why = mutate_decode(c, ids, bytes, size);
   under_repair.bytes = NULL;
   return why;
}

static uint32_t absurd32(struct rand *g)
{
   static const uint32_t values[] = {0, 1, 2, 3, 7, 0x10, 0xff, 0x1000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
   return values[rand_next(g) % (sizeof values / sizeof *values)];
}

static uint64_t absurd64(struct rand *g)
{
   switch (rand_next(g) % 5) {
   case 0:
      return (uint64_t)absurd32(g) << 32 | absurd32(g);
   case 1: // ids: of all types, alive, poisoned and unknown
      return 90 + rand_next(g) % (220 + PV_OBJECT_LIMIT - 90);
   case 2:
      return 1ull << rand_next(g) % 64;
   case 3:
      return UINT64_MAX - rand_next(g) % 16;
   default:
      return absurd32(g);
   }
}

// An sType of somebody else: of core, of an extension, of MESA's own, or none at all.
static uint32_t foreign_stype(struct rand *g)
{
   switch (rand_next(g) % 4) {
   case 0:
      return (uint32_t)(rand_next(g) % 60);
   case 1:
      return 1000000000u + (uint32_t)(rand_next(g) % 600) * 1000 + (uint32_t)(rand_next(g) % 4);
   case 2:
      return 1000384000u + (uint32_t)(rand_next(g) % 12);
   default:
      return absurd32(g);
   }
}

static size_t word_at(struct rand *g, size_t size)
{
   return rand_next(g) % (size / 4) * 4;
}

// One of the ids in use becomes one of a refused object, of another type, or of nothing.
static void spoil_id(struct rand *g, uint8_t *bytes, size_t size)
{
   size_t from = word_at(g, size);
   for (size_t i = 0; i < size; i += 4) {
      size_t at = (from + i) % size;
      uint64_t id = at >= 8 && at + 8 <= size ? pv_load64(bytes + at) : 0;
      if (id <= OBJECT_ID(0) || id >= OBJECT_ID(PV_OBJECT_LIMIT))
         continue;
      uint64_t other[] = {id - OBJECT_ID(0) + POISONED_ID(0), OBJECT_ID(1 + rand_next(g) % (PV_OBJECT_LIMIT - 1)), 0,
                          999};
      pv_store64(bytes + at, other[rand_next(g) % 4]);
      return;
   }
}

// Takes out or puts in some words, so that everything behind them is read as something else.
static size_t shift(struct rand *g, uint8_t *bytes, size_t size, size_t room, bool in)
{
   size_t at = word_at(g, size), n = (1 + rand_next(g) % 6) * 4;
   if (in && size + n <= room) {
      memmove(bytes + at + n, bytes + at, size - at);
      rand_bytes(g, bytes + at, n);
      return size + n;
   }
   if (n > size - at)
      n = size - at;
   memmove(bytes + at, bytes + at + n, size - at - n);
   return size - n;
}

static size_t damage_once(struct rand *g, uint8_t *bytes, size_t size, size_t room)
{
   size_t at = word_at(g, size);
   switch (rand_next(g) % 16) {
   case 0:
      return at; // cut short
   case 1:
      bytes[rand_next(g) % size] ^= (uint8_t)(1u << rand_next(g) % 8);
      return size;
   case 2:
      pv_store32(bytes + at, absurd32(g));
      return size;
   case 3:
   case 4:
      if (at + 8 <= size)
         pv_store64(bytes + at, absurd64(g));
      return size;
   case 5:
      pv_store32(bytes + at, foreign_stype(g));
      return size;
   case 6: { // two words change places
      size_t other = word_at(g, size);
      uint32_t a = pv_load32(bytes + at), b = pv_load32(bytes + other);
      pv_store32(bytes + at, b);
      pv_store32(bytes + other, a);
      return size;
   }
   case 7:
      return shift(g, bytes, size, room, false);
   case 8:
      return shift(g, bytes, size, room, true);
   case 9: // another command with these arguments
      pv_store32(bytes, (uint32_t)(rand_next(g) % 360));
      return size;
   case 10:
   case 11:
   case 12:
   case 13:
      spoil_id(g, bytes, size);
      return size;
   case 14:
      pv_store32(bytes + 4, pv_load32(bytes + 4) ^ 1u << rand_next(g) % 32);
      return size;
   default:
      pv_store32(bytes + at, pv_load32(bytes + at) + (rand_next(g) % 2 ? 1 : UINT32_MAX));
      return size;
   }
}

size_t mutate_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room)
{
   for (uint64_t n = rand_next(g) % 3 ? 1 : 2; n && size >= 8; n--)
      size = damage_once(g, bytes, size, room);
   return size & ~(size_t)3;
}
