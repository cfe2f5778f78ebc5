// SPDX-License-Identifier: MIT
//
// What the files of `pearvisor vm` share. QEMU is the machine, PearVisor's libvirglrenderer its GPU; this is what
// stands around them: guest images, names, sockets, a private display, and an order in which everything ends.
//
// A VM is a folder of the user's data folder, its name is the folder's:
//    config     one line per setting
//    disk.qcow2 what the guest has written, over an image that stays as it is
//    lock       locked by the process that runs it, as long as it runs
//    qmp, serial, exec.N   QEMU's sockets; names without a folder, because a socket's path must be short:
//               whoever uses them makes the VM's folder the current one
//    log        what QEMU, the display and the renderer said last time
//
// Functions that return int and say nothing else return 0, or -1 after a line of complaint (cli_fail).
#ifndef PEARVISOR_VM_H
#define PEARVISOR_VM_H

#include <stdio.h>

#include "cli.h"

enum { VM_PORTS = 4 }; // commands that can run in a guest at a time

enum vm_display { VM_DISPLAY_NONE, VM_DISPLAY_SDL, VM_DISPLAY_GTK, VM_DISPLAY_VNC };

struct vm {
   char name[64];
   char folder[4096];
   int lock;       // the descriptor, or -1
   bool throwaway; // goes when it ends
   // config
   char *disk, *iso, *share; // absolute paths; NULL: the stock guest, none, none
   uint64_t memory, disk_bytes, gpu_window;
   uint32_t cpus;
   enum vm_display display;
   char accel[16]; // "auto" or what QEMU calls it
};

// vm_store.c ---------------------------------------------------------------------------------------------------------

// $XDG_DATA_HOME/pearvisor/vms or $XDG_CACHE_HOME/pearvisor, made if need be. False after a line of complaint.
bool vm_data_folder(char out[4096]);
bool vm_cache_folder(char out[4096]);

bool vm_exists(const char *name);
// A VM of defaults, with what the options say; its folder does not exist yet. `name` NULL: a throw-away one.
int vm_describe(struct vm *vm, const char *name, const struct cli_settings *settings);
// Reads an existing VM's config, then overrides it by the options.
int vm_open(struct vm *vm, const char *name, const struct cli_settings *settings);
// Makes the folder, writes the config. A disk is vm_image's to make.
int vm_save(const struct vm *vm);
// Locks the VM for this process. -1 after a complaint if it runs.
int vm_lock(struct vm *vm);
// The process that runs the VM; 0 if none does.
pid_t vm_runner(const char *folder);
// Removes the folder with all that is in it.
int vm_remove(const struct vm *vm);
// Removes throw-away VMs whose process was killed before it could.
void vm_sweep(void);
void vm_close(struct vm *vm);
// Calls `each` for every VM's name in order; false if there is no data folder.
bool vm_each(void (*each)(const char *name, void *data), void *data);

// vm_image.c ---------------------------------------------------------------------------------------------------------

struct vm_guest { // the stock guest, in the cache
   char disk[4200], kernel[4200], initrd[4200];
};

// Finds the stock guest, or makes it (minutes).
int vm_guest(struct vm_guest *out);
// The same, but only looks. False if there is none.
bool vm_find_guest(struct vm_guest *out);
// Makes the VM's disk.qcow2 unless it is there.
int vm_make_disk(const struct vm *vm, const struct vm_guest *guest);

// vm_process.c -------------------------------------------------------------------------------------------------------

// Starts a program in a session of its own that ends with this process. `fds` become its descriptors 0, 1 and 2 (-1:
// /dev/null); `keep`, if not negative, stays open in it under its own number. 0, or -1 after a complaint.
int vm_spawn(pid_t *pid, char **argv, const int fds[3], int keep, const char *folder);
// Runs a program, its standard output (and error, if `both`) into `out`, ended by a zero byte. Returns its exit status,
// -1 if it could not be started (without a complaint) or was ended after `seconds`.
int vm_capture(char **argv, char *out, size_t size, bool both, int seconds);
// Ends a child, if it is one (> 0): asks, and after a few seconds insists.
void vm_end(pid_t *pid);
// A list of words that grows; `vm_words` formats one. Without memory the list becomes `failed`.
struct vm_words {
   char **words;
   size_t n;
   bool failed;
};
__attribute__((format(printf, 2, 3))) void vm_word(struct vm_words *list, const char *format, ...);
void vm_words_free(struct vm_words *list);
// True if there is such a program on the path.
bool vm_have(const char *program);
// Random bytes. False if the system has none.
bool vm_random(void *out, size_t size);
// Seconds of a clock that only goes forward.
double vm_now(void);

// From the first call on: SIGINT, SIGTERM and SIGHUP are counted, and vm_wake becomes readable with them and with the
// end of a child.
extern int vm_wake;
int vm_watch(void);
void vm_awake(void);       // empties vm_wake
int vm_signal(void);       // the first signal, or 0
unsigned vm_signals(void); // how many

// vm_linux.c, vm_darwin.c --------------------------------------------------------------------------------------------

void vm_die_with(pid_t parent);             // in a child: ends it with its parent, where the system can
bool vm_render_node(void);                  // is there a GPU that QEMU can draw with, without a display?
bool vm_desktop(void);                      // is there a display to show windows on?
extern const char *const vm_library;        // the variable that names folders of libraries
extern const char *const vm_library_name;   // what QEMU looks for there
extern const char *const vm_memory_backend; // memory that can be shared
extern const char *const vm_accels[];       // what to try, best first; ends with NULL ("tcg" is never in it)

// vm_accel.c ---------------------------------------------------------------------------------------------------------

struct vm_machine {
   const char *program, *type, *console;
   const char *emulated; // the processor to emulate: the best, without what only costs time in software
};

// QEMU for this machine's processor, which must be installed and new enough.
int vm_machine(struct vm_machine *out);
// What to say to -accel. `why` says in a few words why it is that. Tries once per host kernel, QEMU and boot loader.
const char *vm_accel(const struct vm_machine *machine, const char *wanted, char *why, size_t size);

// vm_display.c -------------------------------------------------------------------------------------------------------

// A private X server. It writes its pixels to a file in `folder`.
struct vm_screen {
   pid_t pid, vnc;
   char display[16], authority[4200];
};
int vm_screen_start(struct vm_screen *screen, const char *folder, int log);
// Shows it, at the socket `vnc` in the current folder, to VNC viewers. The environment says which display.
int vm_screen_share(struct vm_screen *screen, int log);
void vm_screen_end(struct vm_screen *screen, const char *folder);
// Writes what such a server shows as PNG to an open file; the path is for messages.
int vm_screen_save(const char *folder, FILE *out, const char *path);

// vm_qmp.c -----------------------------------------------------------------------------------------------------------

// Connects to a socket in the current folder; -1 with errno.
int vm_connect(const char *name);
// Sends a command with JSON arguments (NULL: none) to one of QEMU's monitors. -1 after a complaint, `what` in it.
int vm_qmp(const char *socket, const char *command, const char *arguments, const char *what);
// Whether QEMU answers a question: it does when it has opened all that it was given. (It greets before that.)
bool vm_answers(const char *socket);

// vm_qemu.c ----------------------------------------------------------------------------------------------------------

struct vm_running {
   pid_t qemu; // 0: it ended
   int status; // as waitpid has it
   struct vm_screen screen;
   int log;
};

// Starts QEMU and what it needs; the VM's folder is the current one from here on.
int vm_boot(struct vm *vm, const struct cli_settings *settings, struct vm_running *out);
// Waits until the guest has powered off, or a signal asks for it: then the guest is asked to, and made to. Returns an
// exit status.
int vm_attend(struct vm_running *running);
// Ends at once.
void vm_kill(struct vm_running *running);
// True if QEMU is still there; else its status is known.
bool vm_alive(struct vm_running *running);
// For when QEMU does not answer: true if it ends within a few seconds.
bool vm_ended(struct vm_running *running);
// One sentence about how QEMU ended by itself, from its log.
void vm_explain(const struct vm_running *running);

// vm_exec.c ----------------------------------------------------------------------------------------------------------

// Runs a command in the guest whose folder is the current one, waiting for it to boot. Standard streams are ours.
// Returns its exit status. Gives up on a guest that has not taken it after `wait` seconds (0: 900). `running` may be
// NULL.
int vm_exec(char **command, bool input, unsigned wait, struct vm_running *running);

// vm_console.c -------------------------------------------------------------------------------------------------------

int vm_console(const char *name);

#endif
