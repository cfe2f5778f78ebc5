// SPDX-License-Identifier: MIT
//
// pearvisor vm: Linux guests with a PearVisor GPU, on QEMU.
//
// A name, if any, comes before the options, a guest's command behind "--": so neither can be taken for the other.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm.h"

enum { STOP_SECONDS = 150 }; // more than the VM's own process needs at most

static const char *subject; // the VM's name, or NULL

static int usage(const char *command, const char *what)
{
   fprintf(stderr, "pearvisor vm %s: %s (see 'pearvisor vm %s --help')\n", command, what, command);
   return CLI_USAGE;
}

// A VM's folder becomes the current one. 0 if it runs.
static int enter_running(struct vm *vm)
{
   if (vm_open(vm, subject, NULL))
      return -1;
   if (!vm_runner(vm->folder))
      cli_fail("the VM '%s' is not running; 'pearvisor vm start %s' starts it", vm->name, vm->name);
   else if (chdir(vm->folder))
      cli_fail("cannot enter %s: %s", vm->folder, strerror(errno));
   else
      return 0;
   vm_close(vm);
   return -1;
}

static int create(const struct cli_settings *settings)
{
   struct vm vm;
   struct vm_guest guest = {0};
   if (vm_describe(&vm, subject, settings))
      return CLI_FAILURE;
   bool made = (vm.disk || vm.iso || !vm_guest(&guest)) && !vm_save(&vm);
   if (made && vm_make_disk(&vm, &guest)) {
      vm_remove(&vm);
      made = false;
   }
   if (made)
      printf("%s\n", vm.name);
   vm_close(&vm);
   return made ? CLI_OK : CLI_FAILURE;
}

// An existing VM, a new one, or for no name a throw-away one; locked.
static int prepare(struct vm *vm, const struct cli_settings *settings)
{
   vm_sweep();
   if (subject && vm_exists(subject)) {
      if (vm_open(vm, subject, settings))
         return -1;
   } else if (vm_describe(vm, subject, settings) || vm_save(vm))
      return -1;
   if (!vm_lock(vm))
      return 0;
   if (vm->lock >= 0)
      close(vm->lock);
   vm->lock = -1;
   vm_close(vm);
   return -1;
}

// What a guest of ours sees, once it is up.
static int show(struct vm_running *running)
{
   char *const command[] = {"vulkaninfo", "--summary", NULL};
   int status = vm_exec((char **)command, false, 0, running);
   if (!vm_signal() && vm_alive(running))
      fprintf(stderr, "pearvisor: the guest is up; Ctrl-C powers it off\n");
   return status;
}

static int run(const struct cli_settings *settings)
{
   struct vm vm;
   struct vm_running running;
   int status = CLI_FAILURE;
   if (prepare(&vm, settings))
      return CLI_FAILURE;
   bool stock = !vm.disk && !vm.iso, command = settings->rest[0];
   if (!vm_boot(&vm, settings, &running)) {
      if (command && !stock)
         fprintf(stderr,
                 "pearvisor: waiting for the agent in the guest, which a disk of your own needs for commands\n");
      status = command ? vm_exec(settings->rest, true, settings->wait, &running) : stock ? show(&running) : CLI_OK;
      if (command && (vm.throwaway || !vm_alive(&running)))
         vm_kill(&running);
      else if (command) {
         kill(getpid(), SIGTERM); // as if we were told: the guest powers off
         vm_attend(&running);
      } else if (vm_alive(&running)) {
         int ended = vm_attend(&running);
         status = status ? status : ended;
      } else
         vm_kill(&running);
   } else if (vm_signal())
      status = 128 + vm_signal();
   vm_close(&vm);
   return status;
}

// Waits until QEMU is up.
static bool comes_up(struct vm_running *running)
{
   double deadline = vm_now() + 60;
   while (vm_alive(running) && vm_now() < deadline) {
      if (vm_answers("qmp"))
         return true;
      poll(NULL, 0, 50);
   }
   return false;
}

// In a process of its own: starts the VM, says so by one byte, and attends to it.
static int background(const struct cli_settings *settings, int ready)
{
   struct vm vm;
   struct vm_running running;
   setsid();
   if (vm_open(&vm, subject, settings) || vm_lock(&vm))
      return CLI_FAILURE;
   int status = CLI_FAILURE;
   if (!vm_boot(&vm, settings, &running)) {
      bool up = comes_up(&running);
      if (up) {
         (void)!write(ready, "", 1);
         for (int i = 0; i < 3; i++)
            dup2(running.log, i);
      } else {
         vm_ended(&running);
         vm_explain(&running);
      }
      close(ready);
      status = up ? vm_attend(&running) : (vm_kill(&running), CLI_FAILURE);
   }
   vm_close(&vm);
   return status;
}

static int start(const struct cli_settings *settings)
{
   int ends[2];
   char byte;
   struct vm vm;
   struct vm_guest guest;
   if (vm_open(&vm, subject, settings))
      return CLI_FAILURE;
   bool stock = !vm.disk && !vm.iso;
   vm_close(&vm);
   if ((stock && vm_guest(&guest)) || pipe(ends)) // made here, where a signal reaches us
      return CLI_FAILURE;
   fcntl(ends[0], F_SETFD, FD_CLOEXEC);
   fcntl(ends[1], F_SETFD, FD_CLOEXEC);
   pid_t pid = fork();
   if (!pid) {
      close(ends[0]);
      _exit(background(settings, ends[1]));
   }
   close(ends[1]);
   bool ready = pid > 0 && read(ends[0], &byte, 1) == 1;
   close(ends[0]);
   return ready ? CLI_OK : CLI_FAILURE; // the other process has complained
}

static int stop(const struct cli_settings *settings)
{
   struct vm vm;
   if (vm_open(&vm, subject, NULL))
      return CLI_FAILURE;
   pid_t pid = vm_runner(vm.folder);
   double insist = vm_now() + STOP_SECONDS;
   if (!pid)
      fprintf(stderr, "pearvisor: the VM '%s' is not running\n", vm.name);
   else if (kill(pid, SIGTERM))
      pid = -1, cli_fail("cannot stop the VM '%s': %s", vm.name, strerror(errno));
   while (pid > 0 && vm_runner(vm.folder) == pid) {
      if (vm_now() > insist) {
         kill(pid, SIGTERM);
         insist = vm_now() + STOP_SECONDS;
      }
      poll(NULL, 0, 100);
   }
   vm_close(&vm);
   return pid < 0 ? CLI_FAILURE : CLI_OK;
}

static int delete(const struct cli_settings *settings)
{
   struct vm vm;
   if (vm_open(&vm, subject, NULL))
      return CLI_FAILURE;
   int failed = vm_lock(&vm) || vm_remove(&vm);
   vm_close(&vm);
   return failed ? CLI_FAILURE : CLI_OK;
}

static void list_one(const char *name, void *data)
{
   struct vm vm;
   struct stat disk;
   char path[4200];
   if (vm_open(&vm, name, NULL))
      return;
   snprintf(path, sizeof(path), "%s/disk.qcow2", vm.folder);
   uint64_t used = stat(path, &disk) ? 0 : (uint64_t)disk.st_blocks * 512;
   printf("%-24s %-8s %5u %6lluM %6lluM  %s\n", vm.name, vm_runner(vm.folder) ? "running" : "stopped", vm.cpus,
          (unsigned long long)(vm.memory >> 20), (unsigned long long)(used >> 20),
          vm.disk  ? vm.disk
          : vm.iso ? vm.iso
                   : "Debian 13");
   vm_close(&vm);
}

static int list(const struct cli_settings *settings)
{
   vm_sweep();
   printf("%-24s %-8s %5s %7s %7s  %s\n", "NAME", "STATE", "CPUS", "MEMORY", "DISK", "FROM");
   return vm_each(list_one, NULL) ? CLI_OK : CLI_FAILURE;
}

static int exec(const struct cli_settings *settings)
{
   struct vm vm;
   if (!settings->rest[0])
      return usage("exec", "a command is missing: pearvisor vm exec NAME -- COMMAND");
   if (enter_running(&vm) || vm_watch())
      return CLI_FAILURE;
   int status = vm_exec(settings->rest, true, settings->wait, NULL);
   vm_close(&vm);
   return status;
}

// QEMU's own picture, for a screen that it draws without a window.
static int dump_screen(const char *path)
{
   char arguments[8192], *absolute = realpath(path, NULL);
   int failed = -1;
   if (!absolute || strpbrk(absolute, "\"\\"))
      cli_fail("QEMU cannot be told to write to %s", path);
   else {
      snprintf(arguments, sizeof(arguments), "{\"filename\": \"%s\", \"format\": \"png\"}", absolute);
      failed = vm_qmp("qmp", "screendump", arguments, "cannot take a picture");
   }
   free(absolute);
   return failed;
}

static int screenshot(const struct cli_settings *settings)
{
   struct vm vm;
   const char *path = settings->rest[0];
   if (!path || settings->rest[1])
      return usage("screenshot", "one file is needed: pearvisor vm screenshot NAME FILE.png");
   FILE *out = fopen(path, "we");
   if (!out)
      return cli_fail("cannot write %s: %s", path, strerror(errno));
   char *absolute = realpath(path, NULL);
   int failed = !absolute || enter_running(&vm);
   if (!failed) {
      if (vm.display == VM_DISPLAY_SDL || vm.display == VM_DISPLAY_GTK)
         failed = cli_fail("'%s' has a window; only a VM that was started headless can be pictured", vm.name);
      else if (!access("authority", F_OK)) // a private display
         failed = vm_screen_save(".", out, path);
      else
         failed = dump_screen(absolute);
      vm_close(&vm);
   }
   fclose(out);
   if (failed && absolute)
      unlink(absolute);
   free(absolute);
   return failed ? CLI_FAILURE : CLI_OK;
}

static int console(const struct cli_settings *settings)
{
   struct vm vm;
   if (enter_running(&vm))
      return CLI_FAILURE;
   int status = vm_console(vm.name);
   vm_close(&vm);
   return status;
}

enum naming { NO_NAME, MAY_HAVE_NAME, NEEDS_NAME };

static const struct {
   struct cli_command command;
   enum naming naming;
} commands[] = {
   {{.name = "vm run",
     .id = CLI_VM_RUN,
     .operands = "[-- COMMAND [ARGUMENT...]]",
     .summary = "Boots a guest in the foreground: pearvisor vm run [NAME] [OPTION...] [-- COMMAND...].",
     .text = "A new NAME makes a VM that stays; without one, what the guest wrote goes with it. With a command, runs "
             "it in\n"
             "the guest and exits with its status; without, shows the guest's GPUs and stays until it is powered off.\n"
             "The first run makes a Debian 13 guest in the cache. A shared folder is /mnt/share in the guest.",
     .level = 1,
     .main = run},
    MAY_HAVE_NAME},
   {{.name = "vm create",
     .id = CLI_VM_CREATE,
     .summary = "Makes a VM without starting it: pearvisor vm create NAME [OPTION...].",
     .text = "An image given with --disk stays as it is: what the guest writes goes to a file of the VM's own.",
     .level = 1,
     .main = create},
    NEEDS_NAME},
   {{.name = "vm start",
     .id = CLI_VM_START,
     .summary = "Starts a VM in the background: pearvisor vm start NAME [OPTION...].",
     .level = 1,
     .main = start},
    NEEDS_NAME},
   {{.name = "vm stop",
     .id = CLI_VM_OTHER,
     .summary = "Powers a VM off: pearvisor vm stop NAME.",
     .level = 1,
     .main = stop},
    NEEDS_NAME},
   {{.name = "vm delete",
     .id = CLI_VM_OTHER,
     .summary = "Removes a VM and what its guest wrote: pearvisor vm delete NAME.",
     .level = 1,
     .main = delete},
    NEEDS_NAME},
   {{.name = "vm list", .id = CLI_VM_OTHER, .summary = "Shows all VMs.", .level = 1, .main = list}, NO_NAME},
   {{.name = "vm exec",
     .id = CLI_VM_EXEC,
     .operands = "[--] COMMAND [ARGUMENT...]",
     .summary = "Runs a command in a running guest and exits with its status: pearvisor vm exec NAME -- COMMAND...",
     .text = "Its input and outputs are ours. Needs the stock guest, or its agent in another.",
     .level = 1,
     .main = exec},
    NEEDS_NAME},
   {{.name = "vm screenshot",
     .id = CLI_VM_OTHER,
     .operands = "FILE",
     .summary = "Writes a headless guest's screen as PNG: pearvisor vm screenshot NAME FILE.",
     .level = 1,
     .main = screenshot},
    NEEDS_NAME},
   {{.name = "vm console",
     .id = CLI_VM_OTHER,
     .summary = "Connects this terminal to a guest's serial console: pearvisor vm console NAME.",
     .level = 1,
     .main = console},
    NEEDS_NAME},
};

int cli_vm(const struct cli_settings *outer)
{
   char **words = outer->rest;
   for (size_t i = 0; *words && i < sizeof(commands) / sizeof(*commands); i++) {
      const struct cli_command *command = &commands[i].command;
      struct cli_settings settings;
      if (strcmp(words[0], command->name + 3))
         continue;
      if (commands[i].naming != NO_NAME && words[1] && *words[1] != '-') {
         subject = words[1];
         words++;
      }
      int argc = 1;
      while (words[argc])
         argc++;
      int status = cli_parse(command, argc, words, &settings);
      if (status >= 0)
         return status;
      if (commands[i].naming == NEEDS_NAME && !subject)
         return usage(command->name + 3, "a VM's name is missing");
      if (settings.rest[0] && !subject && commands[i].naming == MAY_HAVE_NAME && strcmp(settings.rest[-1], "--"))
         return usage(command->name + 3, "a name comes before the options, a command behind '--'");
      return command->main(&settings);
   }
   if (*words)
      fprintf(stderr, "pearvisor vm: unknown command '%s' (see 'pearvisor vm --help')\n", *words);
   else
      fprintf(stderr, "pearvisor vm: a command is missing (see 'pearvisor vm --help')\n");
   return CLI_USAGE;
}
