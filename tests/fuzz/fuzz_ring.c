// SPDX-License-Identifier: MIT
//
// The transport: rings laid out as the input says, whose words the guest stores into as it likes, streams executed out
// of shared memory, reply windows, sequence numbers, memory taken away meanwhile. On the host driver that watches
// (hostile/fakehost.c). Builds:
//
//    plain      the renderer polls; what must hold stands in hostile/judge.h
//    THREADED   rings on threads of their own, while a thread of the guest scribbles over what they read; after a while
//               that one ends the context, since a guest may wait for itself for ever
//
// Head: byte 1, how slow the scribbling is; none if that is 3 modulo 4. Steps: `kinds`, and the argument's lowest bits
// say which ring.
#include <pthread.h>
#include <stdatomic.h>

#include "judge.h"
#include "program.h"
#include "wire/venus.gen.h"

#define MEMORIES    4u          // resources 2 to 5
#define STREAMS     16u         // executed by one command
#define PATIENT     40000000ull // ns that a threaded input gets
#define RINGS_BEGIN 2u          // the first resource that rings are in

#ifdef THREADED
#define POLLED false
#else
#define POLLED true
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct pv_core *core;

struct world {
   struct guest guest;
   uint8_t *memory[MEMORIES]; // NULL: there is none
};

// --- steps
// --------------------------------------------------------------------------------------------------------------

static unsigned ring_of(const struct step *s)
{
   return s->arg % MEMORIES;
}

static uint64_t key_of(const struct step *s)
{
   return RING_KEY + 8 * ring_of(s);
}

static void push(struct world *w, const struct step *s)
{
   uint8_t *memory = w->memory[ring_of(s)];
   if (memory && step_size(s) <= RING_BUFFER)
      ring_push(&w->guest, memory, ring_of(s), s->bytes, step_size(s));
}

static void scribble(struct world *w, const struct step *s)
{
   uint8_t *memory = w->memory[ring_of(s)];
   size_t at = step_word(s, 0) % (SHARED - STEP_ROOM) & ~(size_t)3;
   if (memory && s->words > 1)
      memcpy(memory + at, s->bytes + 4, step_size(s) - 4);
}

static _Atomic uint32_t *control_word(uint8_t *memory, unsigned which)
{
   static const uint32_t places[] = {0, 64, 128, 192 + RING_BUFFER};
   return (_Atomic uint32_t *)(void *)(memory + places[which % 4]);
}

static void store_word(struct world *w, const struct step *s)
{
   uint8_t *memory = w->memory[ring_of(s)];
   if (!memory)
      return;
   if (step_word(s, 1) & 1)
      atomic_fetch_add(control_word(memory, s->arg >> 2), step_word(s, 0));
   else
      atomic_store(control_word(memory, s->arg >> 2), step_word(s, 0));
}

static void notify(struct world *w, const struct step *s)
{
   PUT(&w->guest, vkNotifyRingMESA, 0, .ring = key_of(s), .seqno = step_word(s, 0));
}

static void create_ring(struct world *w, const struct step *s)
{
   const VkRingMonitorInfoMESA monitor = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_MONITOR_INFO_MESA,
                                          .maxReportingPeriodMicroseconds = step_word(s, 11)};
   const VkRingCreateInfoMESA info = {.sType = (VkStructureType)VK_STRUCTURE_TYPE_RING_CREATE_INFO_MESA,
                                      .pNext = s->arg & 16 ? &monitor : NULL,
                                      .resourceId = step_word(s, 0),
                                      .offset = step_word(s, 1),
                                      .size = step_word(s, 2),
                                      .idleTimeout = step_word(s, 3),
                                      .headOffset = step_word(s, 4),
                                      .tailOffset = step_word(s, 5),
                                      .statusOffset = step_word(s, 6),
                                      .bufferOffset = step_word(s, 7),
                                      .bufferSize = step_word(s, 8),
                                      .extraOffset = step_word(s, 9),
                                      .extraSize = step_word(s, 10)};
   PUT(&w->guest, vkCreateRingMESA, 0, .ring = key_of(s), .pCreateInfo = &info);
}

static void destroy_ring(struct world *w, const struct step *s)
{
   PUT(&w->guest, vkDestroyRingMESA, 0, .ring = key_of(s));
}

static void execute(struct world *w, const struct step *s)
{
   VkCommandStreamDescriptionMESA streams[STREAMS];
   size_t positions[STREAMS];
   uint32_t count = s->words / 3u < STREAMS ? s->words / 3u : STREAMS;
   for (uint32_t i = 0; i < count; i++) {
      streams[i] = (VkCommandStreamDescriptionMESA){
         .resourceId = step_word(s, i * 3), .offset = step_word(s, i * 3 + 1), .size = step_word(s, i * 3 + 2)};
      positions[i] = s->arg & 2 ? i * 64u : streams[i].offset;
   }
   PUT(&w->guest, vkExecuteCommandStreamsMESA, 0, .streamCount = count, .pStreams = streams,
       .pReplyPositions = s->arg & 1 ? positions : NULL);
}

static void write_stream(struct world *w, const struct step *s)
{
   if (s->words)
      memcpy(w->guest.shared + WINDOW + s->arg * 64u, s->bytes, step_size(s));
}

static void submit(struct world *w, const struct step *s)
{
   guest_send(&w->guest, s->bytes, step_size(s));
}

static void replies(struct world *w, const struct step *s)
{
   const VkCommandStreamDescriptionMESA window = {
      .resourceId = step_word(s, 0), .offset = step_word(s, 1), .size = step_word(s, 2)};
   if (s->arg & 1)
      PUT(&w->guest, vkSeekReplyCommandStreamMESA, 0, .position = step_long(s, 0));
   else
      PUT(&w->guest, vkSetReplyCommandStreamMESA, 0, .pStream = &window);
}

static void poll_it(struct world *w, const struct step *s)
{
   (void)s;
   if (POLLED)
      poll_some(&w->guest);
   else
      pv_sleep_until(pv_now() + 100000); // time for the rings
}

static void write_extra(struct world *w, const struct step *s)
{
   PUT(&w->guest, vkWriteRingExtraMESA, 0, .ring = key_of(s), .offset = step_long(s, 0), .value = step_word(s, 2));
}

static void submit_seqno(struct world *w, const struct step *s)
{
   PUT(&w->guest, vkSubmitVirtqueueSeqnoMESA, 0, .ring = key_of(s), .seqno = step_long(s, 0));
}

static void wait_ring(struct world *w, const struct step *s)
{
   PUT(&w->guest, vkWaitRingSeqnoMESA, 0, .ring = key_of(s), .seqno = step_long(s, 0));
}

static void wait_virtqueue(struct world *w, const struct step *s)
{
   uint8_t bytes[64];
   struct pv_writer writer = {.p = bytes, .end = bytes + sizeof bytes};
   pv_enc_vkWaitVirtqueueSeqnoMESA(&writer, 0, &(struct pv_args_vkWaitVirtqueueSeqnoMESA){.seqno = step_long(s, 0)});
   if (w->memory[ring_of(s)])
      ring_push(&w->guest, w->memory[ring_of(s)], ring_of(s), bytes, (size_t)(writer.p - bytes));
}

// Memory comes if there is none, and goes if there is.
static void memory(struct world *w, const struct step *s)
{
   uint32_t n = ring_of(s), resource = RINGS_BEGIN + n;
   struct pv_blob_core blob = {0};
   if (w->memory[n] && (n || POLLED)) { // the first is what the scribbler writes to
      w->memory[n] = NULL;
      pv_context_core_detach(w->guest.ctx, resource);
   } else if (!w->memory[n] && !pv_context_core_blob(w->guest.ctx, resource, 0, SHARED, PV_BLOB_MAPPABLE, &blob)) {
      w->memory[n] = blob.pointer;
   }
}

static void (*const kinds[])(struct world *, const struct step *) = {
   push,   scribble, store_word, notify,      create_ring,  destroy_ring, execute,        write_stream,
   submit, replies,  poll_it,    write_extra, submit_seqno, wait_ring,    wait_virtqueue, memory,
};
#define KINDS (sizeof kinds / sizeof *kinds)
enum { PUSH = 0, CREATE_RING = 4, EXECUTE = 6, WRITE_STREAM = 7, SUBMIT = 8 };

static void make_ring(struct rand *g, struct step *out, uint8_t *room)
{
   const uint32_t good[] = {RINGS_BEGIN + ring_of(out), 0, SHARED, 1000000, 0, 64, 128, 192, RING_BUFFER,
                            192 + RING_BUFFER,          4, 1000};
   memcpy(room, good, sizeof good);
   out->words = sizeof good / 4;
   if (rand_next(g) % 2 == 0)
      pv_store32(room + rand_next(g) % out->words * 4,
                 (uint32_t)(1u << rand_next(g) % 32) - (uint32_t)(rand_next(g) % 2));
}

void program_make_step(struct rand *g, struct step *out, uint8_t *room)
{
   out->kind = (uint8_t)(rand_next(g) % KINDS);
   out->arg = (uint8_t)(rand_next(g) % (rand_next(g) % 2 ? 4 : 256));
   out->bytes = room;
   if (out->kind == PUSH || out->kind == WRITE_STREAM || out->kind == SUBMIT) {
      program_make_command(g, out, room);
   } else if (out->kind == CREATE_RING) {
      make_ring(g, out, room);
   } else if (out->kind == EXECUTE) {
      const uint32_t stream[] = {1, WINDOW + 64 * (uint32_t)(rand_next(g) % 4), 4 * (uint32_t)(rand_next(g) % 64)};
      memcpy(room, stream, sizeof stream);
      out->words = 3;
   } else {
      out->words = (uint16_t)(rand_next(g) % 5);
      for (unsigned i = 0; i < out->words; i++)
         pv_store32(room + i * 4u, rand_next(g) % 4 ? (uint32_t)(rand_next(g) % 256) * 4 : (uint32_t)rand_next(g));
   }
}

size_t program_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room)
{
   return mutate_damage(g, bytes, size, room);
}

static void run(struct world *w, const struct program *p)
{
   for (unsigned i = 0; i < p->count && guest_state(&w->guest) != PV_CONTEXT_FATAL; i++) {
      const struct step *s = &p->steps[i];
      judge_step("step %u of kind %u", i, s->kind % (unsigned)KINDS);
      kinds[s->kind % KINDS](w, s);
      if (w->guest.w.p != w->guest.bytes)
         guest_submit(&w->guest);
   }
}

// --- inputs
// -------------------------------------------------------------------------------------------------------------

#ifdef THREADED
static struct {
   struct world *world;
   uint8_t *memory; // stays as long as the context
   atomic_bool over;
   uint8_t pace;
} attack;

// Stores into the ring's words, and ends the context when its time is over.
static void *scribbler(void *unused)
{
   (void)unused;
   struct rand g = {.state = rand_seed(attack.pace)};
   uint64_t end = pv_now() + PATIENT;
   while (!atomic_load(&attack.over) && pv_now() < end) {
      unsigned which = (unsigned)(rand_next(&g) % 16);
      if (attack.pace % 4 != 3 && which < 4)
         atomic_fetch_add(control_word(attack.memory, which), (uint32_t)(rand_next(&g) % 4 * 4));
      else if (attack.pace % 4 != 3)
         atomic_store((_Atomic uint32_t *)(void *)(attack.memory + 192 + rand_next(&g) % 1024 * 4),
                      (uint32_t)rand_next(&g) % 512);
      pv_sleep_until(pv_now() + 1000u * attack.pace);
   }
   if (!atomic_load(&attack.over))
      pv_context_core_end(attack.world->guest.ctx);
   return NULL;
}

static void judge_world(struct world *w, const struct program *p)
{
   pthread_t thread;
   attack.world = w;
   attack.pace = p->head[1];
   atomic_store(&attack.over, false);
   if (pthread_create(&thread, NULL, scribbler, NULL))
      abort();
   run(w, p);
   atomic_store(&attack.over, true);
   pthread_join(thread, NULL);
   guest_close(&w->guest);
   judge_driver(PV_CONTEXT_FATAL);
}
#else
static void judge_world(struct world *w, const struct program *p)
{
   static unsigned number;
   struct tally tally = {0};
   run(w, p);
   judge_end(core, &w->guest, &tally, number++ % 64 == 0);
}
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
   (void)argc, (void)argv;
   setenv("CMOCKA_TEST_ABORT", "1", 1); // what is found is a crash
   judge_leave_crashes();
   core = everything_start(FAKEHOST, POLLED);
   return core ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   struct world w = {0};
   struct program p;
   program_read(&p, data, size);
   judge_begin("transport of %u steps", p.count);
   w.memory[0] = everything_open(&w.guest, core, "fuzz");
#ifdef THREADED
   attack.memory = w.memory[0];
#endif
   judge_world(&w, &p);
   return 0;
}
