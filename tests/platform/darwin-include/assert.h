// SPDX-License-Identifier: MIT
#pragma once

void __assert_rtn(const char *function, const char *file, int line, const char *text) __attribute__((noreturn));
#define assert(e)     ((e) ? (void)0 : __assert_rtn(__func__, __FILE__, __LINE__, #e))
#define static_assert _Static_assert
