// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>
#include <time.h>
struct kevent {
   uintptr_t ident;
   int16_t filter;
   uint16_t flags;
   uint32_t fflags;
   intptr_t data;
   void *udata;
};
#define EVFILT_READ (-1)
#define EV_ADD      0x0001
#define EV_DELETE   0x0002
#define EV_SET(event, i, f, how, ff, d, u)                                                                             \
   (*(event) = (struct kevent){.ident = (i), .filter = (f), .flags = (how), .fflags = (ff), .data = (d), .udata = (u)})
int kqueue(void);
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
           const struct timespec *timeout);
