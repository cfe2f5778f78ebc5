// SPDX-License-Identifier: MIT
//
// Two-dimensional resources in plain memory: what a console and a cursor need when there is no libvirglrenderer to give
// them to.
#ifndef PV_FRONT_VIRGL_PIXELS_H
#define PV_FRONT_VIRGL_PIXELS_H

#include "front/virgl/abi.h"

struct virgl_pixels {
   uint32_t width, height, format, flags;
   uint8_t *bytes; // four a pixel, rows without gaps
};

// 0, -EINVAL (not four bytes a pixel, or too large), -ENOMEM.
int virgl_pixels_create(const struct virgl_resource_create_args *args, struct virgl_pixels *out);
void virgl_pixels_destroy(struct virgl_pixels *pixels);

// Copies a box between the picture and the guest's memory, which has rows of `stride` bytes (0: as wide as the
// picture) and begins at `offset`. -EINVAL: outside of either.
int virgl_pixels_transfer(struct virgl_pixels *pixels, const struct virgl_box *box, uint32_t stride, uint64_t offset,
                          const struct iovec *iov, unsigned iovs, bool to_guest);

#endif
