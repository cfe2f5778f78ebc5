// SPDX-License-Identifier: MIT
//
// Id table: guest object id -> host handle, type and owner.
//
// The guest chooses the ids. Stock drivers count up from 1 and never reuse one, older ones used pointer values; both
// must be quick. Lookups take no lock and are safe while another decoder inserts or removes. A lookup yields a copy, so
// nothing it returns can be pulled away; what `state` points to is kept alive by the retire rule below.
#ifndef PV_BASE_IDTABLE_H
#define PV_BASE_IDTABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pv_ids;

// What is filed under an id.
struct pv_object {
   uint64_t handle; // the host's handle; 0 for a poisoned id
   void *owner;     // the core's record of the device (or instance) the object belongs to
   void *state;     // the core's record of this object, if its type has one
   uint8_t type;    // one of the generated PV_OBJECT_* values, never 0
   bool poisoned;   // the host refused to create it, and the guest does not know yet
};

enum pv_id_result {
   PV_ID_OK,
   PV_ID_POISONED,   // found, of the right type, but nothing stands behind it
   PV_ID_UNKNOWN,    // 0, never filed, or removed
   PV_ID_WRONG_TYPE, // filed as something else
};

// One per decoder (thread of lookups). Between enter and leave the decoder may use what lookups returned.
struct pv_ids_reader {
   _Atomic uint64_t epoch; // 0 = outside; pairs with the scan in epoch.c
   struct pv_ids_reader *next;
};

// An empty table that holds at most `max_live` objects at once. NULL without memory.
struct pv_ids *pv_ids_create(size_t max_live);

// Frees the table and everything retired. Accepts NULL, nulls the pointer. No reader may be inside.
void pv_ids_destroy(struct pv_ids **ids);

// Registers and unregisters a decoder. Thread-safe.
void pv_ids_reader_add(struct pv_ids *ids, struct pv_ids_reader *reader);
void pv_ids_reader_remove(struct pv_ids *ids, struct pv_ids_reader *reader);

// Enter before the first lookup of a batch, leave when idle. Neither waits for a reader, but both may free what was
// retired. To enter again while inside is cheap, and ends the use of what earlier lookups returned: a decoder that is
// never idle does so between commands, or nothing retired would ever be freed.
void pv_ids_enter(struct pv_ids *ids, struct pv_ids_reader *reader);
void pv_ids_leave(struct pv_ids *ids, struct pv_ids_reader *reader);

// Looks up `id`, which must be of `type`. `out` is written for OK and POISONED. Lock-free; call between enter and
// leave.
enum pv_id_result pv_ids_find(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out);

// What a handle stood for.
struct pv_ref {
   uint64_t id;
   void *owner; // see struct pv_object
   void *state;
};

// The quick half of a lookup: the handle of `id`, if that is of `type`, owned by `owner` and not poisoned; *ref, if not
// NULL, receives the rest. 0 of anything else, which pv_ids_find tells apart.
uint64_t pv_ids_handle(const struct pv_ids *ids, uint64_t id, uint8_t type, const void *owner, struct pv_ref *ref);

// A lookup that is remembered, for an id that is asked for again and again. Its reader forgets it (type 0) on entering:
// what it points to may have been freed since the reader left.
struct pv_ids_memo {
   uint64_t id;
   const _Atomic uint64_t *meta;
   uint64_t seen;           // what stood at `meta`: while it still does, the object is what it was
   struct pv_object object; // type 0: nothing is remembered
};

// What `memo` remembers, if that is `id` of `type` and still there, else NULL. Between enter and leave.
static inline const struct pv_object *pv_ids_recall(const struct pv_ids_memo *memo, uint64_t id, uint8_t type)
{
   bool good = memo->id == id && memo->object.type == type &&
               atomic_load_explicit(memo->meta, memory_order_acquire) == memo->seen;
   return __builtin_expect(good, 1) ? &memo->object : NULL;
}

// Looks an object up and remembers it, if it is there and not poisoned.
void pv_ids_memorise(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_ids_memo *memo);

// Files an object. Thread-safe, takes the table's own lock.
// 0, -EINVAL (id or type 0), -EEXIST (id in use), -ENOSPC (max_live reached), -ENOMEM.
int pv_ids_insert(struct pv_ids *ids, uint64_t id, const struct pv_object *object);

// Removes an object and returns what was filed. Of several concurrent removers exactly one gets OK or POISONED.
enum pv_id_result pv_ids_remove(struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out);

// True while anything is filed under `id`. Thread-safe.
bool pv_ids_used(const struct pv_ids *ids, uint64_t id);

// Calls `fn` for every object filed. Takes the table's lock: `fn` must not insert or remove. Order is unspecified.
void pv_ids_foreach(struct pv_ids *ids, void (*fn)(void *user, uint64_t id, const struct pv_object *object),
                    void *user);

// Frees `p` with `free_fn` once every reader that could have seen it has left (at once if none is inside). Thread-safe.
void pv_ids_retire(struct pv_ids *ids, void (*free_fn)(void *), void *p);

// Objects filed now.
size_t pv_ids_count(const struct pv_ids *ids);

#endif
