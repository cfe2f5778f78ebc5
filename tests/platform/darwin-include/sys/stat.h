// SPDX-License-Identifier: MIT
#pragma once

#include <time.h>

struct stat {
   dev_t st_dev;
   mode_t st_mode;
   nlink_t st_nlink;
   ino_t st_ino;
   uid_t st_uid;
   gid_t st_gid;
   dev_t st_rdev;
   struct timespec st_atimespec;
   struct timespec st_mtimespec;
   struct timespec st_ctimespec;
   off_t st_size;
   blkcnt_t st_blocks;
   blksize_t st_blksize;
};

#define st_atime st_atimespec.tv_sec
#define st_mtime st_mtimespec.tv_sec
#define st_ctime st_ctimespec.tv_sec

#define S_IFMT      0170000
#define S_IFCHR     0020000
#define S_IFDIR     0040000
#define S_IFREG     0100000
#define S_IFSOCK    0140000
#define S_ISCHR(m)  (((m) & S_IFMT) == S_IFCHR)
#define S_ISDIR(m)  (((m) & S_IFMT) == S_IFDIR)
#define S_ISREG(m)  (((m) & S_IFMT) == S_IFREG)
#define S_ISSOCK(m) (((m) & S_IFMT) == S_IFSOCK)

int stat(const char *path, struct stat *out);
int lstat(const char *path, struct stat *out);
int fstat(int fd, struct stat *out);
int chmod(const char *path, mode_t mode);
int fchmod(int fd, mode_t mode);
int mkdir(const char *path, mode_t mode);
mode_t umask(mode_t mask);
