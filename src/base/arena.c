// SPDX-License-Identifier: MIT
//
// The cold half of the arena: blocks come from malloc, and all but one ordinary block go back at the next reset.
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)256 << 10) // an ordinary block, header included; only touched pages cost memory

struct pv_arena_block {
   struct pv_arena_block *next;
   size_t size; // bytes behind the header, a multiple of 16
   alignas(16) uint8_t bytes[];
};

// Where an arena without a block points, so that even then an allocation of zero bytes yields a valid pointer.
static alignas(16) uint8_t nowhere[16];

static void leave_blocks(struct pv_arena *arena)
{
   arena->next = arena->end = nowhere;
   arena->list = NULL;
}

static void use_block(struct pv_arena *arena, struct pv_arena_block *block)
{
   arena->next = block->bytes;
   arena->end = block->bytes + block->size;
}

static bool is_ordinary(const struct pv_arena_block *block)
{
   return block->size == BLOCK_BYTES - sizeof *block;
}

void pv_arena_init(struct pv_arena *arena, size_t limit)
{
   *arena = (struct pv_arena){.limit = limit};
   leave_blocks(arena);
}

void pv_arena_fini(struct pv_arena *arena)
{
   for (struct pv_arena_block *block = arena->list, *next; block; block = next) {
      next = block->next;
      free(block);
   }
   leave_blocks(arena);
   arena->used = 0;
}

// Frees all blocks but one.
static __attribute__((noinline)) void shrink(struct pv_arena *arena)
{
   struct pv_arena_block *kept = NULL;
   for (struct pv_arena_block *block = arena->list, *next; block; block = next) {
      next = block->next;
      if (!kept && is_ordinary(block))
         kept = block;
      else
         free(block);
   }
   leave_blocks(arena);
   arena->used = 0;
   if (kept) {
      kept->next = NULL;
      arena->list = kept;
      use_block(arena, kept);
   }
}

void pv_arena_rewind(struct pv_arena *arena)
{
   struct pv_arena_block *block = arena->list;
   if (__builtin_expect(!block || block->next || !is_ordinary(block), 0)) {
      shrink(arena);
      return;
   }
   arena->next = block->bytes;
   arena->used = 0;
}

void *pv_arena_grow(struct pv_arena *arena, size_t size)
{
   size_t step = (size + 15) & ~(size_t)15;
   if (step < size || step > arena->limit - arena->used)
      return NULL;

   struct pv_arena_block *block;
   size_t room = BLOCK_BYTES - sizeof *block;
   if (step > room)
      room = step;
   if (room > SIZE_MAX - sizeof *block)
      return NULL;
   block = malloc(sizeof *block + room);
   if (!block)
      return NULL;
   block->size = room;
   block->next = arena->list;
   arena->list = block;
   use_block(arena, block);
   arena->next += step;
   arena->used += step;
   return block->bytes;
}

void *pv_arena_zalloc(struct pv_arena *arena, size_t count, size_t size)
{
   size_t bytes;
   if (__builtin_mul_overflow(count, size, &bytes))
      return NULL;
   void *p = pv_arena_alloc(arena, bytes);
   if (p)
      memset(p, 0, bytes);
   return p;
}
