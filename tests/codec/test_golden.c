// SPDX-License-Identifier: MIT
//
// Golden vectors: requests and replies as Mesa's guest driver writes and reads them, worked by hand.
#include "golden.h"

static int setup(void **state)
{
   (void)state;
   pv_arena_init(&golden_arena, 1 << 20);
   return 0;
}

static int teardown(void **state)
{
   (void)state;
   pv_arena_fini(&golden_arena);
   return 0;
}

// --- structs, arrays, unions
// ------------------------------------------------------------------------------------------

static void sample_mask_has_a_computed_length(void **state)
{
   (void)state;
   const char *hex = "18000000 0000000000000000 00000000 40000000 00000000 0000003f"
                     "0200000000000000 ffffffff 00000000"
                     "00000000 00000000";
   VkPipelineMultisampleStateCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
      .rasterizationSamples = VK_SAMPLE_COUNT_64_BIT,
      .minSampleShading = 0.5f,
      .pSampleMask = (const VkSampleMask[]){~0u, 0},
   };
   struct pv_writer w = golden_writer();
   pv_enc_VkPipelineMultisampleStateCreateInfo(&w, &info);
   golden_same("multisample state", &w, hex);
   struct pv_reader r = golden_reader(hex, 0);
   VkPipelineMultisampleStateCreateInfo back;
   pv_dec_VkPipelineMultisampleStateCreateInfo(&r, &back);
   golden_read("multisample state", &r);
   assert_int_equal(back.pSampleMask[0], ~0u);
   assert_true(back.minSampleShading == 0.5f);
}

static void clear_value_travels_as_words(void **state)
{
   (void)state;
   VkClearValue red = {.color = {.float32 = {1, 0, 0, 0}}};
   VkRenderPassBeginInfo begin = {
      .sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
      .renderPass = ID(VkRenderPass, 0x20),
      .framebuffer = ID(VkFramebuffer, 0x21),
      .renderArea.extent = {64, 64},
      .clearValueCount = 1,
      .pClearValues = &red,
   };
   GOLDEN_REQUEST(vkCmdBeginRenderPass, 0,
      "85000000 00000000 1500000000000000 0100000000000000"
      "2b000000 0000000000000000 2000000000000000 2100000000000000 00000000 00000000 40000000 40000000"
      "01000000 0100000000000000 00000000 02000000 0400000000000000 0000803f 00000000 00000000 00000000"
      "00000000",
      .commandBuffer = ID(VkCommandBuffer, 0x15), .pRenderPassBegin = &begin);
}

static void every_clear_tag_is_read(void **state)
{
   (void)state;
   VkClearValue value;
   struct pv_reader r = golden_reader("01000000 0000003f 07000000", 0);
   pv_dec_VkClearValue(&r, &value);
   golden_read("depth and stencil", &r);
   assert_true(value.depthStencil.depth == 0.5f && value.depthStencil.stencil == 7);
   for (unsigned tag = 0; tag < 3; tag++) {
      char hex[128];
      snprintf(hex, sizeof hex, "00000000 0%u000000 0400000000000000 01000000 02000000 03000000 04000000", tag);
      r = golden_reader(hex, 0);
      pv_dec_VkClearValue(&r, &value);
      golden_read("color", &r);
      assert_int_equal(value.color.uint32[3], 4);
   }
   r = golden_reader("02000000 0400000000000000", 0);
   pv_dec_VkClearValue(&r, &value);
   assert_string_equal(r.why, "unknown union tag");
}

static void host_addresses_can_only_be_null(void **state)
{
   (void)state;
   VkDeviceOrHostAddressConstKHR address;
   struct pv_reader r = golden_reader("00000000 8877665544332211", 0);
   pv_dec_VkDeviceOrHostAddressConstKHR(&r, &address);
   golden_read("device address", &r);
   assert_true(address.deviceAddress == 0x1122334455667788);
   r = golden_reader("01000000 0000000000000000", 0);
   pv_dec_VkDeviceOrHostAddressConstKHR(&r, &address);
   golden_read("null host address", &r);
   assert_null(address.hostAddress);
   r = golden_reader("01000000 0100000000000000", 0);
   pv_dec_VkDeviceOrHostAddressConstKHR(&r, &address);
   assert_string_equal(r.why, "host pointer");
}

// --- output parameters
// --------------------------------------------------------------------------------------------------

static void output_structs_are_sent_in_part(void **state)
{
   (void)state;
   VkPhysicalDeviceMemoryProperties2 memory = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
                                               .memoryProperties.memoryTypeCount = 7};
   GOLDEN_REQUEST(vkGetPhysicalDeviceMemoryProperties2, 1,
      "98000000 01000000 0200000000000000 0100000000000000 7eb09b3b 0000000000000000 2000000000000000 1000000000000000",
      .physicalDevice = ID(VkPhysicalDevice, 2), .pMemoryProperties = &memory);
   VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
   GOLDEN_REQUEST(vkGetPhysicalDeviceProperties2, 1,
      "94000000 01000000 0200000000000000 0100000000000000 79b09b3b 0000000000000000",
      .physicalDevice = ID(VkPhysicalDevice, 2), .pProperties = &properties);
   VkPhysicalDeviceVulkan11Features features11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
   VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &features11};
   GOLDEN_REQUEST(vkGetPhysicalDeviceFeatures2, 1,
      "93000000 01000000 0200000000000000 0100000000000000 78b09b3b 0100000000000000 31000000 0000000000000000",
      .physicalDevice = ID(VkPhysicalDevice, 2), .pFeatures = &features);
   VkBufferMemoryRequirementsInfo2 info = {.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
                                           .buffer = ID(VkBuffer, 9)};
   VkMemoryRequirements2 requirements = {.sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
   GOLDEN_REQUEST(vkGetBufferMemoryRequirements2, 1,
      "91000000 01000000 0400000000000000"
      "0100000000000000 50049d3b 0000000000000000 0900000000000000"
      "0100000000000000 53049d3b 0000000000000000",
      .device = ID(VkDevice, 4), .pInfo = &info, .pMemoryRequirements = &requirements);
}

static void counts_travel_both_ways(void **state)
{
   (void)state;
   uint32_t count = 0;
   GOLDEN_REQUEST(vkEnumeratePhysicalDevices, 1,
      "02000000 01000000 0100000000000000 0100000000000000 00000000 0000000000000000",
      .instance = ID(VkInstance, 1), .pPhysicalDeviceCount = &count);
   count = 2;
   VkPhysicalDevice devices[] = {ID(VkPhysicalDevice, 2), ID(VkPhysicalDevice, 3)};
   GOLDEN_REQUEST(vkEnumeratePhysicalDevices, 1,
      "02000000 01000000 0100000000000000 0100000000000000 02000000 0200000000000000 0200000000000000 0300000000000000",
      .instance = ID(VkInstance, 1), .pPhysicalDeviceCount = &count, .pPhysicalDevices = devices);
}

static void query_results_are_asked_for_by_size(void **state)
{
   (void)state;
   uint8_t results[24];
   GOLDEN_REQUEST(vkGetQueryPoolResults, 1,
      "31000000 01000000 0400000000000000 0700000000000000 01000000 03000000 1800000000000000 1800000000000000"
      "0800000000000000 03000000",
      .device = ID(VkDevice, 4), .queryPool = ID(VkQueryPool, 7), .firstQuery = 1, .queryCount = 3,
      .dataSize = sizeof results, .pData = results, .stride = 8,
      .flags = VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
}

static void replies_have_no_flags_word(void **state)
{
   (void)state;
   uint32_t version = VK_API_VERSION_1_3;
   GOLDEN_REPLY(vkEnumerateInstanceVersion, "89000000 00000000 0100000000000000 00304000", .pApiVersion = &version);
   VkInstance instance = VK_NULL_HANDLE;
   uint64_t id = 1;
   GOLDEN_REPLY(vkCreateInstance, "00000000 00000000 0100000000000000 0100000000000000", .pInstance = &instance,
                .ids_pInstance = &id, .asked_pInstance = 1);
}

static void replies_never_exceed_the_request(void **state)
{
   (void)state;
   uint32_t count = 5;
   VkQueueFamilyProperties families[2] = {{.queueCount = 1}, {.queueCount = 2}};
   GOLDEN_REPLY(vkGetPhysicalDeviceQueueFamilyProperties,
      "07000000 0100000000000000 02000000 0200000000000000"
      "00000000 01000000 00000000 00000000 00000000 00000000"
      "00000000 02000000 00000000 00000000 00000000 00000000",
      .pQueueFamilyPropertyCount = &count, .pQueueFamilyProperties = families, .asked_pQueueFamilyProperties = 2);
}

static void replies_fill_the_callers_memory(void **state)
{
   (void)state;
   uint32_t count = 2;
   VkQueueFamilyProperties families[2] = {0};
   struct pv_args_vkGetPhysicalDeviceQueueFamilyProperties args = {.pQueueFamilyPropertyCount = &count,
                                                                   .pQueueFamilyProperties = families};
   struct pv_reader r = golden_reader("07000000 0100000000000000 01000000 0100000000000000"
                                      "00000000 09000000 00000000 00000000 00000000 00000000", 0);
   pv_dec_reply_vkGetPhysicalDeviceQueueFamilyProperties(&r, &args);
   golden_read("one family", &r);
   assert_int_equal(count, 1);
   assert_int_equal(families[0].queueCount, 9);
   assert_ptr_equal(args.pQueueFamilyProperties, families);
   count = 0;
   r = golden_reader("07000000 0100000000000000 01000000 0100000000000000"
                     "00000000 09000000 00000000 00000000 00000000 00000000", 0);
   pv_dec_reply_vkGetPhysicalDeviceQueueFamilyProperties(&r, &args);
   assert_non_null(r.why);
}

// --- whole requests
// -----------------------------------------------------------------------------------------------------

static void instance_is_created(void **state)
{
   (void)state;
   GOLDEN_REQUEST(vkEnumerateInstanceVersion, 1, "89000000 01000000 0100000000000000", .pApiVersion = &(uint32_t){0});
   VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "tri",
                            .applicationVersion = 1, .apiVersion = VK_API_VERSION_1_3};
   VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
   VkInstance id = ID(VkInstance, 1);
   GOLDEN_REQUEST(vkCreateInstance, 1,
      "00000000 01000000 0100000000000000 01000000 0000000000000000 00000000 0100000000000000"
      "00000000 0000000000000000 0400000000000000 74726900 01000000 0000000000000000 00000000 00304000"
      "00000000 0000000000000000 00000000 0000000000000000"
      "0000000000000000 0100000000000000 0100000000000000",
      .pCreateInfo = &info, .pInstance = &id);
}

static void strings_are_padded_to_words(void **state)
{
   (void)state;
   VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .enabledExtensionCount = 2,
                                .ppEnabledExtensionNames = (const char *const[]){"VK_A", "VK_BCD_"}};
   VkInstance id = ID(VkInstance, 1);
   GOLDEN_REQUEST(vkCreateInstance, 1,
      "00000000 01000000 0100000000000000 01000000 0000000000000000 00000000 0000000000000000"
      "00000000 0000000000000000"
      "02000000 0200000000000000 0500000000000000 564b5f41 00000000 0800000000000000 564b5f42 43445f00"
      "0000000000000000 0100000000000000 0100000000000000",
      .pCreateInfo = &info, .pInstance = &id);
}

static void buffers_are_created(void **state)
{
   (void)state;
   VkBuffer id = ID(VkBuffer, 9);
   VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 4096, .usage = 0x82,
                              .queueFamilyIndexCount = 2, .pQueueFamilyIndices = (const uint32_t[]){0, 1}};
   GOLDEN_REQUEST(vkCreateBuffer, 0,
      "32000000 00000000 0400000000000000 0100000000000000 0c000000 0000000000000000 00000000 0010000000000000 82000000"
      "00000000 02000000 0200000000000000 00000000 01000000 0000000000000000 0100000000000000 0900000000000000",
      .device = ID(VkDevice, 4), .pCreateInfo = &info, .pBuffer = &id);
   // newer drivers leave out ignored arrays but keep their count
   info.pQueueFamilyIndices = NULL;
   GOLDEN_REQUEST(vkCreateBuffer, 0,
      "32000000 00000000 0400000000000000 0100000000000000 0c000000 0000000000000000 00000000 0010000000000000 82000000"
      "00000000 02000000 0000000000000000 0000000000000000 0100000000000000 0900000000000000",
      .device = ID(VkDevice, 4), .pCreateInfo = &info, .pBuffer = &id);
}

static void chain_bodies_come_in_reverse(void **state)
{
   (void)state;
   VkBuffer id = ID(VkBuffer, 9);
   VkExternalMemoryBufferCreateInfo external = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
                                                .handleTypes = 0x200};
   VkBufferOpaqueCaptureAddressCreateInfo opaque = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_OPAQUE_CAPTURE_ADDRESS_CREATE_INFO,
      .pNext = &external,
      .opaqueCaptureAddress = 0x1122334455667788,
   };
   VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .pNext = &opaque, .size = 4096,
                              .usage = 0x82};
   GOLDEN_REQUEST(vkCreateBuffer, 0,
      "32000000 00000000 0400000000000000 0100000000000000 0c000000"
      "0100000000000000 eab59e3b 0100000000000000 40e39b3b 0000000000000000 00020000 8877665544332211"
      "00000000 0010000000000000 82000000 00000000 00000000 0000000000000000"
      "0000000000000000 0100000000000000 0900000000000000",
      .device = ID(VkDevice, 4), .pCreateInfo = &info, .pBuffer = &id);
}

static void descriptors_are_written(void **state)
{
   (void)state;
   VkDescriptorBufferInfo buffer = {.buffer = ID(VkBuffer, 9), .range = 256};
   VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = ID(VkDescriptorSet, 0x30),
                                 .dstBinding = 1, .descriptorCount = 1,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, .pBufferInfo = &buffer};
   GOLDEN_REQUEST(vkUpdateDescriptorSets, 0,
      "4f000000 00000000 0400000000000000 01000000 0100000000000000 23000000 0000000000000000 3000000000000000"
      "01000000 00000000 01000000 06000000 0000000000000000"
      "0100000000000000 0900000000000000 0000000000000000 0001000000000000 0000000000000000"
      "00000000 0000000000000000",
      .device = ID(VkDevice, 4), .descriptorWriteCount = 1, .pDescriptorWrites = &write);
}

static void commands_are_recorded(void **state)
{
   (void)state;
   GOLDEN_REQUEST(vkCmdDraw, 0, "6a000000 00000000 1500000000000000 03000000 01000000 00000000 00000000",
                  .commandBuffer = ID(VkCommandBuffer, 0x15), .vertexCount = 3, .instanceCount = 1);
   GOLDEN_REQUEST(vkCmdPushConstants, 0,
      "84000000 00000000 1500000000000000 4000000000000000 01000000 00000000 0c000000 0c00000000000000"
      "01000000 02000000 03000000",
      .commandBuffer = ID(VkCommandBuffer, 0x15), .layout = ID(VkPipelineLayout, 0x40), .stageFlags = 1, .size = 12,
      .pValues = (const uint32_t[]){1, 2, 3});
   GOLDEN_REQUEST(vkCmdSetBlendConstants, 0,
      "62000000 00000000 1500000000000000 0400000000000000 0000803f 00000000 00000000 0000003f",
      .commandBuffer = ID(VkCommandBuffer, 0x15), .blendConstants = {1, 0, 0, 0.5f});
}

static void memory_is_imported(void **state)
{
   (void)state;
   VkMemoryDedicatedAllocateInfo dedicated = {.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
                                              .buffer = ID(VkBuffer, 9)};
   VkImportMemoryResourceInfoMESA import = {.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_RESOURCE_INFO_MESA,
                                            .pNext = &dedicated, .resourceId = 5};
   VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = &import,
                                .allocationSize = 65536, .memoryTypeIndex = 1};
   VkDeviceMemory id = ID(VkDeviceMemory, 0x11);
   GOLDEN_REQUEST(vkAllocateMemory, 0,
      "15000000 00000000 0400000000000000 0100000000000000 05000000 0100000000000000 02a6a03b"
      "0100000000000000 19ba9c3b 0000000000000000 0000000000000000 0900000000000000 05000000"
      "0000010000000000 01000000 0000000000000000 0100000000000000 1100000000000000",
      .device = ID(VkDevice, 4), .pAllocateInfo = &info, .pMemory = &id);
}

static void queues_name_their_timeline(void **state)
{
   (void)state;
   VkDeviceQueueTimelineInfoMESA timeline = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_TIMELINE_INFO_MESA, .ringIdx = 1};
   VkDeviceQueueInfo2 info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2, .pNext = &timeline};
   VkQueue id = ID(VkQueue, 5);
   GOLDEN_REQUEST(vkGetDeviceQueue2, 0,
      "9b000000 00000000 0400000000000000 0100000000000000 6b009d3b 0100000000000000 05a6a03b 0000000000000000 01000000"
      "00000000 00000000 00000000 0100000000000000 0500000000000000",
      .device = ID(VkDevice, 4), .pQueueInfo = &info, .pQueue = &id);
}

// --- transport
// ------------------------------------------------------------------------------------------------------------

static void streams_are_described(void **state)
{
   (void)state;
   VkCommandStreamDescriptionMESA streams[] = {{7, 0x100, 12}, {8, 0, 64}};
   GOLDEN_REQUEST(vkSetReplyCommandStreamMESA, 0,
      "b2000000 00000000 0100000000000000 07000000 0001000000000000 0c00000000000000", .pStream = streams);
   GOLDEN_REQUEST(vkExecuteCommandStreamsMESA, 0,
      "b4000000 00000000 02000000 0200000000000000"
      "07000000 0001000000000000 0c00000000000000 08000000 0000000000000000 4000000000000000"
      "0000000000000000 00000000 0000000000000000 00000000",
      .streamCount = 2, .pStreams = streams);
}

static void rings_are_made_and_woken(void **state)
{
   (void)state;
   GOLDEN_REQUEST(vkNotifyRingMESA, 0, "be000000 00000000 ddccbbaa007f0000 40000000 00000000",
                  .ring = 0x7f00aabbccdd, .seqno = 0x40);
   VkRingMonitorInfoMESA monitor = {.sType = VK_STRUCTURE_TYPE_RING_MONITOR_INFO_MESA,
                                    .maxReportingPeriodMicroseconds = 3000000};
   VkRingCreateInfoMESA info = {.sType = VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA, .pNext = &monitor, .resourceId = 6,
                                .size = 0x20104, .idleTimeout = 1000000, .tailOffset = 0x40, .statusOffset = 0x80,
                                .bufferOffset = 0xc0, .bufferSize = 0x20000, .extraOffset = 0x200c0, .extraSize = 4};
   GOLDEN_REQUEST(vkCreateRingMESA, 0,
      "bc000000 00000000 ddccbbaa007f0000 0100000000000000 00a6a03b 0100000000000000 06a6a03b 0000000000000000 c0c62d00"
      "00000000 06000000 0000000000000000 0401020000000000 40420f0000000000"
      "0000000000000000 4000000000000000 8000000000000000 c000000000000000 0000020000000000 c000020000000000"
      "0400000000000000",
      .ring = 0x7f00aabbccdd, .pCreateInfo = &info);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(sample_mask_has_a_computed_length),
      cmocka_unit_test(clear_value_travels_as_words),
      cmocka_unit_test(every_clear_tag_is_read),
      cmocka_unit_test(host_addresses_can_only_be_null),
      cmocka_unit_test(output_structs_are_sent_in_part),
      cmocka_unit_test(counts_travel_both_ways),
      cmocka_unit_test(query_results_are_asked_for_by_size),
      cmocka_unit_test(replies_have_no_flags_word),
      cmocka_unit_test(replies_never_exceed_the_request),
      cmocka_unit_test(replies_fill_the_callers_memory),
      cmocka_unit_test(instance_is_created),
      cmocka_unit_test(strings_are_padded_to_words),
      cmocka_unit_test(buffers_are_created),
      cmocka_unit_test(chain_bodies_come_in_reverse),
      cmocka_unit_test(descriptors_are_written),
      cmocka_unit_test(commands_are_recorded),
      cmocka_unit_test(memory_is_imported),
      cmocka_unit_test(queues_name_their_timeline),
      cmocka_unit_test(streams_are_described),
      cmocka_unit_test(rings_are_made_and_woken),
   };
   return cmocka_run_group_tests(tests, setup, teardown);
}
