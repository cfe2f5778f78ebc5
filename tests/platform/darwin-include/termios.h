// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

typedef unsigned long tcflag_t;
typedef unsigned char cc_t;
typedef unsigned long speed_t;

struct termios {
   tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
   cc_t c_cc[20];
   speed_t c_ispeed, c_ospeed;
};

#define TCSANOW   0
#define TCSADRAIN 1
#define TCSAFLUSH 2

int tcgetattr(int fd, struct termios *out);
int tcsetattr(int fd, int when, const struct termios *in);
void cfmakeraw(struct termios *raw);
