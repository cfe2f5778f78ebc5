// SPDX-License-Identifier: MIT
//
// Host functions are found under every name they ever had, and are NULL where the driver has none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/procs.gen.h"

static void VKAPI_CALL core_function(void)
{
}

static void VKAPI_CALL khr_function(void)
{
}

// A Vulkan 1.0 driver with one extension.
static PFN_vkVoidFunction VKAPI_CALL old_driver(VkDevice device, const char *name)
{
   assert_ptr_equal(device, (VkDevice)8);
   if (strcmp(name, "vkCreateBuffer") == 0)
      return core_function;
   return strcmp(name, "vkBindBufferMemory2KHR") == 0 ? khr_function : NULL;
}

// A newer one has both names; the newer name is the one to use.
static PFN_vkVoidFunction VKAPI_CALL new_driver(VkDevice device, const char *name)
{
   (void)device;
   size_t length = strlen(name);
   return strcmp(name + length - 3, "KHR") == 0 ? khr_function : core_function;
}

static void old_names_stand_in(void **state)
{
   (void)state;
   struct pv_device_procs procs;
   memset(&procs, 0xee, sizeof procs);
   pv_load_device_procs(&procs, old_driver, (VkDevice)8);
   assert_true((PFN_vkVoidFunction)procs.CreateBuffer == core_function);
   assert_true((PFN_vkVoidFunction)procs.BindBufferMemory2 == khr_function);
   assert_null(procs.CreateImage);
   assert_null(procs.QueueSubmit2);
   assert_null(procs.CmdTraceRaysKHR);
}

static void new_names_come_first(void **state)
{
   (void)state;
   struct pv_device_procs procs;
   pv_load_device_procs(&procs, new_driver, VK_NULL_HANDLE);
   assert_true((PFN_vkVoidFunction)procs.BindBufferMemory2 == core_function);
   assert_true((PFN_vkVoidFunction)procs.CmdTraceRaysKHR == khr_function);
   const PFN_vkVoidFunction *slots = (const PFN_vkVoidFunction *)(const void *)&procs;
   for (size_t i = 0; i < sizeof procs / sizeof *slots; i++)
      assert_non_null(slots[i]);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(old_names_stand_in),
      cmocka_unit_test(new_names_come_first),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
