// SPDX-License-Identifier: MIT
//
// Chain: structs with sType and the pNext list behind them. Which structs may follow depends on the root alone, so
// each root has one generated table for each direction.
//
//   head  := i32 sType, next                the root; its members come after
//   next  := u64 0 | u64 1, i32 sType, next, members
//
// So all sTypes come first and the bodies follow from the tail of the list to its root.
#ifndef PV_WIRE_CHAIN_H
#define PV_WIRE_CHAIN_H

#include <vulkan/vulkan_core.h>

#include "wire/reader.h"
#include "wire/writer.h"

// Tables are sorted by sType.
struct pv_dec_link {
   int32_t stype;
   uint32_t size; // in C
   void (*members)(struct pv_reader *r, void *self);
};

struct pv_enc_link {
   int32_t stype;
   void (*members)(struct pv_writer *w, const void *self);
};

// Reads a root's sType, which must be `stype`, and the list behind it into the arena; returns the list. Each struct is
// zeroed before its members are read. An sType that is not in the table has no known length: refused.
void *pv_dec_head(struct pv_reader *r, VkStructureType stype, const struct pv_dec_link *links, size_t count);

// Writes a root's sType and the list behind it. Structs that are not in the table are left out, as the guest driver
// does.
void pv_enc_head(struct pv_writer *w, VkStructureType stype, const void *next, const struct pv_enc_link *links,
                 size_t count);

#endif
