// SPDX-License-Identifier: MIT
//
// Chain: the recursion mirrors the wire, where a struct's list stands before its members. Its depth is bounded both
// ways.
#include "wire/chain.h"

static const struct pv_dec_link *find_dec(const struct pv_dec_link *links, size_t count, int32_t stype)
{
   size_t low = 0, high = count;
   while (low < high) {
      size_t middle = low + (high - low) / 2;
      if (links[middle].stype == stype)
         return &links[middle];
      if (links[middle].stype < stype)
         low = middle + 1;
      else
         high = middle;
   }
   return NULL;
}

static const struct pv_enc_link *find_enc(const struct pv_enc_link *links, size_t count, int32_t stype)
{
   size_t low = 0, high = count;
   while (low < high) {
      size_t middle = low + (high - low) / 2;
      if (links[middle].stype == stype)
         return &links[middle];
      if (links[middle].stype < stype)
         low = middle + 1;
      else
         high = middle;
   }
   return NULL;
}

// What follows a flag that said "there is one more".
static void *dec_next(struct pv_reader *r, const struct pv_dec_link *links, size_t count)
{
   const uint8_t *p = pv_take(r, 12);
   int32_t stype = (int32_t)pv_load32(p);
   if (r->why)
      return NULL;
   const struct pv_dec_link *link = find_dec(links, count, stype);
   if (!link) {
      pv_reader_fail(r, "unknown pNext sType", (uint32_t)stype);
      return NULL;
   }
   if (r->depth >= PV_WIRE_MAX_DEPTH) {
      pv_reader_fail(r, "structs nested too deep", r->depth);
      return NULL;
   }
   VkBaseOutStructure *self = pv_zero_room(r, 1, link->size);
   if (!self)
      return NULL;
   r->depth++;
   self->sType = (VkStructureType)stype;
   self->pNext = pv_load64(p + 4) ? dec_next(r, links, count) : NULL;
   link->members(r, self);
   r->depth--;
   return self;
}

void *pv_dec_head(struct pv_reader *r, VkStructureType stype, const struct pv_dec_link *links, size_t count)
{
   const uint8_t *p = pv_take(r, 12);
   if (pv_load32(p) != (uint32_t)stype)
      pv_reader_fail(r, "unexpected sType", pv_load32(p));
   return pv_load64(p + 4) ? dec_next(r, links, count) : NULL;
}

static void enc_next(struct pv_writer *w, const VkBaseInStructure *next, const struct pv_enc_link *links, size_t count,
                     unsigned depth)
{
   const struct pv_enc_link *link = NULL;
   for (; next && !(link = find_enc(links, count, (int32_t)next->sType)); next = next->pNext)
      ;
   if (!next || depth >= PV_WIRE_MAX_DEPTH) {
      pv_put_u64(w, 0);
      return;
   }
   pv_put_u64(w, 1);
   pv_put_u32(w, (uint32_t)next->sType);
   enc_next(w, next->pNext, links, count, depth + 1);
   link->members(w, next);
}

void pv_enc_head(struct pv_writer *w, VkStructureType stype, const void *next, const struct pv_enc_link *links,
                 size_t count)
{
   pv_put_u32(w, (uint32_t)stype);
   enc_next(w, next, links, count, 0);
}
