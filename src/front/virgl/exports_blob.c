// SPDX-License-Identifier: MIT
//
// The functions of libvirglrenderer.so.1 that make, map and hand out blobs. See exports.c.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/virgl/state.h"

// The prototypes are in a header of another project, which callers were compiled with.
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

// Guest memory: its pages stay the guest's, the entry only remembers them.
static int create_guest_blob(const struct virgl_create_blob_args *args)
{
   uint64_t total = 0;
   for (uint32_t i = 0; i < args->num_iovs; i++)
      total += args->iovecs[i].iov_len;
   if (total < args->size)
      return -EINVAL;
   struct virgl_resource *resource = virgl_resource_new(args->res_handle, VIRGL_GUEST_BLOB);
   if (!resource)
      return -ENOMEM;
   resource->size = args->size;
   resource->map_info = VIRGL_MAP_CACHED;
   resource->iov = (struct iovec *)args->iovecs;
   resource->iovs = (int)args->num_iovs;
   return 0;
}

// What a VMM may do with a descriptor: any can be mapped, a dma-buf can be shown on a screen as well.
static uint32_t fd_type(int fd)
{
   struct stat st;
   if (fd < 0)
      return 0;
   if (pv_shm_cannot_shrink(fd) || (!fstat(fd, &st) && S_ISREG(st.st_mode)))
      return VIRGL_FD_SHM;
   return lseek(fd, 0, SEEK_END) < 0 ? VIRGL_FD_OPAQUE : VIRGL_FD_DMABUF;
}

static int create_venus_blob(struct virgl_context *context, const struct virgl_create_blob_args *args)
{
   struct pv_vm_blob blob;
   if (args->num_iovs)
      return -EINVAL;
   int ret = pv_vm_blob(context->venus, args->res_handle, args->blob_id, args->size, args->blob_flags, &blob);
   if (ret) {
      virgl_complain("virgl: context %u gets no blob of memory %llu (%llu bytes): %s", context->id,
                     (unsigned long long)args->blob_id, (unsigned long long)args->size, strerror(-ret));
      return ret;
   }
   struct virgl_resource *resource = virgl_resource_new(args->res_handle, VIRGL_BLOB);
   if (!resource) {
      pv_vm_detach(context->venus, args->res_handle);
      if (blob.fd >= 0)
         close(blob.fd);
      return -ENOMEM;
   }
   resource->size = blob.size;
   resource->owner = context->id;
   resource->map_info = blob.map_info;
   resource->fd = blob.fd;
   resource->fd_type = fd_type(blob.fd);
   resource->pointer = blob.fd < 0 ? blob.pointer : NULL;
   if (resource->pointer) {
      resource->holder = context;
      context->pointers++;
   }
   return 0;
}

static bool delegates_blobs(void)
{
   return virgl.delegate_works && virgl.delegate.resource_create_blob;
}

static int create_delegated_blob(const struct virgl_create_blob_args *args)
{
   int ret = delegates_blobs() ? virgl.delegate.resource_create_blob(args) : -EINVAL;
   if (!ret && !virgl_resource_new(args->res_handle, VIRGL_DELEGATED_RESOURCE)) {
      virgl.delegate.resource_unref(args->res_handle);
      ret = -ENOMEM;
   }
   return ret;
}

EXPORT int virgl_renderer_resource_create_blob(const struct virgl_create_blob_args *args)
{
   struct virgl_context *context = args->ctx_id ? virgl_context_find(args->ctx_id) : NULL;
   if (!args->res_handle || !args->size || virgl_resource_find(args->res_handle)) {
      virgl_complain("virgl: blob %u is refused: no size, or no number of its own", args->res_handle);
      return -EINVAL;
   }
   // Guest memory may become part of an OpenGL context later.
   if ((context && context->delegated) || (args->blob_mem == VIRGL_BLOB_MEM_GUEST && delegates_blobs()))
      return create_delegated_blob(args);
   if (args->blob_mem == VIRGL_BLOB_MEM_GUEST)
      return create_guest_blob(args);
   if (args->blob_mem == VIRGL_BLOB_MEM_HOST3D && context && context->venus)
      return create_venus_blob(context, args);
   virgl_complain("virgl: blob %u of kind %u in context %u is refused", args->res_handle, args->blob_mem, args->ctx_id);
   return -EINVAL;
}

EXPORT int virgl_renderer_resource_import_blob(const struct virgl_import_blob_args *args)
{
   struct virgl_resource *resource =
       args->size && args->fd >= 0 ? virgl_resource_new(args->res_handle, VIRGL_BLOB) : NULL;
   if (!resource)
      return -EINVAL;
   resource->size = args->size;
   resource->fd = args->fd; // ours from now on
   resource->fd_type = args->fd_type;
   resource->map_info = VIRGL_MAP_CACHED;
   return 0;
}

EXPORT int virgl_renderer_resource_map(uint32_t id, void **map, uint64_t *size)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.resource_map ? virgl.delegate.resource_map(id, map, size) : -EINVAL;
   if (!resource || resource->kind != VIRGL_BLOB || resource->map || !virgl_resource_pointer(resource))
      return -EINVAL;
   *map = resource->map;
   *size = resource->size;
   return 0;
}

EXPORT int virgl_renderer_resource_unmap(uint32_t id)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.resource_unmap ? virgl.delegate.resource_unmap(id) : -EINVAL;
   if (!resource || !resource->map)
      return -EINVAL;
   if (resource->map != resource->pointer)
      pv_shm_unmap(resource->map, resource->size);
   resource->map = NULL;
   return 0;
}

// Puts the memory over `address`, which the caller has reserved and keeps.
static int map_over(uint32_t id, void *address, uint64_t size, int protection)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (!resource || resource->kind != VIRGL_BLOB || !address || size > resource->size)
      return -EINVAL;
   if (resource->fd < 0)
      return -EOPNOTSUPP;
   void *map = mmap(address, size, protection, MAP_SHARED | MAP_FIXED, resource->fd, 0);
   return map == MAP_FAILED ? -errno : 0;
}

EXPORT int virgl_renderer_resource_map_fixed(uint32_t id, void *address)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   return resource ? map_over(id, address, resource->size, PROT_READ | PROT_WRITE) : -EINVAL;
}

// libkrun's name for the same.
EXPORT int virgl_renderer_resource_map2(uint32_t id, void *address, uint64_t size, int32_t protection, int32_t flags)
{
   (void)flags;
   return map_over(id, address, size, protection);
}

// libkrun on macOS: the host's address of the memory, for its hypervisor to map.
EXPORT int virgl_renderer_resource_get_map_ptr(uint32_t id, uint64_t *address)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (!resource || resource->kind != VIRGL_BLOB || !virgl_resource_pointer(resource))
      return -EINVAL;
   *address = (uintptr_t)resource->map;
   return 0;
}

EXPORT int virgl_renderer_resource_get_map_info(uint32_t id, uint32_t *info)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.resource_get_map_info ? virgl.delegate.resource_get_map_info(id, info) : -EINVAL;
   if (!resource || !resource->map_info)
      return -EINVAL;
   *info = resource->map_info;
   return 0;
}

EXPORT int virgl_renderer_resource_export_blob(uint32_t id, uint32_t *type, int *fd)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.resource_export_blob ? virgl.delegate.resource_export_blob(id, type, fd) : -EINVAL;
   if (!resource || resource->fd < 0)
      return -EINVAL;
   int copy = pv_fd_dup(resource->fd);
   if (copy < 0)
      return copy;
   *type = resource->fd_type;
   *fd = copy;
   return 0;
}

EXPORT void virgl_renderer_ctx_attach_resource(int context, int id)
{
   struct virgl_resource *resource = virgl_resource_known((uint32_t)id);
   if (virgl_is_delegated(resource))
      virgl.delegate.ctx_attach_resource(context, id);
   else if (resource)
      virgl_resource_attach(resource, (uint32_t)context);
}

EXPORT void virgl_renderer_ctx_detach_resource(int context, int id)
{
   struct virgl_resource *resource = virgl_resource_find((uint32_t)id);
   if (virgl_is_delegated(resource))
      virgl.delegate.ctx_detach_resource(context, id);
   else if (resource && context)
      virgl_resource_detach(resource, (uint32_t)context);
}
