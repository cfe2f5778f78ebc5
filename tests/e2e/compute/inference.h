// SPDX-License-Identifier: MIT
//
// What running a language model looks like to a GPU: a long chain of small products of matrices and vectors, norms,
// softmax and gates, each waiting for the one before by a barrier; weights in 8-bit integers with scales and in
// float16. For the conformance program and the benchmark.
#ifndef E2E_INFERENCE_H
#define E2E_INFERENCE_H

#include "kernel.h"

#include "matvec_f16_comp.h"
#include "matvec_i8_comp.h"
#include "normalise_comp.h"

#define DIM    64
#define LAYERS 16
#define MATRIX (DIM * DIM)

struct push {
   uint32_t columns, weights, scales, from, to, add;
};

struct model {
   struct buffer bytes, halves, scales, state;
   struct bound by_bytes, by_halves, plain;
   VkPipeline matvec_i8, matvec_f16, normalise;
   uint32_t dispatches;
};

// Places in the state.
enum { STREAM = 0, NORMED = DIM, QUERY = 2 * DIM, WEIGHTS = 3 * DIM, GATE = 4 * DIM, HIDDEN = 5 * DIM, END = 6 * DIM };

static uint16_t half_of(float value)
{
   uint32_t bits;
   memcpy(&bits, &value, 4);
   uint32_t exponent = bits >> 23 & 255;
   if (exponent < 113) // too small for a normal one
      return (uint16_t)(bits >> 16 & 0x8000);
   return (uint16_t)((bits >> 16 & 0x8000) | (exponent - 112) << 10 | (bits >> 13 & 1023));
}

static void make_weights(struct gpu *gpu, struct model *m)
{
   uint32_t state = 2024;
   m->bytes = storage_new(gpu, LAYERS * 3 * MATRIX);
   m->halves = storage_new(gpu, LAYERS * 2 * MATRIX * 2);
   m->scales = storage_new(gpu, LAYERS * 3 * DIM * 4);
   m->state = storage_new(gpu, END * 4);
   fill_random(&m->bytes, 7);
   for (uint32_t i = 0; i < LAYERS * 2 * MATRIX; i++)
      ((uint16_t *)m->halves.map)[i] = half_of(((float)(random_next(&state) % 2001) - 1000) / 8000);
   for (uint32_t i = 0; i < LAYERS * 3 * DIM; i++)
      ((float *)m->scales.map)[i] = (float)(random_next(&state) % 1000 + 500) / 1000000;
}

static void make_pipelines(struct gpu *gpu, struct model *m)
{
   const VkShaderStageFlags stage = VK_SHADER_STAGE_COMPUTE_BIT;
   m->by_bytes = bound_new(gpu, stage, sizeof(struct push), 3,
                           (struct binding[]){STORAGE(&m->bytes), STORAGE(&m->scales), STORAGE(&m->state)});
   m->by_halves = bound_new(gpu, stage, sizeof(struct push), 3,
                            (struct binding[]){STORAGE(&m->halves), STORAGE(&m->scales), STORAGE(&m->state)});
   m->plain = bound_new(gpu, stage, 16, 1, (struct binding[]){STORAGE(&m->state)});
   m->matvec_i8 = compute_new(gpu, m->by_bytes.layout, SHADER(gpu, matvec_i8_comp), NULL);
   m->matvec_f16 = compute_new(gpu, m->by_halves.layout, SHADER(gpu, matvec_f16_comp), NULL);
   m->normalise = compute_new(gpu, m->plain.layout, SHADER(gpu, normalise_comp), NULL);
}

static void run(VkCommandBuffer cmd, struct model *m, VkPipeline pipeline, const struct bound *bound, const void *push,
                uint32_t size, uint32_t groups)
{
   const VkMemoryBarrier done = {VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT};
   vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
   vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, bound->layout, 0, 1, &bound->set, 0, NULL);
   vkCmdPushConstants(cmd, bound->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, size, push);
   vkCmdDispatch(cmd, groups, 1, 1);
   vkCmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &done, 0,
                        NULL, 0, NULL);
   m->dispatches++;
}

static void by_bytes(VkCommandBuffer cmd, struct model *m, uint32_t matrix, uint32_t from, uint32_t to, uint32_t add)
{
   struct push push = {DIM, matrix * MATRIX, matrix * DIM, from, to, add};
   run(cmd, m, m->matvec_i8, &m->by_bytes, &push, sizeof(push), DIM);
}

static void by_halves(VkCommandBuffer cmd, struct model *m, uint32_t matrix, uint32_t from, uint32_t to, uint32_t add)
{
   struct push push = {DIM, matrix * MATRIX, 0, from, to, add};
   run(cmd, m, m->matvec_f16, &m->by_halves, &push, sizeof(push), DIM / 32);
}

static void normalise(VkCommandBuffer cmd, struct model *m, uint32_t kind, uint32_t from, uint32_t to, uint32_t with)
{
   uint32_t push[] = {kind, from, to, with};
   run(cmd, m, m->normalise, &m->plain, push, sizeof(push), 1);
}

static void layer(VkCommandBuffer cmd, struct model *m, uint32_t number)
{
   normalise(cmd, m, 0, STREAM, NORMED, 0);
   by_bytes(cmd, m, 3 * number, NORMED, QUERY, 0);
   normalise(cmd, m, 1, QUERY, WEIGHTS, 0);
   by_halves(cmd, m, 2 * number, WEIGHTS, STREAM, 1);
   normalise(cmd, m, 0, STREAM, NORMED, 0);
   by_bytes(cmd, m, 3 * number + 1, NORMED, GATE, 0);
   by_bytes(cmd, m, 3 * number + 2, NORMED, HIDDEN, 0);
   normalise(cmd, m, 2, GATE, HIDDEN, HIDDEN);
   by_halves(cmd, m, 2 * number + 1, HIDDEN, STREAM, 1);
}

static struct model model_new(struct gpu *gpu)
{
   struct model m = {0};
   make_weights(gpu, &m);
   make_pipelines(gpu, &m);
   return m;
}

// Puts the state before the first token.
static void model_start(struct model *m)
{
   memset(m->state.map, 0, m->state.size);
   for (uint32_t i = 0; i < DIM; i++)
      ((float *)m->state.map)[i] = (float)(i % 9) - 4;
}

// All layers, and the wait for them.
static void model_token(struct gpu *gpu, struct model *m)
{
   VkCommandBuffer cmd = cmd_begin(gpu);
   for (uint32_t i = 0; i < LAYERS; i++)
      layer(cmd, m, i);
   cmd_submit(gpu, cmd);
}

static void model_free(struct gpu *gpu, struct model *m)
{
   vkDestroyPipeline(gpu->device, m->matvec_i8, NULL);
   vkDestroyPipeline(gpu->device, m->matvec_f16, NULL);
   vkDestroyPipeline(gpu->device, m->normalise, NULL);
   bound_free(gpu, &m->by_bytes);
   bound_free(gpu, &m->by_halves);
   bound_free(gpu, &m->plain);
   buffer_free(gpu, &m->bytes);
   buffer_free(gpu, &m->halves);
   buffer_free(gpu, &m->scales);
   buffer_free(gpu, &m->state);
}

#endif
