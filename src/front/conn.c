// SPDX-License-Identifier: MIT
//
// Framing of the vtest protocol: an 8-byte header, a payload, descriptors beside single bytes.
#include "front/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/os.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // there the socket has SO_NOSIGPIPE
#endif

// Waits for the peer. The lifeline is looked at first: when both are ready, leaving wins.
static int wait_readable(const struct pv_conn *conn)
{
   struct pollfd fds[2] = {{.fd = conn->lifeline, .events = POLLIN}, {.fd = conn->fd, .events = POLLIN}};
   for (;;) {
      if (poll(fds, 2, -1) < 0) {
         if (errno == EINTR)
            continue;
         return -errno;
      }
      if (fds[0].revents)
         return -ESHUTDOWN;
      if (fds[1].revents)
         return 0;
   }
}

// Exactly `size` bytes. *got tells how many came before an error.
static int receive(int fd, void *out, size_t size, int flags, size_t *got)
{
   uint8_t *p = out;
   for (*got = 0; *got < size;) {
      ssize_t n = recv(fd, p + *got, size - *got, flags);
      if (n < 0 && errno == EINTR)
         continue;
      if (n < 0)
         return -errno;
      if (!n)
         return -ECONNRESET;
      *got += (size_t)n;
   }
   return 0;
}

// Takes what was read out of the socket.
static int take(struct pv_conn *conn)
{
   uint8_t waste[PV_CONN_AHEAD];
   size_t got;
   int ret = conn->read ? receive(conn->fd, waste, conn->read, 0, &got) : 0;
   if (ret)
      return ret;
   memmove(conn->ahead, conn->ahead + conn->read, conn->seen - conn->read);
   conn->seen -= conn->read;
   conn->read = 0;
   return 0;
}

// Looks at what is in the socket, without taking it. -ESHUTDOWN: the end.
static int look_ahead(struct pv_conn *conn)
{
   ssize_t n;
   do
      n = recv(conn->fd, conn->ahead, sizeof(conn->ahead), MSG_PEEK);
   while (n < 0 && errno == EINTR);
   if (n <= 0)
      return n < 0 ? -errno : -ESHUTDOWN;
   conn->seen = (uint32_t)n;
   return 0;
}

// The next `size` bytes, of which the last one at least stays in the socket.
static int read_on(struct pv_conn *conn, void *out, size_t size)
{
   uint8_t *p = out;
   uint32_t here = conn->seen - conn->read;
   uint32_t n = size < here ? (uint32_t)size : here;
   memcpy(p, conn->ahead + conn->read, n);
   conn->read += n;
   if (n == size)
      return 0;
   size_t got, left = size - n;
   int ret = take(conn);
   if (!ret)
      ret = receive(conn->fd, p + n, left - 1, MSG_WAITALL, &got);
   if (!ret)
      ret = receive(conn->fd, conn->ahead, 1, MSG_PEEK, &got);
   if (ret)
      return ret;
   p[size - 1] = conn->ahead[0];
   conn->seen = conn->read = 1;
   return 0;
}

int pv_conn_next(struct pv_conn *conn, uint32_t *length)
{
   uint8_t header[8];
   int ret = 0;
   if (conn->seen < sizeof(header)) {
      ret = wait_readable(conn);
      if (!ret)
         ret = look_ahead(conn);
   }
   if (!ret)
      ret = read_on(conn, header, sizeof(header));
   if (ret)
      return ret;
   memcpy(length, header, 4);
   memcpy(&conn->id, header + 4, 4);
   conn->unread = 0;
   return 0;
}

void pv_conn_expect(struct pv_conn *conn, uint32_t size)
{
   conn->unread = size;
}

int pv_conn_read(struct pv_conn *conn, void *out, size_t size)
{
   if (size > conn->unread)
      return -EINVAL;
   int ret = size ? read_on(conn, out, size) : 0;
   if (!ret)
      conn->unread -= (uint32_t)size;
   return ret;
}

int pv_conn_skip(struct pv_conn *conn)
{
   uint8_t waste[512];
   while (conn->unread) {
      size_t n = conn->unread < sizeof(waste) ? conn->unread : sizeof(waste);
      int ret = pv_conn_read(conn, waste, n);
      if (ret)
         return ret;
   }
   return 0;
}

int pv_conn_done(struct pv_conn *conn)
{
   int ret = pv_conn_skip(conn);
   return ret ? ret : take(conn);
}

static int send_all(int fd, struct msghdr *msg)
{
   while (msg->msg_iovlen) {
      ssize_t n = sendmsg(fd, msg, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR)
         continue;
      if (n < 0)
         return -errno;
      msg->msg_control = NULL; // went along with the first byte
      msg->msg_controllen = 0;
      while (msg->msg_iovlen && (size_t)n >= msg->msg_iov->iov_len) {
         n -= (ssize_t)msg->msg_iov->iov_len;
         msg->msg_iov++;
         msg->msg_iovlen--;
      }
      if (msg->msg_iovlen) {
         msg->msg_iov->iov_base = (uint8_t *)msg->msg_iov->iov_base + n;
         msg->msg_iov->iov_len -= (size_t)n;
      }
   }
   return 0;
}

int pv_conn_send(struct pv_conn *conn, uint32_t length, uint32_t id, const void *payload, size_t size)
{
   uint32_t header[2] = {length, id};
   struct iovec iov[2] = {{header, sizeof(header)}, {(void *)payload, size}};
   struct msghdr msg = {.msg_iov = iov, .msg_iovlen = size ? 2 : 1};
   return send_all(conn->fd, &msg);
}

int pv_conn_reply(struct pv_conn *conn, uint32_t id, const uint32_t *payload, uint32_t words)
{
   return pv_conn_send(conn, words, id, payload, words * sizeof(uint32_t));
}

int pv_conn_send_fd(struct pv_conn *conn, int fd)
{
   uint8_t dummy = 0;
   struct pv_fd_room room;
   struct iovec iov = {&dummy, 1};
   struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
   pv_fd_into_message(&msg, &room, fd);
   return send_all(conn->fd, &msg);
}
