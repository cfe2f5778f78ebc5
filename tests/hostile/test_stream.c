// SPDX-License-Identifier: MIT
//
// Every command with absurd values, and thousands of damaged ones, on a driver that cannot be hurt (fakehost.c): whatever a
// guest sends, its context goes on, is lost, or is over, with exactly one line that says where and why; no stale handle
// reaches the driver, nothing leaks, every fence retires, and a neighbour in the same process notices nothing.
//
// usage: test_stream FAKEHOST. HOSTILE_ROUNDS in the environment multiplies the number of cases.
#include "world.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "fakehost.h"
#include "mutate.h"
#include "wire/venus.gen.h"

#define ROUNDS      8     // random commands of each kind
#define CASES       10000 // damaged streams
#define RING_KEY    0x7f0055aa0000ull
#define RING_BUFFER 65536u
#define POLLS       50
#define SECOND      1000000000ull

static struct pv_core *core;
static struct pv_ids *ids;
static struct pv_arena fill_arena;
static uint8_t *populate, *poison;
static size_t populate_size, poison_size;
static fakehost_live_fn fake_live;
static fakehost_fail_fn fake_fail;
static fakehost_forget_fn fake_forget;
static fakehost_misuses_fn fake_misuses;
static unsigned multiplier = 1;
static const char *fakehost;

static const struct rand_case *case_of(uint32_t id)
{
   for (size_t i = 0; i < rand_case_count; i++)
      if (rand_cases[i].id == id)
         return &rand_cases[i];
   return NULL;
}

// --- a guest that has one of everything ---------------------------------------------------------------------------------

// A random command whose handles are good, and the decoder's last word on it.
static const char *random_command(struct rand *g, const struct rand_case *c, uint32_t flags, struct pv_writer *w)
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
   C(Buffer), C(BufferView), C(Image), C(ImageView), C(PipelineCache), C(PipelineLayout), C(RenderPass), C(DescriptorSetLayout),
   C(Sampler), C(SamplerYcbcrConversion), C(DescriptorPool), C(Framebuffer), C(CommandPool), C(DescriptorUpdateTemplate),
   C(PrivateDataSlot), C(AccelerationStructureKHR), C(Fence), C(Semaphore), C(Event), C(QueryPool), C(DeferredOperationKHR),
#undef C
};

static void write_instance_and_device(struct pv_writer *w)
{
   const VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
   VkInstance instance = ID(VkInstance, OBJECT_ID(PV_OBJECT_VkInstance));
   pv_enc_vkCreateInstance(
      w, 0, &(struct pv_args_vkCreateInstance){.pCreateInfo = &instance_info, .pInstance = &instance, .asked_pInstance = 1});
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
   pv_enc_vkCreateDevice(w, 0,
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
                                             .descriptorPool = ID(VkDescriptorPool, OBJECT_ID(PV_OBJECT_VkDescriptorPool)),
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
   pv_enc_vkCreateComputePipelines(
      w, 0,
      &(struct pv_args_vkCreateComputePipelines){.device = device,
                                                 .createInfoCount = 1,
                                                 .pCreateInfos = &pipeline_info,
                                                 .pPipelines = &pipeline,
                                                 .asked_pPipelines = 1});
}

static void write_ring(struct pv_writer *w)
{
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .resourceId = 2,
                                      .size = SHARED,
                                      .idleTimeout = 1000000,
                                      .tailOffset = 64,
                                      .statusOffset = 128,
                                      .bufferOffset = 192,
                                      .bufferSize = RING_BUFFER,
                                      .extraOffset = 192 + RING_BUFFER,
                                      .extraSize = 4};
   pv_enc_vkCreateRingMESA(w, 0, &(struct pv_args_vkCreateRingMESA){.ring = RING_KEY, .pCreateInfo = &info});
}

static void write_population(void)
{
   struct pv_writer w = {.p = populate, .end = populate + SPACE};
   write_instance_and_device(&w);
   write_memory_and_module(&w);
   for (size_t i = 0; i < sizeof creates / sizeof *creates; i++)
      create_least(&w, creates[i].command, creates[i].type, false);
   write_children(&w);
   write_ring(&w);
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

static uint8_t *ring_memory;

static void open_populated(struct guest *guest)
{
   struct pv_blob_core ring;
   fake_fail(0);
   guest_open(guest, core, "hostile");
   assert_int_equal(pv_context_core_blob(guest->ctx, 2, 0, SHARED, PV_BLOB_MAPPABLE, &ring), 0);
   ring_memory = ring.pointer;
   if (guest_send(guest, populate, populate_size))
      fail_msg("%s", log_so_far().first);
   fake_fail(1);
   assert_int_equal(guest_send(guest, poison, poison_size), 0);
   fake_fail(0);
   if (guest_state(guest) != PV_CONTEXT_ALIVE)
      fail_msg("a good guest is %s: %s", state_name(guest_state(guest)), log_so_far().first);
}

// --- routes -------------------------------------------------------------------------------------------------------------

enum route { CONTROL, RING, STREAM, ROUTES };

static bool poll_some(struct guest *guest)
{
   for (int i = 0; i < POLLS; i++) {
      uint64_t deadline, before = pv_now();
      int error = pv_context_core_poll(guest->ctx, &deadline);
      if (pv_now() - before > SECOND)
         fail_msg("a poll took %llu ms", (unsigned long long)(pv_now() - before) / 1000000);
      if (error || deadline > pv_now() + SECOND / 1000)
         return !error;
   }
   return true;
}

static void send_by_ring(struct guest *guest, const uint8_t *bytes, size_t size)
{
   uint32_t tail = *(_Atomic uint32_t *)(ring_memory + 64);
   for (size_t i = 0; i < size; i++)
      ring_memory[192 + (tail + i) % RING_BUFFER] = bytes[i];
   atomic_store((_Atomic uint32_t *)(ring_memory + 64), tail + (uint32_t)size);
   uint32_t notify[6] = {PV_CMD_vkNotifyRingMESA, 0, (uint32_t)RING_KEY, (uint32_t)(RING_KEY >> 32), 0, 0};
   guest_send(guest, notify, sizeof notify);
   poll_some(guest);
}

// Puts the bytes where a stream can be executed from, and the command that does so into `out`.
static size_t wrap_in_stream(struct guest *guest, const uint8_t *bytes, size_t size, uint8_t *out)
{
   struct pv_writer w = {.p = out, .end = out + 256};
   const VkCommandStreamDescriptionMESA stream = {.resourceId = 1, .offset = WINDOW, .size = size};
   memcpy(guest->shared + WINDOW, bytes, size);
   pv_enc_vkExecuteCommandStreamsMESA(&w, 0,
                                      &(struct pv_args_vkExecuteCommandStreamsMESA){.streamCount = 1, .pStreams = &stream});
   return (size_t)(w.p - out);
}

static void send_by(struct guest *guest, enum route route, const uint8_t *bytes, size_t size)
{
   uint8_t execute[256];
   if (!size)
      return;
   if (route == STREAM) {
      size = wrap_in_stream(guest, bytes, size, execute);
      bytes = execute;
   }
   if (route == RING && size <= RING_BUFFER / 2)
      send_by_ring(guest, bytes, size);
   else
      guest_send(guest, bytes, size);
}

// --- judging ------------------------------------------------------------------------------------------------------------

struct tally {
   unsigned ends[3];
};

static uint64_t known_misuses;

static const char *label;

// One line per end, and it has the form that says where and why.
static void judge_log(const struct guest *guest)
{
   struct log log = log_so_far();
   enum pv_context_state state = guest_state(guest);
   unsigned wanted = state == PV_CONTEXT_ALIVE ? 0 : 1;
   bool both = state == PV_CONTEXT_FATAL && log.errors == 2 && log.lost == 1; // lost first, then worse
   // A ring's own rules (its tail, its layout) have a line of another form.
   bool of_ring = state == PV_CONTEXT_FATAL && log.errors == 1 && strstr(log.first, "over after byte");
   if (!both && (log.errors != wanted || (wanted && !of_ring && log.over + log.lost != 1)))
      fail_msg("%s: the context is %s, and the log says %u times: %s", label, state_name(state), log.errors, log.first);
}

// A second guest of the same renderer gets right answers.
static void neighbour_lives(void)
{
   struct guest guest;
   guest_open(&guest, core, "neighbour");
   write_instance_and_device(&guest.w);
   VkPhysicalDeviceMemoryProperties got = {0};
   struct pv_args_vkGetPhysicalDeviceMemoryProperties args = {
      .physicalDevice = ID(VkPhysicalDevice, OBJECT_ID(PV_OBJECT_VkPhysicalDevice)), .pMemoryProperties = &got};
   pv_enc_vkGetPhysicalDeviceMemoryProperties(&guest.w, 1, &args);
   assert_int_equal(guest_submit(&guest), 0);
   struct pv_reader r = guest_reply(&guest, PV_CMD_vkGetPhysicalDeviceMemoryProperties);
   pv_dec_reply_vkGetPhysicalDeviceMemoryProperties(&r, &args);
   assert_null(r.why);
   assert_int_equal(got.memoryTypeCount, 2);
   assert_int_equal(got.memoryHeaps[0].size, 1u << 30);
   assert_int_equal(guest_state(&guest), PV_CONTEXT_ALIVE);
   guest_close(&guest);
}

static void close_judged(struct guest *guest, struct tally *tally, bool with_neighbour)
{
   uint64_t asked[2] = {0};
   for (uint32_t i = 0; i < 2; i++)
      asked[i] += pv_context_core_fence(guest->ctx, i, 1) == 0;
   bool over = guest_state(guest) != PV_CONTEXT_ALIVE;
   poll_some(guest);
   judge_log(guest);
   for (uint32_t i = 0; over && i < 2; i++)
      if (asked[i] != guest->retired[i])
         fail_msg("%s: a fence of timeline %u did not retire although the context is %s", label, i,
                  state_name(guest_state(guest)));
   if (with_neighbour)
      neighbour_lives();
   enum pv_context_state state = guest_state(guest);
   tally->ends[state]++;
   pv_context_core_destroy(&guest->ctx);
   for (uint32_t i = 0; i < 2; i++)
      if (asked[i] != guest->retired[i])
         fail_msg("%s: a fence of timeline %u never retired", label, i);
   guest_close(guest);
   uint64_t misuses = fake_misuses() - known_misuses;
   known_misuses += misuses;
   if (misuses)
      fail_msg("%s: the driver was misused; the context was %s, %s", label, state_name(state), log_so_far().first);
   bool abandoned = log_so_far().others; // a warning says so: the driver could not even be asked whether it is idle
   if (state == PV_CONTEXT_ALIVE && !abandoned && fake_live())
      fail_msg("%s: %llu objects of the driver's were left", label, (unsigned long long)fake_live());
   fake_forget();
}

// --- tests --------------------------------------------------------------------------------------------------------------

static void print_tally(const char *what, const struct tally *tally)
{
   print_message("%s: %u contexts alive, %u lost, %u over\n", what, tally->ends[0], tally->ends[1], tally->ends[2]);
}

static void a_good_guest_leaves_nothing_behind(void **state)
{
   (void)state;
   struct guest guest;
   struct tally tally = {0};
   label = "a good guest";
   log_forget();
   open_populated(&guest);
   close_judged(&guest, &tally, true);
   assert_int_equal(tally.ends[PV_CONTEXT_ALIVE], 1);
   assert_int_equal(fake_live(), 0);
}

// Whatever decodes is executed with noise for values. A good share must get as far as the driver, or this proves nothing.
static void absurd_values_of_every_command(void **state)
{
   (void)state;
   struct tally tally = {0};
   char text[128];
   struct rand g = {.state = 4711};
   for (size_t i = 0; i < rand_case_count; i++) {
      for (unsigned round = 0; round < ROUNDS * multiplier; round++) {
         struct guest guest;
         snprintf(text, sizeof text, "%s, round %u", rand_cases[i].name, round);
         label = text;
         log_forget();
         open_populated(&guest);
         fake_fail(round % 4 == 3 ? 2 : 0);
         g.mode = round % RAND_MODES;
         uint8_t *start = guest.w.p;
         random_command(&g, &rand_cases[i], round & 1, &guest.w);
         size_t size = (size_t)(guest.w.p - start);
         guest.w.p = start;
         send_by(&guest, round % ROUTES == RING && round & 1 ? CONTROL : round % ROUTES, start, size);
         fake_fail(0);
         close_judged(&guest, &tally, round == 0);
      }
   }
   print_tally("absurd values", &tally);
   assert_true(tally.ends[PV_CONTEXT_ALIVE] > tally.ends[PV_CONTEXT_FATAL]);
}

static void damaged_commands(void **state)
{
   (void)state;
   struct tally tally = {0};
   struct rand g = {.state = 20261122};
   char text[128];
   uint8_t *bytes = malloc(SPACE);
   for (unsigned n = 0; n < CASES * multiplier; n++) {
      struct guest guest;
      log_forget();
      open_populated(&guest);
      enum route route = (enum route)(rand_next(&g) % ROUTES);
      unsigned commands = 1 + (unsigned)(rand_next(&g) % 4);
      for (unsigned k = 0; k < commands && guest_state(&guest) != PV_CONTEXT_FATAL; k++) {
         const struct rand_case *c = &rand_cases[rand_next(&g) % rand_case_count];
         struct pv_writer w = {.p = bytes, .end = bytes + SPACE};
         snprintf(text, sizeof text, "case %u, command %u of %u, %s", n, k, commands, c->name);
         label = text;
         g.mode = (enum rand_mode)(rand_next(&g) % RAND_LARGE);
         random_command(&g, c, route != RING && rand_next(&g) % 2, &w);
         size_t size = (size_t)(w.p - bytes);
         if (k + 1 == commands || rand_next(&g) % 4 == 0)
            size = size ? mutate_damage(&g, bytes, size, SPACE) : 0;
         send_by(&guest, route, bytes, size);
      }
      close_judged(&guest, &tally, n % 16 == 0);
   }
   free(bytes);
   print_tally("damaged", &tally);
   assert_true(tally.ends[PV_CONTEXT_FATAL] > CASES / 4 && tally.ends[PV_CONTEXT_ALIVE] > CASES / 50);
}

// Nothing but noise, by all routes.
static void noise(void **state)
{
   (void)state;
   struct tally tally = {0};
   struct rand g = {.state = 99};
   uint8_t bytes[256];
   label = "noise";
   for (unsigned n = 0; n < 500; n++) {
      struct guest guest;
      log_forget();
      open_populated(&guest);
      size_t size = 4 + rand_next(&g) % (sizeof bytes / 4) * 4;
      rand_bytes(&g, bytes, size);
      if (n % 2) // at least a command that there is
         pv_store32(bytes, (uint32_t)(rand_next(&g) % 346));
      if (n % 4 == 3)
         pv_store32(bytes + 4, 0);
      send_by(&guest, (enum route)(n % ROUTES), bytes, size);
      close_judged(&guest, &tally, n % 16 == 0);
   }
   print_tally("noise", &tally);
}

// Of a lost context nothing reaches the driver, and everything is answered.
static void every_command_in_a_lost_context(void **state)
{
   (void)state;
   struct tally tally = {0};
   struct rand g = {.state = 123};
   char text[128];
   for (size_t i = 0; i < rand_case_count; i++) {
      struct guest guest;
      snprintf(text, sizeof text, "%s in a lost context", rand_cases[i].name);
      label = text;
      open_populated(&guest);
      pv_context_core_lose(guest.ctx, "the test says so");
      log_forget();
      for (unsigned round = 0; round < RAND_MODES && guest_state(&guest) == PV_CONTEXT_LOST; round++) {
         g.mode = round;
         guest_rewind(&guest);
         uint8_t *start = guest.w.p;
         random_command(&g, &rand_cases[i], round & 1, &guest.w);
         (void)start;
         guest_submit(&guest);
      }
      struct log log = log_so_far();
      if (log.errors > (guest_state(&guest) == PV_CONTEXT_FATAL))
         fail_msg("%s: %u lines: %s", label, log.errors, log.last);
      tally.ends[guest_state(&guest)]++;
      for (uint32_t k = 0; k < 2; k++) {
         assert_int_equal(pv_context_core_fence(guest.ctx, k, 1), 0);
         if (guest.retired[k] != 1)
            fail_msg("%s: the fence of timeline %u did not retire", label, k);
      }
      guest_close(&guest);
      assert_int_equal(fake_misuses(), known_misuses);
      fake_forget();
   }
   print_tally("lost", &tally);
   assert_true(tally.ends[PV_CONTEXT_LOST] > 250);
}

static int setup(void **state)
{
   (void)state;
   const char *times = getenv("HOSTILE_ROUNDS");
   multiplier = times && atoi(times) > 0 ? (unsigned)atoi(times) : 1;
   log_start();
   const struct pv_core_params params = {
      .driver = fakehost, .polled = true, .limits = {.memory = 256u << 20, .command_temp = 64u << 20, .objects = 4096}};
   if (pv_core_create(&params, &core)) {
      print_message("%s\n", log_so_far().last);
      return -1;
   }
   void *fake = dlopen(fakehost, RTLD_NOW);
   *(void **)&fake_live = dlsym(fake, "fakehost_live");
   *(void **)&fake_fail = dlsym(fake, "fakehost_fail");
   *(void **)&fake_forget = dlsym(fake, "fakehost_forget");
   *(void **)&fake_misuses = dlsym(fake, "fakehost_misuses");
   ids = mutate_ids();
   populate = malloc(SPACE);
   pv_arena_init(&fill_arena, 256u << 20);
   poison = malloc(SPACE);
   write_population();
   write_poison();
   return fake_live && fake_fail && fake_forget && fake_misuses && ids ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   pv_core_destroy(&core);
   pv_ids_destroy(&ids);
   pv_arena_fini(&fill_arena);
   free(populate);
   free(poison);
   return 0;
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   fakehost = argv[1];
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_guest_leaves_nothing_behind),
      cmocka_unit_test(absurd_values_of_every_command),
      cmocka_unit_test(damaged_commands),
      cmocka_unit_test(noise),
      cmocka_unit_test(every_command_in_a_lost_context),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
