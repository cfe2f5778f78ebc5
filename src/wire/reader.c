// SPDX-License-Identifier: MIT
//
// Reader: the out-of-line half. Whatever is refused moves the reader to its end, so that all counts read later are
// zero and no loop runs wild.
#include "wire/reader.h"
#include "wire/venus.gen.h"

const uint8_t pv_reader_zeros[PV_READER_ZEROS];

__attribute__((cold)) void pv_reader_fail(struct pv_reader *r, const char *why, uint64_t value)
{
   if (!r->why) {
      r->why = why;
      r->why_value = value;
   }
   r->p = r->end;
}

__attribute__((cold)) uint64_t pv_array_fail(struct pv_reader *r, uint64_t n, uint64_t want)
{
   if (n == want)
      pv_reader_fail(r, "array longer than the command", n);
   else if (n == 0)
      pv_reader_fail(r, "missing array", want);
   else
      pv_reader_fail(r, "array of another length than its count says", n);
   return 0;
}

__attribute__((cold)) bool pv_present_fail(struct pv_reader *r)
{
   pv_reader_fail(r, "missing pointer", 0);
   return false;
}

__attribute__((cold)) void pv_fixed_fail(struct pv_reader *r, uint64_t n)
{
   pv_reader_fail(r, "fixed array of another length", n);
}

__attribute__((cold)) void pv_null_fail(struct pv_reader *r)
{
   pv_reader_fail(r, "host pointer", 0);
}

// --- memory
// -------------------------------------------------------------------------------------------------------------

void *pv_room(struct pv_reader *r, uint64_t n, size_t size)
{
   if (n == 0)
      return NULL;
   size_t bytes;
   void *p = __builtin_mul_overflow(n, size, &bytes) ? NULL : pv_arena_alloc(r->arena, bytes);
   if (__builtin_expect(!p, 0))
      pv_reader_fail(r, "out of command memory", n);
   return p;
}

void *pv_zero_room(struct pv_reader *r, uint64_t n, size_t size)
{
   if (n == 0)
      return NULL;
   void *p = n <= SIZE_MAX ? pv_arena_zalloc(r->arena, n, size) : NULL;
   if (!p)
      pv_reader_fail(r, "out of command memory", n);
   return p;
}

void pv_copy_to(struct pv_reader *r, void *out, uint64_t size)
{
   uint64_t padded = (size + 3) & ~(uint64_t)3;
   if (padded < size || padded > (uint64_t)(r->end - r->p)) {
      pv_reader_fail(r, "truncated", size);
      if (out)
         memset(out, 0, size);
      return;
   }
   if (out && size)
      memcpy(out, r->p, size);
   r->p += padded;
}

void *pv_copy(struct pv_reader *r, uint64_t n, size_t size)
{
   void *p = pv_room(r, n, size);
   if (p)
      pv_copy_to(r, p, n * size);
   return p;
}

const void *pv_bytes(struct pv_reader *r, uint64_t n, size_t size, size_t align)
{
   const uint8_t *p = r->p;
   size_t left = (size_t)(r->end - p), bytes;
   if (n == 0)
      return NULL;
   if (__builtin_expect((uintptr_t)p & (align - 1) || __builtin_mul_overflow(n, size, &bytes) || bytes > left, 0))
      return pv_copy(r, n, size);
   size_t padded = (bytes + 3) & ~(size_t)3;
   if (__builtin_expect(padded > left, 0))
      return pv_copy(r, n, size);
   r->p = p + padded;
   return p;
}

const char *pv_string(struct pv_reader *r, uint64_t n, bool may_omit)
{
   if (n == 0) {
      if (!may_omit)
         pv_present_fail(r);
      return NULL;
   }
   if (n > (uint64_t)(r->end - r->p)) {
      pv_array_fail(r, n, n);
      return NULL;
   }
   char *s = pv_copy(r, n, 1);
   if (s)
      s[n - 1] = '\0';
   return s;
}

// --- handles
// ------------------------------------------------------------------------------------------------------------

uint64_t pv_reader_resolve_closely(struct pv_reader *r, uint64_t id, uint8_t type, struct pv_ref *ref)
{
   if (!r->ids) {
      if (ref)
         *ref = (struct pv_ref){.id = id};
      return id;
   }
   struct pv_object object;
   switch (pv_ids_find(r->ids, id, type, &object)) {
   case PV_ID_OK:
      break;
   case PV_ID_POISONED:
      r->poisoned = true;
      object.handle = 0;
      break;
   case PV_ID_UNKNOWN:
      if (r->lost) {
         r->poisoned = true;
         if (ref)
            *ref = (struct pv_ref){.id = id};
         return 0;
      }
      pv_reader_fail(r, "unknown object id", id);
      return 0;
   case PV_ID_WRONG_TYPE:
      pv_reader_fail(r, "object id of another type", id);
      return 0;
   }
   if (r->owned && object.owner != r->owner && pv_object_is_of_device(type)) {
      pv_reader_fail(r, "object id of another device", id);
      return 0;
   }
   if (ref)
      *ref = (struct pv_ref){.id = id, .owner = object.owner, .state = object.state};
   return object.handle;
}

static __attribute__((noinline)) uint64_t dispatch_anew(struct pv_reader *r, uint64_t id, uint8_t type,
                                                        struct pv_ref *ref)
{
   *ref = (struct pv_ref){0};
   if (id == 0) {
      pv_reader_fail(r, "null dispatch handle", 0);
      return 0;
   }
   uint64_t handle = pv_reader_resolve_closely(r, id, type, ref); // nobody knows its owner yet
   r->owner = ref->owner;
   r->owned = r->ids != NULL && (ref->owner || !r->lost); // of a lost context even a device may be missing
   if (r->memos && !r->why)
      pv_ids_memorise(r->ids, id, type, &r->memos[type == PV_OBJECT_VkDevice]);
   return handle;
}

uint64_t pv_dispatch(struct pv_reader *r, uint64_t id, uint8_t type, struct pv_ref *ref)
{
   struct pv_ids_memo *memo = r->memos ? &r->memos[type == PV_OBJECT_VkDevice] : NULL;
   const struct pv_object *object = memo ? pv_ids_recall(memo, id, type) : NULL;
   if (!object || !object->owner)
      return dispatch_anew(r, id, type, ref);
   *ref = (struct pv_ref){.id = id, .owner = object->owner, .state = object->state};
   r->owner = object->owner;
   r->owned = true;
   return object->handle;
}

void *pv_new_handles(struct pv_reader *r, uint64_t n, const uint64_t *ids)
{
   uint64_t *handles = ids ? pv_zero_room(r, n, sizeof *handles) : NULL;
   if (handles && !r->ids)
      memcpy(handles, ids, n * sizeof *handles);
   return handles;
}

void pv_keep_list(struct pv_reader *r, uint64_t n)
{
   r->kept_list = pv_room(r, n, sizeof *r->kept_list);
   r->kept_room = r->kept_list ? n : 0;
   r->kept_count = 0;
}

__attribute__((cold)) void pv_needed_fail(struct pv_reader *r)
{
   if (!r->refused)
      r->refused = "a null handle where Vulkan wants an object";
}

void *pv_resolve_all(struct pv_reader *r, uint64_t n, const uint64_t *ids, uint8_t type, bool needed)
{
   uint64_t *handles = ids ? pv_room(r, n, sizeof *handles) : NULL;
   for (uint64_t i = 0; handles && i < n; i++)
      handles[i] = pv_handle(r, needed ? pv_needed(r, ids[i]) : ids[i], type);
   return handles;
}
