// SPDX-License-Identifier: MIT
//
// Reader: bounded, with a sticky reason. Past the end every read yields zero and the command is refused once, at its
// end.
//
// The bytes are private memory (a guest's bytes were copied before), so a value that was checked stays what it was.
// Everything decoded lives in the arena until its next reset.
#ifndef PV_WIRE_READER_H
#define PV_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/idtable.h"

#define PV_WIRE_MAX_DEPTH 512 // nested chains and structs; all that can differ in one chain are fewer

struct pv_reader {
   const uint8_t *p, *end;
   struct pv_arena *arena;
   struct pv_ids *ids; // NULL: handles stay ids (client side, tests)
   struct pv_ids_memo *memos; // PV_READER_MEMOS, of the last objects that commands went to; NULL: none are kept
   const void *owner;  // the device the command goes to; handles of another device are refused
   bool lost;  // the context is: an id that is not there counts as poisoned, for it may never have been filed
   bool owned; // `owner` is known. It may be NULL then: a poisoned device, which owns only what was made with it
   struct pv_ref kept, kept_before; // the last two handles of members that venus.xml marks with <keep>
   struct pv_ref *kept_list;        // and the last such array, kept_count elements
   uint64_t kept_count, kept_room;
   const char *why;                 // the first reason the bytes are undecodable, one phrase; NULL = all well
   uint64_t why_value;              // a number that goes with it (an id, a count, an sType)
   const char *refused; // decodable, but the host must not see it: one phrase; NULL = nothing of the kind (check.h)
   bool poisoned;       // some handle resolved to a poisoned id
   uint32_t depth;
};

// A storm goes to one command buffer, and between its commands some go to the device.
#define PV_READER_MEMOS 2

// Refuses the command; the first reason stays. Cold.
void pv_reader_fail(struct pv_reader *r, const char *why, uint64_t value);

// Small, with arguments that are mostly constants: left to itself GCC makes one function of all calls in a file.
#define PV_INLINE static inline __attribute__((always_inline))

// `size` bytes (at most PV_READER_ZEROS), or that many zeros past the end. Check r->why after the command.
#define PV_READER_ZEROS 4096
extern const uint8_t pv_reader_zeros[PV_READER_ZEROS];
PV_INLINE const uint8_t *pv_take(struct pv_reader *r, size_t size)
{
   const uint8_t *p = r->p;
   if (__builtin_expect(size > (size_t)(r->end - p), 0)) {
      pv_reader_fail(r, "truncated", size);
      r->p = r->end;
      return pv_reader_zeros;
   }
   r->p = p + size;
   return p;
}

static inline uint32_t pv_load32(const uint8_t *p)
{
   uint32_t v;
   memcpy(&v, p, sizeof v);
   return v;
}

static inline uint64_t pv_load64(const uint8_t *p)
{
   uint64_t v;
   memcpy(&v, p, sizeof v);
   return v;
}

// Resolves an id of `type` to the host's handle; 0 and a reason, or 0 and `poisoned`, if there is none. `ref` may be
// NULL. Without a table the id itself is the handle. Once the owner is known, a handle of another device is refused.
uint64_t pv_reader_resolve_closely(struct pv_reader *r, uint64_t id, uint8_t type, struct pv_ref *ref);
static inline uint64_t pv_reader_resolve(struct pv_reader *r, uint64_t id, uint8_t type, struct pv_ref *ref)
{
   uint64_t handle = r->ids ? pv_ids_handle(r->ids, id, type, r->owner, ref) : 0;
   return __builtin_expect(handle != 0, 1) ? handle : pv_reader_resolve_closely(r, id, type, ref);
}

// --- what the generated code is made of
// -------------------------------------------------------------------------------

// Refuses an array's prefix, a missing pointer, a fixed array of another length, a host pointer. Cold; return 0.
uint64_t pv_array_fail(struct pv_reader *r, uint64_t n, uint64_t want);
bool pv_present_fail(struct pv_reader *r);
void pv_fixed_fail(struct pv_reader *r, uint64_t n);
void pv_null_fail(struct pv_reader *r);

// The length of an array: `n` as sent, `want` as its length parameter says; 0 once anything was refused. `least`: the
// fewest bytes an element takes, so that the bytes left bound every loop and allocation (0: the arena's limit does).
PV_INLINE uint64_t pv_array(struct pv_reader *r, uint64_t n, uint64_t want, bool may_omit, size_t least)
{
   bool good = n == want || (n == 0 && may_omit);
   if (__builtin_expect(!good || (least && n > (size_t)(r->end - r->p) / least), 0))
      return pv_array_fail(r, n, want);
   return n;
}

// The length of an array in a reply: at most `most`.
static inline uint64_t pv_reply_array(struct pv_reader *r, uint64_t n, uint64_t most, size_t least)
{
   return pv_array(r, n, n <= most ? n : most, false, least);
}

// 1 if a simple pointer is there, else 0.
static inline uint64_t pv_present(struct pv_reader *r, uint64_t flag, bool may_omit)
{
   return flag ? 1 : !may_omit && pv_present_fail(r);
}

static inline void pv_fixed(struct pv_reader *r, uint64_t n, uint64_t want)
{
   if (__builtin_expect(n != want, 0))
      pv_fixed_fail(r, n);
}

static inline void pv_null(struct pv_reader *r, uint64_t flag)
{
   if (__builtin_expect(flag != 0, 0))
      pv_null_fail(r);
}

// Bytes that pv_array has checked to be there; the reader may have failed since, then it stays at its end.
static inline const uint8_t *pv_skip(struct pv_reader *r, size_t size)
{
   const uint8_t *p = r->p;
   r->p = size <= (size_t)(r->end - p) ? p + size : r->end;
   return p;
}

// Arena memory for n elements; NULL for none, and with a reason for too many.
void *pv_room(struct pv_reader *r, uint64_t n, size_t size);
void *pv_zero_room(struct pv_reader *r, uint64_t n, size_t size);
// n packed elements (and the padding to 4) as they are, in the arena. pv_copy_to: into `out`, if it is not NULL.
void *pv_copy(struct pv_reader *r, uint64_t n, size_t size);
void pv_copy_to(struct pv_reader *r, void *out, uint64_t size);
// n plain elements as they are, for who only reads them: where they lie, among the command's bytes, if those happen to be
// aligned, else a copy.
const void *pv_bytes(struct pv_reader *r, uint64_t n, size_t size, size_t align);
// A string of n bytes, NUL included; its last byte is NUL whatever was sent.
const char *pv_string(struct pv_reader *r, uint64_t n, bool may_omit);

// A handle that may be null.
static inline uint64_t pv_handle(struct pv_reader *r, uint64_t id, uint8_t type)
{
   return id ? pv_reader_resolve(r, id, type, NULL) : 0;
}

// An id that must not be null. Vulkan leaves it undefined, drivers crash: the command is refused.
void pv_needed_fail(struct pv_reader *r);
static inline uint64_t pv_needed(struct pv_reader *r, uint64_t id)
{
   if (__builtin_expect(!id, 0))
      pv_needed_fail(r);
   return id;
}

static inline uint64_t pv_kept_handle(struct pv_reader *r, uint64_t id, uint8_t type)
{
   r->kept_before = r->kept;
   r->kept = (struct pv_ref){0};
   return id ? pv_reader_resolve(r, id, type, &r->kept) : 0;
}

static inline uint64_t pv_handle_ref(struct pv_reader *r, uint64_t id, uint8_t type, struct pv_ref *ref)
{
   *ref = (struct pv_ref){0};
   return id ? pv_reader_resolve(r, id, type, ref) : 0;
}

// Begins the kept list: what n handles stood for; and the next of them.
void pv_keep_list(struct pv_reader *r, uint64_t n);
static inline uint64_t pv_listed_handle(struct pv_reader *r, uint64_t id, uint8_t type)
{
   struct pv_ref *ref = r->kept_count < r->kept_room ? &r->kept_list[r->kept_count++] : NULL;
   if (ref)
      *ref = (struct pv_ref){0};
   return id ? pv_reader_resolve(r, id, type, ref) : 0;
}

// The handle a command is dispatched on: not null, and from here on the owner of all others.
uint64_t pv_dispatch(struct pv_reader *r, uint64_t id, uint8_t type, struct pv_ref *ref);

// Room for the handles of n objects to be made: zeroed, or without a table the ids themselves.
void *pv_new_handles(struct pv_reader *r, uint64_t n, const uint64_t *ids);
// The handles behind n ids. `needed`: none may be null.
void *pv_resolve_all(struct pv_reader *r, uint64_t n, const uint64_t *ids, uint8_t type, bool needed);

#endif
