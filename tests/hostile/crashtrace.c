// SPDX-License-Identifier: MIT
//
// Preloaded into workers: says in one line of stderr whose code a crash happened in, then lets the process die of it.
//
//    crashtrace: signal 11: libvulkan_lvp.so+0x1234 libpearvisor.so.0+0x567 ...
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES 24
#define OURS   2 // the handler and the trampoline that called it

static char stack[65536]; // for crashes that have used up their own

static void on_crash(int sig)
{
   void *frames[FRAMES];
   char line[2048];
   int n = backtrace(frames, FRAMES);
   size_t used = (size_t)snprintf(line, sizeof line, "crashtrace: signal %d:", sig);
   for (int i = OURS; i < n && used < sizeof line - 128; i++) {
      Dl_info info;
      const char *name = dladdr(frames[i], &info) && info.dli_fname ? info.dli_fname : "nowhere";
      const char *slash = strrchr(name, '/');
      used += (size_t)snprintf(line + used, 120, " %.60s+%#zx", slash ? slash + 1 : name,
                               name[0] == 'n' ? (size_t)0 : (size_t)frames[i] - (size_t)info.dli_fbase);
   }
   line[used++] = '\n';
   if (write(STDERR_FILENO, line, used) < 0)
      abort();
   signal(sig, SIG_DFL);
   raise(sig);
}

__attribute__((constructor)) static void watch(void)
{
   static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
   void *frame;
   const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
   struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
   backtrace(&frame, 1); // loads what it needs now
   sigaltstack(&own, NULL);
   for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
      sigaction(signals[i], &action, NULL);
}
