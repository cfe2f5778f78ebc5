// SPDX-License-Identifier: MIT
//
// Long pNext chains: all features and properties of Vulkan 1.1 to 1.3 in structs of their own and those of extensions
// that are found everywhere, forwards and backwards; then a device that is created with all of them enabled and a
// hundred structs more.
#include "kernel.h"

#include "add_comp.h"

#define LARGEST 256 // bytes of a struct
#define REPEATS 100
#define HEADER  offsetof(VkPhysicalDeviceFeatures2, features)

struct row {
   VkStructureType type;
   size_t size;
   const char *name, *extension; // no extension: part of Vulkan 1.3
   bool by_stage;                // tells of shader stages, which a restricted guest does not have all: not compared
};

#define ROW(TYPE, name, ...)                                                                                           \
   {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_##TYPE, sizeof(VkPhysicalDevice##name), #name, __VA_ARGS__}
#define CORE(TYPE, name)      ROW(TYPE, name, NULL, false)
#define BY_STAGE(TYPE, name)  ROW(TYPE, name, NULL, true)
#define EXT(TYPE, name, from) ROW(TYPE, name, from, false)

static const struct row features[] = {
   CORE(16BIT_STORAGE_FEATURES, 16BitStorageFeatures),
   BY_STAGE(MULTIVIEW_FEATURES, MultiviewFeatures),
   CORE(VARIABLE_POINTERS_FEATURES, VariablePointersFeatures),
   CORE(PROTECTED_MEMORY_FEATURES, ProtectedMemoryFeatures),
   CORE(SAMPLER_YCBCR_CONVERSION_FEATURES, SamplerYcbcrConversionFeatures),
   CORE(SHADER_DRAW_PARAMETERS_FEATURES, ShaderDrawParametersFeatures),
   CORE(8BIT_STORAGE_FEATURES, 8BitStorageFeatures),
   CORE(SHADER_ATOMIC_INT64_FEATURES, ShaderAtomicInt64Features),
   CORE(SHADER_FLOAT16_INT8_FEATURES, ShaderFloat16Int8Features),
   CORE(DESCRIPTOR_INDEXING_FEATURES, DescriptorIndexingFeatures),
   CORE(SCALAR_BLOCK_LAYOUT_FEATURES, ScalarBlockLayoutFeatures),
   CORE(VULKAN_MEMORY_MODEL_FEATURES, VulkanMemoryModelFeatures),
   CORE(IMAGELESS_FRAMEBUFFER_FEATURES, ImagelessFramebufferFeatures),
   CORE(UNIFORM_BUFFER_STANDARD_LAYOUT_FEATURES, UniformBufferStandardLayoutFeatures),
   CORE(SHADER_SUBGROUP_EXTENDED_TYPES_FEATURES, ShaderSubgroupExtendedTypesFeatures),
   CORE(SEPARATE_DEPTH_STENCIL_LAYOUTS_FEATURES, SeparateDepthStencilLayoutsFeatures),
   CORE(HOST_QUERY_RESET_FEATURES, HostQueryResetFeatures),
   CORE(TIMELINE_SEMAPHORE_FEATURES, TimelineSemaphoreFeatures),
   CORE(BUFFER_DEVICE_ADDRESS_FEATURES, BufferDeviceAddressFeatures),
   CORE(SHADER_TERMINATE_INVOCATION_FEATURES, ShaderTerminateInvocationFeatures),
   CORE(SHADER_DEMOTE_TO_HELPER_INVOCATION_FEATURES, ShaderDemoteToHelperInvocationFeatures),
   CORE(PRIVATE_DATA_FEATURES, PrivateDataFeatures),
   CORE(PIPELINE_CREATION_CACHE_CONTROL_FEATURES, PipelineCreationCacheControlFeatures),
   CORE(SYNCHRONIZATION_2_FEATURES, Synchronization2Features),
   CORE(ZERO_INITIALIZE_WORKGROUP_MEMORY_FEATURES, ZeroInitializeWorkgroupMemoryFeatures),
   CORE(IMAGE_ROBUSTNESS_FEATURES, ImageRobustnessFeatures),
   CORE(SUBGROUP_SIZE_CONTROL_FEATURES, SubgroupSizeControlFeatures),
   CORE(INLINE_UNIFORM_BLOCK_FEATURES, InlineUniformBlockFeatures),
   CORE(TEXTURE_COMPRESSION_ASTC_HDR_FEATURES, TextureCompressionASTCHDRFeatures),
   CORE(DYNAMIC_RENDERING_FEATURES, DynamicRenderingFeatures),
   CORE(SHADER_INTEGER_DOT_PRODUCT_FEATURES, ShaderIntegerDotProductFeatures),
   CORE(MAINTENANCE_4_FEATURES, Maintenance4Features),
   EXT(LINE_RASTERIZATION_FEATURES_EXT, LineRasterizationFeaturesEXT, VK_EXT_LINE_RASTERIZATION_EXTENSION_NAME),
   EXT(INDEX_TYPE_UINT8_FEATURES_EXT, IndexTypeUint8FeaturesEXT, VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME),
   EXT(PRIMITIVE_TOPOLOGY_LIST_RESTART_FEATURES_EXT, PrimitiveTopologyListRestartFeaturesEXT,
       VK_EXT_PRIMITIVE_TOPOLOGY_LIST_RESTART_EXTENSION_NAME),
   EXT(ROBUSTNESS_2_FEATURES_EXT, Robustness2FeaturesEXT, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME),
   EXT(IMAGE_VIEW_MIN_LOD_FEATURES_EXT, ImageViewMinLodFeaturesEXT, VK_EXT_IMAGE_VIEW_MIN_LOD_EXTENSION_NAME),
   EXT(DEPTH_CLIP_ENABLE_FEATURES_EXT, DepthClipEnableFeaturesEXT, VK_EXT_DEPTH_CLIP_ENABLE_EXTENSION_NAME),
   EXT(DEPTH_CLIP_CONTROL_FEATURES_EXT, DepthClipControlFeaturesEXT, VK_EXT_DEPTH_CLIP_CONTROL_EXTENSION_NAME),
   EXT(COLOR_WRITE_ENABLE_FEATURES_EXT, ColorWriteEnableFeaturesEXT, VK_EXT_COLOR_WRITE_ENABLE_EXTENSION_NAME),
   EXT(EXTENDED_DYNAMIC_STATE_3_FEATURES_EXT, ExtendedDynamicState3FeaturesEXT,
       VK_EXT_EXTENDED_DYNAMIC_STATE_3_EXTENSION_NAME)};

static const struct row properties[] = {
   BY_STAGE(SUBGROUP_PROPERTIES, SubgroupProperties),
   CORE(POINT_CLIPPING_PROPERTIES, PointClippingProperties),
   CORE(MULTIVIEW_PROPERTIES, MultiviewProperties),
   CORE(MAINTENANCE_3_PROPERTIES, Maintenance3Properties),
   CORE(FLOAT_CONTROLS_PROPERTIES, FloatControlsProperties),
   CORE(DESCRIPTOR_INDEXING_PROPERTIES, DescriptorIndexingProperties),
   CORE(DEPTH_STENCIL_RESOLVE_PROPERTIES, DepthStencilResolveProperties),
   CORE(SAMPLER_FILTER_MINMAX_PROPERTIES, SamplerFilterMinmaxProperties),
   CORE(TIMELINE_SEMAPHORE_PROPERTIES, TimelineSemaphoreProperties),
   CORE(SUBGROUP_SIZE_CONTROL_PROPERTIES, SubgroupSizeControlProperties),
   CORE(INLINE_UNIFORM_BLOCK_PROPERTIES, InlineUniformBlockProperties),
   CORE(SHADER_INTEGER_DOT_PRODUCT_PROPERTIES, ShaderIntegerDotProductProperties),
   CORE(TEXEL_BUFFER_ALIGNMENT_PROPERTIES, TexelBufferAlignmentProperties),
   CORE(MAINTENANCE_4_PROPERTIES, Maintenance4Properties),
   EXT(LINE_RASTERIZATION_PROPERTIES_EXT, LineRasterizationPropertiesEXT, VK_EXT_LINE_RASTERIZATION_EXTENSION_NAME),
   EXT(PUSH_DESCRIPTOR_PROPERTIES_KHR, PushDescriptorPropertiesKHR, VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME),
   EXT(ROBUSTNESS_2_PROPERTIES_EXT, Robustness2PropertiesEXT, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME),
   EXT(VERTEX_ATTRIBUTE_DIVISOR_PROPERTIES_EXT, VertexAttributeDivisorPropertiesEXT,
       VK_EXT_VERTEX_ATTRIBUTE_DIVISOR_EXTENSION_NAME),
   EXT(EXTENDED_DYNAMIC_STATE_3_PROPERTIES_EXT, ExtendedDynamicState3PropertiesEXT,
       VK_EXT_EXTENDED_DYNAMIC_STATE_3_EXTENSION_NAME)};

union node {
   VkBaseOutStructure base;
   uint8_t bytes[LARGEST];
};

static VkExtensionProperties extensions[512];
static uint32_t extension_count = COUNT(extensions);

static bool present(const struct row *row)
{
   for (uint32_t i = 0; row->extension && i < extension_count; i++) {
      if (!strcmp(extensions[i].extensionName, row->extension))
         return true;
   }
   return !row->extension;
}

// Links those that are present, in this order or the other; the first of them.
static void *link_up(uint32_t count, const struct row *rows, union node *nodes, bool backwards)
{
   VkBaseOutStructure *next = NULL;
   for (uint32_t i = 0; i < count; i++) {
      uint32_t n = backwards ? i : count - 1 - i;
      EXPECT(rows[n].size <= LARGEST);
      memset(&nodes[n], 0, LARGEST);
      if (!present(&rows[n]))
         continue;
      nodes[n].base = (VkBaseOutStructure){rows[n].type, next};
      next = &nodes[n].base;
   }
   return next;
}

// A guest's driver takes away the states of extensions that it does not offer (NVIDIA's, and those newer than it).
static void forget_other_extensions(union node *node)
{
   VkPhysicalDeviceExtendedDynamicState3FeaturesEXT *f = (void *)node;
   f->extendedDynamicState3SampleLocationsEnable = f->extendedDynamicState3ColorBlendAdvanced = 0;
   f->extendedDynamicState3ViewportWScalingEnable = f->extendedDynamicState3ViewportSwizzle = 0;
   f->extendedDynamicState3CoverageToColorEnable = f->extendedDynamicState3CoverageToColorLocation = 0;
   f->extendedDynamicState3CoverageModulationMode = f->extendedDynamicState3CoverageModulationTableEnable = 0;
   f->extendedDynamicState3CoverageModulationTable = f->extendedDynamicState3CoverageReductionMode = 0;
   f->extendedDynamicState3RepresentativeFragmentTestEnable = f->extendedDynamicState3ShadingRateImageEnable = 0;
}

static void put(struct gpu *gpu, uint32_t count, const struct row *rows, union node *nodes)
{
   for (uint32_t i = 0; i < count; i++) {
      if (rows[i].type == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTENDED_DYNAMIC_STATE_3_FEATURES_EXT)
         forget_other_extensions(&nodes[i]);
      if (present(&rows[i]) && !rows[i].by_stage)
         result(gpu, rows[i].name, nodes[i].bytes + HEADER, rows[i].size - HEADER);
   }
}

static void ask(struct gpu *gpu, VkPhysicalDeviceFeatures2 *all, union node *nodes)
{
   union node more[COUNT(properties)];
   for (int backwards = 0; backwards < 2; backwards++) {
      VkPhysicalDeviceProperties2 props = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
      props.pNext = link_up(COUNT(properties), properties, more, backwards);
      vkGetPhysicalDeviceProperties2(gpu->physical, &props);
      put(gpu, COUNT(properties), properties, more);
      *all = (VkPhysicalDeviceFeatures2){VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
      all->pNext = link_up(COUNT(features), features, nodes, backwards);
      vkGetPhysicalDeviceFeatures2(gpu->physical, all);
      put(gpu, COUNT(features), features, nodes);
      EXPECT(props.properties.limits.maxImageDimension2D == gpu->props.limits.maxImageDimension2D);
   }
}

// Everything the device can do is enabled; requests for private data may occur any number of times.
static void make_device(struct gpu *gpu, VkPhysicalDeviceFeatures2 *all)
{
   static VkDevicePrivateDataCreateInfo slots[REPEATS];
   const char *names[COUNT(features)];
   uint32_t count = 0;
   float priority = 1;
   VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueFamilyIndex = gpu->family,
                                    .queueCount = 1, .pQueuePriorities = &priority};
   for (uint32_t i = 0; i < COUNT(features); i++) {
      if (features[i].extension && present(&features[i]))
         names[count++] = features[i].extension;
   }
   const void *next = all;
   for (uint32_t i = 0; i < REPEATS; i++) {
      slots[i] = (VkDevicePrivateDataCreateInfo){VK_STRUCTURE_TYPE_DEVICE_PRIVATE_DATA_CREATE_INFO, next, 1};
      next = &slots[i];
   }
   VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                              .pNext = next,
                              .queueCreateInfoCount = 1,
                              .pQueueCreateInfos = &queue,
                              .enabledExtensionCount = count,
                              .ppEnabledExtensionNames = names};
   VkCommandPoolCreateInfo pool = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .queueFamilyIndex = gpu->family};
   vkDestroyCommandPool(gpu->device, gpu->pool, NULL);
   vkDestroyDevice(gpu->device, NULL);
   VK(vkCreateDevice(gpu->physical, &info, NULL, &gpu->device));
   vkGetDeviceQueue(gpu->device, gpu->family, 0, &gpu->queue);
   VK(vkCreateCommandPool(gpu->device, &pool, NULL, &gpu->pool));
}

static void private_data(struct gpu *gpu)
{
   VkPrivateDataSlotCreateInfo info = {VK_STRUCTURE_TYPE_PRIVATE_DATA_SLOT_CREATE_INFO};
   uint64_t values[REPEATS];
   VkPrivateDataSlot slots[REPEATS];
   for (uint32_t i = 0; i < REPEATS; i++) {
      VK(vkCreatePrivateDataSlot(gpu->device, &info, NULL, &slots[i]));
      VK(vkSetPrivateData(gpu->device, VK_OBJECT_TYPE_COMMAND_POOL, (uint64_t)gpu->pool, slots[i], i * 1000));
   }
   for (uint32_t i = 0; i < REPEATS; i++) {
      vkGetPrivateData(gpu->device, VK_OBJECT_TYPE_COMMAND_POOL, (uint64_t)gpu->pool, slots[i], &values[i]);
      EXPECT(values[i] == i * 1000);
      vkDestroyPrivateDataSlot(gpu->device, slots[i], NULL);
   }
   result(gpu, "private-data", values, sizeof(values));
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v13.privateData = VK_TRUE, .api = VK_API_VERSION_1_3};
   VkPhysicalDeviceFeatures2 all;
   union node nodes[COUNT(features)];
   gpu_open(&gpu, argc, argv, &want);
   VkResult listed = vkEnumerateDeviceExtensionProperties(gpu.physical, NULL, &extension_count, extensions);
   EXPECT(listed == VK_SUCCESS);
   ask(&gpu, &all, nodes);
   make_device(&gpu, &all);
   private_data(&gpu);
   struct buffer data = storage_new(&gpu, 4096);
   uint32_t push[] = {1024, 2, 5};
   kernel_run(&gpu, &(struct kernel){CODE(add_comp), PUSH(push), .x = 16, .bindings = {STORAGE(&data)}});
   EXPECT(((uint32_t *)data.map)[1023] == 5);
   result(&gpu, "works", data.map, data.size);
   buffer_free(&gpu, &data);
   return gpu_close(&gpu);
}
