// SPDX-License-Identifier: MIT
//
// Id table: pages of 32 slots, found through an open-addressing directory.
//
//    directory (by id / 32)          page                     slot
//    [ key | page ] ------------->   [ slot 0 ... slot 31 ]   meta: type, poisoned, live, generation
//    [ key | page ]                                           handle, owner, state
//
// The directory's hash is the key itself, so ids that count up fill consecutive entries and the first probe hits. Pages
// are small on purpose: guests that use pointer values as ids put one object into each.
//
// Lookups take no lock. Writers hold `lock`; what they unlink (pages without objects, outgrown directories) is freed
// when no reader can still look at it (epoch.h).
#include "base/idtable.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/epoch.h"

#define PAGE_SHIFT    5
#define PAGE_SLOTS    ((size_t)1 << PAGE_SHIFT)
#define FIRST_ENTRIES 64

// The bits of a slot's meta word; the rest counts how often the slot was filled.
#define META_TYPE       UINT64_C(0xff)
#define META_POISONED   UINT64_C(0x100)
#define META_LIVE       UINT64_C(0x200)
#define META_GENERATION UINT64_C(0x400)

// A slot is read without a lock: meta, the fields, meta again. If meta did not change, neither did the fields. Writers
// make it so: remove clears LIVE before a later insert stores fields (release), so a reader that got a new field
// (acquire) also gets a changed meta; insert stores meta last (release), so a reader that got it (acquire) gets its
// fields.
struct slot {
   _Atomic uint64_t meta;
   _Atomic uint64_t handle;
   _Atomic(void *) owner;
   _Atomic(void *) state;
};

struct page {
   struct slot slots[PAGE_SLOTS];
   size_t live; // slots in use; under the table's lock
};

struct entry {
   _Atomic uint64_t key;        // id / PAGE_SLOTS + 1, 0 = free; once set it never changes in this directory
   _Atomic(struct page *) page; // NULL: the page had no objects left and was retired
};

struct directory {
   size_t mask; // entries - 1
   size_t used; // entries with a key; under the table's lock
   struct entry entries[];
};

struct pv_ids {
   _Atomic(struct directory *) directory; // replaced when full: release in grow, acquire in every lookup
   _Atomic size_t live;                   // written under the lock; relaxed elsewhere: a figure
   size_t max_live;
   size_t pages;        // linked into the directory; under the lock
   struct entry *empty; // an entry whose page has no objects but is kept, for ids that are made and removed in turn
   pthread_mutex_t lock;
   struct pv_epoch epoch;
};

static inline uint64_t id_key(uint64_t id)
{
   return (id >> PAGE_SHIFT) + 1;
}

// The entry of `key`, or the free one where it would go. A directory always has free entries.
static inline struct entry *probe(struct directory *dir, uint64_t key)
{
   // Folding in the upper half keeps pointers apart that differ only there.
   size_t i = (size_t)(key ^ (key >> 32)) & dir->mask;
   for (;; i = (i + 1) & dir->mask) {
      struct entry *entry = &dir->entries[i];
      // Relaxed: the key guards nothing, what is read through the entry is ordered by its page pointer.
      uint64_t found = atomic_load_explicit(&entry->key, memory_order_relaxed);
      if (found == key || found == 0)
         return entry;
   }
}

static inline struct slot *find_slot(const struct pv_ids *ids, uint64_t id)
{
   uint64_t key = id_key(id);
   struct directory *dir = atomic_load_explicit(&ids->directory, memory_order_acquire);    // pairs with grow
   struct page *page = atomic_load_explicit(&probe(dir, key)->page, memory_order_acquire); // pairs with need_page
   return page ? &page->slots[id & (PAGE_SLOTS - 1)] : NULL;
}

static inline enum pv_id_result judge(uint64_t meta, uint8_t type)
{
   if (!(meta & META_LIVE))
      return PV_ID_UNKNOWN;
   if ((meta & META_TYPE) != type)
      return PV_ID_WRONG_TYPE;
   return meta & META_POISONED ? PV_ID_POISONED : PV_ID_OK;
}

// What a slot holds. Acquire on each field keeps the second look at meta behind it; see struct slot.
static inline void read_slot(struct slot *slot, uint64_t meta, struct pv_object *out)
{
   out->handle = atomic_load_explicit(&slot->handle, memory_order_acquire);
   out->owner = atomic_load_explicit(&slot->owner, memory_order_acquire);
   out->state = atomic_load_explicit(&slot->state, memory_order_acquire);
   out->type = (uint8_t)(meta & META_TYPE);
   out->poisoned = (meta & META_POISONED) != 0;
}

enum pv_id_result pv_ids_find(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out)
{
   struct slot *slot = find_slot(ids, id);
   if (!slot)
      return PV_ID_UNKNOWN;

   // Acquire: pairs with the release of meta in pv_ids_insert.
   uint64_t meta = atomic_load_explicit(&slot->meta, memory_order_acquire);
   for (;;) {
      enum pv_id_result result = judge(meta, type);
      if (result != PV_ID_OK && result != PV_ID_POISONED)
         return result;
      read_slot(slot, meta, out);
      uint64_t again = atomic_load_explicit(&slot->meta, memory_order_acquire);
      if (again == meta)
         return result;
      meta = again; // removed, and perhaps refilled, while we looked
   }
}

uint64_t pv_ids_handle(const struct pv_ids *ids, uint64_t id, uint8_t type, const void *owner, struct pv_ref *ref)
{
   struct slot *slot = find_slot(ids, id);
   if (__builtin_expect(!slot, 0))
      return 0;
   // As in pv_ids_find, of which this is the first round.
   uint64_t meta = atomic_load_explicit(&slot->meta, memory_order_acquire);
   if (__builtin_expect((meta & (META_LIVE | META_POISONED | META_TYPE)) != (META_LIVE | type), 0))
      return 0;
   uint64_t handle = atomic_load_explicit(&slot->handle, memory_order_acquire);
   void *owner_now = atomic_load_explicit(&slot->owner, memory_order_acquire);
   void *state = ref ? atomic_load_explicit(&slot->state, memory_order_acquire) : NULL;
   if (__builtin_expect(owner_now != owner || atomic_load_explicit(&slot->meta, memory_order_acquire) != meta, 0))
      return 0;
   if (ref)
      *ref = (struct pv_ref){.id = id, .owner = owner_now, .state = state};
   return handle;
}

void pv_ids_memorise(const struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_ids_memo *memo)
{
   struct slot *slot = find_slot(ids, id);
   struct pv_object object;
   memo->object.type = 0;
   if (!slot)
      return;
   uint64_t meta = atomic_load_explicit(&slot->meta, memory_order_acquire); // as in pv_ids_find
   if (judge(meta, type) != PV_ID_OK)
      return;
   read_slot(slot, meta, &object);
   if (atomic_load_explicit(&slot->meta, memory_order_acquire) == meta)
      *memo = (struct pv_ids_memo){.id = id, .meta = &slot->meta, .seen = meta, .object = object};
}

static struct directory *new_directory(size_t entries)
{
   struct directory *dir = calloc(1, sizeof *dir + entries * sizeof dir->entries[0]);
   if (dir)
      dir->mask = entries - 1;
   return dir;
}

struct pv_ids *pv_ids_create(size_t max_live)
{
   struct pv_ids *ids = calloc(1, sizeof *ids);
   if (!ids)
      return NULL;
   struct directory *dir = new_directory(FIRST_ENTRIES);
   if (!dir)
      goto error_ids;
   if (pthread_mutex_init(&ids->lock, NULL))
      goto error_dir;
   if (pv_epoch_init(&ids->epoch))
      goto error_lock;
   atomic_init(&ids->directory, dir);
   ids->max_live = max_live;
   return ids;

error_lock:
   pthread_mutex_destroy(&ids->lock);
error_dir:
   free(dir);
error_ids:
   free(ids);
   return NULL;
}

void pv_ids_destroy(struct pv_ids **ids_ptr)
{
   struct pv_ids *ids = *ids_ptr;
   if (!ids)
      return;
   *ids_ptr = NULL;
   struct directory *dir = atomic_load_explicit(&ids->directory, memory_order_relaxed);
   for (size_t i = 0; i <= dir->mask; i++)
      free(atomic_load_explicit(&dir->entries[i].page, memory_order_relaxed));
   free(dir);
   pv_epoch_fini(&ids->epoch);
   pthread_mutex_destroy(&ids->lock);
   free(ids);
}

// Replaces a directory that is three quarters full by one that the pages fill to half at most, and which has lost the
// keys of retired pages. At least a quarter of its entries can be used before the next time. Lock held. 0 or -ENOMEM.
static int grow(struct pv_ids *ids)
{
   struct directory *old = atomic_load_explicit(&ids->directory, memory_order_relaxed);
   size_t entries = FIRST_ENTRIES;
   while (entries < (ids->pages + 1) * 2)
      entries *= 2;
   struct directory *dir = new_directory(entries);
   if (!dir)
      return -ENOMEM;

   struct entry *empty = NULL;
   for (size_t i = 0; i <= old->mask; i++) {
      struct page *page = atomic_load_explicit(&old->entries[i].page, memory_order_relaxed);
      if (!page)
         continue;
      uint64_t key = atomic_load_explicit(&old->entries[i].key, memory_order_relaxed);
      struct entry *entry = probe(dir, key);
      atomic_store_explicit(&entry->key, key, memory_order_relaxed);
      atomic_store_explicit(&entry->page, page, memory_order_relaxed);
      dir->used++;
      if (&old->entries[i] == ids->empty)
         empty = entry;
   }
   atomic_store_explicit(&ids->directory, dir, memory_order_release); // pairs with find_slot
   pv_epoch_push(&ids->epoch, free, old);
   ids->empty = empty;
   return 0;
}

// Takes the page of an entry out of the directory; the key stays behind until the next grow. Lock held.
static void unlink_page(struct pv_ids *ids, struct entry *entry)
{
   struct page *page = atomic_load_explicit(&entry->page, memory_order_relaxed);
   atomic_store_explicit(&entry->page, NULL, memory_order_release);
   ids->pages--;
   pv_epoch_push(&ids->epoch, free, page);
}

// The page for `key`, made if there is none. Lock held. NULL without memory.
static struct page *need_page(struct pv_ids *ids, uint64_t key)
{
   struct directory *dir = atomic_load_explicit(&ids->directory, memory_order_relaxed);
   struct entry *entry = probe(dir, key);
   struct page *page = atomic_load_explicit(&entry->page, memory_order_relaxed);
   if (page)
      return page;

   bool fresh = !atomic_load_explicit(&entry->key, memory_order_relaxed);
   if (fresh && dir->used >= (dir->mask + 1) / 4 * 3) {
      if (grow(ids))
         return NULL;
      dir = atomic_load_explicit(&ids->directory, memory_order_relaxed);
      entry = probe(dir, key);
   }
   page = calloc(1, sizeof *page);
   if (!page)
      return NULL;
   if (fresh) {
      atomic_store_explicit(&entry->key, key, memory_order_relaxed);
      dir->used++;
   }
   atomic_store_explicit(&entry->page, page, memory_order_release); // pairs with find_slot: the page is zeroed
   ids->pages++;
   return page;
}

// Notes that a page has no objects left. One such page is kept, so that making and removing one object again and again
// does not go through malloc; the one kept before is retired if it is still without objects. Lock held.
static void page_emptied(struct pv_ids *ids, struct entry *entry)
{
   struct entry *before = ids->empty;
   ids->empty = entry;
   if (!before || before == entry)
      return;
   struct page *page = atomic_load_explicit(&before->page, memory_order_relaxed);
   if (page && !page->live)
      unlink_page(ids, before);
}

static uint64_t next_meta(uint64_t before, const struct pv_object *object)
{
   uint64_t generation = (before & ~(META_GENERATION - 1)) + META_GENERATION;
   return generation | META_LIVE | (object->poisoned ? META_POISONED : 0) | object->type;
}

static int insert_locked(struct pv_ids *ids, uint64_t id, const struct pv_object *object)
{
   struct slot *slot = find_slot(ids, id);
   uint64_t before = slot ? atomic_load_explicit(&slot->meta, memory_order_relaxed) : 0;
   if (before & META_LIVE)
      return -EEXIST;
   size_t live = atomic_load_explicit(&ids->live, memory_order_relaxed);
   if (live >= ids->max_live)
      return -ENOSPC;
   struct page *page = need_page(ids, id_key(id));
   if (!page)
      return -ENOMEM;

   slot = &page->slots[id & (PAGE_SLOTS - 1)];
   // Release on the fields and on meta: see struct slot.
   atomic_store_explicit(&slot->handle, object->handle, memory_order_release);
   atomic_store_explicit(&slot->owner, object->owner, memory_order_release);
   atomic_store_explicit(&slot->state, object->state, memory_order_release);
   atomic_store_explicit(&slot->meta, next_meta(before, object), memory_order_release);
   page->live++;
   atomic_store_explicit(&ids->live, live + 1, memory_order_relaxed);
   return 0;
}

int pv_ids_insert(struct pv_ids *ids, uint64_t id, const struct pv_object *object)
{
   if (!id || !object->type)
      return -EINVAL;
   pthread_mutex_lock(&ids->lock);
   int err = insert_locked(ids, id, object);
   pthread_mutex_unlock(&ids->lock);
   return err;
}

static enum pv_id_result remove_locked(struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out)
{
   struct slot *slot = find_slot(ids, id);
   if (!slot)
      return PV_ID_UNKNOWN;
   uint64_t meta = atomic_load_explicit(&slot->meta, memory_order_relaxed);
   enum pv_id_result result = judge(meta, type);
   if (result != PV_ID_OK && result != PV_ID_POISONED)
      return result;

   read_slot(slot, meta, out);
   atomic_store_explicit(&slot->meta, meta & ~(META_GENERATION - 1), memory_order_release); // dead; see struct slot
   atomic_store_explicit(&ids->live, atomic_load_explicit(&ids->live, memory_order_relaxed) - 1, memory_order_relaxed);

   struct directory *dir = atomic_load_explicit(&ids->directory, memory_order_relaxed);
   struct entry *entry = probe(dir, id_key(id));
   struct page *page = atomic_load_explicit(&entry->page, memory_order_relaxed);
   if (!--page->live)
      page_emptied(ids, entry);
   return result;
}

enum pv_id_result pv_ids_remove(struct pv_ids *ids, uint64_t id, uint8_t type, struct pv_object *out)
{
   pthread_mutex_lock(&ids->lock);
   enum pv_id_result result = remove_locked(ids, id, type, out);
   pthread_mutex_unlock(&ids->lock);
   // Pages and directories that went out of use are picked up here, without the lock, as their like of others' may be
   // too.
   if (atomic_load_explicit(&ids->epoch.pending, memory_order_relaxed))
      pv_epoch_collect(&ids->epoch);
   return result;
}

bool pv_ids_used(const struct pv_ids *ids, uint64_t id)
{
   // The caller need not be a reader, so the lock keeps the page from being freed. Every table is made writable.
   pthread_mutex_t *lock = (pthread_mutex_t *)&ids->lock;
   pthread_mutex_lock(lock);
   struct slot *slot = find_slot(ids, id);
   bool used = slot && (atomic_load_explicit(&slot->meta, memory_order_relaxed) & META_LIVE);
   pthread_mutex_unlock(lock);
   return used;
}

void pv_ids_foreach(struct pv_ids *ids, void (*fn)(void *user, uint64_t id, const struct pv_object *object), void *user)
{
   pthread_mutex_lock(&ids->lock);
   struct directory *dir = atomic_load_explicit(&ids->directory, memory_order_relaxed);
   for (size_t i = 0; i <= dir->mask; i++) {
      struct page *page = atomic_load_explicit(&dir->entries[i].page, memory_order_relaxed);
      uint64_t first_id = (atomic_load_explicit(&dir->entries[i].key, memory_order_relaxed) - 1) << PAGE_SHIFT;
      for (size_t j = 0; page && j < PAGE_SLOTS; j++) {
         uint64_t meta = atomic_load_explicit(&page->slots[j].meta, memory_order_relaxed);
         struct pv_object object;
         if (!(meta & META_LIVE))
            continue;
         read_slot(&page->slots[j], meta, &object);
         fn(user, first_id | j, &object);
      }
   }
   pthread_mutex_unlock(&ids->lock);
}

size_t pv_ids_count(const struct pv_ids *ids)
{
   return atomic_load_explicit(&ids->live, memory_order_relaxed);
}

void pv_ids_reader_add(struct pv_ids *ids, struct pv_ids_reader *reader)
{
   pv_epoch_add(&ids->epoch, reader);
}

void pv_ids_reader_remove(struct pv_ids *ids, struct pv_ids_reader *reader)
{
   pv_epoch_remove(&ids->epoch, reader);
}

void pv_ids_enter(struct pv_ids *ids, struct pv_ids_reader *reader)
{
   pv_epoch_enter(&ids->epoch, reader);
}

void pv_ids_leave(struct pv_ids *ids, struct pv_ids_reader *reader)
{
   pv_epoch_leave(&ids->epoch, reader);
}

void pv_ids_retire(struct pv_ids *ids, void (*free_fn)(void *), void *p)
{
   pv_epoch_push(&ids->epoch, free_fn, p);
   pv_epoch_collect(&ids->epoch);
}
