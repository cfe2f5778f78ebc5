// SPDX-License-Identifier: MIT
//
// One of everything.
#include "everything.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "wire/venus.gen.h"

fakehost_live_fn fake_live;
fakehost_fail_fn fake_fail;
fakehost_forget_fn fake_forget;
fakehost_busy_fn fake_busy;
fakehost_misuses_fn fake_misuses;
fakehost_calls_fn fake_calls;

static struct pv_ids *ids;
static struct pv_arena fill_arena;
static uint8_t *populate, *poison; // commands that make the good objects, and the refused ones
static size_t populate_size, poison_size;

static const struct rand_case *case_of(uint32_t id)
{
   for (size_t i = 0; i < rand_case_count; i++)
      if (rand_cases[i].id == id)
         return &rand_cases[i];
   return NULL;
}

const struct rand_case *find_case(const char *name)
{
   for (size_t i = 0; i < rand_case_count; i++)
      if (!strcmp(rand_cases[i].name, name))
         return &rand_cases[i];
   fail_msg("no command %s", name);
   return NULL;
}

uint64_t rand_seed(uint64_t number)
{
   uint64_t z = number + 1; // splitmix64: neighbours must not look alike
   z = (z ^ (z * 0x9e3779b97f4a7c15ull) >> 30) * 0xbf58476d1ce4e5b9ull;
   z = (z ^ z >> 27) * 0x94d049bb133111ebull;
   return (z ^ z >> 31) | 1;
}

bool decodes(const struct rand_case *c, const uint8_t *bytes, size_t size)
{
   return !mutate_decode(c, ids, bytes, size);
}

const char *random_command(struct rand *g, const struct rand_case *c, uint32_t flags, struct pv_writer *w)
{
   uint8_t *start = w->p;
   pv_arena_reset(&fill_arena);
   g->arena = &fill_arena;
   g->depth = 0;
   g->large_is_spent = false;
   void *args = pv_arena_zalloc(&fill_arena, 1, c->args_size);
   c->fill(g, args);
   c->enc(w, flags, args);
   if (w->full) { // a giant: there are enough others
      w->p = start;
      w->full = false;
      return NULL;
   }
   size_t size = (size_t)(w->p - start);
   const bool names_ring = (c->id >= PV_CMD_vkDestroyRingMESA && c->id <= PV_CMD_vkWriteRingExtraMESA) ||
                           c->id == PV_CMD_vkSubmitVirtqueueSeqnoMESA || c->id == PV_CMD_vkWaitRingSeqnoMESA;
   if (names_ring && size >= 16)
      pv_store64(start + 8, RING_KEY);
   return mutate_repair(c, ids, start, size);
}

// The least of a create command, under the id its type has here; the id is the last thing of the command.
static void create_least(struct pv_writer *w, uint32_t id, uint8_t type, bool poisoned)
{
   struct rand g = {.state = id * 77 + 1, .mode = RAND_LEAST};
   const char *why = random_command(&g, case_of(id), 0, w);
   if (why)
      fail_msg("%s: %s", case_of(id)->name, why);
   pv_store64(w->p - 8, poisoned ? POISONED_ID(type) : OBJECT_ID(type));
}

static const struct {
   uint32_t command;
   uint8_t type;
} creates[] = {
#define C(name) {PV_CMD_vkCreate##name, PV_OBJECT_Vk##name}
   C(Buffer),
   C(BufferView),
   C(Image),
   C(ImageView),
   C(PipelineCache),
   C(PipelineLayout),
   C(RenderPass),
   C(DescriptorSetLayout),
   C(Sampler),
   C(SamplerYcbcrConversion),
   C(DescriptorPool),
   C(Framebuffer),
   C(CommandPool),
   C(DescriptorUpdateTemplate),
   C(PrivateDataSlot),
   C(AccelerationStructureKHR),
   C(Fence),
   C(Semaphore),
   C(Event),
   C(QueryPool),
   C(DeferredOperationKHR),
#undef C
};

void put_instance_and_device(struct pv_writer *w)
{
   const VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance = ID(VkInstance, OBJECT_ID(PV_OBJECT_VkInstance));
   pv_enc_vkCreateInstance(
       w, 0,
       &(struct pv_args_vkCreateInstance){.pCreateInfo = &instance_info, .pInstance = &instance, .asked_pInstance = 1});
   uint32_t one = 1;
   VkPhysicalDevice physical = ID(VkPhysicalDevice, OBJECT_ID(PV_OBJECT_VkPhysicalDevice));
   pv_enc_vkEnumeratePhysicalDevices(w, 0,
                                     &(struct pv_args_vkEnumeratePhysicalDevices){.instance = instance,
                                                                                  .pPhysicalDeviceCount = &one,
                                                                                  .pPhysicalDevices = &physical,
                                                                                  .asked_pPhysicalDevices = 1});
   const float priorities[2] = {1.0f, 1.0f};
   const VkDeviceQueueCreateInfo queues = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 2, .pQueuePriorities = priorities};
   const VkDeviceCreateInfo device_info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queues};
   VkDevice device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice));
   pv_enc_vkCreateDevice(
       w, 0,
       &(struct pv_args_vkCreateDevice){
          .physicalDevice = physical, .pCreateInfo = &device_info, .pDevice = &device, .asked_pDevice = 1});
   const VkDeviceQueueTimelineInfoMESA timeline = {
      .sType = (VkStructureType)VK_STRUCTURE_TYPE_DEVICE_QUEUE_TIMELINE_INFO_MESA, .ringIdx = 1};
   const VkDeviceQueueInfo2 queue_info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2, .pNext = &timeline};
   VkQueue queue = ID(VkQueue, OBJECT_ID(PV_OBJECT_VkQueue));
   pv_enc_vkGetDeviceQueue2(w, 0,
                            &(struct pv_args_vkGetDeviceQueue2){
                               .device = device, .pQueueInfo = &queue_info, .pQueue = &queue, .asked_pQueue = 1});
}

static void write_memory_and_module(struct pv_writer *w)
{
   VkDevice device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice));
   const VkMemoryAllocateInfo memory_info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = 65536, .memoryTypeIndex = 1};
   VkDeviceMemory memory = ID(VkDeviceMemory, OBJECT_ID(PV_OBJECT_VkDeviceMemory));
   pv_enc_vkAllocateMemory(w, 0,
                           &(struct pv_args_vkAllocateMemory){
                              .device = device, .pAllocateInfo = &memory_info, .pMemory = &memory, .asked_pMemory = 1});
   const uint32_t code[8] = {0x07230203};
   const VkShaderModuleCreateInfo module_info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = sizeof code, .pCode = code};
   VkShaderModule module = ID(VkShaderModule, OBJECT_ID(PV_OBJECT_VkShaderModule));
   pv_enc_vkCreateShaderModule(
       w, 0,
       &(struct pv_args_vkCreateShaderModule){
          .device = device, .pCreateInfo = &module_info, .pShaderModule = &module, .asked_pShaderModule = 1});
}

static void write_children(struct pv_writer *w)
{
   VkDevice device = ID(VkDevice, OBJECT_ID(PV_OBJECT_VkDevice));
   const VkCommandBufferAllocateInfo buffers = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                                .commandPool = ID(VkCommandPool, OBJECT_ID(PV_OBJECT_VkCommandPool)),
                                                .commandBufferCount = 1};
   VkCommandBuffer buffer = ID(VkCommandBuffer, OBJECT_ID(PV_OBJECT_VkCommandBuffer));
   pv_enc_vkAllocateCommandBuffers(
       w, 0,
       &(struct pv_args_vkAllocateCommandBuffers){
          .device = device, .pAllocateInfo = &buffers, .pCommandBuffers = &buffer, .asked_pCommandBuffers = 1});
   VkDescriptorSetLayout layout = ID(VkDescriptorSetLayout, OBJECT_ID(PV_OBJECT_VkDescriptorSetLayout));
   const VkDescriptorSetAllocateInfo sets = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                             .descriptorPool =
                                                 ID(VkDescriptorPool, OBJECT_ID(PV_OBJECT_VkDescriptorPool)),
                                             .descriptorSetCount = 1,
                                             .pSetLayouts = &layout};
   VkDescriptorSet set = ID(VkDescriptorSet, OBJECT_ID(PV_OBJECT_VkDescriptorSet));
   pv_enc_vkAllocateDescriptorSets(
       w, 0,
       &(struct pv_args_vkAllocateDescriptorSets){
          .device = device, .pAllocateInfo = &sets, .pDescriptorSets = &set, .asked_pDescriptorSets = 1});
   const VkComputePipelineCreateInfo pipeline_info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = ID(VkShaderModule, OBJECT_ID(PV_OBJECT_VkShaderModule)),
                .pName = "main"},
      .layout = ID(VkPipelineLayout, OBJECT_ID(PV_OBJECT_VkPipelineLayout)),
   };
   VkPipeline pipeline = ID(VkPipeline, OBJECT_ID(PV_OBJECT_VkPipeline));
   pv_enc_vkCreateComputePipelines(w, 0,
                                   &(struct pv_args_vkCreateComputePipelines){.device = device,
                                                                              .createInfoCount = 1,
                                                                              .pCreateInfos = &pipeline_info,
                                                                              .pPipelines = &pipeline,
                                                                              .asked_pPipelines = 1});
}

void put_ring(struct pv_writer *w, unsigned n, uint32_t resource)
{
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .resourceId = resource,
                                      .size = SHARED,
                                      .idleTimeout = 1000000,
                                      .tailOffset = 64,
                                      .statusOffset = 128,
                                      .bufferOffset = 192,
                                      .bufferSize = RING_BUFFER,
                                      .extraOffset = 192 + RING_BUFFER,
                                      .extraSize = 4};
   pv_enc_vkCreateRingMESA(w, 0, &(struct pv_args_vkCreateRingMESA){.ring = RING_KEY + 8 * n, .pCreateInfo = &info});
}

void ring_push(struct guest *guest, uint8_t *memory, unsigned n, const uint8_t *bytes, size_t size)
{
   _Atomic uint32_t *tail_word = (_Atomic uint32_t *)(void *)(memory + 64);
   uint32_t tail = atomic_load(tail_word);
   for (size_t i = 0; i < size; i++)
      memory[192 + (tail + i) % RING_BUFFER] = bytes[i];
   atomic_store(tail_word, tail + (uint32_t)size);
   struct pv_writer w = {.p = guest->bytes, .end = guest->bytes + SPACE};
   pv_enc_vkNotifyRingMESA(&w, 0, &(struct pv_args_vkNotifyRingMESA){.ring = RING_KEY + 8 * n});
   guest_send(guest, guest->bytes, (size_t)(w.p - guest->bytes));
}

static void write_population(void)
{
   struct pv_writer w = {.p = populate, .end = populate + SPACE};
   put_instance_and_device(&w);
   write_memory_and_module(&w);
   for (size_t i = 0; i < sizeof creates / sizeof *creates; i++)
      create_least(&w, creates[i].command, creates[i].type, false);
   write_children(&w);
   put_ring(&w, 0, 2);
   assert_false(w.full);
   populate_size = (size_t)(w.p - populate);
}

// What the poisoned ids are: creations that the driver refused and nobody asked about.
static void write_poison(void)
{
   struct pv_writer w = {.p = poison, .end = poison + SPACE};
   for (size_t i = 0; i < sizeof creates / sizeof *creates; i++)
      create_least(&w, creates[i].command, creates[i].type, true);
   poison_size = (size_t)(w.p - poison);
}

const uint8_t *everything_population(size_t *size)
{
   *size = populate_size;
   return populate;
}

uint8_t *everything_open(struct guest *guest, struct pv_core *core, const char *name)
{
   struct pv_blob_core ring;
   fake_fail(0);
   guest_open(guest, core, name);
   assert_int_equal(pv_context_core_blob(guest->ctx, 2, 0, SHARED, PV_BLOB_MAPPABLE, &ring), 0);
   if (guest_send(guest, populate, populate_size))
      fail_msg("%s", log_so_far().first);
   fake_fail(1);
   assert_int_equal(guest_send(guest, poison, poison_size), 0);
   fake_fail(0);
   if (guest_state(guest) != PV_CONTEXT_ALIVE)
      fail_msg("a good guest is %s: %s", state_name(guest_state(guest)), log_so_far().first);
   return ring.pointer;
}

struct pv_core *everything_start(const char *fakehost, bool polled)
{
   struct pv_core *core = NULL;
   const struct pv_core_params params = {
      .driver = fakehost,
      .polled = polled,
      .limits = {.memory = EVERYTHING_MEMORY, .command_temp = 64u << 20, .objects = EVERYTHING_OBJECTS}};
   void *fake = dlopen(fakehost, RTLD_NOW);
   log_start();
   if (!fake || pv_core_create(&params, &core)) {
      print_message("%s\n", fake ? log_so_far().last : dlerror());
      return NULL;
   }
   *(void **)&fake_live = dlsym(fake, "fakehost_live");
   *(void **)&fake_fail = dlsym(fake, "fakehost_fail");
   *(void **)&fake_forget = dlsym(fake, "fakehost_forget");
   *(void **)&fake_busy = dlsym(fake, "fakehost_busy");
   *(void **)&fake_misuses = dlsym(fake, "fakehost_misuses");
   *(void **)&fake_calls = dlsym(fake, "fakehost_calls");
   ids = mutate_ids();
   populate = malloc(SPACE);
   poison = malloc(SPACE);
   pv_arena_init(&fill_arena, 256u << 20);
   write_population();
   write_poison();
   return core;
}

void everything_stop(struct pv_core **core)
{
   pv_core_destroy(core);
   pv_ids_destroy(&ids);
   pv_arena_fini(&fill_arena);
   free(populate);
   free(poison);
}
