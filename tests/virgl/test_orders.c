// SPDX-License-Identifier: MIT
//
// The drop-in as crosvm (its library rutabaga) and libkrun use it, from start to end in their order of calls, and the
// fences of many contexts. Arguments: the library; "worker" or "in-process".
#include "vmm.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTEXTS 8u
#define ROUNDS   12u

static bool in_process;

static int leave(void **state)
{
   virgl.cleanup(NULL);
   return 0;
}

// Both ask for the size, and then for the contents, of every capset that has one; numbers that nobody has come along.
static void ask_for_capsets(void)
{
   uint8_t caps[4096];
   unsigned found = 0;
   for (uint32_t set = 1; set <= 6; set++) {
      uint32_t version = 7, size = 7;
      virgl.get_cap_set(set, &version, &size);
      assert_true(size <= sizeof caps);
      if (!size)
         continue;
      memset(caps, 0, sizeof caps);
      virgl.fill_caps(set, version, caps);
      assert_int_not_equal(pv_load32(caps), 0);
      found |= 1u << set;
   }
   assert_int_equal(found, 1u << VIRGL_CAPSET_VENUS); // without OpenGL there is nothing else
}

// Blobs as both make them: a descriptor and how to map it are asked for at once.
static int export_blob(uint32_t context, uint32_t resource, uint64_t blob_id, uint64_t size)
{
   const struct virgl_create_blob_args args = {.res_handle = resource,
                                               .ctx_id = context,
                                               .blob_mem = VIRGL_BLOB_MEM_HOST3D,
                                               .blob_flags = 1,
                                               .blob_id = blob_id,
                                               .size = size};
   uint32_t type = 0, map_info = 0;
   int fd = -1;
   assert_int_equal(virgl.resource_create_blob(&args), 0);
   assert_int_equal(virgl.resource_export_blob(resource, &type, &fd), 0);
   assert_true(fd >= 0 && (type == VIRGL_FD_SHM || type == VIRGL_FD_DMABUF));
   assert_int_equal(virgl.resource_get_map_info(resource, &map_info), 0);
   assert_true(map_info == 1 || map_info == 3);
   return fd;
}

static void await(unsigned fences)
{
   uint64_t end = pv_now() + 20 * SEC;
   while (atomic_load(&seen.fences) < fences && pv_now() < end)
      pv_sleep_until(pv_now() + 1000000);
   assert_int_equal(atomic_load(&seen.fences), fences);
}

static void the_calls_of_crosvm(void **state)
{
   struct guest g = {0};
   struct virgl_supported_query supported = {.hdr = {VIRGL_QUERY_SUPPORTED, 0, sizeof supported}};
   struct virgl_export_query query = {.hdr = {VIRGL_QUERY_EXPORT, 0, sizeof query}, .in_resource_id = 101};
   vmm_init(VMM_CROSVM);
   ask_for_capsets();
   assert_int_equal(virgl.get_poll_fd(), -1); // fences come by themselves
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   assert_int_equal(virgl.execute(&supported, sizeof supported), 0);
   assert_int_equal(supported.out_supported, 3);
   int fd = export_blob(1, 101, MEMORY, MEMORY_SIZE);
   assert_int_equal(virgl.execute(&query, sizeof query), 0);
   assert_true(query.out_num_fds == 1 && query.out_fds[0] == -1 && query.out_modifier == 0x00ffffffffffffffu);
   uint8_t *map = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
   assert_ptr_not_equal(map, MAP_FAILED);
   close(fd);
   virgl.ctx_attach_resource(1, 101); // the guest maps first
   for (uint32_t i = 1; i <= 5; i++) {
      guest_fill(&g, i * 0x01010101u, i);
      await(i);
      assert_int_equal(map[MEMORY_SIZE - 1], i);
      virgl.poll(); // its loop does so whatever happens
   }
   munmap(map, MEMORY_SIZE);
   virgl.ctx_detach_resource(1, 101);
   virgl.resource_unref(101);
   guest_close(&g);
}

static void the_calls_of_libkrun(void **state)
{
   struct guest g = {0};
   vmm_init(VMM_LIBKRUN);
   ask_for_capsets();
   uint8_t *window = mmap(NULL, 4 * MEMORY_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
   assert_ptr_not_equal(window, MAP_FAILED);
   guest_open(&g, 1, 100);
   guest_device(&g, 0);
   uint8_t *place = window + MEMORY_SIZE;
   if (in_process) { // the driver's own mapping has no descriptor: by address
      assert_non_null(guest_blob(&g, 101, MEMORY, MEMORY_SIZE));
      void *map;
      uint64_t size;
      assert_int_equal(virgl.resource_unmap(101), 0);
      assert_int_equal(virgl.resource_map(101, &map, &size), 0);
      place = map;
   } else {
      int fd = export_blob(1, 101, MEMORY, MEMORY_SIZE);
      assert_ptr_equal(mmap(place, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), place);
      close(fd);
      virgl.ctx_attach_resource(1, 101);
   }
   struct pollfd fd = {.fd = virgl.get_poll_fd(), .events = POLLIN};
   for (uint32_t i = 1; i <= 5; i++) {
      guest_fill(&g, i * 0x01010101u, i);
      assert_int_equal(poll(&fd, 1, 20000), 1);
      vmm_poll();
      assert_int_equal(atomic_load(&seen.fences), i);
      assert_int_equal(place[0], i);
   }
   if (in_process)
      assert_int_equal(virgl.resource_unmap(101), 0);
   munmap(window, 4 * MEMORY_SIZE);
   virgl.ctx_detach_resource(1, 101);
   virgl.resource_unref(101);
   guest_close(&g);
}

// Each fence once, in the order of its context and ring, inside a poll, and at the first poll after it is done:
// whenever the descriptor is readable one poll brings at least one, and afterwards it is readable only for more.
static void fences_of_many_contexts(void **state)
{
   static struct guest guests[CONTEXTS];
   uint64_t given[CONTEXTS][2] = {{0}}, next[CONTEXTS][2] = {{0}};
   unsigned total = 0, taken = 0;
   vmm_init(VMM_QEMU);
   struct pollfd fd = {.fd = virgl.get_poll_fd(), .events = POLLIN};
   for (uint32_t c = 0; c < CONTEXTS; c++) {
      guest_open(&guests[c], c + 1, 100 * (c + 1));
      guest_device(&guests[c], 0);
   }
   for (uint32_t round = 0; round < ROUNDS; round++) {
      for (uint32_t c = 0; c < CONTEXTS; c++) {
         guest_fill(&guests[c], round, ++given[c][1]);
         for (uint32_t i = 0; i <= c % 3; i++)
            assert_int_equal(virgl.context_create_fence(c + 1, 1, 0, ++given[c][0]), 0);
         total += 2 + c % 3;
      }
      assert_int_equal(atomic_load(&seen.fences), taken); // none from inside a call
      while (taken < total) {
         assert_int_equal(poll(&fd, 1, 20000), 1);
         vmm_poll();
         unsigned now = atomic_load(&seen.fences);
         assert_true(now > taken);
         for (; taken < now; taken++) {
            const struct vmm_fence *f = &seen.fence[taken];
            assert_true(f->inside_poll && f->context >= 1 && f->context <= CONTEXTS && f->ring_idx <= 1);
            assert_int_equal(f->id, ++next[f->context - 1][f->ring_idx]);
         }
      }
      assert_int_equal(poll(&fd, 1, 0), 0);
   }
   assert_memory_equal(given, next, sizeof given);
   for (uint32_t c = 0; c < CONTEXTS; c++)
      guest_close(&guests[c]);
}

int main(int argc, char **argv)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(the_calls_of_crosvm, leave),
      cmocka_unit_test_teardown(the_calls_of_libkrun, leave),
      cmocka_unit_test_teardown(fences_of_many_contexts, leave),
   };
   if (argc != 3 || !vmm_load(argv[1]))
      return 1;
   in_process = !strcmp(argv[2], "in-process");
   setenv("PEARVISOR_RENDERER", argv[2], 1);
   return cmocka_run_group_tests(tests, NULL, NULL);
}
