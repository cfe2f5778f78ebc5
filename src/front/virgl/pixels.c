// SPDX-License-Identifier: MIT
//
// Pictures in memory.
#include "front/virgl/pixels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 16384u

// Formats of virtio-gpu's 2D resources; all have four bytes.
static bool is_known(uint32_t format)
{
   static const uint8_t formats[] = {1, 2, 3, 4, 67, 68, 121, 134};
   return memchr(formats, (int)(format & 0xff), sizeof(formats)) && format < 256;
}

int virgl_pixels_create(const struct virgl_resource_create_args *args, struct virgl_pixels *out)
{
   if (!args->width || !args->height || args->width > MAX_SIDE || args->height > MAX_SIDE || !is_known(args->format))
      return -EINVAL;
   *out = (struct virgl_pixels){
      .width = args->width, .height = args->height, .format = args->format, .flags = args->flags};
   out->bytes = calloc((size_t)args->width * args->height, 4);
   return out->bytes ? 0 : -ENOMEM;
}

void virgl_pixels_destroy(struct virgl_pixels *pixels)
{
   free(pixels->bytes);
   pixels->bytes = NULL;
}

// Copies `size` bytes at `offset` of scattered memory. False if it is not that large.
static bool copy(const struct iovec *iov, unsigned iovs, uint64_t offset, uint8_t *bytes, size_t size, bool to_guest)
{
   for (unsigned i = 0; i < iovs && size; i++) {
      if (offset >= iov[i].iov_len) {
         offset -= iov[i].iov_len;
         continue;
      }
      size_t piece = iov[i].iov_len - offset < size ? iov[i].iov_len - offset : size;
      uint8_t *theirs = (uint8_t *)iov[i].iov_base + offset;
      if (to_guest)
         memcpy(theirs, bytes, piece);
      else
         memcpy(bytes, theirs, piece);
      bytes += piece;
      size -= piece;
      offset = 0;
   }
   return size == 0;
}

int virgl_pixels_transfer(struct virgl_pixels *pixels, const struct virgl_box *box, uint32_t stride, uint64_t offset,
                          const struct iovec *iov, unsigned iovs, bool to_guest)
{
   if (box->x > pixels->width || box->w > pixels->width - box->x || box->y > pixels->height ||
       box->h > pixels->height - box->y)
      return -EINVAL;
   const uint64_t pitch = stride ? stride : pixels->width * 4u;
   for (uint32_t row = 0; row < box->h; row++) {
      uint8_t *bytes = pixels->bytes + ((size_t)(box->y + row) * pixels->width + box->x) * 4;
      if (offset > UINT64_MAX - row * pitch ||
          !copy(iov, iovs, offset + row * pitch, bytes, (size_t)box->w * 4, to_guest))
         return -EINVAL;
   }
   return 0;
}
