// SPDX-License-Identifier: MIT
//
// Fences and semaphores that travel as sync files: exported with copy semantics once they are pending, imported into
// others for one wait, and "already signalled" (-1) imported as well.
#include "sync.h"

static VkFence fence_exportable(struct gpu *gpu)
{
   VkExportFenceCreateInfo how = {VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                  .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
   VkFenceCreateInfo info = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &how};
   VkFence fence;
   VK(vkCreateFence(gpu->device, &info, NULL, &fence));
   return fence;
}

static VkSemaphore semaphore_exportable(struct gpu *gpu)
{
   VkExportSemaphoreCreateInfo how = {VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
                                      .handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT};
   VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &how};
   VkSemaphore semaphore;
   VK(vkCreateSemaphore(gpu->device, &info, NULL, &semaphore));
   return semaphore;
}

static void check_support(struct gpu *gpu)
{
   VkPhysicalDeviceExternalFenceInfo fence_info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                   .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
   VkExternalFenceProperties fence = {VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
   VkPhysicalDeviceExternalSemaphoreInfo semaphore_info = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
                                                           .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT};
   VkExternalSemaphoreProperties semaphore = {VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES};
   vkGetPhysicalDeviceExternalFenceProperties(gpu->physical, &fence_info, &fence);
   vkGetPhysicalDeviceExternalSemaphoreProperties(gpu->physical, &semaphore_info, &semaphore);
   if (fence.externalFenceFeatures != 3 || semaphore.externalSemaphoreFeatures != 3)
      skip("sync files cannot be both exported and imported");
}

// Exporting unsignals the fence it comes from; the imported one is signalled by the same submission.
static void fences(struct gpu *gpu)
{
   PROC(gpu, vkGetFenceFdKHR);
   PROC(gpu, vkImportFenceFdKHR);
   VkFence from = fence_exportable(gpu), to = fence_new(gpu, false);
   uint32_t seen[16];
   for (uint32_t i = 0; i < COUNT(seen); i++) {
      VkFenceGetFdInfoKHR get = {VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR, .fence = from,
                                 .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT};
      VkImportFenceFdInfoKHR import = {VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR, .fence = to,
                                       .flags = VK_FENCE_IMPORT_TEMPORARY_BIT, .handleType = get.handleType};
      VK(vkQueueSubmit(gpu->queue, 0, NULL, from));
      import.fd = -1;
      if (i % 4 != 3)
         VK(vkGetFenceFdKHR_(gpu->device, &get, &import.fd));
      else
         fence_wait(gpu, from);
      VK(vkImportFenceFdKHR_(gpu->device, &import));
      fence_wait(gpu, to);
      seen[i] = vkGetFenceStatus(gpu->device, from) == VK_NOT_READY;
      EXPECT(seen[i] == (i % 4 != 3));
      VK(vkResetFences(gpu->device, 2, (VkFence[]){from, to}));
   }
   result(gpu, "fences", seen, sizeof(seen));
   vkDestroyFence(gpu->device, from, NULL);
   vkDestroyFence(gpu->device, to, NULL);
}

// Each link of the chain is a semaphore file.
static void semaphores(struct gpu *gpu)
{
   enum { LINKS = 12 };
   PROC(gpu, vkGetSemaphoreFdKHR);
   PROC(gpu, vkImportSemaphoreFdKHR);
   struct buffer words =
       buffer_host(gpu, 4 * (LINKS + 1), VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT);
   VkSemaphore from = semaphore_exportable(gpu), to[LINKS];
   *(uint32_t *)words.map = 0xdecade;
   for (uint32_t i = 0; i < LINKS; i++) {
      VkSemaphoreGetFdInfoKHR get = {VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR, .semaphore = from,
                                     .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT};
      to[i] = semaphore_new(gpu);
      VkImportSemaphoreFdInfoKHR import = {VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR, .semaphore = to[i],
                                           .flags = VK_SEMAPHORE_IMPORT_TEMPORARY_BIT, .handleType = get.handleType};
      struct point before = {i ? to[i - 1] : VK_NULL_HANDLE}, after = {from};
      submit_to(gpu->queue, chain_step(gpu, gpu->pool, &words, i), i ? 1 : 0, &before, 1, &after, VK_NULL_HANDLE);
      VK(vkGetSemaphoreFdKHR_(gpu->device, &get, &import.fd));
      VK(vkImportSemaphoreFdKHR_(gpu->device, &import));
   }
   submit_to(gpu->queue, VK_NULL_HANDLE, 1, &(struct point){to[LINKS - 1]}, 0, NULL, VK_NULL_HANDLE);
   VK(vkQueueWaitIdle(gpu->queue));
   EXPECT(((uint32_t *)words.map)[LINKS] == 0xdecade);
   result(gpu, "semaphores", words.map, words.size);
   vkDestroySemaphore(gpu->device, from, NULL);
   for (uint32_t i = 0; i < LINKS; i++)
      vkDestroySemaphore(gpu->device, to[i], NULL);
   buffer_free(gpu, &words);
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {
      .extensions = {VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME, VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME}};
   gpu_open(&gpu, argc, argv, &want);
   check_support(&gpu);
   fences(&gpu);
   semaphores(&gpu);
   return gpu_close(&gpu);
}
