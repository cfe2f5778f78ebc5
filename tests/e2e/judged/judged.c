// SPDX-License-Identifier: MIT
//
// Programs that misbehave as guests, each in its own way, to see that the runner notices (test_run.py). Natively they
// all do the same, but for `restless`, which never does the same twice.
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../harness.h"

enum behaviour { SAME, DIFFER, RESTLESS, HIDE, FAIL, ABORT, HANG, KILL_WORKER, STOP_WORKER };

// First line of a file of /proc/PID, or an empty string.
static void read_proc(const char *pid, const char *name, char *line, size_t size)
{
   char path[300];
   snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
   FILE *file = fopen(path, "r");
   size_t n = file ? fread(line, 1, size - 1, file) : 0;
   line[n] = '\0';
   if (file)
      fclose(file);
}

static bool is_our_worker(const char *pid)
{
   char text[4096], *end;
   int parent = -1;
   read_proc(pid, "stat", text, sizeof(text));
   if ((end = strrchr(text, ')')))
      sscanf(end, ") %*c %d", &parent);
   if (parent != getppid())
      return false;
   read_proc(pid, "cmdline", text, sizeof(text)); // its arguments end with zeros: the second is the one we look for
   return !strcmp(text + strlen(text) + 1, "worker");
}

// The process that serves us is our sibling.
static pid_t find_worker(void)
{
   DIR *proc = opendir("/proc");
   struct dirent *entry;
   pid_t found = 0;
   while (proc && !found && (entry = readdir(proc))) {
      if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_our_worker(entry->d_name))
         found = (pid_t)atoi(entry->d_name);
   }
   if (proc)
      closedir(proc);
   if (!found)
      fail("there is no worker");
   return found;
}

// A call that the guest's driver cannot answer by itself: what the worker did last.
static void ask(struct gpu *gpu)
{
   VkPipelineCacheCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
   VkPipelineCache cache;
   size_t size = 0;
   VK(vkCreatePipelineCache(gpu->device, &info, NULL, &cache));
   VK(vkGetPipelineCacheData(gpu->device, cache, &size, NULL));
}

_Noreturn static void hang(void)
{
   alarm(0);
   for (;;)
      pause();
}

static void misbehave(struct gpu *gpu, enum behaviour how)
{
   ask(gpu);
   if (how == DIFFER)
      result(gpu, "a second section", "guest", 5);
   else if (how == HIDE)
      skip("needs to be native");
   else if (how == FAIL)
      fail("it does not work here");
   else if (how == ABORT)
      abort();
   else if (how == HANG)
      hang();
   else if (how == KILL_WORKER || how == STOP_WORKER)
      kill(find_worker(), how == KILL_WORKER ? SIGSEGV : SIGSTOP);
   if (how == STOP_WORKER)
      ask(gpu); // nobody answers
   if (how == STOP_WORKER || how == KILL_WORKER)
      hang();
}

int main(int argc, char **argv)
{
   const enum behaviour how = BEHAVIOUR;
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   result(&gpu, "a section", "bytes", 5);
   if (how == RESTLESS) {
      int pid = getpid();
      result(&gpu, "a section that never repeats itself", &pid, sizeof(pid));
   }
   if (!strncmp(gpu.props.deviceName, "Virtio-GPU Venus", 16))
      misbehave(&gpu, how);
   else if (how == DIFFER)
      result(&gpu, "a second section", "nativ", 5);
   return gpu_close(&gpu);
}
