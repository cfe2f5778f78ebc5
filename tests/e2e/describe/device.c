// SPDX-License-Identifier: MIT
//
// What only a device can be asked: which descriptor set layouts it can have, how large acceleration structures get and
// which of them it takes, granularities. It is made with everything on that the rest of the description needs.
#include "describe.gen.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

// Extensions whose queries are made here; those that are missing are left out.
static const char *const wanted[] = {
   "VK_KHR_acceleration_structure", "VK_KHR_deferred_host_operations",  "VK_KHR_maintenance4",
   "VK_KHR_maintenance5",           "VK_EXT_image_drm_format_modifier", "VK_EXT_mutable_descriptor_type",
   "VK_EXT_host_image_copy"};

struct known {
   VkPhysicalDeviceFeatures2 core;
   VkPhysicalDeviceVulkan11Features v11;
   VkPhysicalDeviceVulkan12Features v12;
   VkPhysicalDeviceVulkan13Features v13;
   VkPhysicalDeviceVulkan14Features v14;
   VkPhysicalDeviceAccelerationStructureFeaturesKHR trees;
   VkPhysicalDeviceMutableDescriptorTypeFeaturesEXT mutable_type;
   VkPhysicalDeviceMaintenance5FeaturesKHR maintenance5;
};

static void append(VkBaseOutStructure **last, void *link, VkStructureType type)
{
   ((VkBaseOutStructure *)link)->sType = type;
   (*last)->pNext = link;
   *last = link;
}

// A chain of what this device knows, filled in.
static void read_features(struct about *about, struct known *f)
{
   *f = (struct known){.core = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2}};
   VkBaseOutStructure *last = (VkBaseOutStructure *)&f->core;
   if (about->api >= VK_API_VERSION_1_2) {
      append(&last, &f->v11, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES);
      append(&last, &f->v12, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
   }
   if (about->api >= VK_API_VERSION_1_3)
      append(&last, &f->v13, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES);
   if (about->api >= VK_API_VERSION_1_4)
      append(&last, &f->v14, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_4_FEATURES);
   else if (has_extension(about, "VK_KHR_maintenance5"))
      append(&last, &f->maintenance5, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_5_FEATURES_KHR);
   if (has_extension(about, "VK_KHR_acceleration_structure"))
      append(&last, &f->trees, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ACCELERATION_STRUCTURE_FEATURES_KHR);
   if (has_extension(about, "VK_EXT_mutable_descriptor_type"))
      append(&last, &f->mutable_type, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MUTABLE_DESCRIPTOR_TYPE_FEATURES_EXT);
   vkGetPhysicalDeviceFeatures2(about->physical, &f->core);
}

static void open_device(struct about *about)
{
   struct known features;
   const char *names[COUNT(wanted)];
   uint32_t count = 0;
   float priority = 1;
   VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1,
                                    .pQueuePriorities = &priority};
   read_features(about, &features);
   for (size_t i = 0; i < COUNT(wanted); i++) {
      if (has_extension(about, wanted[i]))
         names[count++] = wanted[i];
   }
   VkDeviceCreateInfo info = {
      VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &features.core,        .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,          .enabledExtensionCount = count, .ppEnabledExtensionNames = names};
   VK(vkCreateDevice(about->physical, &info, NULL, &about->device));
}

static void set_layout(struct about *about, const char *what, VkDescriptorType type, uint32_t count,
                       VkDescriptorBindingFlags flags, const void *chain)
{
   VkDescriptorSetLayoutBinding binding = {
      .descriptorType = type, .descriptorCount = count, .stageFlags = VK_SHADER_STAGE_ALL};
   VkDescriptorSetLayoutBindingFlagsCreateInfo with = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO, .pNext = chain, .bindingCount = 1,
      .pBindingFlags = &flags};
   VkDescriptorSetLayoutCreateInfo info = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                           .pNext = flags ? &with : chain,
                                           .flags = flags & VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT
                                                        ? VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT
                                                        : 0,
                                           .bindingCount = 1, .pBindings = &binding};
   VkDescriptorSetVariableDescriptorCountLayoutSupport variable = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_VARIABLE_DESCRIPTOR_COUNT_LAYOUT_SUPPORT};
   VkDescriptorSetLayoutSupport support = {VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_SUPPORT,
                                           .pNext = about->api >= VK_API_VERSION_1_2 ? &variable : NULL};
   vkGetDescriptorSetLayoutSupport(about->device, &info, &support);
   key("Set layouts/%s/type %d/%u descriptors/flags %#x", what, (int)type, count, flags);
   value("supported %u, at most %u", support.supported, variable.maxVariableDescriptorCount);
}

static void set_layouts(struct about *about)
{
   static const uint32_t counts[] = {0, 4, 16, 1000, 100000, 1000000, 0x7fffffff};
   static const VkDescriptorBindingFlags flags[] = {0, 1, 4, 8, 9, 12, 15};
   for (int type = VK_DESCRIPTOR_TYPE_SAMPLER; type <= VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT; type++) {
      for (size_t c = 0; c < COUNT(counts); c++) {
         for (size_t f = 0; f < (about->api >= VK_API_VERSION_1_2 ? COUNT(flags) : 1); f++) {
            // Dynamic buffers and input attachments cannot be updated after they were bound.
            if (type >= VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC && flags[f] & (1 | 8))
               continue;
            set_layout(about, "plain", (VkDescriptorType)type, counts[c], flags[f], NULL);
         }
      }
   }
   for (size_t c = 0; about->api >= VK_API_VERSION_1_3 && c < COUNT(counts); c++)
      set_layout(about, "inline", VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK, counts[c] / 4 * 4 + 4, 0, NULL);
   VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
   VkMutableDescriptorTypeListEXT list = {2, types};
   VkMutableDescriptorTypeCreateInfoEXT several = {VK_STRUCTURE_TYPE_MUTABLE_DESCRIPTOR_TYPE_CREATE_INFO_EXT,
                                                   .mutableDescriptorTypeListCount = 1,
                                                   .pMutableDescriptorTypeLists = &list};
   if (has_extension(about, "VK_EXT_mutable_descriptor_type"))
      set_layout(about, "mutable", VK_DESCRIPTOR_TYPE_MUTABLE_EXT, 16, 0, &several);
}

static void tree_sizes(struct about *about, VkAccelerationStructureTypeKHR type, VkGeometryTypeKHR geometry,
                       uint32_t count, VkBuildAccelerationStructureFlagsKHR flags)
{
   PFN_vkGetAccelerationStructureBuildSizesKHR get = (PFN_vkGetAccelerationStructureBuildSizesKHR)vkGetDeviceProcAddr(
       about->device, "vkGetAccelerationStructureBuildSizesKHR");
   VkAccelerationStructureGeometryKHR shape = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_KHR,
                                               .geometryType = geometry};
   if (geometry == VK_GEOMETRY_TYPE_TRIANGLES_KHR)
      shape.geometry.triangles = (VkAccelerationStructureGeometryTrianglesDataKHR){
         VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_TRIANGLES_DATA_KHR,
         .vertexFormat = VK_FORMAT_R32G32B32_SFLOAT, .vertexStride = 12, .maxVertex = count * 3,
         .indexType = VK_INDEX_TYPE_NONE_KHR};
   else if (geometry == VK_GEOMETRY_TYPE_AABBS_KHR)
      shape.geometry.aabbs = (VkAccelerationStructureGeometryAabbsDataKHR){
         VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_AABBS_DATA_KHR, .stride = 24};
   else
      shape.geometry.instances = (VkAccelerationStructureGeometryInstancesDataKHR){
         VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_GEOMETRY_INSTANCES_DATA_KHR};
   VkAccelerationStructureBuildGeometryInfoKHR info = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_BUILD_GEOMETRY_INFO_KHR,
                                                       .type = type, .flags = flags, .geometryCount = 1,
                                                       .pGeometries = &shape};
   VkAccelerationStructureBuildSizesInfoKHR sizes = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_BUILD_SIZES_INFO_KHR};
   char prefix[120];
   get(about->device, VK_ACCELERATION_STRUCTURE_BUILD_TYPE_DEVICE_KHR, &info, &count, &sizes);
   snprintf(prefix, sizeof(prefix), "Acceleration structures/type %d/geometry %d/%u/flags %#x", (int)type,
            (int)geometry, count, flags);
   print_shape(prefix, &shape_VkAccelerationStructureBuildSizesInfoKHR, &sizes);
}

static void trees(struct about *about)
{
   PFN_vkGetDeviceAccelerationStructureCompatibilityKHR get =
       (PFN_vkGetDeviceAccelerationStructureCompatibilityKHR)vkGetDeviceProcAddr(
           about->device, "vkGetDeviceAccelerationStructureCompatibilityKHR");
   static const uint8_t nobody[2 * VK_UUID_SIZE];
   if (!has_extension(about, "VK_KHR_acceleration_structure") || !get)
      return;
   VkAccelerationStructureVersionInfoKHR version = {VK_STRUCTURE_TYPE_ACCELERATION_STRUCTURE_VERSION_INFO_KHR,
                                                    .pVersionData = nobody};
   VkAccelerationStructureCompatibilityKHR answer;
   get(about->device, &version, &answer);
   key("Acceleration structures/of nobody");
   value("%d", (int)answer);
   for (uint32_t count = 1; count <= 100000; count *= 10) {
      for (VkBuildAccelerationStructureFlagsKHR flags = 0; flags < 32; flags += 3) {
         if ((flags & 12) == 12) // fast to trace and fast to build
            continue;
         tree_sizes(about, VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR, VK_GEOMETRY_TYPE_TRIANGLES_KHR, count,
                    flags);
         tree_sizes(about, VK_ACCELERATION_STRUCTURE_TYPE_BOTTOM_LEVEL_KHR, VK_GEOMETRY_TYPE_AABBS_KHR, count, flags);
         tree_sizes(about, VK_ACCELERATION_STRUCTURE_TYPE_TOP_LEVEL_KHR, VK_GEOMETRY_TYPE_INSTANCES_KHR, count, flags);
      }
   }
}

static void pass_granularity(struct about *about)
{
   VkAttachmentDescription attachment = {.format = VK_FORMAT_R8G8B8A8_UNORM,
                                         .samples = VK_SAMPLE_COUNT_1_BIT,
                                         .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                         .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                         .finalLayout = VK_IMAGE_LAYOUT_GENERAL};
   VkAttachmentReference reference = {0, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL};
   VkSubpassDescription subpass = {
      .pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS, .colorAttachmentCount = 1, .pColorAttachments = &reference};
   VkRenderPassCreateInfo info = {VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO, .attachmentCount = 1,
                                  .pAttachments = &attachment, .subpassCount = 1, .pSubpasses = &subpass};
   VkRenderPass pass;
   VkExtent2D extent;
   VK(vkCreateRenderPass(about->device, &info, NULL, &pass));
   vkGetRenderAreaGranularity(about->device, pass, &extent);
   vkDestroyRenderPass(about->device, pass, NULL);
   key("granularity/render pass");
   value("%u x %u", extent.width, extent.height);
}

static void rendering_granularity(struct about *about)
{
   VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
   VkRenderingAreaInfo info = {VK_STRUCTURE_TYPE_RENDERING_AREA_INFO, .colorAttachmentCount = 1,
                               .pColorAttachmentFormats = &format};
   VkExtent2D extent;
   PFN_vkGetRenderingAreaGranularity get = (PFN_vkGetRenderingAreaGranularity)vkGetDeviceProcAddr(
       about->device,
       about->api >= VK_API_VERSION_1_4 ? "vkGetRenderingAreaGranularity" : "vkGetRenderingAreaGranularityKHR");
   if (!get)
      return;
   get(about->device, &info, &extent);
   key("granularity/rendering");
   value("%u x %u", extent.width, extent.height);
}

void describe_device(struct about *about)
{
   open_device(about);
   set_layouts(about);
   trees(about);
   pass_granularity(about);
   rendering_granularity(about);
}
