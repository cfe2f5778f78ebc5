// SPDX-License-Identifier: MIT
//
// Writer: bounded, with a sticky flag, into memory that the other side may read at once. Padding is written as zero so
// that no memory of ours leaks.
#ifndef PV_WIRE_WRITER_H
#define PV_WIRE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pv_writer {
   uint8_t *p, *end;
   bool full; // something did not fit; nothing past `end` was touched
};

static inline uint8_t *pv_put(struct pv_writer *w, size_t size)
{
   if (__builtin_expect(size > (size_t)(w->end - w->p), 0)) {
      w->full = true;
      w->p = w->end;
      return NULL;
   }
   uint8_t *p = w->p;
   w->p += size;
   return p;
}

static inline void pv_put_u32(struct pv_writer *w, uint32_t v)
{
   uint8_t *p = pv_put(w, sizeof v);
   if (p)
      memcpy(p, &v, sizeof v);
}

static inline void pv_put_u64(struct pv_writer *w, uint64_t v)
{
   uint8_t *p = pv_put(w, sizeof v);
   if (p)
      memcpy(p, &v, sizeof v);
}

// `size` bytes and zeros up to the next multiple of 4.
static inline void pv_put_bytes(struct pv_writer *w, const void *bytes, size_t size)
{
   size_t padded = (size + 3) & ~(size_t)3;
   uint8_t *p = padded < size ? NULL : pv_put(w, padded);
   if (!p) {
      w->full = true;
      return;
   }
   if (size)
      memcpy(p, bytes, size);
   memset(p + size, 0, padded - size);
}

static inline void pv_store32(uint8_t *p, uint32_t v)
{
   memcpy(p, &v, sizeof v);
}

static inline void pv_store64(uint8_t *p, uint64_t v)
{
   memcpy(p, &v, sizeof v);
}

// A string and its length with the NUL; NULL as length 0.
static inline void pv_put_string(struct pv_writer *w, const char *s)
{
   size_t n = s ? strlen(s) + 1 : 0;
   pv_put_u64(w, n);
   pv_put_bytes(w, s, n);
}

#endif
