// SPDX-License-Identifier: MIT
#pragma once

#include <sys/time.h>

#define PRIO_PROCESS    0
#define RLIMIT_DATA     2
#define RLIMIT_CORE     4
#define RLIMIT_AS       5
#define RLIMIT_NOFILE   8
#define RLIM_INFINITY   ((rlim_t)INT64_MAX)
#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)

typedef uint64_t rlim_t;

struct rlimit {
   rlim_t rlim_cur;
   rlim_t rlim_max;
};

struct rusage {
   struct timeval ru_utime;
   struct timeval ru_stime;
   long ru_maxrss;
};

int getrlimit(int resource, struct rlimit *out);
int setrlimit(int resource, const struct rlimit *limit);
int getrusage(int who, struct rusage *out);
int setpriority(int which, id_t who, int value);
