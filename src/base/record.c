// SPDX-License-Identifier: MIT
//
// Reading recordings. A file may come from anywhere: nothing in it is believed before its check.
#include "base/record.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (1u << 20) // memory is made as bytes turn up, not as a length says

const char *pv_record_open(struct pv_record_reader *reader, const char *path)
{
   struct pv_record_header header;
   memset(reader, 0, sizeof *reader);
   reader->file = fopen(path, "rbe");
   if (!reader->file)
      return strerror(errno);
   const char *why = NULL;
   if (fread(&header, sizeof header, 1, reader->file) != 1)
      why = ferror(reader->file) ? "it cannot be read" : "it is too short for a recording";
   else if (memcmp(header.magic, PV_RECORD_MAGIC, sizeof header.magic))
      why = "it is no recording";
   else if (header.version != PV_RECORD_VERSION)
      why = "it was made by another version of pearvisor, whose recordings this one cannot read";
   reader->registry = why ? 0 : header.registry;
   if (why)
      pv_record_close(reader);
   return why;
}

void pv_record_close(struct pv_record_reader *reader)
{
   if (reader->file)
      fclose(reader->file);
   free(reader->bytes);
   memset(reader, 0, sizeof *reader);
}

static bool reserve(struct pv_record_reader *reader, uint64_t size)
{
   if (size <= reader->room)
      return true;
   uint8_t *bytes = size <= SIZE_MAX ? realloc(reader->bytes, (size_t)size) : NULL;
   if (!bytes)
      return false;
   reader->bytes = bytes;
   reader->room = size;
   return true;
}

static int read_bytes(struct pv_record_reader *reader)
{
   uint64_t size = reader->record.size;
   for (uint64_t done = 0; done < size;) {
      uint64_t piece = size - done < PIECE ? size - done : PIECE;
      if (!reserve(reader, done + piece))
         return -ENOMEM;
      if (fread(reader->bytes + done, (size_t)piece, 1, reader->file) != 1)
         return ferror(reader->file) ? -EIO : -EPIPE;
      done += piece;
   }
   return 0;
}

static bool plausible(const struct pv_record *record)
{
   switch (record->type) {
   case PV_RECORD_COMMAND:
      return record->size >= 8 && record->size % 4 == 0;
   case PV_RECORD_BLOB:
   case PV_RECORD_ATTACH:
   case PV_RECORD_DETACH:
      return record->size == sizeof(struct pv_record_blob);
   case PV_RECORD_END:
      return record->size == sizeof(uint64_t);
   default:
      return false;
   }
}

int pv_record_next(struct pv_record_reader *reader)
{
   if (reader->number && reader->record.type == PV_RECORD_END)
      return 0;
   reader->at = (uint64_t)ftello(reader->file);
   size_t got = fread(&reader->record, 1, sizeof reader->record, reader->file);
   if (got != sizeof reader->record) {
      reader->record.type = 0;
      return ferror(reader->file) ? -EIO : got ? -EPIPE : -ENODATA;
   }
   reader->number++;
   if (!plausible(&reader->record))
      return -EBADMSG;
   int error = read_bytes(reader);
   if (error || reader->record.type != PV_RECORD_END)
      return error ? error : 1;
   return fgetc(reader->file) == EOF ? 0 : -EBADMSG; // nothing comes after the end
}
