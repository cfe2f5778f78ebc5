// SPDX-License-Identifier: MIT
//
// pearvisor env
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

// In single quotes, which every shell takes literally but for the quote itself.
static void print_quoted(const char *s)
{
   putchar('\'');
   for (; *s; s++) {
      if (*s == '\'')
         fputs("'\\''", stdout);
      else
         putchar(*s);
   }
   putchar('\'');
}

// The guest may be started from another folder.
static char *absolute_path(const char *path)
{
   char *cwd = *path == '/' ? NULL : realpath(".", NULL);
   if (!cwd)
      return strdup(path);
   size_t size = strlen(cwd) + strlen(path) + 2;
   char *result = malloc(size);
   if (result)
      snprintf(result, size, "%s/%s", cwd, path);
   free(cwd);
   return result;
}

int cli_env(const struct cli_settings *settings)
{
   struct cli_variable variables[CLI_VARIABLES];
   struct stat st;
   char *socket = absolute_path(settings->socket ? settings->socket : cli_default_socket());
   char *icd = socket ? cli_find_icd(settings->icd) : NULL;
   if (!icd) {
      free(socket);
      return CLI_FAILURE;
   }
   if (stat(socket, &st) || !S_ISSOCK(st.st_mode))
      cli_fail("there is no server at %s yet: start it with 'pearvisor serve'", socket);
   cli_guest_environment(socket, icd, variables);
   for (size_t i = 0; i < CLI_VARIABLES; i++) {
      if (variables[i].value) {
         printf("export %s=", variables[i].name);
         print_quoted(variables[i].value);
         putchar('\n');
      } else if (getenv(variables[i].name)) {
         printf("unset %s\n", variables[i].name);
      }
   }
   cli_free_environment(variables);
   free(icd);
   free(socket);
   return CLI_OK;
}
