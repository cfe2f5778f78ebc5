// SPDX-License-Identifier: MIT
//
// The linker sends the allocation calls of the code under test here.
#include "count_malloc.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static atomic_ulong calls;
static atomic_long live_bytes;
static atomic_bool failing;

unsigned long malloc_count(void)
{
   return atomic_load(&calls);
}

long malloc_live_bytes(void)
{
   return atomic_load(&live_bytes);
}

void malloc_fails(bool on)
{
   atomic_store(&failing, on);
}

// Absurd sizes are refused here as the C library refuses them: a sanitizer's allocator would end the test instead.
static bool refuse(size_t size)
{
   atomic_fetch_add(&calls, 1);
   return atomic_load(&failing) || size > PTRDIFF_MAX;
}

static void *note(void *p)
{
   atomic_fetch_add(&live_bytes, (long)malloc_usable_size(p));
   return p;
}

void *__wrap_malloc(size_t size)
{
   return refuse(size) ? NULL : note(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
   return refuse(size) ? NULL : note(__real_calloc(count, size));
}

void *__wrap_realloc(void *p, size_t size)
{
   if (refuse(size))
      return NULL;
   long before = (long)malloc_usable_size(p);
   void *moved = __real_realloc(p, size);
   if (moved || !size) {
      atomic_fetch_sub(&live_bytes, before);
      note(moved);
   }
   return moved;
}

void __wrap_free(void *p)
{
   atomic_fetch_sub(&live_bytes, (long)malloc_usable_size(p));
   __real_free(p);
}
