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

union control {
   struct cmsghdr header; // for its alignment
   char bytes[CMSG_SPACE(sizeof(int))];
};

int pv_vm_send(int to, const void *bytes, size_t size, int fd)
{
   const char *p = bytes;
   while (size) {
      union control control = {0};
      struct iovec iov = {(void *)p, size};
      struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
      if (fd >= 0) {
         message.msg_control = control.bytes;
         message.msg_controllen = sizeof(control.bytes);
         struct cmsghdr *header = CMSG_FIRSTHDR(&message);
         header->cmsg_level = SOL_SOCKET;
         header->cmsg_type = SCM_RIGHTS;
         header->cmsg_len = CMSG_LEN(sizeof(int));
         memcpy(CMSG_DATA(header), &fd, sizeof(int));
      }
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

int pv_vm_receive(int from, void *bytes, size_t size, int *out_fd)
{
   char *p = bytes;
   int got = -1;
   while (size) {
      union control control;
      struct iovec iov = {p, size};
      struct msghdr message = {
         .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
      ssize_t n = recvmsg(from, &message, 0);
      if (n < 0 && errno == EINTR)
         continue;
      if (n <= 0) {
         int error = n ? -errno : -ESHUTDOWN;
         if (got >= 0)
            close(got);
         return error == -ECONNRESET ? -ESHUTDOWN : error;
      }
      int fd = pv_fd_of_message(&message);
      if (fd >= 0 && got >= 0)
         close(got);
      if (fd >= 0)
         got = fd;
      p += n;
      size -= (size_t)n;
   }
   if (out_fd)
      *out_fd = got;
   else if (got >= 0)
      close(got);
   return 0;
}
