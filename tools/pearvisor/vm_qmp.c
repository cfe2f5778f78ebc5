// SPDX-License-Identifier: MIT
//
// A word with QEMU's monitor: one command a connection.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vm.h"

int vm_connect(const char *name)
{
   struct sockaddr_un address = {.sun_family = AF_UNIX};
   int fd = socket(AF_UNIX, SOCK_STREAM, 0);
   if (fd < 0)
      return -1;
   fcntl(fd, F_SETFD, FD_CLOEXEC);
   snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
   if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
      return fd;
   int err = errno;
   close(fd);
   errno = err;
   return -1;
}

// Reads lines until one begins with `wanted` or with "{"error"". Events in between are nothing to us.
static bool await(int fd, const char *wanted, char *line, size_t size)
{
   size_t n = 0;
   double deadline = vm_now() + 30;
   while (vm_now() < deadline) {
      struct pollfd event = {.fd = fd, .events = POLLIN};
      char c;
      if (poll(&event, 1, 1000) <= 0)
         continue;
      if (read(fd, &c, 1) != 1)
         return false;
      if (n + 1 < size)
         line[n++] = c;
      if (c != '\n')
         continue;
      line[n] = '\0';
      n = 0;
      if (!strncmp(line, wanted, strlen(wanted)))
         return true;
      if (!strncmp(line, "{\"error\"", 8))
         return false;
   }
   return false;
}

static bool say(int fd, const char *line)
{
   size_t n = strlen(line);
   return write(fd, line, n) == (ssize_t)n;
}

// `line`: the answer, or what came instead.
static bool talk(const char *socket, const char *command, const char *arguments, char line[8192])
{
   char request[8192];
   int fd = vm_connect(socket);
   line[0] = '\0';
   snprintf(request, sizeof(request), "{\"execute\": \"%s\"%s%s}\n", command, arguments ? ", \"arguments\": " : "",
            arguments ? arguments : "");
   bool done = fd >= 0 && await(fd, "{\"QMP\"", line, 8192) && say(fd, "{\"execute\": \"qmp_capabilities\"}\n") &&
               await(fd, "{\"return\"", line, 8192) && say(fd, request) && await(fd, "{\"return\"", line, 8192);
   if (fd >= 0)
      close(fd);
   return done;
}

bool vm_answers(const char *socket)
{
   char line[8192];
   return talk(socket, "query-status", NULL, line);
}

int vm_qmp(const char *socket, const char *command, const char *arguments, const char *what)
{
   char line[8192];
   if (talk(socket, command, arguments, line))
      return 0;
   char *text = strstr(line, "\"desc\": \"");
   if (text)
      text[strcspn(text + 9, "\"") + 9] = '\0';
   cli_fail("%s: %s", what, text ? text + 9 : "QEMU does not answer");
   return -1;
}
