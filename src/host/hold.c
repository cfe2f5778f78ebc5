// SPDX-License-Identifier: MIT
//
// A guest may destroy its device, or be gone, while a VMM still shows the device's memory to somebody. The mapping is
// the driver's, so the driver's device has to last as long.
#include "host/hold.h"

#include <stdatomic.h>
#include <stdlib.h>

struct pv_hold {
   _Atomic uint32_t refs;
   atomic_bool abandoned;
   struct pv_hold *instance; // of a device; NULL: it is an instance
   union {
      VkInstance instance;
      VkDevice device;
   } handle;
   PFN_vkDestroyInstance destroy_instance;
   PFN_vkDestroyDevice destroy_device;
   PFN_vkFreeMemory free_memory;
};

struct pv_hold *pv_hold_instance(VkInstance instance, const struct pv_instance_procs *vk)
{
   struct pv_hold *hold = calloc(1, sizeof *hold);
   if (!hold) {
      vk->DestroyInstance(instance, NULL);
      return NULL;
   }
   atomic_init(&hold->refs, 1);
   hold->handle.instance = instance;
   hold->destroy_instance = vk->DestroyInstance;
   return hold;
}

struct pv_hold *pv_hold_device(struct pv_hold *instance, VkDevice device, const struct pv_device_procs *vk)
{
   struct pv_hold *hold = calloc(1, sizeof *hold);
   if (!hold) {
      vk->DestroyDevice(device, NULL);
      return NULL;
   }
   atomic_init(&hold->refs, 1);
   hold->instance = pv_hold_ref(instance);
   hold->handle.device = device;
   hold->destroy_device = vk->DestroyDevice;
   hold->free_memory = vk->FreeMemory;
   return hold;
}

struct pv_hold *pv_hold_ref(struct pv_hold *hold)
{
   atomic_fetch_add_explicit(&hold->refs, 1, memory_order_relaxed);
   return hold;
}

void pv_hold_unref(struct pv_hold **slot)
{
   struct pv_hold *hold = *slot;
   *slot = NULL;
   // acq_rel pairs with the other users' decrement: what they did with the device happens before its end here.
   if (!hold || atomic_fetch_sub_explicit(&hold->refs, 1, memory_order_acq_rel) != 1)
      return;
   bool reachable = !atomic_load(&hold->abandoned);
   if (reachable && hold->instance)
      hold->destroy_device(hold->handle.device, NULL);
   else if (reachable)
      hold->destroy_instance(hold->handle.instance, NULL);
   pv_hold_unref(&hold->instance);
   free(hold);
}

void pv_hold_abandon(struct pv_hold *hold)
{
   atomic_store(&hold->abandoned, true);
   if (hold->instance) // which cannot end without its device
      atomic_store(&hold->instance->abandoned, true);
}

void pv_hold_free_memory(struct pv_hold *device, VkDeviceMemory memory)
{
   if (!atomic_load(&device->abandoned))
      device->free_memory(device->handle.device, memory, NULL);
}
