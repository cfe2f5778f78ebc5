// SPDX-License-Identifier: MIT
//
// The functions of libvirglrenderer.so.1. Each looks at whose thing it is, and either does it (Vulkan) or hands it to
// the system's library (everything else). What guests ask in vain is refused as the interface has it; results are what
// that function's callers expect, positive errno values in places.
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "front/virgl/settings.h"
#include "front/virgl/state.h"

// The prototypes are in a header of another project, which callers were compiled with.
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

// ---- the log

typedef void (*virgl_debug_fn)(const char *format, va_list args);
typedef void (*virgl_log_fn)(int level, const char *message, void *data);

EXPORT virgl_debug_fn virgl_set_debug_callback(virgl_debug_fn callback)
{
   (void)callback; // it takes a format; ours are formatted already, and go to stderr
   return NULL;
}

static struct {
   virgl_log_fn callback; // NULL: standard error
   void *data;
   void (*free_data)(void *);
   bool open;
} log_to;

static void log_line(void *data, int level, const char *line)
{
   static const int theirs[] = {3, 2, 1, 0}; // error, warning, information, debug
   (void)data;
   log_to.callback(theirs[level < 0 || level > 3 ? 3 : level], line, log_to.data);
}

static void log_open(void)
{
   if (!log_to.open)
      pv_log_set(log_to.callback ? log_line : NULL, NULL,
                 virgl_settings_log_level(log_to.callback ? PV_LOG_INFO : PV_LOG_WARN));
   log_to.open = true;
}

EXPORT void virgl_set_log_callback(virgl_log_fn callback, void *data, void (*free_data)(void *))
{
   if (log_to.free_data)
      log_to.free_data(log_to.data);
   log_to.callback = callback;
   log_to.data = data;
   log_to.free_data = free_data;
   log_to.open = false;
   log_open();
}

// ---- life

static void forward_fence(void *cookie, uint32_t fence)
{
   (void)cookie;
   if (virgl.callbacks)
      virgl.callbacks->write_fence(virgl.cookie, fence);
}

static void open_delegate(void)
{
   if (virgl.opened_delegate)
      return;
   virgl.opened_delegate = true;
   virgl_delegate_open(&virgl.delegate, virgl_settings_delegate());
}

// Lets the delegate do what we do not. What is ours, or only ours to decide, is kept from it.
static void start_delegate(void)
{
   const int kept = VIRGL_INIT_VENUS | VIRGL_INIT_RENDER_SERVER;
   const struct virgl_callbacks *theirs = virgl.callbacks;
   open_delegate();
   if (!virgl.delegate.library || (virgl.flags & VIRGL_INIT_NO_VIRGL) || virgl.delegate_works)
      return;
   virgl.for_delegate = (struct virgl_callbacks){.version = theirs->version > 4 ? 4 : theirs->version,
                                                 .write_fence = forward_fence,
                                                 .create_gl_context = theirs->create_gl_context,
                                                 .destroy_gl_context = theirs->destroy_gl_context,
                                                 .make_current = theirs->make_current};
   if (theirs->version >= 2)
      virgl.for_delegate.get_drm_fd = theirs->get_drm_fd;
   if (theirs->version >= 3)
      virgl.for_delegate.write_context_fence = theirs->write_context_fence;
   if (theirs->version >= 4)
      virgl.for_delegate.get_egl_display = theirs->get_egl_display;
   int ret = virgl.delegate.init(virgl.cookie, virgl.flags & ~kept, &virgl.for_delegate);
   virgl.delegate_works = !ret;
   if (ret)
      pv_warn("virgl: the system's libvirglrenderer does not start (%d): guests have Vulkan, but no OpenGL over virgl",
              ret);
}

EXPORT int virgl_renderer_init(void *cookie, int flags, struct virgl_callbacks *callbacks)
{
   log_open();
   if (virgl.initialised) // QEMU does so after a reset
      return 0;
   if (!callbacks || callbacks->version < 1 || callbacks->version > 4)
      return -EINVAL;
   int ret = pv_event_create(virgl.due);
   if (ret)
      return ret;
   virgl.cookie = cookie;
   virgl.flags = flags;
   virgl.callbacks = callbacks;
   start_delegate();
   if (flags & VIRGL_INIT_VENUS)
      virgl_venus_begin();
   virgl.initialised = true;
   return 0;
}

EXPORT void virgl_renderer_cleanup(void *cookie)
{
   if (!virgl.initialised) // a capset may have been asked for
      virgl_venus_close();
   if (!virgl.initialised)
      return;
   virgl_state_reset();
   if (virgl.delegate_works)
      virgl.delegate.cleanup(cookie);
   virgl.delegate_works = false;
   virgl_venus_close();
   if (virgl.due[1] != virgl.due[0])
      close(virgl.due[1]);
   close(virgl.due[0]);
   virgl.due[0] = virgl.due[1] = -1;
   virgl.callbacks = NULL;
   virgl.flags = 0;
   virgl.initialised = false;
}

EXPORT void virgl_renderer_reset(void)
{
   virgl_state_reset();
   if (virgl.delegate_works)
      virgl.delegate.reset();
}

EXPORT void virgl_renderer_force_ctx_0(void)
{
   if (virgl.delegate_works)
      virgl.delegate.force_ctx_0();
}

// ---- capsets

EXPORT void virgl_renderer_get_cap_set(uint32_t set, uint32_t *max_version, uint32_t *max_size)
{
   *max_version = *max_size = 0;
   log_open();
   if (set == VIRGL_CAPSET_VENUS) {
      if (virgl_venus_open())
         *max_size = PV_CAPSET_SIZE;
      return;
   }
   open_delegate();
   if (virgl.delegate.library && !(virgl.initialised && !virgl.delegate_works))
      virgl.delegate.get_cap_set(set, max_version, max_size);
}

EXPORT void virgl_renderer_fill_caps(uint32_t set, uint32_t version, void *caps)
{
   if (set == VIRGL_CAPSET_VENUS && (virgl.has_capset || virgl_venus_open()))
      memcpy(caps, virgl.capset, PV_CAPSET_SIZE);
   else if (set != VIRGL_CAPSET_VENUS && virgl.delegate_works)
      virgl.delegate.fill_caps(set, version, caps);
   else
      virgl_complain("virgl: the guest asks for capset %u, which cannot be served", set);
}

// ---- contexts

EXPORT int virgl_renderer_context_create_with_flags(uint32_t id, uint32_t flags, uint32_t name_size, const char *name)
{
   if ((flags & VIRGL_CONTEXT_CAPSET_MASK) == VIRGL_CAPSET_VENUS && !(virgl.flags & VIRGL_INIT_VENUS)) {
      virgl_complain("virgl: context %u is refused: the VMM was not told to offer Vulkan (venus=on)", id);
      return EINVAL;
   }
   if (flags & ~VIRGL_CONTEXT_CAPSET_MASK) {
      virgl_complain("virgl: context %u with flags 0x%x is refused: only a capset is known", id, flags);
      return EINVAL;
   }
   return virgl_context_new(id, flags, name, name_size);
}

EXPORT int virgl_renderer_context_create(uint32_t id, uint32_t name_size, const char *name)
{
   return virgl_context_new(id, 0, name, name_size);
}

EXPORT void virgl_renderer_context_destroy(uint32_t id)
{
   virgl_context_end(id);
}

static struct virgl_context *known_context(uint32_t id)
{
   struct virgl_context *context = virgl_context_find(id);
   if (!context)
      virgl_complain("virgl: there is no context %u", id);
   return context;
}

EXPORT int virgl_renderer_submit_cmd(void *buffer, int id, int words)
{
   struct virgl_context *context = known_context((uint32_t)id);
   if (!context || words < 0)
      return EINVAL;
   if ((uintptr_t)buffer % 4)
      return EFAULT;
   if (context->venus)
      return words ? -pv_vm_submit(context->venus, buffer, (size_t)words * 4) : 0;
   return context->delegated ? virgl.delegate.submit_cmd(buffer, id, words) : EINVAL;
}

EXPORT int virgl_renderer_submit_cmd2(void *buffer, int id, int words, uint64_t *in_fences, uint32_t in_fence_count)
{
   (void)in_fences;
   return in_fence_count ? EINVAL : virgl_renderer_submit_cmd(buffer, id, words);
}

// ---- fences

EXPORT int virgl_renderer_create_fence(int fence, uint32_t id)
{
   if (virgl.delegate_works && virgl.delegate.create_fence && !virgl.delegate.create_fence(fence, id))
      return 0;
   return -virgl_fence_add(0, 0, (uint32_t)fence);
}

EXPORT int virgl_renderer_context_create_fence(uint32_t id, uint32_t flags, uint32_t ring_idx, uint64_t fence)
{
   struct virgl_context *context = known_context(id);
   if (context && ring_idx >= PV_TIMELINES)
      virgl_complain("virgl: context %u has no ring %u", id, ring_idx);
   if (!context || ring_idx >= PV_TIMELINES)
      return -EINVAL;
   if (context->venus)
      return pv_vm_fence(context->venus, ring_idx, fence);
   if (context->delegated && virgl.delegate.context_create_fence)
      return virgl.delegate.context_create_fence(id, flags, ring_idx, fence);
   return virgl_fence_add(id, ring_idx, fence);
}

EXPORT void virgl_renderer_poll(void)
{
   if (virgl.delegate_works)
      virgl.delegate.poll();
   virgl_poll();
}

EXPORT int virgl_renderer_get_poll_fd(void)
{
   return virgl.initialised && !(virgl.flags & VIRGL_INIT_ASYNC_FENCE_CB) ? virgl_poll_fd() : -1;
}

EXPORT void virgl_renderer_context_poll(uint32_t id)
{
   struct virgl_context *context = virgl_context_find(id);
   if (context && context->venus)
      pv_vm_poll(context->server->vm);
   else if (context && context->delegated && virgl.delegate.context_poll)
      virgl.delegate.context_poll(id);
}

EXPORT int virgl_renderer_context_get_poll_fd(uint32_t id)
{
   struct virgl_context *context = virgl_context_find(id);
   if (context && context->venus)
      return pv_vm_poll_fd(context->server->vm);
   return context && context->delegated && virgl.delegate.context_get_poll_fd ? virgl.delegate.context_get_poll_fd(id)
                                                                              : -1;
}

EXPORT int virgl_renderer_export_fence(uint64_t fence, int *fd)
{
   (void)fence;
   (void)fd;
   return -EINVAL;
}

EXPORT int virgl_renderer_export_signalled_fence(void)
{
   return -1;
}

EXPORT int virgl_renderer_attach_fence(int id, int fd)
{
   (void)id;
   (void)fd;
   return -EINVAL;
}

EXPORT int virgl_renderer_get_fence_fd(uint64_t fence)
{
   (void)fence;
   return -1;
}

EXPORT int virgl_renderer_get_dev_fd(int id)
{
   (void)id;
   return -ENODEV;
}

// ---- resources of two and three dimensions

EXPORT int virgl_renderer_resource_create(struct virgl_resource_create_args *args, struct iovec *iov, uint32_t iovs)
{
   struct virgl_pixels pixels = {0};
   if (virgl_resource_find(args->handle))
      return EINVAL;
   int ret =
       virgl.delegate_works ? virgl.delegate.resource_create(args, iov, iovs) : -virgl_pixels_create(args, &pixels);
   if (ret)
      return ret;
   struct virgl_resource *resource =
       virgl_resource_new(args->handle, virgl.delegate_works ? VIRGL_DELEGATED_RESOURCE : VIRGL_PIXELS);
   if (!resource) {
      virgl_pixels_destroy(&pixels);
      if (virgl.delegate_works)
         virgl.delegate.resource_unref(args->handle);
      return args->handle ? ENOMEM : EINVAL;
   }
   resource->pixels = pixels;
   resource->iov = iov;
   resource->iovs = (int)iovs;
   return 0;
}

EXPORT int virgl_renderer_resource_import_eglimage(struct virgl_resource_create_args *args, void *image)
{
   (void)args;
   (void)image;
   return EINVAL;
}

EXPORT void virgl_renderer_resource_unref(uint32_t id)
{
   virgl_resource_end(id);
}

EXPORT int virgl_renderer_resource_attach_iov(int id, struct iovec *iov, int iovs)
{
   struct virgl_resource *resource = virgl_resource_known((uint32_t)id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.resource_attach_iov(id, iov, iovs);
   if (!resource || resource->iov)
      return EINVAL;
   resource->iov = iov;
   resource->iovs = iovs;
   return 0;
}

EXPORT void virgl_renderer_resource_detach_iov(int id, struct iovec **iov, int *iovs)
{
   struct virgl_resource *resource = virgl_resource_find((uint32_t)id);
   if (virgl_is_delegated(resource)) {
      virgl.delegate.resource_detach_iov(id, iov, iovs);
      return;
   }
   if (iov)
      *iov = resource ? resource->iov : NULL;
   if (iovs)
      *iovs = resource ? resource->iovs : 0;
   if (resource) {
      resource->iov = NULL;
      resource->iovs = 0;
   }
}

static int transfer(struct virgl_resource *resource, const struct virgl_box *box, uint32_t stride, uint64_t offset,
                    const struct iovec *iov, unsigned iovs, bool to_guest)
{
   if (!resource || resource->kind != VIRGL_PIXELS || !box)
      return EINVAL;
   return -virgl_pixels_transfer(&resource->pixels, box, stride, offset, iov ? iov : resource->iov,
                                 iov ? iovs : (unsigned)resource->iovs, to_guest);
}

EXPORT int virgl_renderer_transfer_write_iov(uint32_t id, uint32_t context, int level, uint32_t stride,
                                             uint32_t layer_stride, struct virgl_box *box, uint64_t offset,
                                             struct iovec *iov, unsigned iovs)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.transfer_write_iov(id, context, level, stride, layer_stride, box, offset, iov, iovs);
   return transfer(resource, box, stride, offset, iov, iovs, false);
}

EXPORT int virgl_renderer_transfer_read_iov(uint32_t id, uint32_t context, uint32_t level, uint32_t stride,
                                            uint32_t layer_stride, struct virgl_box *box, uint64_t offset,
                                            struct iovec *iov, int iovs)
{
   struct virgl_resource *resource = virgl_resource_known(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.transfer_read_iov(id, context, level, stride, layer_stride, box, offset, iov, iovs);
   return transfer(resource, box, stride, offset, iov, iovs < 0 ? 0 : (unsigned)iovs, true);
}

EXPORT int virgl_renderer_resource_get_info(int id, struct virgl_resource_info *info)
{
   struct virgl_resource *resource = virgl_resource_known((uint32_t)id);
   if (!resource || !info)
      return EINVAL;
   if (virgl_is_delegated(resource))
      return virgl.delegate.resource_get_info(id, info);
   *info = (struct virgl_resource_info){.handle = resource->id, .fd = -1};
   if (resource->kind == VIRGL_PIXELS) {
      info->virgl_format = resource->pixels.format;
      info->width = resource->pixels.width;
      info->height = resource->pixels.height;
      info->depth = 1;
      info->flags = resource->pixels.flags;
      info->stride = resource->pixels.width * 4;
   } else if (resource->fd_type == VIRGL_FD_DMABUF) {
      info->fd = resource->fd;
   }
   return 0;
}

EXPORT int virgl_renderer_resource_get_info_ext(int id, struct virgl_resource_info_ext *info)
{
   struct virgl_resource *resource = virgl_resource_known((uint32_t)id);
   if (!resource || !info)
      return EINVAL;
   if (virgl_is_delegated(resource) && virgl.delegate.resource_get_info_ext)
      return virgl.delegate.resource_get_info_ext(id, info);
   *info = (struct virgl_resource_info_ext){0}; // no dma-buf, so nothing to say of its layout
   return virgl_renderer_resource_get_info(id, &info->base);
}

EXPORT void *virgl_renderer_get_cursor_data(uint32_t id, uint32_t *width, uint32_t *height)
{
   struct virgl_resource *resource = virgl_resource_find(id);
   if (virgl_is_delegated(resource))
      return virgl.delegate.get_cursor_data(id, width, height);
   if (!resource || resource->kind != VIRGL_PIXELS)
      return NULL;
   size_t size = (size_t)resource->pixels.width * resource->pixels.height * 4;
   void *copy = malloc(size); // the caller's to free
   if (!copy)
      return NULL;
   memcpy(copy, resource->pixels.bytes, size);
   *width = resource->pixels.width;
   *height = resource->pixels.height;
   return copy;
}

EXPORT void virgl_renderer_get_rect(int id, struct iovec *iov, unsigned iovs, uint32_t offset, int x, int y, int width,
                                    int height)
{
   (void)id, (void)iov, (void)iovs, (void)offset, (void)x, (void)y, (void)width, (void)height;
}

EXPORT int virgl_renderer_get_fd_for_texture(uint32_t texture, int *fd)
{
   return virgl.delegate_works && virgl.delegate.get_fd_for_texture ? virgl.delegate.get_fd_for_texture(texture, fd)
                                                                    : -1;
}

EXPORT int virgl_renderer_get_fd_for_texture2(uint32_t texture, int *fd, int *stride, int *offset)
{
   return virgl.delegate_works && virgl.delegate.get_fd_for_texture2
              ? virgl.delegate.get_fd_for_texture2(texture, fd, stride, offset)
              : -1;
}

EXPORT void virgl_renderer_resource_set_priv(uint32_t id, void *priv)
{
   struct virgl_resource *resource = virgl_resource_find(id);
   if (resource)
      resource->priv = priv;
}

EXPORT void *virgl_renderer_resource_get_priv(uint32_t id)
{
   struct virgl_resource *resource = virgl_resource_find(id);
   return resource ? resource->priv : NULL;
}

// ---- queries

EXPORT int virgl_renderer_execute(void *bytes, uint32_t size)
{
   struct virgl_query_header *header = bytes;
   if (!bytes || size < sizeof(*header) || header->size != size || header->stype_version)
      return -EINVAL;
   if (header->stype == VIRGL_QUERY_SUPPORTED && size == sizeof(struct virgl_supported_query)) {
      ((struct virgl_supported_query *)bytes)->out_supported =
          1u << (VIRGL_QUERY_EXPORT - 1) | 1u << (VIRGL_QUERY_SUPPORTED - 1);
      return 0;
   }
   struct virgl_export_query *query = bytes;
   if (header->stype != VIRGL_QUERY_EXPORT || size != sizeof(*query))
      return -EINVAL;
   struct virgl_resource *resource = virgl_resource_find(query->in_resource_id);
   if (virgl_is_delegated(resource) && virgl.delegate.execute)
      return virgl.delegate.execute(bytes, size);
   if (!resource || query->in_export_fds)
      return -EINVAL;
   query->out_num_fds = 1;
   query->out_fourcc = 0;
   for (size_t i = 0; i < 4; i++) {
      query->out_fds[i] = -1;
      query->out_strides[i] = query->out_offsets[i] = 0;
   }
   query->out_modifier = 0x00ffffffffffffffu; // nothing is known of its layout
   return 0;
}
