// SPDX-License-Identifier: MIT
//
// Where this program is, on macOS. Compiled for it only; never run on a Mac.
#include <limits.h>
#include <mach-o/dyld.h>
#include <string.h>

#include "cli.h"

char *cli_own_path(void)
{
   char path[PATH_MAX];
   uint32_t size = sizeof(path);
   return _NSGetExecutablePath(path, &size) ? NULL : strdup(path);
}
