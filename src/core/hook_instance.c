// SPDX-License-Identifier: MIT
//
// Instances and physical devices: one instance per context, physical devices under the ids the guest gave them first.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/context.h"
#include "core/hooks.gen.h"
#include "core/protocol.gen.h"

void pv_hook_vkEnumerateInstanceVersion(struct pv_exec *x, struct pv_args_vkEnumerateInstanceVersion *a)
{
   *a->pApiVersion = PV_REGISTRY_VERSION;
   a->ret = VK_SUCCESS;
}

// Copies `have` entries the way vkEnumerate* does.
static VkResult enumerate(const VkExtensionProperties *list, uint32_t have, uint32_t *count, VkExtensionProperties *out)
{
   if (!out) {
      *count = have;
      return VK_SUCCESS;
   }
   uint32_t n = *count < have ? *count : have;
   if (n)
      memcpy(out, list, n * sizeof *out);
   *count = n;
   return n < have ? VK_INCOMPLETE : VK_SUCCESS;
}

void pv_hook_vkEnumerateInstanceExtensionProperties(struct pv_exec *x,
                                                    struct pv_args_vkEnumerateInstanceExtensionProperties *a)
{
   VkExtensionProperties list[2] = {{.extensionName = "VK_EXT_command_serialization", .specVersion = 1},
                                    {.extensionName = "VK_MESA_venus_protocol"}};
   list[1].specVersion = PV_VENUS_SPEC_VERSION;
   a->ret = a->pLayerName ? VK_ERROR_LAYER_NOT_PRESENT : enumerate(list, 2, a->pPropertyCount, a->pProperties);
}

void pv_hook_vkEnumerateInstanceLayerProperties(struct pv_exec *x, struct pv_args_vkEnumerateInstanceLayerProperties *a)
{
   *a->pPropertyCount = 0;
   a->ret = VK_SUCCESS;
}

void pv_hook_vkEnumerateDeviceLayerProperties(struct pv_exec *x, struct pv_args_vkEnumerateDeviceLayerProperties *a)
{
   *a->pPropertyCount = 0;
   a->ret = VK_SUCCESS;
}

// Which of the host's physical devices are ours to show.
static VkResult find_devices(struct pv_context_core *ctx, struct pv_instance *instance)
{
   VkPhysicalDevice handles[64];
   uint32_t count = 64;
   VkResult result = instance->vk.EnumeratePhysicalDevices(instance->handle, &count, handles);
   if (result < 0)
      return result;
   const struct pv_gpu *gpus[64];
   pv_host_match(&ctx->core->host, &instance->vk, handles, count, gpus);
   for (uint32_t i = 0; i < count && instance->device_count < PV_MAX_GPUS; i++) {
      const struct pv_gpu *gpu = gpus[i];
      if (gpu)
         instance->devices[instance->device_count++] =
             (struct pv_physical_device){.instance = instance,
                                         .handle = handles[i],
                                         .gpu = gpu,
                                         .view = &ctx->core->views[gpu - ctx->core->host.gpus]};
   }
   return VK_SUCCESS;
}

void pv_hook_vkCreateInstance(struct pv_exec *x, struct pv_args_vkCreateInstance *a)
{
   struct pv_context_core *ctx = x->ctx;
   if (!pv_exec_claim(x, 1, a->ids_pInstance))
      return;
   if (atomic_exchange(&ctx->has_instance, true)) {
      pv_exec_fatal(x, "a second instance in one context", a->ids_pInstance[0]);
      return;
   }
   struct pv_instance *instance = calloc(1, sizeof *instance);
   if (!instance) {
      atomic_store(&ctx->has_instance, false);
      a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
      return;
   }
   // The application's name may change what a driver does, so it goes through; its version must not, since drivers hide
   // newer functions by it. Layers and instance extensions are the guest's own affair.
   VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO};
   if (a->pCreateInfo->pApplicationInfo)
      app = *a->pCreateInfo->pApplicationInfo;
   app.pNext = NULL;
   a->ret = pv_host_make_instance(&ctx->core->host, &app, &instance->handle, &instance->vk);
   if (a->ret == VK_SUCCESS) {
      instance->hold = pv_hold_instance(instance->handle, &instance->vk);
      a->ret = instance->hold ? find_devices(ctx, instance) : VK_ERROR_OUT_OF_HOST_MEMORY;
      if (a->ret != VK_SUCCESS)
         pv_hold_unref(&instance->hold);
   }
   instance->ctx = ctx;
   instance->id = a->ids_pInstance[0];
   if (a->ret != VK_SUCCESS) {
      pv_exec_file_state(x, PV_OBJECT_VkInstance, NULL, NULL, instance->id, 0, a->ret);
      free(instance);
      atomic_store(&ctx->has_instance, false);
      return;
   }
   ctx->instance = instance;
   if (!pv_exec_file_state(x, PV_OBJECT_VkInstance, instance, instance, instance->id, (uintptr_t)instance->handle,
                           a->ret)) {
      pv_instance_teardown(ctx);
      return;
   }
   pv_debug("context %s: instance for \"%s\"", ctx->name, app.pApplicationName ? app.pApplicationName : "");
}

void pv_hook_vkDestroyInstance(struct pv_exec *x, struct pv_args_vkDestroyInstance *a)
{
   struct pv_object object;
   if (!a->instance_ref.id)
      return;
   enum pv_id_result removed = pv_ids_remove(x->ctx->ids, a->instance_ref.id, PV_OBJECT_VkInstance, &object);
   if (removed == PV_ID_OK)
      pv_instance_teardown(x->ctx);
   else if (removed != PV_ID_POISONED && !pv_exec_lost(x))
      pv_exec_fatal(x, "an instance destroyed twice", a->instance_ref.id);
}

// Gives `device` the guest's id, or checks that it is the one it has. False: the context is over.
static bool name_device(struct pv_exec *x, struct pv_physical_device *device, uint64_t id)
{
   uint64_t named = atomic_load(&device->id);
   if (!named) {
      // Rings may enumerate at the same time: only one of them may file the device.
      if (!pv_exec_claim(x, 1, &id))
         return false;
      if (atomic_compare_exchange_strong(&device->id, &named, id))
         return pv_exec_file_state(x, PV_OBJECT_VkPhysicalDevice, device->instance, device, id,
                                   (uintptr_t)device->handle, VK_SUCCESS);
   }
   if (named != id)
      pv_exec_fatal(x, "a physical device under a second id", id);
   return named == id;
}

void pv_hook_vkEnumeratePhysicalDevices(struct pv_exec *x, struct pv_args_vkEnumeratePhysicalDevices *a)
{
   struct pv_instance *instance = a->instance_ref.owner;
   if (!instance) {
      *a->pPhysicalDeviceCount = 0;
      a->ret = VK_ERROR_DEVICE_LOST;
      return;
   }
   uint32_t have = instance->device_count;
   a->ret = VK_SUCCESS;
   if (!a->pPhysicalDevices) {
      *a->pPhysicalDeviceCount = have;
      return;
   }
   uint32_t n = *a->pPhysicalDeviceCount < have ? *a->pPhysicalDeviceCount : have;
   for (uint32_t i = 0; i < n; i++)
      if (!name_device(x, &instance->devices[i], a->ids_pPhysicalDevices[i]))
         return;
   *a->pPhysicalDeviceCount = n;
   if (n < have)
      a->ret = VK_INCOMPLETE;
}

static struct pv_physical_device *device_of(struct pv_instance *instance, VkPhysicalDevice handle)
{
   for (uint32_t i = 0; i < instance->device_count; i++)
      if (instance->devices[i].handle == handle)
         return &instance->devices[i];
   return NULL;
}

// A group is shown if we show every device in it; the reply carries the guest's ids where handles would be.
static bool show_group(struct pv_instance *instance, VkPhysicalDeviceGroupProperties *group)
{
   for (uint32_t i = 0; i < VK_MAX_DEVICE_GROUP_SIZE; i++) {
      if (i >= group->physicalDeviceCount) {
         group->physicalDevices[i] = VK_NULL_HANDLE;
         continue;
      }
      const struct pv_physical_device *device = device_of(instance, group->physicalDevices[i]);
      if (!device || !device->id)
         return false;
      group->physicalDevices[i] = (VkPhysicalDevice)(uintptr_t)device->id;
   }
   return group->physicalDeviceCount != 0;
}

void pv_hook_vkEnumeratePhysicalDeviceGroups(struct pv_exec *x, struct pv_args_vkEnumeratePhysicalDeviceGroups *a)
{
   struct pv_instance *instance = a->instance_ref.owner;
   VkPhysicalDeviceGroupProperties groups[PV_MAX_GPUS * 2];
   uint32_t count = PV_MAX_GPUS * 2, shown = 0;
   for (uint32_t i = 0; i < count; i++)
      groups[i] = (VkPhysicalDeviceGroupProperties){.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES};
   for (uint32_t i = 0; i < instance->device_count; i++) {
      if (!instance->devices[i].id) {
         pv_exec_fatal(x, "device groups before devices", 0);
         return;
      }
   }
   a->ret = instance->vk.EnumeratePhysicalDeviceGroups(instance->handle, &count, groups);
   if (a->ret < 0)
      return;
   for (uint32_t i = 0; i < count; i++)
      if (show_group(instance, &groups[i]))
         groups[shown++] = groups[i];
   a->ret = VK_SUCCESS;
   if (a->pPhysicalDeviceGroupProperties) {
      uint32_t n = *a->pPhysicalDeviceGroupCount < shown ? *a->pPhysicalDeviceGroupCount : shown;
      for (uint32_t i = 0; i < n; i++) {
         void *chain = a->pPhysicalDeviceGroupProperties[i].pNext;
         a->pPhysicalDeviceGroupProperties[i] = groups[i];
         a->pPhysicalDeviceGroupProperties[i].pNext = chain;
      }
      a->ret = n < shown ? VK_INCOMPLETE : VK_SUCCESS;
      shown = n;
   }
   *a->pPhysicalDeviceGroupCount = shown;
}

void pv_hook_vkEnumerateDeviceExtensionProperties(struct pv_exec *x,
                                                  struct pv_args_vkEnumerateDeviceExtensionProperties *a)
{
   const struct pv_physical_device *device = a->physicalDevice_ref.state;
   if (a->pLayerName)
      a->ret = VK_ERROR_LAYER_NOT_PRESENT;
   else
      a->ret = enumerate(device->view->extensions, device->view->extension_count, a->pPropertyCount, a->pProperties);
}
