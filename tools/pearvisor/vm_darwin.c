// SPDX-License-Identifier: MIT
//
// What `pearvisor vm` asks of macOS. Compiled for it only; never run on a Mac.
#include "vm.h"

const char *const vm_library = "DYLD_LIBRARY_PATH";
const char *const vm_library_name = "libvirglrenderer.1.dylib";
const char *const vm_memory_backend = "memory-backend-shm";
const char *const vm_accels[] = {"hvf", NULL};

void vm_die_with(pid_t parent)
{
   // There is no such thing: a killed `pearvisor vm` leaves its QEMU to the user.
}

bool vm_render_node(void)
{
   return false;
}

bool vm_desktop(void)
{
   return true;
}
