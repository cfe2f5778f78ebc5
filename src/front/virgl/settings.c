// SPDX-License-Identifier: MIT
//
// Settings from the environment.
#include "front/virgl/settings.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static const char *setting(const char *name)
{
   const char *value = getenv(name);
   return value && *value ? value : NULL;
}

const char *virgl_settings_delegate(void)
{
   return setting("PEARVISOR_VIRGL");
}

int virgl_settings_log_level(int other)
{
   static const char *const levels[] = {"error", "warn", "info", "debug"};
   const char *level = setting("PEARVISOR_LOG_LEVEL");
   for (int i = 0; level && i < 4; i++) {
      if (!strcmp(level, levels[i]))
         return i;
   }
   return other;
}

// The folder this library lies in, with a slash; "" if the system does not tell.
static void own_folder(char *out, size_t size)
{
   static const char marker; // somewhere in this library
   Dl_info own;
   out[0] = '\0';
   if (!dladdr(&marker, &own) || !own.dli_fname)
      return;
   char *path = realpath(own.dli_fname, NULL);
   char *slash = path ? strrchr(path, '/') : NULL;
   if (slash)
      snprintf(out, size, "%.*s", (int)(slash - path) + 1, path);
   free(path);
}

static bool find_program(char out[4096])
{
   // Installed in LIBDIR/pearvisor/, and where a build leaves it.
   static const char *const beside[] = {"../../bin/pearvisor", "../../../bin/pearvisor", "pearvisor",
                                        "../../tools/pearvisor/pearvisor"};
   const char *given = setting("PEARVISOR_WORKER");
   char folder[3072];
   if (given) {
      snprintf(out, 4096, "%s", given);
      return true;
   }
   own_folder(folder, sizeof(folder));
   for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
      snprintf(out, 4096, "%s%s", folder, beside[i]);
      if (!access(out, X_OK))
         return true;
   }
   pv_error("virgl: no pearvisor program near %s: name it in PEARVISOR_WORKER, or set PEARVISOR_RENDERER=in-process",
            folder);
   return false;
}

static bool fill_arguments(struct virgl_settings *out)
{
   static const char *const options[][2] = {
      {"PEARVISOR_GPU", "--gpu"},         {"PEARVISOR_DRIVER", "--driver"},
      {"PEARVISOR_MEMORY", "--memory"},   {"PEARVISOR_HOST_MEMORY", "--host-memory"},
      {"PEARVISOR_OBJECTS", "--objects"}, {"PEARVISOR_BLOBS", "--blobs"},
      {"PEARVISOR_RINGS", "--rings"},     {"PEARVISOR_CONTEXTS", "--contexts"},
      {"PEARVISOR_RECORD", "--record"},   {"PEARVISOR_LOG_LEVEL", "--log-level"}};
   size_t n = 0;
   if (!find_program(out->program))
      return false;
   out->arguments[n++] = out->program;
   out->arguments[n++] = (char *)"worker";
   out->arguments[n++] = (char *)"--vm";
   out->arguments[n++] = (char *)"--fd";
   out->arguments[n++] = (char *)"3";
   for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
      const char *value = setting(options[i][0]);
      if (!value)
         continue;
      out->arguments[n++] = (char *)options[i][1];
      out->arguments[n++] = (char *)value;
   }
   const char *sandbox = setting("PEARVISOR_SANDBOX");
   out->isolated = !sandbox || !strcmp(sandbox, "default") || !strcmp(sandbox, "strict");
   out->worker = (const char *const *)out->arguments;
   return true;
}

bool virgl_settings_in_process(void)
{
   const char *where = setting("PEARVISOR_RENDERER");
   return where && !strcmp(where, "in-process");
}

bool virgl_settings_read(struct virgl_settings *out)
{
   const char *where = setting("PEARVISOR_RENDERER");
   *out = (struct virgl_settings){0};
   out->core.driver = setting("PEARVISOR_DRIVER");
   out->core.gpu = setting("PEARVISOR_GPU");
   if (virgl_settings_in_process()) {
      if (setting("PEARVISOR_MEMORY") || setting("PEARVISOR_RECORD"))
         pv_warn(
             "virgl: PEARVISOR_MEMORY and PEARVISOR_RECORD need the worker: PEARVISOR_RENDERER=in-process is without");
      return true;
   }
   if (where && strcmp(where, "worker")) {
      pv_error("virgl: PEARVISOR_RENDERER=%s: it is worker or in-process", where);
      return false;
   }
   return fill_arguments(out);
}

void virgl_settings_free(struct virgl_settings *settings)
{
   settings->worker = NULL; // the strings are the environment's
}
