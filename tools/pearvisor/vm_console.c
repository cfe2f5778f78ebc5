// SPDX-License-Identifier: MIT
//
// The guest's serial console on this terminal.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vm.h"

#define LEAVE 0x1d // Ctrl-]

static bool copy(int from, int to, bool *leave)
{
   char bytes[4096];
   ssize_t n = read(from, bytes, sizeof(bytes));
   if (n < 0 && errno == EINTR)
      return true;
   char *end = n > 0 && leave ? memchr(bytes, LEAVE, (size_t)n) : NULL;
   if (end) {
      *leave = true;
      n = end - bytes;
   }
   for (ssize_t done = 0, m; done < n; done += m) {
      if ((m = write(to, bytes + done, (size_t)(n - done))) < 0)
         return false;
   }
   return n > 0;
}

int vm_console(const char *name)
{
   struct termios before, raw;
   bool leave = false, terminal = !tcgetattr(STDIN_FILENO, &before), input = true;
   int fd = vm_connect("serial");
   if (fd < 0 || vm_watch())
      return cli_fail("cannot reach the console of '%s': %s", name, strerror(errno));
   if (terminal) {
      fprintf(stderr, "pearvisor: the console of '%s'; Ctrl-] leaves it\n", name);
      raw = before;
      cfmakeraw(&raw);
      tcsetattr(STDIN_FILENO, TCSANOW, &raw);
   }
   (void)!write(fd, "\r", 1); // so that a prompt shows
   while (!leave && !vm_signal()) {
      struct pollfd events[] = {{.fd = fd, .events = POLLIN},
                                {.fd = input ? STDIN_FILENO : -1, .events = POLLIN},
                                {.fd = vm_wake, .events = POLLIN}};
      if (poll(events, 3, -1) < 0)
         continue;
      if (events[0].revents && !copy(fd, STDOUT_FILENO, NULL))
         break;
      if (events[1].revents)
         input = copy(STDIN_FILENO, fd, &leave);
   }
   if (terminal) {
      tcsetattr(STDIN_FILENO, TCSANOW, &before);
      fputc('\n', stderr);
   }
   close(fd);
   return CLI_OK;
}
