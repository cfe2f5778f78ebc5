// SPDX-License-Identifier: MIT
//
// The system's own libvirglrenderer, for everything that is not Vulkan: consoles, cursors, OpenGL. It is loaded beside
// us under its full path and sees none of our symbols, although both have the same names.
#ifndef PV_FRONT_VIRGL_DELEGATE_H
#define PV_FRONT_VIRGL_DELEGATE_H

#include "front/virgl/abi.h"

// What we use of it: return type, name without its prefix, parameters.
#define VIRGL_DELEGATED(F)                                                                                             \
   F(int, init, (void *cookie, int flags, struct virgl_callbacks *callbacks))                                          \
   F(void, cleanup, (void *cookie))                                                                                    \
   F(void, reset, (void))                                                                                              \
   F(void, poll, (void))                                                                                               \
   F(int, get_poll_fd, (void))                                                                                         \
   F(void, force_ctx_0, (void))                                                                                        \
   F(void, get_cap_set, (uint32_t set, uint32_t *max_version, uint32_t *max_size))                                     \
   F(void, fill_caps, (uint32_t set, uint32_t version, void *caps))                                                    \
   F(int, context_create, (uint32_t id, uint32_t name_size, const char *name))                                         \
   F(int, context_create_with_flags, (uint32_t id, uint32_t flags, uint32_t name_size, const char *name))              \
   F(void, context_destroy, (uint32_t id))                                                                             \
   F(int, submit_cmd, (void *buffer, int id, int words))                                                               \
   F(int, create_fence, (int fence, uint32_t id))                                                                      \
   F(int, context_create_fence, (uint32_t id, uint32_t flags, uint32_t ring_idx, uint64_t fence))                      \
   F(void, context_poll, (uint32_t id))                                                                                \
   F(int, context_get_poll_fd, (uint32_t id))                                                                          \
   F(void, ctx_attach_resource, (int id, int resource))                                                                \
   F(void, ctx_detach_resource, (int id, int resource))                                                                \
   F(int, resource_create, (struct virgl_resource_create_args * args, struct iovec * iov, uint32_t iovs))              \
   F(void, resource_unref, (uint32_t resource))                                                                        \
   F(int, resource_attach_iov, (int resource, struct iovec *iov, int iovs))                                            \
   F(void, resource_detach_iov, (int resource, struct iovec **iov, int *iovs))                                         \
   F(int, transfer_write_iov,                                                                                          \
     (uint32_t resource, uint32_t id, int level, uint32_t stride, uint32_t layer_stride, struct virgl_box *box,        \
      uint64_t offset, struct iovec *iov, unsigned iovs))                                                              \
   F(int, transfer_read_iov,                                                                                           \
     (uint32_t resource, uint32_t id, uint32_t level, uint32_t stride, uint32_t layer_stride, struct virgl_box *box,   \
      uint64_t offset, struct iovec *iov, int iovs))                                                                   \
   F(int, resource_create_blob, (const struct virgl_create_blob_args *args))                                           \
   F(int, resource_import_blob, (const struct virgl_import_blob_args *args))                                           \
   F(int, resource_map, (uint32_t resource, void **map, uint64_t *size))                                               \
   F(int, resource_unmap, (uint32_t resource))                                                                         \
   F(int, resource_get_map_info, (uint32_t resource, uint32_t *info))                                                  \
   F(int, resource_export_blob, (uint32_t resource, uint32_t *type, int *fd))                                          \
   F(int, resource_get_info, (int resource, struct virgl_resource_info *info))                                         \
   F(int, resource_get_info_ext, (int resource, struct virgl_resource_info_ext *info))                                 \
   F(void *, get_cursor_data, (uint32_t resource, uint32_t *width, uint32_t *height))                                  \
   F(int, get_fd_for_texture, (uint32_t texture, int *fd))                                                             \
   F(int, get_fd_for_texture2, (uint32_t texture, int *fd, int *stride, int *offset))                                  \
   F(int, execute, (void *args, uint32_t size))

// NULL members: that library is too old to have them. `library` NULL: there is none.
struct virgl_delegate {
   void *library;
#define MEMBER(type, name, parameters) type(*name) parameters;
   VIRGL_DELEGATED(MEMBER)
#undef MEMBER
};

// Loads `path`, or the system's if that is NULL ("none": no library at all). One log line says which, or why none.
void virgl_delegate_open(struct virgl_delegate *delegate, const char *path);

#endif
