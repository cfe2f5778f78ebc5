// SPDX-License-Identifier: MIT
//
// The vtest door: a unix socket for stock Mesa guests, one worker process per client. Rules as in renderer.h.
#ifndef PEARVISOR_SERVER_H
#define PEARVISOR_SERVER_H

#include <pearvisor/renderer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pv_server pv_server;

struct pv_server_params {
   const char *socket;   // path; at most 107 bytes
   uint32_t socket_mode; // 0: 0600
   // NULL-terminated argv that starts a worker, [0] a path. The server appends "--fd N", "--client N" (a number for the
   // log) and, with a stats_file, "--stats FILE"; the worker must call pv_worker_run with them.
   const char *const *worker;
   uint32_t max_clients;   // at once; 0: 64
   const char *stats_file; // each worker appends one JSON line when its client leaves; NULL: none
   // Workers start in a user and a PID namespace of their own, where the system permits, and with an environment that
   // has only what drivers look at. What pv_worker_jail does belongs to it.
   bool isolated;
};

// Binds the socket. Loads no Vulkan driver, ever. A stale socket file is replaced; -EADDRINUSE if a server answers on
// it.
PV_API int pv_server_create(const struct pv_server_params *params, pv_server **out);
// Accepts clients until pv_server_stop; then ends every worker, removes the socket and returns 0.
PV_API int pv_server_run(pv_server *server);
// Makes pv_server_run return. Async-signal-safe.
PV_API void pv_server_stop(pv_server *server);
PV_API void pv_server_destroy(pv_server **server);

// The worker's side, before all else, while it has one thread and no driver: puts this process into the sandbox, out of
// which it never comes; pv_worker_run and pv_vm_worker_run make it tighter once the driver is up. What the worker will
// have to reach must be named. -EINVAL: no such sandbox; -EPERM: "strict", and the system refuses a part; both are
// logged.
struct pv_sandbox_params {
   const char *sandbox; // "strict", "default" or "off"; NULL: what PEARVISOR_SANDBOX says, else "default"
   const char *driver;  // of pv_renderer_params
   const char *record;  // folder that recordings go to; NULL: none
   const char *stats;   // file of pv_worker_run, made if it is not there; NULL: none
   bool trial;          // this process is no worker: it finds out what one could have
   bool announce;       // log what could not be applied
};
PV_API int pv_worker_jail(const struct pv_sandbox_params *params);

// The worker's side: serves the one client whose connection is `fd` (taken over) until it leaves, then returns 0.
// -EPROTO if the client broke the protocol. `stats_file` as above.
PV_API int pv_worker_run(int fd, const struct pv_renderer_params *params, const char *stats_file);

// The same for the worker of a virtual machine, which our libvirglrenderer starts: serves it at `fd` (taken over) until
// the VMM closes its end.
PV_API int pv_vm_worker_run(int fd, const struct pv_renderer_params *params);

#ifdef __cplusplus
}
#endif
#endif
