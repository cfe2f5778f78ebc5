// SPDX-License-Identifier: MIT
//
// What the subcommands of the `pearvisor` tool share. A client of the public API and of nothing else.
//
// Exit statuses: 0 good, 1 failure, 2 usage; `run` has its command's.
#ifndef PEARVISOR_CLI_H
#define PEARVISOR_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pearvisor/server.h>

enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_USAGE = 2 };

// Subcommands, as bits so that an option can belong to several.
enum cli_id {
   CLI_SERVE = 1,
   CLI_RUN = 2,
   CLI_ENV = 4,
   CLI_INFO = 8,
   CLI_WORKER = 16,
   CLI_REPLAY = 32,
   CLI_DOCTOR = 64,
   CLI_SURVEY = 128,
   CLI_VM = 256, // its own commands follow
   CLI_VM_RUN = 512,
   CLI_VM_CREATE = 1024,
   CLI_VM_START = 2048,
   CLI_VM_OTHER = 4096,
   CLI_VM_EXEC = 8192,
};

// What the options said; zero is the default.
struct cli_settings {
   const char *socket, *gpu, *driver, *stats, *icd, *client, *memory, *record, *restriction, *sandbox, *config;
   const char *objects, *rings, *blobs, *contexts, *host_memory; // as they were given, for the worker
   const char *disk, *iso, *share, *display, *accel; // vm
   uint64_t memory_bytes, host_memory_bytes, object_count, disk_bytes;
   uint32_t ring_count, blob_count, context_count;
   uint32_t socket_mode, max_clients, cpus, wait;
   int level; // of the log
   int fd;    // worker: the connection; -1 if not given
   bool json, protocol, probe, vm;
   char **rest; // run, vm: the command; replay: the file; survey: what to look at; NULL-terminated
};

struct cli_command {
   const char *name;
   enum cli_id id;
   const char *operands; // behind the options, for the usage line; NULL: none
   const char *summary;
   const char *text; // for --help, below the options
   int level;        // of the log, if --log-level does not say
   int (*main)(const struct cli_settings *settings);
};

extern const struct cli_command cli_commands[]; // ends with a NULL name

int cli_serve(const struct cli_settings *settings);
int cli_run(const struct cli_settings *settings);
int cli_env(const struct cli_settings *settings);
int cli_info(const struct cli_settings *settings);
int cli_worker(const struct cli_settings *settings);
int cli_replay(const struct cli_settings *settings);
int cli_doctor(const struct cli_settings *settings);
int cli_survey(const struct cli_settings *settings);
int cli_vm(const struct cli_settings *settings);

// Reads a subcommand's options. -1: go on; else the status to exit with (help was printed, or one line of complaint).
int cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_settings *out);

// One line on stderr, "pearvisor: ...". Returns CLI_FAILURE.
__attribute__((format(printf, 1, 2))) int cli_fail(const char *format, ...);

// A string as JSON has it, in quotes, to standard output. NULL is the empty one.
void cli_print_json_string(const char *s);

// The path of this program, allocated; NULL if the system does not tell.
char *cli_own_path(void);

// The renderer's parameters as the options have them.
struct pv_renderer_params cli_renderer_params(const struct cli_settings *settings);

// $XDG_RUNTIME_DIR/pearvisor.sock, or /tmp/pearvisor-UID.sock; the same string every time.
const char *cli_default_socket(void);

// The guest's Vulkan driver: --icd, $PEARVISOR_ICD, or the first virtio ICD of the standard folders. Allocated; NULL
// after a line of complaint.
char *cli_find_icd(const char *given);
// The same, but the complaint goes to `why`.
char *cli_look_for_icd(const char *given, char *why, size_t size);

// What a guest needs in its environment. Values are allocated; a NULL value means that the variable must not be set.
struct cli_variable {
   const char *name;
   char *value;
};
#define CLI_VARIABLES 8
void cli_guest_environment(const char *socket, const char *icd, struct cli_variable out[CLI_VARIABLES]);
void cli_free_environment(struct cli_variable variables[CLI_VARIABLES]);

// Makes this process a fit place for the host's driver: what belongs to guests, or to the user's own programs, goes.
void cli_host_environment(void);

// Takes one line of a configuration file: `value` lives on. False, and `why` in words, if it is wrong.
typedef bool (*cli_set_fn)(void *user, const char *name, const char *value, char *why, size_t size);
// Reads such a file; CLI_FAILURE after a message with file and line.
int cli_read_config(const char *path, cli_set_fn set, void *user);

// The arguments that start a worker with these settings. NULL without memory. Free with cli_free_arguments.
char **cli_worker_arguments(const struct cli_settings *settings, bool probe);
void cli_free_arguments(char **argv);

// "error" to "debug", for levels 0 to 3.
extern const char *const cli_levels[4];

// Starts a worker that only tries whether a renderer can be made. False after a line of complaint, from it or from us.
bool cli_probe(const struct cli_settings *settings);

// Makes a server from the settings, on `socket`. NULL after a line of complaint.
pv_server *cli_make_server(const struct cli_settings *settings, const char *socket);

#endif
