// SPDX-License-Identifier: MIT
//
// pearvisor: the command-line tool.
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

const struct cli_command cli_commands[] = {
   {.name = "serve",
    .id = CLI_SERVE,
    .summary = "Offers this host's GPUs to containers and processes over a socket, each in a worker of its own.",
    .text = "A client needs Mesa's virtio Vulkan driver and what 'pearvisor env' prints. SIGINT and SIGTERM end the\n"
            "server in order.",
    .level = 2,
    .main = cli_serve},
   {.name = "run",
    .id = CLI_RUN,
    .operands = "[--] COMMAND [ARGUMENT...]",
    .summary = "Runs a command as the guest of a private server and exits with its status.",
    .text = "Input, output and signals are the command's own. Exits with 127 if there is no such command, 126 if it\n"
            "cannot be started, 128 + N if signal N ended it, 1 if the renderer does not work.",
    .level = 1,
    .main = cli_run},
   {.name = "env",
    .id = CLI_ENV,
    .summary = "Prints the environment a client of 'pearvisor serve' needs: eval \"$(pearvisor env)\".",
    .level = 1,
    .main = cli_env},
   {.name = "info",
    .id = CLI_INFO,
    .summary = "Shows this host's GPUs, how guests reach their memory, and what a guest will see.",
    .level = 1,
    .main = cli_info},
   {.name = "vm",
    .id = CLI_VM,
    .operands = "COMMAND",
    .summary = "Boots Linux guests with a PearVisor GPU, on QEMU.",
    .text = "Commands, each with a --help of its own:\n"
            "  run          boots a guest in the foreground, makes one first if need be, runs a command in it\n"
            "  create       makes a VM with a name\n"
            "  start, stop  boots a VM in the background, powers it off\n"
            "  list         shows all VMs\n"
            "  delete       removes a VM and what its guest wrote\n"
            "  exec         runs a command in a running guest\n"
            "  console      connects this terminal to a guest's serial console\n"
            "  screenshot   writes a guest's screen as PNG",
    .level = 1,
    .main = cli_vm},
   {.name = "doctor",
    .id = CLI_DOCTOR,
    .summary = "Finds what leaves guests without a GPU, or with a software one, and says how to mend it.",
    .text =
        "Loads the drivers, makes devices, and becomes a guest: of a server of its own, or of the one at --socket.\n"
        "Exits with 1 if there is a problem; warnings do not count.",
    .level = 0,
    .main = cli_doctor},
   {.name = "survey",
    .id = CLI_SURVEY,
    .operands = "WHAT",
    .summary = "Asks drivers something; started by 'doctor'.",
    .level = 1,
    .main = cli_survey},
   {.name = "replay",
    .id = CLI_REPLAY,
    .operands = "FILE",
    .summary = "Executes a recording (see --record of 'serve' and 'run') once more, without its guest.",
    .text = "A recording holds the commands, not what memory contained: it shows how the host's driver takes them.\n"
            "Exits with 1 if the recording is damaged or cut off, or if the context did not stay alive.",
    .level = 1,
    .main = cli_replay},
   {.name = "worker",
    .id = CLI_WORKER,
    .summary = "Serves one client; started by the server.",
    .level = 1,
    .main = cli_worker},
   {0},
};

int cli_fail(const char *format, ...)
{
   va_list args;
   va_start(args, format);
   fputs("pearvisor: ", stderr);
   vfprintf(stderr, format, args);
   fputc('\n', stderr);
   va_end(args);
   return CLI_FAILURE;
}

static int print_help(void)
{
   printf("usage: pearvisor COMMAND [OPTION...]\nA real Vulkan GPU for virtual machines and containers.\n\n");
   for (const struct cli_command *c = cli_commands; c->name; c++) {
      if (c->id != CLI_WORKER && c->id != CLI_SURVEY)
         printf("  %-10s %s\n", c->name, c->summary);
   }
   printf("\n  --help     this text; 'pearvisor COMMAND --help' has a command's options\n  --version  the version\n");
   return CLI_OK;
}

static int complain(const char *word)
{
   if (word)
      fprintf(stderr, "pearvisor: unknown command '%s' (see 'pearvisor --help')\n", word);
   else
      fprintf(stderr, "pearvisor: a command is missing (see 'pearvisor --help')\n");
   return CLI_USAGE;
}

// Output nobody could be told of (a full disk, a closed pipe) is a failure, not a success.
static int flushed(int status)
{
   if (fflush(stdout) || ferror(stdout))
      return status ? status : CLI_FAILURE;
   return status;
}

int main(int argc, char **argv)
{
   const char *word = argc > 1 ? argv[1] : NULL;
   signal(SIGCHLD, SIG_DFL); // if it was ignored when we were started, nobody would tell us how our children end
   if (word && (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")))
      return flushed(print_help());
   if (word && !strcmp(word, "--version")) {
      printf("pearvisor %s\n", pv_version());
      return flushed(CLI_OK);
   }
   for (const struct cli_command *c = cli_commands; word && c->name; c++) {
      struct cli_settings settings;
      if (strcmp(word, c->name))
         continue;
      int status = cli_parse(c, argc - 1, argv + 1, &settings);
      if (status < 0) {
         pv_set_log(NULL, NULL, settings.level);
         status = c->main(&settings);
      }
      return flushed(status);
   }
   return complain(word);
}
