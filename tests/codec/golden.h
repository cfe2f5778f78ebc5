// SPDX-License-Identifier: MIT
//
// Bytes worked by hand against what the codec makes of the same values.
#ifndef TESTS_CODEC_GOLDEN_H
#define TESTS_CODEC_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/client.gen.h"

#define GOLDEN_SPACE 65536

extern struct pv_arena golden_arena;
extern uint8_t golden_bytes[GOLDEN_SPACE];

struct pv_writer golden_writer(void);
// Fails unless exactly the bytes of `hex` (blanks are skipped) were written.
void golden_same(const char *what, const struct pv_writer *w, const char *hex);
void golden_size(const char *what, const struct pv_writer *w, size_t size);
// A reader of the bytes of `hex`, behind the first `skip` bytes. The bytes stay until the next call.
struct pv_reader golden_reader(const char *hex, size_t skip);
void golden_read(const char *what, const struct pv_reader *r);

// The request is written as `hex`, and what is read from `hex` is written as `hex` again.
#define GOLDEN_REQUEST(name, flags, hex, ...)                                                                          \
   do {                                                                                                                \
      struct pv_args_##name args_ = {__VA_ARGS__}, back_;                                                              \
      struct pv_writer w_ = golden_writer();                                                                           \
      pv_enc_##name(&w_, flags, &args_);                                                                               \
      golden_same(#name, &w_, hex);                                                                                    \
      struct pv_reader r_ = golden_reader(hex, 8);                                                                     \
      pv_dec_##name(&r_, &back_);                                                                                      \
      golden_read(#name, &r_);                                                                                         \
      w_ = golden_writer();                                                                                            \
      pv_enc_##name(&w_, flags, &back_);                                                                               \
      golden_same(#name " read and written", &w_, hex);                                                                \
   } while (0)

#define GOLDEN_REPLY(name, hex, ...)                                                                                   \
   do {                                                                                                                \
      struct pv_args_##name args_ = {__VA_ARGS__}, back_ = {0};                                                        \
      struct pv_writer w_ = golden_writer();                                                                           \
      pv_enc_reply_##name(&w_, &args_);                                                                                \
      golden_same("reply of " #name, &w_, hex);                                                                        \
      struct pv_reader r_ = golden_reader(hex, 0);                                                                     \
      pv_dec_reply_##name(&r_, &back_);                                                                                \
      golden_read("reply of " #name, &r_);                                                                             \
   } while (0)

// Handles of a client are ids.
#define ID(type, id) ((type)(uintptr_t)(id))

#endif
