// SPDX-License-Identifier: MIT
//
// Many fences: waiting for all and for any, status and reset, while a gate that only the host can open keeps some of
// them from being signalled.
#include "sync.h"

#define FENCES 64

// The status of all fences, one byte each.
static void statuses(struct gpu *gpu, const VkFence *fences, const char *name)
{
   uint8_t seen[FENCES];
   for (uint32_t i = 0; i < FENCES; i++) {
      VkResult status = vkGetFenceStatus(gpu->device, fences[i]);
      EXPECT(status == VK_SUCCESS || status == VK_NOT_READY);
      seen[i] = status == VK_SUCCESS;
   }
   result(gpu, name, seen, sizeof(seen));
}

// Every third one is signalled at creation, the others one after another in a scattered order.
static void scattered(struct gpu *gpu, VkFence *fences)
{
   for (uint32_t i = 0; i < FENCES; i++)
      fences[i] = fence_new(gpu, i % 3 == 0);
   statuses(gpu, fences, "created");
   for (uint32_t i = 0; i < FENCES; i++) {
      uint32_t which = i * 29 % FENCES;
      if (which % 3 == 0)
         continue;
      VK(vkQueueSubmit(gpu->queue, 0, NULL, fences[which]));
      if (i % 2)
         VK(vkWaitForFences(gpu->device, 1, &fences[which], VK_FALSE, WAIT_NS));
   }
   VK(vkWaitForFences(gpu->device, FENCES, fences, VK_TRUE, WAIT_NS));
   statuses(gpu, fences, "all-signalled");
   VK(vkResetFences(gpu->device, FENCES / 2, fences));
   statuses(gpu, fences, "half-reset");
   VK(vkWaitForFences(gpu->device, FENCES, fences, VK_FALSE, WAIT_NS));
   VK(vkResetFences(gpu->device, FENCES, fences));
   VK(vkResetFences(gpu->device, FENCES, fences)); // what is reset may be reset
   statuses(gpu, fences, "all-reset");
}

// The first half is done, the second half behind the gate.
static void gated(struct gpu *gpu, VkFence *fences)
{
   VkSemaphore gate = timeline_new(gpu, 0);
   for (uint32_t i = 0; i < FENCES / 2; i++)
      VK(vkQueueSubmit(gpu->queue, 0, NULL, fences[i]));
   VK(vkWaitForFences(gpu->device, FENCES / 2, fences, VK_TRUE, WAIT_NS));
   submit_to(gpu->queue, VK_NULL_HANDLE, 1, &(struct point){gate, 1}, 0, NULL, fences[FENCES / 2]);
   for (uint32_t i = FENCES / 2 + 1; i < FENCES; i++)
      VK(vkQueueSubmit(gpu->queue, 0, NULL, fences[i]));
   statuses(gpu, fences, "gate-closed");
   int32_t got[] = {vkWaitForFences(gpu->device, FENCES, fences, VK_FALSE, 0),
                    vkWaitForFences(gpu->device, FENCES, fences, VK_TRUE, 0),
                    vkWaitForFences(gpu->device, FENCES, fences, VK_TRUE, 2000000),
                    vkWaitForFences(gpu->device, FENCES / 2, fences, VK_TRUE, 0),
                    vkWaitForFences(gpu->device, FENCES / 2, fences + FENCES / 2, VK_FALSE, 1000000),
                    vkWaitForFences(gpu->device, FENCES / 2, fences + FENCES / 2, VK_FALSE, 0)};
   const int32_t right[] = {VK_SUCCESS, VK_TIMEOUT, VK_TIMEOUT, VK_SUCCESS, VK_TIMEOUT, VK_TIMEOUT};
   EXPECT(!memcmp(got, right, sizeof(got)));
   result(gpu, "waits", got, sizeof(got));
   timeline_signal(gpu, gate, 1);
   VK(vkWaitForFences(gpu->device, FENCES, fences, VK_TRUE, WAIT_NS));
   statuses(gpu, fences, "gate-open");
   VK(vkQueueWaitIdle(gpu->queue));
   vkDestroySemaphore(gpu->device, gate, NULL);
}

// A wait for any of many, of which one is signalled: which one changes every time.
static void any_of_many(struct gpu *gpu, VkFence *fences)
{
   VK(vkResetFences(gpu->device, FENCES, fences));
   for (uint32_t i = 0; i < FENCES; i++) {
      uint32_t which = i * 13 % FENCES;
      VK(vkQueueSubmit(gpu->queue, 0, NULL, fences[which]));
      VK(vkWaitForFences(gpu->device, FENCES, fences, VK_FALSE, WAIT_NS));
      VK(vkGetFenceStatus(gpu->device, fences[which]));
      VK(vkResetFences(gpu->device, 1, &fences[which]));
   }
   statuses(gpu, fences, "any-of-many");
}

int main(int argc, char **argv)
{
   struct gpu gpu;
   struct want want = {.v12.timelineSemaphore = VK_TRUE};
   VkFence fences[FENCES];
   gpu_open(&gpu, argc, argv, &want);
   scattered(&gpu, fences);
   gated(&gpu, fences);
   any_of_many(&gpu, fences);
   for (uint32_t i = 0; i < FENCES; i++)
      vkDestroyFence(gpu.device, fences[i], NULL);
   return gpu_close(&gpu);
}
