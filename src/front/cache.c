// SPDX-License-Identifier: MIT
//
// NVIDIA's driver keeps a cache for each program, by the program's name, and all guests of ours are one program to it.
// That costs more than order: its key leaves out some of what makes a pipeline, VK_PIPELINE_CREATE_DISPATCH_BASE_BIT
// for one (seen with 580.159), so that a program can get what another one compiled and computes something else.
// Natively that needs two such pipelines in one program. Mesa's drivers key by everything and share safely.
#include "front/cache.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

#define PATH_VARIABLE   "__GL_SHADER_DISK_CACHE_PATH"
#define SWITCH_VARIABLE "__GL_SHADER_DISK_CACHE"
#define MOST            256 // names: a guest chooses its own, and may choose many
#define ROOM            4096

static bool make_folder(const char *path)
{
   return !mkdir(path, 0700) || errno == EEXIST;
}

// Makes `path` and what it lies in. False with errno.
static bool make_folders(char *path)
{
   for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
      *slash = '\0';
      bool made = make_folder(path);
      *slash = '/';
      if (!made)
         return false;
   }
   return make_folder(path);
}

// Where all guests' caches lie. False if the environment has no place for them.
static bool base_folder(char out[ROOM])
{
   const char *given = getenv(PATH_VARIABLE), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
   int n = -1;
   if (given && *given == '/')
      n = snprintf(out, ROOM, "%s/pearvisor", given);
   else if (cache && *cache == '/')
      n = snprintf(out, ROOM, "%s/pearvisor/shaders", cache);
   else if (home && *home == '/')
      n = snprintf(out, ROOM, "%s/.cache/pearvisor/shaders", home);
   return n > 0 && n < ROOM - 256;
}

static unsigned count_entries(const char *folder)
{
   unsigned count = 0;
   DIR *listing = opendir(folder);
   for (const struct dirent *entry; listing && (entry = readdir(listing));)
      count += entry->d_name[0] != '.';
   if (listing)
      closedir(listing);
   return count;
}

// A file name of a client's name.
static void plain_name(const char *name, char out[64])
{
   size_t n = 0;
   for (; name[n] && n < 63; n++) {
      char c = name[n];
      bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (n && c == '.') ||
                   c == '-' || c == '_' || c == '+';
      out[n] = c;
      if (!plain)
         out[n] = '_';
   }
   out[n] = '\0';
}

static bool choose(const char *name, char path[ROOM])
{
   char plain[64];
   struct stat there;
   if (!base_folder(path) || !make_folders(path))
      return false;
   size_t base = strlen(path);
   plain_name(name, plain);
   snprintf(path + base, ROOM - base, "/%s", plain);
   if (!stat(path, &there))
      return S_ISDIR(there.st_mode);
   path[base] = '\0';
   bool full = count_entries(path) >= MOST;
   path[base] = '/';
   return !full && make_folder(path);
}

void pv_cache_choose(const char *name)
{
   char path[ROOM];
   if (choose(name, path)) {
      setenv(PATH_VARIABLE, path, 1);
   } else {
      pv_debug("no shader cache for \"%s\": there is no place for it", name);
      setenv(SWITCH_VARIABLE, "0", 1);
   }
}

void pv_cache_avoid(void)
{
   setenv(SWITCH_VARIABLE, "0", 0);
}
