// SPDX-License-Identifier: MIT
//
// Recordings: the file format that core/capture.c writes and front/replay.c reads. It stands below both, so that
// neither has to know the other. What a record means is the renderer's affair; here are only bytes, lengths and their
// checks.
//
// A file is a header and records, all little-endian, all lengths multiples of 4. It ends with a PV_RECORD_END; without
// one its writer was killed, and it is good as far as it goes. The *contents* of shared and device memory are not
// recorded.
#ifndef PV_BASE_RECORD_H
#define PV_BASE_RECORD_H

#include <stdint.h>
#include <stdio.h>

#define PV_RECORD_MAGIC   "PVREC\r\n\x1a"
#define PV_RECORD_VERSION 1u

struct pv_record_header {
   char magic[8];
   uint32_t version;
   uint32_t registry; // VK_MAKE_API_VERSION of the Vulkan registry its writer was generated from
};

enum pv_record_type {
   PV_RECORD_COMMAND = 1, // one command as it was sent, id and flags first
   PV_RECORD_BLOB,        // struct pv_record_blob
   PV_RECORD_ATTACH,      // struct pv_record_blob, blob_id and flags 0
   PV_RECORD_DETACH,      // struct pv_record_blob, only the resource
   PV_RECORD_END,         // uint64_t: how many commands there are
   PV_RECORD_TYPES,
};

struct pv_record { // followed by `size` bytes
   uint32_t type;
   uint32_t decoder; // whose: 0 the control path, n the n-th ring that was made
   uint64_t size;
};

struct pv_record_blob {
   uint32_t resource, flags;
   uint64_t blob_id, size;
};

struct pv_record_reader {
   FILE *file;
   uint32_t registry;
   uint64_t at;     // where the record at hand starts in the file
   uint64_t number; // of the record at hand, from 1
   struct pv_record record;
   uint8_t *bytes; // its record.size bytes, until the next one is read
   uint64_t room;
};

// Opens a recording. NULL if good (then close it), else one phrase that says what is wrong.
const char *pv_record_open(struct pv_record_reader *reader, const char *path);
void pv_record_close(struct pv_record_reader *reader);

// Reads the next record. 1: there it is; 0: the end, marked as such; -ENODATA: the file stops without an end mark, at a
// whole record; -EPIPE: in the middle of one; -EBADMSG: what is there is no record; -ENOMEM, -EIO.
int pv_record_next(struct pv_record_reader *reader);

#endif
