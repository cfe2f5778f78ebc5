// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

typedef struct dirs DIR;

struct dirent {
   uint64_t d_ino;
   uint64_t d_seekoff;
   uint16_t d_reclen;
   uint16_t d_namlen;
   uint8_t d_type;
   char d_name[1024];
};

DIR *opendir(const char *path);
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);
int dirfd(DIR *folder);
int scandir(const char *path, struct dirent ***out, int (*keep)(const struct dirent *),
            int (*order)(const struct dirent **a, const struct dirent **b));
int alphasort(const struct dirent **a, const struct dirent **b);
