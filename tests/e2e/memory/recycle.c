// SPDX-License-Identifier: MIT
//
// Memory that comes and goes in several threads: allocated, mapped, written, worked on, read and freed, in sizes that
// differ and repeat, so that what one allocation gives back the next one may get. Every buffer is looked at once more
// before it goes: whoever was given memory that is still somebody's would show there.
#include "kernel.h"

#include <pthread.h>

#include "add_comp.h"

#define THREADS 4
#define ROUNDS  60
#define LIVE    5 // buffers of one thread at a time
#define LARGEST (192 * 1024)

struct live {
   struct buffer buffer;
   uint32_t words, first; // word i is (first + i) * 3 + 1 once the device has seen it
};

struct worker {
   struct gpu gpu; // its own copy, with its own pool
   pthread_mutex_t *queue_lock;
   VkPipeline pipeline;
   struct bound bounds[LIVE];
   struct live live[LIVE];
   uint32_t seed, sum;
};

static void drop(struct worker *w, struct live *live)
{
   const uint32_t *words = live->buffer.map;
   for (uint32_t i = 0; i < live->words; i++) {
      if (words[i] != (live->first + i) * 3 + 1)
         fail("word %u of %u is %#x instead of %#x", i, live->words, words[i], (live->first + i) * 3 + 1);
      w->sum = w->sum * 31 + words[i];
   }
   buffer_free(&w->gpu, &live->buffer);
   live->words = 0;
}

// A buffer in memory of its own; every other one is not of whole pages.
static void make(struct worker *w, struct live *live)
{
   uint32_t pages = 1 + random_next(&w->seed) % (LARGEST / 4096 / 8) * 8;
   live->words = pages * 1024 - random_next(&w->seed) % 2 * 100;
   live->first = random_next(&w->seed);
   live->buffer = buffer_host(&w->gpu, live->words * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   for (uint32_t i = 0; i < live->words; i++)
      ((uint32_t *)live->buffer.map)[i] = live->first + i;
}

static VkCommandBuffer record(struct worker *w, const struct live *live, const struct bound *bound)
{
   struct gpu *gpu = &w->gpu;
   VkDescriptorBufferInfo info = {live->buffer.handle, 0, VK_WHOLE_SIZE};
   VkWriteDescriptorSet write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = bound->set, .descriptorCount = 1,
                                 .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .pBufferInfo = &info};
   uint32_t push[] = {live->words, 3, 1};
   vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
   vkCmdDispatch(cmd, (live->words + 63) / 64, 1, 1);
   barrier_all(cmd);
   VK(vkEndCommandBuffer(cmd));
   return cmd;
}

// Two buffers make room for two new ones; the device works on both while the second's predecessor is still looked at.
static void one_round(struct worker *w, uint32_t round)
{
   struct gpu *gpu = &w->gpu;
   uint32_t slots[] = {round % LIVE, (round + 2) % LIVE};
   VkCommandBuffer cmds[2];
   VkFence fences[2];
   for (int i = 0; i < 2; i++) {
      struct live *live = &w->live[slots[i]];
      if (live->words)
         drop(w, live);
      make(w, live);
      fences[i] = fence_new(gpu, false);
      cmds[i] = record(w, live, &w->bounds[slots[i]]);
      VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cmds[i]};
      pthread_mutex_lock(w->queue_lock);
      VK(vkQueueSubmit(gpu->queue, 1, &submit, fences[i]));
      pthread_mutex_unlock(w->queue_lock);
   }
   for (int i = 0; i < 2; i++) {
      fence_wait(gpu, fences[i]);
      vkDestroyFence(gpu->device, fences[i], NULL);
   }
   vkFreeCommandBuffers(gpu->device, gpu->pool, 2, cmds);
}

static void *work(void *data)
{
   struct worker *w = data;
   for (uint32_t round = 0; round < ROUNDS; round++)
      one_round(w, round);
   for (uint32_t i = 0; i < LIVE; i++)
      drop(w, &w->live[i]);
   return NULL;
}

static void prepare(struct worker *w, struct gpu *gpu, struct buffer *some, pthread_mutex_t *lock, uint32_t seed)
{
   VkCommandPoolCreateInfo pool = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .queueFamilyIndex = gpu->family};
   *w = (struct worker){.gpu = *gpu, .queue_lock = lock, .seed = seed};
   VK(vkCreateCommandPool(gpu->device, &pool, NULL, &w->gpu.pool));
   for (uint32_t i = 0; i < LIVE; i++)
      w->bounds[i] = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, 12, 1, (struct binding[]){STORAGE(some)});
   w->pipeline = compute_new(gpu, w->bounds[0].layout, SHADER(gpu, add_comp), NULL);
}

int main(int argc, char **argv)
{
   static struct worker workers[THREADS];
   pthread_t threads[THREADS];
   pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   struct buffer some = storage_new(&gpu, 64);
   for (uint32_t i = 0; i < THREADS; i++)
      prepare(&workers[i], &gpu, &some, &lock, 77 + i);
   for (uint32_t i = 0; i < THREADS; i++)
      EXPECT(!pthread_create(&threads[i], NULL, work, &workers[i]));
   for (uint32_t i = 0; i < THREADS; i++) {
      EXPECT(!pthread_join(threads[i], NULL));
      result(&gpu, "sum", &workers[i].sum, sizeof(workers[i].sum));
      vkDestroyPipeline(gpu.device, workers[i].pipeline, NULL);
      for (uint32_t b = 0; b < LIVE; b++)
         bound_free(&gpu, &workers[i].bounds[b]);
      vkDestroyCommandPool(gpu.device, workers[i].gpu.pool, NULL);
   }
   buffer_free(&gpu, &some);
   return gpu_close(&gpu);
}
