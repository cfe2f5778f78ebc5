// SPDX-License-Identifier: MIT
//
// Known sizes of structs with an empty chain and no arrays, and of replies, as the guest driver computes them. A
// member that is missing, or one too many, shows up here.
#include "golden.h"

#define SIZE(name, bytes)                                                                                              \
   do {                                                                                                                \
      static name value_;                                                                                              \
      struct pv_writer w_ = golden_writer();                                                                           \
      pv_enc_##name(&w_, &value_);                                                                                     \
      golden_size(#name, &w_, bytes);                                                                                  \
   } while (0)

#define REPLY_SIZE(name, bytes, ...)                                                                                   \
   do {                                                                                                                \
      struct pv_args_##name args_ = {__VA_ARGS__};                                                                     \
      struct pv_writer w_ = golden_writer();                                                                           \
      pv_enc_reply_##name(&w_, &args_);                                                                                \
      golden_size("reply of " #name, &w_, bytes);                                                                      \
   } while (0)

#define REQUEST_SIZE(name, bytes, ...)                                                                                 \
   do {                                                                                                                \
      struct pv_args_##name args_ = {__VA_ARGS__};                                                                     \
      struct pv_writer w_ = golden_writer();                                                                           \
      pv_enc_##name(&w_, 1, &args_);                                                                                   \
      golden_size(#name, &w_, bytes);                                                                                  \
   } while (0)

static void structs_have_their_sizes(void **state)
{
   (void)state;
   SIZE(VkPhysicalDeviceFeatures, 220);
   SIZE(VkPhysicalDeviceLimits, 540);
   SIZE(VkPhysicalDeviceSparseProperties, 20);
   SIZE(VkPhysicalDeviceProperties, 868);
   SIZE(VkPhysicalDeviceMemoryProperties, 472);
   SIZE(VkQueueFamilyProperties, 24);
   SIZE(VkFormatProperties, 12);
   SIZE(VkImageFormatProperties, 32);
   SIZE(VkExtensionProperties, 268);
   SIZE(VkMemoryRequirements, 20);
   SIZE(VkSubresourceLayout, 40);
   SIZE(VkImageSubresourceRange, 20);
   SIZE(VkStencilOpState, 28);
   SIZE(VkPipelineColorBlendAttachmentState, 32);
   SIZE(VkDescriptorSetLayoutBinding, 24);
   SIZE(VkConformanceVersion, 16);
   SIZE(VkBufferCopy, 24);
   SIZE(VkImageBlit, 96);
   SIZE(VkBufferImageCopy, 56);
   SIZE(VkExternalSemaphoreProperties, 24);
   SIZE(VkPhysicalDeviceVulkan11Features, 60);
   SIZE(VkPhysicalDeviceVulkan12Features, 200);
   SIZE(VkPhysicalDeviceVulkan13Features, 72);
   SIZE(VkPhysicalDeviceVulkan11Properties, 128);
   SIZE(VkPhysicalDeviceVulkan12Properties, 756);
   SIZE(VkPhysicalDeviceVulkan13Properties, 204);
   SIZE(VkPhysicalDeviceGroupProperties, 284);
   SIZE(VkImageCreateInfo, 76);
   SIZE(VkBufferCreateInfo, 44);
   SIZE(VkSamplerCreateInfo, 76);
   SIZE(VkImageViewCreateInfo, 68);
   SIZE(VkMemoryAllocateInfo, 24);
   SIZE(VkSubmitInfo, 56);
   SIZE(VkDeviceQueueCreateInfo, 32);
   SIZE(VkDeviceCreateInfo, 60);
   SIZE(VkGraphicsPipelineCreateInfo, 132);
   SIZE(VkImageMemoryBarrier, 64);
   SIZE(VkMemoryBarrier, 20);
   SIZE(VkRenderPassBeginInfo, 56);
   SIZE(VkRingCreateInfoMESA, 100);
}

static void replies_have_their_sizes(void **state)
{
   (void)state;
   static VkPhysicalDeviceProperties2 properties;
   static VkPhysicalDeviceMemoryProperties2 memory;
   static VkPhysicalDeviceFeatures2 features;
   static VkQueueFamilyProperties2 families[3];
   static VkExtensionProperties extensions[2];
   uint32_t three = 3, two = 2;
   uint64_t id = 1;
   REPLY_SIZE(vkCreateInstance, 24, .pInstance = &(VkInstance){0}, .ids_pInstance = &id, .asked_pInstance = 1);
   REPLY_SIZE(vkGetPhysicalDeviceProperties2, 892, .pProperties = &properties);
   REPLY_SIZE(vkGetPhysicalDeviceMemoryProperties2, 496, .pMemoryProperties = &memory);
   REPLY_SIZE(vkGetPhysicalDeviceFeatures2, 244, .pFeatures = &features);
   REPLY_SIZE(vkGetPhysicalDeviceQueueFamilyProperties2, 132, .pQueueFamilyPropertyCount = &three,
              .pQueueFamilyProperties = families, .asked_pQueueFamilyProperties = 3);
   REQUEST_SIZE(vkGetPhysicalDeviceQueueFamilyProperties2, 72, .pQueueFamilyPropertyCount = &three,
                .pQueueFamilyProperties = families);
   REPLY_SIZE(vkEnumerateDeviceExtensionProperties, 564, .pPropertyCount = &two, .pProperties = extensions,
              .asked_pProperties = 2);
   REQUEST_SIZE(vkEnumerateDeviceExtensionProperties, 44, .pPropertyCount = &two, .pProperties = extensions);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(structs_have_their_sizes),
      cmocka_unit_test(replies_have_their_sizes),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
