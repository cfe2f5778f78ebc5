// SPDX-License-Identifier: MIT
//
// Listen: the server's socket file. A socket somebody answers on is never taken away from him; one left behind by a
// server that died is replaced.
#ifndef PV_FRONT_LISTEN_H
#define PV_FRONT_LISTEN_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/un.h>

struct pv_listener {
   int fd;
   char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
   dev_t device; // which file is ours, should somebody have replaced it meanwhile
   ino_t inode;
};

// Binds and listens; nobody outside `mode` can connect at any time. One log line says what is wrong: -EADDRINUSE a
// server answers there, -ENAMETOOLONG, -EEXIST something that is not a socket is there, or another -errno.
int pv_listener_open(struct pv_listener *listener, const char *path, uint32_t mode);

// Stops listening and removes the file if it is still ours. Does nothing when closed already.
void pv_listener_close(struct pv_listener *listener);

#endif
