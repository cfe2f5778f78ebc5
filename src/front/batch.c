// SPDX-License-Identifier: MIT
//
// Bounds of SUBMIT_CMD2. All offsets and sizes are in words from the start of the payload; every sum is made in 64
// bits.
#include "front/batch.h"

#define OLD_STRIDE 6u // Mesa before 25.0
#define NEW_STRIDE 8u

#define FLAG_RING_IDX  1u
#define FLAG_FENCE_FDS 6u // in and out: no Vulkan guest uses them

const char *pv_batches_open(struct pv_batches *batches, const uint32_t *words, uint32_t n)
{
   *batches = (struct pv_batches){.words = words, .n = n};
   if (!n)
      return "no batch count";
   batches->count = words[0];
   if (!batches->count)
      return NULL;
   if (n < 1 + OLD_STRIDE)
      return "shorter than a batch header";
   // The first batch's commands start where the headers end.
   uint32_t headers = words[2] - 1;
   if (words[2] == 0 || headers % batches->count)
      return "the first batch does not start behind the headers";
   batches->stride = headers / batches->count;
   if (batches->stride != OLD_STRIDE && batches->stride != NEW_STRIDE)
      return "batch headers of neither 6 nor 8 words";
   if (words[2] > n)
      return "batch headers beyond the payload";
   return NULL;
}

const char *pv_batches_get(const struct pv_batches *batches, uint32_t index, struct pv_batch *out)
{
   const uint32_t *header = batches->words + 1 + (size_t)index * batches->stride;
   uint32_t flags = header[0];
   if (flags & FLAG_FENCE_FDS)
      return "fence descriptors are not part of protocol 3";
   if (batches->stride == NEW_STRIDE && (header[6] || header[7]))
      return "DRM sync objects are not part of protocol 3";
   if ((uint64_t)header[1] + header[2] > batches->n)
      return "commands beyond the payload";
   if (header[3] + 3 * (uint64_t)header[4] > batches->n)
      return "syncs beyond the payload";
   *out = (struct pv_batch){
      .commands = batches->words + header[1],
      .command_words = header[2],
      .syncs = batches->words + header[3],
      .sync_count = header[4],
      .ring_idx = header[5],
      .timeline = flags & FLAG_RING_IDX,
   };
   return NULL;
}
