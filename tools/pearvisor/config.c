// SPDX-License-Identifier: MIT
//
// A file of options: `name = value`, a line each, `#` or `;` before a comment, sections as one likes.
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

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
   char *kept = strdup(value); // settings point at it for as long as we run
   if (!kept)
      snprintf(reading->why, sizeof(reading->why), "out of memory");
   else if (!reading->set(reading->user, name, kept, reading->why, sizeof(reading->why)))
      free(kept);
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
