// SPDX-License-Identifier: MIT
//
// Sync objects, the waits on them and the fences that set them.
#include "front/sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os.h"

// Far above what a stock driver uses; below what would hurt this process.
#define MAX_SYNCS    (1u << 20)
#define MAX_WAITS    4096u
#define MAX_PROMISES 65536u

struct sync {
   uint64_t value;
   uint32_t refs; // the id, and every point that names it
};

struct point {
   struct sync *sync;
   uint64_t value;
};

// A wait or a promise: some points and what else belongs to them.
struct entry {
   struct entry *next;
   uint64_t fence; // promise
   uint64_t deadline;
   int event[2]; // wait: the client has a duplicate of [0]
   bool any;
   size_t n;
   struct point points[];
};

struct list {
   struct entry *first, **end;
   uint32_t count;
};

struct pv_syncs {
   pthread_mutex_t lock;
   struct sync **table; // by id - 1
   uint32_t size, used, hint;
   uint64_t last_fence;
   struct list waits, promises;
};

static void list_init(struct list *list)
{
   list->first = NULL;
   list->end = &list->first;
   list->count = 0;
}

static void list_add(struct list *list, struct entry *entry)
{
   entry->next = NULL;
   *list->end = entry;
   list->end = &entry->next;
   list->count++;
}

// Takes the entry that *at points to out of the list.
static struct entry *list_take(struct list *list, struct entry **at)
{
   struct entry *entry = *at;
   *at = entry->next;
   if (list->end == &entry->next)
      list->end = at;
   list->count--;
   return entry;
}

static void sync_release(struct sync *sync)
{
   if (!--sync->refs)
      free(sync);
}

static void entry_free(struct entry *entry)
{
   for (size_t i = 0; i < entry->n; i++)
      sync_release(entry->points[i].sync);
   if (entry->event[0] >= 0)
      close(entry->event[0]);
   if (entry->event[1] >= 0 && entry->event[1] != entry->event[0])
      close(entry->event[1]);
   free(entry);
}

static struct sync *find(const struct pv_syncs *syncs, uint32_t id)
{
   return id && id <= syncs->size ? syncs->table[id - 1] : NULL;
}

// An entry for these points; NULL with *err set.
static struct entry *entry_new(struct pv_syncs *syncs, const struct pv_sync_point *points, size_t n, int *err)
{
   struct entry *entry = calloc(1, sizeof(*entry) + n * sizeof(entry->points[0]));
   *err = -ENOMEM;
   if (!entry)
      return NULL;
   entry->event[0] = entry->event[1] = -1;
   for (size_t i = 0; i < n; i++) {
      struct sync *sync = find(syncs, points[i].id);
      if (!sync) {
         *err = -ENOENT;
         entry_free(entry);
         return NULL;
      }
      sync->refs++;
      entry->points[entry->n++] = (struct point){sync, points[i].value};
   }
   return entry;
}

static bool reached(const struct entry *wait)
{
   size_t done = 0;
   for (size_t i = 0; i < wait->n; i++)
      done += wait->points[i].sync->value >= wait->points[i].value;
   return wait->any && wait->n ? done > 0 : done == wait->n;
}

// Signals and drops the waits that are over.
static void look_at_waits(struct pv_syncs *syncs)
{
   for (struct entry **at = &syncs->waits.first; *at;) {
      if (!reached(*at)) {
         at = &(*at)->next;
         continue;
      }
      struct entry *wait = list_take(&syncs->waits, at);
      pv_event_signal(wait->event);
      entry_free(wait);
   }
}

// Drops the waits nobody can be waiting for any more.
static void forget_waits(struct pv_syncs *syncs, uint64_t now)
{
   for (struct entry **at = &syncs->waits.first; *at;) {
      if ((*at)->deadline > now)
         at = &(*at)->next;
      else
         entry_free(list_take(&syncs->waits, at));
   }
}

struct pv_syncs *pv_syncs_create(void)
{
   struct pv_syncs *syncs = calloc(1, sizeof(*syncs));
   if (!syncs)
      return NULL;
   if (pthread_mutex_init(&syncs->lock, NULL)) {
      free(syncs);
      return NULL;
   }
   list_init(&syncs->waits);
   list_init(&syncs->promises);
   return syncs;
}

static void list_clear(struct list *list)
{
   while (list->first)
      entry_free(list_take(list, &list->first));
}

void pv_syncs_destroy(struct pv_syncs **where)
{
   struct pv_syncs *syncs = *where;
   if (!syncs)
      return;
   *where = NULL;
   list_clear(&syncs->waits);
   list_clear(&syncs->promises);
   for (uint32_t i = 0; i < syncs->size; i++) {
      if (syncs->table[i])
         sync_release(syncs->table[i]);
   }
   free(syncs->table);
   pthread_mutex_destroy(&syncs->lock);
   free(syncs);
}

static int grow(struct pv_syncs *syncs)
{
   uint32_t size = syncs->size ? syncs->size * 2 : 64;
   if (size > MAX_SYNCS)
      return -ENOSPC;
   struct sync **table = realloc(syncs->table, size * sizeof(*table));
   if (!table)
      return -ENOMEM;
   for (uint32_t i = syncs->size; i < size; i++)
      table[i] = NULL;
   syncs->hint = syncs->size;
   syncs->table = table;
   syncs->size = size;
   return 0;
}

static int insert(struct pv_syncs *syncs, uint64_t value, uint32_t *out_id)
{
   int ret = syncs->used == syncs->size ? grow(syncs) : 0;
   if (ret)
      return ret;
   struct sync *sync = malloc(sizeof(*sync));
   if (!sync)
      return -ENOMEM;
   *sync = (struct sync){.value = value, .refs = 1};
   while (syncs->table[syncs->hint])
      syncs->hint = (syncs->hint + 1) % syncs->size;
   syncs->table[syncs->hint] = sync;
   syncs->used++;
   *out_id = syncs->hint + 1;
   return 0;
}

int pv_syncs_new(struct pv_syncs *syncs, uint64_t value, uint32_t *out_id)
{
   pthread_mutex_lock(&syncs->lock);
   int ret = insert(syncs, value, out_id);
   pthread_mutex_unlock(&syncs->lock);
   return ret;
}

int pv_syncs_unref(struct pv_syncs *syncs, uint32_t id)
{
   pthread_mutex_lock(&syncs->lock);
   struct sync *sync = find(syncs, id);
   if (sync) {
      syncs->table[id - 1] = NULL;
      syncs->hint = id - 1;
      syncs->used--;
      sync_release(sync);
   }
   pthread_mutex_unlock(&syncs->lock);
   return sync ? 0 : -ENOENT;
}

int pv_syncs_read(struct pv_syncs *syncs, uint32_t id, uint64_t *out)
{
   pthread_mutex_lock(&syncs->lock);
   const struct sync *sync = find(syncs, id);
   if (sync)
      *out = sync->value;
   pthread_mutex_unlock(&syncs->lock);
   return sync ? 0 : -ENOENT;
}

int pv_syncs_write(struct pv_syncs *syncs, uint32_t id, uint64_t value)
{
   pthread_mutex_lock(&syncs->lock);
   struct sync *sync = find(syncs, id);
   if (sync) {
      sync->value = value;
      look_at_waits(syncs);
   }
   pthread_mutex_unlock(&syncs->lock);
   return sync ? 0 : -ENOENT;
}

static int add_wait(struct pv_syncs *syncs, struct entry *wait, uint64_t keep_ns, int *out_fd)
{
   uint64_t now = pv_now();
   wait->deadline = keep_ns < PV_NEVER - now ? now + keep_ns : PV_NEVER;
   forget_waits(syncs, now);
   if (syncs->waits.count >= MAX_WAITS)
      return -ENOSPC;
   int ret = pv_event_create(wait->event);
   if (ret)
      return ret;
   ret = pv_fd_dup(wait->event[0]);
   if (ret < 0)
      return ret;
   *out_fd = ret;
   list_add(&syncs->waits, wait);
   look_at_waits(syncs);
   return 0;
}

int pv_syncs_wait(struct pv_syncs *syncs, const struct pv_sync_point *points, size_t n, bool any, uint64_t keep_ns,
                  int *out_fd)
{
   int ret;
   pthread_mutex_lock(&syncs->lock);
   struct entry *wait = entry_new(syncs, points, n, &ret);
   if (wait) {
      wait->any = any;
      ret = add_wait(syncs, wait, keep_ns, out_fd);
      if (ret)
         entry_free(wait);
   }
   pthread_mutex_unlock(&syncs->lock);
   return ret;
}

int pv_syncs_promise(struct pv_syncs *syncs, const struct pv_sync_point *points, size_t n, uint64_t *out_fence)
{
   int ret = -ENOSPC;
   pthread_mutex_lock(&syncs->lock);
   struct entry *promise = syncs->promises.count < MAX_PROMISES ? entry_new(syncs, points, n, &ret) : NULL;
   if (promise) {
      ret = 0;
      *out_fence = promise->fence = ++syncs->last_fence;
      list_add(&syncs->promises, promise);
   }
   pthread_mutex_unlock(&syncs->lock);
   return ret;
}

void pv_syncs_retire(struct pv_syncs *syncs, uint64_t fence)
{
   pthread_mutex_lock(&syncs->lock);
   struct entry **at = &syncs->promises.first;
   while (*at && (*at)->fence != fence)
      at = &(*at)->next;
   if (*at) {
      struct entry *promise = list_take(&syncs->promises, at);
      for (size_t i = 0; i < promise->n; i++)
         promise->points[i].sync->value = promise->points[i].value;
      look_at_waits(syncs);
      entry_free(promise);
   }
   pthread_mutex_unlock(&syncs->lock);
}
