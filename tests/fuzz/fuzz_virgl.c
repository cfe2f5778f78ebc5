// SPDX-License-Identifier: MIT
//
// The libvirglrenderer door, as a VMM would call it: any calls in any order, with ids of contexts and resources that
// are there, were there, or never were. The library is the real one, its renderer a thread of this process on the host
// driver that watches (hostile/fakehost.c), and there is no delegate. A VMM's own mistakes (a bad pointer) are not
// tried; what a guest chooses is: ids, sizes, flags, bytes. What must hold: calls come back, no descriptor is left
// open, and once the library is cleaned up no object of the driver's is left.
//
// Head: byte 0, bit 0: the library is cleaned up afterwards, which it is now and then anyway; byte 1: init flags.
// Steps: `kinds`; the argument's low two bits are the context, the rest the resource.
#include <stdatomic.h>
#include <unistd.h>

#include "front/virgl/delegate.h"
#include "judge.h"
#include "program.h"

#define CLEAN_EVERY 32u
#define LONGEST     10000000000ull // ns that a call may take
#define PIXELS      16384u         // bytes of the guest's memory

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define PROTOTYPE(type, name, parameters) type virgl_renderer_##name parameters;
VIRGL_DELEGATED(PROTOTYPE)
#undef PROTOTYPE
void virgl_set_log_callback(void (*callback)(int level, const char *line, void *data), void *data,
                            void (*free_data)(void *));

static struct pv_core *core; // for its commands and its driver; the library has one of its own
static bool library_is_up;
static atomic_bool something_was_lost; // then the driver is not called any more, and keeps what it has
static uint8_t guest_memory[PIXELS];
static struct iovec guest_iov = {guest_memory, sizeof guest_memory};

static uint32_t context_of(const struct step *s)
{
   return s->arg % 4u; // 0 is none
}

static uint32_t resource_of(const struct step *s)
{
   return s->arg / 4u % 8u;
}

// --- steps
// --------------------------------------------------------------------------------------------------------------

static void make_context(const struct step *s)
{
   // Its flags are the guest's, too; mostly good ones.
   virgl_renderer_context_create_with_flags(context_of(s), s->words ? step_word(s, 0) : VIRGL_CAPSET_VENUS, 4, "fuzz");
}

static void make_plain_context(const struct step *s)
{
   virgl_renderer_context_create(context_of(s), (uint32_t)step_size(s), (const char *)s->bytes);
}

static void end_context(const struct step *s)
{
   virgl_renderer_context_destroy(context_of(s));
}

static void submit(const struct step *s)
{
   if (s->words)
      virgl_renderer_submit_cmd((void *)s->bytes, (int)context_of(s), s->words);
}

// A guest as it should be; of what is there already the door refuses a second one.
static void submit_population(const struct step *s)
{
   const VkCommandStreamDescriptionMESA window = {.resourceId = 1, .size = WINDOW};
   uint8_t replies[256];
   struct pv_writer w = {.p = replies, .end = replies + sizeof replies};
   size_t size;
   virgl_renderer_context_create_with_flags(context_of(s), VIRGL_CAPSET_VENUS, 4, "fuzz");
   for (uint32_t id = 1; id <= 2; id++) {
      const struct virgl_create_blob_args args = {.res_handle = id,
                                                  .ctx_id = context_of(s),
                                                  .blob_mem = VIRGL_BLOB_MEM_HOST3D,
                                                  .blob_flags = PV_BLOB_MAPPABLE,
                                                  .size = SHARED};
      virgl_renderer_resource_create_blob(&args);
   }
   pv_enc_vkSetReplyCommandStreamMESA(&w, 0, &(struct pv_args_vkSetReplyCommandStreamMESA){.pStream = &window});
   virgl_renderer_submit_cmd(replies, (int)context_of(s), (int)((w.p - replies) / 4));
   const uint8_t *commands = everything_population(&size);
   virgl_renderer_submit_cmd((void *)commands, (int)context_of(s), (int)(size / 4));
}

static void fence(const struct step *s)
{
   virgl_renderer_context_create_fence(context_of(s), step_word(s, 1), step_word(s, 0), step_word(s, 2));
}

static void fence_of_none(const struct step *s)
{
   virgl_renderer_create_fence((int)step_word(s, 0), 0);
}

static void poll_it(const struct step *s)
{
   virgl_renderer_poll();
   virgl_renderer_context_poll(context_of(s));
   virgl_renderer_context_get_poll_fd(context_of(s));
}

static void make_blob(const struct step *s)
{
   const struct virgl_create_blob_args args = {.res_handle = resource_of(s),
                                               .ctx_id = context_of(s),
                                               .blob_mem = s->words ? step_word(s, 0) : VIRGL_BLOB_MEM_HOST3D,
                                               .blob_flags = s->words ? step_word(s, 1) : 1,
                                               .blob_id = step_long(s, 2),
                                               .size = s->words ? step_long(s, 4) : SHARED,
                                               .iovecs = &guest_iov,
                                               .num_iovs = 1};
   virgl_renderer_resource_create_blob(&args);
}

static void map_resource(const struct step *s)
{
   void *map = NULL;
   uint64_t size = 0;
   uint32_t info;
   virgl_renderer_resource_get_map_info(resource_of(s), &info);
   if (virgl_renderer_resource_map(resource_of(s), &map, &size))
      return;
   if (!map || !size)
      judge_fail("a mapping of %llu bytes at %p", (unsigned long long)size, map);
   if (step_size(s) && step_size(s) <= size)
      memcpy(map, s->bytes, step_size(s)); // what the guest writes there
}

static void unmap_resource(const struct step *s)
{
   virgl_renderer_resource_unmap(resource_of(s));
}

static void export_resource(const struct step *s)
{
   uint32_t type;
   int fd = -1;
   if (!virgl_renderer_resource_export_blob(resource_of(s), &type, &fd))
      close(fd);
}

static void attach(const struct step *s)
{
   virgl_renderer_ctx_attach_resource((int)context_of(s), (int)resource_of(s));
}

static void detach(const struct step *s)
{
   virgl_renderer_ctx_detach_resource((int)context_of(s), (int)resource_of(s));
}

static void end_resource(const struct step *s)
{
   virgl_renderer_resource_unref(resource_of(s));
}

static void make_pixels(const struct step *s)
{
   struct virgl_resource_create_args args = {.handle = resource_of(s),
                                             .target = step_word(s, 0),
                                             .format = step_word(s, 1),
                                             .bind = step_word(s, 2),
                                             .width = step_word(s, 3),
                                             .height = step_word(s, 4),
                                             .depth = step_word(s, 5),
                                             .array_size = step_word(s, 6),
                                             .last_level = step_word(s, 7),
                                             .nr_samples = step_word(s, 8),
                                             .flags = step_word(s, 9)};
   virgl_renderer_resource_create(&args, NULL, 0);
}

static void transfer(const struct step *s)
{
   struct virgl_box box = {step_word(s, 0), step_word(s, 1), step_word(s, 2),
                           step_word(s, 3), step_word(s, 4), step_word(s, 5)};
   uint64_t offset = step_long(s, 6);
   uint32_t stride = step_word(s, 8), layer = step_word(s, 9);
   if (step_word(s, 10) & 1)
      virgl_renderer_transfer_read_iov(resource_of(s), context_of(s), 0, stride, layer, &box, offset, NULL, 0);
   else
      virgl_renderer_transfer_write_iov(resource_of(s), context_of(s), 0, stride, layer, &box, offset, NULL, 0);
}

static void give_pages(const struct step *s)
{
   virgl_renderer_resource_attach_iov((int)resource_of(s), &guest_iov, 1);
}

static void take_pages(const struct step *s)
{
   struct iovec *iov;
   int count;
   virgl_renderer_resource_detach_iov((int)resource_of(s), &iov, &count);
}

static void ask(const struct step *s)
{
   struct virgl_resource_info info;
   struct virgl_resource_info_ext more;
   uint32_t version, size;
   uint8_t caps[PV_CAPSET_SIZE];
   virgl_renderer_get_cap_set(step_word(s, 0), &version, &size);
   if (size > sizeof caps)
      judge_fail("a capset of %u bytes", size);
   virgl_renderer_fill_caps(step_word(s, 0), step_word(s, 1), caps);
   virgl_renderer_resource_get_info((int)resource_of(s), &info);
   virgl_renderer_resource_get_info_ext((int)resource_of(s), &more);
   free(virgl_renderer_get_cursor_data(resource_of(s), &version, &size));
}

static void reset(const struct step *s)
{
   (void)s;
   virgl_renderer_reset();
}

static void (*const kinds[])(const struct step *) = {
   make_context, make_plain_context, end_context,  submit,         submit_population, fence,  fence_of_none,
   poll_it,      make_blob,          map_resource, unmap_resource, export_resource,   attach, detach,
   end_resource, make_pixels,        transfer,     give_pages,     take_pages,        ask,    reset,
};
#define KINDS (sizeof kinds / sizeof *kinds)
enum { MAKE_CONTEXT = 0, SUBMIT = 3, MAKE_BLOB = 8, MAKE_PIXELS = 15, TRANSFER = 16 };

void program_make_step(struct rand *g, struct step *out, uint8_t *room)
{
   static const uint32_t words[KINDS] = {[5] = 3, [6] = 1, [9] = 8, [MAKE_PIXELS] = 10, [TRANSFER] = 11, [19] = 2};
   out->kind = (uint8_t)(rand_next(g) % 3 ? rand_next(g) % KINDS : SUBMIT);
   out->arg = (uint8_t)(1 + rand_next(g) % 2 + rand_next(g) % 4 * 4);
   out->words = (uint16_t)words[out->kind];
   out->bytes = room;
   if (out->kind == SUBMIT) {
      program_make_command(g, out, room);
   } else if (out->kind == MAKE_BLOB && rand_next(g) % 2) {
      const uint32_t blob[] = {rand_next(g) % 4 ? VIRGL_BLOB_MEM_HOST3D : (uint32_t)(rand_next(g) % 5),
                               (uint32_t)(rand_next(g) % 8),
                               rand_next(g) % 2 ? 0 : OBJECT_ID(PV_OBJECT_VkDeviceMemory),
                               0,
                               65536,
                               0};
      memcpy(room, blob, sizeof blob);
      out->words = 6;
   } else if (out->kind == MAKE_PIXELS) { // 2D, of some format, up to 64 by 64
      const uint32_t pixels[] = {2,
                                 1 + (uint32_t)(rand_next(g) % 2),
                                 2,
                                 1 + (uint32_t)(rand_next(g) % 64),
                                 1 + (uint32_t)(rand_next(g) % 64),
                                 1,
                                 1,
                                 0,
                                 0,
                                 0};
      memcpy(room, pixels, sizeof pixels);
   } else {
      for (unsigned i = 0; i < out->words; i++)
         pv_store32(room + i * 4u, (uint32_t)(rand_next(g) % (rand_next(g) % 8 ? 64 : UINT32_MAX)));
   }
}

size_t program_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room)
{
   return mutate_damage(g, bytes, size, room);
}

// --- inputs
// -------------------------------------------------------------------------------------------------------------

static void retired(void *cookie, uint32_t fence_id)
{
   (void)cookie, (void)fence_id;
}

static void context_retired(void *cookie, uint32_t context, uint32_t ring_idx, uint64_t fence_id)
{
   (void)cookie, (void)context, (void)ring_idx, (void)fence_id;
}

static void on_line(int level, const char *line, void *data)
{
   (void)level, (void)data;
   if (strstr(line, "lost")) // by whichever thread
      atomic_store(&something_was_lost, true);
}

static void bring_up(const struct program *p)
{
   static struct virgl_callbacks callbacks = {
      .version = 3, .write_fence = retired, .write_context_fence = context_retired};
   const int flags = VIRGL_INIT_VENUS | VIRGL_INIT_NO_VIRGL | (p->head[1] & 1 ? VIRGL_INIT_THREAD_SYNC : 0) |
                     (p->head[1] & 2 ? VIRGL_INIT_ASYNC_FENCE_CB : 0) | (p->head[1] & 4 ? VIRGL_INIT_RENDER_SERVER : 0);
   if (!library_is_up && virgl_renderer_init(NULL, flags, &callbacks))
      judge_fail("the library does not start");
   library_is_up = true;
}

static void clean_up(void)
{
   if (library_is_up)
      virgl_renderer_cleanup(NULL);
   library_is_up = false;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
   (void)argc, (void)argv;
   setenv("CMOCKA_TEST_ABORT", "1", 1); // what is found is a crash
   setenv("PEARVISOR_RENDERER", "in-process", 1);
   setenv("PEARVISOR_DRIVER", FAKEHOST, 1);
   setenv("PEARVISOR_VIRGL", "none", 1);
   judge_leave_crashes();
   virgl_set_log_callback(on_line, NULL, NULL);
   atexit(clean_up); // or what its thread has would count as leaked
   core = everything_start(FAKEHOST, true);
   return core ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   static unsigned number;
   static unsigned fds; // open while the library is down
   struct program p;
   program_read(&p, data, size);
   judge_begin("a VMM of %u steps", p.count);
   if (!library_is_up)
      fds = judge_descriptors();
   bring_up(&p);
   for (unsigned i = 0; i < p.count; i++) {
      judge_step("step %u of kind %u", i, p.steps[i].kind % (unsigned)KINDS);
      uint64_t begin = pv_now();
      kinds[p.steps[i].kind % KINDS](&p.steps[i]);
      if (pv_now() - begin > LONGEST)
         judge_fail("a call took %llu ms", (unsigned long long)(pv_now() - begin) / 1000000);
   }
   virgl_renderer_reset();
   if (p.head[0] & 1 || ++number % CLEAN_EVERY == 0)
      clean_up();
   if (library_is_up)
      return 0;
   if (judge_descriptors() != fds)
      judge_fail("%u descriptors were open, and now %u are", fds, judge_descriptors());
   if (fake_misuses())
      judge_fail("the driver was misused");
   if (!atomic_exchange(&something_was_lost, false) && fake_live())
      judge_fail("%llu objects of the driver's were left", (unsigned long long)fake_live());
   fake_forget();
   return 0;
}
