// SPDX-License-Identifier: MIT
//
// Bytes and descriptors over a socket.
#include "front/vm_wire.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0 // the sockets are made with SO_NOSIGPIPE there
#endif

int pv_vm_send(int to, const void *bytes, size_t size, int fd)
{
   const char *p = bytes;
   while (size) {
      struct pv_fd_room room;
      struct iovec iov = {(void *)p, size};
      struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
      pv_fd_into_message(&message, &room, fd);
      ssize_t n = sendmsg(to, &message, SEND_FLAGS);
      if (n < 0 && errno == EINTR)
         continue;
      if (n < 0)
         return -errno;
      p += n;
      size -= (size_t)n;
      fd = -1; // it went with the first bytes
   }
   return 0;
}

ssize_t pv_vm_receive_piece(int from, void *bytes, size_t size, int *fd)
{
   struct pv_fd_room room;
   struct iovec iov = {bytes, size};
   struct msghdr message = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)};
   ssize_t n;
   do
      n = recvmsg(from, &message, 0);
   while (n < 0 && errno == EINTR);
   if (n <= 0)
      return n && errno != ECONNRESET ? -errno : -ESHUTDOWN;
   int got = pv_fd_of_message(&message);
   if (got >= 0 && *fd >= 0)
      close(*fd);
   if (got >= 0)
      *fd = got;
   return n;
}

int pv_vm_receive(int from, void *bytes, size_t size, int *out_fd)
{
   char *p = bytes;
   int got = -1;
   while (size) {
      ssize_t n = pv_vm_receive_piece(from, p, size, &got);
      if (n < 0) {
         if (got >= 0)
            close(got);
         return (int)n;
      }
      p += n;
      size -= (size_t)n;
   }
   if (out_fd)
      *out_fd = got;
   else if (got >= 0)
      close(got);
   return 0;
}
