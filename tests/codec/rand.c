// SPDX-License-Identifier: MIT
//
// The primitives of random commands.
#include "rand.h"

#include <stdlib.h>
#include <vulkan/vulkan_core.h>

#define MAX_CHAIN 3 // structs behind one root
#define MAX_DEPTH 4 // roots inside chains inside roots
#define LARGE     1500

// xorshift64*
uint64_t rand_next(struct rand *g)
{
   g->state ^= g->state >> 12;
   g->state ^= g->state << 25;
   g->state ^= g->state >> 27;
   return g->state * 0x2545f4914f6cdd1d;
}

void rand_bytes(struct rand *g, void *out, size_t size)
{
   uint8_t *p = out;
   for (; size >= 8; p += 8, size -= 8) {
      uint64_t v = rand_next(g);
      memcpy(p, &v, 8);
   }
   uint64_t v = rand_next(g);
   if (size)
      memcpy(p, &v, size);
}

int32_t rand_of(struct rand *g, const int32_t *choices, size_t count)
{
   return choices[rand_next(g) % count];
}

uint64_t rand_count(struct rand *g)
{
   switch (g->mode) {
   case RAND_LEAST:
      return 0;
   case RAND_MOST:
      return 1 + (g->depth == 0);
   case RAND_LARGE:
      if (!g->large_is_spent) {
         g->large_is_spent = true;
         return 1 + rand_next(g) % LARGE;
      }
      return rand_next(g) % 2;
   default:
      return rand_next(g) % (g->depth < 2 ? 4 : 2);
   }
}

bool rand_there(struct rand *g, bool may_omit)
{
   return !may_omit || g->mode == RAND_MOST || (g->mode != RAND_LEAST && rand_next(g) % 4 != 0);
}

void *rand_room(struct rand *g, uint64_t n, size_t size)
{
   if (n == 0)
      return NULL;
   void *p = pv_arena_zalloc(g->arena, n, size);
   if (!p)
      abort(); // the test's own arena is too small
   return p;
}

void *rand_same(struct rand *g, const void *bytes, size_t size)
{
   void *p = rand_room(g, size, 1);
   if (p)
      memcpy(p, bytes, size);
   return p;
}

const char *rand_string(struct rand *g, bool may_omit)
{
   if (!rand_there(g, may_omit))
      return NULL;
   size_t length = rand_next(g) % 20;
   char *s = rand_room(g, length + 1, 1);
   for (size_t i = 0; i < length; i++)
      s[i] = (char)('a' + rand_next(g) % 26);
   return s;
}

void *rand_chain(struct rand *g, struct rand_root *root)
{
   if (g->depth >= MAX_DEPTH || g->mode == RAND_LEAST)
      return NULL;
   g->depth++;
   VkBaseOutStructure *list = NULL;
   for (uint64_t n = g->mode == RAND_MOST ? MAX_CHAIN : rand_next(g) % (MAX_CHAIN + 1); n > 0; n--) {
      unsigned index = root->next++ % root->count;
      root->seen[index]++;
      VkBaseOutStructure *self = rand_room(g, 1, root->links[index].size);
      self->sType = (VkStructureType)root->links[index].stype;
      root->links[index].fill(g, self);
      self->pNext = list;
      list = self;
   }
   g->depth--;
   return list;
}
