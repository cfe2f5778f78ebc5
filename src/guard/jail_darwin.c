// SPDX-License-Identifier: MIT
//
// There is no jail here yet: said, never pretended.
#include "guard/jail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

int pv_jail_enter(const struct pv_jail_params *params)
{
   const char *sandbox = params->sandbox ? params->sandbox : getenv("PEARVISOR_SANDBOX");
   if (!sandbox || !*sandbox)
      sandbox = "default";
   if (!strcmp(sandbox, "default")) {
      if (params->announce)
         pv_warn("sandbox: none on this system; a client that takes over its worker can do what you can");
      return 0;
   }
   if (!strcmp(sandbox, "off") || !strcmp(sandbox, "sanitizer"))
      return 0;
   pv_error(strcmp(sandbox, "strict") ? "sandbox: must be strict, default or off, not '%s'"
                                      : "sandbox: '%s' is refused: this system has none of it",
            sandbox);
   return strcmp(sandbox, "strict") ? -EINVAL : -EPERM;
}

int pv_jail_tighten(void)
{
   return 0;
}
