// SPDX-License-Identifier: MIT
//
// The smallest embedder: a guest's ring in memory we own, executed from our own loop, no threads of PearVisor's.
//
// It plays both parts. As the VMM it makes a polled renderer and a context, lends it memory and polls. As the guest's
// driver it encodes three commands by hand: one over the control path, which makes a ring, and two through the ring,
// which ask for Vulkan's version. Exits with 0 if the answer is one.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pearvisor/renderer.h>

enum { RESOURCE = 1, SIZE = 8192, HEAD = 0, TAIL = 64, STATUS = 128, BUFFER = 192, BUFFER_SIZE = 4096, REPLY = 6144 };

// An encoder as simple as the wire: little-endian words, 64-bit values in two of them.
struct encoder {
   uint32_t words[64];
   size_t n;
};

static void put32(struct encoder *e, uint32_t value)
{
   e->words[e->n++] = value;
}

static void put64(struct encoder *e, uint64_t value)
{
   put32(e, (uint32_t)value);
   put32(e, (uint32_t)(value >> 32));
}

static void encode_create_ring(struct encoder *e)
{
   const uint64_t layout[] = {HEAD, TAIL, STATUS, BUFFER, BUFFER_SIZE, BUFFER + BUFFER_SIZE, 0};
   put32(e, 188); // vkCreateRingMESA
   put32(e, 0);   // no reply
   put64(e, 1);   // the ring's key, ours to choose
   put64(e, 1);   // the structure is there
   put32(e, 1000384000);
   put64(e, 0); // no pNext
   put32(e, 0); // flags
   put32(e, RESOURCE);
   put64(e, 0); // where in the resource
   put64(e, SIZE);
   put64(e, 1000000); // idle after a millisecond
   for (size_t i = 0; i < sizeof(layout) / sizeof(*layout); i++)
      put64(e, layout[i]);
}

static void encode_question(struct encoder *e)
{
   put32(e, 178); // vkSetReplyCommandStreamMESA
   put32(e, 0);
   put64(e, 1);
   put32(e, RESOURCE);
   put64(e, REPLY);
   put64(e, SIZE - REPLY);
   put32(e, 137); // vkEnumerateInstanceVersion
   put32(e, 1);   // with a reply
   put64(e, 1);
}

static uint64_t now(void)
{
   struct timespec t;
   clock_gettime(CLOCK_MONOTONIC, &t);
   return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// The VMM's loop, as far as the renderer is concerned. True once the guest's `tail` was reached.
static bool poll_until(pv_context *context, const uint8_t *memory, uint32_t tail)
{
   const uint64_t end = now() + 10000000000u;
   while (now() < end) {
      uint64_t deadline;
      if (pv_context_poll(context, &deadline))
         return false;
      if (__atomic_load_n((const uint32_t *)(memory + HEAD), __ATOMIC_ACQUIRE) == tail)
         return true;
   }
   return false;
}

// As the guest: makes the ring, asks through it, reads the answer. 0 if there is none.
static uint32_t ask(pv_context *context, uint8_t *memory)
{
   struct encoder create = {0}, question = {0};
   uint32_t reply[5];
   encode_create_ring(&create);
   encode_question(&question);
   uint32_t tail = (uint32_t)(question.n * sizeof(uint32_t));
   if (pv_context_submit(context, create.words, create.n * sizeof(uint32_t)))
      return 0;
   memcpy(memory + BUFFER, question.words, tail);
   __atomic_store_n((uint32_t *)(memory + TAIL), tail, __ATOMIC_RELEASE);
   if (!poll_until(context, memory, tail))
      return 0;
   memcpy(reply, memory + REPLY, sizeof(reply)); // command, VkResult, a pointer's presence, the version
   return reply[0] == 137 && reply[1] == 0 ? reply[4] : 0;
}

static int complain(const char *what, int ret)
{
   fprintf(stderr, "embed: %s: %s\n", what, strerror(-ret));
   return 1;
}

int main(void)
{
   const struct pv_renderer_params params = {.polled = true, .limits = {.memory_bytes = 256 << 20}};
   pv_renderer *renderer = NULL;
   pv_context *context = NULL;
   uint8_t *memory = aligned_alloc(4096, SIZE);
   uint32_t version = 0;
   int ret = memory ? pv_renderer_create(&params, &renderer) : -ENOMEM;
   if (ret)
      return complain("no renderer", ret);
   memset(memory, 0, SIZE);
   ret = pv_context_create(renderer, &(struct pv_context_params){.name = "embed"}, &context);
   if (!ret)
      ret = pv_context_attach(context, RESOURCE, memory, SIZE, -1);
   if (!ret)
      version = ask(context, memory);
   struct pv_stats stats = {0};
   pv_context_stats(context, &stats, NULL, 0);
   pv_context_destroy(&context);
   pv_renderer_destroy(&renderer);
   free(memory);
   if (ret)
      return complain("no context", ret);
   printf("Vulkan %u.%u.%u after %llu commands\n", version >> 22, version >> 12 & 0x3ff, version & 0xfff,
          (unsigned long long)stats.commands);
   return version >> 12 >= (1u << 10 | 1) ? 0 : 1;
}
