// SPDX-License-Identifier: MIT
//
// Id table: every result, ids of every style, bounded memory, and lookups while others insert and remove.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/idtable.h"
#include "base/os.h"
#include "count_malloc.h"

enum { TYPE_A = 1, TYPE_B = 255 };

// What the tests file under an id: everything follows from it, so that a torn lookup shows.
static struct pv_object object_for(uint64_t id, uint64_t salt)
{
   uint64_t handle = id * UINT64_C(0x9e3779b97f4a7c15) + salt;
   return (struct pv_object){
      .handle = handle,
      .owner = (void *)(uintptr_t)(handle ^ 0x5555),
      .state = (void *)(uintptr_t)(handle + 1),
      .type = TYPE_A,
   };
}

static bool belongs_together(const struct pv_object *o)
{
   return o->owner == (void *)(uintptr_t)(o->handle ^ 0x5555) && o->state == (void *)(uintptr_t)(o->handle + 1);
}

struct fixture {
   struct pv_ids *ids;
   struct pv_ids_reader reader;
};

static struct fixture begin(size_t max_live)
{
   struct fixture f = {.ids = pv_ids_create(max_live)};
   assert_non_null(f.ids);
   return f;
}

static void end(struct fixture *f)
{
   pv_ids_destroy(&f->ids);
   assert_null(f->ids);
   pv_ids_destroy(&f->ids);
}

static int insert(struct fixture *f, uint64_t id)
{
   struct pv_object object = object_for(id, 0);
   return pv_ids_insert(f->ids, id, &object);
}

static enum pv_id_result find(struct fixture *f, uint64_t id, uint8_t type, struct pv_object *out)
{
   pv_ids_reader_add(f->ids, &f->reader);
   pv_ids_enter(f->ids, &f->reader);
   enum pv_id_result result = pv_ids_find(f->ids, id, type, out);
   pv_ids_leave(f->ids, &f->reader);
   pv_ids_reader_remove(f->ids, &f->reader);
   return result;
}

static void every_result_is_told_apart(void **state)
{
   struct fixture f = begin(100);
   struct pv_object out, poisoned = {.type = TYPE_B, .poisoned = true};
   assert_int_equal(find(&f, 0, TYPE_A, &out), PV_ID_UNKNOWN);
   assert_int_equal(find(&f, 1, TYPE_A, &out), PV_ID_UNKNOWN);
   assert_int_equal(insert(&f, 1), 0);
   assert_int_equal(pv_ids_insert(f.ids, 2, &poisoned), 0);
   assert_int_equal(pv_ids_count(f.ids), 2);

   assert_int_equal(find(&f, 1, TYPE_A, &out), PV_ID_OK);
   assert_true(out.handle == object_for(1, 0).handle && belongs_together(&out));
   assert_int_equal(out.type, TYPE_A);
   assert_false(out.poisoned);
   assert_int_equal(find(&f, 1, TYPE_B, &out), PV_ID_WRONG_TYPE);
   assert_int_equal(find(&f, 2, TYPE_B, &out), PV_ID_POISONED);
   assert_true(out.poisoned && out.type == TYPE_B && out.handle == 0);
   assert_int_equal(find(&f, 2, TYPE_A, &out), PV_ID_WRONG_TYPE);
   assert_int_equal(find(&f, 3, TYPE_A, &out), PV_ID_UNKNOWN);

   assert_true(pv_ids_used(f.ids, 1) && pv_ids_used(f.ids, 2));
   assert_false(pv_ids_used(f.ids, 0) || pv_ids_used(f.ids, 3) || pv_ids_used(f.ids, UINT64_MAX));

   assert_int_equal(pv_ids_remove(f.ids, 1, TYPE_B, &out), PV_ID_WRONG_TYPE);
   assert_int_equal(pv_ids_remove(f.ids, 1, TYPE_A, &out), PV_ID_OK);
   assert_true(belongs_together(&out));
   assert_int_equal(pv_ids_remove(f.ids, 1, TYPE_A, &out), PV_ID_UNKNOWN);
   assert_int_equal(pv_ids_remove(f.ids, 2, TYPE_B, &out), PV_ID_POISONED);
   assert_int_equal(pv_ids_remove(f.ids, 99999, TYPE_B, &out), PV_ID_UNKNOWN);
   assert_int_equal(find(&f, 1, TYPE_A, &out), PV_ID_UNKNOWN);
   assert_false(pv_ids_used(f.ids, 1));
   assert_int_equal(pv_ids_count(f.ids), 0);
   end(&f);
}

static void a_handle_is_only_had_by_its_owner(void **state)
{
   struct fixture f = begin(100);
   const struct pv_object mine = object_for(1, 0);
   struct pv_object out, poisoned = {.owner = mine.owner, .type = TYPE_A, .poisoned = true};
   struct pv_ref ref = {0};
   pv_ids_reader_add(f.ids, &f.reader);
   pv_ids_enter(f.ids, &f.reader);
   assert_int_equal(pv_ids_handle(f.ids, 1, TYPE_A, mine.owner, &ref), 0);
   assert_int_equal(insert(&f, 1), 0);
   assert_int_equal(pv_ids_insert(f.ids, 2, &poisoned), 0);
   assert_int_equal(pv_ids_handle(f.ids, 1, TYPE_B, mine.owner, &ref), 0);
   assert_int_equal(pv_ids_handle(f.ids, 1, TYPE_A, &f, &ref), 0);
   assert_int_equal(pv_ids_handle(f.ids, 1, TYPE_A, NULL, &ref), 0);
   assert_int_equal(pv_ids_handle(f.ids, 2, TYPE_A, mine.owner, &ref), 0);
   assert_int_equal(pv_ids_handle(f.ids, 0, TYPE_A, mine.owner, &ref), 0);
   assert_int_equal(ref.id, 0); // nothing was said of those
   assert_true(pv_ids_handle(f.ids, 1, TYPE_A, mine.owner, NULL) == mine.handle);
   assert_true(pv_ids_handle(f.ids, 1, TYPE_A, mine.owner, &ref) == mine.handle);
   assert_true(ref.id == 1 && ref.owner == mine.owner && ref.state == mine.state);
   assert_int_equal(pv_ids_remove(f.ids, 1, TYPE_A, &out), PV_ID_OK);
   assert_int_equal(pv_ids_handle(f.ids, 1, TYPE_A, mine.owner, &ref), 0);
   pv_ids_leave(f.ids, &f.reader);
   pv_ids_reader_remove(f.ids, &f.reader);
   end(&f);
}

static void what_is_remembered_is_what_is_there(void **state)
{
   struct fixture f = begin(100);
   struct pv_object out, other = object_for(1, 7), poisoned = {.type = TYPE_A, .poisoned = true};
   struct pv_ids_memo memo = {0};
   pv_ids_reader_add(f.ids, &f.reader);
   pv_ids_enter(f.ids, &f.reader);
   assert_null(pv_ids_recall(&memo, 0, TYPE_A));
   pv_ids_memorise(f.ids, 1, TYPE_A, &memo);
   assert_null(pv_ids_recall(&memo, 1, TYPE_A)); // not there
   assert_int_equal(insert(&f, 1), 0);
   pv_ids_memorise(f.ids, 1, TYPE_B, &memo);
   assert_null(pv_ids_recall(&memo, 1, TYPE_B));
   assert_null(pv_ids_recall(&memo, 1, TYPE_A));

   pv_ids_memorise(f.ids, 1, TYPE_A, &memo);
   const struct pv_object *known = pv_ids_recall(&memo, 1, TYPE_A);
   assert_true(known && known->handle == object_for(1, 0).handle && belongs_together(known));
   assert_null(pv_ids_recall(&memo, 1, TYPE_B));
   assert_null(pv_ids_recall(&memo, 2, TYPE_A));
   assert_int_equal(pv_ids_remove(f.ids, 1, TYPE_A, &out), PV_ID_OK);
   assert_null(pv_ids_recall(&memo, 1, TYPE_A));
   assert_int_equal(pv_ids_insert(f.ids, 1, &other), 0); // another object in the same place
   assert_null(pv_ids_recall(&memo, 1, TYPE_A));
   pv_ids_memorise(f.ids, 1, TYPE_A, &memo);
   assert_true(pv_ids_recall(&memo, 1, TYPE_A) && pv_ids_recall(&memo, 1, TYPE_A)->handle == other.handle);

   assert_int_equal(pv_ids_insert(f.ids, 2, &poisoned), 0);
   pv_ids_memorise(f.ids, 2, TYPE_A, &memo);
   assert_null(pv_ids_recall(&memo, 2, TYPE_A));
   pv_ids_leave(f.ids, &f.reader);
   pv_ids_reader_remove(f.ids, &f.reader);
   end(&f);
}

static void refusals_of_insert(void **state)
{
   struct fixture f = begin(2);
   struct pv_object untyped = {.handle = 1};
   assert_int_equal(insert(&f, 0), -EINVAL);
   assert_int_equal(pv_ids_insert(f.ids, 5, &untyped), -EINVAL);
   assert_int_equal(insert(&f, 5), 0);
   assert_int_equal(insert(&f, 5), -EEXIST);
   assert_int_equal(insert(&f, 6), 0);
   assert_int_equal(insert(&f, 6), -EEXIST);
   assert_int_equal(insert(&f, 7), -ENOSPC);
   struct pv_object out;
   assert_int_equal(pv_ids_remove(f.ids, 5, TYPE_A, &out), PV_ID_OK);
   assert_int_equal(insert(&f, 7), 0);
   end(&f);
}

static void missing_memory_leaves_the_table_whole(void **state)
{
   struct fixture f = begin(SIZE_MAX);
   struct pv_object out;
   malloc_fails(true);
   assert_null(pv_ids_create(1));
   assert_int_equal(insert(&f, 1), -ENOMEM);
   malloc_fails(false);
   for (uint64_t id = 1; id <= 20000; id += 8) {
      malloc_fails(true);
      int err = insert(&f, id);
      malloc_fails(false);
      assert_true(err == 0 || err == -ENOMEM);
      if (err)
         assert_int_equal(insert(&f, id), 0);
   }
   for (uint64_t id = 1; id <= 20000; id++)
      assert_int_equal(find(&f, id, TYPE_A, &out), id % 8 == 1 ? PV_ID_OK : PV_ID_UNKNOWN);
   end(&f);
}

static void removed_ids_can_come_back(void **state)
{
   struct fixture f = begin(100);
   for (uint64_t salt = 0; salt < 1000; salt++) {
      const uint64_t ids[] = {7, 40, UINT64_C(0x7f00aabbccd0)};
      for (int i = 0; i < 3; i++) {
         struct pv_object in = object_for(ids[i], salt), out;
         in.type = (uint8_t)(1 + salt % 200);
         assert_int_equal(pv_ids_insert(f.ids, ids[i], &in), 0);
         assert_int_equal(find(&f, ids[i], in.type, &out), PV_ID_OK);
         assert_true(out.handle == in.handle && belongs_together(&out));
      }
      for (int i = 0; i < 3; i++) {
         struct pv_object out;
         assert_int_equal(pv_ids_remove(f.ids, ids[i], (uint8_t)(1 + salt % 200), &out), PV_ID_OK);
         assert_true(out.handle == object_for(ids[i], salt).handle);
      }
   }
   end(&f);
}

static void check_all(struct fixture *f, const uint64_t *ids, size_t n)
{
   for (size_t i = 0; i < n; i++)
      assert_int_equal(insert(f, ids[i]), 0);
   assert_int_equal(pv_ids_count(f->ids), n);
   pv_ids_reader_add(f->ids, &f->reader);
   pv_ids_enter(f->ids, &f->reader);
   for (size_t i = 0; i < n; i++) {
      struct pv_object out;
      assert_int_equal(pv_ids_find(f->ids, ids[i], TYPE_A, &out), PV_ID_OK);
      assert_true(out.handle == object_for(ids[i], 0).handle);
   }
   pv_ids_leave(f->ids, &f->reader);
   pv_ids_reader_remove(f->ids, &f->reader);
   for (size_t i = 0; i < n; i++) {
      struct pv_object out;
      assert_int_equal(pv_ids_remove(f->ids, ids[i], TYPE_A, &out), PV_ID_OK);
      assert_true(out.handle == object_for(ids[i], 0).handle);
   }
   assert_int_equal(pv_ids_count(f->ids), 0);
}

static void dense_sparse_and_extreme_ids_work(void **state)
{
   enum { N = 20000 };
   static uint64_t ids[N];
   struct fixture f = begin(SIZE_MAX);
   for (size_t i = 0; i < N; i++)
      ids[i] = i + 1;
   check_all(&f, ids, N);
   for (size_t i = 0; i < N; i++)
      ids[i] = UINT64_C(0x7f00aabbc000) + i * 208; // pointers from an allocator
   check_all(&f, ids, N);
   for (size_t i = 0; i < N; i++)
      ids[i] = UINT64_MAX - i;
   check_all(&f, ids, N);
   for (size_t i = 0; i < 2000; i++)
      ids[i] = (uint64_t)(i + 1) << 48; // all the same in the directory's lower bits
   check_all(&f, ids, 2000);
   uint64_t x = 88172645463325252u;
   for (size_t i = 0; i < N; i++) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      ids[i] = x;
   }
   check_all(&f, ids, N);
   end(&f);
}

static void ids_that_only_count_up_use_bounded_memory(void **state)
{
   enum { WINDOW = 1000, TOTAL = 1000000, PAGE = 32 };
   struct fixture f = begin(WINDOW);
   struct pv_object out;
   pv_ids_reader_add(f.ids, &f.reader);
   unsigned long before = malloc_count();
   long most = 0;
   long start = malloc_live_bytes();
   for (uint64_t id = 1; id <= TOTAL; id++) {
      pv_ids_enter(f.ids, &f.reader);
      assert_int_equal(insert(&f, id), 0);
      assert_int_equal(pv_ids_find(f.ids, id, TYPE_A, &out), PV_ID_OK);
      if (id >= WINDOW)
         assert_int_equal(pv_ids_remove(f.ids, id - WINDOW + 1, TYPE_A, &out), PV_ID_OK);
      if (malloc_live_bytes() - start > most)
         most = malloc_live_bytes() - start;
   }
   pv_ids_leave(f.ids, &f.reader);
   pv_ids_reader_remove(f.ids, &f.reader);
   // 1000 live objects are 32 KiB of slots; 128 KiB leave room for directories and what waits to be freed.
   assert_true(most > 32 << 10 && most < 128 << 10);
   // A page for every 32 ids, and now and then a directory.
   assert_true(malloc_count() - before < TOTAL / PAGE * 2);
   end(&f);
}

static void one_object_made_and_removed_in_turn_allocates_nothing(void **state)
{
   struct fixture f = begin(10);
   struct pv_object out;
   assert_int_equal(insert(&f, 5), 0);
   assert_int_equal(pv_ids_remove(f.ids, 5, TYPE_A, &out), PV_ID_OK);
   unsigned long before = malloc_count();
   for (int i = 0; i < 10000; i++) {
      assert_int_equal(insert(&f, 5), 0);
      assert_int_equal(pv_ids_remove(f.ids, 5, TYPE_A, &out), PV_ID_OK);
   }
   assert_int_equal(malloc_count() - before, 0);
   end(&f);
}

static void sum_ids(void *user, uint64_t id, const struct pv_object *object)
{
   assert_true(object->handle == object_for(id, 0).handle && belongs_together(object));
   *(uint64_t *)user += id;
}

static void foreach_visits_every_object_once(void **state)
{
   struct fixture f = begin(SIZE_MAX);
   struct pv_object out;
   uint64_t expected = 0, sum = 0;
   for (uint64_t id = 3; id < 100000; id += 7) {
      assert_int_equal(insert(&f, id), 0);
      expected += id;
   }
   for (uint64_t id = 3; id < 100000; id += 14) {
      assert_int_equal(pv_ids_remove(f.ids, id, TYPE_A, &out), PV_ID_OK);
      expected -= id;
   }
   pv_ids_foreach(f.ids, sum_ids, &sum);
   assert_true(sum == expected);
   end(&f);
}

static int freed;
static void count_free(void *p)
{
   freed += *(int *)p;
}

static void retired_memory_waits_for_readers(void **state)
{
   struct fixture f = begin(10);
   struct pv_ids_reader second;
   int one = 1, ten = 10, hundred = 100;
   freed = 0;
   pv_ids_retire(f.ids, count_free, &one);
   assert_int_equal(freed, 1);

   pv_ids_reader_add(f.ids, &f.reader);
   pv_ids_reader_add(f.ids, &second);
   pv_ids_enter(f.ids, &f.reader);
   pv_ids_retire(f.ids, count_free, &one);
   pv_ids_enter(f.ids, &second); // after the first one went, before the second
   pv_ids_retire(f.ids, count_free, &ten);
   assert_int_equal(freed, 1);
   pv_ids_leave(f.ids, &f.reader);
   assert_int_equal(freed, 2);
   pv_ids_enter(f.ids, &f.reader);
   pv_ids_enter(f.ids, &second); // again, while inside: it has moved on
   assert_int_equal(freed, 12);
   pv_ids_retire(f.ids, count_free, &hundred);
   pv_ids_leave(f.ids, &second);
   assert_int_equal(freed, 12);
   pv_ids_reader_remove(f.ids, &second);
   pv_ids_leave(f.ids, &f.reader);
   assert_int_equal(freed, 112);
   pv_ids_reader_remove(f.ids, &f.reader);
   end(&f);
}

static void destroy_frees_what_is_retired(void **state)
{
   struct fixture f = begin(10);
   int one = 1;
   freed = 0;
   pv_ids_reader_add(f.ids, &f.reader);
   pv_ids_enter(f.ids, &f.reader);
   for (int i = 0; i < 1000; i++)
      pv_ids_retire(f.ids, count_free, &one);
   assert_int_equal(freed, 0);
   atomic_store(&f.reader.epoch, 0); // outside, without a chance to collect
   end(&f);
   assert_int_equal(freed, 1000);
}

static void a_few_are_retired_without_memory(void **state)
{
   struct fixture f = begin(10);
   int one = 1;
   freed = 0;
   pv_ids_reader_add(f.ids, &f.reader);
   pv_ids_enter(f.ids, &f.reader);
   malloc_fails(true);
   for (int i = 0; i < 64; i++)
      pv_ids_retire(f.ids, count_free, &one);
   malloc_fails(false);
   pv_ids_leave(f.ids, &f.reader);
   pv_ids_reader_remove(f.ids, &f.reader);
   assert_int_equal(freed, 64);
   end(&f);
}

// Threads: each owns a range of ids that it inserts and removes; readers look at all of them.

enum { WRITERS = 2, READERS = 2, RANGE = 96, ROUNDS = 4000 };

struct record { // what `state` points to: freed through the table, so the sanitizers see a lookup that outlives it
   uint64_t handle;
};

static struct {
   struct pv_ids *ids;
   atomic_bool done;
   atomic_uint torn, found, refused, removed_twice;
} shared;

static uint64_t nth_id(unsigned writer, unsigned i)
{
   // Neighbours share pages between writers; some ids are pointers.
   return i % 3 ? 1 + i * WRITERS + writer : UINT64_C(0x7f0000001000) + (i * WRITERS + writer) * 64;
}

static void *write_ids(void *arg)
{
   unsigned writer = (unsigned)(uintptr_t)arg;
   for (unsigned round = 0; round < ROUNDS; round++) {
      uint64_t id = nth_id(writer, (round * 7) % RANGE);
      struct pv_object in = object_for(id, round), out;
      struct record *record = malloc(sizeof *record);
      if (!record)
         break;
      record->handle = in.handle;
      in.state = record;
      if (pv_ids_insert(shared.ids, id, &in))
         atomic_fetch_add(&shared.refused, 1);
      if (pv_ids_remove(shared.ids, id, TYPE_A, &out) != PV_ID_OK || out.handle != in.handle)
         atomic_fetch_add(&shared.refused, 1);
      if (pv_ids_remove(shared.ids, id, TYPE_A, &out) != PV_ID_UNKNOWN)
         atomic_fetch_add(&shared.removed_twice, 1);
      pv_ids_retire(shared.ids, free, record);
   }
   return NULL;
}

static void *read_ids(void *arg)
{
   struct pv_ids_reader reader;
   unsigned step = 0;
   pv_ids_reader_add(shared.ids, &reader);
   while (!atomic_load(&shared.done)) {
      pv_ids_enter(shared.ids, &reader);
      for (unsigned i = 0; i < 64; i++, step++) {
         struct pv_object out;
         if (pv_ids_find(shared.ids, nth_id(step % WRITERS, step % RANGE), TYPE_A, &out) != PV_ID_OK)
            continue;
         atomic_fetch_add(&shared.found, 1);
         if (out.owner != (void *)(uintptr_t)(out.handle ^ 0x5555) ||
             ((struct record *)out.state)->handle != out.handle)
            atomic_fetch_add(&shared.torn, 1);
      }
      if (step % 256 == 0)
         pv_ids_leave(shared.ids, &reader);
   }
   pv_ids_leave(shared.ids, &reader);
   pv_ids_reader_remove(shared.ids, &reader);
   return NULL;
}

static void lookups_are_whole_while_others_insert_and_remove(void **state)
{
   pthread_t writers[WRITERS], readers[READERS];
   shared.ids = pv_ids_create(SIZE_MAX);
   assert_non_null(shared.ids);
   for (uintptr_t i = 0; i < READERS; i++)
      assert_int_equal(pthread_create(&readers[i], NULL, read_ids, NULL), 0);
   // Repeated until the readers met a good number of objects, as on a machine with few cores that is a matter of luck.
   uint64_t deadline = pv_now() + UINT64_C(10000000000);
   do {
      for (uintptr_t i = 0; i < WRITERS; i++)
         assert_int_equal(pthread_create(&writers[i], NULL, write_ids, (void *)i), 0);
      for (int i = 0; i < WRITERS; i++)
         pthread_join(writers[i], NULL);
   } while (atomic_load(&shared.found) < 1000 && pv_now() < deadline);
   atomic_store(&shared.done, true);
   for (int i = 0; i < READERS; i++)
      pthread_join(readers[i], NULL);
   assert_int_equal(shared.torn, 0);
   assert_int_equal(shared.refused, 0);
   assert_int_equal(shared.removed_twice, 0);
   assert_true(shared.found >= 1000);
   assert_int_equal(pv_ids_count(shared.ids), 0);
   pv_ids_destroy(&shared.ids);
}

static void *refill(void *arg)
{
   struct pv_object out;
   for (uint64_t salt = 1; !atomic_load(&shared.done); salt++) {
      struct pv_object in = object_for(1, salt);
      if (pv_ids_insert(arg, 1, &in) || pv_ids_remove(arg, 1, TYPE_A, &out) != PV_ID_OK || out.handle != in.handle)
         atomic_fetch_add(&shared.refused, 1);
   }
   return NULL;
}

static void a_slot_refilled_under_the_reader_is_never_torn(void **state)
{
   struct fixture f = begin(10);
   pthread_t thread;
   struct pv_ids_memo memo = {0};
   unsigned found = 0, torn = 0;
   atomic_store(&shared.done, false);
   atomic_store(&shared.refused, 0);
   pv_ids_reader_add(f.ids, &f.reader);
   pv_ids_enter(f.ids, &f.reader);
   assert_int_equal(pthread_create(&thread, NULL, refill, f.ids), 0);
   // Longer on a machine so busy that reader and writer hardly meet.
   for (uint64_t begun = pv_now(); pv_now() - begun < (found ? UINT64_C(300000000) : UINT64_C(20000000000));) {
      for (int i = 0; i < 1000; i++) {
         struct pv_object out;
         struct pv_ref ref;
         if (pv_ids_find(f.ids, 1, TYPE_A, &out) == PV_ID_OK) {
            found++;
            torn += !belongs_together(&out);
            if (pv_ids_handle(f.ids, 1, TYPE_A, out.owner, &ref))
               torn += ref.owner != out.owner || ref.state != out.state;
         }
         pv_ids_memorise(f.ids, 1, TYPE_A, &memo);
         const struct pv_object *known = pv_ids_recall(&memo, 1, TYPE_A);
         torn += known && !belongs_together(known);
      }
   }
   atomic_store(&shared.done, true);
   pthread_join(thread, NULL);
   pv_ids_leave(f.ids, &f.reader);
   pv_ids_reader_remove(f.ids, &f.reader);
   assert_true(found > 0);
   assert_int_equal(torn, 0);
   assert_int_equal(shared.refused, 0);
   end(&f);
}

static atomic_uint won;
static void *race_to_remove(void *arg)
{
   struct pv_object out;
   for (uint64_t id = 1; id <= 5000; id++)
      if (pv_ids_remove(arg, id, TYPE_A, &out) == PV_ID_OK)
         atomic_fetch_add(&won, 1);
   return NULL;
}

static void one_of_two_removers_wins(void **state)
{
   struct fixture f = begin(SIZE_MAX);
   pthread_t threads[2];
   for (uint64_t id = 1; id <= 5000; id++)
      assert_int_equal(insert(&f, id), 0);
   for (int i = 0; i < 2; i++)
      assert_int_equal(pthread_create(&threads[i], NULL, race_to_remove, f.ids), 0);
   for (int i = 0; i < 2; i++)
      pthread_join(threads[i], NULL);
   assert_int_equal(won, 5000);
   end(&f);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_result_is_told_apart),
      cmocka_unit_test(a_handle_is_only_had_by_its_owner),
      cmocka_unit_test(what_is_remembered_is_what_is_there),
      cmocka_unit_test(refusals_of_insert),
      cmocka_unit_test(missing_memory_leaves_the_table_whole),
      cmocka_unit_test(removed_ids_can_come_back),
      cmocka_unit_test(dense_sparse_and_extreme_ids_work),
      cmocka_unit_test(ids_that_only_count_up_use_bounded_memory),
      cmocka_unit_test(one_object_made_and_removed_in_turn_allocates_nothing),
      cmocka_unit_test(foreach_visits_every_object_once),
      cmocka_unit_test(retired_memory_waits_for_readers),
      cmocka_unit_test(destroy_frees_what_is_retired),
      cmocka_unit_test(a_few_are_retired_without_memory),
      cmocka_unit_test(lookups_are_whole_while_others_insert_and_remove),
      cmocka_unit_test(a_slot_refilled_under_the_reader_is_never_torn),
      cmocka_unit_test(one_of_two_removers_wins),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
