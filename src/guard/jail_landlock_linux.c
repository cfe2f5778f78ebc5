// SPDX-License-Identifier: MIT
//
// The files a worker can reach: what a Vulkan driver reads, the devices it drives, and what it was told to write.
// Landlock knows no exceptions within a folder, so the folders of the list are those that hold nobody's secrets.
#include "guard/jail_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Newer than some headers.
#define FS_TRUNCATE  (UINT64_C(1) << 14) // ABI 3
#define FS_IOCTL_DEV (UINT64_C(1) << 15) // ABI 5
#define NET_TCP      UINT64_C(3)         // ABI 4: bind, connect
#define SCOPES       UINT64_C(3)         // ABI 6: abstract sockets, signals

#define FS_READ   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_DEVICE (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_IOCTL_DEV)
#define FS_WRITE                                                                                                       \
   (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG |                              \
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define FS_OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

// The structure as the newest kernel we know has it; older ones are given fewer bytes.
struct ruleset {
   uint64_t fs, net, scoped;
};

struct rules {
   int fd;
   uint64_t handled;
   int error; // the first
};

static const char *const readable[] = {
   "/usr",
   "/lib",
   "/lib64",
   "/lib32",
   "/opt",
   "/nix/store",
   "/gnu/store",
   "/sys",
   "/proc/self",
   "/proc/cpuinfo",
   "/proc/meminfo",
   "/proc/stat",
   "/proc/version",
   "/proc/modules",
   "/proc/devices",
   "/proc/filesystems",
   "/proc/driver",
   "/proc/sys/vm",
   "/proc/sys/kernel",
   "/etc/ld.so.cache",
   "/etc/ld.so.conf",
   "/etc/ld.so.conf.d",
   "/etc/ld.so.preload",
   "/etc/vulkan",
   "/etc/drirc",
   "/etc/nvidia",
   "/etc/OpenCL",
   "/etc/glvnd",
   "/etc/localtime",
   "/etc/xdg/vulkan",
};
static const char *const devices[] = {"/dev/dri",     "/dev/nvidia*", "/dev/kfd",    "/dev/udmabuf", "/dev/dma_heap",
                                      "/dev/mali*",   "/dev/kgsl*",   "/dev/null",   "/dev/zero",    "/dev/full",
                                      "/dev/urandom", "/dev/random",  "/dev/nvgpu*", "/dev/nvhost*", "/dev/nvmap"};
static const char *const lists[] = {"VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"};

static void allow(struct rules *rules, const char *path, uint64_t access)
{
   struct stat status;
   int fd = open(path, O_PATH | O_CLOEXEC);
   if (fd < 0)
      return; // what is not there needs no permission
   access &= rules->handled;
   if (!fstat(fd, &status) && !S_ISDIR(status.st_mode))
      access &= FS_OF_FILES;
   struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
   if (syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) && !rules->error)
      rules->error = -errno;
   close(fd);
}

static void allow_glob(struct rules *rules, const char *pattern, uint64_t access)
{
   glob_t found;
   if (glob(pattern, GLOB_NOSORT, NULL, &found))
      return;
   for (size_t i = 0; i < found.gl_pathc; i++)
      allow(rules, found.gl_pathv[i], access);
   globfree(&found);
}

// The libraries in a folder, wherever their links lead.
static void allow_libraries(struct rules *rules, const char *folder, int length)
{
   char pattern[PATH_MAX];
   int n = snprintf(pattern, sizeof(pattern), "%.*s/*.so*", length, folder);
   if (n > 0 && (size_t)n < sizeof(pattern))
      allow_glob(rules, pattern, FS_READ);
}

// A library, and the libraries beside it, which it may be linked to. Not the folder: that may be anything, even /tmp.
static void allow_library(struct rules *rules, const char *path)
{
   const char *slash = strrchr(path, '/');
   allow(rules, path, FS_READ);
   if (slash)
      allow_libraries(rules, path, (int)(slash - path));
   else
      allow_libraries(rules, ".", 1);
}

// The library that a driver's manifest names: absolute, beside the manifest, or for the linker to find.
static void allow_manifest_library(struct rules *rules, const char *manifest, const char *text)
{
   char library[PATH_MAX], path[2 * PATH_MAX];
   const char *key = strstr(text, "\"library_path\"");
   if (!key || sscanf(key + 14, " : \"%4095[^\"]\"", library) != 1 || !strchr(library, '/'))
      return;
   const char *slash = strrchr(manifest, '/');
   if (*library == '/' || !slash)
      snprintf(path, sizeof(path), "%s", library);
   else
      snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - manifest), manifest, library);
   allow_library(rules, path);
}

static void allow_manifest(struct rules *rules, const char *path)
{
   char text[16384];
   struct stat status;
   allow(rules, path, FS_READ);
   if (stat(path, &status))
      return;
   if (S_ISDIR(status.st_mode)) {
      char pattern[PATH_MAX];
      glob_t found;
      snprintf(pattern, sizeof(pattern), "%s/*.json", path);
      if (glob(pattern, GLOB_NOSORT, NULL, &found))
         return;
      for (size_t i = 0; i < found.gl_pathc; i++) {
         if (!stat(found.gl_pathv[i], &status) && S_ISREG(status.st_mode))
            allow_manifest(rules, found.gl_pathv[i]);
      }
      globfree(&found);
      return;
   }
   FILE *file = fopen(path, "re");
   if (!file)
      return;
   text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
   fclose(file);
   allow_manifest_library(rules, path, text);
}

static void for_each(struct rules *rules, const char *variable, void (*each)(struct rules *rules, const char *path))
{
   const char *value = getenv(variable);
   char *copy = value ? strdup(value) : NULL, *rest = NULL;
   for (char *path = copy ? strtok_r(copy, ":", &rest) : NULL; path; path = strtok_r(NULL, ":", &rest))
      each(rules, path);
   free(copy);
}

static void allow_folder(struct rules *rules, const char *path)
{
   allow(rules, path, FS_READ);
   allow_libraries(rules, path, (int)strlen(path));
}

static void allow_output(struct rules *rules, const struct pv_jail_params *params)
{
   if (params->record)
      allow(rules, params->record, FS_WRITE);
   if (!params->stats)
      return;
   int fd = open(params->stats, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
   if (fd >= 0)
      close(fd);
   allow(rules, params->stats, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
}

static void allow_all(struct rules *rules, const struct pv_jail_params *params, bool private_shm)
{
   for (size_t i = 0; i < sizeof(readable) / sizeof(*readable); i++)
      allow(rules, readable[i], FS_READ);
   for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
      allow_glob(rules, devices[i], FS_DEVICE);
   for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
      for_each(rules, lists[i], allow_manifest);
   for_each(rules, "LD_LIBRARY_PATH", allow_folder);
   if (params->driver)
      allow_library(rules, params->driver);
   if (private_shm)
      allow(rules, "/dev/shm", FS_WRITE);
   allow_output(rules, params);
}

int pv_jail_landlock(const struct pv_jail_params *params, bool private_shm, int *abi)
{
   *abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
   if (*abi < 0)
      return -errno;
   struct ruleset set = {.fs = (UINT64_C(1) << 13) - 1}; // ABI 1
   if (*abi >= 2)
      set.fs |= UINT64_C(1) << 13; // renaming between folders
   if (*abi >= 3)
      set.fs |= FS_TRUNCATE;
   if (*abi >= 4)
      set.net = NET_TCP;
   if (*abi >= 5)
      set.fs |= FS_IOCTL_DEV;
   if (*abi >= 6)
      set.scoped = SCOPES;
   size_t size = *abi >= 6 ? 24 : *abi >= 4 ? 16 : 8;
   struct rules rules = {.handled = set.fs};
   rules.fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
   if (rules.fd < 0)
      return -errno;
   allow_all(&rules, params, private_shm);
   int ret = rules.error;
   if (!ret && syscall(SYS_landlock_restrict_self, rules.fd, 0))
      ret = -errno;
   close(rules.fd);
   return ret;
}
