// SPDX-License-Identifier: MIT
//
// Where this program is, on Linux.
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

char *cli_own_path(void)
{
   char path[PATH_MAX];
   ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
   if (n < 0)
      return NULL;
   path[n] = '\0';
   return strdup(path);
}
