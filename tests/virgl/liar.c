// SPDX-License-Identifier: MIT
//
// A worker that has fallen into a guest's hands: it answers a VMM as LIAR says. Started as the real one is.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "base/os.h"
#include "front/vm_wire.h"

#define CONTROL 3

static const char *lie;

static bool is(const char *name)
{
   return !strcmp(lie, name);
}

static void send_all(int to, const void *bytes, size_t size, int fd)
{
   if (pv_vm_send(to, bytes, size, fd))
      exit(0);
}

// A file of `size` bytes, as large as the real one or not.
static int file_of(uint64_t size)
{
   int fd = -1;
   if (is("unsealed")) {
      fd = memfd_create("liar", 0);
      if (fd >= 0 && ftruncate(fd, (off_t)size))
         exit(1);
   } else if (pv_shm_create("liar", is("short") ? 4096 : size, &fd)) {
      exit(1);
   }
   return fd;
}

static void answer_blob(int context, const struct pv_vm_request *request)
{
   struct pv_vm_answer answer = {.map_info = 1, .size = request->size};
   int fd = -1;
   if (is("silent"))
      return;
   if (is("positive"))
      answer.ret = 7;
   if (is("empty"))
      answer.size = 0;
   if (is("larger"))
      answer.size = request->size + (UINT64_C(1) << 32);
   if (is("pointer"))
      answer.pointer = 4096; // somewhere in the VMM
   else
      fd = file_of(answer.size ? answer.size : 4096);
   if (is("dribbling")) {
      for (size_t i = 0; i < sizeof(answer); i++) {
         send_all(context, (char *)&answer + i, 1, i ? -1 : fd);
         usleep(600000);
      }
      return;
   }
   if (is("many"))
      for (int i = 0; i < 4; i++)
         send_all(context, (char *)&answer + i, 1, fd);
   send_all(context, (char *)&answer + (is("many") ? 4 : 0), sizeof(answer) - (is("many") ? 4 : 0), fd);
   if (fd >= 0)
      close(fd);
}

static void serve(int context, int events)
{
   struct pv_vm_request request;
   char waste[4096];
   while (!pv_vm_receive(context, &request, sizeof(request), NULL)) {
      for (uint64_t left = request.op == PV_VM_SUBMIT ? request.size : 0; left;) {
         size_t n = left < sizeof(waste) ? (size_t)left : sizeof(waste);
         if (pv_vm_receive(context, waste, n, NULL))
            return;
         left -= n;
      }
      if (request.op == PV_VM_BLOB)
         answer_blob(context, &request);
      if (request.op == PV_VM_FENCE && is("fences")) { // nobody's, and then the right one, twice
         const struct pv_vm_event lies[] = {{99, 3, 1},
                                            {request.context, 9, request.id},
                                            {1, request.flags, request.id + 1000},
                                            {1, request.flags, request.id},
                                            {1, request.flags, request.id}};
         send_all(events, lies, sizeof(lies), -1);
      }
   }
}

int main(int argc, char **argv)
{
   struct pv_vm_request request;
   struct pv_vm_hello hello = {.ret = 0};
   char name[64];
   int events = -1, context = -1;
   lie = getenv("PEARVISOR_LIAR") ? getenv("PEARVISOR_LIAR") : "";
   if (pv_vm_receive(CONTROL, &request, sizeof(request), &events))
      return 1;
   memset(hello.capset, 1, sizeof(hello.capset));
   if (is("refusing"))
      hello.ret = 5;
   send_all(CONTROL, &hello, is("half") ? 7 : sizeof(hello), -1);
   if (is("half"))
      return 0;
   while (!pv_vm_receive(CONTROL, &request, sizeof(request), &context)) {
      if (request.size > sizeof(name) || pv_vm_receive(CONTROL, name, request.size, NULL))
         return 1;
      serve(context, events);
      close(context);
   }
   return 0;
}
