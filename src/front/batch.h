// SPDX-License-Identifier: MIT
//
// Batch: the payload of SUBMIT_CMD2 taken apart. Clients of different ages write batch headers of 6 or of 8 words, and
// only the offset of the first one's commands tells which. Touches nothing but the payload.
#ifndef PV_FRONT_BATCH_H
#define PV_FRONT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pv_batches {
   const uint32_t *words;
   uint32_t n;             // words of payload
   uint32_t count, stride; // batches, words per batch header
};

struct pv_batch {
   const uint32_t *commands;
   uint32_t command_words;
   const uint32_t *syncs; // sync_count triples: id, value low, value high
   uint32_t sync_count;
   uint32_t ring_idx;
   bool timeline; // the syncs are set when timeline ring_idx gets there, else at once
};

// Both: NULL if good, else one phrase that says what is wrong.
const char *pv_batches_open(struct pv_batches *batches, const uint32_t *words, uint32_t n);
const char *pv_batches_get(const struct pv_batches *batches, uint32_t index, struct pv_batch *out);

#endif
