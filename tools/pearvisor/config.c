// SPDX-License-Identifier: MIT
//
// A file of options: `name = value`, a line each, `#` or `;` before a comment, sections as one likes.
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

// Values that settings point at, for as long as we run.
struct kept {
   struct kept *next;
   char value[];
};
static struct kept *all_kept;

static const char *keep(const char *value)
{
   size_t size = strlen(value) + 1;
   struct kept *kept = malloc(sizeof(*kept) + size);
   if (!kept)
      return NULL;
   kept->next = all_kept;
   all_kept = kept;
   return memcpy(kept->value, value, size);
}

struct reading {
   cli_set_fn set;
   void *user;
   char why[512]; // of the first line that is wrong
};

static int take(void *user, const char *section, const char *name, const char *value)
{
   struct reading *reading = user;
   if (*reading->why)
      return 0;
   const char *kept = keep(value);
   if (!kept)
      snprintf(reading->why, sizeof(reading->why), "out of memory");
   else
      reading->set(reading->user, name, kept, reading->why, sizeof(reading->why));
   return !*reading->why;
}

int cli_read_config(const char *path, cli_set_fn set, void *user)
{
   struct reading reading = {.set = set, .user = user};
   errno = 0;
   int line = ini_parse(path, take, &reading);
   if (line < 0)
      return cli_fail("cannot read %s: %s", path, strerror(errno ? errno : EIO));
   if (line > 0)
      return cli_fail("%s:%d: %s", path, line, *reading.why ? reading.why : "neither 'name = value' nor a [section]");
   return CLI_OK;
}
