// SPDX-License-Identifier: MIT
//
// Which QEMU, and what runs the guest's processor. A /dev/kvm that opens says little: some cannot run a stock kernel.
// So a kernel is booted with it, once, until it has nothing left to do.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "vm.h"

enum { OLDEST = 902, PROBE_SECONDS = 30 };

static const struct {
   const char *processor;
   struct vm_machine machine;
} machines[] = {
   {"x86_64", {"qemu-system-x86_64", "q35,sata=off", "ttyS0", "max,la57=off,svm=off"}},
   {"aarch64", {"qemu-system-aarch64", "virt", "ttyAMA0", "max,pauth-impdef=on"}},
   {"arm64", {"qemu-system-aarch64", "virt", "ttyAMA0", "max,pauth-impdef=on"}}, // macOS says it so
};

// "QEMU emulator version 10.0.13 (Debian ...)" as 1000, or -1. The line stays in `text`.
static int qemu_version(const char *program, char *text, size_t size)
{
   int major, minor;
   char *argv[] = {(char *)program, "--version", NULL};
   if (vm_capture(argv, text, size, false, 30))
      return -1;
   text[strcspn(text, "\n")] = '\0';
   const char *version = strstr(text, "version ");
   return version && sscanf(version, "version %d.%d", &major, &minor) == 2 ? major * 100 + minor : -1;
}

int vm_machine(struct vm_machine *out)
{
   struct utsname host;
   char text[4096];
   *out = (struct vm_machine){0};
   for (size_t i = 0; !uname(&host) && i < sizeof(machines) / sizeof(*machines); i++) {
      if (!strcmp(host.machine, machines[i].processor))
         *out = machines[i].machine;
   }
   if (!out->program) {
      cli_fail("'pearvisor vm' knows x86-64 and 64-bit Arm, not %s", host.machine);
      return -1;
   }
   if (!vm_have(out->program)) {
      cli_fail("there is no %s: install it (Debian 13: qemu-system-x86 qemu-system-modules-opengl qemu-system-gui "
               "qemu-utils, Fedora: qemu)",
               out->program);
      return -1;
   }
   int version = qemu_version(out->program, text, sizeof(text));
   if (version >= OLDEST)
      return 0;
   if (version < 0)
      cli_fail("%s does not say its version; install it again", out->program);
   else
      cli_fail("%s is %d.%d, and Venus needs 9.2 or newer: Debian 13 has 10.0", out->program, version / 100,
               version % 100);
   return -1;
}

// What a remembered result depends on.
static void identify(const struct vm_machine *machine, const char *accel, const char *kernel, char *out, size_t size)
{
   struct utsname host;
   struct stat file;
   char version[4096];
   bool known = !stat(kernel, &file) && !uname(&host);
   qemu_version(machine->program, version, sizeof(version));
   snprintf(out, size, "%s, %s, %.1000s, %lld bytes", accel, known ? host.release : "", version,
            known ? (long long)file.st_size : 0);
}

static FILE *memory_of(const char *mode)
{
   char cache[4096], path[4200];
   if (!vm_cache_folder(cache))
      return NULL;
   snprintf(path, sizeof(path), "%s/accelerator", cache);
   return fopen(path, mode);
}

static bool next_line(FILE *file, char *line, int size)
{
   if (!file || !fgets(line, size, file))
      return false;
   line[strcspn(line, "\n")] = '\0';
   return true;
}

// A remembered "yes", or a "no" with its reason. False if nothing is remembered.
static bool recall(const char *identity, bool *works, char *why, size_t size)
{
   char line[2048];
   FILE *file = memory_of("re");
   bool same = next_line(file, line, sizeof(line)) && !strcmp(line, identity);
   if (same && (same = next_line(file, line, sizeof(line)))) {
      *works = !strcmp(line, "works");
      snprintf(why, size, "%.500s", line);
   }
   if (file)
      fclose(file);
   return same;
}

static void remember(const char *identity, const char *result)
{
   FILE *file = memory_of("we");
   if (file) {
      fprintf(file, "%s\n%s\n", identity, result);
      fclose(file);
   }
}

// Why a kernel did not boot: QEMU's own words, or that it went quiet.
static void reason(const char *accel, char *text, char *why, size_t size)
{
   char *found = strstr(text, "KVM internal error");
   if (!found)
      found = strstr(text, accel); // "failed to initialize kvm", "invalid accelerator hvf"
   while (found && found > text && found[-1] != '\n')
      found--;
   if (found)
      found[strcspn(found, "\r\n")] = '\0';
   char *colon = found && !strncmp(found, "qemu-", 5) ? strchr(found, ':') : NULL; // the program's name
   snprintf(why, size, "a kernel does not come up with it%s%.300s", found ? ": " : "",
            colon   ? colon + 2
            : found ? found
                    : "");
}

// Boots the kernel without a root file system: it has come all the way up when it complains of that.
static bool boot(const struct vm_machine *machine, const char *accel, const char *kernel, char *why, size_t size)
{
   static char text[1 << 18];
   struct vm_words words = {0};
   vm_word(&words, "%s", machine->program);
   vm_word(&words, "-nodefaults");
   vm_word(&words, "-no-user-config");
   vm_word(&words, "-no-reboot");
   vm_word(&words, "-machine");
   vm_word(&words, "%s,accel=%s", machine->type, accel);
   vm_word(&words, "-cpu");
   vm_word(&words, "host");
   vm_word(&words, "-m");
   vm_word(&words, "512");
   vm_word(&words, "-display");
   vm_word(&words, "none");
   vm_word(&words, "-serial");
   vm_word(&words, "stdio");
   vm_word(&words, "-kernel");
   vm_word(&words, "%s", kernel);
   vm_word(&words, "-append");
   vm_word(&words, "console=%s panic=-1", machine->console);
   int status = words.failed ? -1 : vm_capture(words.words, text, sizeof(text), true, PROBE_SECONDS);
   vm_words_free(&words);
   bool up = strstr(text, "Unable to mount root fs");
   (void)status; // how it ends is not the question
   if (!up)
      reason(accel, text, why, size);
   return up;
}

// True if it can be had. `why` says why not.
static bool usable(const struct vm_machine *machine, const char *accel, char *why, size_t size)
{
   struct vm_guest guest;
   char identity[2048];
   bool works, kvm = !strcmp(accel, "kvm");
   if (kvm && access("/dev/kvm", R_OK | W_OK)) {
      snprintf(why, size,
               errno == EACCES ? "you may not open /dev/kvm; run: sudo usermod -aG kvm $USER, and log in again"
                               : "there is no /dev/kvm");
      return false;
   }
   if (!vm_find_guest(&guest)) {
      snprintf(why, size, "there is no kernel to try it with before the stock guest is made");
      return false;
   }
   identify(machine, accel, guest.kernel, identity, sizeof(identity));
   if (recall(identity, &works, why, size))
      return works;
   works = boot(machine, accel, guest.kernel, why, size);
   remember(identity, works ? "works" : why);
   return works;
}

const char *vm_accel(const struct vm_machine *machine, const char *wanted, char *why, size_t size)
{
   static const char tcg[] = "tcg,thread=multi";
   bool any = !strcmp(wanted, "auto");
   snprintf(why, size, "as asked");
   if (!strcmp(wanted, "tcg"))
      return tcg;
   for (const char *const *accel = vm_accels; *accel; accel++) {
      if (!any && strcmp(*accel, wanted))
         continue;
      char trouble[600];
      if (usable(machine, *accel, trouble, sizeof(trouble))) {
         snprintf(why, size, "a kernel was booted with it");
         return *accel;
      }
      if (!any) {
         cli_fail("%s cannot be used: %s", wanted, trouble);
         return NULL;
      }
      snprintf(why, size, "slow, in software; not %s: %s", *accel, trouble);
      return tcg;
   }
   cli_fail("this system has no accelerator '%s'", wanted);
   return NULL;
}
