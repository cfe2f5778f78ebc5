// SPDX-License-Identifier: MIT
//
// Fences and semaphores: waits that do not hold up anyone else, and SYNC_FD payloads emulated where the host has none.
//
// A wait command blocks its own ring's thread in slices, so that a stop is noticed; a polled renderer, or a thread that
// helps, suspends the ring and asks again. Either way the host is never asked to wait for longer than one slice.
#include <stdlib.h>

#include "core/context.h"
#include "core/hooks.gen.h"

#define WAIT_SLICE  20000000ull // ns of one host wait
#define RETRY_AFTER 500000ull   // ns until a polled wait is tried again
#define ASK_AGAIN   100000ull   // ns between two looks at what the host cannot be waited for

// What a wait should do next; called before each slice. Sets *slice.
static bool wait_goes_on(struct pv_exec *x, uint64_t timeout, uint64_t *slice)
{
   struct pv_decoder *decoder = x->decoder;
   uint64_t now = pv_now();
   if (!decoder->wait_deadline)
      decoder->wait_deadline = timeout > PV_NEVER - 1 - now ? PV_NEVER : now + timeout;
   uint64_t left = decoder->wait_deadline > now ? decoder->wait_deadline - now : 0;
   *slice = !pv_decoder_may_wait(decoder) ? 0 : left < WAIT_SLICE ? left : WAIT_SLICE;
   return left != 0;
}

// After a slice that timed out. True: wait again; false: the command's result stands, or x->state says what happened.
static bool wait_again(struct pv_exec *x, bool time_left, VkResult *result)
{
   if (pv_decoder_stopping(x->decoder)) {
      pv_exec_wait(x, PV_NEVER); // the ring is being stopped: nobody will look at this command's reply
      return false;
   }
   if (pv_exec_lost(x)) {
      *result = VK_ERROR_DEVICE_LOST;
      return false;
   }
   if (!time_left)
      return false;
   if (pv_decoder_may_wait(x->decoder))
      return true;
   pv_exec_wait(x, pv_now() + RETRY_AFTER);
   return false;
}

bool pv_exec_wait_for_more(struct pv_exec *x, VkResult *result)
{
   uint64_t slice;
   bool time_left = wait_goes_on(x, PV_NEVER, &slice);
   if (!wait_again(x, time_left, result))
      return false;
   pv_sleep_until(pv_now() + ASK_AGAIN);
   return true;
}

void pv_hook_vkWaitForFences(struct pv_exec *x, struct pv_args_vkWaitForFences *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint64_t slice;
   bool time_left;
   do {
      time_left = wait_goes_on(x, a->timeout, &slice);
      a->ret = device->vk.WaitForFences(a->device, a->fenceCount, a->pFences, a->waitAll, slice);
   } while (a->ret == VK_TIMEOUT && wait_again(x, time_left, &a->ret));
   pv_exec_result(x, a->ret);
}

void pv_hook_vkWaitSemaphores(struct pv_exec *x, struct pv_args_vkWaitSemaphores *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint64_t slice;
   bool time_left;
   if (!device->vk.WaitSemaphores) {
      a->ret = pv_exec_refuse(x);
      return;
   }
   do {
      time_left = wait_goes_on(x, a->timeout, &slice);
      a->ret = device->vk.WaitSemaphores(a->device, a->pWaitInfo, slice);
   } while (a->ret == VK_TIMEOUT && wait_again(x, time_left, &a->ret));
   pv_exec_result(x, a->ret);
}

static VkResult submit_nothing(struct pv_queue *queue, VkSemaphore wait, VkSemaphore signal, VkFence fence)
{
   const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
   const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                              .waitSemaphoreCount = wait != VK_NULL_HANDLE,
                              .pWaitSemaphores = &wait,
                              .pWaitDstStageMask = &stage,
                              .signalSemaphoreCount = signal != VK_NULL_HANDLE,
                              .pSignalSemaphores = &signal};
   pthread_mutex_lock(&queue->lock);
   VkResult result = queue->device->vk.QueueSubmit(queue->handle, wait || signal ? 1 : 0, &info, fence);
   pthread_mutex_unlock(&queue->lock);
   return result;
}

// The wait that this decoder is in the middle of, or NULL.
static struct pv_idle *find_idle(struct pv_device *device, uint32_t decoder)
{
   pthread_mutex_lock(&device->idle_lock);
   struct pv_idle *idle = device->idles;
   while (idle && idle->decoder != decoder)
      idle = idle->next;
   pthread_mutex_unlock(&device->idle_lock);
   return idle;
}

// Submits a fence of ours to each queue. Where that fails the wait is for those that got one, and the result says so
// after it.
static struct pv_idle *start_idle(uint32_t decoder, struct pv_device *device, struct pv_queue *queues, uint32_t count)
{
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   struct pv_idle *idle = calloc(1, sizeof *idle + count * sizeof *idle->fences);
   if (!idle)
      return NULL;
   idle->decoder = decoder;
   for (uint32_t i = 0; i < count && idle->result == VK_SUCCESS; i++) {
      VkFence fence;
      idle->result = device->vk.CreateFence(device->handle, &info, NULL, &fence);
      if (idle->result != VK_SUCCESS)
         break;
      idle->result = submit_nothing(&queues[i], VK_NULL_HANDLE, VK_NULL_HANDLE, fence);
      if (idle->result == VK_SUCCESS)
         idle->fences[idle->count++] = fence;
      else
         device->vk.DestroyFence(device->handle, fence, NULL);
   }
   pthread_mutex_lock(&device->idle_lock);
   idle->next = device->idles;
   device->idles = idle;
   pthread_mutex_unlock(&device->idle_lock);
   return idle;
}

// Takes a wait that is over off the device. What has been lost keeps its fences: they may be in use, or their driver
// hang.
static VkResult end_idle(struct pv_exec *x, struct pv_device *device, struct pv_idle *idle, VkResult result)
{
   if (result == VK_SUCCESS)
      result = idle->result;
   pthread_mutex_lock(&device->idle_lock);
   struct pv_idle **link = &device->idles;
   while (*link && *link != idle)
      link = &(*link)->next;
   bool ours = *link; // else another ring has begun to destroy the device
   if (ours)
      *link = idle->next;
   pthread_mutex_unlock(&device->idle_lock);
   if (!ours)
      return result;
   for (uint32_t i = 0; i < idle->count && !pv_exec_lost(x); i++)
      device->vk.DestroyFence(device->handle, idle->fences[i], NULL);
   free(idle);
   return result;
}

// Waits until `count` queues are idle, without blocking the ring when polled: the device keeps the fences meanwhile.
static VkResult wait_idle(struct pv_exec *x, struct pv_device *device, struct pv_queue *queues, uint32_t count)
{
   struct pv_idle *idle = find_idle(device, x->decoder->index);
   if (!idle)
      idle = start_idle(x->decoder->index, device, queues, count);
   if (!idle)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   uint64_t slice;
   VkResult result;
   bool time_left;
   do {
      time_left = wait_goes_on(x, PV_NEVER, &slice);
      result = idle->count ? device->vk.WaitForFences(device->handle, idle->count, idle->fences, VK_TRUE, slice)
                           : VK_SUCCESS;
   } while (result == VK_TIMEOUT && wait_again(x, time_left, &result));
   return x->state == PV_EXEC_RUN ? end_idle(x, device, idle, result) : result;
}

void pv_hook_vkQueueWaitIdle(struct pv_exec *x, struct pv_args_vkQueueWaitIdle *a)
{
   a->ret = wait_idle(x, a->queue_ref.owner, a->queue_ref.state, 1);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkDeviceWaitIdle(struct pv_exec *x, struct pv_args_vkDeviceWaitIdle *a)
{
   struct pv_device *device = a->device_ref.owner;
   a->ret = wait_idle(x, device, device->queues, device->queue_count);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkCreateFence(struct pv_exec *x, struct pv_args_vkCreateFence *a)
{
   struct pv_device *device = a->device_ref.owner;
   VkFenceCreateInfo info = *a->pCreateInfo;
   if (!device->has_fence_fd)
      pv_chain_drop(&info, VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO);
   a->pCreateInfo = &info;
   pv_call_vkCreateFence(x, a);
}

void pv_hook_vkCreateSemaphore(struct pv_exec *x, struct pv_args_vkCreateSemaphore *a)
{
   struct pv_device *device = a->device_ref.owner;
   VkSemaphoreCreateInfo info = *a->pCreateInfo;
   if (!device->has_semaphore_fd)
      pv_chain_drop(&info, VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO);
   a->pCreateInfo = &info;
   pv_call_vkCreateSemaphore(x, a);
}

// The guest took the fence's payload away as a sync_file: leave it unsignalled, whatever state it is in.
void pv_hook_vkResetFenceResourceMESA(struct pv_exec *x, struct pv_args_vkResetFenceResourceMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint64_t slice;
   bool time_left;
   VkResult result;
   do { // a fence in use must not be reset
      time_left = wait_goes_on(x, PV_NEVER, &slice);
      result = device->vk.WaitForFences(a->device, 1, &a->fence, VK_TRUE, slice);
   } while (result == VK_TIMEOUT && wait_again(x, time_left, &result));
   if (x->state != PV_EXEC_RUN)
      return;
   if (result == VK_SUCCESS)
      result = device->vk.ResetFences(a->device, 1, &a->fence);
   pv_exec_result(x, result);
}

// The guest took a binary semaphore's payload away as a sync_file: consume it here by waiting for it on a queue. That
// is what an export does to the payload, and it works on every driver.
void pv_hook_vkWaitSemaphoreResourceMESA(struct pv_exec *x, struct pv_args_vkWaitSemaphoreResourceMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (device->queue_count)
      pv_exec_result(x, submit_nothing(&device->queues[0], a->semaphore, VK_NULL_HANDLE, VK_NULL_HANDLE));
}

// The guest waited for a sync_file itself (resourceId 0): the semaphore counts as signalled.
void pv_hook_vkImportSemaphoreResourceMESA(struct pv_exec *x, struct pv_args_vkImportSemaphoreResourceMESA *a)
{
   struct pv_device *device = a->device_ref.owner;
   const VkImportSemaphoreResourceInfoMESA *info = a->pImportSemaphoreResourceInfo;
   if (info->resourceId) {
      pv_exec_fatal(x, "a semaphore from a resource", info->resourceId);
      return;
   }
   if (device->has_semaphore_fd && device->vk.ImportSemaphoreFdKHR) {
      const VkImportSemaphoreFdInfoKHR import = {.sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
                                                 .semaphore = info->semaphore,
                                                 .flags = VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
                                                 .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
                                                 .fd = -1};
      pv_exec_result(x, device->vk.ImportSemaphoreFdKHR(a->device, &import));
   } else if (device->queue_count) {
      pv_exec_result(x, submit_nothing(&device->queues[0], VK_NULL_HANDLE, info->semaphore, VK_NULL_HANDLE));
   }
}
