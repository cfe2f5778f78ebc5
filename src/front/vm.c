// SPDX-License-Identifier: MIT
//
// The VMM's side of a VM: asks the worker, keeps account of the fences it owes the VMM.
//
// A thread of ours, the keeper, watches over the worker, so that a guest hears of its death although its VMM may not
// call us for a long time. Where the VMM wants that, the keeper delivers the fences as well.
#include "front/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/vm_wire.h"
#include "guard/guard.h"

// Answers do not wait for the GPU, only for the guest's own stream: a guest that makes its worker wait longer than this
// has wedged itself, and must not wedge the VMM as well.
#define PATIENCE_MS 5000
#define START_MS    60000 // a driver that is not loaded by then hangs
#define SETTLE_NS   UINT64_C(1000000000)
#define MS          UINT64_C(1000000)

struct fence {
   uint32_t context, ring_idx;
   uint64_t id;
   bool due;
};

struct pv_vm {
   struct pv_vm_params params;
   struct pv_worker worker; // the keeper's while it lives
   bool has_worker;
   pthread_t thread; // of an in-process worker
   bool has_thread;
   int control, events, set; // set: `events` (as long as the worker lives) and `nudge`
   uint8_t capset[PV_CAPSET_SIZE];
   atomic_bool dead;  // the worker is gone; set by whoever notices, read by all
   bool events_ended; // and `events` is not in the set any more
   // The fences that the VMM waits for, in the order they were asked for. The keeper uses them, too.
   pthread_mutex_t lock;
   struct fence *fences;
   size_t fence_count, fence_room;
   bool delivering; // a callback is running; under `lock`
   // Of whoever delivers:
   size_t partial; // bytes of an event that came in pieces
   struct pv_vm_event event;
   int nudge[2]; // event: fences are due without a word from the worker
   pthread_t keeper;
   bool kept;
   int call[2]; // event, for the keeper: look at these
   atomic_bool async, leaving;
};

struct pv_vm_context {
   struct pv_vm *vm;
   uint32_t id;
   int fd;
   bool broken;
};

struct thread_start {
   int fd;
   struct pv_core_params core;
};

// ---- the worker

static void *thread_main(void *user)
{
   struct thread_start *start = user;
   pv_thread_name("pv-vm");
   pv_vm_serve(start->fd, &start->core);
   close(start->fd);
   free(start);
   return NULL;
}

// [0] is ours. No worker, whatever has become of it, holds up the VMM's thread for ever.
static int make_pair(int pair[2])
{
   const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
   if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
      return -errno;
   setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
   setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
   for (int i = 0; i < 2; i++) {
      fcntl(pair[i], F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
      setsockopt(pair[i], SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
   }
   return 0;
}

// Starts whatever serves the other end of `fd`. A process gets a copy, a thread takes it over.
static int start_worker(struct pv_vm *vm, int fd)
{
   if (vm->params.worker) {
      int ret = pv_guard_spawn(vm->params.worker, fd, vm->params.isolated, &vm->worker);
      close(fd);
      vm->has_worker = !ret;
      if (ret)
         pv_error("%s cannot be started: %s", vm->params.worker[0], strerror(-ret));
      return ret;
   }
   struct thread_start *start = malloc(sizeof(*start));
   if (start)
      *start = (struct thread_start){fd, vm->params.core};
   int ret = start ? pv_thread_start(&vm->thread, thread_main, start) : -ENOMEM;
   vm->has_thread = !ret;
   if (ret) {
      free(start);
      close(fd);
   }
   return ret;
}

// The first exchange: hands over the events' socket, and waits until the driver is loaded.
static int greet(struct pv_vm *vm)
{
   const struct pv_vm_request request = {.op = PV_VM_EVENTS};
   struct pv_vm_hello hello;
   struct pollfd there = {.fd = vm->control, .events = POLLIN};
   int pair[2], n;
   int ret = make_pair(pair);
   if (ret)
      return ret;
   vm->events = pair[0];
   ret = pv_vm_send(vm->control, &request, sizeof(request), pair[1]);
   close(pair[1]);
   if (ret)
      return ret;
   while ((n = poll(&there, 1, START_MS)) < 0 && errno == EINTR)
      ;
   if (!n) {
      pv_error("the host's Vulkan driver does not come up within %d s", START_MS / 1000);
      return -ETIMEDOUT;
   }
   ret = pv_vm_receive(vm->control, &hello, sizeof(hello), NULL);
   if (ret)
      return ret == -ESHUTDOWN ? -ENODEV : ret;
   if (hello.ret > 0)
      return -EPROTO;
   memcpy(vm->capset, hello.capset, sizeof(vm->capset));
   return hello.ret;
}

static void lose_worker(struct pv_vm *vm)
{
   if (atomic_exchange(&vm->dead, true)) // pairs with the loads of `dead`
      return;
   if (!atomic_load(&vm->leaving))
      pv_error(
          "the worker of this VM is gone: its programs lose their GPU, the VM goes on, new programs get a new worker");
   pthread_mutex_lock(&vm->lock);
   for (size_t i = 0; i < vm->fence_count; i++)
      vm->fences[i].due = true;
   pthread_mutex_unlock(&vm->lock);
   pv_event_signal(vm->nudge); // whoever polls finds the fences due
}

static void end_worker(struct pv_vm *vm)
{
   int status;
   if (vm->has_thread)
      pthread_join(vm->thread, NULL);
   if (!vm->has_worker)
      return;
   pv_guard_ask(&vm->worker);
   // It has nothing of ours any more; the driver's own end may take a while, or hang.
   bool gone = pv_guard_reap(&vm->worker, &status);
   for (int i = 0; i < 100 && !gone; i++) {
      pv_sleep_until(pv_now() + 10 * MS);
      gone = pv_guard_reap(&vm->worker, &status);
   }
   if (!gone) {
      pv_guard_kill(&vm->worker);
      while (!pv_guard_reap(&vm->worker, &status))
         pv_sleep_until(pv_now() + MS);
   }
   pv_guard_forget(&vm->worker);
}

// ---- fences

// Finds the fences that one event, or with `event` NULL the end of `context`, makes due. Unknown ones (of a context
// that is gone) are nobody's.
static void mark_due(struct pv_vm *vm, const struct pv_vm_event *event, uint32_t context)
{
   pthread_mutex_lock(&vm->lock);
   for (size_t i = 0; i < vm->fence_count; i++) {
      struct fence *fence = &vm->fences[i];
      if (event ? fence->context == event->context && fence->ring_idx == event->ring_idx && fence->id == event->fence_id
                : fence->context == context)
         fence->due = true;
   }
   pthread_mutex_unlock(&vm->lock);
}

// Reads what the worker says of fences. False when it is gone.
static bool read_events(struct pv_vm *vm)
{
   for (;;) {
      ssize_t n = recv(vm->events, (char *)&vm->event + vm->partial, sizeof(vm->event) - vm->partial, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR)
         continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
         return true;
      if (n <= 0)
         return false;
      vm->partial += (size_t)n;
      if (vm->partial < sizeof(vm->event))
         continue;
      vm->partial = 0;
      mark_due(vm, &vm->event, 0);
   }
}

// Takes the first fence that is due off the list. False if there is none.
static bool take_due(struct pv_vm *vm, struct fence *out)
{
   size_t i = 0;
   pthread_mutex_lock(&vm->lock);
   while (i < vm->fence_count && !vm->fences[i].due)
      i++;
   vm->delivering = i < vm->fence_count;
   if (vm->delivering) {
      *out = vm->fences[i];
      memmove(vm->fences + i, vm->fences + i + 1, (--vm->fence_count - i) * sizeof(*vm->fences));
   }
   bool found = vm->delivering;
   pthread_mutex_unlock(&vm->lock);
   return found;
}

static void deliver(struct pv_vm *vm)
{
   struct fence fence;
   while (take_due(vm, &fence))
      vm->params.retired(vm->params.user, fence.context, fence.ring_idx, fence.id);
}

static bool anything_due(struct pv_vm *vm)
{
   pthread_mutex_lock(&vm->lock);
   bool due = vm->delivering;
   for (size_t i = 0; i < vm->fence_count && !due; i++)
      due = vm->fences[i].due;
   pthread_mutex_unlock(&vm->lock);
   return due;
}

static int remember(struct pv_vm *vm, const struct fence *fence)
{
   int ret = 0;
   pthread_mutex_lock(&vm->lock);
   if (vm->fence_count == vm->fence_room) {
      size_t room = vm->fence_room ? vm->fence_room * 2 : 64;
      struct fence *grown = realloc(vm->fences, room * sizeof(*grown));
      if (grown) {
         vm->fences = grown;
         vm->fence_room = room;
      } else {
         ret = -ENOMEM;
      }
   }
   if (!ret)
      vm->fences[vm->fence_count++] = *fence;
   pthread_mutex_unlock(&vm->lock);
   return ret;
}

static bool is_async(const struct pv_vm *vm)
{
   return atomic_load(&vm->async); // pairs with pv_vm_async
}

static void *keep(void *user)
{
   struct pv_vm *vm = user;
   bool hears = vm->has_worker, reads = true;
   pv_thread_name("pv-keeper");
   while (!atomic_load(&vm->leaving)) { // pairs with pv_vm_close
      bool async = is_async(vm);
      struct pollfd fds[] = {{.fd = vm->call[0], .events = POLLIN},
                             {.fd = hears ? vm->worker.lifeline : -1, .events = POLLIN},
                             {.fd = async ? vm->nudge[0] : -1, .events = POLLIN},
                             {.fd = async && reads ? vm->events : -1, .events = POLLIN}};
      if (poll(fds, 4, -1) < 0)
         continue; // interrupted
      if (fds[0].revents)
         pv_event_clear(vm->call);
      if (fds[1].revents && pv_guard_hear(&vm->worker)) {
         hears = false;
         pv_guard_execute_wills(&vm->worker); // what its guests are looking at says now that it is over
         lose_worker(vm);
      }
      if (fds[2].revents)
         pv_event_clear(vm->nudge);
      if (fds[3].revents && !read_events(vm)) {
         reads = false;
         lose_worker(vm);
      }
      if (async)
         deliver(vm);
   }
   return NULL;
}

// ---- the VM

static int prepare(struct pv_vm *vm)
{
   int pair[2];
   int ret = pv_event_create(vm->nudge);
   if (!ret)
      ret = pv_event_create(vm->call);
   if (!ret)
      ret = pv_fdset_create(&vm->set);
   if (!ret)
      ret = make_pair(pair);
   if (ret)
      return ret;
   vm->control = pair[0];
   ret = start_worker(vm, pair[1]);
   if (!ret)
      ret = greet(vm);
   if (!ret)
      ret = pv_fdset_add(vm->set, vm->events);
   if (!ret)
      ret = pv_fdset_add(vm->set, vm->nudge[0]);
   if (!ret)
      ret = pv_thread_start(&vm->keeper, keep, vm);
   vm->kept = !ret;
   return ret;
}

int pv_vm_open(const struct pv_vm_params *params, struct pv_vm **out)
{
   struct pv_vm *vm = calloc(1, sizeof(*vm));
   *out = NULL;
   if (!vm)
      return -ENOMEM;
   vm->params = *params;
   vm->control = vm->events = vm->set = -1;
   vm->nudge[0] = vm->nudge[1] = vm->call[0] = vm->call[1] = -1;
   pthread_mutex_init(&vm->lock, NULL);
   int ret = prepare(vm);
   vm->params.worker = NULL; // its strings need not stay
   if (ret)
      pv_vm_close(&vm);
   *out = vm;
   return ret;
}

static void shut(int *fd)
{
   if (*fd >= 0)
      close(*fd);
   *fd = -1;
}

static void shut_event(int fds[2])
{
   if (fds[1] != fds[0])
      shut(&fds[1]);
   shut(&fds[0]);
}

void pv_vm_close(struct pv_vm **where)
{
   struct pv_vm *vm = *where;
   *where = NULL;
   if (!vm)
      return;
   if (vm->kept) {
      atomic_store(&vm->leaving, true); // pairs with keep
      pv_event_signal(vm->call);
      pthread_join(vm->keeper, NULL);
   }
   shut(&vm->control);
   shut(&vm->set);
   shut(&vm->events); // a worker that has something to say must not wait for us to hear it
   end_worker(vm);
   for (size_t i = 0; i < vm->fence_count; i++)
      vm->fences[i].due = true;
   deliver(vm);
   shut_event(vm->nudge);
   shut_event(vm->call);
   pthread_mutex_destroy(&vm->lock);
   free(vm->fences);
   free(vm);
}

void pv_vm_async(struct pv_vm *vm)
{
   atomic_store(&vm->async, true); // pairs with is_async
   pv_event_signal(vm->call);
}

const uint8_t *pv_vm_capset(const struct pv_vm *vm)
{
   return vm->capset;
}

bool pv_vm_is_dead(const struct pv_vm *vm)
{
   return atomic_load(&vm->dead); // pairs with lose_worker
}

void pv_vm_poll(struct pv_vm *vm)
{
   if (is_async(vm))
      return;
   pv_event_clear(vm->nudge);
   if (!vm->events_ended && !read_events(vm)) {
      vm->events_ended = true;
      pv_fdset_remove(vm->set, vm->events);
      lose_worker(vm);
   }
   deliver(vm);
}

void pv_vm_settle(struct pv_vm *vm)
{
   uint64_t end = pv_now() + SETTLE_NS;
   if (!is_async(vm))
      deliver(vm);
   while (anything_due(vm) && pv_now() < end)
      pv_sleep_until(pv_now() + MS);
}

int pv_vm_poll_fd(const struct pv_vm *vm)
{
   return is_async(vm) ? -1 : vm->set;
}

// ---- contexts

int pv_vm_context_create(struct pv_vm *vm, uint32_t id, const char *name, size_t name_size, struct pv_vm_context **out)
{
   char message[sizeof(struct pv_vm_request) + 63];
   const size_t kept = name_size < 63 ? name_size : 63;
   const struct pv_vm_request request = {.op = PV_VM_CONTEXT, .context = id, .size = kept};
   int pair[2];
   struct pv_vm_context *context = calloc(1, sizeof(*context));
   *out = NULL;
   int ret = context ? make_pair(pair) : -ENOMEM;
   if (ret) {
      free(context);
      return ret;
   }
   memcpy(message, &request, sizeof(request));
   if (kept)
      memcpy(message + sizeof(request), name, kept);
   ret = pv_vm_send(vm->control, message, sizeof(request) + kept, pair[1]);
   close(pair[1]);
   if (ret) {
      close(pair[0]);
      free(context);
      if (vm->has_worker) // if it only hangs, it is of no use either
         pv_guard_kill(&vm->worker);
      lose_worker(vm);
      return ret;
   }
   *context = (struct pv_vm_context){.vm = vm, .id = id, .fd = pair[0]};
   *out = context;
   return 0;
}

void pv_vm_context_end(struct pv_vm_context *context)
{
   context->broken = true; // even if it lives on for its memory
   mark_due(context->vm, NULL, context->id);
   pv_event_signal(context->vm->nudge);
}

void pv_vm_context_destroy(struct pv_vm_context **where)
{
   struct pv_vm_context *context = *where;
   *where = NULL;
   if (!context)
      return;
   if (!context->broken)
      pv_vm_context_end(context);
   close(context->fd);
   free(context);
}

// The conversation is over: the worker left, or does not answer.
static int give_up(struct pv_vm_context *context, int why)
{
   if (why == -ETIMEDOUT)
      pv_error("context %u does not answer within %d ms: it is over", context->id, PATIENCE_MS);
   shutdown(context->fd, SHUT_RDWR);
   pv_vm_context_end(context);
   return why;
}

// Waits until the context's socket is ready. The worker may be waiting meanwhile for us to hear of fences.
static int wait_for(struct pv_vm_context *context, short what, uint64_t end)
{
   struct pv_vm *vm = context->vm;
   bool async = is_async(vm);
   for (;;) {
      uint64_t now = pv_now();
      struct pollfd fds[2] = {{.fd = context->fd, .events = what},
                              {.fd = async || vm->events_ended ? -1 : vm->events, .events = POLLIN}};
      int n = poll(fds, 2, now < end ? (int)((end - now) / MS) + 1 : 0);
      if (n < 0 && errno == EINTR)
         continue;
      if (n <= 0)
         return n ? -errno : -ETIMEDOUT;
      if (fds[0].revents)
         return 0;
      if (!read_events(vm)) {
         vm->events_ended = true;
         pv_fdset_remove(vm->set, vm->events);
         lose_worker(vm);
      }
      pv_event_signal(vm->nudge); // what was read is delivered at the next poll
   }
}

// Sends all, but waits only so long for room.
static int say(struct pv_vm_context *context, const void *bytes, size_t size, int fd)
{
   const char *p = bytes;
   uint64_t end = pv_now() + PATIENCE_MS * MS;
   if (context->broken)
      return -EPIPE;
   while (size) {
      size_t piece = size < 16384 ? size : 16384; // what a socket that has room takes without waiting
      int ret = wait_for(context, POLLOUT, end);
      if (!ret)
         ret = pv_vm_send(context->fd, p, piece, fd);
      if (ret)
         return give_up(context, ret);
      p += piece;
      size -= piece;
      fd = -1;
   }
   return 0;
}

static int hear(struct pv_vm_context *context, struct pv_vm_answer *answer, int *fd)
{
   char *p = (char *)answer;
   uint64_t end = pv_now() + PATIENCE_MS * MS;
   for (size_t got = 0; got < sizeof(*answer);) {
      int ret = wait_for(context, POLLIN, end);
      ssize_t n = ret ? ret : pv_vm_receive_piece(context->fd, p + got, sizeof(*answer) - got, fd);
      if (n < 0)
         return give_up(context, (int)n);
      got += (size_t)n;
   }
   return answer->ret > 0 ? -EPROTO : answer->ret;
}

// Whether a descriptor has so many bytes, and will. A worker runs the guest's commands: nothing it says is believed,
// and a mapping that reaches beyond a file's end would kill the VMM.
static bool has_bytes(int fd, uint64_t size)
{
   struct stat st;
   if (fstat(fd, &st))
      return false;
   if (S_ISREG(st.st_mode))
      return pv_shm_cannot_shrink(fd) && (uint64_t)st.st_size >= size;
   off_t end = lseek(fd, 0, SEEK_END);
   return end < 0 || (uint64_t)end >= size; // a driver's own kind does not tell
}

int pv_vm_submit(struct pv_vm_context *context, const void *bytes, size_t size)
{
   const struct pv_vm_request request = {.op = PV_VM_SUBMIT, .size = size};
   char small[1024]; // most are, and one message is cheaper than two
   if (size > sizeof(small) - sizeof(request)) {
      int ret = say(context, &request, sizeof(request), -1);
      return ret ? ret : say(context, bytes, size, -1);
   }
   memcpy(small, &request, sizeof(request));
   memcpy(small + sizeof(request), bytes, size);
   return say(context, small, sizeof(request) + size, -1);
}

int pv_vm_fence(struct pv_vm_context *context, uint32_t ring_idx, uint64_t fence_id)
{
   const struct pv_vm_request request = {.op = PV_VM_FENCE, .flags = ring_idx, .id = fence_id};
   const struct fence fence = {context->id, ring_idx, fence_id, context->broken || pv_vm_is_dead(context->vm)};
   int ret = remember(context->vm, &fence);
   if (ret)
      return ret;
   if (fence.due)
      pv_event_signal(context->vm->nudge);
   else
      say(context, &request, sizeof(request), -1); // if that fails the fence is due
   if (pv_vm_is_dead(context->vm))                 // meanwhile: whoever noticed may have come before the fence
      pv_vm_context_end(context);
   return 0;
}

int pv_vm_blob(struct pv_vm_context *context, uint32_t resource, uint64_t blob_id, uint64_t size, uint32_t flags,
               struct pv_vm_blob *out)
{
   const struct pv_vm_request request = {
      .op = PV_VM_BLOB, .resource = resource, .flags = flags, .id = blob_id, .size = size};
   struct pv_vm_answer answer = {0};
   *out = (struct pv_vm_blob){.fd = -1};
   int ret = say(context, &request, sizeof(request), -1);
   if (!ret)
      ret = hear(context, &answer, &out->fd);
   const uint64_t page = pv_page_size();
   if (!ret && (!answer.size || answer.size >= size + page || (out->fd >= 0 && !has_bytes(out->fd, answer.size)))) {
      pv_error("context %u: its worker offers memory that is not what was asked for: it is over", context->id);
      ret = give_up(context, -EPROTO);
   }
   if (ret) {
      shut(&out->fd);
      return ret;
   }
   out->size = answer.size;
   out->map_info = answer.map_info;
   out->pointer = context->vm->has_thread ? (void *)(uintptr_t)answer.pointer : NULL;
   return 0;
}

int pv_vm_attach(struct pv_vm_context *context, uint32_t resource, uint32_t owner, int fd, uint64_t size)
{
   const struct pv_vm_request request = {.op = PV_VM_ATTACH, .context = owner, .resource = resource, .size = size};
   return say(context, &request, sizeof(request), fd);
}

int pv_vm_detach(struct pv_vm_context *context, uint32_t resource)
{
   const struct pv_vm_request request = {.op = PV_VM_DETACH, .resource = resource};
   return say(context, &request, sizeof(request), -1);
}
