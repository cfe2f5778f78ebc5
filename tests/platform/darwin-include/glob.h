// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

typedef struct {
   size_t gl_pathc;
   int gl_matchc;
   size_t gl_offs;
   int gl_flags;
   char **gl_pathv;
} glob_t;

#define GLOB_NOSORT 0x20

int glob(const char *pattern, int flags, int (*error)(const char *path, int error), glob_t *out);
void globfree(glob_t *glob);
