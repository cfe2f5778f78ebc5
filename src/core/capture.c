// SPDX-License-Identifier: MIT
//
// Writing recordings: one system call per record, so that what was written survives the worker's death.
#include "core/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/record.h"
#include "core/context.h"
#include "core/protocol.gen.h"

struct pv_capture {
   pthread_mutex_t lock;
   int fd; // -1: a write failed
   uint64_t commands;
   uint64_t end; // of the last whole record
};

// Ends the recording; what is there stays readable. Called with the lock held.
static void give_up(struct pv_capture *capture, int error)
{
   pv_error("recording ends after %llu commands: %s", (unsigned long long)capture->commands, strerror(error));
   if (ftruncate(capture->fd, (off_t)capture->end))
      pv_error("the recording's last record is not whole: %s", strerror(errno));
   close(capture->fd);
   capture->fd = -1;
}

// Called with the lock held.
static void append(struct pv_capture *capture, const struct pv_record *record, const void *bytes)
{
   struct iovec parts[2] = {{(void *)record, sizeof *record}, {(void *)bytes, record->size}};
   unsigned first = 0;
   if (capture->fd < 0)
      return;
   while (first < 2) {
      ssize_t n = writev(capture->fd, parts + first, (int)(2 - first));
      if (n < 0 && errno == EINTR)
         continue;
      if (n < 0) {
         give_up(capture, errno);
         return;
      }
      for (size_t left = (size_t)n; first < 2 && left >= parts[first].iov_len; first++) {
         left -= parts[first].iov_len;
         n = (ssize_t)left;
      }
      if (first < 2) {
         parts[first].iov_base = (uint8_t *)parts[first].iov_base + n;
         parts[first].iov_len -= (size_t)n;
      }
   }
   capture->end += sizeof *record + record->size;
   capture->commands += record->type == PV_RECORD_COMMAND;
}

int pv_capture_open(const char *path, struct pv_capture **out)
{
   struct pv_record_header header = {.version = PV_RECORD_VERSION, .registry = PV_REGISTRY_VERSION};
   memcpy(header.magic, PV_RECORD_MAGIC, sizeof header.magic);
   struct pv_capture *capture = calloc(1, sizeof *capture);
   if (!capture)
      return -ENOMEM;
   capture->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
   ssize_t n = capture->fd < 0 ? -1 : write(capture->fd, &header, sizeof header);
   if (n != (ssize_t)sizeof header) {
      int error = n < 0 ? errno : ENOSPC;
      pv_error("cannot record to %s: %s", path, strerror(error));
      if (capture->fd >= 0)
         close(capture->fd);
      free(capture);
      return -error;
   }
   capture->end = sizeof header;
   pthread_mutex_init(&capture->lock, NULL);
   *out = capture;
   return 0;
}

void pv_capture_close(struct pv_capture **slot)
{
   struct pv_capture *capture = *slot;
   *slot = NULL;
   if (!capture)
      return;
   const struct pv_record record = {.type = PV_RECORD_END, .size = sizeof capture->commands};
   append(capture, &record, &capture->commands);
   if (capture->fd >= 0)
      close(capture->fd);
   pthread_mutex_destroy(&capture->lock);
   free(capture);
}

__attribute__((cold)) void pv_capture_command(struct pv_capture *capture, struct pv_exec *x)
{
   struct pv_decoder *decoder = x->decoder;
   uint64_t number = atomic_load_explicit(&decoder->commands, memory_order_relaxed) + 1;
   if (decoder->captured == number) // it waited and is shown again
      return;
   decoder->captured = number;
   const struct pv_record record = {
      .type = PV_RECORD_COMMAND, .decoder = decoder->index, .size = (uint64_t)(x->in.p - x->begin)};
   pthread_mutex_lock(&capture->lock);
   append(capture, &record, x->begin);
   pthread_mutex_unlock(&capture->lock);
}

void pv_capture_resource(struct pv_capture *capture, uint32_t type, uint32_t resource, uint64_t blob_id, uint64_t size,
                         uint32_t flags)
{
   const struct pv_record record = {.type = type, .size = sizeof(struct pv_record_blob)};
   const struct pv_record_blob blob = {.resource = resource, .flags = flags, .blob_id = blob_id, .size = size};
   pthread_mutex_lock(&capture->lock);
   append(capture, &record, &blob);
   pthread_mutex_unlock(&capture->lock);
}
