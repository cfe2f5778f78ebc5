// SPDX-License-Identifier: MIT
//
// The vtest door: any requests on its socket, up to a client that leaves in the middle. In one process, with the real
// door and the real core on the host driver that watches (hostile/fakehost.c). What must hold: the door comes back,
// says at most one line why it ends the conversation, and leaves no descriptor, mapping of the driver's or object
// behind.
//
// Head: byte 0, bit 0: the client does not introduce itself; bit 1: it sends a descriptor along, which nobody wants;
// bit 2: it writes in pieces of 7 bytes; bit 3: it never reads. Byte 1: every how many creations the driver refuses.
// Steps: kind 0 (of 8), bytes as they are; 1, commands that make an object of every type; 2, commands in a submission;
// else the request whose number is the argument, with the payload as its own.
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/vtest.h"
#include "judge.h"
#include "program.h"

#define NUMBERS         26u // of requests, and one more than there are
#define CREATE_RENDERER 8u
#define BLOB            18u
#define SUBMIT          24u
#define BATCH_WORDS     7u // the count and one old header
#define SENT            (4u << 20)
#define PIECE           7u
#define LONGEST         10000000000ull // ns that a conversation may take

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct pv_core *core; // for its commands and its driver; clients get one each
static uint8_t *sent;

struct client {
   int fd;
   size_t size;
   uint8_t flags;
};

// --- steps
// --------------------------------------------------------------------------------------------------------------

static void make_request(struct rand *g, struct step *out, uint8_t *room)
{
   static const uint8_t numbers[] = {3, 7, 10, 11, 15, 16, 17, 18, 18, 18, 19, 19, 20, 21, 22, 23, 24};
   static const uint8_t words[NUMBERS] = {[3] = 1,  [7] = 2,  [11] = 1, [15] = 1, [16] = 2, [17] = 1, [18] = 6,
                                          [19] = 2, [20] = 1, [21] = 1, [22] = 3, [23] = 5, [24] = 7};
   out->arg = numbers[rand_next(g) % sizeof numbers];
   out->words = words[out->arg];
   for (unsigned i = 0; i < out->words; i++) // small numbers are what resources, syncs and timelines are called by
      pv_store32(room + i * 4, rand_next(g) % 8 ? (uint32_t)(rand_next(g) % 5) : (uint32_t)rand_next(g));
   if (out->arg == 15 || out->arg == 17)
      pv_store32(room, out->arg == 15 ? 1 : PV_CAPSET_VENUS);
   if (out->arg == BLOB) { // shared memory, and sometimes memory of the driver's
      const uint32_t blob[] = {2, PV_BLOB_MAPPABLE, rand_next(g) % 4 ? SHARED : 65536, 0, 0, 0};
      memcpy(room, blob, sizeof blob);
      if (rand_next(g) % 4 == 0)
         pv_store32(room + 16, OBJECT_ID(PV_OBJECT_VkDeviceMemory));
   }
   out->bytes = room;
}

void program_make_step(struct rand *g, struct step *out, uint8_t *room)
{
   out->kind = (uint8_t)(rand_next(g) % 2 ? 2 : rand_next(g) % 8);
   if (out->kind == 2)
      program_make_command(g, out, room);
   else if (out->kind > 2)
      make_request(g, out, room);
}

size_t program_damage(struct rand *g, uint8_t *bytes, size_t size, size_t room)
{
   return mutate_damage(g, bytes, size, room);
}

static size_t put(size_t at, const void *bytes, size_t size)
{
   if (!size || size > SENT - at)
      return at;
   memcpy(sent + at, bytes, size);
   return at + size;
}

static size_t put_words(size_t at, const uint32_t *words, size_t count)
{
   return put(at, words, count * 4);
}

static size_t put_submission(size_t at, const uint8_t *commands, size_t size)
{
   const uint32_t words = (uint32_t)(size / 4);
   const uint32_t head[2 + BATCH_WORDS] = {BATCH_WORDS + words, SUBMIT, 1, 0, BATCH_WORDS, words, 0, 0, 0};
   at = put_words(at, head, 2 + BATCH_WORDS);
   return put(at, commands, size);
}

// What a stock client does first: a context, shared memory, a window for replies.
static size_t put_opening(size_t at)
{
   static const uint32_t open[] = {1, 17, PV_CAPSET_VENUS}, blob[] = {6, BLOB, 2, PV_BLOB_MAPPABLE, SHARED, 0, 0, 0};
   const VkCommandStreamDescriptionMESA window = {.resourceId = 1, .size = WINDOW};
   uint8_t replies[256];
   struct pv_writer w = {.p = replies, .end = replies + sizeof replies};
   pv_enc_vkSetReplyCommandStreamMESA(&w, 0, &(struct pv_args_vkSetReplyCommandStreamMESA){.pStream = &window});
   at = put_words(at, open, 3);
   at = put_words(at, blob, 8);
   at = put_words(at, blob, 8);
   return put_submission(at, replies, (size_t)(w.p - replies));
}

static size_t put_population(size_t at)
{
   size_t size;
   const uint8_t *commands = everything_population(&size);
   return put_submission(at, commands, size);
}

static size_t put_step(size_t at, const struct step *s)
{
   switch (s->kind % 8) {
   case 0:
      return put(at, s->bytes, step_size(s));
   case 1:
      return put_population(at);
   case 2:
      return put_submission(at, s->bytes, step_size(s));
   default: {
      const uint32_t head[2] = {s->words, s->arg % NUMBERS};
      at = put_words(at, head, 2);
      return put(at, s->bytes, step_size(s));
   }
   }
}

// --- the client
// ---------------------------------------------------------------------------------------------------------

// The next bytes; the descriptor that goes along is the socket itself. False: the door has hung up.
static bool send_some(const struct client *c, size_t *at, bool with_fd)
{
   size_t left = c->size - *at;
   struct pv_fd_room room;
   struct iovec iov = {sent + *at, c->flags & 4 && left > PIECE ? PIECE : left};
   struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
   if (with_fd)
      pv_fd_into_message(&msg, &room, c->fd);
   ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
   if (n > 0)
      *at += (size_t)n;
   return n >= 0 || errno == EAGAIN || errno == EINTR;
}

// Reads what there is and closes the descriptors that came with it. False: that was the end.
static bool receive_some(const struct client *c)
{
   static uint8_t waste[65536];
   union {
      struct cmsghdr align;
      char bytes[CMSG_SPACE(16 * sizeof(int))];
   } room;
   struct iovec iov = {waste, sizeof waste};
   struct msghdr msg = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
   ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
   for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); n > 0 && h; h = CMSG_NXTHDR(&msg, h)) {
      size_t count = h->cmsg_type == SCM_RIGHTS ? (h->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
      for (size_t i = 0; i < count; i++) {
         int fd;
         memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
         close(fd);
      }
   }
   return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void *be_client(void *user)
{
   const struct client *c = user;
   bool reads = !(c->flags & 8), more = true;
   for (size_t at = 0; more && at < c->size;) {
      struct pollfd poll_fd = {.fd = c->fd, .events = (short)(POLLOUT | (reads ? POLLIN : 0))};
      // One that never reads leaves when its own words no longer fit.
      if (poll(&poll_fd, 1, reads ? -1 : 20) <= 0 && !reads)
         break;
      if (reads && poll_fd.revents & POLLIN)
         more = receive_some(c);
      if (more && poll_fd.revents & (POLLOUT | POLLHUP | POLLERR))
         more = send_some(c, &at, !at && c->flags & 2);
   }
   shutdown(c->fd, reads ? SHUT_WR : SHUT_RDWR);
   while (reads && more) {
      struct pollfd poll_fd = {.fd = c->fd, .events = POLLIN};
      poll(&poll_fd, 1, -1);
      more = receive_some(c);
   }
   close(c->fd);
   return NULL;
}

// --- inputs
// -------------------------------------------------------------------------------------------------------------

static size_t write_all(const struct program *p)
{
   static const uint32_t name[] = {5, CREATE_RENDERER};
   size_t at = 0;
   if (!(p->head[0] & 1)) {
      at = put_words(at, name, 2);
      at = put(at, "fuzz", 5);
   }
   at = put_opening(at);
   if (!(p->head[0] & 16))
      at = put_population(at);
   for (unsigned i = 0; i < p->count; i++)
      at = put_step(at, &p->steps[i]);
   return at;
}

static void converse(struct client *c)
{
   const struct pv_core_params params = {
      .driver = FAKEHOST,
      .polled = true, // nobody would end the wait of a client that waits for a ring of its own
      .limits = {.memory = EVERYTHING_MEMORY, .command_temp = 64u << 20, .objects = EVERYTHING_OBJECTS}};
   int ends[2];
   pthread_t thread;
   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
      abort();
   c->fd = ends[0];
   struct pv_vtest *door = pv_vtest_create(ends[1], -1, &params);
   if (!door || pthread_create(&thread, NULL, be_client, c))
      abort();
   int ret = pv_vtest_serve(door);
   struct log log = log_so_far();
   // The context's own end is a line as well, and a guest may lose it first.
   if (ret == -EPROTO ? !log.others : ret != 0 && ret != -EPIPE && ret != -ECONNRESET)
      judge_fail("the door came back with %d, and the log says: %s", ret, log.last);
   pv_vtest_destroy(&door);
   pthread_join(thread, NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
   (void)argc, (void)argv;
   setenv("CMOCKA_TEST_ABORT", "1", 1); // what is found is a crash
   judge_leave_crashes();
   core = everything_start(FAKEHOST, true);
   sent = malloc(SENT);
   return core && sent ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
   struct program p;
   program_read(&p, data, size);
   struct client c = {.size = write_all(&p), .flags = p.head[0]};
   judge_begin("a client of %u steps", p.count);
   unsigned fds = judge_descriptors();
   uint64_t begin = pv_now();
   fake_fail(p.head[1] % 8 < 5 ? 0 : 20 + p.head[1] % 5u);
   converse(&c);
   fake_fail(0);
   if (pv_now() - begin > LONGEST)
      judge_fail("it took %llu ms", (unsigned long long)(pv_now() - begin) / 1000000);
   if (judge_descriptors() != fds)
      judge_fail("%u descriptors were open, and now %u are", fds, judge_descriptors());
   judge_driver(PV_CONTEXT_ALIVE);
   return 0;
}
