// SPDX-License-Identifier: MIT
//
// What guests see of a GPU: its extensions, what is emulated, what is left out for want of something else, its memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/context.h"

#define GIB ((uint64_t)1 << 30)

struct host {
   struct pv_gpu gpu;
   VkExtensionProperties extensions[16];
};

// A GPU of that version with extensions, names in one string.
static struct host *host_of(uint32_t version, const char *names)
{
   static struct host host;
   host = (struct host){.gpu = {.properties.apiVersion = version, .path = PV_MEMORY_HOST_PTR, .shareable_types = 2}};
   host.gpu.extensions = host.extensions;
   for (const char *p = names; *p;) {
      size_t n = strcspn(p, " ");
      VkExtensionProperties *extension = &host.extensions[host.gpu.extension_count++];
      snprintf(extension->extensionName, sizeof extension->extensionName, "%.*s", (int)n, p);
      extension->specVersion = 1000;
      p += n + (p[n] == ' ');
   }
   host.gpu.memory = (VkPhysicalDeviceMemoryProperties){
      .memoryTypeCount = 2,
      .memoryTypes = {{VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                           VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                       0},
                      {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, 1}},
      .memoryHeapCount = 2,
      .memoryHeaps = {{8 * GIB, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}, {2 * GIB, 0}}};
   return &host;
}

static bool emulates(const struct pv_gpu_view *view, const char *name)
{
   for (const char *const *p = view->emulated; *p; p++)
      if (!strcmp(*p, name))
         return true;
   return false;
}

static struct pv_gpu_view view_of(const struct host *host, uint64_t budget)
{
   struct pv_gpu_view view;
   assert_int_equal(pv_gpu_view_make(&view, &host->gpu, budget), 0);
   return view;
}

static void a_bare_host_gets_what_guests_cannot_do_without(void **state)
{
   static const char *const wanted[] = {
      "VK_KHR_external_memory_fd",        "VK_KHR_external_semaphore_fd",
      "VK_KHR_external_fence_fd",         "VK_EXT_external_memory_dma_buf",
      "VK_EXT_image_drm_format_modifier", "VK_KHR_image_format_list",
      "VK_EXT_queue_family_foreign",      "VK_EXT_memory_budget",
   };
   struct pv_gpu_view view = view_of(host_of(VK_API_VERSION_1_1, ""), 0);
   for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      assert_true(pv_gpu_view_has(&view, wanted[i]));
      assert_true(emulates(&view, wanted[i]));
   }
   assert_true(view.own_modifiers && view.own_foreign && view.own_format_list && view.own_budget);
   assert_int_equal(view.extension_count, sizeof wanted / sizeof *wanted);
   pv_gpu_view_free(&view);
}

static void what_the_host_has_is_the_hosts(void **state)
{
   struct pv_gpu_view view =
       view_of(host_of(VK_API_VERSION_1_3, "VK_EXT_image_drm_format_modifier VK_EXT_queue_family_foreign "
                                           "VK_EXT_memory_budget VK_KHR_external_memory_fd"),
               0);
   assert_false(view.own_modifiers || view.own_foreign || view.own_format_list || view.own_budget);
   assert_false(emulates(&view, "VK_EXT_image_drm_format_modifier"));
   assert_false(emulates(&view, "VK_KHR_external_memory_fd"));
   for (uint32_t i = 0; i < view.extension_count; i++)
      if (!strcmp(view.extensions[i].extensionName, "VK_EXT_image_drm_format_modifier"))
         assert_int_equal(view.extensions[i].specVersion, 2); // no newer than the protocol knows
   pv_gpu_view_free(&view);
}

static void nothing_is_exported_where_nothing_can_be_shared(void **state)
{
   struct host *host = host_of(VK_API_VERSION_1_3, "");
   host->gpu.path = PV_MEMORY_NONE;
   struct pv_gpu_view view = view_of(host, 0);
   assert_false(pv_gpu_view_has(&view, "VK_EXT_external_memory_dma_buf"));
   pv_gpu_view_free(&view);
}

static void an_extension_whose_needs_are_not_met_is_left_out(void **state)
{
   // Ray queries need acceleration structures, which the host lacks, and what needs those in turn goes with them.
   const char *names = "VK_KHR_shader_clock VK_KHR_ray_query VK_KHR_ray_tracing_position_fetch";
   struct pv_gpu_view view = view_of(host_of(VK_API_VERSION_1_3, names), 0);
   assert_true(pv_gpu_view_has(&view, "VK_KHR_shader_clock"));
   assert_false(pv_gpu_view_has(&view, "VK_KHR_ray_query"));
   assert_false(pv_gpu_view_has(&view, "VK_KHR_ray_tracing_position_fetch"));
   pv_gpu_view_free(&view);
}

static void needs_are_met_by_a_core_version_as_well(void **state)
{
   const char *names = "VK_KHR_separate_depth_stencil_layouts VK_EXT_mesh_shader";
   struct pv_gpu_view old = view_of(host_of(VK_API_VERSION_1_1, names), 0);
   assert_false(pv_gpu_view_has(&old, "VK_KHR_separate_depth_stencil_layouts"));
   assert_false(pv_gpu_view_has(&old, "VK_EXT_mesh_shader"));
   pv_gpu_view_free(&old);
   struct pv_gpu_view new = view_of(host_of(VK_API_VERSION_1_2, names), 0);
   assert_true(pv_gpu_view_has(&new, "VK_KHR_separate_depth_stencil_layouts"));
   assert_true(pv_gpu_view_has(&new, "VK_EXT_mesh_shader"));
   pv_gpu_view_free(&new);
}

static void guests_do_some_of_the_needed_themselves(void **state)
{
   const char *names = "VK_KHR_acceleration_structure VK_KHR_ray_query";
   struct pv_gpu_view view = view_of(host_of(VK_API_VERSION_1_3, names), 0); // no VK_KHR_deferred_host_operations
   assert_true(pv_gpu_view_has(&view, "VK_KHR_acceleration_structure"));
   assert_true(pv_gpu_view_has(&view, "VK_KHR_ray_query"));
   pv_gpu_view_free(&view);
}

static void heaps_are_no_larger_than_what_a_guest_may_take(void **state)
{
   struct pv_gpu_view all = view_of(host_of(VK_API_VERSION_1_3, ""), 0);
   assert_true(all.memory.memoryHeaps[0].size == 8 * GIB && all.memory.memoryHeaps[1].size == 2 * GIB);
   pv_gpu_view_free(&all);
   struct pv_gpu_view some = view_of(host_of(VK_API_VERSION_1_3, ""), 3 * GIB);
   assert_true(some.memory.memoryHeaps[0].size == 3 * GIB && some.memory.memoryHeaps[1].size == 2 * GIB);
   pv_gpu_view_free(&some);
}

static void types_that_cannot_be_shared_cannot_be_mapped(void **state)
{
   struct pv_gpu_view view = view_of(host_of(VK_API_VERSION_1_3, ""), 0);
   assert_int_equal(view.memory.memoryTypes[0].propertyFlags, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
   assert_true(view.memory.memoryTypes[1].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT);
   pv_gpu_view_free(&view);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bare_host_gets_what_guests_cannot_do_without),
      cmocka_unit_test(what_the_host_has_is_the_hosts),
      cmocka_unit_test(nothing_is_exported_where_nothing_can_be_shared),
      cmocka_unit_test(an_extension_whose_needs_are_not_met_is_left_out),
      cmocka_unit_test(needs_are_met_by_a_core_version_as_well),
      cmocka_unit_test(guests_do_some_of_the_needed_themselves),
      cmocka_unit_test(heaps_are_no_larger_than_what_a_guest_may_take),
      cmocka_unit_test(types_that_cannot_be_shared_cannot_be_mapped),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
