// SPDX-License-Identifier: MIT
//
// Memory that guests map, on the host's own driver and as whatever PEARVISOR_RESTRICT makes of it: what it costs them,
// what becomes of it when they free it, who else may have it, and what they hear when there is none.
#include "device.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK    (1u << 20)
#define LIMIT    (64u << 20)
#define CYCLES   10000u
#define BLOB     20u // a resource id
#define MEMORY_A (FREE_ID + 1)
#define MEMORY_B (FREE_ID + 2)
#define BUFFER_A (FREE_ID + 3)

static struct pv_core *core;

static struct pv_core *make_core(bool in_process)
{
   struct pv_core *made = NULL;
   const struct pv_core_params params = {.in_process = in_process, .limits = {.memory = LIMIT}};
   assert_int_equal(pv_core_create(&params, &made), 0);
   return made;
}

// The first memory type that this guest can map.
static uint32_t mappable(struct guest *g)
{
   VkPhysicalDeviceMemoryProperties memory = {0};
   struct pv_args_vkGetPhysicalDeviceMemoryProperties ask = {.physicalDevice = ID(VkPhysicalDevice, PHYSICAL),
                                                             .pMemoryProperties = &memory};
   guest_rewind(g);
   pv_enc_vkGetPhysicalDeviceMemoryProperties(&g->w, 1, &ask);
   device_run(g);
   struct pv_reader r = guest_reply(g, PV_CMD_vkGetPhysicalDeviceMemoryProperties);
   pv_dec_reply_vkGetPhysicalDeviceMemoryProperties(&r, &ask);
   assert_null(r.why);
   for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
      if (memory.memoryTypes[i].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
         return i;
   fail_msg("a guest can map no memory");
   return 0;
}

static void put_memory(struct guest *g, uint64_t id, uint64_t size, uint32_t type, uint32_t import, uint32_t flags)
{
   const VkImportMemoryResourceInfoMESA resource = {
      .sType = (VkStructureType)VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA, .resourceId = import};
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                      .pNext = import ? &resource : NULL,
                                      .allocationSize = size,
                                      .memoryTypeIndex = type};
   VkDeviceMemory memory = ID(VkDeviceMemory, id);
   if (flags)
      guest_rewind(g);
   PUT(g, vkAllocateMemory, flags, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pMemory = &memory,
       .asked_pMemory = 1);
}

static void put_free(struct guest *g, uint64_t id)
{
   PUT(g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, id));
}

static void put_bound_buffer(struct guest *g, uint64_t buffer_id, uint64_t memory_id)
{
   const VkBufferCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = BLOCK, .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   VkBuffer buffer = ID(VkBuffer, buffer_id);
   PUT(g, vkCreateBuffer, 0, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pBuffer = &buffer,
       .asked_pBuffer = 1);
   PUT(g, vkBindBufferMemory, 0, .device = ID(VkDevice, DEVICE), .buffer = buffer,
       .memory = ID(VkDeviceMemory, memory_id));
}

// Has the GPU fill the buffer, and waits for it.
static void fill(struct guest *g, uint64_t buffer, uint32_t word)
{
   VkCommandBuffer cb = ID(VkCommandBuffer, CB);
   VkFence fence = ID(VkFence, FENCE);
   const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cb};
   PUT(g, vkBeginCommandBuffer, 0, .commandBuffer = cb, .pBeginInfo = &begin);
   PUT(g, vkCmdFillBuffer, 0, .commandBuffer = cb, .dstBuffer = ID(VkBuffer, buffer), .size = VK_WHOLE_SIZE,
       .data = word);
   PUT(g, vkEndCommandBuffer, 0, .commandBuffer = cb);
   PUT(g, vkResetFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence);
   PUT(g, vkQueueSubmit, 0, .queue = ID(VkQueue, QUEUE), .submitCount = 1, .pSubmits = &submit, .fence = fence);
   guest_rewind(g);
   PUT(g, vkWaitForFences, 1, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = 10000000000ull);
   device_run(g);
   assert_int_equal(pv_load32(g->shared), PV_CMD_vkWaitForFences);
   assert_int_equal((int32_t)pv_load32(g->shared + 4), VK_SUCCESS);
}

static void all_bytes_are(const uint8_t *bytes, uint32_t word)
{
   for (uint32_t i = 0; i < BLOCK; i += 4)
      if (pv_load32(bytes + i) != word)
         fail_msg("byte %u is %08x instead of %08x", i, pv_load32(bytes + i), word);
}

static uint64_t counted(struct guest *g)
{
   struct pv_stats_core stats;
   pv_context_core_stats(g->ctx, &stats, NULL, 0);
   return stats.memory;
}

static int32_t result(struct guest *g)
{
   assert_int_equal(pv_load32(g->shared), PV_CMD_vkAllocateMemory);
   return (int32_t)pv_load32(g->shared + 4);
}

// A blob of the memory under the resource id. Its file's number; 0: it has none.
static ino_t map(struct guest *g, uint32_t resource, uint64_t memory, struct pv_blob_core *blob)
{
   int fd;
   struct stat st;
   assert_int_equal(pv_context_core_blob(g->ctx, resource, memory, BLOCK, PV_BLOB_MAPPABLE, blob), 0);
   if (pv_context_core_export(g->ctx, resource, &fd))
      return 0;
   assert_int_equal(fstat(fd, &st), 0);
   close(fd);
   return st.st_ino;
}

static ino_t map_and_free(struct guest *g, uint32_t type)
{
   struct pv_blob_core blob;
   put_memory(g, MEMORY_A, BLOCK, type, 0, 0);
   device_run(g);
   ino_t file = map(g, BLOB, MEMORY_A, &blob);
   put_free(g, MEMORY_A);
   device_run(g);
   assert_int_equal(pv_context_core_detach(g->ctx, BLOB), 0);
   return file;
}

static void freed_memory_comes_back_to_its_guest_alone(void **state)
{
   (void)state;
   struct guest a, b;
   device_open(&a, core, "a");
   device_open(&b, core, "b");
   uint32_t type = mappable(&a);
   uint64_t before = counted(&a);
   ino_t first = map_and_free(&a, type), second = map_and_free(&a, type);
   assert_true(first && first == second); // the open file cannot have lost its number to another meanwhile
   assert_int_equal(counted(&a), before);
   ino_t others = map_and_free(&b, type);
   assert_true(others && others != first);
   guest_close(&a);
   guest_close(&b);
}

static void memory_that_is_still_mapped_is_not_reused(void **state)
{
   (void)state;
   struct guest g;
   struct pv_blob_core blob;
   device_open(&g, core, "mapped");
   uint32_t type = mappable(&g);
   put_memory(&g, MEMORY_A, BLOCK, type, 0, 0);
   device_run(&g);
   ino_t first = map(&g, BLOB, MEMORY_A, &blob);
   put_free(&g, MEMORY_A);
   put_memory(&g, MEMORY_B, BLOCK, type, 0, 0);
   device_run(&g);
   ino_t second = map(&g, BLOB + 1, MEMORY_B, &blob);
   assert_true(first != second);
   guest_close(&g);
}

static void who_keeps_the_blob_keeps_paying(void **state)
{
   (void)state;
   struct guest g;
   struct pv_blob_core blob;
   device_open(&g, core, "payer");
   uint32_t type = mappable(&g);
   uint64_t before = counted(&g);
   put_memory(&g, MEMORY_A, LIMIT / 2, type, 0, 0);
   device_run(&g);
   assert_int_equal(counted(&g), before + LIMIT / 2);
   map(&g, BLOB, MEMORY_A, &blob);
   assert_int_equal(counted(&g), before + LIMIT / 2); // once, not twice
   put_free(&g, MEMORY_A);
   device_run(&g);
   assert_int_equal(counted(&g), before + LIMIT / 2);
   put_memory(&g, MEMORY_B, LIMIT / 2, type, 0, 1);
   device_run(&g);
   assert_int_equal(result(&g), VK_ERROR_OUT_OF_DEVICE_MEMORY);
   assert_int_equal(pv_context_core_detach(g.ctx, BLOB), 0);
   assert_int_equal(counted(&g), before);
   put_memory(&g, MEMORY_B, LIMIT / 2, type, 0, 1);
   device_run(&g);
   assert_int_equal(result(&g), VK_SUCCESS);
   guest_close(&g);
}

// The pool may hold an eighth of the limit; it must not be what stands in the way.
static void the_pool_gives_way(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "pool");
   uint32_t type = mappable(&g);
   for (uint32_t i = 0; i < 8; i++)
      put_memory(&g, FREE_ID + i, BLOCK, type, 0, 0);
   for (uint32_t i = 0; i < 8; i++)
      put_free(&g, FREE_ID + i);
   device_run(&g);
   put_memory(&g, MEMORY_A, LIMIT - counted(&g), type, 0, 1);
   device_run(&g);
   assert_int_equal(result(&g), VK_SUCCESS);
   assert_int_equal(counted(&g), LIMIT);
   guest_close(&g);
}

static void a_refusal_says_which_limit(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "greedy");
   uint32_t type = mappable(&g);
   log_forget();
   put_memory(&g, MEMORY_A, LIMIT, type, 0, 1); // with a reply: the guest hears of it and lives on
   device_run(&g);
   assert_int_equal(result(&g), VK_ERROR_OUT_OF_DEVICE_MEMORY);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   put_memory(&g, MEMORY_A, LIMIT, type, 0, 0); // without: whoever uses it
   put_bound_buffer(&g, BUFFER_A, MEMORY_A);
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_LOST);
   struct log log = log_so_far();
   assert_int_equal(log.errors, 1);
   assert_non_null(strstr(log.first, "device lost at vkBindBufferMemory"));
   assert_non_null(strstr(log.first, "67108864 bytes of memory were asked for"));
   assert_non_null(strstr(log.first, "of the 67108864 that one client may have"));
   assert_non_null(strstr(log.first, "--memory"));
   guest_close(&g);
}

static void more_than_the_host_has_is_an_error_of_vulkan(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "huge");
   put_memory(&g, MEMORY_A, UINT64_C(1) << 60, mappable(&g), 0, 1);
   device_run(&g);
   assert_int_equal(result(&g), VK_ERROR_OUT_OF_DEVICE_MEMORY);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   guest_close(&g);
}

static void a_resource_of_nobody_is_fatal(void **state)
{
   (void)state;
   struct guest g, other;
   struct pv_blob_core blob;
   device_open(&g, core, "liar");
   device_open(&other, core, "other");
   uint32_t type = mappable(&g);
   put_memory(&other, MEMORY_A, BLOCK, type, 0, 0);
   device_run(&other);
   map(&other, BLOB, MEMORY_A, &blob); // another guest's is not this one's
   log_forget();
   put_memory(&g, MEMORY_A, BLOCK, type, BLOB, 1);
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_FATAL);
   assert_int_equal(log_so_far().errors, 1);
   assert_non_null(strstr(log_so_far().first, "over at vkAllocateMemory"));
   assert_non_null(strstr(log_so_far().first, "no such resource"));
   assert_int_equal(guest_state(&other), PV_CONTEXT_ALIVE);
   guest_close(&g);
   guest_close(&other);
}

static void share_and_close(bool exporter_first)
{
   struct guest a, b;
   struct pv_blob_core blob;
   device_open(&a, core, "exporter");
   device_open(&b, core, "importer");
   uint32_t type = mappable(&a);
   put_memory(&a, MEMORY_A, BLOCK, type, 0, 0);
   put_bound_buffer(&a, BUFFER_A, MEMORY_A);
   device_run(&a);
   map(&a, BLOB, MEMORY_A, &blob);
   assert_int_equal(pv_context_core_share(a.ctx, BLOB + 1, b.ctx, BLOB), -ENOENT);
   assert_int_equal(pv_context_core_share(a.ctx, BLOB, a.ctx, BLOB + 1), -EINVAL);
   assert_int_equal(pv_context_core_share(a.ctx, BLOB, b.ctx, BLOB), 0);
   assert_int_equal(pv_context_core_share(a.ctx, BLOB, b.ctx, BLOB), -EEXIST);
   put_memory(&b, MEMORY_B, BLOCK, type, BLOB, 1);
   device_run(&b);
   assert_int_equal(result(&b), VK_SUCCESS);
   put_bound_buffer(&b, BUFFER_A, MEMORY_B);
   device_run(&b);
   fill(&a, BUFFER_A, 0x11111111);
   all_bytes_are(blob.pointer, 0x11111111);
   fill(&b, BUFFER_A, 0x22222222); // the other guest's GPU writes into the same pages
   all_bytes_are(blob.pointer, 0x22222222);
   struct guest *left = exporter_first ? &b : &a;
   guest_close(exporter_first ? &a : &b);
   fill(left, BUFFER_A, 0x33333333);
   int fd;
   assert_int_equal(pv_context_core_export(left->ctx, BLOB, &fd), 0);
   void *pages;
   assert_int_equal(pv_shm_map(fd, BLOCK, &pages), 0);
   all_bytes_are(pages, 0x33333333);
   pv_shm_unmap(pages, BLOCK);
   close(fd);
   guest_close(left);
}

static void shared_memory_outlives_its_exporter(void **state)
{
   (void)state;
   share_and_close(true);
}

static void shared_memory_outlives_its_importer(void **state)
{
   (void)state;
   share_and_close(false);
}

static size_t entries(const char *path)
{
   size_t n = 0;
   DIR *folder = opendir(path);
   assert_non_null(folder);
   while (readdir(folder))
      n++;
   closedir(folder);
   return n;
}

static size_t mappings(void)
{
   size_t n = 0;
   char line[512];
   FILE *file = fopen("/proc/self/maps", "r");
   assert_non_null(file);
   while (fgets(line, sizeof line, file))
      n += strstr(line, "pearvisor-memory") != NULL;
   fclose(file);
   return n;
}

static void cycles_leave_nothing(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "cycles");
   uint32_t type = mappable(&g);
   uint64_t bytes = counted(&g);
   size_t files = entries("/proc/self/fd"), maps = mappings();
   for (uint32_t i = 0; i < CYCLES; i++)
      map_and_free(&g, type);
   assert_int_equal(counted(&g), bytes);
   const uint64_t size = 3 * BLOCK; // two more kinds of block, for the pool to be more than one entry
   put_memory(&g, MEMORY_A, size, type, 0, 0);
   put_free(&g, MEMORY_A);
   device_run(&g);
   VkBuffer buffers[] = {ID(VkBuffer, BUFFER), ID(VkBuffer, OTHER_BUFFER)};
   for (uint32_t i = 0; i < 2; i++)
      PUT(&g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = buffers[i]);
   put_free(&g, MEMORY);
   put_free(&g, OTHER_MEMORY);
   PUT(&g, vkDestroyDevice, 0, .device = ID(VkDevice, DEVICE));
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   assert_true(entries("/proc/self/fd") <= files); // the two that the guest began with are gone as well
   assert_true(mappings() <= maps);
   assert_int_equal(counted(&g), SHARED);
   guest_close(&g);
}

static void a_vmm_gets_the_drivers_own_mapping(void **state)
{
   (void)state;
   struct guest g;
   struct pv_blob_core blob;
   struct pv_gpu_core gpu;
   int fd;
   struct pv_core *vmm = make_core(true);
   pv_core_gpus(vmm, &gpu, 1);
   assert_string_equal(gpu.memory_path, "in-process mapping");
   device_open(&g, vmm, "vm");
   uint32_t type = mappable(&g);
   put_memory(&g, MEMORY_A, BLOCK, type, 0, 0);
   put_bound_buffer(&g, BUFFER_A, MEMORY_A);
   device_run(&g);
   assert_int_equal(pv_context_core_blob(g.ctx, BLOB, MEMORY_A, BLOCK, PV_BLOB_MAPPABLE, &blob), 0);
   assert_int_equal(pv_context_core_export(g.ctx, BLOB, &fd), -EOPNOTSUPP);
   fill(&g, BUFFER_A, 0x44444444);
   all_bytes_are(blob.pointer, 0x44444444);
   // The guest is through with it, the VMM is not.
   PUT(&g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, BUFFER_A));
   put_free(&g, MEMORY_A);
   PUT(&g, vkDestroyDevice, 0, .device = ID(VkDevice, DEVICE));
   PUT(&g, vkDestroyInstance, 0, .instance = ID(VkInstance, INSTANCE));
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   all_bytes_are(blob.pointer, 0x44444444);
   memset(blob.pointer, 0x55, BLOCK);
   assert_int_equal(counted(&g), SHARED + BLOCK);
   assert_int_equal(pv_context_core_detach(g.ctx, BLOB), 0);
   assert_int_equal(counted(&g), SHARED);
   guest_close(&g);
   pv_core_destroy(&vmm);
}

static int open_core(void **state)
{
   (void)state;
   log_start();
   core = make_core(false);
   return 0;
}

static int close_core(void **state)
{
   (void)state;
   pv_core_destroy(&core);
   return 0;
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(freed_memory_comes_back_to_its_guest_alone),
      cmocka_unit_test(memory_that_is_still_mapped_is_not_reused),
      cmocka_unit_test(who_keeps_the_blob_keeps_paying),
      cmocka_unit_test(the_pool_gives_way),
      cmocka_unit_test(a_refusal_says_which_limit),
      cmocka_unit_test(more_than_the_host_has_is_an_error_of_vulkan),
      cmocka_unit_test(a_resource_of_nobody_is_fatal),
      cmocka_unit_test(shared_memory_outlives_its_exporter),
      cmocka_unit_test(shared_memory_outlives_its_importer),
      cmocka_unit_test(cycles_leave_nothing),
      cmocka_unit_test(a_vmm_gets_the_drivers_own_mapping),
   };
   return cmocka_run_group_tests(tests, open_core, close_core);
}
