// SPDX-License-Identifier: MIT
//
// Contexts and resources of the VMM's guest.
#include "front/virgl/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/virgl/settings.h"

// A worker that cannot start is not tried again at every turn of a guest.
#define TRY_AGAIN_NS UINT64_C(5000000000)
// Lines of the log that one boot of a guest may cause by asking for what is not there.
#define MAX_COMPLAINTS 200u

struct virgl_state virgl = {.set = -1, .due = {-1, -1}};

bool virgl_may_complain(void)
{
   if (virgl.complaints > MAX_COMPLAINTS)
      return false;
   if (virgl.complaints++ < MAX_COMPLAINTS)
      return true;
   pv_warn("virgl: the guest asks for much that is refused: no more of these lines");
   return false;
}

static void retired(void *user, uint32_t context, uint32_t ring_idx, uint64_t fence_id)
{
   const struct virgl_callbacks *callbacks = virgl.callbacks;
   (void)user;
   if (callbacks && callbacks->version >= 3 && callbacks->write_context_fence)
      callbacks->write_context_fence(virgl.cookie, context, ring_idx, fence_id);
}

static void watch(int fd)
{
   if (virgl.set >= 0 && fd >= 0)
      pv_fdset_add(virgl.set, fd);
}

static void close_server(struct virgl_server *server)
{
   if (virgl.set >= 0 && pv_vm_poll_fd(server->vm) >= 0)
      pv_fdset_remove(virgl.set, pv_vm_poll_fd(server->vm));
   pv_vm_close(&server->vm);
   free(server);
}

// Closes dead workers that nobody uses any more.
static void bury(void)
{
   for (struct virgl_server **where = &virgl.servers; *where;) {
      struct virgl_server *server = *where;
      if (server->users || !pv_vm_is_dead(server->vm)) {
         where = &server->next;
         continue;
      }
      *where = server->next;
      close_server(server);
   }
}

static int open_server(struct virgl_server *server)
{
   struct virgl_settings settings;
   if (!virgl_settings_read(&settings))
      return -EINVAL;
   // Who needs descriptors of all memory cannot have the driver's own.
   settings.core.in_process = !settings.worker && !(virgl.flags & VIRGL_INIT_USE_EXTERNAL_BLOB);
   const struct pv_vm_params params = {
      .worker = settings.worker, .isolated = settings.isolated, .core = settings.core, .retired = retired};
   int ret = pv_vm_open(&params, &server->vm);
   virgl_settings_free(&settings);
   return ret;
}

bool virgl_venus_open(void)
{
   if (virgl.servers && !pv_vm_is_dead(virgl.servers->vm))
      return true;
   if (virgl.tried_venus && pv_now() < virgl.try_again)
      return false;
   struct virgl_server *server = calloc(1, sizeof(*server));
   int ret = server ? open_server(server) : -ENOMEM;
   if (ret) {
      if (!virgl.tried_venus)
         pv_error("virgl: the renderer does not work (%s): guests have no Vulkan; 'pearvisor doctor' finds out why",
                  strerror(-ret));
      virgl.tried_venus = true;
      virgl.try_again = pv_now() + TRY_AGAIN_NS;
      free(server);
      return false;
   }
   virgl.tried_venus = false;
   if (!virgl.has_capset)
      memcpy(virgl.capset, pv_vm_capset(server->vm), sizeof(virgl.capset));
   virgl.has_capset = true;
   if (virgl.flags & VIRGL_INIT_ASYNC_FENCE_CB)
      pv_vm_async(server->vm);
   watch(pv_vm_poll_fd(server->vm));
   server->next = virgl.servers;
   virgl.servers = server;
   return true;
}

void virgl_venus_begin(void)
{
   // What was opened to answer for the capset may have been opened wrongly: the flags were not known then.
   if (virgl.servers && virgl.flags & VIRGL_INIT_USE_EXTERNAL_BLOB && virgl_settings_in_process())
      virgl_venus_close();
   if (virgl_venus_open() && virgl.flags & VIRGL_INIT_ASYNC_FENCE_CB)
      pv_vm_async(virgl.servers->vm);
}

void virgl_venus_close(void)
{
   while (virgl.servers) {
      struct virgl_server *server = virgl.servers;
      virgl.servers = server->next;
      close_server(server);
   }
   if (virgl.set >= 0)
      close(virgl.set);
   virgl.set = -1;
   virgl.tried_venus = false;
}

void virgl_poll(void)
{
   virgl_fences_retire();
   for (struct virgl_server *server = virgl.servers; server; server = server->next)
      pv_vm_poll(server->vm);
   bury();
}

int virgl_poll_fd(void)
{
   if (virgl.set < 0) {
      if (pv_fdset_create(&virgl.set)) {
         virgl.set = -1;
         return -1;
      }
      for (struct virgl_server *server = virgl.servers; server; server = server->next)
         watch(pv_vm_poll_fd(server->vm));
      if (virgl.delegate_works && virgl.delegate.get_poll_fd)
         watch(virgl.delegate.get_poll_fd());
      watch(virgl.due[0]);
   }
   return virgl.set;
}

struct virgl_context *virgl_context_find(uint32_t id)
{
   struct virgl_context *context = virgl.contexts[id % VIRGL_BUCKETS];
   while (context && context->id != id)
      context = context->next;
   return context;
}

static int open_venus_context(struct virgl_context *context, const char *name, uint32_t name_size)
{
   if (!virgl_venus_open())
      return ENODEV;
   int ret = pv_vm_context_create(virgl.servers->vm, context->id, name, name_size, &context->venus);
   if (ret && pv_vm_is_dead(virgl.servers->vm) && virgl_venus_open()) // it died unnoticed since the last time
      ret = pv_vm_context_create(virgl.servers->vm, context->id, name, name_size, &context->venus);
   if (ret)
      return -ret;
   context->server = virgl.servers;
   context->server->users++;
   return 0;
}

static int open_delegated(struct virgl_context *context, const char *name, uint32_t name_size)
{
   if (!virgl.delegate_works) {
      // A context without a capset is what the guest's kernel makes for its own two-dimensional work.
      if (!context->capset)
         return 0;
      virgl_complain("virgl: context %u of capset %u is refused: there is no libvirglrenderer that has it", context->id,
                     context->capset);
      return EINVAL;
   }
   int ret = context->capset && virgl.delegate.context_create_with_flags
                 ? virgl.delegate.context_create_with_flags(context->id, context->capset, name_size, name)
                 : virgl.delegate.context_create(context->id, name_size, name);
   context->delegated = !ret;
   return ret;
}

int virgl_context_new(uint32_t id, uint32_t capset, const char *name, uint32_t name_size)
{
   struct virgl_context *context = virgl_context_find(id);
   if (context)
      return context->capset == capset ? 0 : EINVAL;
   if (!id || !(context = calloc(1, sizeof(*context))))
      return id ? ENOMEM : EINVAL;
   context->id = id;
   context->capset = capset;
   int ret = capset == VIRGL_CAPSET_VENUS ? open_venus_context(context, name, name_size)
                                          : open_delegated(context, name, name_size);
   if (ret) {
      free(context);
      return ret;
   }
   context->next = virgl.contexts[id % VIRGL_BUCKETS];
   virgl.contexts[id % VIRGL_BUCKETS] = context;
   return 0;
}

// Frees a context that nobody's memory depends on any more.
static void release(struct virgl_context *context)
{
   if (!context->ended || context->pointers)
      return;
   pv_vm_context_destroy(&context->venus);
   if (context->server)
      context->server->users--;
   free(context);
}

// Blobs outlive the context they were made in, but are nobody's then.
static void forget_context(uint32_t id)
{
   for (size_t i = 0; i < VIRGL_BUCKETS; i++) {
      for (struct virgl_resource *r = virgl.resources[i]; r; r = r->next) {
         if (r->owner == id)
            r->owner = 0;
         for (size_t k = 0; k < VIRGL_ATTACHED; k++) {
            if (r->attached[k] == id)
               r->attached[k] = 0;
         }
      }
   }
}

void virgl_context_end(uint32_t id)
{
   struct virgl_context **where = &virgl.contexts[id % VIRGL_BUCKETS];
   while (*where && (*where)->id != id)
      where = &(*where)->next;
   struct virgl_context *context = *where;
   if (!context)
      return;
   *where = context->next;
   if (context->delegated)
      virgl.delegate.context_destroy(id);
   if (context->venus)
      pv_vm_context_end(context->venus);
   forget_context(id);
   context->ended = true;
   release(context);
}

struct virgl_resource *virgl_resource_find(uint32_t id)
{
   struct virgl_resource *resource = virgl.resources[id % VIRGL_BUCKETS];
   while (resource && resource->id != id)
      resource = resource->next;
   return resource;
}

struct virgl_resource *virgl_resource_known(uint32_t id)
{
   struct virgl_resource *resource = virgl_resource_find(id);
   if (!resource)
      virgl_complain("virgl: there is no resource %u", id);
   return resource;
}

struct virgl_resource *virgl_resource_new(uint32_t id, enum virgl_kind kind)
{
   if (!id || virgl_resource_find(id))
      return NULL;
   struct virgl_resource *resource = calloc(1, sizeof(*resource));
   if (!resource)
      return NULL;
   resource->id = id;
   resource->kind = kind;
   resource->fd = -1;
   resource->next = virgl.resources[id % VIRGL_BUCKETS];
   virgl.resources[id % VIRGL_BUCKETS] = resource;
   return resource;
}

static struct pv_vm_context *venus_of(uint32_t id)
{
   struct virgl_context *context = id ? virgl_context_find(id) : NULL;
   return context ? context->venus : NULL;
}

void virgl_resource_end(uint32_t id)
{
   struct virgl_resource **where = &virgl.resources[id % VIRGL_BUCKETS];
   while (*where && (*where)->id != id)
      where = &(*where)->next;
   struct virgl_resource *resource = *where;
   if (!resource)
      return;
   *where = resource->next;
   if (resource->kind == VIRGL_DELEGATED_RESOURCE)
      virgl.delegate.resource_unref(id);
   for (size_t i = 0; i < VIRGL_ATTACHED; i++)
      virgl_resource_detach(resource, resource->attached[i]);
   struct pv_vm_context *owner = resource->holder ? resource->holder->venus : venus_of(resource->owner);
   if (owner)
      pv_vm_detach(owner, id);
   if (resource->holder) {
      resource->holder->pointers--;
      release(resource->holder);
   }
   if (resource->map && resource->map != resource->pointer)
      pv_shm_unmap(resource->map, resource->size);
   if (resource->fd >= 0)
      close(resource->fd);
   virgl_pixels_destroy(&resource->pixels);
   free(resource);
}

void *virgl_resource_pointer(struct virgl_resource *resource)
{
   if (!resource->map && resource->fd >= 0 && pv_shm_map(resource->fd, resource->size, &resource->map))
      resource->map = NULL;
   if (!resource->map)
      resource->map = resource->pointer;
   return resource->map;
}

void virgl_resource_attach(struct virgl_resource *resource, uint32_t id)
{
   struct pv_vm_context *context = venus_of(id);
   if (!context || resource->kind != VIRGL_BLOB || resource->owner == id)
      return;
   size_t place = VIRGL_ATTACHED;
   uint32_t owner = resource->owner;
   for (size_t i = 0; i < VIRGL_ATTACHED; i++) {
      if (resource->attached[i] == id)
         return;
      if (!resource->attached[i])
         place = i;
      else if (!owner)
         owner = resource->attached[i];
   }
   if (owner && virgl_context_find(owner)->server != virgl_context_find(id)->server)
      owner = 0;
   if (place == VIRGL_ATTACHED) {
      virgl_complain("virgl: resource %u is seen by %d contexts already; context %u does not get it", resource->id,
                     VIRGL_ATTACHED + 1, id);
      return;
   }
   if (!pv_vm_attach(context, resource->id, owner, resource->fd, resource->size))
      resource->attached[place] = id;
}

void virgl_resource_detach(struct virgl_resource *resource, uint32_t id)
{
   struct pv_vm_context *context = venus_of(id);
   for (size_t i = 0; id && i < VIRGL_ATTACHED; i++) {
      if (resource->attached[i] != id)
         continue;
      resource->attached[i] = 0;
      if (context)
         pv_vm_detach(context, resource->id);
   }
}

int virgl_fence_add(uint32_t context, uint32_t ring_idx, uint64_t id)
{
   if (virgl.fence_count == virgl.fence_room) {
      size_t room = virgl.fence_room ? virgl.fence_room * 2 : 64;
      struct virgl_fence *grown = realloc(virgl.fences, room * sizeof(*grown));
      if (!grown)
         return -ENOMEM;
      virgl.fences = grown;
      virgl.fence_room = room;
   }
   virgl.fences[virgl.fence_count++] = (struct virgl_fence){context, ring_idx, id};
   pv_event_signal(virgl.due);
   return 0;
}

void virgl_fences_retire(void)
{
   const struct virgl_callbacks *callbacks = virgl.callbacks;
   size_t n = virgl.fence_count;
   pv_event_clear(virgl.due);
   virgl.fence_count = 0; // a callback may make new ones: they go into a list of their own
   struct virgl_fence *fences = virgl.fences;
   virgl.fences = NULL;
   virgl.fence_room = 0;
   for (size_t i = 0; callbacks && i < n; i++) {
      if (!fences[i].context)
         callbacks->write_fence(virgl.cookie, (uint32_t)fences[i].id);
      else
         retired(NULL, fences[i].context, fences[i].ring_idx, fences[i].id);
   }
   free(fences);
}

void virgl_state_reset(void)
{
   for (size_t i = 0; i < VIRGL_BUCKETS; i++) {
      while (virgl.resources[i])
         virgl_resource_end(virgl.resources[i]->id);
   }
   for (size_t i = 0; i < VIRGL_BUCKETS; i++) {
      while (virgl.contexts[i])
         virgl_context_end(virgl.contexts[i]->id);
   }
   virgl.complaints = 0;
   // The next guest's fences have the numbers of this one's: none of these may come later.
   virgl_fences_retire();
   for (struct virgl_server *server = virgl.servers; server; server = server->next)
      pv_vm_settle(server->vm);
   bury();
}
