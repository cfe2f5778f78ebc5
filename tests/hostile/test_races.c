// SPDX-License-Identifier: MIT
//
// Several rings of one guest on threads of their own, all using, making and destroying the same objects at the same
// time: what no well-behaved guest does, and what must hurt nobody but itself. On the fake driver, whose objects' ends
// race here on purpose; this is about our own records, so run it under ThreadSanitizer and AddressSanitizer.
//
// usage: test_races FAKEHOST. HOSTILE_ROUNDS in the environment multiplies the number of guests.
#include "everything.h"

#include <stdatomic.h>

#include "wire/venus.gen.h"

#define RINGS    3
#define GUESTS   300
#define COMMANDS 400 // per ring and guest
#define BATCH    8192u

static const char *fakehost;
static struct pv_core *core;

static const uint32_t favourites[] = {
   PV_CMD_vkCreateBuffer,         PV_CMD_vkDestroyBuffer,          PV_CMD_vkCreateCommandPool,
   PV_CMD_vkDestroyCommandPool,   PV_CMD_vkAllocateMemory,         PV_CMD_vkFreeMemory,
   PV_CMD_vkBindBufferMemory,     PV_CMD_vkAllocateCommandBuffers, PV_CMD_vkFreeCommandBuffers,
   PV_CMD_vkBeginCommandBuffer,   PV_CMD_vkCmdFillBuffer,          PV_CMD_vkCmdCopyBuffer,
   PV_CMD_vkCreateDescriptorPool, PV_CMD_vkResetDescriptorPool,    PV_CMD_vkQueueSubmit,
   PV_CMD_vkQueueWaitIdle,        PV_CMD_vkDestroyDescriptorPool,  PV_CMD_vkFreeDescriptorSets,
   PV_CMD_vkCreateFence,          PV_CMD_vkDestroyFence,
};

static const struct rand_case *choose(struct rand *g)
{
   uint32_t id = favourites[rand_next(g) % (sizeof favourites / sizeof *favourites)];
   if (rand_next(g) % 8) // ends are rare, or nobody would live to see a race
      id = PV_CMD_vkCmdFillBuffer + rand_next(g) % 2 * (PV_CMD_vkCmdCopyBuffer - PV_CMD_vkCmdFillBuffer);
   if (rand_next(g) % 16 == 0)
      return &rand_cases[rand_next(g) % rand_case_count];
   for (size_t i = 0; i < rand_case_count; i++)
      if (rand_cases[i].id == id)
         return &rand_cases[i];
   return &rand_cases[0];
}

// Creations take the ids that other rings destroy and use.
static void reuse_id(struct rand *g, const struct rand_case *c, uint8_t *bytes, size_t size)
{
   if (size < 16 || strncmp(c->name, "vkCreate", 8) || rand_next(g) % 2)
      return;
   for (uint8_t type = 1; type < PV_OBJECT_LIMIT; type++) {
      static const struct {
         uint32_t command;
         uint8_t type;
      } pairs[] = {{PV_CMD_vkCreateBuffer, PV_OBJECT_VkBuffer},
                   {PV_CMD_vkCreateFence, PV_OBJECT_VkFence},
                   {PV_CMD_vkCreateCommandPool, PV_OBJECT_VkCommandPool},
                   {PV_CMD_vkCreateDescriptorPool, PV_OBJECT_VkDescriptorPool}};
      for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
         if (pairs[i].command == c->id && pairs[i].type == type)
            pv_store64(bytes + size - 8, OBJECT_ID(type));
   }
}

static size_t write_batch(struct rand *g, uint8_t *out)
{
   struct pv_writer w = {.p = out, .end = out + BATCH};
   for (unsigned n = 0; n < 8; n++) {
      uint8_t *start = w.p;
      const struct rand_case *c = choose(g);
      bool waits = c->id >= PV_CMD_vkSetReplyCommandStreamMESA && c->id <= PV_CMD_vkExecuteCommandStreamsMESA;
      waits |= c->id == PV_CMD_vkWaitVirtqueueSeqnoMESA || c->id == PV_CMD_vkDestroyDevice ||
               c->id == PV_CMD_vkDestroyInstance;
      if (waits && rand_next(g) % 32)
         continue;
      g->mode = rand_next(g) % 2 ? RAND_LEAST : RAND_MIXED;
      if (random_command(g, c, 0, &w)) // refused whatever its ids are: that would end everything too soon
         w.p = start;
      reuse_id(g, c, start, (size_t)(w.p - start));
   }
   return (size_t)(w.p - out);
}

static bool room_for(const uint8_t *memory, size_t size)
{
   uint32_t head = atomic_load((_Atomic uint32_t *)(uintptr_t)memory);
   uint32_t tail = atomic_load((_Atomic uint32_t *)(uintptr_t)(memory + 64));
   return RING_BUFFER - (tail - head) >= size;
}

static void rings_race(void **state)
{
   (void)state;
   struct rand g = {.state = 8472};
   unsigned ends[3] = {0};
   uint64_t commands = 0;
   uint8_t *batch = malloc(BATCH);
   const char *times = getenv("HOSTILE_ROUNDS");
   unsigned guests = GUESTS * (times && atoi(times) > 0 ? (unsigned)atoi(times) : 1);
   for (unsigned n = 0; n < guests; n++) {
      struct guest guest;
      uint8_t *rings[RINGS];
      log_forget();
      rings[0] = everything_open(&guest, core, "racing");
      for (unsigned i = 1; i < RINGS; i++) {
         struct pv_blob_core blob;
         assert_int_equal(pv_context_core_blob(guest.ctx, 2 + i, 0, SHARED, PV_BLOB_MAPPABLE, &blob), 0);
         rings[i] = blob.pointer;
         put_ring(&guest.w, i, 2 + i);
         assert_int_equal(guest_submit(&guest), 0);
      }
      uint64_t fence = 0, give_up = pv_now() + 2000000000ull;
      for (unsigned k = 0; k < COMMANDS / 8 * RINGS && guest_state(&guest) == PV_CONTEXT_ALIVE; k++) {
         size_t size = write_batch(&g, batch);
         while (!room_for(rings[k % RINGS], size) && guest_state(&guest) == PV_CONTEXT_ALIVE && pv_now() < give_up)
            pv_sleep_until(pv_now() + 100000);
         if (pv_now() >= give_up) // a ring that waits for what never comes is no mistake
            break;
         ring_push(&guest, rings[k % RINGS], k % RINGS, batch, size);
         if (k % 5 == 0 && !pv_context_core_fence(guest.ctx, 1, fence + 1))
            fence++;
      }
      struct pv_stats_core stats;
      pv_context_core_stats(guest.ctx, &stats, NULL, 0);
      commands += stats.commands;
      enum pv_context_state end = guest_state(&guest);
      pv_context_core_destroy(&guest.ctx);
      struct log log = log_so_far();
      ends[end]++;
      if (log.over > 1 || log.lost > 1)
         fail_msg("guest %u, %s: %u lines, the last: %s", n, state_name(end), log.errors, log.last);
      if (guest.retired[1] != fence)
         fail_msg("guest %u: %llu of %llu fences retired", n, (unsigned long long)guest.retired[1],
                  (unsigned long long)fence);
      guest_close(&guest);
      fake_forget();
   }
   free(batch);
   print_message("%llu commands; %u contexts alive, %u lost, %u over\n", (unsigned long long)commands, ends[0], ends[1],
                 ends[2]);
   assert_true(commands > guests * 70);
}

static int setup(void **state)
{
   (void)state;
   core = everything_start(fakehost, false);
   return core ? 0 : -1;
}

static int teardown(void **state)
{
   (void)state;
   everything_stop(&core);
   return 0;
}

int main(int argc, char **argv)
{
   if (argc != 2)
      return 2;
   fakehost = argv[1];
   const struct CMUnitTest tests[] = {cmocka_unit_test(rings_race)};
   return cmocka_run_group_tests(tests, setup, teardown);
}
