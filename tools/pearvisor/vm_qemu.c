// SPDX-License-Identifier: MIT
//
// QEMU's command line, and its life from start to a clean end.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm.h"

enum { POWEROFF_SECONDS = 120 }; // for a guest under emulation

static void two(struct vm_words *words, const char *option, const char *value)
{
   vm_word(words, "%s", option);
   vm_word(words, "%s", value);
}

static bool emulated(const char *accel)
{
   return !strncmp(accel, "tcg", 3);
}

static void add_machine(struct vm_words *words, const struct vm *vm, const struct vm_machine *machine,
                        const char *accel)
{
   vm_word(words, "%s", machine->program);
   vm_word(words, "-name");
   vm_word(words, "%s", vm->name);
   vm_word(words, "-nodefaults");
   vm_word(words, "-no-user-config");
   vm_word(words, "-machine");
   vm_word(words, "%s,memory-backend=memory", machine->type);
   two(words, "-accel", accel);
   two(words, "-cpu", emulated(accel) ? machine->emulated : "host");
   vm_word(words, "-smp");
   vm_word(words, "%u", vm->cpus);
   vm_word(words, "-m");
   vm_word(words, "%lluM", (unsigned long long)(vm->memory >> 20));
   // Shared: blobs of guest memory can then be reached from outside of QEMU.
   vm_word(words, "-object");
   vm_word(words, "%s,id=memory,size=%lluM,share=on", vm_memory_backend, (unsigned long long)(vm->memory >> 20));
}

// event_idx=off, here and below: with event_idx a guest announces only what the device says it waits for. These devices
// (QEMU 10.0) say so and then look for more without a memory barrier in between, so that guest and device can miss each
// other, now and then and for ever: seen with the GPU's queue, the shared folder's and the network's control queue,
// each within minutes. A guest without it announces everything. Disks take the proper way.
static void add_disks(struct vm_words *words, const struct vm *vm)
{
   two(words, "-drive", "file=disk.qcow2,format=qcow2,if=none,id=disk,discard=unmap");
   two(words, "-device", "virtio-blk-pci,drive=disk,bootindex=1,werror=report");
   if (vm->iso) {
      vm_word(words, "-drive");
      vm_word(words, "file=%s,format=raw,media=cdrom,readonly=on,if=none,id=iso", vm->iso);
      two(words, "-device", "virtio-scsi-pci");
      two(words, "-device", "scsi-cd,drive=iso,bootindex=2");
   }
   if (vm->share) {
      vm_word(words, "-fsdev");
      vm_word(words, "local,id=share,path=%s,security_model=%s,multidevs=remap", vm->share,
              geteuid() ? "mapped-xattr" : "none");
      vm_word(words, "-device");
      vm_word(words, "virtio-9p-pci,fsdev=share,mount_tag=share,event_idx=off");
   }
}

// The stock guest's kernel is given to QEMU; other disks bring a boot loader, which wants a VGA screen.
static void add_guest(struct vm_words *words, const struct vm *vm, const struct vm_machine *machine, const char *accel,
                      const struct vm_guest *guest)
{
   bool stock = !vm->disk && !vm->iso;
   vm_word(words, "-device");
   vm_word(words, "%s,venus=on,blob=on,hostmem=%lluM,event_idx=off", stock ? "virtio-gpu-gl-pci" : "virtio-vga-gl",
           (unsigned long long)(vm->gpu_window >> 20));
   if (!stock)
      return;
   two(words, "-kernel", guest->kernel);
   two(words, "-initrd", guest->initrd);
   vm_word(words, "-append");
   vm_word(words, "root=/dev/vda rw console=tty0 console=%s quiet systemd.show_status=0 systemd.firstboot=off%s%s",
           machine->console, vm->share ? " pearvisor.share" : "", emulated(accel) ? " mitigations=off" : "");
}

static void add_channels(struct vm_words *words)
{
   two(words, "-qmp", "unix:qmp,server=on,wait=off");
   two(words, "-chardev", "socket,id=serial,path=serial,server=on,wait=off,logfile=console");
   two(words, "-serial", "chardev:serial");
   two(words, "-device", "virtio-serial-pci,event_idx=off");
   for (int i = 0; i < VM_PORTS; i++) {
      vm_word(words, "-chardev");
      vm_word(words, "socket,id=exec%d,path=exec.%d,server=on,wait=off", i, i);
      vm_word(words, "-device");
      vm_word(words, "virtserialport,chardev=exec%d,name=pearvisor.%d", i, i);
   }
}

static void add_display(struct vm_words *words, const struct vm *vm, bool private)
{
   static const char *const windows[] = {NULL, "sdl,gl=on", "gtk,gl=on", NULL};
   two(words, "-display", windows[vm->display] ? windows[vm->display] : private ? "sdl,gl=on" : "egl-headless");
   if (vm->display == VM_DISPLAY_VNC && !private)
      two(words, "-vnc", "unix:vnc");
}

static void compose(struct vm_words *words, const struct vm *vm, const struct vm_machine *machine, const char *accel,
                    const struct vm_guest *guest, bool private)
{
   add_machine(words, vm, machine, accel);
   add_disks(words, vm);
   add_guest(words, vm, machine, accel, guest);
   add_channels(words);
   add_display(words, vm, private);
   two(words, "-netdev", "user,id=net");
   two(words, "-device", "virtio-net-pci,netdev=net,romfile=,event_idx=off");
   two(words, "-device", "virtio-rng-pci,event_idx=off");
   two(words, "-device", "virtio-keyboard-pci");
   two(words, "-device", "virtio-tablet-pci");
}

// The folder with our libvirglrenderer, installed or in a build. Allocated; NULL after a complaint.
static char *library_folder(void)
{
   static const char *const beside[] = {"../" PV_LIBDIR "/pearvisor", "../../src/virgl"};
   char *own = cli_own_path(), *slash = own ? strrchr(own, '/') : NULL, *found = NULL;
   for (size_t i = 0; slash && !found && i < sizeof(beside) / sizeof(*beside); i++) {
      char path[PATH_MAX];
      snprintf(path, sizeof(path), "%.*s/%s/%s", (int)(slash - own), own, beside[i], vm_library_name);
      char *library = realpath(path, NULL);
      if (library) {
         snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - own), own, beside[i]);
         found = realpath(path, NULL);
      }
      free(library);
   }
   free(own);
   if (!found)
      cli_fail("PearVisor is not complete: its %s is missing; install it again", vm_library_name);
   return found;
}

static void set_unless_null(const char *name, const char *value)
{
   if (value)
      setenv(name, value, 1);
}

// What QEMU, and through it the library and its worker, find in their environment.
static int set_environment(const struct cli_settings *settings, const struct vm_screen *screen)
{
   char *folder = library_folder();
   const char *old = getenv(vm_library);
   char value[2 * PATH_MAX];
   if (!folder)
      return -1;
   snprintf(value, sizeof(value), "%s%s%s", folder, old && *old ? ":" : "", old ? old : "");
   free(folder);
   cli_host_environment();
   setenv(vm_library, value, 1);
   set_unless_null("PEARVISOR_GPU", settings->gpu);
   set_unless_null("PEARVISOR_DRIVER", settings->driver);
   set_unless_null("PEARVISOR_RECORD", settings->record);
   setenv("PEARVISOR_LOG_LEVEL", cli_levels[settings->level], 1);
   if (screen->pid) {
      setenv("DISPLAY", screen->display, 1);
      setenv("XAUTHORITY", screen->authority, 1);
      setenv("SDL_VIDEODRIVER", "x11", 1);
      unsetenv("WAYLAND_DISPLAY");
   }
   return 0;
}

static int open_log(const struct vm *vm)
{
   char path[4200];
   snprintf(path, sizeof(path), "%s/log", vm->folder);
   int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
   if (fd < 0)
      cli_fail("cannot write %s: %s", path, strerror(errno));
   return fd;
}

static bool wants_screen(const struct vm *vm)
{
   return (vm->display == VM_DISPLAY_NONE || vm->display == VM_DISPLAY_VNC) && !vm_render_node();
}

int vm_boot(struct vm *vm, const struct cli_settings *settings, struct vm_running *out)
{
   struct vm_machine machine;
   struct vm_guest guest = {0};
   struct vm_words words = {0};
   char why[800];
   bool private = wants_screen(vm);
   *out = (struct vm_running){.log = -1};
   if (vm_machine(&machine) || (!vm->disk && !vm->iso && vm_guest(&guest)) || vm_make_disk(vm, &guest))
      return -1;
   if ((vm->display == VM_DISPLAY_SDL || vm->display == VM_DISPLAY_GTK) && !vm_desktop()) {
      cli_fail("there is no display to show a window on; use --headless or --display vnc");
      return -1;
   }
   const char *accel = vm_accel(&machine, vm->accel, why, sizeof(why));
   if (!accel || vm_watch())
      return -1;
   out->log = open_log(vm);
   if (out->log < 0 || (private && vm_screen_start(&out->screen, vm->folder, out->log)) ||
       set_environment(settings, &out->screen) || chdir(vm->folder) ||
       (private && vm->display == VM_DISPLAY_VNC && vm_screen_share(&out->screen, out->log))) {
      vm_kill(out);
      return -1;
   }
   fprintf(stderr, "pearvisor: VM '%s': %u processors by %s (%s)\n", vm->name, vm->cpus, accel, why);
   if (vm->display == VM_DISPLAY_VNC)
      fprintf(stderr, "pearvisor: its screen: vncviewer %s/vnc\n", vm->folder);
   compose(&words, vm, &machine, accel, &guest, private);
   int failed = words.failed ? cli_fail("out of memory")
                             : vm_spawn(&out->qemu, words.words, (int[]){-1, out->log, out->log}, -1, NULL);
   vm_words_free(&words);
   if (failed)
      vm_kill(out);
   return failed ? -1 : 0;
}

bool vm_alive(struct vm_running *running)
{
   if (running->qemu > 0 && waitpid(running->qemu, &running->status, WNOHANG) == running->qemu)
      running->qemu = 0;
   return running->qemu > 0;
}

bool vm_ended(struct vm_running *running)
{
   double deadline = vm_now() + 5;
   while (vm_alive(running) && vm_now() < deadline)
      poll(NULL, 0, 50);
   return !running->qemu;
}

static void clean(struct vm_running *running)
{
   static const char *const sockets[] = {"qmp", "serial", "exec.0", "exec.1", "exec.2", "exec.3", "vnc"};
   if (running->screen.pid)
      vm_screen_end(&running->screen, ".");
   for (size_t i = 0; running->log >= 0 && i < sizeof(sockets) / sizeof(*sockets); i++)
      unlink(sockets[i]);
   if (running->log >= 0)
      close(running->log);
   running->log = -1;
}

void vm_kill(struct vm_running *running)
{
   vm_end(&running->qemu);
   clean(running);
}

int vm_attend(struct vm_running *running)
{
   double insist = 0;
   while (vm_alive(running)) {
      struct pollfd event = {.fd = vm_wake, .events = POLLIN};
      if (vm_signals() > 1 || (insist > 0 && vm_now() > insist)) {
         vm_kill(running);
         return 128 + vm_signal();
      }
      if (vm_signal() && insist <= 0) {
         insist = vm_now() + POWEROFF_SECONDS;
         if (vm_qmp("qmp", "system_powerdown", NULL, "cannot ask the guest to power off"))
            insist = vm_now();
      }
      if (poll(&event, 1, 500) > 0)
         vm_awake();
   }
   bool good = WIFEXITED(running->status) && !WEXITSTATUS(running->status);
   if (!good)
      vm_explain(running);
   clean(running);
   return good ? CLI_OK : CLI_FAILURE;
}

static const struct {
   const char *said, *means;
} explanations[] = {
   {"lock", "a disk image is in use by another program; end that, or give another image"},
   {"No space left", "the disk is full; make room and try again"},
   {"does not accept value 'sdl'",
    "QEMU has no SDL window; install it (Debian and Ubuntu: qemu-system-gui, Fedora: qemu-ui-sdl)"},
   {"does not accept value 'gtk'",
    "QEMU has no GTK window; install it (Debian and Ubuntu: qemu-system-gui, Fedora: qemu-ui-gtk)"},
   {"virtio-gpu-gl-pci' is not a valid", "QEMU has no OpenGL GPU; install it (Debian and Ubuntu: "
                                         "qemu-system-modules-opengl, Fedora: qemu-device-display-virtio-gpu-gl)"},
   {"virtio-vga-gl' is not a valid", "QEMU has no OpenGL GPU; install it (Debian and Ubuntu: "
                                     "qemu-system-modules-opengl, Fedora: qemu-device-display-virtio-vga-gl)"},
   {"cannot set up guest memory", "there is not enough memory for the guest; give it less with --memory"},
   {"gtk initialization failed", "there is no display to show a window on; use --headless or --display vnc"},
   {"OpenGL is not supported by display", "there is no display to show a window on; use --headless or --display vnc"},
   {"No available video device", "there is no display to show a window on; use --headless or --display vnc"},
};

void vm_explain(const struct vm_running *running)
{
   char text[65536], folder[4096], *line = text;
   ssize_t n = pread(running->log, text, sizeof(text) - 1, 0);
   text[n > 0 ? n : 0] = '\0';
   for (size_t i = 0; i < sizeof(explanations) / sizeof(*explanations); i++) {
      if (strstr(text, explanations[i].said)) {
         cli_fail("%s", explanations[i].means);
         return;
      }
   }
   for (char *next = text; *next; next += *next == '\n') { // the last line, often the telling one
      line = next;
      next += strcspn(next, "\n");
   }
   line[strcspn(line, "\n")] = '\0';
   cli_fail("QEMU ended by itself%s%s (all it said: %s/log)", *line ? ": " : "", line,
            getcwd(folder, sizeof(folder)) ? folder : ".");
}
