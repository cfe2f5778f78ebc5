// SPDX-License-Identifier: MIT
//
// Resources: shared memory that guest and host know by one id.
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/record.h"
#include "core/capture.h"
#include "core/context.h"
#include "wire/commands.gen.h"

#define LARGEST_PAGE UINT64_C(65536) // bytes of any guest's page

static struct pv_resource **bucket(struct pv_context_core *ctx, uint32_t id)
{
   return &ctx->resources[id % (sizeof ctx->resources / sizeof *ctx->resources)];
}

static struct pv_resource *find_locked(struct pv_context_core *ctx, uint32_t id)
{
   for (struct pv_resource *r = *bucket(ctx, id); r; r = r->next)
      if (r->id == id)
         return r;
   return NULL;
}

struct pv_resource *pv_resource_find(struct pv_context_core *ctx, uint32_t id)
{
   pthread_mutex_lock(&ctx->lock);
   struct pv_resource *resource = find_locked(ctx, id);
   if (resource)
      atomic_fetch_add_explicit(&resource->refs, 1, memory_order_relaxed);
   pthread_mutex_unlock(&ctx->lock);
   return resource;
}

void pv_resource_unref(struct pv_resource **slot)
{
   struct pv_resource *resource = *slot;
   *slot = NULL;
   // acq_rel pairs with the other holders' decrement: their last access happens before the unmap here.
   if (!resource || atomic_fetch_sub_explicit(&resource->refs, 1, memory_order_acq_rel) != 1)
      return;
   pv_hostmem_unref(&resource->memory);
   if (resource->fd >= 0)
      close(resource->fd);
   free(resource);
}

// Files a new resource; takes over `made` (also on failure).
static int file(struct pv_context_core *ctx, struct pv_resource made)
{
   int error = made.id ? 0 : -EINVAL;
   struct pv_resource *resource = error ? NULL : malloc(sizeof *resource);
   if (!error && !resource)
      error = -ENOMEM;
   pthread_mutex_lock(&ctx->lock);
   if (!error && find_locked(ctx, made.id))
      error = -EEXIST;
   if (!error && ctx->resource_count >= ctx->core->limits.blobs)
      error = -EDQUOT;
   if (!error) {
      ctx->resource_count++;
      *resource = made;
      atomic_init(&resource->refs, 1);
      atomic_init(&resource->gone, false);
      resource->next = *bucket(ctx, made.id);
      *bucket(ctx, made.id) = resource;
   }
   pthread_mutex_unlock(&ctx->lock);
   if (error == -EDQUOT)
      pv_shortage_of_blobs(ctx);
   if (error) {
      free(resource);
      pv_hostmem_unref(&made.memory);
      if (made.fd >= 0)
         close(made.fd);
      pv_charge_drop(&made.charge);
   }
   return error;
}

// Plain shared memory, or what stands in for device memory that a lost context can no longer show.
static int make_shared(struct pv_context_core *ctx, uint32_t id, uint64_t size, bool plain, struct pv_blob_core *out)
{
   if (!size || size > (uint64_t)1 << 40)
      return -EINVAL;
   struct pv_charge *charge = pv_charge_make(ctx, size);
   if (!charge)
      return -EDQUOT;
   struct pv_hostmem *memory;
   int error = pv_hostmem_create(size, 1, &memory);
   if (error) {
      pv_shortage_note(ctx, size, false);
      pv_charge_drop(&charge);
      return error;
   }
   *out = (struct pv_blob_core){.size = memory->size, .map = 1, .pointer = memory->base};
   return file(ctx, (struct pv_resource){.id = id,
                                         .base = memory->base,
                                         .size = size,
                                         .fd = -1,
                                         .plain = plain,
                                         .memory = memory,
                                         .map_info = 1,
                                         .charge = charge});
}

// The blob of a VkDeviceMemory. The caller's epoch keeps the record alive.
static int make_of_memory(struct pv_context_core *ctx, uint32_t id, struct pv_memory *memory, uint64_t size,
                          uint32_t flags, struct pv_blob_core *out)
{
   if (!memory->shared)
      return -EOPNOTSUPP;
   // A guest rounds up to its own pages, which may be larger than ours. What is too much is not there, for it or
   // anybody.
   if (size > UINT64_MAX - LARGEST_PAGE ||
       size > (memory->shared->size + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE)
      return -EINVAL;
   if (atomic_exchange(&memory->exported, true))
      return -EEXIST;
   struct pv_charge *charge = atomic_load(&memory->charge);
   if (!charge || !pv_charge_share(charge))
      return -ENOENT; // another ring is freeing it
   struct pv_hostmem *shared = pv_hostmem_ref(memory->shared);
   // Memory out of the pool may be larger than what it is now: a VMM that put all of it into the guest's window would
   // cover what the guest has next to it. Less than a page of ours it cannot map.
   const uint64_t page = pv_page_size(), asked = (size + page - 1) / page * page;
   *out = (struct pv_blob_core){
      .size = asked < shared->size ? asked : shared->size, .map = memory->map_info, .pointer = shared->base};
   int error = file(ctx, (struct pv_resource){.id = id,
                                              .base = shared->base,
                                              .size = shared->size,
                                              .fd = -1,
                                              .memory = shared,
                                              .charge = charge,
                                              .map_info = memory->map_info});
   if (error)
      atomic_store(&memory->exported, false);
   return error;
}

static void capture(struct pv_context_core *ctx, int error, uint32_t type, uint32_t resource, uint64_t blob_id,
                    uint64_t size, uint32_t flags)
{
   if (ctx->capture && !error)
      pv_capture_resource(ctx->capture, type, resource, blob_id, size, flags);
}

static int make_plain(struct pv_context_core *ctx, uint32_t resource, uint64_t size, uint32_t flags,
                      struct pv_blob_core *out)
{
   int error = flags == PV_BLOB_MAPPABLE ? make_shared(ctx, resource, size, true, out) : -EINVAL;
   capture(ctx, error, PV_RECORD_BLOB, resource, 0, size, flags);
   return error;
}

int pv_context_core_blob(struct pv_context_core *ctx, uint32_t resource, uint64_t blob_id, uint64_t size,
                         uint32_t flags, struct pv_blob_core *out)
{
   const uint32_t known = PV_BLOB_MAPPABLE | PV_BLOB_SHAREABLE | PV_BLOB_CROSS_DEVICE;
   if (!resource || !size || flags & ~known)
      return -EINVAL;
   if (ctx->backlog.at < ctx->backlog.size)
      return -EAGAIN;
   if (!blob_id)
      return make_plain(ctx, resource, size, flags, out);
   struct pv_object object;
   pv_ids_enter(ctx->ids, &ctx->virtqueue.reader);
   enum pv_id_result found = pv_ids_find(ctx->ids, blob_id, PV_OBJECT_VkDeviceMemory, &object);
   int error = -ENOENT;
   if ((found == PV_ID_OK || found == PV_ID_POISONED) && object.state)
      error = make_of_memory(ctx, resource, object.state, size, flags, out);
   else if (found == PV_ID_POISONED) // the guest was told that the allocation worked: give it pages, zeroed
      error = make_shared(ctx, resource, size, false, out);
   pv_ids_leave(ctx->ids, &ctx->virtqueue.reader);
   capture(ctx, error, PV_RECORD_BLOB, resource, blob_id, size, flags);
   return error;
}

int pv_context_core_attach(struct pv_context_core *ctx, uint32_t resource, void *base, uint64_t size, int fd)
{
   if (!base || !size || (uintptr_t)base % 4)
      return -EINVAL;
   int own = fd >= 0 ? pv_fd_dup(fd) : -1;
   if (fd >= 0 && own < 0)
      return own;
   int error = file(
       ctx, (struct pv_resource){.id = resource, .base = base, .size = size, .fd = own, .plain = true, .map_info = 1});
   capture(ctx, error, PV_RECORD_ATTACH, resource, 0, size, 0);
   return error;
}

int pv_context_core_share(struct pv_context_core *ctx, uint32_t resource, struct pv_context_core *to,
                          uint32_t to_resource)
{
   if (ctx == to || ctx->core != to->core || !to_resource)
      return -EINVAL;
   struct pv_resource *found = pv_resource_find(ctx, resource);
   if (!found)
      return -ENOENT;
   struct pv_charge *charge = found->memory ? pv_charge_make(to, found->size) : NULL;
   int error = !found->memory ? -EOPNOTSUPP : charge ? 0 : -EDQUOT;
   if (!error)
      error = file(to, (struct pv_resource){.id = to_resource,
                                            .base = found->base,
                                            .size = found->size,
                                            .fd = -1,
                                            .plain = found->plain,
                                            .memory = pv_hostmem_ref(found->memory),
                                            .charge = charge,
                                            .map_info = found->map_info});
   pv_resource_unref(&found);
   return error;
}

int pv_context_core_export(struct pv_context_core *ctx, uint32_t resource, int *out_fd)
{
   struct pv_resource *found = pv_resource_find(ctx, resource);
   if (!found)
      return -ENOENT;
   int fd = found->memory ? found->memory->fd : found->fd;
   int copy = fd >= 0 ? pv_fd_dup(fd) : -EOPNOTSUPP;
   pv_resource_unref(&found);
   if (copy < 0)
      return copy;
   *out_fd = copy;
   return 0;
}

// Unlinks a resource and says so to whoever has it cached. The table's reference is the caller's.
static void retire(struct pv_context_core *ctx, struct pv_resource *resource)
{
   struct pv_resource **link = bucket(ctx, resource->id);
   while (*link != resource)
      link = &(*link)->next;
   *link = resource->next;
   ctx->resource_count--;
   atomic_store(&resource->gone, true); // pairs with pv_decoder_resource and pv_decoder_hold
   pv_charge_drop(&resource->charge);
}

// Lets every decoder finish the copy it may be in: afterwards nobody touches the memory. Microseconds. ctx->lock held.
static void wait_for_users(struct pv_context_core *ctx, const struct pv_resource *resource)
{
   for (struct pv_decoder *ring = ctx->rings; ring; ring = ring->next)
      while (atomic_load(&ring->using) == resource) // pairs with pv_decoder_hold and pv_decoder_let_go
         sched_yield();
}

int pv_context_core_detach(struct pv_context_core *ctx, uint32_t id)
{
   pthread_mutex_lock(&ctx->lock);
   struct pv_resource *resource = find_locked(ctx, id);
   struct pv_decoder *ring = NULL;
   if (resource) {
      retire(ctx, resource);
      wait_for_users(ctx, resource);
      for (ring = ctx->rings; ring && ring->ring_resource != resource; ring = ring->next)
         ;
   }
   pthread_mutex_unlock(&ctx->lock);
   if (!resource)
      return -ENOENT;
   capture(ctx, 0, PV_RECORD_DETACH, id, 0, 0, 0);
   while (ring) { // its memory goes away behind it: end it first
      pv_ring_fail(ring->ring);
      pv_context_ring_destroy(ctx, ring);
      pthread_mutex_lock(&ctx->lock);
      for (ring = ctx->rings; ring && ring->ring_resource != resource; ring = ring->next)
         ;
      pthread_mutex_unlock(&ctx->lock);
   }
   pv_resource_unref(&resource);
   return 0;
}

void pv_resource_drop_all(struct pv_context_core *ctx)
{
   for (size_t i = 0; i < sizeof ctx->resources / sizeof *ctx->resources; i++) {
      while (ctx->resources[i]) {
         struct pv_resource *resource = ctx->resources[i];
         retire(ctx, resource);
         pv_resource_unref(&resource);
      }
   }
}
