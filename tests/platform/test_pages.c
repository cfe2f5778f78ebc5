// SPDX-License-Identifier: MIT
//
// Pages of 4, 16 and 64 KiB, ours, the guest's and what the host's driver wants of memory it imports, in every
// combination: memory and rings of odd sizes work, and the fake driver gets nothing that is not aligned for it.
//
// usage: test_pages FAKEHOST. Linked so that pv_page_size is the one below.
#include "../hostile/everything.h"

#include <stdatomic.h>
#include <unistd.h>

#include "wire/venus.gen.h"

size_t __wrap_pv_page_size(void);

static const char *fakehost;
static size_t page; // ours; never smaller than the machine's, whose mmap would not play along

size_t __wrap_pv_page_size(void)
{
   return page;
}

static uint64_t round_up(uint64_t size, uint64_t unit)
{
   return (size + unit - 1) / unit * unit;
}

static void put_memory(struct guest *g, uint64_t id, uint64_t size)
{
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = size, .memoryTypeIndex = 1};
   VkDeviceMemory memory = ID(VkDeviceMemory, id);
   pv_enc_vkAllocateMemory(&g->w, 0,
                           &(struct pv_args_vkAllocateMemory){.device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice)),
                                                              .pAllocateInfo = &info,
                                                              .pMemory = &memory,
                                                              .asked_pMemory = 1});
}

// Memory of a size is allocated, and mapped by a guest with pages of another size.
static void map_one(struct guest *g, uint32_t n, uint64_t size, uint64_t alignment, uint64_t guest_page)
{
   const uint64_t id = 5000 + n;
   const uint32_t resource = 100 + n;
   struct pv_blob_core blob;
   int fd;
   put_memory(g, id, size);
   assert_int_equal(guest_submit(g), 0);
   assert_int_equal(guest_state(g), PV_CONTEXT_ALIVE);
   assert_int_equal(pv_context_core_blob(g->ctx, resource, id, round_up(size, guest_page), PV_BLOB_MAPPABLE, &blob), 0);
   assert_true(blob.size >= size && blob.size % page == 0 && blob.size < round_up(size, guest_page) + page);
   assert_int_equal((uintptr_t)blob.pointer % alignment, 0);
   assert_int_equal(pv_context_core_export(g->ctx, resource, &fd), 0);
   uint8_t *guests;
   assert_int_equal(pv_shm_map(fd, blob.size, (void **)&guests), 0);
   guests[size - 1] = 0xa5;
   assert_int_equal(((volatile uint8_t *)blob.pointer)[size - 1], 0xa5);
   pv_shm_unmap(guests, blob.size);
   close(fd);
   assert_int_equal(pv_context_core_detach(g->ctx, resource), 0);
}

static void refuse_too_much(struct guest *g, uint32_t n)
{
   struct pv_blob_core blob;
   put_memory(g, 5000 + n, 65536);
   assert_int_equal(guest_submit(g), 0);
   assert_true(pv_context_core_blob(g->ctx, 100 + n, 5000 + n, 2 * 65536 + 1, PV_BLOB_MAPPABLE, &blob) < 0);
}

// Shared memory of the guest's own, with a ring at its very end.
static void use_ring(struct guest *g, uint64_t guest_page)
{
   const uint64_t size = round_up(192 + RING_BUFFER + 4, guest_page);
   struct pv_blob_core blob;
   assert_int_equal(pv_context_core_blob(g->ctx, 50, 0, size, PV_BLOB_MAPPABLE, &blob), 0);
   assert_true(blob.size >= size && blob.size % page == 0);
   const uint64_t offset = (size - (192 + RING_BUFFER + 4)) & ~UINT64_C(63);
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .resourceId = 50,
                                      .offset = offset,
                                      .size = size - offset,
                                      .idleTimeout = 1000000,
                                      .tailOffset = 64,
                                      .statusOffset = 128,
                                      .bufferOffset = 192,
                                      .bufferSize = RING_BUFFER,
                                      .extraOffset = 192 + RING_BUFFER,
                                      .extraSize = 4};
   pv_enc_vkCreateRingMESA(&g->w, 0, &(struct pv_args_vkCreateRingMESA){.ring = RING_KEY + 8, .pCreateInfo = &info});
   assert_int_equal(guest_submit(g), 0);
   put_memory(g, 6000, 12345);
   const size_t bytes = (size_t)(g->w.p - g->bytes);
   uint8_t command[512];
   assert_true(bytes <= sizeof command);
   memcpy(command, g->bytes, bytes);
   g->w.p = g->bytes;
   uint8_t *ring = (uint8_t *)blob.pointer + offset;
   ring_push(g, ring, 1, command, bytes);
   for (uint64_t end = pv_now() + 20000000000ull;
        atomic_load((_Atomic uint32_t *)(void *)ring) != bytes && pv_now() < end;)
      pv_sleep_until(pv_now() + 1000000);
   assert_int_equal(atomic_load((_Atomic uint32_t *)(void *)ring), bytes);
   assert_int_equal(guest_state(g), PV_CONTEXT_ALIVE);
}

static void combination(size_t ours, uint64_t alignment, uint64_t guest_page)
{
   static const uint64_t sizes[] = {1, 4096, 4097, 16384, 20000, 65536, 65537, 1000000};
   char text[32];
   struct guest guest;
   page = ours;
   snprintf(text, sizeof text, "%llu", (unsigned long long)alignment);
   setenv("PEARVISOR_FAKEHOST_ALIGNMENT", text, 1);
   struct pv_core *core = everything_start(fakehost, false);
   assert_non_null(core);
   everything_open(&guest, core, "pages");
   uint64_t misuses = fake_misuses();
   for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
      map_one(&guest, i, sizes[i], alignment, guest_page);
   refuse_too_much(&guest, 20);
   use_ring(&guest, guest_page);
   guest_close(&guest);
   assert_int_equal(fake_misuses(), misuses);
   fake_forget();
   everything_stop(&core);
}

static void pages_of_all_sizes_go_together(void **state)
{
   static const uint64_t sizes[] = {4096, 16384, 65536};
   (void)state;
   for (unsigned i = 0; i < 3; i++)
      for (unsigned k = 0; k < 3; k++)
         for (unsigned j = 0; j < 3; j++)
            if (sizes[i] >= (uint64_t)sysconf(_SC_PAGESIZE))
               combination(sizes[i], sizes[k], sizes[j]);
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   fakehost = argv[1];
   const struct CMUnitTest tests[] = {cmocka_unit_test(pages_of_all_sizes_go_together)};
   return cmocka_run_group_tests(tests, NULL, NULL);
}
