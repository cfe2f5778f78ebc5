// SPDX-License-Identifier: MIT
//
// Modifiers, foreign queue families, budgets and device groups on a host that lacks them: what it gets to see instead.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/context.h"
#include "core/hooks.gen.h"
#include "core/sharing.h"

#define MIB   ((uint64_t)1 << 20)
#define OTHER 0x0100000000000001u // some vendor's modifier

// What the made-up host was asked, and what it answers.
static struct {
   VkImageTiling tiling;
   bool saw_modifier, importable;
   VkExternalMemoryHandleTypeFlags handle;
   uint32_t src, dst;
   VkImageAspectFlags aspect;
   VkPhysicalDeviceGroupProperties groups[3];
   uint32_t group_count;
} host;

static VKAPI_ATTR VkResult VKAPI_CALL image_format(VkPhysicalDevice device,
                                                   const VkPhysicalDeviceImageFormatInfo2 *info,
                                                   VkImageFormatProperties2 *out)
{
   const VkPhysicalDeviceExternalImageFormatInfo *external =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
   VkExternalImageFormatProperties *answer =
       pv_chain_find(out->pNext, VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES);
   host.tiling = info->tiling;
   host.saw_modifier =
       pv_chain_find(info->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT) != NULL;
   host.handle = external ? (VkFlags)external->handleType : 0;
   if (answer && host.importable)
      answer->externalMemoryProperties.externalMemoryFeatures = VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
   return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL buffer_properties(VkPhysicalDevice device,
                                                    const VkPhysicalDeviceExternalBufferInfo *info,
                                                    VkExternalBufferProperties *out)
{
   host.handle = (VkFlags)info->handleType;
   if (host.importable)
      out->externalMemoryProperties.externalMemoryFeatures = VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
}

static VKAPI_ATTR void VKAPI_CALL format_properties(VkPhysicalDevice device, VkFormat format, VkFormatProperties2 *out)
{
   out->formatProperties.linearTilingFeatures =
       format == VK_FORMAT_R5G6B5_UNORM_PACK16 ? 0 : VK_FORMAT_FEATURE_TRANSFER_SRC_BIT;
}

static VKAPI_ATTR void VKAPI_CALL memory_properties(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties2 *out)
{
   VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget =
       pv_chain_find(out->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
   budget->heapBudget[0] = 600 * MIB; // all the host's users together
   budget->heapUsage[0] = 500 * MIB;
}

static VKAPI_ATTR VkResult VKAPI_CALL groups(VkInstance instance, uint32_t *count, VkPhysicalDeviceGroupProperties *out)
{
   memcpy(out, host.groups, host.group_count * sizeof *out);
   *count = host.group_count;
   return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL barrier2(VkCommandBuffer cmd, const VkDependencyInfo *info)
{
   host.src = info->pImageMemoryBarriers[0].srcQueueFamilyIndex;
   host.dst = info->pBufferMemoryBarriers[0].dstQueueFamilyIndex;
}

static VKAPI_ATTR void VKAPI_CALL barrier(VkCommandBuffer cmd, VkPipelineStageFlags from, VkPipelineStageFlags to,
                                          VkDependencyFlags flags, uint32_t n, const VkMemoryBarrier *memory,
                                          uint32_t buffer_count, const VkBufferMemoryBarrier *buffers,
                                          uint32_t image_count, const VkImageMemoryBarrier *images)
{
   host.src = images[0].srcQueueFamilyIndex;
   host.dst = buffers[buffer_count - 1].dstQueueFamilyIndex;
}

static VKAPI_ATTR void VKAPI_CALL plane_layout(VkDevice device, VkImage image, const VkImageSubresource *plane,
                                               VkSubresourceLayout *out)
{
   host.aspect = plane->aspectMask;
   *out = (VkSubresourceLayout){.rowPitch = 256};
   if (plane->aspectMask == VK_IMAGE_ASPECT_PLANE_1_BIT)
      *out = (VkSubresourceLayout){.offset = 4096, .rowPitch = 128};
}

// A guest's records of a device whose host has none of the extensions.
static struct world {
   struct pv_core core;
   struct pv_context_core ctx;
   struct pv_gpu gpu;
   struct pv_gpu_view view;
   struct pv_instance instance;
   struct pv_device device;
   struct pv_exec exec;
   struct pv_physical_device *physical;
} w;

static int make_world(void **state)
{
   memset(&host, 0, sizeof host);
   host.importable = true;
   w = (struct world){
      .gpu = {.path = PV_MEMORY_HOST_PTR, .properties.apiVersion = VK_API_VERSION_1_1},
      .view = {.own_modifiers = true, .own_foreign = true},
      .instance.vk = {.GetPhysicalDeviceImageFormatProperties2 = image_format,
                      .GetPhysicalDeviceExternalBufferProperties = buffer_properties,
                      .GetPhysicalDeviceFormatProperties2 = format_properties,
                      .GetPhysicalDeviceMemoryProperties2 = memory_properties,
                      .EnumeratePhysicalDeviceGroups = groups},
      .device.vk = {.CmdPipelineBarrier2 = barrier2,
                    .CmdPipelineBarrier = barrier,
                    .GetImageSubresourceLayout = plane_layout},
   };
   w.view.gpu = &w.gpu;
   w.view.memory = (VkPhysicalDeviceMemoryProperties){.memoryHeapCount = 1, .memoryHeaps = {{.size = 1024 * MIB}}};
   w.physical = &w.instance.devices[0];
   w.instance.device_count = 1;
   w.physical->instance = &w.instance;
   w.physical->gpu = &w.gpu;
   w.physical->view = &w.view;
   w.device.physical = w.physical;
   w.ctx.core = &w.core;
   w.exec.ctx = &w.ctx;
   return 0;
}

#define PHYSICAL .physicalDevice_ref = {.owner = &w.instance, .state = w.physical}
#define DEVICE   .device_ref = {.owner = &w.device}
#define COMMANDS .commandBuffer_ref = {.owner = &w.device}

// --- queries
// ------------------------------------------------------------------------------------------------------------

static VkResult ask(VkFormat format, uint64_t modifier, VkExternalMemoryHandleTypeFlagBits handle,
                    VkExternalMemoryProperties *shared)
{
   VkPhysicalDeviceExternalImageFormatInfo external = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO, .handleType = handle};
   VkPhysicalDeviceImageDrmFormatModifierInfoEXT drm = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
      .pNext = &external,
      .drmFormatModifier = modifier};
   const VkPhysicalDeviceImageFormatInfo2 info = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                                  .pNext = &drm,
                                                  .format = format,
                                                  .tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT};
   VkExternalImageFormatProperties answer = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES};
   VkImageFormatProperties2 all = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, .pNext = &answer};
   struct pv_args_vkGetPhysicalDeviceImageFormatProperties2 a = {PHYSICAL, .pImageFormatInfo = &info,
                                                                 .pImageFormatProperties = &all};
   pv_hook_vkGetPhysicalDeviceImageFormatProperties2(&w.exec, &a);
   *shared = answer.externalMemoryProperties;
   return a.ret;
}

static void a_query_for_linear_is_one_for_linear_tiling(void **state)
{
   VkExternalMemoryProperties shared;
   const VkExternalMemoryHandleTypeFlags dmabuf = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
   assert_int_equal(ask(VK_FORMAT_R8G8B8A8_UNORM, 0, dmabuf, &shared), VK_SUCCESS);
   assert_int_equal(host.tiling, VK_IMAGE_TILING_LINEAR);
   assert_false(host.saw_modifier);
   assert_int_equal(host.handle, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT);
   assert_int_equal(shared.compatibleHandleTypes, dmabuf);
   assert_true(shared.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT);
}

static void what_is_not_linear_or_cannot_be_shared_is_not_supported(void **state)
{
   VkExternalMemoryProperties shared;
   const VkExternalMemoryHandleTypeFlags dmabuf = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
   const VkResult no = VK_ERROR_FORMAT_NOT_SUPPORTED;
   assert_int_equal(ask(VK_FORMAT_R8G8B8A8_UNORM, OTHER, dmabuf, &shared), no);
   assert_int_equal(ask(VK_FORMAT_D16_UNORM, 0, dmabuf, &shared), no);
   assert_int_equal(ask(VK_FORMAT_BC1_RGB_UNORM_BLOCK, 0, dmabuf, &shared), no);
   assert_int_equal(ask(VK_FORMAT_R8G8B8A8_UNORM, 0, VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_BIT, &shared), no);
   host.importable = false;
   assert_int_equal(ask(VK_FORMAT_R8G8B8A8_UNORM, 0, dmabuf, &shared), no);
}

static VkExternalMemoryFeatureFlags ask_buffer(VkExternalMemoryHandleTypeFlagBits handle)
{
   const VkPhysicalDeviceExternalBufferInfo info = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
                                                    .handleType = handle};
   VkExternalBufferProperties out = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES};
   struct pv_args_vkGetPhysicalDeviceExternalBufferProperties a = {PHYSICAL, .pExternalBufferInfo = &info,
                                                                   .pExternalBufferProperties = &out};
   pv_hook_vkGetPhysicalDeviceExternalBufferProperties(&w.exec, &a);
   return out.externalMemoryProperties.externalMemoryFeatures;
}

static void buffers_can_be_exported_if_they_can_be_imported(void **state)
{
   assert_true(ask_buffer(VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT) & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT);
   assert_int_equal(host.handle, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT);
   assert_int_equal(ask_buffer(VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT), 0);
   host.importable = false;
   assert_int_equal(ask_buffer(VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT), 0);
}

// The number of modifiers; the first goes to *one if there is room for `room`.
static uint32_t list_modifiers(VkFormat format, uint32_t room, VkDrmFormatModifierPropertiesEXT *one)
{
   VkDrmFormatModifierPropertiesListEXT list = {.sType = VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT,
                                                .drmFormatModifierCount = room,
                                                .pDrmFormatModifierProperties = room ? one : NULL};
   VkFormatProperties2 out = {.sType = VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, .pNext = &list};
   struct pv_args_vkGetPhysicalDeviceFormatProperties2 a = {PHYSICAL, .format = format, .pFormatProperties = &out};
   pv_hook_vkGetPhysicalDeviceFormatProperties2(&w.exec, &a);
   return list.drmFormatModifierCount;
}

static void formats_list_linear_where_linear_tiling_is_good_for_something(void **state)
{
   VkDrmFormatModifierPropertiesEXT one = {.drmFormatModifier = OTHER};
   assert_int_equal(list_modifiers(VK_FORMAT_R8G8B8A8_UNORM, 0, &one), 1);
   assert_true(one.drmFormatModifier == OTHER); // asked for the number alone
   assert_int_equal(list_modifiers(VK_FORMAT_R8G8B8A8_UNORM, 5, &one), 1);
   assert_true(one.drmFormatModifier == PV_MODIFIER_LINEAR && one.drmFormatModifierPlaneCount == 1);
   assert_int_equal(one.drmFormatModifierTilingFeatures, VK_FORMAT_FEATURE_TRANSFER_SRC_BIT);
   assert_int_equal(list_modifiers(VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, 1, &one), 1);
   assert_int_equal(one.drmFormatModifierPlaneCount, 3);
   assert_int_equal(list_modifiers(VK_FORMAT_R5G6B5_UNORM_PACK16, 1, &one), 0);
   assert_int_equal(list_modifiers(VK_FORMAT_D32_SFLOAT, 1, &one), 0);
}

// --- images
// -------------------------------------------------------------------------------------------------------------

static void an_image_made_with_linear_among_others_is_a_linear_one(void **state)
{
   const uint64_t modifiers[] = {OTHER, PV_MODIFIER_LINEAR};
   VkImageDrmFormatModifierListCreateInfoEXT list = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT,
      .drmFormatModifierCount = 2,
      .pDrmFormatModifiers = modifiers};
   const VkImageCreateInfo asked = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .pNext = &list,
                                    .format = VK_FORMAT_R8G8B8A8_UNORM,
                                    .tiling = VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT};
   const VkImageDrmFormatModifierExplicitCreateInfoEXT *layout;
   VkImageCreateInfo info = asked;
   assert_int_equal(pv_modifier_lower_image(w.physical, &info, &layout), VK_SUCCESS);
   assert_true(info.tiling == VK_IMAGE_TILING_LINEAR && !info.pNext && !layout);
   list.drmFormatModifierCount = 1;
   info = asked;
   assert_int_equal(pv_modifier_lower_image(w.physical, &info, &layout), VK_ERROR_FORMAT_NOT_SUPPORTED);
   w.view.own_modifiers = false; // a host with its own is told as it is
   info = asked;
   assert_int_equal(pv_modifier_lower_image(w.physical, &info, &layout), VK_SUCCESS);
   assert_true(info.tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT && info.pNext == &list);
}

static void the_planes_must_lie_where_the_guest_says(void **state)
{
   VkSubresourceLayout planes[] = {{.rowPitch = 256}, {.offset = 4096, .rowPitch = 128}};
   VkImageDrmFormatModifierExplicitCreateInfoEXT layout = {
      .sType = VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT,
      .drmFormatModifierPlaneCount = 2,
      .pPlaneLayouts = planes};
   const VkFormat format = VK_FORMAT_G8_B8R8_2PLANE_420_UNORM;
   assert_true(pv_modifier_layout_fits(&w.device, VK_NULL_HANDLE, format, &layout));
   planes[1].offset = 8192;
   assert_false(pv_modifier_layout_fits(&w.device, VK_NULL_HANDLE, format, &layout));
   planes[1].offset = 4096;
   planes[0].rowPitch = 512;
   assert_false(pv_modifier_layout_fits(&w.device, VK_NULL_HANDLE, format, &layout));
   planes[0].rowPitch = 256;
   layout.drmFormatModifierPlaneCount = 1;
   assert_false(pv_modifier_layout_fits(&w.device, VK_NULL_HANDLE, format, &layout));
}

static VkImageAspectFlags asked_aspect(VkFormat format, VkImageAspectFlags aspect)
{
   const VkImageSubresource plane = {.aspectMask = aspect};
   VkSubresourceLayout out;
   struct pv_args_vkGetImageSubresourceLayout a = {DEVICE, .pSubresource = &plane, .pLayout = &out};
   a.image_ref.state = pv_image_state(format, (struct pv_binding){.importable = true, .shared = true});
   pv_hook_vkGetImageSubresourceLayout(&w.exec, &a);
   return host.aspect;
}

static void memory_planes_are_the_formats_planes(void **state)
{
   const VkFormat planar = VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, plain = VK_FORMAT_R8G8B8A8_UNORM;
   assert_int_equal(asked_aspect(planar, VK_IMAGE_ASPECT_MEMORY_PLANE_1_BIT_EXT), VK_IMAGE_ASPECT_PLANE_1_BIT);
   assert_int_equal(asked_aspect(plain, VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT), VK_IMAGE_ASPECT_COLOR_BIT);
   assert_int_equal(asked_aspect(plain, VK_IMAGE_ASPECT_COLOR_BIT), VK_IMAGE_ASPECT_COLOR_BIT);
   // A plane that is not there is the guest's mistake, but nothing the host should see.
   assert_int_equal(asked_aspect(plain, VK_IMAGE_ASPECT_MEMORY_PLANE_2_BIT_EXT), VK_IMAGE_ASPECT_COLOR_BIT);
   w.view.own_modifiers = false;
   assert_int_equal(asked_aspect(plain, VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT),
                    VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT);
}

static void what_is_to_be_exported_is_bound_to_nothing_else(void **state)
{
   w.gpu.shareable_types = 0x6;
   static const struct {
      struct pv_binding binding;
      uint32_t host, guest;
   } cases[] = {
      {{.importable = true}, 0xf, 0xf},
      {{.importable = true, .shared = true}, 0xf, 0x6},
      {{.importable = false}, 0xf, 0x9},
      {{.importable = false}, 0x6, 0x6}, // nothing else is left
   };
   for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      VkMemoryRequirements requirements = {.memoryTypeBits = cases[i].host};
      pv_mask_types(&w.device, cases[i].binding, &requirements);
      assert_int_equal(requirements.memoryTypeBits, cases[i].guest);
   }
}

// --- barriers
// -----------------------------------------------------------------------------------------------------------

static void foreign_queues_are_external_ones(void **state)
{
   VkBufferMemoryBarrier buffers[2] = {{.dstQueueFamilyIndex = 0},
                                       {.dstQueueFamilyIndex = VK_QUEUE_FAMILY_FOREIGN_EXT}};
   VkImageMemoryBarrier image = {.srcQueueFamilyIndex = VK_QUEUE_FAMILY_FOREIGN_EXT, .dstQueueFamilyIndex = 0};
   struct pv_args_vkCmdPipelineBarrier a = {COMMANDS, .bufferMemoryBarrierCount = 2, .pBufferMemoryBarriers = buffers,
                                            .imageMemoryBarrierCount = 1, .pImageMemoryBarriers = &image};
   pv_hook_vkCmdPipelineBarrier(&w.exec, &a);
   assert_int_equal(host.src, VK_QUEUE_FAMILY_EXTERNAL);
   assert_int_equal(host.dst, VK_QUEUE_FAMILY_EXTERNAL);
   VkBufferMemoryBarrier2 buffer2 = {.dstQueueFamilyIndex = VK_QUEUE_FAMILY_FOREIGN_EXT};
   VkImageMemoryBarrier2 image2 = {.srcQueueFamilyIndex = VK_QUEUE_FAMILY_FOREIGN_EXT};
   const VkDependencyInfo info = {.bufferMemoryBarrierCount = 1,
                                  .pBufferMemoryBarriers = &buffer2,
                                  .imageMemoryBarrierCount = 1,
                                  .pImageMemoryBarriers = &image2};
   struct pv_args_vkCmdPipelineBarrier2 b = {COMMANDS, .pDependencyInfo = &info};
   pv_hook_vkCmdPipelineBarrier2(&w.exec, &b);
   assert_int_equal(host.src, VK_QUEUE_FAMILY_EXTERNAL);
   assert_int_equal(host.dst, VK_QUEUE_FAMILY_EXTERNAL);
   w.view.own_foreign = false;
   image2.srcQueueFamilyIndex = VK_QUEUE_FAMILY_FOREIGN_EXT;
   pv_hook_vkCmdPipelineBarrier2(&w.exec, &b);
   assert_int_equal(host.src, VK_QUEUE_FAMILY_FOREIGN_EXT);
}

// --- memory and groups
// --------------------------------------------------------------------------------------------------

static VkPhysicalDeviceMemoryBudgetPropertiesEXT budget(void)
{
   VkPhysicalDeviceMemoryBudgetPropertiesEXT out = {.sType =
                                                        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
   VkPhysicalDeviceMemoryProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
                                            .pNext = &out};
   struct pv_args_vkGetPhysicalDeviceMemoryProperties2 a = {PHYSICAL, .pMemoryProperties = &all};
   pv_hook_vkGetPhysicalDeviceMemoryProperties2(&w.exec, &a);
   return out;
}

static void a_budget_is_what_is_left_for_this_guest(void **state)
{
   atomic_store(&w.physical->heap_used[0], 40 * MIB);
   atomic_store(&w.ctx.memory, 50 * MIB); // rings take their part
   assert_true(budget().heapUsage[0] == 40 * MIB && budget().heapBudget[0] == 140 * MIB);
   w.core.limits.memory = 120 * MIB;
   assert_true(budget().heapUsage[0] == 40 * MIB && budget().heapBudget[0] == 110 * MIB);
   w.core.limits.memory = 30 * MIB; // more is taken than may be: nothing is left
   assert_true(budget().heapBudget[0] == 40 * MIB);
   w.core.limits.memory = 0;
   w.view.own_budget = true; // the host says nothing: the heap's size counts
   assert_true(budget().heapUsage[0] == 40 * MIB && budget().heapBudget[0] == 1024 * MIB);
   assert_true(budget().heapUsage[1] == 0 && budget().heapBudget[1] == 0);
}

static void groups_are_shown_by_the_guests_ids_if_all_of_them_is_shown(void **state)
{
   w.instance.device_count = 2;
   for (uint32_t i = 0; i < 2; i++) {
      w.instance.devices[i].handle = (VkPhysicalDevice)(uintptr_t)(0x100 + i);
      atomic_store(&w.instance.devices[i].id, 70 + i);
   }
   host.group_count = 3;
   host.groups[0] = (VkPhysicalDeviceGroupProperties){.physicalDeviceCount = 2};
   host.groups[0].physicalDevices[0] = w.instance.devices[1].handle;
   host.groups[0].physicalDevices[1] = w.instance.devices[0].handle;
   host.groups[1] = (VkPhysicalDeviceGroupProperties){.physicalDeviceCount = 2}; // with one that --gpu leaves out
   host.groups[1].physicalDevices[0] = w.instance.devices[0].handle;
   host.groups[1].physicalDevices[1] = (VkPhysicalDevice)(uintptr_t)0x999;
   host.groups[2] = (VkPhysicalDeviceGroupProperties){.physicalDeviceCount = 1};
   host.groups[2].physicalDevices[0] = w.instance.devices[1].handle;
   VkPhysicalDeviceGroupProperties out[3] = {0};
   uint32_t count = 0;
   struct pv_args_vkEnumeratePhysicalDeviceGroups a = {.instance_ref = {.owner = &w.instance},
                                                       .pPhysicalDeviceGroupCount = &count};
   pv_hook_vkEnumeratePhysicalDeviceGroups(&w.exec, &a);
   assert_int_equal(count, 2);
   a.pPhysicalDeviceGroupProperties = out;
   pv_hook_vkEnumeratePhysicalDeviceGroups(&w.exec, &a);
   assert_int_equal(a.ret, VK_SUCCESS);
   assert_int_equal(out[0].physicalDeviceCount, 2);
   assert_int_equal((uintptr_t)out[0].physicalDevices[0], 71);
   assert_int_equal((uintptr_t)out[0].physicalDevices[1], 70);
   assert_int_equal(out[1].physicalDeviceCount, 1);
   assert_int_equal((uintptr_t)out[1].physicalDevices[0], 71);
   count = 1;
   pv_hook_vkEnumeratePhysicalDeviceGroups(&w.exec, &a);
   assert_true(a.ret == VK_INCOMPLETE && count == 1);
}

#define TEST(name) cmocka_unit_test_setup(name, make_world)

int main(void)
{
   const struct CMUnitTest tests[] = {
      TEST(a_query_for_linear_is_one_for_linear_tiling),
      TEST(what_is_not_linear_or_cannot_be_shared_is_not_supported),
      TEST(buffers_can_be_exported_if_they_can_be_imported),
      TEST(formats_list_linear_where_linear_tiling_is_good_for_something),
      TEST(an_image_made_with_linear_among_others_is_a_linear_one),
      TEST(the_planes_must_lie_where_the_guest_says),
      TEST(memory_planes_are_the_formats_planes),
      TEST(what_is_to_be_exported_is_bound_to_nothing_else),
      TEST(foreign_queues_are_external_ones),
      TEST(a_budget_is_what_is_left_for_this_guest),
      TEST(groups_are_shown_by_the_guests_ids_if_all_of_them_is_shown),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
