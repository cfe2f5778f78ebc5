// SPDX-License-Identifier: MIT
//
// What a guest meets that is not a breach of the protocol, on the host's own driver: refusals, the poisoned ids they
// leave, the lost state that follows their use, and waits that may never end.
//
// usage: test_ends threads|polled
#include "device.h"

#include <stdatomic.h>

static const char *mode;
static struct pv_core *core;

static void put_huge_memory(struct guest *g, uint64_t id, uint32_t type)
{
   VkDeviceMemory memory = ID(VkDeviceMemory, id);
   const VkMemoryAllocateInfo info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = 1ull << 62, .memoryTypeIndex = type};
   PUT(g, vkAllocateMemory, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pMemory = &memory,
       .asked_pMemory = 1);
}

static void put_use_of_memory(struct guest *g, uint64_t memory)
{
   put_small_buffer(g, FREE_ID + 50);
   PUT(g, vkBindBufferMemory, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, FREE_ID + 50),
       .memory = ID(VkDeviceMemory, memory));
}

static void what_was_refused_may_be_destroyed(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "good");
   log_forget();
   put_huge_memory(&g, FREE_ID, 0);
   put_huge_memory(&g, FREE_ID + 1, 31); // a type there is not
   for (int i = 0; i < 2; i++)
      PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, FREE_ID + i));
   device_run(&g);
   device_works(&g, 2);
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

static void who_asks_hears_of_a_refusal(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "good");
   put_huge_memory(&g, FREE_ID, 0);
   pv_store32(g.bytes + 4, 1); // with a reply
   device_run(&g);
   assert_int_equal(pv_load32(g.shared), PV_CMD_vkAllocateMemory);
   assert_int_equal((int32_t)pv_load32(g.shared + 4), VK_ERROR_OUT_OF_DEVICE_MEMORY);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   log_forget();
   PUT(&g, vkFreeMemory, 0, .device = ID(VkDevice, DEVICE), .memory = ID(VkDeviceMemory, FREE_ID));
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_FATAL); // it knew that there is no such memory
   guest_close(&g);
}

// Checks what a lost context still does. Ends it. `full`: it has no room for another object.
static void check_lost(struct guest *g, bool full)
{
   struct pv_blob_core blob;
   VkFence fence = ID(VkFence, FENCE);
   VkMemoryRequirements requirements = {0};
   struct log log = log_so_far();
   assert_int_equal(guest_state(g), PV_CONTEXT_LOST);
   if (log.errors != 1 || log.lost != 1)
      fail_msg("%u lines: %s", log.errors, log.first);
   guest_rewind(g);
   PUT(g, vkWaitForFences, 1, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence,
       .timeout = UINT64_MAX);
   device_run(g);
   assert_int_equal(pv_load32(g->shared), PV_CMD_vkWaitForFences);
   assert_int_equal((int32_t)pv_load32(g->shared + 4), VK_ERROR_DEVICE_LOST);
   struct pv_args_vkGetBufferMemoryRequirements ask = {
      .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, BUFFER), .pMemoryRequirements = &requirements};
   guest_rewind(g);
   pv_enc_vkGetBufferMemoryRequirements(&g->w, 1, &ask);
   device_run(g);
   struct pv_reader r = guest_reply(g, PV_CMD_vkGetBufferMemoryRequirements);
   requirements.size = 77;
   pv_dec_reply_vkGetBufferMemoryRequirements(&r, &ask);
   assert_null(r.why);
   assert_int_equal(requirements.size, 0);
   if (!full) // the stream is still decoded, and ids still count
      put_small_buffer(g, FREE_ID + 60);
   PUT(g, vkDestroyBuffer, 0, .device = ID(VkDevice, DEVICE), .buffer = ID(VkBuffer, full ? BUFFER : FREE_ID + 60));
   device_run(g);
   assert_int_equal(guest_state(g), PV_CONTEXT_LOST);
   if (pv_context_core_blob(g->ctx, 9, FREE_ID, 8192, PV_BLOB_MAPPABLE, &blob) == 0) // the refused memory's
      for (size_t i = 0; i < 8192; i++)
         assert_int_equal(((uint8_t *)blob.pointer)[i], 0);
   for (uint32_t i = 0; i < 2; i++) {
      assert_int_equal(pv_context_core_fence(g->ctx, i, 1), 0);
      assert_int_equal(g->retired[i], 1);
   }
   other_device_works(core, 3);
   log = log_so_far();
   if (log.errors != 1)
      fail_msg("then %s", log.last);
   guest_close(g);
}

static void using_what_was_refused_loses_the_context(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "hostile");
   log_forget();
   put_huge_memory(&g, FREE_ID, 0);
   put_use_of_memory(&g, FREE_ID);
   device_run(&g);
   assert_non_null(strstr(log_so_far().first, "device lost at vkBindBufferMemory (28)"));
   check_lost(&g, false);
}

static void memory_beyond_the_budget_loses_who_uses_it(void **state)
{
   (void)state;
   struct guest g;
   VkDeviceMemory memory = ID(VkDeviceMemory, FREE_ID);
   const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = 65u << 20};
   device_open(&g, core, "hostile");
   log_forget();
   PUT(&g, vkAllocateMemory, 0, .device = ID(VkDevice, DEVICE), .pAllocateInfo = &info, .pMemory = &memory,
       .asked_pMemory = 1);
   put_use_of_memory(&g, FREE_ID);
   device_run(&g);
   check_lost(&g, false);
}

static void too_many_objects_lose_the_context(void **state)
{
   (void)state;
   struct guest g;
   device_open(&g, core, "hostile");
   log_forget();
   for (uint64_t i = 0; i < 1100; i++)
      put_small_buffer(&g, FREE_ID + 100 + i);
   device_run(&g);
   assert_non_null(strstr(log_so_far().first, "too many live objects"));
   check_lost(&g, true);
}

// --- arguments that decode and that no driver must see
// -----------------------------------------------------------------

static void null_where_an_object_is_wanted(struct guest *g)
{
   PUT(g, vkCmdFillBuffer, 0, .commandBuffer = ID(VkCommandBuffer, CB), .size = 4);
}

static void null_in_an_array(struct guest *g)
{
   VkFence fences[2] = {ID(VkFence, FENCE), VK_NULL_HANDLE};
   PUT(g, vkResetFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 2, .pFences = fences);
}

static void null_in_an_array_of_a_struct(struct guest *g)
{
   VkCommandBuffer none = VK_NULL_HANDLE;
   const VkSubmitInfo submit = {
      .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &none};
   PUT(g, vkQueueSubmit, 0, .queue = ID(VkQueue, QUEUE), .submitCount = 1, .pSubmits = &submit);
}

// A pass with one attachment that it clears (and, if `outside`, a subpass that uses a second one), an imageless
// framebuffer of `attachments`, and its beginning with `clears` values and no attachments.
static void put_pass(struct guest *g, uint32_t attachments, uint32_t clears, bool outside)
{
   VkDevice device = ID(VkDevice, DEVICE);
   VkRenderPass pass = ID(VkRenderPass, FREE_ID + 10);
   VkFramebuffer framebuffer = ID(VkFramebuffer, FREE_ID + 11);
   const VkAttachmentDescription attachment = {.format = VK_FORMAT_R8G8B8A8_UNORM,
                                               .samples = VK_SAMPLE_COUNT_1_BIT,
                                               .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                               .finalLayout = VK_IMAGE_LAYOUT_GENERAL};
   const VkAttachmentReference reference = {.attachment = outside, .layout = VK_IMAGE_LAYOUT_GENERAL};
   const VkSubpassDescription subpass = {.colorAttachmentCount = 1, .pColorAttachments = &reference};
   const VkRenderPassCreateInfo pass_info = {.sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
                                             .attachmentCount = 1,
                                             .pAttachments = &attachment,
                                             .subpassCount = 1,
                                             .pSubpasses = &subpass};
   PUT(g, vkCreateRenderPass, 0, .device = device, .pCreateInfo = &pass_info, .pRenderPass = &pass,
       .asked_pRenderPass = 1);
   const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
   const VkFramebufferAttachmentImageInfo image = {.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENT_IMAGE_INFO,
                                                   .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
                                                   .width = 8,
                                                   .height = 8,
                                                   .layerCount = 1,
                                                   .viewFormatCount = 1,
                                                   .pViewFormats = &format};
   const VkFramebufferAttachmentsCreateInfo images_info = {.sType =
                                                               VK_STRUCTURE_TYPE_FRAMEBUFFER_ATTACHMENTS_CREATE_INFO,
                                                           .attachmentImageInfoCount = attachments,
                                                           .pAttachmentImageInfos = &image};
   const VkFramebufferCreateInfo framebuffer_info = {.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
                                                     .pNext = &images_info,
                                                     .flags = VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT,
                                                     .renderPass = pass,
                                                     .attachmentCount = attachments,
                                                     .width = 8,
                                                     .height = 8,
                                                     .layers = 1};
   PUT(g, vkCreateFramebuffer, 0, .device = device, .pCreateInfo = &framebuffer_info, .pFramebuffer = &framebuffer,
       .asked_pFramebuffer = 1);
   const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
   PUT(g, vkBeginCommandBuffer, 0, .commandBuffer = ID(VkCommandBuffer, CB), .pBeginInfo = &begin);
   const VkClearValue clear = {0};
   const VkRenderPassAttachmentBeginInfo views = {.sType = VK_STRUCTURE_TYPE_RENDER_PASS_ATTACHMENT_BEGIN_INFO};
   const VkRenderPassBeginInfo info = {.sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
                                       .pNext = &views,
                                       .renderPass = pass,
                                       .framebuffer = framebuffer,
                                       .clearValueCount = clears,
                                       .pClearValues = &clear};
   PUT(g, vkCmdBeginRenderPass, 0, .commandBuffer = ID(VkCommandBuffer, CB), .pRenderPassBegin = &info);
}

static void too_few_clear_values(struct guest *g)
{
   put_pass(g, 1, 0, false);
}

static void a_framebuffer_too_small(struct guest *g)
{
   put_pass(g, 0, 1, false);
}

static void too_few_imageless_attachments(struct guest *g)
{
   put_pass(g, 1, 1, false);
}

static void an_attachment_that_is_not_there(struct guest *g)
{
   put_pass(g, 1, 1, true);
}

// A set of one dynamic buffer, bound without an offset.
static void no_dynamic_offset(struct guest *g)
{
   VkDevice device = ID(VkDevice, DEVICE);
   VkDescriptorSetLayout set_layout = ID(VkDescriptorSetLayout, FREE_ID + 20);
   VkPipelineLayout layout = ID(VkPipelineLayout, FREE_ID + 21);
   VkDescriptorPool pool = ID(VkDescriptorPool, FREE_ID + 22);
   VkDescriptorSet set = ID(VkDescriptorSet, FREE_ID + 23);
   const VkDescriptorSetLayoutBinding binding = {.descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
                                                 .descriptorCount = 1,
                                                 .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
   const VkDescriptorSetLayoutCreateInfo set_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 1, .pBindings = &binding};
   PUT(g, vkCreateDescriptorSetLayout, 0, .device = device, .pCreateInfo = &set_info, .pSetLayout = &set_layout,
       .asked_pSetLayout = 1);
   const VkPipelineLayoutCreateInfo layout_info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set_layout};
   PUT(g, vkCreatePipelineLayout, 0, .device = device, .pCreateInfo = &layout_info, .pPipelineLayout = &layout,
       .asked_pPipelineLayout = 1);
   const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC, 1};
   const VkDescriptorPoolCreateInfo pool_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1, .poolSizeCount = 1, .pPoolSizes = &size};
   PUT(g, vkCreateDescriptorPool, 0, .device = device, .pCreateInfo = &pool_info, .pDescriptorPool = &pool,
       .asked_pDescriptorPool = 1);
   const VkDescriptorSetAllocateInfo sets = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                             .descriptorPool = pool,
                                             .descriptorSetCount = 1,
                                             .pSetLayouts = &set_layout};
   PUT(g, vkAllocateDescriptorSets, 0, .device = device, .pAllocateInfo = &sets, .pDescriptorSets = &set,
       .asked_pDescriptorSets = 1);
   PUT(g, vkCmdBindDescriptorSets, 0, .commandBuffer = ID(VkCommandBuffer, CB),
       .pipelineBindPoint = VK_PIPELINE_BIND_POINT_COMPUTE, .layout = layout, .descriptorSetCount = 1,
       .pDescriptorSets = &set);
}

static void what_no_driver_must_see_loses_the_context(void **state)
{
   static const struct {
      void (*make)(struct guest *g);
      const char *command, *why;
   } cases[] = {
      {null_where_an_object_is_wanted, "vkCmdFillBuffer", "a null handle"},
      {null_in_an_array, "vkResetFences", "a null handle"},
      {null_in_an_array_of_a_struct, "vkQueueSubmit", "a null handle"},
      {too_few_clear_values, "vkCmdBeginRenderPass", "fewer clear values"},
      {a_framebuffer_too_small, "vkCmdBeginRenderPass", "a framebuffer with fewer attachments"},
      {too_few_imageless_attachments, "vkCmdBeginRenderPass", "fewer attachments than its imageless"},
      {an_attachment_that_is_not_there, "vkCreateRenderPass", "an attachment that its render pass does not have"},
      {no_dynamic_offset, "vkCmdBindDescriptorSets", "fewer dynamic offsets"},
   };
   (void)state;
   for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      struct guest g;
      device_open(&g, core, "hostile");
      log_forget();
      cases[i].make(&g);
      device_run(&g);
      struct log log = log_so_far();
      if (guest_state(&g) != PV_CONTEXT_LOST || !strstr(log.first, cases[i].command) ||
          !strstr(log.first, cases[i].why))
         fail_msg("case %zu, %s: %s", i, cases[i].command, log.first);
      check_lost(&g, false);
   }
}

// Whatever bytes an old cache is said to be, the driver gets those that it wrote itself, or none.
static void a_rubbish_pipeline_cache_is_an_empty_one(void **state)
{
   (void)state;
   struct guest g;
   uint8_t rubbish[256];
   device_open(&g, core, "good");
   log_forget();
   for (uint64_t i = 0; i < 64; i++) {
      VkPipelineCache cache = ID(VkPipelineCache, FREE_ID + i);
      for (size_t k = 0; k < sizeof rubbish; k++)
         rubbish[k] = (uint8_t)(i * 37 + k * k * 11);
      pv_store32(rubbish, 32); // a header of the right kind, at least
      pv_store32(rubbish + 4, VK_PIPELINE_CACHE_HEADER_VERSION_ONE);
      const VkPipelineCacheCreateInfo info = {
         .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO, .initialDataSize = 4 * i, .pInitialData = rubbish};
      PUT(&g, vkCreatePipelineCache, 0, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pPipelineCache = &cache,
          .asked_pPipelineCache = 1);
   }
   device_run(&g);
   device_works(&g, 7);
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

static void an_absurd_image_is_refused_or_made_but_hurts_nobody(void **state)
{
   (void)state;
   struct guest g;
   VkImage image = ID(VkImage, FREE_ID);
   const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                   .imageType = VK_IMAGE_TYPE_2D,
                                   .format = VK_FORMAT_R32G32B32A32_SFLOAT,
                                   .extent = {0x7fffffff, 0x7fffffff, 1},
                                   .mipLevels = 1,
                                   .arrayLayers = 1,
                                   .samples = VK_SAMPLE_COUNT_1_BIT,
                                   .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
   device_open(&g, core, "hostile");
   log_forget();
   PUT(&g, vkCreateImage, 0, .device = ID(VkDevice, DEVICE), .pCreateInfo = &info, .pImage = &image, .asked_pImage = 1);
   device_run(&g);
   assert_int_equal(guest_state(&g), PV_CONTEXT_ALIVE);
   PUT(&g, vkDestroyImage, 0, .device = ID(VkDevice, DEVICE), .image = image);
   device_run(&g);
   device_works(&g, 4);
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

// --- waiting
// ------------------------------------------------------------------------------------------------------------

static void a_ring_that_waits_holds_up_nobody(void **state)
{
   (void)state;
   struct guest g;
   VkFence fence = ID(VkFence, FENCE);
   device_open(&g, core, "good");
   log_forget();
   uint8_t *ring = ring_open(&g);
   PUT(&g, vkWaitForFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = UINT64_MAX);
   ring_push(&g, ring);
   assert_false(ring_drained(&g, ring, 0.3)); // nobody has signalled it
   other_device_works(core, 5);               // meanwhile others are served
   device_works(&g, 6);                       // signals it, over the control path
   assert_true(ring_drained(&g, ring, 5));
   assert_int_equal(log_so_far().errors, 0);
   guest_close(&g);
}

static void a_context_that_waits_can_be_ended(void **state)
{
   (void)state;
   struct guest g;
   VkFence fence = ID(VkFence, FENCE);
   device_open(&g, core, "hostile");
   log_forget();
   uint8_t *ring = ring_open(&g);
   PUT(&g, vkWaitForFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = UINT64_MAX);
   PUT(&g, vkWaitVirtqueueSeqnoMESA, 0, .seqno = UINT64_MAX);
   ring_push(&g, ring);
   assert_false(ring_drained(&g, ring, 0.05));
   uint64_t before = pv_now();
   guest_close(&g);
   assert_true(pv_now() - before < 5000000000ull);
   assert_int_equal(log_so_far().errors, 0);
}

static void a_lost_context_waits_no_more(void **state)
{
   (void)state;
   struct guest g;
   VkFence fence = ID(VkFence, FENCE);
   device_open(&g, core, "hostile");
   uint8_t *ring = ring_open(&g);
   PUT(&g, vkWaitForFences, 0, .device = ID(VkDevice, DEVICE), .fenceCount = 1, .pFences = &fence, .waitAll = VK_TRUE,
       .timeout = UINT64_MAX);
   ring_push(&g, ring);
   assert_false(ring_drained(&g, ring, 0.05));
   log_forget();
   pv_context_core_lose(g.ctx, "the test says so");
   assert_true(ring_drained(&g, ring, 5));
   assert_int_equal(log_so_far().errors, 1);
   assert_int_equal(pv_context_core_fence(g.ctx, 1, 1), 0);
   assert_int_equal(g.retired[1], 1);
   guest_close(&g);
}

static int setup(void **state)
{
   (void)state;
   core = device_core(mode);
   return core ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   pv_core_destroy(&core);
   return 0;
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   mode = argv[1];
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_refused_may_be_destroyed),
      cmocka_unit_test(who_asks_hears_of_a_refusal),
      cmocka_unit_test(using_what_was_refused_loses_the_context),
      cmocka_unit_test(memory_beyond_the_budget_loses_who_uses_it),
      cmocka_unit_test(too_many_objects_lose_the_context),
      cmocka_unit_test(what_no_driver_must_see_loses_the_context),
      cmocka_unit_test(a_rubbish_pipeline_cache_is_an_empty_one),
      cmocka_unit_test(an_absurd_image_is_refused_or_made_but_hurts_nobody),
      cmocka_unit_test(a_ring_that_waits_holds_up_nobody),
      cmocka_unit_test(a_context_that_waits_can_be_ended),
      cmocka_unit_test(a_lost_context_waits_no_more),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
