// SPDX-License-Identifier: MIT
//
// The guest's side of things: where its driver is and what its environment must say.
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"

// The first readable virtio ICD in `folder`, one for this machine's architecture first. Allocated, or NULL.
static char *icd_in(const char *folder)
{
   struct utsname machine;
   char path[4096];
   const char *arch = uname(&machine) ? "" : machine.machine;
   snprintf(path, sizeof(path), "%s/vulkan/icd.d/virtio_icd.%s.json", folder, arch);
   if (!access(path, R_OK))
      return strdup(path);
   glob_t found;
   char *result = NULL;
   snprintf(path, sizeof(path), "%s/vulkan/icd.d/virtio_icd*.json", folder);
   if (!glob(path, 0, NULL, &found)) {
      for (size_t i = 0; !result && i < found.gl_pathc; i++) {
         if (!access(found.gl_pathv[i], R_OK))
            result = strdup(found.gl_pathv[i]);
      }
      globfree(&found);
   }
   return result;
}

// The same over a list of folders with colons between them.
static char *icd_in_list(const char *folders)
{
   char *list = strdup(folders), *result = NULL, *rest = list;
   while (list && !result && rest) {
      const char *folder = strsep(&rest, ":");
      if (*folder == '/')
         result = icd_in(folder);
   }
   free(list);
   return result;
}

static char *checked_icd(const char *path, const char *source, char *why, size_t size)
{
   if (!access(path, R_OK)) {
      char *absolute = realpath(path, NULL); // the guest may have another working directory
      return absolute ? absolute : strdup(path);
   }
   snprintf(why, size, "cannot read the guest driver's manifest %s (from %s)", path, source);
   return NULL;
}

char *cli_look_for_icd(const char *given, char *why, size_t size)
{
   const char *variable = getenv("PEARVISOR_ICD"), *data = getenv("XDG_DATA_DIRS");
   if (given)
      return checked_icd(given, "--icd", why, size);
   if (variable && *variable)
      return checked_icd(variable, "PEARVISOR_ICD", why, size);
   char *icd = icd_in_list("/usr/local/etc:/etc:/usr/local/share:/usr/share");
   if (!icd && data)
      icd = icd_in_list(data);
   if (!icd)
      snprintf(why, size, "no Mesa virtio Vulkan driver (virtio_icd*.json) for the guest is installed");
   return icd;
}

char *cli_find_icd(const char *given)
{
   char why[512];
   char *icd = cli_look_for_icd(given, why, sizeof(why));
   if (!icd)
      cli_fail("%s: install it (Debian 13 and Ubuntu: mesa-vulkan-drivers, Fedora: mesa-vulkan-drivers, Arch: "
               "vulkan-virtio) or name one with --icd",
               why);
   return icd;
}

// Ours among the driver's debug flags, which may say more. `mem_budget` makes drivers that know it (Mesa 26.1,
// not 25.0) offer VK_EXT_memory_budget; others ignore the word.
static char *debug_flags(void)
{
   const char *old = getenv("VN_DEBUG");
   size_t size = (old ? strlen(old) : 0) + sizeof(",mem_budget,vtest");
   char *flags = malloc(size);
   if (flags)
      snprintf(flags, size, "%s%smem_budget,vtest", old ? old : "", old && *old ? "," : "");
   return flags;
}

// A guest's windows are drawn by copying: what its driver exports as dma-buf is memory of ours, which no display server
// would take for one. Somebody who knows better has set the variable already.
static char *presentation(void)
{
   const char *old = getenv("MESA_VK_WSI_DEBUG");
   return strdup(old ? old : "sw");
}

// Presenting in a thread of its own (Mesa 26.1) is faster, but a program that closes its window before its swapchain,
// as OpenGL programs do, is then now and then ended by an X error. Others have no such thread and ignore the word.
static char *performance(void)
{
   const char *old = getenv("VN_PERF");
   return strdup(old ? old : "no_async_present");
}

void cli_guest_environment(const char *socket, const char *icd, struct cli_variable out[CLI_VARIABLES])
{
   out[0] = (struct cli_variable){"VK_DRIVER_FILES", strdup(icd)};
   out[1] = (struct cli_variable){"VK_ICD_FILENAMES", strdup(icd)}; // the name older loaders know
   out[2] = (struct cli_variable){"VN_DEBUG", debug_flags()};
   out[3] = (struct cli_variable){"VTEST_SOCKET_NAME", strdup(socket)};
   out[4] = (struct cli_variable){"MESA_VK_WSI_DEBUG", presentation()};
   out[5] = (struct cli_variable){"VN_PERF", performance()};
   // Made for the host's drivers, they would hide the guest's.
   out[6] = (struct cli_variable){"VK_LOADER_DRIVERS_SELECT", NULL};
   out[7] = (struct cli_variable){"VK_LOADER_DRIVERS_DISABLE", NULL};
}

void cli_free_environment(struct cli_variable variables[CLI_VARIABLES])
{
   for (size_t i = 0; i < CLI_VARIABLES; i++)
      free(variables[i].value);
}
