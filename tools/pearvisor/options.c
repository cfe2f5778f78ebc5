// SPDX-License-Identifier: MIT
//
// One table of options for all subcommands: parsing, usage and help come from it.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const char *const cli_levels[4] = {"error", "warn", "info", "debug"};

#define LEAST_HOST_MEMORY (UINT64_C(128) << 20)

struct option_spec {
   const char *name;
   const char *argument;                                                 // NULL: a flag
   unsigned commands;                                                    // who has it
   const char *help;                                                     // NULL: not for people
   const char *(*set)(struct cli_settings *settings, const char *value); // NULL, or what the value must be
};

// A decimal or (base 8) octal number; false if there is anything else in it.
static bool parse_number(const char *value, int base, uint64_t max, uint64_t *out)
{
   char *end;
   errno = 0;
   *out = strtoull(value, &end, base);
   return *value >= '0' && *value <= '9' && !*end && !errno && *out <= max;
}

// 512M, 4G, 65536: a number of bytes, or of powers of 1024 of them.
static bool parse_size(const char *value, uint64_t *out)
{
   static const char suffixes[] = "KMGT";
   char *end;
   errno = 0;
   *out = strtoull(value, &end, 10);
   if (*value < '0' || *value > '9' || errno)
      return false;
   const char *suffix = *end ? strchr(suffixes, *end >= 'a' ? *end - 'a' + 'A' : *end) : NULL;
   unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
   if (suffix)
      end++;
   if (suffix && (!strcmp(end, "iB") || !strcmp(end, "B")))
      end = "";
   if (*end || *out > UINT64_MAX >> shift)
      return false;
   *out <<= shift;
   return *out > 0;
}

static const char *set_socket(struct cli_settings *s, const char *value)
{
   s->socket = value;
   return *value ? NULL : "a path";
}

static const char *set_socket_mode(struct cli_settings *s, const char *value)
{
   uint64_t mode;
   if (!parse_number(value, 8, 0777, &mode) || !mode)
      return "permission bits in octal, such as 0660";
   s->socket_mode = (uint32_t)mode;
   return NULL;
}

static const char *set_gpu(struct cli_settings *s, const char *value)
{
   s->gpu = value;
   return *value ? NULL : "an index, a UUID or a part of a name";
}

static const char *set_driver(struct cli_settings *s, const char *value)
{
   s->driver = value;
   return *value ? NULL : "the path of a Vulkan driver library";
}

static const char *set_max_clients(struct cli_settings *s, const char *value)
{
   uint64_t n;
   if (!parse_number(value, 10, 65536, &n) || !n)
      return "a number from 1 to 65536";
   s->max_clients = (uint32_t)n;
   return NULL;
}

static const char *set_memory(struct cli_settings *s, const char *value)
{
   s->memory = value;
   return parse_size(value, &s->memory_bytes) ? NULL : "a size such as 512M or 4G";
}

static const char *set_host_memory(struct cli_settings *s, const char *value)
{
   s->host_memory = value;
   return parse_size(value, &s->host_memory_bytes) && s->host_memory_bytes >= LEAST_HOST_MEMORY
              ? NULL
              : "a size of 128M or more (drivers need that much for themselves)";
}

static const char *set_objects(struct cli_settings *s, const char *value)
{
   s->objects = value;
   return parse_number(value, 10, UINT32_MAX, &s->object_count) && s->object_count >= 64
              ? NULL
              : "a number of 64 or more (a Vulkan device alone takes some dozens)";
}

// A number of at least 1; false if it is none.
static bool parse_count(const char *value, uint64_t max, uint32_t *out)
{
   uint64_t n;
   if (!parse_number(value, 10, max, &n) || !n)
      return false;
   *out = (uint32_t)n;
   return true;
}

static const char *set_rings(struct cli_settings *s, const char *value)
{
   s->rings = value;
   return parse_count(value, 4096, &s->ring_count) ? NULL : "a number from 1 to 4096";
}

static const char *set_blobs(struct cli_settings *s, const char *value)
{
   s->blobs = value;
   return parse_count(value, UINT32_MAX, &s->blob_count) && s->blob_count >= 8
              ? NULL
              : "a number of 8 or more (a guest's driver has some for itself)";
}

static const char *set_contexts(struct cli_settings *s, const char *value)
{
   s->contexts = value;
   return parse_count(value, 65536, &s->context_count) ? NULL : "a number from 1 to 65536";
}

static const char *set_config(struct cli_settings *s, const char *value)
{
   s->config = value;
   return *value ? NULL : "a path";
}

static const char *set_stats(struct cli_settings *s, const char *value)
{
   s->stats = value;
   return *value ? NULL : "a path";
}

static const char *set_record(struct cli_settings *s, const char *value)
{
   s->record = value;
   return *value ? NULL : "a folder";
}

static const char *set_restrict(struct cli_settings *s, const char *value)
{
   s->restriction = value;
   return *value ? NULL : "the name of a driver to imitate";
}

static const char *set_icd(struct cli_settings *s, const char *value)
{
   s->icd = value;
   return *value ? NULL : "the path of a driver manifest";
}

static const char *set_log_level(struct cli_settings *s, const char *value)
{
   for (int i = 0; i < 4; i++) {
      if (!strcmp(value, cli_levels[i])) {
         s->level = i;
         return NULL;
      }
   }
   return "error, warn, info or debug";
}

static const char *set_sandbox(struct cli_settings *s, const char *value)
{
   s->sandbox = value;
   return !strcmp(value, "strict") || !strcmp(value, "default") || !strcmp(value, "off") ? NULL
                                                                                         : "strict, default or off";
}

static const char *set_json(struct cli_settings *s, const char *value)
{
   s->json = true;
   return NULL;
}

static const char *set_protocol(struct cli_settings *s, const char *value)
{
   s->protocol = true;
   return NULL;
}

static const char *set_probe(struct cli_settings *s, const char *value)
{
   s->probe = true;
   return NULL;
}

static const char *set_vm(struct cli_settings *s, const char *value)
{
   s->vm = true;
   return NULL;
}

static const char *set_disk(struct cli_settings *s, const char *value)
{
   s->disk = value;
   return *value ? NULL : "the path of a disk image";
}

static const char *set_iso(struct cli_settings *s, const char *value)
{
   s->iso = value;
   return *value ? NULL : "the path of an ISO image";
}

static const char *set_size(struct cli_settings *s, const char *value)
{
   return parse_size(value, &s->disk_bytes) ? NULL : "a size such as 32G";
}

static const char *set_cpus(struct cli_settings *s, const char *value)
{
   uint64_t n;
   if (!parse_number(value, 10, 255, &n) || !n)
      return "a number from 1 to 255";
   s->cpus = (uint32_t)n;
   return NULL;
}

static const char *set_wait(struct cli_settings *s, const char *value)
{
   return parse_count(value, 86400, &s->wait) ? NULL : "a number of seconds from 1 to 86400";
}

static const char *set_display(struct cli_settings *s, const char *value)
{
   s->display = value;
   return !strcmp(value, "none") || !strcmp(value, "sdl") || !strcmp(value, "gtk") || !strcmp(value, "vnc")
              ? NULL
              : "none, sdl, gtk or vnc";
}

static const char *set_headless(struct cli_settings *s, const char *value)
{
   s->display = "none";
   return NULL;
}

static const char *set_share(struct cli_settings *s, const char *value)
{
   s->share = value;
   return *value ? NULL : "a folder";
}

static const char *set_accel(struct cli_settings *s, const char *value)
{
   s->accel = value;
   return !strcmp(value, "auto") || !strcmp(value, "kvm") || !strcmp(value, "hvf") || !strcmp(value, "tcg")
              ? NULL
              : "auto, kvm, hvf or tcg";
}

static const char *set_fd(struct cli_settings *s, const char *value)
{
   uint64_t fd;
   if (!parse_number(value, 10, 65535, &fd))
      return "a descriptor";
   s->fd = (int)fd;
   return NULL;
}

static const char *set_client(struct cli_settings *s, const char *value)
{
   s->client = value;
   return NULL;
}

#define VM_NEW (CLI_VM_RUN | CLI_VM_CREATE)
#define VM_ANY (VM_NEW | CLI_VM_START)
#define VM_GO  (CLI_VM_RUN | CLI_VM_START)

static const struct option_spec specs[] = {
   {"disk", "FILE", VM_NEW, "a disk image of your own, which is only read (a Debian 13 guest)", set_disk},
   {"iso", "FILE", VM_NEW, "an installer to boot, with an empty disk", set_iso},
   {"size", "SIZE", VM_NEW, "the empty disk's size (32G)", set_size},
   {"memory", "SIZE", VM_ANY, "the guest's memory (2G)", set_memory},
   {"cpus", "N", VM_ANY, "the guest's processors (the host's, at most 4)", set_cpus},
   {"display", "D", VM_ANY, "none, sdl, gtk or vnc (none)", set_display},
   {"headless", NULL, VM_ANY, "the same as --display none", set_headless},
   {"share", "DIR", VM_ANY, "a folder the guest sees, and may change, as /mnt/share", set_share},
   {"accel", "A", VM_ANY, "kvm, hvf or tcg (auto: the first that can boot a kernel)", set_accel},
   {"wait", "SECONDS", CLI_VM_RUN | CLI_VM_EXEC, "for the guest to take the command (900)", set_wait},
   {"gpu", "SEL", VM_GO, "GPUs, as for 'pearvisor serve'", set_gpu},
   {"driver", "LIB", VM_GO, "the host's Vulkan driver library (the Vulkan loader's choice)", set_driver},
   {"record", "DIR", VM_GO, "record the guest's Vulkan commands to DIR", set_record},
   {"log-level", "L", VM_GO, "of the renderer, in the VM's log: error, warn, info or debug", set_log_level},
   {"socket", "PATH", CLI_SERVE | CLI_ENV, "the server's socket ($XDG_RUNTIME_DIR/pearvisor.sock)", set_socket},
   {"socket", "PATH", CLI_DOCTOR, "a running server's socket to try (a server of its own)", set_socket},
   {"socket-mode", "MODE", CLI_SERVE, "its permission bits (0600)", set_socket_mode},
   {"gpu", "SEL", CLI_SERVE | CLI_RUN | CLI_INFO | CLI_REPLAY | CLI_WORKER | CLI_DOCTOR | CLI_SURVEY,
    "GPUs: one by index, UUID or a part of its name, or several indices such as 0,2 (all)", set_gpu},
   {"driver", "LIB", CLI_SERVE | CLI_RUN | CLI_INFO | CLI_REPLAY | CLI_WORKER | CLI_DOCTOR | CLI_SURVEY,
    "the host's Vulkan driver library (the Vulkan loader's choice)", set_driver},
   {"max-clients", "N", CLI_SERVE | CLI_RUN, "so many clients at once (64)", set_max_clients},
   {"memory", "SIZE", CLI_SERVE | CLI_RUN | CLI_WORKER, "the memory one client may use, such as 512M or 4G (all)",
    set_memory},
   {"host-memory", "SIZE", CLI_SERVE | CLI_RUN | CLI_WORKER,
    "the private memory of one client's worker, driver included (all)", set_host_memory},
   {"objects", "N", CLI_SERVE | CLI_RUN | CLI_WORKER, "so many Vulkan objects per client (4194304)", set_objects},
   {"blobs", "N", CLI_SERVE | CLI_RUN | CLI_WORKER, "so many pieces of shared or mapped memory per client (65536)",
    set_blobs},
   {"rings", "N", CLI_SERVE | CLI_RUN | CLI_WORKER, "so many command rings per client (64)", set_rings},
   {"contexts", "N", CLI_WORKER, NULL, set_contexts},
   {"config", "FILE", CLI_SERVE | CLI_RUN, "a file of such options, one 'name = value' a line", set_config},
   {"stats", "FILE", CLI_SERVE | CLI_RUN | CLI_WORKER, "append one line of JSON per client that has left", set_stats},
   {"record", "DIR", CLI_SERVE | CLI_RUN | CLI_WORKER, "record every client's commands to DIR/client-N.pvrec",
    set_record},
   {"restrict", "NAME", CLI_SERVE | CLI_RUN | CLI_INFO | CLI_REPLAY | CLI_WORKER,
    "for tests: moltenvk, kosmickrisp, nvidia or vulkan11; the host's driver is shown as no more", set_restrict},
   {"sandbox", "S", CLI_SERVE | CLI_RUN | CLI_WORKER,
    "of workers: strict, default or off ($PEARVISOR_SANDBOX, default)", set_sandbox},
   {"icd", "JSON", CLI_RUN | CLI_ENV | CLI_DOCTOR, "the manifest of the guest's Mesa virtio driver (looked for)",
    set_icd},
   {"json", NULL, CLI_INFO | CLI_DOCTOR, "print JSON", set_json},
   {"protocol", NULL, CLI_INFO, "print which commands of the protocol are left out, and why", set_protocol},
   {"log-level", "L", CLI_SERVE | CLI_RUN | CLI_INFO | CLI_REPLAY | CLI_WORKER, "error, warn, info or debug",
    set_log_level},
   {"probe", NULL, CLI_WORKER, NULL, set_probe},
   {"vm", NULL, CLI_WORKER, NULL, set_vm},
   {"fd", "N", CLI_WORKER, NULL, set_fd},
   {"client", "N", CLI_WORKER, NULL, set_client},
};
#define SPECS ((int)(sizeof(specs) / sizeof(*specs)))

static void print_help(const struct cli_command *command)
{
   printf("usage: pearvisor %s [OPTION...]%s%s\n%s\n\n", command->name, command->operands ? " " : "",
          command->operands ? command->operands : "", command->summary);
   for (int i = 0; i < SPECS; i++) {
      char left[32];
      if (!(specs[i].commands & command->id) || !specs[i].help)
         continue;
      snprintf(left, sizeof(left), "--%s%s%s", specs[i].name, specs[i].argument ? " " : "",
               specs[i].argument ? specs[i].argument : "");
      printf("  %-20s %s\n", left, specs[i].help);
   }
   printf("  %-20s %s\n", "--help", "this text");
   if (command->text)
      printf("\n%s\n", command->text);
}

static int usage(const struct cli_command *command, const char *what, const char *which)
{
   fprintf(stderr, "pearvisor %s: %s '%s' (see 'pearvisor %s --help')\n", command->name, what, which, command->name);
   return CLI_USAGE;
}

// getopt's view of the table: the options of this command, val = index + 1000.
static void long_options(enum cli_id id, struct option out[SPECS + 2])
{
   int n = 0;
   for (int i = 0; i < SPECS; i++) {
      if (specs[i].commands & id)
         out[n++] = (struct option){specs[i].name, specs[i].argument ? required_argument : no_argument, NULL, 1000 + i};
   }
   out[n++] = (struct option){"help", no_argument, NULL, 'h'};
   out[n] = (struct option){0};
}

static int set_option(const struct cli_command *command, int index, struct cli_settings *out)
{
   const struct option_spec *spec = &specs[index];
   const char *wanted = spec->set(out, optarg);
   if (!wanted)
      return -1;
   fprintf(stderr, "pearvisor %s: --%s must be %s, not '%s'\n", command->name, spec->name, wanted, optarg);
   return CLI_USAGE;
}

// What a line of a configuration file is set in.
struct file_target {
   const struct cli_command *command;
   struct cli_settings *settings;
};

static bool set_from_file(void *user, const char *name, const char *value, char *why, size_t size)
{
   const struct file_target *target = user;
   for (int i = 0; i < SPECS; i++) {
      const struct option_spec *spec = &specs[i];
      if (!(spec->commands & target->command->id) || !spec->argument || strcmp(spec->name, name) ||
          !strcmp(name, "config"))
         continue;
      const char *wanted = spec->set(target->settings, value);
      if (wanted)
         snprintf(why, size, "%s must be %s, not '%s'", name, wanted, value);
      return !wanted;
   }
   snprintf(why, size, "'%s' is no option of 'pearvisor %s' that has a value", name, target->command->name);
   return false;
}

// -1: go on; else the status to end with.
static int parse_options(const struct cli_command *command, int argc, char **argv, struct cli_settings *out)
{
   struct option options[SPECS + 2];
   int status = -1, c;
   long_options(command->id, options);
   opterr = 0;
   optind = 1;
   while (status < 0 && (c = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
      if (c == 'h') {
         print_help(command);
         return CLI_OK;
      }
      if (c == ':')
         return usage(command, "a value is missing after", argv[optind - 1]);
      if (c == '?')
         return usage(command, "wrong option", argv[optind - 1]);
      status = set_option(command, c - 1000, out);
   }
   return status;
}

int cli_parse(const struct cli_command *command, int argc, char **argv, struct cli_settings *out)
{
   const struct cli_settings defaults = {.level = command->level, .fd = -1};
   *out = defaults;
   int status = parse_options(command, argc, argv, out);
   if (status < 0 && out->config) { // once more: the command line overrules the file
      const char *path = out->config;
      *out = defaults;
      status = cli_read_config(path, set_from_file, &(struct file_target){command, out});
      status = status ? status : parse_options(command, argc, argv, out);
   }
   out->rest = argv + optind;
   if (status < 0 && optind < argc && !command->operands)
      return usage(command, "unexpected argument", argv[optind]);
   return status;
}
