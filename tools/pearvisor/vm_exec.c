// SPDX-License-Identifier: MIT
//
// Commands in a guest: our end of a virtio-serial port; the other end, and the protocol, are in guest/agent.
//
// A request may be made before the guest is up: it waits in the port until the agent comes.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm.h"

enum { HEADER = 5, CHUNK = 65536, NONCE = 8, MARK = 16 };

static const unsigned char mark[] = "\x93pearvisor-run\x1a\x0c";  // begins a session, whatever came before
static const unsigned char again[] = "\x93pearvisor-new\x1a\x0c"; // from an agent that has just started

#define PATIENCE 900 // seconds in which a guest boots, emulated too

struct session {
   int fd, lock;
   bool begun, input; // the agent has taken us on; there is more to come from stdin
   bool restarted;    // the guest was, and with it the agent
   double patience;   // vm_now() at which an agent that has not answered is none
   unsigned char hello[HEADER + NONCE];
   unsigned char in[HEADER + CHUNK]; // frames, the last one perhaps not complete
   size_t got;
   unsigned char out[HEADER + CHUNK]; // one frame, what is left of it
   size_t left, sent;
   int status; // -1: still running
};

static void put_header(unsigned char *p, char type, size_t n)
{
   p[0] = (unsigned char)type;
   for (int i = 0; i < 4; i++)
      p[1 + i] = (unsigned char)(n >> (8 * i));
}

static size_t frame_size(const unsigned char *p)
{
   return p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 | (size_t)p[4] << 24;
}

// A port that nobody else uses. QEMU may not have made its sockets yet.
static bool take_port(struct session *s)
{
   for (int i = 0; i < VM_PORTS; i++) {
      char name[16];
      struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
      snprintf(name, sizeof(name), "port.%d", i);
      s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      snprintf(name, sizeof(name), "exec.%d", i);
      if (s->lock >= 0 && !fcntl(s->lock, F_SETLK, &lock) && (s->fd = vm_connect(name)) >= 0) {
         fcntl(s->fd, F_SETFL, O_NONBLOCK);
         return true;
      }
      if (s->lock >= 0)
         close(s->lock);
   }
   return false;
}

static bool wait_for_port(struct session *s, struct vm_running *running)
{
   double deadline = vm_now() + 30;
   while (!take_port(s)) {
      if (vm_signal())
         return false;
      if (running && !vm_alive(running)) {
         vm_explain(running);
         return false;
      }
      if (!running || vm_now() > deadline) {
         cli_fail("all %d ports to the guest are in use, or QEMU does not answer", VM_PORTS);
         return false;
      }
      poll(NULL, 0, 50);
   }
   return true;
}

// The command's words as a frame. False if they are too many.
static bool request(struct session *s, char **command)
{
   size_t n = HEADER;
   put_header(s->hello, 'B', NONCE);
   if (!vm_random(s->hello + HEADER, NONCE))
      return false;
   memcpy(s->out + n, mark, MARK);
   memcpy(s->out + n + MARK, s->hello + HEADER, NONCE);
   n += MARK + NONCE;
   for (char **word = command; *word; word++) {
      size_t size = strlen(*word) + 1;
      if (size > sizeof(s->out) - n)
         return false;
      memcpy(s->out + n, *word, size);
      n += size;
   }
   put_header(s->out, 'R', n - HEADER);
   s->left = n;
   return true;
}

static void send_more(struct session *s)
{
   ssize_t n = write(s->fd, s->out + s->sent, s->left);
   if (n < 0)
      return;
   s->sent += (size_t)n;
   s->left -= (size_t)n;
}

static void read_input(struct session *s)
{
   ssize_t n = read(STDIN_FILENO, s->out + HEADER, CHUNK);
   if (n < 0 && (errno == EINTR || errno == EAGAIN))
      return;
   size_t size = n > 0 ? (size_t)n : 0;
   put_header(s->out, 'I', size);
   s->left = HEADER + size;
   s->sent = 0;
   s->input = size > 0;
}

// False if nobody takes it.
static bool pass_on(int fd, const unsigned char *p, size_t n)
{
   while (n) {
      ssize_t done = write(fd, p, n);
      if (done < 0 && errno == EAGAIN)
         poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
      else if (done < 0 && errno != EINTR)
         return false;
      p += done > 0 ? done : 0;
      n -= done > 0 ? (size_t)done : 0;
   }
   return true;
}

// Drops what came before our session's first frame. True if that was found.
static bool begin(struct session *s)
{
   unsigned char *found = memmem(s->in, s->got, s->hello, sizeof(s->hello));
   size_t skip = found                        ? (size_t)(found - s->in) + sizeof(s->hello)
                 : s->got >= sizeof(s->hello) ? s->got - sizeof(s->hello) + 1
                                              : 0;
   s->got -= skip;
   memmove(s->in, s->in + skip, s->got);
   return found;
}

// One complete frame.
static void take_frame(struct session *s, size_t n)
{
   const unsigned char *data = s->in + HEADER;
   if (s->in[0] == 'X' && n == 1)
      s->status = data[0];
   else if (s->in[0] == 'O' || s->in[0] == 'E') {
      if (!pass_on(s->in[0] == 'O' ? STDOUT_FILENO : STDERR_FILENO, data, n))
         s->status = 128 + 13; // as a shell tells it of a broken pipe
   }
}

// False when the port is gone, or says what no agent says.
static bool receive(struct session *s)
{
   ssize_t n = read(s->fd, s->in + s->got, sizeof(s->in) - s->got);
   if (n < 0 && (errno == EINTR || errno == EAGAIN))
      return true;
   if (n <= 0)
      return false;
   s->got += (size_t)n;
   s->restarted = s->begun && memmem(s->in, s->got, again, MARK); // perhaps in the middle of a frame
   if (s->restarted)
      return false;
   s->begun = s->begun || begin(s);
   while (s->begun && s->status < 0 && s->got >= HEADER) {
      size_t size = frame_size(s->in);
      if (size > CHUNK)
         return false;
      if (s->got < HEADER + size)
         break;
      take_frame(s, size);
      s->got -= HEADER + size;
      memmove(s->in, s->in + HEADER + size, s->got);
   }
   return true;
}

// Until the command has ended: its status; or a signal comes, or the guest goes: -1.
static int converse(struct session *s)
{
   while (s->status < 0) {
      struct pollfd events[] = {
         {.fd = s->fd, .events = (short)(POLLIN | (s->left ? POLLOUT : 0))},
         {.fd = vm_wake, .events = POLLIN},
         {.fd = s->begun && s->input && !s->left ? STDIN_FILENO : -1, .events = POLLIN},
      };
      double left = s->patience - vm_now();
      if (!s->begun && left <= 0)
         return -1;
      if (poll(events, 3, s->begun ? -1 : (int)(left * 1000) + 1) < 0)
         continue; // a signal; vm_wake says so the next time
      if (events[1].revents)
         vm_awake();
      if (vm_signal())
         return -1;
      if (events[0].revents & POLLOUT)
         send_more(s);
      if (events[0].revents & (POLLIN | POLLHUP | POLLERR) && !receive(s))
         return -1;
      if (events[2].revents && !s->left)
         read_input(s);
   }
   return s->status;
}

// Without input the command finds its end at once.
static void end_input(struct session *s)
{
   put_header(s->out + s->left, 'I', 0);
   s->left += HEADER;
}

int vm_exec(char **command, bool input, unsigned wait, struct vm_running *running)
{
   wait = wait ? wait : PATIENCE;
   struct session *s = calloc(1, sizeof(*s));
   int status = -1;
   if (!s)
      return cli_fail("out of memory");
   *s = (struct session){.fd = -1, .lock = -1, .input = input, .status = -1, .patience = vm_now() + wait};
   fflush(stdout);
   if (!request(s, command) || s->left + HEADER > sizeof(s->out)) {
      free(s);
      return cli_fail("the command is too long");
   }
   if (!input)
      end_input(s);
   bool ready = wait_for_port(s, running);
   if (ready) {
      status = converse(s);
      close(s->fd);
      close(s->lock);
   }
   bool restarted = s->restarted, unanswered = !s->begun && vm_now() >= s->patience;
   free(s);
   if (status >= 0)
      return status;
   if (vm_signal())
      return 128 + vm_signal();
   if (ready && running && vm_ended(running))
      vm_explain(running);
   else if (ready && unanswered)
      cli_fail("nothing in the guest took the command within %u seconds: it has not booted, or its disk lacks "
               "pearvisor's agent, which the stock guest has (look at it with 'pearvisor vm console', wait longer with "
               "--wait)",
               wait);
   else if (ready)
      cli_fail(restarted ? "the guest was restarted while the command ran" : "the guest has gone");
   return CLI_FAILURE;
}
