// SPDX-License-Identifier: MIT
//
// What travels between a VMM and its worker (vm.h): both are this library, of the same build, on the same machine.
//
// Three kinds of sockets. The VM's: a hello from the worker, then one "new context" a context, each with a descriptor,
// the context's own socket. The context's: requests, answered in order where they have an answer; closed by the VMM, it
// ends the context. The events' (it comes along with the first message to the worker): fences as they retire, nothing
// else.
#ifndef PV_FRONT_VM_WIRE_H
#define PV_FRONT_VM_WIRE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/renderer.h"

enum pv_vm_op {
   PV_VM_EVENTS,  // VM's socket: here is the events' socket; answered by a hello
   PV_VM_CONTEXT, // VM's socket: here is a context's socket, its name behind the header (size)
   PV_VM_SUBMIT,  // `size` bytes follow; no answer
   PV_VM_FENCE,   // no answer: it retires in any case
   PV_VM_BLOB,    // answered
   PV_VM_ATTACH,  // with a descriptor; context: one that has the resource, or 0; no answer
   PV_VM_DETACH,  // no answer
};

struct pv_vm_request {
   uint32_t op, context;
   uint32_t resource, flags; // flags; FENCE: the ring_idx
   uint64_t id, size;        // blob or fence id
};

struct pv_vm_hello {
   int32_t ret;
   uint8_t capset[PV_CAPSET_SIZE];
};

struct pv_vm_answer {
   int32_t ret;
   uint32_t map_info;
   uint64_t size;
   uint64_t pointer;
};

struct pv_vm_event {
   uint32_t context, ring_idx;
   uint64_t fence_id;
};

// Sends all of it, with `fd` (-1: none). 0 or -errno. Never raises SIGPIPE.
int pv_vm_send(int to, const void *bytes, size_t size, int fd);
// Receives exactly `size` bytes; *fd: the descriptor that came along, or -1 (NULL: one that comes is closed).
// -ESHUTDOWN: the other side left.
int pv_vm_receive(int from, void *bytes, size_t size, int *fd);
// What there is of it, once: the number of bytes, at least one, or -errno. *fd is set, the old one closed, if a
// descriptor comes along.
ssize_t pv_vm_receive_piece(int from, void *bytes, size_t size, int *fd);

#endif
