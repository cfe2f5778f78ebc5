// SPDX-License-Identifier: MIT
//
// The end of a device: a guest may leave (or be killed) at any moment, so everything still filed is destroyed here,
// users before what they use.
#include <stdlib.h>

#include "base/log.h"
#include "core/context.h"
#include "wire/commands.gen.h"

#define IDLE_WAIT 2000000000ull // ns that work left behind may still take

struct entry {
   uint64_t id;
   struct pv_object object;
};

struct gather {
   const void *owner;
   struct entry *entries;
   size_t count, room;
   bool short_of_memory;
};

static void gather_one(void *user, uint64_t id, const struct pv_object *object)
{
   struct gather *gather = user;
   if (object->owner != gather->owner)
      return;
   if (gather->count == gather->room) {
      size_t room = gather->room ? gather->room * 2 : 256;
      struct entry *entries = realloc(gather->entries, room * sizeof *entries);
      if (!entries) {
         gather->short_of_memory = true;
         return;
      }
      gather->entries = entries;
      gather->room = room;
   }
   gather->entries[gather->count++] = (struct entry){.id = id, .object = *object};
}

// Order of destruction; types that are not listed need no call of their own (queues, children of pools).
#define DEVICE_TYPES(T)                                                                                                \
   T(CommandPool)                                                                                                      \
   T(DescriptorPool)                                                                                                   \
   T(DescriptorUpdateTemplate) T(Pipeline) T(PipelineCache) T(PipelineLayout) T(ShaderModule) T(DescriptorSetLayout)   \
       T(Framebuffer) T(RenderPass) T(BufferView) T(ImageView) T(Sampler) T(SamplerYcbcrConversion) T(QueryPool)       \
           T(Event) T(Fence) T(Semaphore) T(PrivateDataSlot)

static unsigned rank(uint8_t type)
{
   unsigned n = 0;
#define RANK(name)                                                                                                     \
   n++;                                                                                                                \
   if (type == PV_OBJECT_Vk##name)                                                                                     \
      return n;
   DEVICE_TYPES(RANK)
#undef RANK
   switch (type) {
   case PV_OBJECT_VkDeferredOperationKHR:
      return 0;
   case PV_OBJECT_VkAccelerationStructureKHR:
      return 100;
   case PV_OBJECT_VkBuffer:
   case PV_OBJECT_VkImage:
      return 101;
   case PV_OBJECT_VkDeviceMemory:
      return 102;
   default:
      return 103;
   }
}

static int by_rank(const void *a, const void *b)
{
   const struct entry *x = a, *y = b;
   unsigned rx = rank(x->object.type), ry = rank(y->object.type);
   return rx != ry ? (rx < ry ? -1 : 1) : x->id < y->id ? -1 : x->id > y->id;
}

static void free_pool(void *p)
{
   struct pv_pool *pool = p;
   for (uint32_t i = 0; i < pool->count; i++)
      free(pool->children[i]);
   while (pool->free_children) {
      struct pv_child *child = pool->free_children;
      pool->free_children = child->next_free;
      free(child);
   }
   free(pool->children);
   free(pool);
}

void pv_pool_retire(struct pv_context_core *ctx, struct pv_pool *pool)
{
   pthread_mutex_lock(&ctx->pool_lock);
   for (uint32_t i = 0; i < pool->count; i++)
      pv_promises_drop(ctx, pool->children[i]);
   pthread_mutex_unlock(&ctx->pool_lock);
   pv_ids_retire(ctx->ids, free_pool, pool);
}

static void destroy_on_host(struct pv_device *device, const struct pv_object *object)
{
   const struct pv_device_procs *vk = &device->vk;
   uint64_t handle = object->handle;
   switch (object->type) {
#define DESTROY(name)                                                                                                  \
   case PV_OBJECT_Vk##name:                                                                                            \
      vk->Destroy##name(device->handle, (Vk##name)handle, NULL);                                                       \
      break;
      DEVICE_TYPES(DESTROY)
#undef DESTROY
   case PV_OBJECT_VkDeferredOperationKHR:
      vk->DestroyDeferredOperationKHR(device->handle, (VkDeferredOperationKHR)handle, NULL);
      break;
   case PV_OBJECT_VkAccelerationStructureKHR:
      vk->DestroyAccelerationStructureKHR(device->handle, (VkAccelerationStructureKHR)handle, NULL);
      break;
   case PV_OBJECT_VkBuffer:
      vk->DestroyBuffer(device->handle, (VkBuffer)handle, NULL);
      break;
   case PV_OBJECT_VkImage:
      vk->DestroyImage(device->handle, (VkImage)handle, NULL);
      break;
   case PV_OBJECT_VkDeviceMemory: {
      const struct pv_memory *memory = object->state;
      if (!memory || !memory->shared || !memory->shared->device) // else it ends with its last user
         vk->FreeMemory(device->handle, (VkDeviceMemory)handle, NULL);
      break;
   }
   default:
      break;
   }
}

void pv_device_unmake(struct pv_context_core *ctx, struct pv_device *device, const struct pv_object *object)
{
   if (object->handle && pv_object_is_of_device(object->type) && !atomic_load(&device->owner.dying) &&
       !atomic_load(&ctx->was_lost))
      destroy_on_host(device, object);
}

static void free_state(struct pv_context_core *ctx, const struct pv_object *object)
{
   if (!object->state)
      return;
   if (object->type == PV_OBJECT_VkDeviceMemory)
      pv_memory_retire(ctx, object->state);
   else if (object->type == PV_OBJECT_VkBuffer)
      pv_buffer_retire(ctx, object->state);
   else if (object->type == PV_OBJECT_VkCommandPool || object->type == PV_OBJECT_VkDescriptorPool)
      pv_pool_retire(ctx, object->state);
}

static void free_device(void *p)
{
   struct pv_device *device = p;
   for (uint32_t i = 0; i < device->queue_count; i++)
      pthread_mutex_destroy(&device->queues[i].lock);
   pthread_mutex_destroy(&device->idle_lock);
   free(device->queues);
   free(device);
}

// What waits for idle queues left behind: their rings are gone, or wait no more.
static void drop_idles(struct pv_context_core *ctx, struct pv_device *device, bool reachable)
{
   pthread_mutex_lock(&device->idle_lock);
   struct pv_idle *idle = device->idles;
   device->idles = NULL;
   pthread_mutex_unlock(&device->idle_lock);
   while (idle) {
      struct pv_idle *next = idle->next;
      for (uint32_t i = 0; reachable && i < idle->count; i++)
         device->vk.DestroyFence(device->handle, idle->fences[i], NULL);
      pv_ids_retire(ctx->ids, free, idle);
      idle = next;
   }
}

// Waits until every queue has done its work, but not for ever: a guest may leave behind a submission that waits for
// what nobody will signal. False if it is still busy (or if it cannot be told): then nothing of the device may be
// destroyed.
static bool device_idle(struct pv_device *device)
{
   const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
   uint64_t patience = pv_now() + IDLE_WAIT;
   for (uint32_t i = 0; i < device->queue_count; i++) {
      struct pv_queue *queue = &device->queues[i];
      VkFence fence;
      if (device->vk.CreateFence(device->handle, &info, NULL, &fence) != VK_SUCCESS)
         return false;
      pthread_mutex_lock(&queue->lock);
      VkResult result = device->vk.QueueSubmit(queue->handle, 0, NULL, fence);
      pthread_mutex_unlock(&queue->lock);
      uint64_t now = pv_now();
      if (result == VK_SUCCESS)
         result = device->vk.WaitForFences(device->handle, 1, &fence, VK_TRUE, now < patience ? patience - now : 0);
      if (result != VK_TIMEOUT)
         device->vk.DestroyFence(device->handle, fence, NULL);
      if (result == VK_TIMEOUT)
         return false;
   }
   device->vk.DeviceWaitIdle(device->handle); // returns at once: the queues are empty
   return true;
}

void pv_device_teardown(struct pv_context_core *ctx, struct pv_device *device)
{
   bool reachable = !atomic_load(&ctx->was_lost); // a lost driver may hang in any call
   atomic_store(&device->owner.dying, true);      // pairs with exec.c's file and pv_timeline_bind
   pv_timeline_unbind_device(ctx, device);
   struct gather gather = {.owner = device};
   pv_ids_foreach(ctx->ids, gather_one, &gather);
   if (gather.short_of_memory)
      pv_warn("context %s: out of memory while ending a device; some of its objects leak", ctx->name);
   if (gather.count)
      qsort(gather.entries, gather.count, sizeof *gather.entries, by_rank);
   if (reachable && !device_idle(device)) {
      pv_warn("context %s: what its guest left on the GPU does not end; the device is abandoned", ctx->name);
      atomic_store(&ctx->was_lost, true);
      reachable = false;
   }
   if (!reachable)
      pv_hold_abandon(device->hold);
   drop_idles(ctx, device, reachable);
   pv_mempool_drain(ctx, device, UINT64_MAX); // no more comes: pv_mempool_put sees `dying`
   for (size_t i = 0; i < gather.count; i++) {
      struct pv_object object;
      enum pv_id_result found = pv_ids_remove(ctx->ids, gather.entries[i].id, gather.entries[i].object.type, &object);
      if (found == PV_ID_OK && reachable)
         destroy_on_host(device, &object);
      if (found == PV_ID_OK || found == PV_ID_POISONED)
         free_state(ctx, &object);
   }
   free(gather.entries);
   pv_hold_unref(&device->hold);
   pv_ids_retire(ctx->ids, free_device, device);
}

struct find_device {
   uint64_t id;
   struct pv_device *device;
};

static void find_one_device(void *user, uint64_t id, const struct pv_object *object)
{
   struct find_device *find = user;
   if (object->type == PV_OBJECT_VkDevice && object->state)
      *find = (struct find_device){.id = id, .device = object->state};
}

// Takes everything of `owner` out of the table that has no call of its own. NULL: what was made with poisoned devices.
static void forget_of(struct pv_context_core *ctx, const void *owner)
{
   struct gather gather = {.owner = owner};
   pv_ids_foreach(ctx->ids, gather_one, &gather);
   for (size_t i = 0; i < gather.count; i++) {
      struct pv_object object;
      enum pv_id_result found = pv_ids_remove(ctx->ids, gather.entries[i].id, gather.entries[i].object.type, &object);
      if (found == PV_ID_OK || found == PV_ID_POISONED)
         free_state(ctx, &object);
   }
   free(gather.entries);
}

void pv_instance_teardown(struct pv_context_core *ctx)
{
   struct pv_instance *instance = ctx->instance;
   forget_of(ctx, NULL);
   if (!instance)
      return;
   atomic_store(&instance->owner.dying, true); // pairs with exec.c's file and vkCreateDevice
   for (;;) {
      struct find_device find = {0};
      pv_ids_foreach(ctx->ids, find_one_device, &find);
      if (!find.device)
         break;
      struct pv_object object;
      if (pv_ids_remove(ctx->ids, find.id, PV_OBJECT_VkDevice, &object) == PV_ID_OK) // else another ring has it in hand
         pv_device_teardown(ctx, find.device);
   }
   forget_of(ctx, instance);
   if (atomic_load(&ctx->was_lost))
      pv_hold_abandon(instance->hold);
   pv_hold_unref(&instance->hold);
   ctx->instance = NULL;
   atomic_store(&ctx->has_instance, false);
   pv_ids_retire(ctx->ids, free, instance);
}
