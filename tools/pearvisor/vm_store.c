// SPDX-License-Identifier: MIT
//
// VMs as folders: names, settings, locks.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm.h"

#define THROWAWAY "run-" // followed by the process that made it

// mkdir -p. `path` is as it was when this returns.
static int make_folders(char *path)
{
   for (char *slash = path + 1; *slash; slash++) {
      if (*slash != '/')
         continue;
      *slash = '\0';
      int err = mkdir(path, 0777) && errno != EEXIST;
      *slash = '/';
      if (err)
         break; // the last one says why
   }
   if (mkdir(path, 0700) && errno != EEXIST) {
      cli_fail("cannot make the folder %s: %s", path, strerror(errno));
      return -1;
   }
   return 0;
}

// The user's folder named by `variable`, or `standard` in the home folder, with `rest` behind it.
static bool user_folder(const char *variable, const char *standard, const char *rest, char out[4096])
{
   const char *folder = getenv(variable), *home = getenv("HOME");
   if (folder && *folder == '/')
      snprintf(out, 4096, "%s/%s", folder, rest);
   else if (home && *home == '/')
      snprintf(out, 4096, "%s/%s/%s", home, standard, rest);
   else
      return cli_fail("neither %s nor HOME is set: it is not known where to keep things", variable), false;
   return !make_folders(out);
}

bool vm_data_folder(char out[4096])
{
   return user_folder("XDG_DATA_HOME", ".local/share", "pearvisor/vms", out);
}

bool vm_cache_folder(char out[4096])
{
   return user_folder("XDG_CACHE_HOME", ".cache", "pearvisor", out);
}

static bool good_name(const char *name)
{
   size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
   return n && n < sizeof(((struct vm *)0)->name) && !name[n] && *name != '.' && *name != '-';
}

static int set_folder(struct vm *vm, const char *name)
{
   char data[4096];
   *vm = (struct vm){.lock = -1,
                     .memory = (uint64_t)2 << 30,
                     .disk_bytes = (uint64_t)32 << 30,
                     .gpu_window = (uint64_t)4 << 30,
                     .accel = "auto"};
   if (!good_name(name)) {
      cli_fail("'%s' is no name for a VM: letters, digits, '.', '_' and '-' make one, 63 at most", name);
      return -1;
   }
   if (!vm_data_folder(data))
      return -1;
   snprintf(vm->name, sizeof(vm->name), "%s", name);
   if ((size_t)snprintf(vm->folder, sizeof(vm->folder), "%s/%s", data, name) >= sizeof(vm->folder)) {
      cli_fail("%s is too long a path", data);
      return -1;
   }
   return 0;
}

bool vm_exists(const char *name)
{
   struct vm vm;
   return good_name(name) && !set_folder(&vm, name) && !access(vm.folder, F_OK);
}

static int set_path(char **out, const char *path, const char *what, bool folder)
{
   struct stat status;
   if (!path)
      return 0;
   char *absolute = realpath(path, NULL);
   if (!absolute || access(absolute, R_OK)) {
      cli_fail("cannot read %s %s: %s", what, path, strerror(errno));
      free(absolute);
      return -1;
   }
   if (!stat(absolute, &status) && S_ISDIR(status.st_mode) != folder) {
      cli_fail("%s %s is %s", what, path, folder ? "no folder" : "a folder");
      free(absolute);
      return -1;
   }
   if (strpbrk(absolute, "\n,")) {
      cli_fail("%s: QEMU takes no path with a comma or a line's end in it", absolute);
      free(absolute);
      return -1;
   }
   free(*out);
   *out = absolute;
   return 0;
}

static enum vm_display display_of(const char *name)
{
   return !strcmp(name, "sdl")   ? VM_DISPLAY_SDL
          : !strcmp(name, "gtk") ? VM_DISPLAY_GTK
          : !strcmp(name, "vnc") ? VM_DISPLAY_VNC
                                 : VM_DISPLAY_NONE;
}

static int apply(struct vm *vm, const struct cli_settings *settings)
{
   if (set_path(&vm->disk, settings->disk, "the disk image", false) ||
       set_path(&vm->iso, settings->iso, "the ISO image", false) ||
       set_path(&vm->share, settings->share, "the shared folder", true))
      return -1;
   vm->memory = settings->memory_bytes ? settings->memory_bytes : vm->memory;
   vm->disk_bytes = settings->disk_bytes ? settings->disk_bytes : vm->disk_bytes;
   vm->cpus = settings->cpus ? settings->cpus : vm->cpus;
   if (settings->display)
      vm->display = display_of(settings->display);
   if (settings->accel)
      snprintf(vm->accel, sizeof(vm->accel), "%s", settings->accel);
   if (vm->memory < (uint64_t)256 << 20) {
      cli_fail("a guest needs 256M of memory or more");
      return -1;
   }
   return 0;
}

int vm_describe(struct vm *vm, const char *name, const struct cli_settings *settings)
{
   char own[64];
   snprintf(own, sizeof(own), THROWAWAY "%ld", (long)getpid());
   if (set_folder(vm, name ? name : own))
      return -1;
   vm->throwaway = !name;
   long cpus = sysconf(_SC_NPROCESSORS_ONLN);
   vm->cpus = cpus > 4 ? 4 : cpus > 0 ? (uint32_t)cpus : 1;
   if (!access(vm->folder, F_OK)) {
      cli_fail("there is a VM '%s' already", vm->name);
      return -1;
   }
   return apply(vm, settings);
}

static void read_setting(struct vm *vm, const char *key, const char *value)
{
   if (!strcmp(key, "disk"))
      vm->disk = strdup(value);
   else if (!strcmp(key, "iso"))
      vm->iso = strdup(value);
   else if (!strcmp(key, "share"))
      vm->share = strdup(value);
   else if (!strcmp(key, "memory"))
      vm->memory = strtoull(value, NULL, 10);
   else if (!strcmp(key, "size"))
      vm->disk_bytes = strtoull(value, NULL, 10);
   else if (!strcmp(key, "cpus"))
      vm->cpus = (uint32_t)strtoul(value, NULL, 10);
   else if (!strcmp(key, "display"))
      vm->display = display_of(value);
   else if (!strcmp(key, "accel"))
      snprintf(vm->accel, sizeof(vm->accel), "%s", value);
}

int vm_open(struct vm *vm, const char *name, const struct cli_settings *settings)
{
   char path[4200], *line = NULL;
   size_t size = 0;
   if (set_folder(vm, name))
      return -1;
   snprintf(path, sizeof(path), "%s/config", vm->folder);
   FILE *file = fopen(path, "re");
   if (!file) {
      if (errno == ENOENT)
         cli_fail("there is no VM '%s' (see 'pearvisor vm list')", name);
      else
         cli_fail("cannot read %s: %s", path, strerror(errno));
      return -1;
   }
   while (getline(&line, &size, file) > 0) {
      char *value = strchr(line, '=');
      line[strcspn(line, "\n")] = '\0';
      if (value) {
         *value++ = '\0';
         read_setting(vm, line, value);
      }
   }
   free(line);
   fclose(file);
   return settings ? apply(vm, settings) : 0;
}

int vm_save(const struct vm *vm)
{
   static const char *const displays[] = {"none", "sdl", "gtk", "vnc"};
   char path[4200];
   if (mkdir(vm->folder, 0700) && errno != EEXIST) {
      cli_fail("cannot make the folder %s: %s", vm->folder, strerror(errno));
      return -1;
   }
   snprintf(path, sizeof(path), "%s/config", vm->folder);
   FILE *file = fopen(path, "we");
   if (file) {
      fprintf(file, "memory=%llu\nsize=%llu\ncpus=%u\ndisplay=%s\naccel=%s\n", (unsigned long long)vm->memory,
              (unsigned long long)vm->disk_bytes, vm->cpus, displays[vm->display], vm->accel);
      if (vm->disk)
         fprintf(file, "disk=%s\n", vm->disk);
      if (vm->iso)
         fprintf(file, "iso=%s\n", vm->iso);
      if (vm->share)
         fprintf(file, "share=%s\n", vm->share);
   }
   if (!file || ferror(file) | fclose(file)) {
      cli_fail("cannot write %s: %s", path, strerror(errno));
      return -1;
   }
   return 0;
}

static int open_lock(const char *folder, int flags)
{
   char path[4200];
   snprintf(path, sizeof(path), "%s/lock", folder);
   return open(path, flags | O_CLOEXEC, 0600);
}

int vm_lock(struct vm *vm)
{
   struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
   vm->lock = open_lock(vm->folder, O_RDWR | O_CREAT);
   if (vm->lock >= 0 && !fcntl(vm->lock, F_SETLK, &lock))
      return 0;
   if (vm->lock >= 0 && (errno == EAGAIN || errno == EACCES))
      cli_fail("the VM '%s' is running; 'pearvisor vm stop %s' ends it", vm->name, vm->name);
   else
      cli_fail("cannot lock %s: %s", vm->folder, strerror(errno));
   return -1;
}

pid_t vm_runner(const char *folder)
{
   struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
   int fd = open_lock(folder, O_RDWR);
   bool locked = fd >= 0 && !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK;
   if (fd >= 0)
      close(fd);
   return locked ? lock.l_pid : 0;
}

// A VM's folder holds files only.
static int remove_folder(const char *folder)
{
   DIR *entries = opendir(folder);
   struct dirent *entry;
   while (entries && (entry = readdir(entries))) {
      if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
         unlinkat(dirfd(entries), entry->d_name, 0);
   }
   if (entries)
      closedir(entries);
   return rmdir(folder);
}

int vm_remove(const struct vm *vm)
{
   if (!remove_folder(vm->folder))
      return 0;
   cli_fail("cannot remove %s: %s", vm->folder, strerror(errno));
   return -1;
}

static void sweep_one(const char *name, void *data)
{
   char folder[4400];
   long pid = strncmp(name, THROWAWAY, strlen(THROWAWAY)) ? 0 : strtol(name + strlen(THROWAWAY), NULL, 10);
   snprintf(folder, sizeof(folder), "%s/%s", (const char *)data, name);
   if (pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH && !vm_runner(folder))
      remove_folder(folder);
}

void vm_sweep(void)
{
   char data[4096];
   if (vm_data_folder(data))
      vm_each(sweep_one, data);
}

bool vm_each(void (*each)(const char *name, void *data), void *data)
{
   char folder[4096];
   struct dirent **entries;
   if (!vm_data_folder(folder))
      return false;
   int n = scandir(folder, &entries, NULL, alphasort);
   for (int i = 0; i < n; i++) {
      if (good_name(entries[i]->d_name))
         each(entries[i]->d_name, data);
      free(entries[i]);
   }
   if (n >= 0)
      free(entries);
   return true;
}

void vm_close(struct vm *vm)
{
   if (vm->throwaway && vm->lock >= 0)
      vm_remove(vm);
   if (vm->lock >= 0)
      close(vm->lock);
   free(vm->disk);
   free(vm->iso);
   free(vm->share);
   *vm = (struct vm){.lock = -1};
}
