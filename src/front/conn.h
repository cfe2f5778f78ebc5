// SPDX-License-Identifier: MIT
//
// Conn: one vtest connection, as requests and replies.
//
// The last byte of a request stays in the socket until the request was answered. A stock client does not notice a clean
// end of stream and spins in read() for ever; a socket that is closed with bytes unread makes that read fail
// (ECONNRESET), and the client gives up properly. This way it holds for every end we can come to, a crash in the host's
// driver included.
//
// Results are 0 or -errno; the calls block. One thread per connection.
#ifndef PV_FRONT_CONN_H
#define PV_FRONT_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pv_conn {
   int fd;
   int lifeline;    // readable when it is time to leave; -1: none
   uint32_t id;     // the request's command
   uint32_t unread; // payload bytes not read yet
   bool retained;   // the request's last byte still waits in the socket
};

// Waits for a request and reads its header: conn->id, and *length in whatever unit that command counts.
// -ESHUTDOWN: the peer left between requests, or it is time to leave.
int pv_conn_next(struct pv_conn *conn, uint32_t *length);

// Says how many bytes of payload the request has. Call once, before the first read.
int pv_conn_expect(struct pv_conn *conn, uint32_t size);

// Reads `size` bytes of the payload. -ECONNRESET: the peer left in the middle.
int pv_conn_read(struct pv_conn *conn, void *out, size_t size);

// Skips what was not read of the payload.
int pv_conn_skip(struct pv_conn *conn);

// The request is done: takes its last byte.
int pv_conn_done(struct pv_conn *conn);

// Sends a reply: header {words, id} and `words` words. -EPIPE: the peer left.
int pv_conn_reply(struct pv_conn *conn, uint32_t id, const uint32_t *payload, uint32_t words);

// The same with the header's first word as given, and any number of bytes behind it.
int pv_conn_send(struct pv_conn *conn, uint32_t length, uint32_t id, const void *payload, size_t size);

// Sends a descriptor behind a reply; `fd` stays the caller's.
int pv_conn_send_fd(struct pv_conn *conn, int fd);

#endif
