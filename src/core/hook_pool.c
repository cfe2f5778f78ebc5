// SPDX-License-Identifier: MIT
//
// Command and descriptor pools: destroying or resetting a pool frees its children without naming them, so each pool
// keeps its children's ids.
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/hooks.gen.h"

// A record for a new child, or NULL. pool_lock held.
static struct pv_child *take_child(struct pv_pool *pool, uint64_t id)
{
   if (pool->count == pool->capacity) {
      uint32_t capacity = pool->capacity ? pool->capacity * 2 : 16;
      struct pv_child **children = realloc(pool->children, capacity * sizeof *children);
      if (!children)
         return NULL;
      pool->children = children;
      pool->capacity = capacity;
   }
   struct pv_child *child = pool->free_children;
   if (child)
      pool->free_children = child->next_free;
   else
      child = malloc(sizeof *child);
   if (!child)
      return NULL;
   *child = (struct pv_child){.pool = pool, .id = id, .index = pool->count};
   pool->children[pool->count++] = child;
   return child;
}

static void return_child(struct pv_context_core *ctx, struct pv_child *child)
{
   pv_promises_drop(ctx, child);
   struct pv_pool *pool = child->pool;
   struct pv_child *last = pool->children[--pool->count];
   pool->children[child->index] = last;
   last->index = child->index;
   child->next_free = pool->free_children;
   pool->free_children = child;
}

// Files what was allocated from `pool`; handles NULL: nothing was.
static void file_children(struct pv_exec *x, struct pv_pool *pool, uint8_t type, void *owner, uint32_t count,
                          uint64_t *ids, const uint64_t *handles, VkResult result)
{
   pthread_mutex_lock(&x->ctx->pool_lock);
   bool usable = pool && !pool->dead;
   for (uint32_t i = 0; i < count && x->state == PV_EXEC_RUN; i++) {
      uint64_t handle = usable && handles && result >= 0 ? handles[i] : 0;
      bool shadow = usable && pv_exec_lost(x);
      struct pv_child *child = handle || shadow ? take_child(pool, ids[i]) : NULL;
      if (child && i < x->in.kept_count) // a descriptor set's layout
         child->dynamic = pv_state_counts(x->in.kept_list[i].state).dynamic;
      bool filed = shadow ? pv_exec_file_shadow(x, type, owner, child, ids[i])
                          : pv_exec_file_state(x, type, owner, child, ids[i], child ? handle : 0, VK_SUCCESS);
      if (!filed) {
         if (child)
            return_child(x->ctx, child);
         ids[i] = 0;
      }
   }
   pthread_mutex_unlock(&x->ctx->pool_lock);
}

// Drops the ids of all children.
static void drop_children(struct pv_context_core *ctx, struct pv_pool *pool, uint8_t type, bool dead)
{
   pthread_mutex_lock(&ctx->pool_lock);
   struct pv_object object;
   while (pool->count) {
      struct pv_child *child = pool->children[pool->count - 1];
      pv_ids_remove(ctx->ids, child->id, type, &object);
      return_child(ctx, child);
   }
   pool->dead = dead;
   pthread_mutex_unlock(&ctx->pool_lock);
}

// Takes the named children out of the table; leaves the handles the host should free at the front of `handles`.
static uint32_t unfile_children(struct pv_exec *x, struct pv_pool *pool, uint8_t type, uint32_t count,
                                const uint64_t *ids, uint64_t *handles)
{
   uint32_t live = 0;
   pthread_mutex_lock(&x->ctx->pool_lock);
   for (uint32_t i = 0; i < count && x->state == PV_EXEC_RUN; i++) {
      struct pv_object object;
      if (!ids[i])
         continue;
      enum pv_id_result found = pv_ids_remove(x->ctx->ids, ids[i], type, &object);
      if ((found == PV_ID_POISONED && !object.state) || (found == PV_ID_UNKNOWN && pv_exec_lost(x)))
         continue;
      struct pv_child *child = found == PV_ID_OK || found == PV_ID_POISONED ? object.state : NULL;
      if (!child || child->pool != pool) {
         pv_exec_fatal(x, child ? "freed to another pool" : "freed twice", ids[i]);
         break;
      }
      if (object.handle)
         handles[live++] = object.handle;
      return_child(x->ctx, child);
   }
   pthread_mutex_unlock(&x->ctx->pool_lock);
   return live;
}

// Gives a freshly created pool its record.
static void file_pool(struct pv_exec *x, uint8_t type, void *owner, uint64_t id, uint64_t handle, VkResult result)
{
   struct pv_pool *pool = result >= 0 ? calloc(1, sizeof *pool) : NULL;
   if (result >= 0 && !pool) {
      pv_device_unmake(x->ctx, owner, &(struct pv_object){.handle = handle, .owner = owner, .type = type});
      pv_exec_lose(x, "out of memory for a pool");
   }
   if (!pv_exec_file_state(x, type, owner, pool, id, pool ? handle : 0, result))
      free(pool);
}

void pv_hook_vkCreateCommandPool(struct pv_exec *x, struct pv_args_vkCreateCommandPool *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (!pv_exec_claim(x, 1, a->ids_pCommandPool))
      return;
   a->ret = device->vk.CreateCommandPool(a->device, a->pCreateInfo, NULL, a->pCommandPool);
   file_pool(x, PV_OBJECT_VkCommandPool, device, a->ids_pCommandPool[0], (uint64_t)a->pCommandPool[0], a->ret);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkDestroyCommandPool(struct pv_exec *x, struct pv_args_vkDestroyCommandPool *a)
{
   struct pv_device *device = a->device_ref.owner;
   struct pv_pool *pool = a->commandPool_ref.state;
   if (!pv_exec_unfile(x, PV_OBJECT_VkCommandPool, a->commandPool_ref.id) || !pool)
      return;
   drop_children(x->ctx, pool, PV_OBJECT_VkCommandBuffer, true);
   if (!pv_exec_lost(x))
      device->vk.DestroyCommandPool(a->device, a->commandPool, NULL);
   pv_pool_retire(x->ctx, pool);
}

void pv_hook_vkAllocateCommandBuffers(struct pv_exec *x, struct pv_args_vkAllocateCommandBuffers *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint32_t count = a->pAllocateInfo->commandBufferCount;
   if (!pv_exec_claim(x, count, a->ids_pCommandBuffers))
      return;
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!pv_exec_lost(x))
      a->ret = device->vk.AllocateCommandBuffers(a->device, a->pAllocateInfo, a->pCommandBuffers);
   file_children(x, x->in.kept.state, PV_OBJECT_VkCommandBuffer, device, count, a->ids_pCommandBuffers,
                 (const uint64_t *)a->pCommandBuffers, a->ret);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkFreeCommandBuffers(struct pv_exec *x, struct pv_args_vkFreeCommandBuffers *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint32_t count = a->ids_pCommandBuffers ? a->commandBufferCount : 0;
   uint64_t *handles = (uint64_t *)a->pCommandBuffers;
   uint32_t live =
       unfile_children(x, a->commandPool_ref.state, PV_OBJECT_VkCommandBuffer, count, a->ids_pCommandBuffers, handles);
   if (live && !pv_exec_lost(x))
      device->vk.FreeCommandBuffers(a->device, a->commandPool, live, (const VkCommandBuffer *)handles);
}

void pv_hook_vkCreateDescriptorPool(struct pv_exec *x, struct pv_args_vkCreateDescriptorPool *a)
{
   struct pv_device *device = a->device_ref.owner;
   if (!pv_exec_claim(x, 1, a->ids_pDescriptorPool))
      return;
   a->ret = device->vk.CreateDescriptorPool(a->device, a->pCreateInfo, NULL, a->pDescriptorPool);
   file_pool(x, PV_OBJECT_VkDescriptorPool, device, a->ids_pDescriptorPool[0], (uint64_t)a->pDescriptorPool[0], a->ret);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkDestroyDescriptorPool(struct pv_exec *x, struct pv_args_vkDestroyDescriptorPool *a)
{
   struct pv_device *device = a->device_ref.owner;
   struct pv_pool *pool = a->descriptorPool_ref.state;
   if (!pv_exec_unfile(x, PV_OBJECT_VkDescriptorPool, a->descriptorPool_ref.id) || !pool)
      return;
   drop_children(x->ctx, pool, PV_OBJECT_VkDescriptorSet, true);
   if (!pv_exec_lost(x))
      device->vk.DestroyDescriptorPool(a->device, a->descriptorPool, NULL);
   pv_pool_retire(x->ctx, pool);
}

void pv_hook_vkResetDescriptorPool(struct pv_exec *x, struct pv_args_vkResetDescriptorPool *a)
{
   struct pv_device *device = a->device_ref.owner;
   struct pv_pool *pool = a->descriptorPool_ref.state;
   if (pool)
      drop_children(x->ctx, pool, PV_OBJECT_VkDescriptorSet, false);
   a->ret = pv_exec_lost(x) || !pool ? VK_ERROR_DEVICE_LOST
                                     : device->vk.ResetDescriptorPool(a->device, a->descriptorPool, a->flags);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkAllocateDescriptorSets(struct pv_exec *x, struct pv_args_vkAllocateDescriptorSets *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint32_t count = a->pAllocateInfo->descriptorSetCount;
   if (!pv_exec_claim(x, count, a->ids_pDescriptorSets))
      return;
   a->ret = VK_ERROR_DEVICE_LOST;
   if (!pv_exec_lost(x))
      a->ret = device->vk.AllocateDescriptorSets(a->device, a->pAllocateInfo, a->pDescriptorSets);
   file_children(x, x->in.kept.state, PV_OBJECT_VkDescriptorSet, device, count, a->ids_pDescriptorSets,
                 (const uint64_t *)a->pDescriptorSets, a->ret);
   pv_exec_result(x, a->ret);
}

void pv_hook_vkFreeDescriptorSets(struct pv_exec *x, struct pv_args_vkFreeDescriptorSets *a)
{
   struct pv_device *device = a->device_ref.owner;
   uint32_t count = a->ids_pDescriptorSets ? a->descriptorSetCount : 0;
   uint64_t *handles = (uint64_t *)a->pDescriptorSets;
   uint32_t live = unfile_children(x, a->descriptorPool_ref.state, PV_OBJECT_VkDescriptorSet, count,
                                   a->ids_pDescriptorSets, handles);
   a->ret = VK_SUCCESS;
   if (live && !pv_exec_lost(x))
      a->ret = device->vk.FreeDescriptorSets(a->device, a->descriptorPool, live, (const VkDescriptorSet *)handles);
}
