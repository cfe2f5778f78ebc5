// SPDX-License-Identifier: MIT
//
// Conn: one vtest connection, as requests and replies.
//
// A request, or its last byte at least, stays in the socket until the request was answered. A stock client does not
// notice a clean end of stream and spins in read() for ever; a socket that is closed with bytes unread makes that read
// fail (ECONNRESET), and the client gives up properly. This way it holds for every end we can come to, a crash in the
// host's driver included.
//
// Results are 0 or -errno; the calls block. One thread per connection.
#ifndef PV_FRONT_CONN_H
#define PV_FRONT_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PV_CONN_AHEAD 512u

struct pv_conn {
   int fd;
   int lifeline;    // readable when it is time to leave; -1: none
   uint32_t id;     // the request's command
   uint32_t unread; // payload bytes not read yet
   // A look at what the socket holds: a client writes a request in pieces, and to take them one by one costs a system
   // call each. The bytes stay there until the request is done.
   uint8_t ahead[PV_CONN_AHEAD];
   uint32_t seen, read; // so many bytes in `ahead`, so many of them used
};

// Waits for a request and reads its header: conn->id, and *length in whatever unit that command counts.
// -ESHUTDOWN: the peer left between requests, or it is time to leave.
int pv_conn_next(struct pv_conn *conn, uint32_t *length);

// Says how many bytes of payload the request has. Call once, before the first read.
void pv_conn_expect(struct pv_conn *conn, uint32_t size);

// Reads `size` bytes of the payload. -ECONNRESET: the peer left in the middle.
int pv_conn_read(struct pv_conn *conn, void *out, size_t size);

// Skips what was not read of the payload.
int pv_conn_skip(struct pv_conn *conn);

// The request is done: takes it out of the socket.
int pv_conn_done(struct pv_conn *conn);

// Sends a reply: header {words, id} and `words` words. -EPIPE: the peer left.
int pv_conn_reply(struct pv_conn *conn, uint32_t id, const uint32_t *payload, uint32_t words);

// The same with the header's first word as given, and any number of bytes behind it.
int pv_conn_send(struct pv_conn *conn, uint32_t length, uint32_t id, const void *payload, size_t size);

// Sends a descriptor behind a reply; `fd` stays the caller's.
int pv_conn_send_fd(struct pv_conn *conn, int fd);

#endif
