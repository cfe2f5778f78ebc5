// SPDX-License-Identifier: MIT
//
// The one sink of the process. Lines often quote what a guest sent, so nothing but printable bytes reaches a terminal.
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024 // terminator included

static struct {
   pthread_mutex_t lock; // one line at a time reaches the sink
   pv_log_sink sink;
   void *data;
   int level;
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = PV_LOG_WARN};

void pv_log_set(pv_log_sink sink, void *data, int level)
{
   the_log.sink = sink;
   the_log.data = data;
   the_log.level = level;
}

// One write per line, so that lines of several processes on one stderr do not mix.
static void write_stderr(const char *line)
{
   static const char prefix[] = "pearvisor: ";
   char text[sizeof prefix + LINE_BYTES];
   int size = snprintf(text, sizeof text, "%s%s\n", prefix, line);
   while (write(STDERR_FILENO, text, (size_t)size) < 0 && errno == EINTR)
      ;
}

static void make_printable(char *line)
{
   for (unsigned char *p = (unsigned char *)line; *p; p++)
      if (*p < 0x20 || *p == 0x7f)
         *p = '?';
}

void pv_log(int level, const char *format, ...)
{
   if (level > the_log.level)
      return;

   int saved = errno; // the caller may be about to look at it
   char line[LINE_BYTES];
   va_list args;
   va_start(args, format);
   if (vsnprintf(line, sizeof line, format, args) < 0)
      snprintf(line, sizeof line, "(a line that could not be formatted)");
   va_end(args);
   make_printable(line);

   pthread_mutex_lock(&the_log.lock);
   if (the_log.sink)
      the_log.sink(the_log.data, level, line);
   else
      write_stderr(line);
   pthread_mutex_unlock(&the_log.lock);
   errno = saved;
}
