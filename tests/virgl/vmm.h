// SPDX-License-Identifier: MIT
//
// A VMM without a machine: it loads a libvirglrenderer as VMMs do, makes their calls, and plays the guest as well, by
// writing Venus commands by hand.
#ifndef TESTS_VIRGL_VMM_H
#define TESTS_VIRGL_VMM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/os.h"
#include "front/virgl/delegate.h"
#include "wire/client.gen.h"
#include "wire/reader.h"
#include "wire/venus.gen.h"
#include "wire/writer.h"

#define SEC UINT64_C(1000000000)

struct vmm {
   void *library;
#define VMM_MEMBER(type, name, parameters) type(*name) parameters;
   VIRGL_DELEGATED(VMM_MEMBER)
#undef VMM_MEMBER
   // Not in every libvirglrenderer: NULL.
   int (*resource_map_fixed)(uint32_t resource, void *address);
   int (*set_log_callback)(void (*callback)(int level, const char *line, void *data), void *data, void (*)(void *));
};
extern struct vmm virgl;

// Loads a library. False: a line said why.
bool vmm_load(const char *path);

// Fences as the library retired them.
struct vmm_fence {
   uint32_t context, ring_idx; // context 0: none
   uint64_t id;
   bool inside_poll; // on our thread, in a poll
};
#define VMM_FENCES 4096
struct vmm_seen {
   atomic_uint fences, lines; // lines: of the log, warnings and errors
   struct vmm_fence fence[VMM_FENCES];
   char line[1024]; // the last of them
};
extern struct vmm_seen seen;

// As QEMU initialises it, flags apart.
#define VMM_QEMU (VIRGL_INIT_VENUS | VIRGL_INIT_RENDER_SERVER)
#define VMM_CROSVM                                                                                                     \
   (VIRGL_INIT_VENUS | VIRGL_INIT_NO_VIRGL | VIRGL_INIT_USE_EXTERNAL_BLOB | VIRGL_INIT_THREAD_SYNC |                   \
    VIRGL_INIT_ASYNC_FENCE_CB)
#define VMM_LIBKRUN (VIRGL_INIT_VENUS | VIRGL_INIT_NO_VIRGL)
void vmm_init(int flags);
void vmm_poll(void);
// Polls until this many fences have retired. False after 20 s.
bool vmm_retired(unsigned fences);

// A guest's context with a device on the host. Its resources: shm (commands' replies), and what the tests make.
struct guest {
   uint32_t context, shm;
   uint8_t *shared;
   uint8_t bytes[65536];
   struct pv_writer w;
   uint32_t fills; // guest_fill() calls
};
enum { INSTANCE = 1, PHYSICAL, DEVICE, QUEUE, POOL, BUFFER, MEMORY, COMMAND_BUFFERS };
#define MEMORY_SIZE           65536u
#define SHARED_SIZE           65536u
#define RING_KEY              0x7f00abcd0000ull
#define RING_TAIL             64u
#define RING_STATUS           128u
#define RING_BYTES            192u
#define ID(type, id)          ((type)(uintptr_t)(id))
#define PUT(g, X, flags, ...) pv_enc_##X(&(g)->w, flags, &(struct pv_args_##X){__VA_ARGS__})

// Makes the context, its shared memory (resource `shm`), and the window for replies.
void guest_open(struct guest *g, uint32_t context, uint32_t shm);
int guest_submit(struct guest *g);
// Instance, device, queue (timeline 1), a buffer with memory; `import`: the resource its memory is, 0: its own.
void guest_device(struct guest *g, uint32_t import);
// Fills the buffer with `pattern` on the GPU; fence `fence` on timeline 1 tells when.
void guest_fill(struct guest *g, uint32_t pattern, uint64_t fence);
// A blob of the buffer's memory, or with blob_id 0 shared memory, as QEMU makes it: create, get_info, map.
uint8_t *guest_blob(struct guest *g, uint32_t resource, uint64_t blob_id, uint64_t size);
// A ring in resource `resource`; and then a command in it that never ends, with the control path waiting for it.
uint8_t *guest_ring(struct guest *g, uint32_t resource);
void guest_wait_for_ever(struct guest *g, uint8_t *ring);
void guest_close(struct guest *g);

// The worker's process, -1: there is none.
pid_t vmm_worker(void);
// Descriptors, threads, mappings of a process.
struct vmm_use {
   unsigned fds, threads, maps;
};
struct vmm_use vmm_use(pid_t pid);

#endif
