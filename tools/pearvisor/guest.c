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

static char *checked_icd(const char *path, const char *source)
{
   if (!access(path, R_OK)) {
      char *absolute = realpath(path, NULL); // the guest may have another working directory
      return absolute ? absolute : strdup(path);
   }
   cli_fail("cannot read the guest driver's manifest %s (from %s)", path, source);
   return NULL;
}

char *cli_find_icd(const char *given)
{
   const char *variable = getenv("PEARVISOR_ICD"), *data = getenv("XDG_DATA_DIRS");
   if (given)
      return checked_icd(given, "--icd");
   if (variable && *variable)
      return checked_icd(variable, "PEARVISOR_ICD");
   char *icd = icd_in_list("/usr/local/etc:/etc:/usr/local/share:/usr/share");
   if (!icd && data)
      icd = icd_in_list(data);
   if (!icd)
      cli_fail("no Mesa virtio Vulkan driver (virtio_icd*.json) for the guest is installed: install it (Debian 13 and "
               "Ubuntu: mesa-vulkan-drivers, Fedora: mesa-vulkan-drivers, Arch: vulkan-virtio) or name one with --icd");
   return icd;
}

// `vtest` among the driver's debug flags, which may say more.
static char *debug_flags(void)
{
   const char *old = getenv("VN_DEBUG");
   size_t size = (old ? strlen(old) : 0) + sizeof(",vtest");
   char *flags = malloc(size);
   if (flags && old && *old)
      snprintf(flags, size, "%s,vtest", old);
   else if (flags)
      strcpy(flags, "vtest");
   return flags;
}

void cli_guest_environment(const char *socket, const char *icd, struct cli_variable out[CLI_VARIABLES])
{
   out[0] = (struct cli_variable){"VK_DRIVER_FILES", strdup(icd)};
   out[1] = (struct cli_variable){"VK_ICD_FILENAMES", strdup(icd)}; // the name older loaders know
   out[2] = (struct cli_variable){"VN_DEBUG", debug_flags()};
   out[3] = (struct cli_variable){"VTEST_SOCKET_NAME", strdup(socket)};
   // Made for the host's drivers, they would hide the guest's.
   out[4] = (struct cli_variable){"VK_LOADER_DRIVERS_SELECT", NULL};
   out[5] = (struct cli_variable){"VK_LOADER_DRIVERS_DISABLE", NULL};
}

void cli_free_environment(struct cli_variable variables[CLI_VARIABLES])
{
   for (size_t i = 0; i < CLI_VARIABLES; i++)
      free(variables[i].value);
}
