// SPDX-License-Identifier: MIT
//
// Finding and loading the system's libvirglrenderer.
#include "front/virgl/delegate.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

#if !defined(RTLD_DEEPBIND) || defined(__SANITIZE_ADDRESS__)
#undef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0 // macOS keeps libraries apart without; the address sanitizer does not work with it
#endif

#ifdef __APPLE__
#define LIBRARY "libvirglrenderer.1.dylib"
#else
#define LIBRARY "libvirglrenderer.so.1"
#endif

// Where distributions keep it; the first is the folder of the C library's own architecture.
static const char *const folders[] = {
#if defined(__x86_64__)
   "/usr/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
   "/usr/lib/aarch64-linux-gnu",
#endif
   "/usr/lib64", "/usr/lib", "/usr/local/lib", "/opt/homebrew/lib"};

static bool is_ourselves(const char *path)
{
   static const char marker; // somewhere in this library
   Dl_info own;
   struct stat a, b;
   return dladdr(&marker, &own) && own.dli_fname && !stat(own.dli_fname, &a) && !stat(path, &b) &&
          a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool load(struct virgl_delegate *delegate, const char *path)
{
   struct stat st;
   if (stat(path, &st) || is_ourselves(path))
      return false;
   // DEEPBIND: its calls to functions of its own must not end up in ours of the same name.
   void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
   if (!library) {
      pv_warn("virgl: %s cannot be loaded: %s", path, dlerror());
      return false;
   }
   delegate->library = library;
#define LOAD(type, name, parameters)                                                                                   \
   do {                                                                                                                \
      void *symbol = dlsym(library, "virgl_renderer_" #name);                                                          \
      memcpy(&delegate->name, &symbol, sizeof(symbol));                                                                \
   } while (0);
   VIRGL_DELEGATED(LOAD)
#undef LOAD
   if (!delegate->init || !delegate->resource_create || !delegate->get_cap_set) {
      pv_warn("virgl: %s is no libvirglrenderer", path);
      *delegate = (struct virgl_delegate){0};
      return false;
   }
   pv_info("virgl: consoles and OpenGL are handed to %s", path);
   return true;
}

void virgl_delegate_open(struct virgl_delegate *delegate, const char *path)
{
   *delegate = (struct virgl_delegate){0};
   if (path && !strcmp(path, "none"))
      return;
   if (path && *path) {
      if (!load(delegate, path))
         pv_error("virgl: no use of %s (from PEARVISOR_VIRGL): guests have no OpenGL over virgl", path);
      return;
   }
   for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
      char full[256];
      snprintf(full, sizeof(full), "%s/%s", folders[i], LIBRARY);
      if (load(delegate, full))
         return;
   }
   pv_warn("virgl: no system libvirglrenderer: guests have Vulkan, a console where the VMM copies it, no OpenGL over "
           "virgl; on Debian the package libvirglrenderer1 has it");
}
