// SPDX-License-Identifier: MIT
//
// What `pearvisor vm` asks of Linux.
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vm.h"

const char *const vm_library = "LD_LIBRARY_PATH";
const char *const vm_library_name = "libvirglrenderer.so.1";
const char *const vm_memory_backend = "memory-backend-memfd";
const char *const vm_accels[] = {"kvm", NULL};

void vm_die_with(pid_t parent)
{
   prctl(PR_SET_PDEATHSIG, SIGKILL);
   if (getppid() != parent) // it ended before
      _exit(1);
}

bool vm_render_node(void)
{
   glob_t found;
   bool there = false;
   if (!glob("/dev/dri/renderD*", 0, NULL, &found)) {
      for (size_t i = 0; i < found.gl_pathc; i++)
         there |= !access(found.gl_pathv[i], R_OK | W_OK);
      globfree(&found);
   }
   return there;
}

bool vm_desktop(void)
{
   return getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
}
