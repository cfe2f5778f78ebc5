// SPDX-License-Identifier: MIT
//
// Whole command streams through the real core on a host driver that watches (hostile/fakehost.c), by the ring, the
// control path and streams in shared memory. What must hold afterwards stands in hostile/judge.h. Builds:
//
//    plain       as it is
//    NO_MEMORY   allocations fail, the n-th of a step as the input says
//
// Head: byte 0, every how many creations the driver refuses; 1, how many allocations succeed; 2, bit 0: the guest
// begins with nothing but its reply window, as recordings of stock drivers want it, else with an object of every type.
// Steps: kind, the way that the commands in the payload come.
#include "judge.h"
#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct pv_core *core;

#ifdef NO_MEMORY
static _Thread_local long before_failure = -1; // allocations that still work; -1: all

static bool fails(void)
{
   if (before_failure < 0)
      return false;
   return before_failure == 0 || !before_failure--;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

// The linker's --wrap sends the renderer's allocations here; not those of the driver, which is another module.
void *__wrap_malloc(size_t size)
{
   return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
   return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
   return fails() ? NULL : __real_realloc(old, size);
}

static void allocations_work(long count)
{
   before_failure = count;
}
#else
static void allocations_work(long count)
{
   (void)count;
}
#endif

void program_make_step(struct rand *g, struct step *out, uint8_t *room)
{
   out->kind = (uint8_t)(rand_next(g) % ROUTES);
   program_make_command(g, out, room);
}

size_t program_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room)
{
   return mutate_damage(g, bytes, size, room);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
   (void)argc, (void)argv;
   setenv("CMOCKA_TEST_ABORT", "1", 1); // what the judge finds is a crash
   judge_leave_crashes();
   core = everything_start(FAKEHOST, true);
   return core ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   static unsigned number;
   struct tally tally = {0};
   struct guest guest;
   struct program p;
   program_read(&p, data, size);
   judge_begin("an input of %u steps", p.count);
   uint8_t *ring = NULL;
   if (p.head[2] & 1)
      guest_open(&guest, core, "fuzz");
   else
      ring = everything_open(&guest, core, "fuzz");
   fake_fail(p.head[0] % 8 < 5 ? 0 : 2 + p.head[0] % 5u);
   for (unsigned i = 0; i < p.count && guest_state(&guest) != PV_CONTEXT_FATAL; i++) {
      const struct step *s = &p.steps[i];
      judge_step("step %u, command %u", i, step_word(s, 0));
      allocations_work(p.head[1] ? p.head[1] % 32 : -1);
      send_by(&guest, ring ? (enum route)(s->kind % ROUTES) : CONTROL, ring, s->bytes, step_size(s));
      allocations_work(-1);
   }
   fake_fail(0);
   judge_end(core, &guest, &tally, number++ % 64 == 0);
   return 0;
}
