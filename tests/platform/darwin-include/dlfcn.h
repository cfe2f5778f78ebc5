// SPDX-License-Identifier: MIT
#pragma once

#define RTLD_LAZY   1
#define RTLD_NOW    2
#define RTLD_LOCAL  4
#define RTLD_GLOBAL 8

typedef struct {
   const char *dli_fname;
   void *dli_fbase;
   const char *dli_sname;
   void *dli_saddr;
} Dl_info;

void *dlopen(const char *path, int mode);
void *dlsym(void *handle, const char *symbol);
int dlclose(void *handle);
char *dlerror(void);
int dladdr(const void *addr, Dl_info *info);
