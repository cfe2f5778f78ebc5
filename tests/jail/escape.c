// SPDX-License-Identifier: MIT
//
// A Vulkan driver that tries to get out: a real one (PEARVISOR_JAIL_REAL, a library) inside a hostile one. It tries
// everything when it is loaded, and once more when the driver is up, in a thread that it had started before. What
// became of each try goes to standard error, the one thing that it may write to: "escape STAGE NAME ERRNO", 0 if it got
// through.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vulkan/vk_icd.h>

static const char *stage = "early";

static void tell(const char *name, int result)
{
   char line[128];
   int error = result < 0 ? errno : 0;
   int n = snprintf(line, sizeof(line), "escape %s %s %d\n", stage, name, error);
   if (write(2, line, (size_t)n) != n)
      abort();
}

static void try_open(const char *name, const char *path, int flags)
{
   int fd = open(path, flags | O_CLOEXEC, 0600);
   tell(name, fd);
   if (fd >= 0)
      close(fd);
}

static void try_files(void)
{
   char path[256];
   try_open("read-secret", getenv("PEARVISOR_JAIL_SECRET"), O_RDONLY);
   try_open("read-passwd", "/etc/passwd", O_RDONLY);
   try_open("write-new", getenv("PEARVISOR_JAIL_NEW"), O_WRONLY | O_CREAT);
   try_open("write-secret", getenv("PEARVISOR_JAIL_SECRET"), O_WRONLY);
   try_open("list-proc", "/proc", O_RDONLY | O_DIRECTORY);
   snprintf(path, sizeof(path), "/proc/%s/mem", getenv("PEARVISOR_JAIL_VICTIM"));
   try_open("victim-mem", path, O_RDONLY);
   try_open("allowed-library", getenv("PEARVISOR_JAIL_REAL"), O_RDONLY);
   try_open("allowed-linked", getenv("PEARVISOR_JAIL_LINKED"), O_RDONLY);
   try_open("allowed-null", "/dev/null", O_RDWR);
   try_open("allowed-cache", "/dev/shm/escape-cache", O_RDWR | O_CREAT);
}

static void try_sockets(void)
{
   struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(getenv("PEARVISOR_JAIL_PORT")))};
   to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
   int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
   tell("socket", fd);
   tell("connect", fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof(to)));
   if (fd >= 0)
      close(fd);
   struct sockaddr_un local = {.sun_family = AF_UNIX};
   snprintf(local.sun_path, sizeof(local.sun_path), "%s", getenv("PEARVISOR_JAIL_SOCKET"));
   fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
   tell("local-stream", fd);
   close(fd);
   fd = socket(AF_UNIX, SOCK_DGRAM, 0);
   tell("local-datagram", fd);
   close(fd);
   fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
   tell("allowed-local-packets", fd);
   tell("local-connect", connect(fd, (struct sockaddr *)&local, sizeof(local)));
   snprintf(local.sun_path, sizeof(local.sun_path), "%s-%s", getenv("PEARVISOR_JAIL_NEW"), stage);
   tell("local-bind", bind(fd, (struct sockaddr *)&local, sizeof(local)));
   close(fd);
   fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
   local.sun_path[0] = '\0';
   tell("allowed-abstract-bind", bind(fd, (struct sockaddr *)&local, sizeof(local)));
   close(fd);
   int pair[2], ret = socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
   tell("allowed-socketpair", ret);
   if (!ret) {
      close(pair[0]);
      close(pair[1]);
   }
}

static void try_processes(void)
{
   pid_t victim = atoi(getenv("PEARVISOR_JAIL_VICTIM"));
   char byte;
   struct iovec mine = {&byte, 1}, theirs = {(void *)(uintptr_t)strtoull(getenv("PEARVISOR_JAIL_ADDRESS"), NULL, 0), 1};
   tell("signal-broker", kill(getppid(), 0));
   tell("signal-victim", kill(victim, 0));
   tell("signal-all", kill(-1, 0));
   tell("signal-thread", (int)syscall(SYS_tgkill, victim, victim, 0));
   tell("read-memory", (int)process_vm_readv(victim, &mine, 1, &theirs, 1, 0));
   tell("pidfd", (int)syscall(SYS_pidfd_open, victim, 0));
   long traced = ptrace(PTRACE_SEIZE, victim, NULL, NULL);
   tell("ptrace", (int)traced);
   if (!traced)
      ptrace(PTRACE_DETACH, victim, NULL, NULL);
   tell("allowed-signal-self", kill(getpid(), 0));
}

static void try_exec(void)
{
   char *const argv[] = {(char *)"true", NULL};
   int status;
   pid_t child = fork();
   tell("fork", child);
   if (child < 0) {
      tell("exec", execv("/bin/true", argv));
      return;
   }
   if (!child) {
      execv("/bin/true", argv);
      _exit(errno);
   }
   waitpid(child, &status, 0);
   errno = WEXITSTATUS(status);
   tell("exec", errno ? -1 : 0);
}

// Namespaces last: under --sandbox=off they would change what the other tries mean.
static void try_all(void)
{
   try_files();
   try_sockets();
   try_processes();
   try_exec();
   tell("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
   tell("namespace", unshare(CLONE_NEWUTS));
   tell("user-namespace", (int)syscall(SYS_unshare, CLONE_NEWUSER));
   tell("done", 0);
}

// The jail's second step shows in the number of filters of this thread.
static int filters(void)
{
   char text[4096];
   FILE *file = fopen("/proc/thread-self/status", "re");
   if (!file)
      return 0;
   text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
   fclose(file);
   const char *line = strstr(text, "Seccomp_filters:");
   return line ? atoi(line + 16) : 0;
}

static void *wait_and_try(void *user)
{
   const int before = filters();
   while (filters() == before)
      usleep(10000);
   stage = "late";
   try_all();
   return NULL;
}

__attribute__((constructor)) static void loaded(void)
{
   pthread_t thread;
   try_all();
   if (!pthread_create(&thread, NULL, wait_and_try, NULL))
      pthread_detach(thread);
}

static void *real_symbol(const char *name)
{
   static void *library;
   if (!library)
      library = dlopen(getenv("PEARVISOR_JAIL_REAL"), RTLD_NOW | RTLD_LOCAL);
   if (!library)
      fprintf(stderr, "escape: %s\n", dlerror());
   return library ? dlsym(library, name) : NULL;
}

__attribute__((visibility("default"))) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vk_icdGetInstanceProcAddr(VkInstance instance, const char *name)
{
   PFN_vkGetInstanceProcAddr get = (PFN_vkGetInstanceProcAddr)real_symbol("vk_icdGetInstanceProcAddr");
   return get ? get(instance, name) : NULL;
}

__attribute__((visibility("default"))) VKAPI_ATTR VkResult VKAPI_CALL
vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version)
{
   VkResult (*negotiate)(uint32_t *) = (VkResult(*)(uint32_t *))real_symbol("vk_icdNegotiateLoaderICDInterfaceVersion");
   return negotiate ? negotiate(version) : VK_ERROR_INITIALIZATION_FAILED;
}
