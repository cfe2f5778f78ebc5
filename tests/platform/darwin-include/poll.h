// SPDX-License-Identifier: MIT
#pragma once

typedef unsigned int nfds_t;

#define POLLIN   1
#define POLLPRI  2
#define POLLOUT  4
#define POLLERR  8
#define POLLHUP  16
#define POLLNVAL 32

struct pollfd {
   int fd;
   short events;
   short revents;
};

int poll(struct pollfd *fds, nfds_t count, int timeout);
