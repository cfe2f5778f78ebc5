// SPDX-License-Identifier: MIT
//
// Devices and queues.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/context.h"
#include "core/hooks.gen.h"

#define MAX_EXTENSIONS 512u

static bool listed(const char *const *names, uint32_t count, const char *name)
{
   for (uint32_t i = 0; i < count; i++)
      if (!strcmp(names[i], name))
         return true;
   return false;
}

// The guest's list less what the host lacks (emulated, or enabled unasked by the guest's driver), plus ours.
static uint32_t choose_extensions(const struct pv_physical_device *physical, const VkDeviceCreateInfo *info,
                                  const char **out)
{
   uint32_t count = 0;
   for (uint32_t i = 0; i < info->enabledExtensionCount && count < MAX_EXTENSIONS - 4; i++) {
      const char *name = info->ppEnabledExtensionNames[i];
      if (name && pv_gpu_has(physical->gpu, name))
         out[count++] = name;
   }
   for (const char *const *ours = physical->gpu->needs; *ours; ours++)
      if (!listed(out, count, *ours))
         out[count++] = *ours;
   return count;
}

// Records of all queues the guest asked for; their handles are fetched once, here.
static bool make_queues(struct pv_device *device, const VkDeviceCreateInfo *info)
{
   uint64_t total = 0;
   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++)
      total += info->pQueueCreateInfos[i].queueCount;
   device->queues = calloc(total ? total : 1, sizeof *device->queues);
   if (!device->queues)
      return false;
   for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
      const VkDeviceQueueCreateInfo *family = &info->pQueueCreateInfos[i];
      for (uint32_t k = 0; k < family->queueCount; k++) {
         struct pv_queue *queue = &device->queues[device->queue_count++];
         *queue = (struct pv_queue){
            .device = device, .family = family->queueFamilyIndex, .index = k, .flags = family->flags};
         pthread_mutex_init(&queue->lock, NULL);
         const VkDeviceQueueInfo2 get = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2,
                                         .flags = family->flags,
                                         .queueFamilyIndex = family->queueFamilyIndex,
                                         .queueIndex = k};
         if (family->flags)
            device->vk.GetDeviceQueue2(device->handle, &get, &queue->handle);
         else
            device->vk.GetDeviceQueue(device->handle, family->queueFamilyIndex, k, &queue->handle);
      }
   }
   return true;
}

void pv_hook_vkCreateDevice(struct pv_exec *x, struct pv_args_vkCreateDevice *a)
{
   struct pv_physical_device *physical = a->physicalDevice_ref.state;
   if (!pv_exec_claim(x, 1, a->ids_pDevice))
      return;
   const char *names[MAX_EXTENSIONS];
   VkDeviceCreateInfo info = *a->pCreateInfo;
   info.enabledExtensionCount = choose_extensions(physical, a->pCreateInfo, names);
   info.ppEnabledExtensionNames = names;
   info.enabledLayerCount = 0;
   info.ppEnabledLayerNames = NULL;
   struct pv_device *device = calloc(1, sizeof *device);
   a->ret = device ? physical->instance->vk.CreateDevice(a->physicalDevice, &info, NULL, &device->handle)
                   : VK_ERROR_OUT_OF_HOST_MEMORY;
   if (a->ret == VK_SUCCESS) {
      pv_load_device_procs(&device->vk, physical->instance->vk.GetDeviceProcAddr, device->handle);
      device->ctx = x->ctx;
      device->physical = physical;
      device->id = a->ids_pDevice[0];
      pthread_mutex_init(&device->idle_lock, NULL);
      device->has_semaphore_fd = physical->gpu->semaphore_sync_fd &&
                                 listed(names, info.enabledExtensionCount, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME);
      device->has_fence_fd = physical->gpu->fence_sync_fd &&
                             listed(names, info.enabledExtensionCount, VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME);
      device->hold = pv_hold_device(physical->instance->hold, device->handle, &device->vk);
      if (!device->hold || !make_queues(device, &info)) {
         pv_hold_unref(&device->hold);
         a->ret = VK_ERROR_OUT_OF_HOST_MEMORY;
      }
   }
   if (a->ret != VK_SUCCESS) {
      free(device);
      device = NULL;
   }
   if (!pv_exec_file_state(x, PV_OBJECT_VkDevice, device, device, a->ids_pDevice[0],
                           device ? (uintptr_t)device->handle : 0, a->ret) &&
       device) {
      pv_hold_unref(&device->hold);
      free(device->queues);
      free(device);
      return;
   }
   // An instance that another ring is destroying may have missed the new device: then nobody may use it any more. The
   // host's device is left alone, for its instance is going or gone.
   struct pv_object object;
   if (device && atomic_load(&physical->instance->owner.dying) &&
       pv_ids_remove(x->ctx->ids, device->id, PV_OBJECT_VkDevice, &object) == PV_ID_OK)
      pv_exec_fatal(x, "a new device of an instance that is being destroyed", device->id);
}

void pv_hook_vkDestroyDevice(struct pv_exec *x, struct pv_args_vkDestroyDevice *a)
{
   struct pv_device *device = a->device_ref.state;
   struct pv_object object;
   if (!a->device_ref.id)
      return;
   enum pv_id_result removed = pv_ids_remove(x->ctx->ids, a->device_ref.id, PV_OBJECT_VkDevice, &object);
   if (removed == PV_ID_OK && device)
      pv_device_teardown(x->ctx, device);
   else if (removed != PV_ID_POISONED && !pv_exec_lost(x))
      pv_exec_fatal(x, "a device destroyed twice", a->device_ref.id);
}

static struct pv_queue *find_queue(struct pv_device *device, VkDeviceQueueCreateFlags flags, uint32_t family,
                                   uint32_t index)
{
   for (uint32_t i = 0; i < device->queue_count; i++) {
      struct pv_queue *queue = &device->queues[i];
      if (queue->family == family && queue->index == index && queue->flags == flags)
         return queue;
   }
   return NULL;
}

// Files a queue; ring_idx 0 binds no timeline (vkGetDeviceQueue has no place to name one).
static void get_queue(struct pv_exec *x, struct pv_device *device, VkDeviceQueueCreateFlags flags, uint32_t family,
                      uint32_t index, uint32_t ring_idx, uint64_t id)
{
   if (!pv_exec_claim(x, 1, &id))
      return;
   if (!device) { // the device is a poisoned one
      pv_exec_file_state(x, PV_OBJECT_VkQueue, NULL, NULL, id, 0, VK_ERROR_DEVICE_LOST);
      return;
   }
   struct pv_queue *queue = find_queue(device, flags, family, index);
   if (!queue) {
      pv_exec_fatal(x, "no such queue", (uint64_t)family << 32 | index);
      return;
   }
   if (ring_idx && pv_timeline_bind(x->ctx, ring_idx, queue)) {
      pv_exec_fatal(x, "a ring_idx bound twice, or to a queue that is going away", ring_idx);
      return;
   }
   pv_exec_file_state(x, PV_OBJECT_VkQueue, device, queue, id, (uintptr_t)queue->handle, VK_SUCCESS);
}

void pv_hook_vkGetDeviceQueue(struct pv_exec *x, struct pv_args_vkGetDeviceQueue *a)
{
   get_queue(x, a->device_ref.owner, 0, a->queueFamilyIndex, a->queueIndex, 0, a->ids_pQueue[0]);
}

void pv_hook_vkGetDeviceQueue2(struct pv_exec *x, struct pv_args_vkGetDeviceQueue2 *a)
{
   const VkDeviceQueueTimelineInfoMESA *timeline =
       pv_chain_find(a->pQueueInfo->pNext, (VkStructureType)VK_STRUCTURE_TYPE_DEVICE_QUEUE_TIMELINE_INFO_MESA);
   if (timeline && (!timeline->ringIdx || timeline->ringIdx >= PV_TIMELINES)) {
      pv_exec_fatal(x, "a ring_idx outside 1..63", timeline->ringIdx);
      return;
   }
   get_queue(x, a->device_ref.owner, a->pQueueInfo->flags, a->pQueueInfo->queueFamilyIndex, a->pQueueInfo->queueIndex,
             timeline ? timeline->ringIdx : 0, a->ids_pQueue[0]);
}

void pv_hook_vkQueueSubmit(struct pv_exec *x, struct pv_args_vkQueueSubmit *a)
{
   struct pv_queue *queue = a->queue_ref.state;
   if (pv_exec_lost(x)) { // it will never run: say so where the guest looks
      a->ret = VK_ERROR_DEVICE_LOST;
      pv_feedback_answer(x->ctx);
      return;
   }
   pthread_mutex_lock(&queue->lock);
   pv_call_vkQueueSubmit(x, a);
   pthread_mutex_unlock(&queue->lock);
}

void pv_hook_vkQueueSubmit2(struct pv_exec *x, struct pv_args_vkQueueSubmit2 *a)
{
   struct pv_queue *queue = a->queue_ref.state;
   if (pv_exec_lost(x)) { // it will never run: say so where the guest looks
      a->ret = VK_ERROR_DEVICE_LOST;
      pv_feedback_answer(x->ctx);
      return;
   }
   pthread_mutex_lock(&queue->lock);
   pv_call_vkQueueSubmit2(x, a);
   pthread_mutex_unlock(&queue->lock);
}

void pv_hook_vkQueueBindSparse(struct pv_exec *x, struct pv_args_vkQueueBindSparse *a)
{
   struct pv_queue *queue = a->queue_ref.state;
   pthread_mutex_lock(&queue->lock);
   pv_call_vkQueueBindSparse(x, a);
   pthread_mutex_unlock(&queue->lock);
}
