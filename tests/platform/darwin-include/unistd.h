// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#define STDIN_FILENO         0
#define STDOUT_FILENO        1
#define STDERR_FILENO        2
#define R_OK                 4
#define W_OK                 2
#define X_OK                 1
#define F_OK                 0
#define SEEK_SET             0
#define SEEK_CUR             1
#define SEEK_END             2
#define _SC_PAGESIZE         29
#define _SC_NPROCESSORS_ONLN 58

int access(const char *path, int mode);
int chdir(const char *path);
int close(int fd);
int dup(int fd);
int dup2(int from, int to);
void _exit(int status) __attribute__((noreturn));
pid_t fork(void);
int execv(const char *path, char *const argv[]);
int execvp(const char *name, char *const argv[]);
int execve(const char *path, char *const argv[], char *const environment[]);
int fsync(int fd);
int ftruncate(int fd, off_t size);
char *getcwd(char *out, size_t size);
gid_t getgid(void);
gid_t getegid(void);
uid_t geteuid(void);
pid_t getpid(void);
pid_t getppid(void);
uid_t getuid(void);
int isatty(int fd);
off_t lseek(int fd, off_t offset, int whence);
int pipe(int fds[2]);
ssize_t pread(int fd, void *out, size_t size, off_t offset);
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t read(int fd, void *out, size_t size);
ssize_t readlink(const char *path, char *out, size_t size);
int rmdir(const char *path);
int setpgid(pid_t pid, pid_t group);
pid_t setsid(void);
unsigned sleep(unsigned seconds);
long sysconf(int name);
int truncate(const char *path, off_t size);
int unlink(const char *path);
int unlinkat(int fd, const char *path, int flags);
int usleep(useconds_t us);
ssize_t write(int fd, const void *data, size_t size);
