// SPDX-License-Identifier: MIT
//
// A host driver with a bug in it, for workers of a build with sanitizers: the fake one, which does what PEARVISOR_PLANTED says
// when it is loaded. Not in the process that only tries the driver, so that there is a client to not notice it.
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void overflow(void)
{
   volatile size_t end = 10; // nothing that a compiler sees or leaves out
   char *volatile bytes = calloc(1, end);
   bytes[end] = 1;
   free(bytes);
}

static void leak(void)
{
   char *volatile bytes = calloc(1, 10);
   bytes = NULL;
   (void)bytes;
}

static void undefined(void)
{
   volatile int number = INT_MAX;
   number = number + 1;
}

__attribute__((constructor)) static void stumble(int argc, char **argv)
{
   static const struct {
      const char *name;
      void (*bug)(void);
   } bugs[] = {{"overflow", overflow}, {"leak", leak}, {"undefined", undefined}};
   const char *planted = getenv("PEARVISOR_PLANTED");
   for (int i = 1; i < argc; i++)
      if (!strcmp(argv[i], "--probe"))
         return;
   for (size_t i = 0; planted && i < sizeof bugs / sizeof *bugs; i++)
      if (!strcmp(bugs[i].name, planted))
         bugs[i].bug();
}
