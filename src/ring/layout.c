// SPDX-License-Identifier: MIT
//
// Is the layout a guest asks for sane?
#include "ring/ring.h"

#define BUFFER_MAX (UINT64_C(16) << 20)

struct region {
   uint64_t begin, size;
};

static bool overlap(const struct region *a, const struct region *b)
{
   return a->size && b->size && a->begin < b->begin + b->size && b->begin < a->begin + a->size;
}

// Turns a region relative to a window of `span` bytes at `offset` into an absolute one. NULL if it lies inside and is
// aligned.
static const char *place(struct region *region, uint64_t offset, uint64_t span)
{
   if (region->begin > span || region->size > span - region->begin)
      return "a ring region lies outside the ring's memory";
   region->begin += offset;
   if (region->begin % 4)
      return "a ring region is not aligned to 4 bytes";
   return NULL;
}

const char *pv_ring_check(uint64_t size, uint64_t offset, uint64_t span, const struct pv_ring_layout *in,
                          struct pv_ring_layout *out)
{
   if (offset > size || span > size - offset)
      return "the ring lies outside its resource";
   if (in->buffer_size < 4 || in->buffer_size > BUFFER_MAX || (in->buffer_size & (in->buffer_size - 1)))
      return "the ring's buffer size is not a power of two from 4 bytes to 16 MiB";

   struct region regions[] = {
      {in->head, 4}, {in->tail, 4}, {in->status, 4}, {in->buffer, in->buffer_size}, {in->extra, in->extra_size},
   };
   const unsigned count = sizeof regions / sizeof regions[0];
   for (unsigned i = 0; i < count; i++) {
      const char *why = place(&regions[i], offset, span);
      if (why)
         return why;
      for (unsigned j = 0; j < i; j++)
         if (overlap(&regions[i], &regions[j]))
            return "two ring regions overlap";
   }
   *out = (struct pv_ring_layout){
      .head = regions[0].begin,
      .tail = regions[1].begin,
      .status = regions[2].begin,
      .buffer = regions[3].begin,
      .buffer_size = in->buffer_size,
      .extra = regions[4].begin,
      .extra_size = in->extra_size,
   };
   return NULL;
}
