// SPDX-License-Identifier: MIT
//
// Memory that a guest can map: the pages, whoever made them. Which way a GPU goes is probe.c's affair.
#include "host/host.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os.h"
#include "host/hold.h"

int pv_hostmem_wrap(int fd, uint64_t size, struct pv_hostmem **out)
{
   struct pv_hostmem *memory = calloc(1, sizeof *memory);
   if (!memory)
      return -ENOMEM;
   memory->fd = fd;
   memory->size = size;
   atomic_init(&memory->refs, 1);
   *out = memory;
   return 0;
}

int pv_hostmem_create(uint64_t size, uint64_t alignment, struct pv_hostmem **out)
{
   uint64_t page = pv_page_size();
   uint64_t unit = alignment > page ? alignment : page;
   if (size > UINT64_MAX - unit)
      return -ENOMEM;
   size = (size + unit - 1) / unit * unit;
   int fd;
   int error = pv_shm_create("pearvisor-memory", size, &fd);
   if (error)
      return error;
   struct pv_hostmem *memory;
   error = pv_hostmem_wrap(fd, size, &memory);
   if (error) {
      close(fd);
      return error;
   }
   error = pv_shm_map_aligned(fd, size, alignment, &memory->base);
   if (error) {
      memory->base = NULL;
      pv_hostmem_unref(&memory);
      return error;
   }
   *out = memory;
   return 0;
}

int pv_hostmem_adopt(struct pv_hold *device, VkDeviceMemory handle, void *base, uint64_t size, struct pv_hostmem **out)
{
   struct pv_hostmem *memory;
   int error = pv_hostmem_wrap(-1, size, &memory);
   if (error)
      return error;
   memory->base = base;
   memory->memory = handle;
   memory->device = pv_hold_ref(device);
   *out = memory;
   return 0;
}

struct pv_hostmem *pv_hostmem_ref(struct pv_hostmem *memory)
{
   atomic_fetch_add_explicit(&memory->refs, 1, memory_order_relaxed);
   return memory;
}

void pv_hostmem_unref(struct pv_hostmem **slot)
{
   struct pv_hostmem *memory = *slot;
   *slot = NULL;
   // acq_rel pairs with the other holders' decrement: their last use happens before the unmap here.
   if (!memory || atomic_fetch_sub_explicit(&memory->refs, 1, memory_order_acq_rel) != 1)
      return;
   if (memory->device) {
      pv_hold_free_memory(memory->device, memory->memory);
      pv_hold_unref(&memory->device);
   } else {
      pv_shm_unmap(memory->base, memory->size);
      close(memory->fd);
   }
   free(memory);
}
