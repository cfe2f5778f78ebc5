// SPDX-License-Identifier: MIT
//
// libFuzzer's way into the decoder: any bytes as any command, with a table of objects as a renderer has it, and the
// reply that would follow. Three builds of this file:
//
//    plain        one decoder
//    THREADED     two decoders on one table, while a third thread files and removes objects
//    NO_MEMORY    allocations fail, the n-th of them as the input says
//
// Input: 2 bytes that choose the command, 2 of flags, then what follows the command's header.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "mutate.h"
#include "wire/venus.gen.h"

#define REPLY (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct pv_ids *ids;

#ifdef NO_MEMORY
static long before_failure = -1; // allocations that still work; -1: all

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

// The linker's --wrap sends the decoder's allocations here.
void *__wrap_malloc(size_t size)
{
   if (before_failure == 0)
      return NULL;
   if (before_failure > 0)
      before_failure--;
   return __real_malloc(size);
}
#endif

struct decoder {
   struct pv_arena arena;
   struct pv_ids_reader inside;
   uint8_t *reply;
   void *args;
   size_t room;
};

static void decoder_init(struct decoder *d)
{
   *d = (struct decoder){.reply = malloc(REPLY)};
   for (size_t i = 0; i < rand_case_count; i++)
      if (rand_cases[i].args_size > d->room)
         d->room = rand_cases[i].args_size;
   d->args = calloc(1, d->room);
   pv_arena_init(&d->arena, 16u << 20);
   pv_ids_reader_add(ids, &d->inside);
   if (!d->reply || !d->args)
      abort();
}

static void decode(struct decoder *d, const uint8_t *data, size_t size)
{
   if (size < 4)
      return;
   const struct rand_case *c = &rand_cases[(data[0] | data[1] << 8) % rand_case_count];
   size_t length = (size - 4) & ~(size_t)3;
   uint8_t *bytes = malloc(length ? length : 1); // exactly so long, so that a step beyond is seen
   if (!bytes)
      return;
   memcpy(bytes, data + 4, length);
   struct pv_reader r = {.p = bytes, .end = bytes + length, .arena = &d->arena, .ids = ids};
   pv_ids_enter(ids, &d->inside);
   c->dec(&r, d->args);
   if (r.depth || r.p > r.end)
      abort();
   if (!r.why) {
      struct pv_writer w = {.p = d->reply, .end = d->reply + (data[2] & 1 ? 64 : REPLY)};
      c->enc_reply(&w, d->args);
   }
   pv_ids_leave(ids, &d->inside);
   pv_arena_reset(&d->arena);
   free(bytes);
}

#ifdef THREADED
static struct {
   const uint8_t *data;
   size_t size;
   pthread_barrier_t start, end;
} shared;

static void *second_decoder(void *unused)
{
   struct decoder d;
   (void)unused;
   decoder_init(&d);
   for (;;) {
      pthread_barrier_wait(&shared.start);
      decode(&d, shared.data, shared.size);
      pthread_barrier_wait(&shared.end);
   }
   return NULL;
}

static void *file_and_remove(void *unused)
{
   (void)unused;
   for (uint64_t n = 0;; n++) {
      uint8_t type = (uint8_t)(1 + n % (PV_OBJECT_LIMIT - 1));
      struct pv_object object = {.handle = n + 1, .type = type};
      pv_ids_insert(ids, 300 + type, &object);
      pv_ids_remove(ids, 300 + type, type, &object);
      void *garbage = malloc(32);
      if (garbage)
         pv_ids_retire(ids, free, garbage);
   }
   return NULL;
}
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
   (void)argc, (void)argv;
   ids = mutate_ids();
#ifdef THREADED
   pthread_t thread;
   pthread_barrier_init(&shared.start, NULL, 2);
   pthread_barrier_init(&shared.end, NULL, 2);
   pthread_create(&thread, NULL, second_decoder, NULL);
   pthread_create(&thread, NULL, file_and_remove, NULL);
#endif
   return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   static struct decoder d;
   if (!d.args)
      decoder_init(&d);
#ifdef THREADED
   shared.data = data;
   shared.size = size;
   pthread_barrier_wait(&shared.start);
   decode(&d, data, size);
   pthread_barrier_wait(&shared.end);
#elif defined NO_MEMORY
   pv_arena_fini(&d.arena); // so that there is something to allocate
   pv_arena_init(&d.arena, 16u << 20);
   before_failure = size > 3 ? 1 + data[3] % 8 : -1; // the first is our own copy of the input
   decode(&d, data, size);
   before_failure = -1;
#else
   decode(&d, data, size);
#endif
   return 0;
}
