// SPDX-License-Identifier: MIT
//
// The worker's side of a VM: one thread per context, because a guest's stream may wait, and the calling thread, which
// starts them, notices when the VMM drops one, and then makes sure that it ends.
#include "front/vm.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/vm_wire.h"

#define NAME_SIZE   64
#define SUBMIT_SIZE (64u << 20) // far beyond what a virtqueue carries at once

struct vm {
   struct pv_core *core;
   int events;
   pthread_mutex_t events_lock; // a record is sent in one piece
   struct conversation *list;   // the newest first; changed by the calling thread, under `lock`
   pthread_mutex_t lock;
   int ended[2]; // event: a thread is through
};

// Memory of the VMM's that a context sees as a resource.
struct attached {
   struct attached *next;
   uint32_t resource;
   void *base;
   uint64_t size;
};

struct conversation {
   struct conversation *next;
   struct vm *vm;
   struct pv_context_core *context; // under vm->lock, but its own thread may read it without; NULL: about to end
   struct attached *attached;
   uint32_t id;
   int fd;
   pthread_t thread;
   bool left;    // the VMM dropped it; the calling thread's
   bool through; // its thread returns; under vm->lock
   char name[NAME_SIZE];
};

static void send_event(struct vm *vm, uint32_t context, uint32_t ring_idx, uint64_t fence_id)
{
   const struct pv_vm_event event = {context, ring_idx, fence_id};
   pthread_mutex_lock(&vm->events_lock);
   pv_vm_send(vm->events, &event, sizeof(event), -1); // if the VMM left there is nobody to tell
   pthread_mutex_unlock(&vm->events_lock);
}

static void fence_retired(void *user, uint32_t ring_idx, uint64_t fence_id)
{
   const struct conversation *c = user;
   send_event(c->vm, c->id, ring_idx, fence_id);
}

static int on_submit(struct conversation *c, uint64_t size)
{
   if (size > SUBMIT_SIZE || size % 4)
      return -EPROTO;
   void *bytes = malloc(size ? size : 1);
   if (!bytes)
      return -ENOMEM;
   int ret = pv_vm_receive(c->fd, bytes, size, NULL);
   if (!ret && size)
      pv_context_core_submit(c->context, bytes, size); // the context says itself how it ends; the fences go on
   free(bytes);
   return ret;
}

static void on_fence(struct conversation *c, uint32_t ring_idx, uint64_t fence_id)
{
   if (!pv_context_core_fence(c->context, ring_idx, fence_id))
      return;
   pv_debug("%s: a fence on timeline %u, which has no queue, retires at once", c->name, ring_idx);
   send_event(c->vm, c->id, ring_idx, fence_id);
}

static int on_blob(struct conversation *c, const struct pv_vm_request *request)
{
   struct pv_blob_core blob = {0};
   int fd = -1;
   struct pv_vm_answer reply = {0};
   reply.ret = pv_context_core_blob(c->context, request->resource, request->id, request->size, request->flags, &blob);
   if (!reply.ret) {
      reply.size = blob.size;
      reply.map_info = blob.map;
      reply.pointer = (uintptr_t)blob.pointer;
      if (pv_context_core_export(c->context, request->resource, &fd))
         fd = -1;
   }
   int ret = pv_vm_send(c->fd, &reply, sizeof(reply), fd);
   if (fd >= 0)
      close(fd);
   return ret;
}

// Gives the context what another one has: the memory itself, so that its guest can import it as well as map it.
static int share(struct conversation *c, uint32_t owner, uint32_t resource)
{
   int ret = -ENOENT;
   pthread_mutex_lock(&c->vm->lock);
   struct conversation *from = c->vm->list;
   while (from && (from->id != owner || !from->context))
      from = from->next;
   if (from && from != c)
      ret = pv_context_core_share(from->context, resource, c->context, resource);
   pthread_mutex_unlock(&c->vm->lock);
   return ret;
}

// Makes a resource of the memory behind `fd`: good for rings and streams.
static int map(struct conversation *c, uint32_t resource, uint64_t size, int fd)
{
   struct attached *attached = fd < 0 ? NULL : calloc(1, sizeof(*attached));
   if (!attached)
      return fd < 0 ? -EINVAL : -ENOMEM;
   attached->resource = resource;
   attached->size = size;
   int ret = pv_shm_map(fd, size, &attached->base);
   if (ret)
      goto fail;
   ret = pv_context_core_attach(c->context, resource, attached->base, size, fd);
   if (ret) {
      pv_shm_unmap(attached->base, size);
      goto fail;
   }
   attached->next = c->attached;
   c->attached = attached;
   return 0;
fail:
   free(attached);
   return ret;
}

static void on_attach(struct conversation *c, const struct pv_vm_request *request, int fd)
{
   int ret = request->context ? share(c, request->context, request->resource) : -ENOENT;
   if (ret == -ENOENT || ret == -EOPNOTSUPP)
      ret = map(c, request->resource, request->size, fd);
   if (ret)
      pv_warn("%s: resource %u of another context cannot be shown to it: %s", c->name, request->resource,
              strerror(-ret));
   if (fd >= 0)
      close(fd);
}

static void unmap(struct attached **where)
{
   struct attached *attached = *where;
   *where = attached->next;
   pv_shm_unmap(attached->base, attached->size);
   free(attached);
}

static void on_detach(struct conversation *c, uint32_t resource)
{
   pv_context_core_detach(c->context, resource);
   for (struct attached **where = &c->attached; *where; where = &(*where)->next) {
      if ((*where)->resource == resource) {
         unmap(where);
         break;
      }
   }
}

static int serve_one(struct conversation *c)
{
   struct pv_vm_request request;
   int fd = -1;
   int ret = pv_vm_receive(c->fd, &request, sizeof(request), &fd);
   if (ret)
      return ret;
   if (request.op == PV_VM_ATTACH) {
      on_attach(c, &request, fd);
      return 0;
   }
   if (fd >= 0)
      close(fd);
   switch (request.op) {
   case PV_VM_SUBMIT:
      return on_submit(c, request.size);
   case PV_VM_FENCE:
      on_fence(c, request.flags, request.id);
      return 0;
   case PV_VM_BLOB:
      return on_blob(c, &request);
   case PV_VM_DETACH:
      on_detach(c, request.resource);
      return 0;
   default:
      return -EPROTO;
   }
}

static void *converse(void *user)
{
   struct conversation *c = user;
   struct vm *vm = c->vm;
   pv_thread_name("pv-context");
   while (!serve_one(c))
      ;
   pthread_mutex_lock(&vm->lock);
   struct pv_context_core *context = c->context;
   c->context = NULL;
   pthread_mutex_unlock(&vm->lock);
   pv_context_core_destroy(&context);
   while (c->attached)
      unmap(&c->attached);
   shutdown(c->fd, SHUT_RDWR); // the VMM's end notices; the number stays taken until the thread is joined
   pthread_mutex_lock(&vm->lock);
   c->through = true;
   pthread_mutex_unlock(&vm->lock);
   pv_event_signal(vm->ended);
   return NULL;
}

// Starts a context's thread. Takes over `fd`; when it cannot start, closing it tells the VMM.
static void begin(struct vm *vm, uint32_t id, int fd, const char *name)
{
   struct conversation *c = calloc(1, sizeof(*c));
   if (!c) {
      close(fd);
      return;
   }
   *c = (struct conversation){.vm = vm, .id = id, .fd = fd};
   memcpy(c->name, name, sizeof(c->name));
   const struct pv_context_core_params params = {.name = c->name, .fence_retired = fence_retired, .user = c};
   int ret = pv_context_core_create(vm->core, &params, &c->context);
   pthread_mutex_lock(&vm->lock); // the new thread finds itself in the list
   if (!ret)
      ret = pv_thread_start(&c->thread, converse, c);
   if (!ret) {
      c->next = vm->list;
      vm->list = c;
   }
   pthread_mutex_unlock(&vm->lock);
   if (!ret)
      return;
   pv_error("%s: no context can be made for it: %s", name, strerror(-ret));
   pv_context_core_destroy(&c->context);
   close(fd);
   free(c);
}

// A new context, as the VM's socket has it. False: the VMM left.
static bool accept_context(struct vm *vm, int fd)
{
   struct pv_vm_request request;
   char name[NAME_SIZE] = "";
   int given;
   if (pv_vm_receive(fd, &request, sizeof(request), &given))
      return false;
   if (request.op != PV_VM_CONTEXT || request.size >= sizeof(name) || given < 0 ||
       pv_vm_receive(fd, name, request.size, NULL)) {
      if (given >= 0)
         close(given);
      return false;
   }
   begin(vm, request.context, given, name);
   return true;
}

// The VMM has no use for it any more: whatever its thread is in, it shall not stay there.
static void drop(struct vm *vm, struct conversation *c)
{
   if (c->left)
      return;
   c->left = true;
   shutdown(c->fd, SHUT_RDWR);
   pthread_mutex_lock(&vm->lock);
   if (c->context)
      pv_context_core_end(c->context);
   pthread_mutex_unlock(&vm->lock);
}

// Frees the conversations whose threads are through.
static void sweep(struct vm *vm)
{
   pv_event_clear(vm->ended);
   for (struct conversation **where = &vm->list; *where;) {
      struct conversation *c = *where;
      pthread_mutex_lock(&vm->lock);
      bool through = c->through;
      if (through)
         *where = c->next;
      pthread_mutex_unlock(&vm->lock);
      if (!through) {
         where = &c->next;
         continue;
      }
      pthread_join(c->thread, NULL);
      close(c->fd);
      free(c);
   }
   // A driver's compiler takes much for a moment, in each of its threads; a worker lives as long as its VM.
   if (!vm->list)
      pv_give_back();
}

// What the calling thread waits for: the VM's socket (-1: not any more), a thread's end, and a hang-up, which comes
// unasked, of each context that has not been dropped. Returns how many there are; 0: no memory.
static size_t watched(const struct vm *vm, int fd, struct pollfd **fds, size_t *room)
{
   size_t n = 2;
   for (const struct conversation *c = vm->list; c; c = c->next)
      n++;
   if (n > *room) {
      struct pollfd *grown = realloc(*fds, 2 * n * sizeof(*grown));
      if (!grown)
         return 0;
      *fds = grown;
      *room = 2 * n;
   }
   (*fds)[0] = (struct pollfd){.fd = fd, .events = POLLIN};
   (*fds)[1] = (struct pollfd){.fd = vm->ended[0], .events = POLLIN};
   n = 2;
   for (const struct conversation *c = vm->list; c; c = c->next)
      (*fds)[n++] = (struct pollfd){.fd = c->left ? -1 : c->fd};
   return n;
}

// Serves until the VMM left and every context has ended.
static void keep(struct vm *vm, int fd)
{
   struct pollfd *fds = NULL;
   size_t room = 0;
   while (fd >= 0 || vm->list) {
      size_t n = watched(vm, fd, &fds, &room), i = 2;
      if (!n) { // contexts go on by themselves meanwhile
         pv_sleep_until(pv_now() + 10000000);
         continue;
      }
      if (poll(fds, n, -1) < 0)
         continue; // interrupted: nothing else can go wrong with it
      for (struct conversation *c = vm->list; c; c = c->next) {
         if (fds[i++].revents)
            drop(vm, c);
      }
      if (fds[1].revents)
         sweep(vm);
      if (fds[0].revents && !accept_context(vm, fd)) {
         fd = -1;
         for (struct conversation *c = vm->list; c; c = c->next)
            drop(vm, c);
      }
   }
   free(fds);
}

// The first exchange.
static int greet(struct vm *vm, int fd, const struct pv_core_params *core)
{
   struct pv_vm_request request;
   struct pv_vm_hello hello = {0};
   int ret = pv_vm_receive(fd, &request, sizeof(request), &vm->events);
   if (ret)
      return ret;
   if (request.op != PV_VM_EVENTS || vm->events < 0)
      return -EPROTO;
   hello.ret = pv_core_create(core, &vm->core);
   if (!hello.ret)
      pv_core_capset(vm->core, hello.capset);
   ret = pv_vm_send(fd, &hello, sizeof(hello), -1);
   return hello.ret ? hello.ret : ret;
}

int pv_vm_serve(int fd, const struct pv_core_params *core)
{
   struct vm vm = {.events = -1};
   int ret = greet(&vm, fd, core);
   if (!ret)
      ret = pv_event_create(vm.ended);
   if (ret)
      goto out;
   pthread_mutex_init(&vm.events_lock, NULL);
   pthread_mutex_init(&vm.lock, NULL);
   keep(&vm, fd);
   pthread_mutex_destroy(&vm.lock);
   pthread_mutex_destroy(&vm.events_lock);
   close(vm.ended[0]);
   if (vm.ended[1] != vm.ended[0])
      close(vm.ended[1]);
out:
   pv_core_destroy(&vm.core);
   if (vm.events >= 0)
      close(vm.events);
   return ret;
}
