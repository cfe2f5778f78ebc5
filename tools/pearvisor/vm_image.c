// SPDX-License-Identifier: MIT
//
// Disks: the stock guest, made once per user and shared by all VMs, and what each VM writes over it.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm.h"

#define GUEST_BYTES ((uint64_t)2 << 30) // on the disk, while it is made

// What makes the guest, installed or in a build. False after a complaint.
static bool find_maker(char out[4200])
{
   static const char *const beside[] = {"guest/make", "../share/pearvisor/guest/make"};
   char *own = cli_own_path(), *slash = own ? strrchr(own, '/') : NULL;
   bool found = false;
   for (size_t i = 0; slash && !found && i < sizeof(beside) / sizeof(*beside); i++) {
      snprintf(out, 4200, "%.*s/%s", (int)(slash - own), own, beside[i]);
      found = !access(out, X_OK);
   }
   free(own);
   if (!found)
      cli_fail("PearVisor is not complete: share/pearvisor/guest/make is missing; install it again");
   return found;
}

// The folder's name has the recipe's: another recipe makes another guest.
static bool guest_folder(char out[4200])
{
   char cache[4096];
   if (!vm_cache_folder(cache))
      return false;
   snprintf(out, 4200, "%s/guest-5", cache);
   return true;
}

static void guest_files(const char *folder, struct vm_guest *out)
{
   snprintf(out->disk, sizeof(out->disk), "%.4096s/disk.raw", folder);
   snprintf(out->kernel, sizeof(out->kernel), "%.4096s/vmlinuz", folder);
   snprintf(out->initrd, sizeof(out->initrd), "%.4096s/initrd", folder);
}

bool vm_find_guest(struct vm_guest *out)
{
   char folder[4200];
   if (!guest_folder(folder))
      return false;
   guest_files(folder, out);
   return !access(out->disk, R_OK) && !access(out->kernel, R_OK) && !access(out->initrd, R_OK);
}

static bool enough_space(const char *folder, uint64_t needed, const char *variable)
{
   struct statvfs fs;
   if (statvfs(folder, &fs) || (uint64_t)fs.f_bavail * fs.f_frsize >= needed)
      return true;
   cli_fail("%s has %llu MiB left and %llu are needed: make room, or let %s name another folder", folder,
            (unsigned long long)((uint64_t)fs.f_bavail * fs.f_frsize >> 20), (unsigned long long)(needed >> 20),
            variable);
   return false;
}

static bool have_makers(void)
{
   static const char *const programs[][2] = {{"mmdebstrap", "mmdebstrap"}, {"mke2fs", "e2fsprogs"}};
   for (size_t i = 0; i < 2; i++) {
      if (!vm_have(programs[i][0])) {
         cli_fail(
             "making the guest needs %s: install it (Debian, Ubuntu, Fedora: %s), or give an image of your own with "
             "--disk",
             programs[i][0], programs[i][1]);
         return false;
      }
   }
   return true;
}

// Runs the maker into a new folder; a signal ends it.
static int run_maker(const char *maker, const char *folder)
{
   char *argv[] = {(char *)maker, (char *)folder, NULL};
   pid_t pid;
   int status = 0;
   if (vm_watch() || vm_spawn(&pid, argv, (int[]){-1, STDERR_FILENO, STDERR_FILENO}, -1, NULL))
      return -1;
   while (waitpid(pid, &status, 0) < 0) {
      if (vm_signal()) {
         kill(-pid, SIGTERM); // its own children as well
         vm_end(&pid);
         return -1;
      }
   }
   if (WIFEXITED(status) && !WEXITSTATUS(status))
      return 0;
   cli_fail("the guest could not be made; the lines above say why (Debian's archive must be reachable)");
   return -1;
}

static void discard(const char *folder)
{
   struct vm_guest files;
   guest_files(folder, &files);
   unlink(files.disk);
   unlink(files.kernel);
   unlink(files.initrd);
   rmdir(folder);
}

// With the cache locked.
static int make_guest(const char *folder)
{
   char maker[4200], temporary[4300];
   snprintf(temporary, sizeof(temporary), "%s.new", folder);
   if (!find_maker(maker) || !have_makers())
      return -1;
   discard(temporary); // of a maker that was killed
   char cache[4200];
   snprintf(cache, sizeof(cache), "%.*s", (int)(strrchr(folder, '/') - folder), folder);
   if (!enough_space(cache, GUEST_BYTES, "XDG_CACHE_HOME"))
      return -1;
   fprintf(stderr, "pearvisor: making a Debian 13 guest once, in %s (a few minutes)\n", folder);
   if (!mkdir(temporary, 0700) && !run_maker(maker, temporary) && !rename(temporary, folder))
      return 0;
   discard(temporary);
   return -1;
}

int vm_guest(struct vm_guest *out)
{
   char folder[4200], path[4300];
   struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
   if (vm_find_guest(out))
      return 0;
   if (!guest_folder(folder))
      return -1;
   snprintf(path, sizeof(path), "%s.lock", folder);
   int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), result = -1;
   if (fd < 0 || fcntl(fd, F_SETLKW, &lock))
      cli_fail("cannot lock %s: %s", path, strerror(errno));
   else
      result = vm_find_guest(out) ? 0 : make_guest(folder);
   if (fd >= 0)
      close(fd);
   if (!result)
      guest_files(folder, out);
   return result;
}

// Asks qemu-img what an image is. False after a complaint.
static bool image_format(const char *path, char out[32])
{
   char text[16384];
   char *argv[] = {"qemu-img", "info", "-U", "--output=json", (char *)path, NULL};
   int status = vm_capture(argv, text, sizeof(text), true, 60);
   const char *format = strstr(text, "\n    \"format\": \""); // the image's own, not its children's, which lie deeper
   if (!status && format && sscanf(format, "\n    \"format\": \"%31[a-z0-9]", out) == 1)
      return true;
   text[strcspn(text, "\n")] = '\0';
   cli_fail("%s is no disk image: %s", path, text);
   return false;
}

int vm_make_disk(const struct vm *vm, const struct vm_guest *guest)
{
   char disk[4200], format[32] = "raw", size[32], text[1024];
   const char *backing = vm->disk ? vm->disk : vm->iso ? NULL : guest->disk;
   struct vm_words words = {0};
   snprintf(disk, sizeof(disk), "%s/disk.qcow2", vm->folder);
   if (!access(disk, F_OK))
      return 0;
   if (!vm_have("qemu-img")) {
      cli_fail("there is no qemu-img: install it (Debian and Ubuntu: qemu-utils, Fedora: qemu-img)");
      return -1;
   }
   if (!enough_space(vm->folder, (uint64_t)64 << 20, "XDG_DATA_HOME") || (vm->disk && !image_format(vm->disk, format)))
      return -1;
   snprintf(size, sizeof(size), "%llu", (unsigned long long)vm->disk_bytes);
   vm_word(&words, "qemu-img");
   vm_word(&words, "create");
   vm_word(&words, "-q");
   vm_word(&words, "-fqcow2");
   if (backing) {
      vm_word(&words, "-b%s", backing);
      vm_word(&words, "-F%s", format);
   }
   vm_word(&words, "%s", disk);
   if (!backing)
      vm_word(&words, "%s", size);
   int status = words.failed ? -1 : vm_capture(words.words, text, sizeof(text), true, 60);
   vm_words_free(&words);
   text[strcspn(text, "\n")] = '\0';
   if (status)
      cli_fail("cannot make %s: %s", disk, text);
   return status ? -1 : 0;
}
