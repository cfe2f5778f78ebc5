// SPDX-License-Identifier: MIT
//
// Several threads at once: each has its own command pool, makes its own pipelines and buffers, and they share the queue
// under a lock. Work of one thread must neither be lost nor mixed with that of another.
#include "harness.h"

#include <pthread.h>

#include "add_comp.h"

#define THREADS 6
#define ROUNDS  12
#define WORDS   1024

struct push {
   uint32_t count, factor, term;
};

struct worker {
   struct gpu gpu; // its own copy, with its own pool
   pthread_mutex_t *queue_lock;
   uint32_t number;
   uint32_t out[WORDS];
};

static void submit_locked(struct worker *worker, VkCommandBuffer cmd)
{
   struct gpu *gpu = &worker->gpu;
   VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &cmd};
   VkFence fence = fence_new(gpu, false);
   VK(vkEndCommandBuffer(cmd));
   pthread_mutex_lock(worker->queue_lock);
   VK(vkQueueSubmit(gpu->queue, 1, &submit, fence));
   pthread_mutex_unlock(worker->queue_lock);
   fence_wait(gpu, fence);
   vkDestroyFence(gpu->device, fence, NULL);
   vkFreeCommandBuffers(gpu->device, gpu->pool, 1, &cmd);
}

static void one_round(struct worker *worker, uint32_t round)
{
   struct gpu *gpu = &worker->gpu;
   struct buffer data = buffer_host(gpu, WORDS * 4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT);
   memcpy(data.map, worker->out, sizeof(worker->out));
   struct bound bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(struct push), 1,
                                  (struct binding[]){{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, &data}});
   VkPipeline pipeline = compute_new(gpu, bound.layout, SHADER(gpu, add_comp), NULL);
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound.layout, 0, 1, &bound.set, 0, NULL);
   for (uint32_t i = 0; i < 20; i++) {
      struct push push = {WORDS, 2 * worker->number + 3, round + i};
      vkCmdPushConstants(cmd, bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
      vkCmdDispatch(cmd, WORDS / 64, 1, 1);
      barrier_all(cmd);
   }
   submit_locked(worker, cmd);
   memcpy(worker->out, data.map, sizeof(worker->out));
   vkDestroyPipeline(gpu->device, pipeline, NULL);
   bound_free(gpu, &bound);
   buffer_free(gpu, &data);
}

static void *work(void *data)
{
   struct worker *worker = data;
   for (uint32_t i = 0; i < WORDS; i++)
      worker->out[i] = i * (worker->number + 1);
   for (uint32_t round = 0; round < ROUNDS; round++)
      one_round(worker, round);
   return NULL;
}

static void check(const struct worker *worker)
{
   uint32_t x = 5 * (worker->number + 1);
   for (uint32_t round = 0; round < ROUNDS; round++) {
      for (uint32_t i = 0; i < 20; i++)
         x = x * (2 * worker->number + 3) + round + i;
   }
   EXPECT(worker->out[5] == x);
}

int main(int argc, char **argv)
{
   static struct worker workers[THREADS];
   pthread_t threads[THREADS];
   pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
   struct gpu gpu;
   gpu_open(&gpu, argc, argv, NULL);
   for (uint32_t i = 0; i < THREADS; i++) {
      VkCommandPoolCreateInfo pool = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .queueFamilyIndex = gpu.family};
      workers[i] = (struct worker){.gpu = gpu, .queue_lock = &lock, .number = i};
      VK(vkCreateCommandPool(gpu.device, &pool, NULL, &workers[i].gpu.pool));
      EXPECT(!pthread_create(&threads[i], NULL, work, &workers[i]));
   }
   for (uint32_t i = 0; i < THREADS; i++) {
      EXPECT(!pthread_join(threads[i], NULL));
      check(&workers[i]);
      result(&gpu, "thread", workers[i].out, sizeof(workers[i].out));
      vkDestroyCommandPool(gpu.device, workers[i].gpu.pool, NULL);
   }
   return gpu_close(&gpu);
}
