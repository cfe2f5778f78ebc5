// SPDX-License-Identifier: MIT
//
// The end of a device: a guest may leave (or be killed) at any moment, so everything still filed is destroyed here, users
// before what they use.
#include <stdlib.h>

#include "base/log.h"
#include "core/context.h"
#include "wire/commands.gen.h"

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
#define DEVICE_TYPES(T)                                                                                                     \
   T(CommandPool) T(DescriptorPool) T(DescriptorUpdateTemplate) T(Pipeline) T(PipelineCache) T(PipelineLayout)             \
   T(ShaderModule) T(DescriptorSetLayout) T(Framebuffer) T(RenderPass) T(BufferView) T(ImageView) T(Sampler)               \
   T(SamplerYcbcrConversion) T(QueryPool) T(Event) T(Fence) T(Semaphore) T(PrivateDataSlot)

static unsigned rank(uint8_t type)
{
   unsigned n = 0;
#define RANK(name)                                                                                                          \
   n++;                                                                                                                     \
   if (type == PV_OBJECT_Vk##name)                                                                                          \
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
   pv_ids_retire(ctx->ids, free_pool, pool);
}

static void destroy_on_host(struct pv_device *device, const struct pv_object *object)
{
   const struct pv_device_procs *vk = &device->vk;
   uint64_t handle = object->handle;
   switch (object->type) {
#define DESTROY(name)                                                                                                       \
   case PV_OBJECT_Vk##name:                                                                                                 \
      vk->Destroy##name(device->handle, (Vk##name)handle, NULL);                                                            \
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
   case PV_OBJECT_VkDeviceMemory:
      vk->FreeMemory(device->handle, (VkDeviceMemory)handle, NULL);
      break;
   default:
      break;
   }
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
   free(device->queues);
   free(device);
}

void pv_device_teardown(struct pv_context_core *ctx, struct pv_device *device)
{
   bool reachable = !atomic_load(&ctx->was_lost); // a lost driver may hang in any call
   pv_timeline_unbind_device(ctx, device);
   struct gather gather = {.owner = device};
   pv_ids_foreach(ctx->ids, gather_one, &gather);
   if (gather.short_of_memory)
      pv_warn("context %s: out of memory while ending a device; some of its objects leak", ctx->name);
   if (gather.count)
      qsort(gather.entries, gather.count, sizeof *gather.entries, by_rank);
   if (reachable)
      device->vk.DeviceWaitIdle(device->handle);
   for (size_t i = 0; i < gather.count; i++) {
      struct pv_object object;
      enum pv_id_result found = pv_ids_remove(ctx->ids, gather.entries[i].id, gather.entries[i].object.type, &object);
      if (found == PV_ID_OK && reachable)
         destroy_on_host(device, &object);
      if (found == PV_ID_OK || found == PV_ID_POISONED)
         free_state(ctx, &object);
   }
   free(gather.entries);
   if (reachable)
      device->vk.DestroyDevice(device->handle, NULL);
   pv_ids_retire(ctx->ids, free_device, device);
}

struct find_device {
   struct pv_device *device;
};

static void find_one_device(void *user, uint64_t id, const struct pv_object *object)
{
   struct find_device *find = user;
   if (object->type == PV_OBJECT_VkDevice && object->state)
      find->device = object->state;
}

void pv_instance_teardown(struct pv_context_core *ctx)
{
   struct pv_instance *instance = ctx->instance;
   if (!instance)
      return;
   for (;;) {
      struct find_device find = {0};
      pv_ids_foreach(ctx->ids, find_one_device, &find);
      if (!find.device)
         break;
      struct pv_object object;
      pv_ids_remove(ctx->ids, find.device->id, PV_OBJECT_VkDevice, &object);
      pv_device_teardown(ctx, find.device);
   }
   struct pv_object object;
   for (uint32_t i = 0; i < instance->device_count; i++)
      if (instance->devices[i].id)
         pv_ids_remove(ctx->ids, instance->devices[i].id, PV_OBJECT_VkPhysicalDevice, &object);
   pv_ids_remove(ctx->ids, instance->id, PV_OBJECT_VkInstance, &object);
   if (!atomic_load(&ctx->was_lost))
      instance->vk.DestroyInstance(instance->handle, NULL);
   ctx->instance = NULL;
   pv_ids_retire(ctx->ids, free, instance);
}
