// SPDX-License-Identifier: MIT
//
// The binary interface of libvirglrenderer.so.1 as its callers were compiled against it: numbers, structures and their
// sizes. The names of functions and structures are the interface's; VMMs link against them.
#ifndef PV_FRONT_VIRGL_ABI_H
#define PV_FRONT_VIRGL_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define EXPORT __attribute__((visibility("default")))

// Init flags.
#define VIRGL_INIT_THREAD_SYNC       (1 << 1)
#define VIRGL_INIT_USE_EXTERNAL_BLOB (1 << 5)
#define VIRGL_INIT_VENUS             (1 << 6)
#define VIRGL_INIT_NO_VIRGL          (1 << 7)
#define VIRGL_INIT_ASYNC_FENCE_CB    (1 << 8)
#define VIRGL_INIT_RENDER_SERVER     (1 << 9)
#define VIRGL_INIT_DRM               (1 << 10)

#define VIRGL_CAPSET_VIRGL        1u
#define VIRGL_CAPSET_VIRGL2       2u
#define VIRGL_CAPSET_VENUS        4u
#define VIRGL_CONTEXT_CAPSET_MASK 0xffu

#define VIRGL_BLOB_MEM_GUEST        1u
#define VIRGL_BLOB_MEM_HOST3D       2u
#define VIRGL_BLOB_MEM_HOST3D_GUEST 3u

#define VIRGL_FD_DMABUF 1u
#define VIRGL_FD_OPAQUE 2u
#define VIRGL_FD_SHM    3u

#define VIRGL_MAP_CACHED 1u

struct virgl_gl_ctx_param;

// A VMM gives the version it was built with and fills in no more than that version has.
struct virgl_callbacks {
   int version;
   void (*write_fence)(void *cookie, uint32_t fence);
   // version 1 up to here and:
   void *(*create_gl_context)(void *cookie, int scanout, struct virgl_gl_ctx_param *param);
   void (*destroy_gl_context)(void *cookie, void *ctx);
   int (*make_current)(void *cookie, int scanout, void *ctx);
   // version 2
   int (*get_drm_fd)(void *cookie);
   // version 3
   void (*write_context_fence)(void *cookie, uint32_t ctx_id, uint32_t ring_idx, uint64_t fence_id);
   int (*get_server_fd)(void *cookie, uint32_t version);
   // version 4
   void *(*get_egl_display)(void *cookie);
};

struct virgl_box {
   uint32_t x, y, z, w, h, d;
};

struct virgl_resource_create_args {
   uint32_t handle, target, format, bind, width, height, depth, array_size, last_level, nr_samples, flags;
};

struct virgl_resource_info {
   uint32_t handle, virgl_format, width, height, depth, flags, tex_id, stride;
   int drm_fourcc, fd;
};

struct virgl_resource_info_ext {
   int version;
   struct virgl_resource_info base;
   bool has_dmabuf_export;
   int planes;
   uint64_t modifiers;
   void *d3d_tex2d;
};

struct virgl_create_blob_args {
   uint32_t res_handle, ctx_id, blob_mem, blob_flags;
   uint64_t blob_id, size;
   const struct iovec *iovecs;
   uint32_t num_iovs;
};

struct virgl_import_blob_args {
   uint32_t res_handle, blob_mem, fd_type;
   int fd;
   uint64_t size;
};

struct virgl_query_header {
   uint32_t stype, stype_version, size;
};

#define VIRGL_QUERY_EXPORT    1u
#define VIRGL_QUERY_SUPPORTED 2u

struct virgl_export_query {
   struct virgl_query_header hdr;
   uint32_t in_resource_id, out_num_fds, in_export_fds;
   uint32_t out_fourcc;
   uint32_t pad;
   int32_t out_fds[4];
   uint32_t out_strides[4], out_offsets[4];
   uint64_t out_modifier;
};

struct virgl_supported_query {
   struct virgl_query_header hdr;
   uint32_t in_stype_version, out_supported;
};

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(struct virgl_callbacks) == 72, "version 4");
_Static_assert(sizeof(struct virgl_resource_create_args) == 44, "as measured");
_Static_assert(sizeof(struct virgl_resource_info) == 40 && sizeof(struct virgl_resource_info_ext) == 72, "as measured");
_Static_assert(sizeof(struct virgl_create_blob_args) == 48 && sizeof(struct virgl_import_blob_args) == 24,
               "as measured");
_Static_assert(sizeof(struct virgl_export_query) == 88 && sizeof(struct virgl_supported_query) == 20, "as measured");
#endif

#endif
