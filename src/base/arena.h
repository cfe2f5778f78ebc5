// SPDX-License-Identifier: MIT
//
// Arena: bump allocation for what lives as long as one decoded command.
//
// Thread-safety: none; one arena belongs to one decoder. Nothing here blocks.
#ifndef PV_BASE_ARENA_H
#define PV_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct pv_arena_block;

struct pv_arena {
   uint8_t *next, *end;         // free bytes of the current block
   struct pv_arena_block *list; // every block, the current one first
   size_t used;                 // bytes handed out since the last reset, each piece rounded up to 16
   size_t limit;                // most bytes handed out between two resets
};

// Prepares an empty arena that hands out at most `limit` bytes between two resets. Allocates nothing yet.
void pv_arena_init(struct pv_arena *arena, size_t limit);

// Frees everything. The arena may be initialised again.
void pv_arena_fini(struct pv_arena *arena);

// Forgets all allocations but keeps one block of ordinary size, so that a steady stream of commands never calls malloc.
void pv_arena_rewind(struct pv_arena *arena); // its slow path
static inline void pv_arena_reset(struct pv_arena *arena)
{
   if (arena->used) // else there is at most the block that was kept, and it is whole
      pv_arena_rewind(arena);
}

// The slow path of pv_arena_alloc: a new block. NULL beyond the limit or without memory.
void *pv_arena_grow(struct pv_arena *arena, size_t size);

// `size` uninitialised bytes, aligned to 16; NULL beyond the limit or without memory. A size of zero yields a valid
// pointer. What counts towards the limit is the size rounded up to 16, so that many tiny pieces cannot take more than
// it says.
static inline void *pv_arena_alloc(struct pv_arena *arena, size_t size)
{
   size_t step = (size + 15) & ~(size_t)15;
   if (step < size || step > (size_t)(arena->end - arena->next) || step > arena->limit - arena->used)
      return pv_arena_grow(arena, size);
   void *p = arena->next;
   arena->next += step;
   arena->used += step;
   return p;
}

// `count` zeroed elements of `size` bytes; NULL on overflow, beyond the limit or without memory.
void *pv_arena_zalloc(struct pv_arena *arena, size_t count, size_t size);

#endif
