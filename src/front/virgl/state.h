// SPDX-License-Identifier: MIT
//
// What the drop-in knows of the VMM's guest: its contexts and resources, and to whom each belongs. The interface is one
// guest per process and one thread at a time, so this is one global state without locks.
#ifndef PV_FRONT_VIRGL_STATE_H
#define PV_FRONT_VIRGL_STATE_H

#include "front/virgl/abi.h"
#include "front/virgl/delegate.h"
#include "front/virgl/pixels.h"
#include "front/vm.h"

// A worker. When it has died it stays until its contexts are gone and its fences have retired; new contexts have a new
// one meanwhile.
struct virgl_server {
   struct virgl_server *next;
   struct pv_vm *vm;
   unsigned users;
};

struct virgl_context {
   struct virgl_context *next;
   uint32_t id, capset;
   struct virgl_server *server; // of Venus contexts
   struct pv_vm_context *venus; // NULL: the delegate's, or nobody's
   bool delegated;
   unsigned pointers; // resources that are the driver's own mappings: the context outlives its end until they are gone
   bool ended;
};

enum virgl_kind {
   VIRGL_DELEGATED_RESOURCE, // the delegate's
   VIRGL_PIXELS,             // ours, two-dimensional
   VIRGL_BLOB,               // of a Venus context
   VIRGL_GUEST_BLOB,         // guest memory that nobody of ours looks at
};

#define VIRGL_ATTACHED 8
struct virgl_resource {
   struct virgl_resource *next;
   uint32_t id;
   enum virgl_kind kind;
   struct virgl_pixels pixels;
   struct iovec *iov; // the caller's array
   int iovs;
   // blobs
   uint64_t size;
   uint32_t owner;               // the context it was made in; 0: that one is gone
   struct virgl_context *holder; // whose driver `pointer` is of
   uint32_t map_info, fd_type;
   int fd; // -1: none
   void *pointer, *map;
   uint32_t attached[VIRGL_ATTACHED]; // further contexts that see it; 0: free
   void *priv;
};

#define VIRGL_BUCKETS 1024
struct virgl_fence {
   uint32_t context, ring_idx; // context 0: the VMM's fence without a context
   uint64_t id;
};

struct virgl_state {
   bool initialised, opened_delegate;
   bool tried_venus; // opening it failed: said once
   uint64_t try_again;
   void *cookie;
   int flags;
   const struct virgl_callbacks *callbacks; // the VMM's, not a copy: it may still fill them in
   struct virgl_callbacks for_delegate;
   bool delegate_works; // it was initialised
   struct virgl_delegate delegate;
   struct virgl_server *servers;   // the first is the one for new contexts
   uint8_t capset[PV_CAPSET_SIZE]; // of the first there ever was: a guest is not to see it change
   bool has_capset;
   int set; // readable when a poll has something to do; -1: not made yet
   struct virgl_context *contexts[VIRGL_BUCKETS];
   struct virgl_resource *resources[VIRGL_BUCKETS];
   // Fences of nobody's work: they retire at the next poll, never inside the call that makes them, for the VMM knows of
   // them only when that has returned.
   struct virgl_fence *fences;
   size_t fence_count, fence_room;
   unsigned complaints;
   int due[2]; // event: there are such fences; -1: not initialised
};
extern struct virgl_state virgl;

// A line of the log about what a guest did; a guest cannot fill a disk with them.
#define virgl_complain(...)                                                                                            \
   do {                                                                                                                \
      if (virgl_may_complain())                                                                                        \
         pv_warn(__VA_ARGS__);                                                                                         \
   } while (0)
bool virgl_may_complain(void);

// Starts a worker if none is there. False: it does not work, the log says why.
bool virgl_venus_open(void);
// The same as the VMM initialises the library, with its flags.
void virgl_venus_begin(void);

struct virgl_context *virgl_context_find(uint32_t id);
// 0, or a positive errno value as the interface has it.
int virgl_context_new(uint32_t id, uint32_t capset, const char *name, uint32_t name_size);
void virgl_context_end(uint32_t id);

struct virgl_resource *virgl_resource_find(uint32_t id);
// The same for what a guest may have invented: the log says so if there is none.
struct virgl_resource *virgl_resource_known(uint32_t id);
static inline bool virgl_is_delegated(const struct virgl_resource *resource)
{
   return resource && resource->kind == VIRGL_DELEGATED_RESOURCE;
}
// A new entry, fd -1; NULL: the id is 0 or in use, or no memory.
struct virgl_resource *virgl_resource_new(uint32_t id, enum virgl_kind kind);
void virgl_resource_end(uint32_t id);
// Maps it into this process if it is not; the pointer, or NULL.
void *virgl_resource_pointer(struct virgl_resource *resource);
// Shows a blob to a further context, and takes it away from that. The context that a blob was made in keeps it until
// the blob ends, whatever the guest's kernel says: that lets go of memory before it has the mapping taken away, and
// what is mapped must not be given to anything else yet.
void virgl_resource_attach(struct virgl_resource *resource, uint32_t context);
void virgl_resource_detach(struct virgl_resource *resource, uint32_t context);

// A fence that is due at the next poll. 0 or -ENOMEM.
int virgl_fence_add(uint32_t context, uint32_t ring_idx, uint64_t id);
void virgl_fences_retire(void);
// Everything that is due retires.
void virgl_poll(void);
// Readable when there is something to poll; -1.
int virgl_poll_fd(void);

// Ends all contexts and resources; the worker stays.
void virgl_state_reset(void);
void virgl_venus_close(void);

#endif
