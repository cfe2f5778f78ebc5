// SPDX-License-Identifier: MIT
//
// Work that keeps the GPU busy: one large kernel, and a chain of many small ones as in a language model.
#include <stdlib.h>

#include "bench.h"
#include "compute/inference.h"
#include "matmul_comp.h"

#define PROBES 256
#define TOKENS 14

struct product {
   uint32_t width; // of square matrices
   struct bound bound;
   VkPipeline pipeline;
};

static double products(struct gpu *gpu, void *data)
{
   struct product *p = data;
   double start = now();
   VkCommandBuffer cmd = cmd_begin(gpu);
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, p->pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, p->bound.layout, 0, 1, &p->bound.set, 0, NULL);
   vkCmdPushConstants(cmd, p->bound.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, 4, &p->width);
   vkCmdDispatch(cmd, p->width / 16, p->width / 16, 1);
   cmd_submit(gpu, cmd);
   return now() - start;
}

// The shader makes its own matrices out of small integers, so that every sum is exact in whatever order.
static float element(uint32_t row, uint32_t column, uint32_t kind)
{
   return (float)((row * 7 + column * 13 + row * column % 31 + kind) % 17) - 8;
}

static void check_product(struct gpu *gpu, const float *found, uint32_t width)
{
   uint32_t state = 4;
   for (uint32_t i = 0; i < PROBES; i++) {
      uint32_t row = random_next(&state) % width, column = random_next(&state) % width;
      float sum = 0;
      for (uint32_t k = 0; k < width; k++)
         sum += element(row, k, 0) * element(k, column, 5);
      EXPECT(found[row * width + column] == sum);
   }
   hashed(gpu, "kernel", found, (size_t)width * width * sizeof(*found));
}

static void bench_kernel(struct gpu *gpu)
{
   struct product p = {.width = gpu->props.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU ? 512 : 4096};
   size_t size = (size_t)p.width * p.width * sizeof(float);
   struct buffer out = buffer_device(gpu, size, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT);
   p.bound = bound_new(gpu, VK_SHADER_STAGE_COMPUTE_BIT, sizeof(p.width), 1, &(struct binding)STORAGE(&out));
   p.pipeline = compute_new(gpu, p.bound.layout, SHADER(gpu, matmul_comp), NULL);
   figure(gpu, best(gpu, products, &p), "kernel");
   float *found = buffer_read(gpu, &out, size);
   check_product(gpu, found, p.width);
   free(found);
   vkDestroyPipeline(gpu->device, p.pipeline, NULL);
   bound_free(gpu, &p.bound);
   buffer_free(gpu, &out);
}

static double tokens(struct gpu *gpu, void *data)
{
   double start = now();
   model_start(data);
   for (uint32_t i = 0; i < TOKENS; i++)
      model_token(gpu, data);
   return (now() - start) / TOKENS;
}

static void bench_chain(struct gpu *gpu)
{
   struct model m = model_new(gpu);
   figure(gpu, best(gpu, tokens, &m), "token");
   float weights = 0;
   for (uint32_t i = 0; i < DIM; i++)
      weights += ((float *)m.state.map)[WEIGHTS + i];
   EXPECT(weights > 0.999f && weights < 1.001f); // what softmax makes
   hashed(gpu, "token", m.state.map, m.state.size);
   model_free(gpu, &m);
}

void bench_compute(struct gpu *gpu)
{
   bench_kernel(gpu);
   bench_chain(gpu);
}
