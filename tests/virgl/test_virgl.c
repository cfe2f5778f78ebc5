// SPDX-License-Identifier: MIT
//
// The drop-in as VMMs use it. Arguments: the library; "worker" or "in-process", as PEARVISOR_RENDERER says.
#include "vmm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

static bool in_process;
static const char *own_path, *library_path;

static int leave(void **state)
{
   virgl.cleanup(NULL);
   return 0;
}

static bool is_filled(const uint8_t *memory, uint32_t pattern)
{
   for (uint32_t i = 0; i < MEMORY_SIZE; i += 4) {
      if (pv_load32(memory + i) != pattern)
         return false;
   }
   return true;
}

// The proof that all is well: a new context computes.
static void a_guest_works(uint32_t context, uint32_t pattern)
{
   struct guest g;
   unsigned before = atomic_load(&seen.fences);
   guest_open(&g, context, context * 100);
   guest_device(&g, 0);
   guest_fill(&g, pattern, 77);
   assert_true(vmm_retired(before + 1));
   assert_true(seen.fence[before].context == context && seen.fence[before].ring_idx == 1 &&
               seen.fence[before].id == 77);
   assert_true(is_filled(guest_blob(&g, context * 100 + 1, MEMORY, MEMORY_SIZE), pattern));
   assert_int_equal(virgl.resource_unmap(context * 100 + 1), 0);
   virgl.resource_unref(context * 100 + 1);
   guest_close(&g);
}

static void capsets_are_told_before_init(void **state)
{
   uint32_t version = 9, size = 9;
   uint8_t caps[160];
   virgl.get_cap_set(VIRGL_CAPSET_VENUS, &version, &size);
   assert_int_equal(version, 0);
   assert_int_equal(size, sizeof caps);
   virgl.get_cap_set(99, &version, &size);
   assert_true(!version && !size);
   vmm_init(VMM_QEMU);
   virgl.fill_caps(VIRGL_CAPSET_VENUS, 0, caps);
   assert_int_equal(pv_load32(caps), 1); // wire_format_version
   a_guest_works(1, 0x11111111);
}

static void a_vmm_that_only_asked_leaves_nothing(void **state)
{
   uint32_t version, size;
   virgl.get_cap_set(VIRGL_CAPSET_VENUS, &version, &size);
   assert_int_equal(vmm_worker() > 0, !in_process);
   virgl.cleanup(NULL);
   assert_int_equal(vmm_worker(), -1);
}

// What the guest's boot console and its first program bring, in QEMU's order.
static void the_calls_of_qemu(void **state)
{
   uint32_t pixels[64 * 64];
   struct iovec iov = {pixels, sizeof pixels};
   struct virgl_resource_create_args console = {.handle = 1,
                                                .target = 2,
                                                .format = 2,
                                                .bind = 2,
                                                .width = 64,
                                                .height = 64,
                                                .depth = 1,
                                                .array_size = 1,
                                                .flags = 1};
   struct virgl_box box = {.w = 64, .h = 64, .d = 1};
   struct virgl_resource_info_ext info;
   struct iovec *back = NULL;
   int backs = 0;
   vmm_init(VMM_QEMU);
   for (uint32_t i = 0; i < 64 * 64; i++)
      pixels[i] = i * 2654435761u;
   assert_int_equal(virgl.resource_create(&console, NULL, 0), 0);
   assert_int_equal(virgl.resource_attach_iov(1, &iov, 1), 0);
   assert_int_not_equal(virgl.resource_attach_iov(1, &iov, 1), 0);
   assert_int_equal(virgl.context_create(1, 4, "udev"), 0);
   assert_int_equal(virgl.transfer_write_iov(1, 0, 0, 0, 0, &box, 0, NULL, 0), 0);
   memset(&info, 0xa5, sizeof info);
   assert_int_equal(virgl.resource_get_info_ext(1, &info), 0);
   assert_true(info.base.width == 64 && info.base.height == 64);
   uint32_t width = 0, height = 0;
   uint32_t *cursor = virgl.get_cursor_data(1, &width, &height);
   assert_non_null(cursor);
   assert_true(width == 64 && height == 64);
   assert_memory_equal(cursor, pixels, sizeof pixels);
   free(cursor);
   box.x = 1; // now it does not fit
   assert_int_not_equal(virgl.transfer_write_iov(1, 0, 0, 0, 0, &box, 0, NULL, 0), 0);
   assert_int_equal(virgl.create_fence(5, 0), 0);
   assert_int_equal(atomic_load(&seen.fences), 0);
   vmm_poll();
   assert_int_equal(atomic_load(&seen.fences), 1);
   assert_int_equal(seen.fence[0].id, 5);
   a_guest_works(2, 0x22222222);
   virgl.resource_detach_iov(1, &back, &backs);
   assert_true(back == &iov && backs == 1);
   virgl.resource_unref(1);
   virgl.context_destroy(1);
}

static void what_nobody_has_is_refused(void **state)
{
   struct guest g;
   uint32_t word = 0, type;
   void *map;
   uint64_t size;
   int fd;
   vmm_init(VMM_QEMU);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   unsigned lines = atomic_load(&seen.lines);
#define REFUSED(call)                                                                                                  \
   assert_int_not_equal(call, 0);                                                                                      \
   assert_true(atomic_load(&seen.lines) > lines);                                                                      \
   lines = atomic_load(&seen.lines)
   REFUSED(virgl.context_create_with_flags(9, 9, 1, "x"));
   REFUSED(virgl.context_create_with_flags(9, VIRGL_CAPSET_VENUS | 0x100, 1, "x"));
   REFUSED(virgl.submit_cmd(&word, 9, 1));
   REFUSED(virgl.context_create_fence(9, 1, 0, 1));
   REFUSED(virgl.resource_map(9, &map, &size));
   REFUSED(virgl.resource_export_blob(9, &type, &fd));
   REFUSED(virgl.resource_get_map_info(9, &type));
   struct virgl_create_blob_args blob = {.res_handle = 9, .ctx_id = 1, .blob_mem = 7, .blob_flags = 1, .size = 4096};
   REFUSED(virgl.resource_create_blob(&blob));
   blob.blob_mem = VIRGL_BLOB_MEM_HOST3D;
   blob.ctx_id = 9; // no such context
   REFUSED(virgl.resource_create_blob(&blob));
   blob.ctx_id = 1;
   blob.res_handle = 100; // taken
   REFUSED(virgl.resource_create_blob(&blob));
   blob.res_handle = 0;
   REFUSED(virgl.resource_create_blob(&blob));
   blob.res_handle = 9;
   blob.blob_id = 12345; // no such memory
   REFUSED(virgl.resource_create_blob(&blob));
   REFUSED(virgl.context_create_fence(1, 1, 64, 1));
   virgl.ctx_attach_resource(1, 9);
   REFUSED(-1);
#undef REFUSED
   assert_int_equal(virgl.resource_map(100, &map, &size), -EINVAL); // it is mapped already
   assert_int_equal(virgl.submit_cmd(&word, 1, -1), EINVAL);
   assert_int_equal(virgl.submit_cmd((char *)&word + 2, 1, 1), EFAULT);
   virgl.resource_unref(9);
   virgl.context_destroy(9);
   virgl.ctx_attach_resource(1, 9);
   virgl.ctx_attach_resource(9, 100);
   virgl.ctx_detach_resource(9, 9);
   vmm_poll();
   assert_int_equal(atomic_load(&seen.fences), 0);
   guest_fill(&g, 0x33333333, 1); // the same guest goes on
   assert_true(vmm_retired(1));
   assert_true(is_filled(guest_blob(&g, 101, MEMORY, MEMORY_SIZE), 0x33333333));
   guest_close(&g);
}

static void fences_retire_in_order_at_polls(void **state)
{
   struct guest g;
   uint64_t next[2] = {1, 1};
   vmm_init(VMM_QEMU);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   for (unsigned i = 0; i < 300; i++) {
      uint32_t ring = i % 3 == 0;
      if (i % 10 == 0)
         guest_fill(&g, i, 1000 + i);
      assert_int_equal(virgl.context_create_fence(1, 1, ring, i + 1), 0);
      assert_int_equal(atomic_load(&seen.fences), 0); // nobody has polled yet
   }
   assert_true(vmm_retired(330));
   vmm_poll();
   assert_int_equal(atomic_load(&seen.fences), 330); // each once
   for (unsigned i = 0; i < 330; i++) {
      const struct vmm_fence *fence = &seen.fence[i];
      assert_true(fence->inside_poll && fence->context == 1 && fence->ring_idx < 2);
      if (fence->id >= 1000)
         continue;
      assert_true(fence->id >= next[fence->ring_idx]);
      next[fence->ring_idx] = fence->id + 1;
   }
   guest_close(&g);
}

static void a_fence_makes_the_poll_fd_readable(void **state)
{
   struct guest g;
   vmm_init(VMM_LIBKRUN);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   struct pollfd fd = {.fd = virgl.get_poll_fd(), .events = POLLIN};
   assert_true(fd.fd >= 0);
   vmm_poll();
   assert_int_equal(poll(&fd, 1, 0), 0);
   guest_fill(&g, 1, 1);
   assert_int_equal(poll(&fd, 1, 20000), 1);
   vmm_poll();
   assert_int_equal(atomic_load(&seen.fences), 1);
   assert_int_equal(poll(&fd, 1, 0), 0);
   assert_int_equal(virgl.create_fence(2, 0), 0);
   assert_int_equal(poll(&fd, 1, 0), 1);
   vmm_poll();
   assert_int_equal(atomic_load(&seen.fences), 2);
   fd.fd = virgl.context_get_poll_fd(1);
   guest_fill(&g, 2, 3);
   assert_int_equal(poll(&fd, 1, 20000), 1);
   virgl.context_poll(1);
   assert_int_equal(atomic_load(&seen.fences), 3);
   guest_close(&g);
}

static void fences_come_by_themselves_if_asked(void **state)
{
   struct guest g;
   uint64_t end = pv_now() + 20 * SEC;
   vmm_init(VMM_CROSVM);
   assert_int_equal(virgl.get_poll_fd(), -1);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   for (unsigned i = 1; i <= 50; i++)
      guest_fill(&g, i, i);
   while (atomic_load(&seen.fences) < 50 && pv_now() < end)
      pv_sleep_until(pv_now() + 1000000);
   assert_int_equal(atomic_load(&seen.fences), 50);
   for (unsigned i = 0; i < 50; i++)
      assert_true(seen.fence[i].id == i + 1 && !seen.fence[i].inside_poll);
   guest_close(&g);
}

static void blobs_are_exported_and_mapped_in_place(void **state)
{
   struct guest g;
   uint32_t type = 0;
   int fd = -1;
   vmm_init(VMM_CROSVM); // it wants descriptors of all memory
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   uint8_t *map = guest_blob(&g, 101, MEMORY, MEMORY_SIZE);
   guest_fill(&g, 0x44444444, 1);
   assert_true(vmm_retired(1));
   assert_true(is_filled(map, 0x44444444));
   assert_int_equal(virgl.resource_export_blob(101, &type, &fd), 0);
   assert_true(type == VIRGL_FD_SHM || type == VIRGL_FD_DMABUF);
   uint8_t *other = mmap(NULL, MEMORY_SIZE, PROT_READ, MAP_SHARED, fd, 0);
   assert_ptr_not_equal(other, MAP_FAILED);
   assert_true(is_filled(other, 0x44444444));
   assert_int_equal(munmap(other, MEMORY_SIZE), 0);
   assert_int_equal(close(fd), 0); // ours
   uint8_t *place = mmap(NULL, MEMORY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   assert_int_equal(virgl.resource_map_fixed(101, place), 0);
   assert_true(is_filled(place, 0x44444444));
   assert_int_equal(virgl.resource_unmap(101), 0);
   virgl.resource_unref(101);
   assert_true(is_filled(place, 0x44444444)); // the VMM's own mapping stays
   assert_int_equal(munmap(place, MEMORY_SIZE), 0);
   struct virgl_export_query query = {.hdr = {VIRGL_QUERY_EXPORT, 0, sizeof query}, .in_resource_id = 100};
   assert_int_equal(virgl.execute(&query, sizeof query), 0);
   assert_true(query.out_num_fds == 1 && query.out_fds[0] == -1 && query.out_modifier == 0x00ffffffffffffffu);
   guest_close(&g);
}

// Two programs of one guest, such as a compositor and its client.
static void two_contexts_share_memory(void **state)
{
   struct guest a, b;
   vmm_init(VMM_CROSVM); // with descriptors: what is only the driver's own mapping cannot be imported
   guest_open(&a, 1, 100);
   guest_open(&b, 2, 200);
   guest_device(&a, 0);
   uint8_t *map = guest_blob(&a, 101, MEMORY, MEMORY_SIZE);
   virgl.ctx_attach_resource(2, 101);
   guest_device(&b, 101);
   guest_fill(&a, 0x55555555, 1);
   assert_true(vmm_retired(1));
   assert_true(is_filled(map, 0x55555555));
   guest_fill(&b, 0x66666666, 2);
   assert_true(vmm_retired(2));
   assert_true(is_filled(map, 0x66666666));
   virgl.context_destroy(1); // the memory outlives who made it
   guest_fill(&b, 0x77777777, 3);
   assert_true(vmm_retired(3));
   assert_true(is_filled(map, 0x77777777));
   virgl.ctx_detach_resource(2, 101);
   assert_int_equal(virgl.resource_unmap(101), 0);
   virgl.resource_unref(101);
   guest_close(&b);
   virgl.resource_unref(100);
}

// Whether a new context gets as far as shared memory.
static bool context_works(uint32_t context)
{
   const struct virgl_create_blob_args args = {
      .res_handle = 999, .ctx_id = context, .blob_mem = VIRGL_BLOB_MEM_HOST3D, .blob_flags = 1, .size = SHARED_SIZE};
   assert_int_equal(virgl.context_create_with_flags(context, VIRGL_CAPSET_VENUS, 5, "other"), 0);
   bool works = !virgl.resource_create_blob(&args);
   virgl.context_destroy(context);
   if (works)
      virgl.resource_unref(999);
   return works;
}

static void a_vm_has_no_more_contexts_than_it_may(void **state)
{
   struct guest g;
   bool room = false;
   setenv("PEARVISOR_CONTEXTS", "1", 1);
   vmm_init(VMM_QEMU);
   unsetenv("PEARVISOR_CONTEXTS");
   guest_open(&g, 1, 100);
   assert_false(context_works(2));
   guest_device(&g, 0); // the first one goes on
   guest_fill(&g, 7, 1);
   assert_true(vmm_retired(1));
   guest_close(&g);
   for (uint64_t end = pv_now() + 20 * SEC; !room && pv_now() < end;) // and makes room once it has left
      room = context_works(3);
   assert_true(room);
}

static void mapped_memory_outlives_its_context(void **state)
{
   struct guest g;
   vmm_init(VMM_QEMU);
   guest_open(&g, 1, 500);
   guest_device(&g, 0);
   uint8_t *map = guest_blob(&g, 501, MEMORY, MEMORY_SIZE);
   guest_fill(&g, 0x12121212, 1);
   assert_true(vmm_retired(1));
   guest_close(&g);
   a_guest_works(1, 0x13131313); // under the same number
   assert_true(is_filled(map, 0x12121212));
   memset(map, 1, MEMORY_SIZE);
   assert_int_equal(virgl.resource_unmap(501), 0);
   virgl.resource_unref(501);
}

static void allocate(struct guest *g, uint32_t id, uint64_t size)
{
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = size};
   VkDeviceMemory memory = ID(VkDeviceMemory, id);
   PUT(g, vkAllocateMemory, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pMemory = &memory,
       .asked_pMemory = 1);
   assert_int_equal(guest_submit(g), 0);
}

// Freed memory is kept for the next allocation, which may be of fewer bytes: the VMM must not map the others over what
// the guest put behind them. (guest_blob compares.)
static void recycled_memory_is_as_large_as_the_guest_believes(void **state)
{
   struct guest g;
   const uint64_t larger = 18 * 4096, smaller = 16 * 4096;
   vmm_init(VMM_QEMU);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   for (uint32_t i = 0; i < 4; i++) {
      uint64_t size = i % 2 ? smaller : larger;
      allocate(&g, 50 + i, size);
      guest_blob(&g, 101, 50 + i, size)[size - 1] = 1;
      assert_int_equal(virgl.resource_unmap(101), 0);
      virgl.resource_unref(101);
      PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, 50 + i));
      assert_int_equal(guest_submit(&g), 0);
   }
   guest_close(&g);
}

// A guest's kernel detaches memory from the context, and the program frees it, before the mapping is taken away: until
// then nobody else may get those pages.
static void what_is_mapped_stays_as_long_as_it_is_mapped(void **state)
{
   struct guest g;
   uint8_t *old, *new;
   const size_t size = 64 * 4096;
   vmm_init(VMM_QEMU);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   for (uint32_t i = 0; i < 10; i++) {
      allocate(&g, 50 + i, size);
      old = guest_blob(&g, 101, 50 + i, size);
      memset(old, 1, size);
      virgl.ctx_detach_resource(1, 101);
      PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, 50 + i));
      for (uint32_t k = 1; k <= 3; k++) { // it is really freed meanwhile
         guest_fill(&g, i, 3 * i + k);
         assert_true(vmm_retired(3 * i + k));
      }
      allocate(&g, 70 + i, size);
      new = guest_blob(&g, 102, 70 + i, size);
      memset(new, 2, size);
      for (size_t k = 0; k < size; k++)
         assert_int_equal(old[k], 1);
      assert_int_equal(virgl.resource_unmap(101), 0);
      virgl.resource_unref(101);
      assert_int_equal(new[size - 1], 2);
      assert_int_equal(virgl.resource_unmap(102), 0);
      virgl.resource_unref(102);
      PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, 70 + i));
      assert_int_equal(guest_submit(&g), 0);
   }
   guest_close(&g);
}

static void reset_and_cleanup_begin_anew(void **state)
{
   struct guest g;
   for (unsigned round = 0; round < 3; round++) {
      vmm_init(VMM_QEMU);
      guest_open(&g, 1, 100);
      guest_device(&g, 0);
      guest_fill(&g, round, 1);
      virgl.reset(); // a reboot: QEMU initialises again afterwards
      assert_int_equal(atomic_load(&seen.fences), 1);
      vmm_init(VMM_QEMU);
      assert_int_equal(virgl.submit_cmd(g.bytes, 1, 1), EINVAL);
      a_guest_works(1, round);
      assert_int_equal(atomic_load(&seen.fences), 1);
      guest_open(&g, 2, 200);
      virgl.cleanup(NULL);
      assert_int_equal(vmm_worker(), -1);
   }
}

// True once the process has no more threads and descriptors than before.
static bool shrinks_to(pid_t pid, struct vmm_use before)
{
   uint64_t end = pv_now() + 20 * SEC;
   for (;;) {
      struct vmm_use now = vmm_use(pid);
      if (now.threads <= before.threads && now.fds <= before.fds)
         return true;
      if (pv_now() > end) {
         print_message("%u threads, %u descriptors; before: %u, %u\n", now.threads, now.fds, before.threads,
                       before.fds);
         return false;
      }
      vmm_poll();
      pv_sleep_until(pv_now() + 10000000);
   }
}

static pid_t renderer(void)
{
   return in_process ? getpid() : vmm_worker();
}

static void a_context_ends_in_the_middle_of_a_submit(void **state)
{
   struct guest g;
   vmm_init(VMM_QEMU);
   a_guest_works(1, 1);
   struct vmm_use before = vmm_use(renderer());
   before.threads += in_process; // the pool of a software driver may have grown
   for (unsigned i = 0; i < 5; i++) {
      guest_open(&g, 3, 300);
      guest_device(&g, 0);
      guest_wait_for_ever(&g, guest_ring(&g, 301));
      assert_int_equal(virgl.context_create_fence(3, 1, 0, 1), 0);
      PUT(&g, vkSeekReplyCommandStreamMESA, 0, .position = 0); // more behind it
      assert_int_equal(guest_submit(&g), 0);
      guest_close(&g);
      virgl.resource_unref(301);
   }
   assert_true(vmm_retired(6));
   assert_int_equal(atomic_load(&seen.fences), 6);
   assert_true(shrinks_to(renderer(), before));
   a_guest_works(1, 2);
}

// The guest makes its own stream wait and asks for what needs an answer: the VMM goes on, that context does not.
static void a_guest_that_wedges_itself_loses_its_context(void **state)
{
   struct guest g;
   vmm_init(VMM_QEMU);
   guest_open(&g, 3, 300);
   guest_wait_for_ever(&g, guest_ring(&g, 301));
   assert_int_equal(virgl.context_create_fence(3, 1, 0, 1), 0);
   const struct virgl_create_blob_args blob = {
      .res_handle = 302, .ctx_id = 3, .blob_mem = VIRGL_BLOB_MEM_HOST3D, .blob_flags = 1, .size = 4096};
   assert_int_equal(virgl.resource_create_blob(&blob), -ETIMEDOUT);
   assert_int_equal(virgl.resource_create_blob(&blob), -EPIPE); // at once
   assert_true(vmm_retired(1));
   a_guest_works(1, 3);
   guest_close(&g);
}

static void a_dead_worker_takes_nobody_along(void **state)
{
   struct guest g;
   vmm_init(VMM_QEMU);
   for (unsigned round = 1; round <= 3; round++) {
      unsigned before = atomic_load(&seen.fences);
      guest_open(&g, 3, 300);
      guest_device(&g, 0);
      uint8_t *ring = guest_ring(&g, 301);
      _Atomic uint32_t *status = (_Atomic uint32_t *)(void *)(ring + RING_STATUS);
      uint8_t *memory = guest_blob(&g, 302, MEMORY, MEMORY_SIZE);
      guest_fill(&g, 0x88888888, 10);
      assert_true(vmm_retired(before + 1));
      guest_wait_for_ever(&g, ring);
      assert_int_equal(virgl.context_create_fence(3, 1, 0, 11), 0);
      assert_int_equal(kill(vmm_worker(), SIGKILL), 0);
      // The guest's program finds out although its VMM does nothing.
      uint64_t end = pv_now() + 20 * SEC;
      while (!(atomic_load(status) & 2) && pv_now() < end)
         pv_sleep_until(pv_now() + 1000000);
      assert_true(atomic_load(status) & 2);
      assert_true(vmm_retired(before + 2));
      assert_int_equal(virgl.context_create_fence(3, 1, 0, 12), 0);
      assert_int_equal(virgl.context_create_fence(3, 1, 1, 13), 0);
      assert_true(vmm_retired(before + 4));
      PUT(&g, vkSeekReplyCommandStreamMESA, 0, .position = 0);
      assert_int_equal(guest_submit(&g), EPIPE);
      assert_true(is_filled(memory, 0x88888888)); // what was mapped stays mapped
      struct pollfd fd = {.fd = virgl.get_poll_fd(), .events = POLLIN};
      assert_int_equal(poll(&fd, 1, 0), 0); // and nobody is called for nothing
      a_guest_works(1, round);
      guest_close(&g);
      virgl.resource_unref(301);
      virgl.resource_unref(302);
      vmm_poll();
   }
}

static void contexts_leave_nothing_behind(void **state)
{
   struct guest g;
   struct vmm_use worker = {0}, own = {0};
   vmm_init(VMM_QEMU);
   for (unsigned i = 0; i < 200; i++) {
      if (i == 10) { // lazily made things are there
         worker = vmm_use(renderer());
         own = vmm_use(getpid());
      }
      unsigned before = atomic_load(&seen.fences);
      guest_open(&g, 1 + i % 3, 100);
      if (i % 5 == 0)
         guest_device(&g, 0);
      guest_ring(&g, 101);
      assert_int_equal(virgl.context_create_fence(g.context, 1, 0, 1), 0);
      guest_close(&g);
      virgl.resource_unref(101);
      assert_true(vmm_retired(before + 1));
   }
   assert_true(shrinks_to(renderer(), worker));
   assert_true(shrinks_to(getpid(), own));
   assert_true(vmm_use(getpid()).maps <= own.maps + 20); // the C library's arenas
}

// A VMM with a guest in the middle of something, to be killed. Prints who it and its worker are.
static _Noreturn void be_a_victim(void)
{
   static struct guest g;
   vmm_init(VMM_QEMU);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   guest_wait_for_ever(&g, guest_ring(&g, 101));
   printf("%d %d\n", (int)getpid(), (int)vmm_worker());
   fflush(stdout);
   for (;;)
      pause();
}

static void a_killed_vmm_takes_its_worker_along(void **state)
{
   char command[8192];
   int vmm = 0, worker = 0;
   snprintf(command, sizeof command, "'%s' '%s' victim", own_path, library_path);
   FILE *victim = popen(command, "r");
   assert_non_null(victim);
   assert_int_equal(fscanf(victim, "%d %d", &vmm, &worker), 2);
   assert_true(vmm > 0 && worker > 0);
   assert_true(vmm_use(worker).maps > 0);
   assert_int_equal(kill(vmm, SIGKILL), 0);
   uint64_t end = pv_now() + 20 * SEC;
   while (vmm_use(worker).maps && pv_now() < end) // nobody may have waited for it, but it has no memory any more
      pv_sleep_until(pv_now() + 10000000);
   assert_int_equal(vmm_use(worker).maps, 0);
   pclose(victim);
}

int main(int argc, char **argv)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(capsets_are_told_before_init, leave),
      cmocka_unit_test_teardown(a_vmm_that_only_asked_leaves_nothing, leave),
      cmocka_unit_test_teardown(the_calls_of_qemu, leave),
      cmocka_unit_test_teardown(what_nobody_has_is_refused, leave),
      cmocka_unit_test_teardown(fences_retire_in_order_at_polls, leave),
      cmocka_unit_test_teardown(a_fence_makes_the_poll_fd_readable, leave),
      cmocka_unit_test_teardown(fences_come_by_themselves_if_asked, leave),
      cmocka_unit_test_teardown(blobs_are_exported_and_mapped_in_place, leave),
      cmocka_unit_test_teardown(two_contexts_share_memory, leave),
      cmocka_unit_test_teardown(mapped_memory_outlives_its_context, leave),
      cmocka_unit_test_teardown(recycled_memory_is_as_large_as_the_guest_believes, leave),
      cmocka_unit_test_teardown(what_is_mapped_stays_as_long_as_it_is_mapped, leave),
      cmocka_unit_test_teardown(reset_and_cleanup_begin_anew, leave),
      cmocka_unit_test_teardown(a_context_ends_in_the_middle_of_a_submit, leave),
      cmocka_unit_test_teardown(a_guest_that_wedges_itself_loses_its_context, leave),
      cmocka_unit_test_teardown(contexts_leave_nothing_behind, leave),
      // Not in this process:
      cmocka_unit_test_teardown(a_vm_has_no_more_contexts_than_it_may, leave),
      cmocka_unit_test_teardown(a_dead_worker_takes_nobody_along, leave),
      cmocka_unit_test_teardown(a_killed_vmm_takes_its_worker_along, leave),
   };
   const size_t count = sizeof tests / sizeof *tests;
   if (argc != 3 || !vmm_load(argv[1]))
      return 1;
   own_path = argv[0];
   library_path = argv[1];
   if (!strcmp(argv[2], "victim"))
      be_a_victim();
   in_process = !strcmp(argv[2], "in-process");
   setenv("PEARVISOR_RENDERER", argv[2], 1);
   return _cmocka_run_group_tests("virgl", tests, in_process ? count - 3 : count, NULL, NULL);
}
