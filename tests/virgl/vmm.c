// SPDX-License-Identifier: MIT
//
// Loading, callbacks, and a guest by hand.
#include "vmm.h"

#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

struct vmm virgl;
struct vmm_seen seen;
static __thread bool polling;

bool vmm_load(const char *path)
{
   virgl.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
   if (!virgl.library) {
      printf("%s\n", dlerror());
      return false;
   }
   bool all = true;
#define VMM_LOAD(type, name, parameters)                                                                               \
   do {                                                                                                                \
      void *symbol = dlsym(virgl.library, "virgl_renderer_" #name);                                                    \
      memcpy(&virgl.name, &symbol, sizeof symbol);                                                                     \
      all &= symbol != NULL;                                                                                           \
   } while (0);
   VIRGL_DELEGATED(VMM_LOAD)
#undef VMM_LOAD
   void *symbol = dlsym(virgl.library, "virgl_renderer_resource_map_fixed");
   memcpy(&virgl.resource_map_fixed, &symbol, sizeof symbol);
   symbol = dlsym(virgl.library, "virgl_set_log_callback");
   memcpy(&virgl.set_log_callback, &symbol, sizeof symbol);
   if (!all)
      printf("%s lacks functions\n", path);
   return all;
}

static void note(uint32_t context, uint32_t ring_idx, uint64_t id)
{
   unsigned n = atomic_load(&seen.fences);
   if (n < VMM_FENCES)
      seen.fence[n] = (struct vmm_fence){context, ring_idx, id, polling};
   atomic_store(&seen.fences, n + 1);
}

static void write_fence(void *cookie, uint32_t fence)
{
   note(0, 0, fence);
}

static void write_context_fence(void *cookie, uint32_t context, uint32_t ring_idx, uint64_t fence)
{
   note(context, ring_idx, fence);
}

static void log_line(int level, const char *line, void *data)
{
   if (level < 2) // the interface's numbers: 2 warning, 3 error
      return;
   snprintf(seen.line, sizeof seen.line, "%s", line);
   atomic_fetch_add(&seen.lines, 1);
}

void vmm_init(int flags)
{
   static struct virgl_callbacks callbacks = {
      .version = 3, .write_fence = write_fence, .write_context_fence = write_context_fence};
   static int cookie;
   memset(&seen, 0, sizeof seen);
   if (virgl.set_log_callback)
      virgl.set_log_callback(log_line, NULL, NULL);
   assert_int_equal(virgl.init(&cookie, flags, &callbacks), 0);
}

void vmm_poll(void)
{
   polling = true;
   virgl.poll();
   polling = false;
}

bool vmm_retired(unsigned fences)
{
   uint64_t end = pv_now() + 20 * SEC;
   while (atomic_load(&seen.fences) < fences && pv_now() < end) {
      vmm_poll();
      pv_sleep_until(pv_now() + 1000000);
   }
   return atomic_load(&seen.fences) >= fences;
}

uint8_t *guest_blob(struct guest *g, uint32_t resource, uint64_t blob_id, uint64_t size)
{
   const struct virgl_create_blob_args args = {.res_handle = resource,
                                               .ctx_id = g->context,
                                               .blob_mem = VIRGL_BLOB_MEM_HOST3D,
                                               .blob_flags = 1,
                                               .blob_id = blob_id,
                                               .size = size};
   struct virgl_resource_info info;
   void *map = NULL;
   uint64_t mapped = 0;
   uint32_t map_info = 0;
   memset(&info, 0xa5, sizeof info); // QEMU does not initialise it
   virgl.force_ctx_0();
   assert_int_equal(virgl.resource_create_blob(&args), 0);
   assert_int_equal(virgl.resource_get_info((int)resource, &info), 0);
   assert_int_equal(info.handle, resource);
   assert_true(info.fd == -1 || lseek(info.fd, 0, SEEK_END) > 0);
   assert_int_equal(virgl.resource_map(resource, &map, &mapped), 0);
   assert_int_equal(virgl.resource_get_map_info(resource, &map_info), 0);
   assert_true(map_info == 1 || map_info == 3);
   // What goes into a memory slot of the hypervisor's.
   assert_true((uintptr_t)map % pv_page_size() == 0 && mapped % pv_page_size() == 0);
   assert_int_equal(mapped, size);                            // the guest has something else behind it
   virgl.ctx_attach_resource((int)g->context, (int)resource); // the guest's order: after the mapping
   return map;
}

void guest_open(struct guest *g, uint32_t context, uint32_t shm)
{
   static const char name[5] = {'g', 'u', 'e', 's', 't'}; // no NUL behind it
   *g = (struct guest){.context = context, .shm = shm};
   g->w = (struct pv_writer){.p = g->bytes, .end = g->bytes + sizeof g->bytes};
   assert_int_equal(virgl.context_create_with_flags(context, VIRGL_CAPSET_VENUS, sizeof name, name), 0);
   g->shared = guest_blob(g, shm, 0, SHARED_SIZE);
   const VkCommandStreamDescriptionMESA window = {.resourceId = shm, .size = SHARED_SIZE};
   PUT(g, vkSetReplyCommandStreamMESA, 0, .pStream = &window);
   assert_int_equal(guest_submit(g), 0);
}

void guest_close(struct guest *g)
{
   virgl.context_destroy(g->context);
   virgl.resource_unref(g->shm);
}

int guest_submit(struct guest *g)
{
   assert_false(g->w.full);
   size_t size = (size_t)(g->w.p - g->bytes);
   g->w.p = g->bytes;
   virgl.force_ctx_0();
   return virgl.submit_cmd(g->bytes, (int)g->context, (int)(size / 4));
}

static void put_device(struct guest *g)
{
   const VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance = ID(VkInstance, INSTANCE);
   PUT(g, vkCreateInstance, 0, .pCreateInfo = &instance_info, .pInstance = &instance, .asked_pInstance = 1);
   uint32_t one = 1;
   VkPhysicalDevice physical = ID(VkPhysicalDevice, PHYSICAL);
   PUT(g, vkEnumeratePhysicalDevices, 0, .instance = instance, .pPhysicalDeviceCount = &one,
       .pPhysicalDevices = &physical, .asked_pPhysicalDevices = 1);
   const float priority = 1.0f;
   const VkDeviceQueueCreateInfo queues = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
   const VkDeviceCreateInfo device_info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queues};
   VkDevice device = ID(VkDevice, DEVICE);
   PUT(g, vkCreateDevice, 0, .physicalDevice = physical, .pCreateInfo = &device_info, .pDevice = &device,
       .asked_pDevice = 1);
   const VkDeviceQueueTimelineInfoMESA timeline = {
      .sType = (VkStructureType)VK_STRUCTURE_TYPE_DEVICE_QUEUE_TIMELINE_INFO_MESA, .ringIdx = 1};
   const VkDeviceQueueInfo2 queue_info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2, .pNext = &timeline};
   VkQueue queue = ID(VkQueue, QUEUE);
   PUT(g, vkGetDeviceQueue2, 0, .device = device, .pQueueInfo = &queue_info, .pQueue = &queue, .asked_pQueue = 1);
}

void guest_device(struct guest *g, uint32_t import)
{
   VkDevice device = ID(VkDevice, DEVICE);
   VkBuffer buffer = ID(VkBuffer, BUFFER);
   VkDeviceMemory memory = ID(VkDeviceMemory, MEMORY);
   VkCommandPool pool = ID(VkCommandPool, POOL);
   const VkExternalMemoryBufferCreateInfo external = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                                      .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
   const VkBufferCreateInfo buffer_info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                           .pNext = &external,
                                           .size = MEMORY_SIZE,
                                           .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
   const VkImportMemoryResourceInfoMESA from = {
      .sType = (VkStructureType)VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA, .resourceId = import};
   const VkMemoryAllocateInfo memory_info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = import ? &from : NULL, .allocationSize = MEMORY_SIZE};
   const VkCommandPoolCreateInfo pool_info = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
   put_device(g);
   PUT(g, vkCreateBuffer, 0, .device = device, .pCreateInfo = &buffer_info, .pBuffer = &buffer, .asked_pBuffer = 1);
   PUT(g, vkAllocateMemory, 0, .device = device, .pAllocateInfo = &memory_info, .pMemory = &memory, .asked_pMemory = 1);
   PUT(g, vkBindBufferMemory, 0, .device = device, .buffer = buffer, .memory = memory);
   PUT(g, vkCreateCommandPool, 0, .device = device, .pCreateInfo = &pool_info, .pCommandPool = &pool,
       .asked_pCommandPool = 1);
   assert_int_equal(guest_submit(g), 0);
}

void guest_fill(struct guest *g, uint32_t pattern, uint64_t fence)
{
   // One of its own for each: the last one may still be executing.
   VkCommandBuffer cb = ID(VkCommandBuffer, COMMAND_BUFFERS + g->fills++);
   const VkCommandBufferAllocateInfo allocate = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                                 .commandPool = ID(VkCommandPool, POOL),
                                                 .commandBufferCount = 1};
   const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cb};
   PUT(g, vkAllocateCommandBuffers, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &allocate,
       .pCommandBuffers = &cb, .asked_pCommandBuffers = 1);
   PUT(g, vkBeginCommandBuffer, 0, .commandBuffer = cb, .pBeginInfo = &begin);
   PUT(g, vkCmdFillBuffer, 0, .commandBuffer = cb, .dstBuffer = ID(VkBuffer, BUFFER), .size = MEMORY_SIZE,
       .data = pattern);
   PUT(g, vkEndCommandBuffer, 0, .commandBuffer = cb);
   PUT(g, vkQueueSubmit, 0, .queue = ID(VkQueue, QUEUE), .submitCount = 1, .pSubmits = &submit);
   assert_int_equal(guest_submit(g), 0);
   assert_int_equal(virgl.context_create_fence(g->context, 1, 1, fence), 0);
}

uint8_t *guest_ring(struct guest *g, uint32_t resource)
{
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .resourceId = resource,
                                      .size = SHARED_SIZE,
                                      .idleTimeout = 1000000,
                                      .tailOffset = RING_TAIL,
                                      .statusOffset = RING_STATUS,
                                      .bufferOffset = RING_BYTES,
                                      .bufferSize = 4096,
                                      .extraOffset = RING_BYTES + 4096,
                                      .extraSize = 4};
   uint8_t *memory = guest_blob(g, resource, 0, SHARED_SIZE);
   PUT(g, vkCreateRingMESA, 0, .ring = RING_KEY, .pCreateInfo = &info);
   assert_int_equal(guest_submit(g), 0);
   return memory;
}

void guest_wait_for_ever(struct guest *g, uint8_t *ring)
{
   PUT(g, vkWaitVirtqueueSeqnoMESA, 0, .seqno = 1000);
   uint32_t size = (uint32_t)(g->w.p - g->bytes);
   memcpy(ring + RING_BYTES, g->bytes, size);
   g->w.p = g->bytes;
   atomic_store((_Atomic uint32_t *)(void *)(ring + RING_TAIL), size);
   PUT(g, vkNotifyRingMESA, 0, .ring = RING_KEY, .seqno = size);
   PUT(g, vkWaitRingSeqnoMESA, 0, .ring = RING_KEY, .seqno = size);
   assert_int_equal(guest_submit(g), 0);
}

static unsigned entries(pid_t pid, const char *what)
{
   char path[64];
   unsigned n = 0;
   snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
   DIR *dir = opendir(path);
   while (dir && readdir(dir))
      n++;
   if (dir)
      closedir(dir);
   return n;
}

struct vmm_use vmm_use(pid_t pid)
{
   struct vmm_use use = {.fds = entries(pid, "fd"), .threads = entries(pid, "task")};
   char path[64], line[1024];
   snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
   FILE *maps = fopen(path, "r");
   while (maps && fgets(line, sizeof line, maps))
      use.maps++;
   if (maps)
      fclose(maps);
   return use;
}

pid_t vmm_worker(void)
{
   DIR *dir = opendir("/proc");
   pid_t found = -1;
   for (struct dirent *entry; dir && found < 0 && (entry = readdir(dir));) {
      char path[300], state, name[64];
      int pid = 0, parent = 0;
      snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
      FILE *stat = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
      if (!stat)
         continue;
      if (fscanf(stat, "%d (%63[^)]) %c %d", &pid, name, &state, &parent) == 4 && parent == (int)getpid() &&
          state != 'Z')
         found = pid;
      fclose(stat);
   }
   if (dir)
      closedir(dir);
   return found;
}
