// SPDX-License-Identifier: MIT
//
// Log: levels, cutting, and that nothing unprintable gets through.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
// cmocka.h wants the ones above first
#include <cmocka.h>

#include "base/log.h"

static char last_line[2048];
static int last_level, lines;

static void remember(void *data, int level, const char *line)
{
   assert_ptr_equal(data, &lines);
   snprintf(last_line, sizeof last_line, "%s", line);
   last_level = level;
   lines++;
}

static void only_asked_for_levels_reach_the_sink(void **state)
{
   lines = 0;
   pv_log_set(remember, &lines, PV_LOG_INFO);
   pv_debug("no");
   assert_int_equal(lines, 0);
   pv_info("value %d of %s", 7, "nine");
   assert_string_equal(last_line, "value 7 of nine");
   assert_int_equal(last_level, PV_LOG_INFO);
   pv_warn("w");
   assert_int_equal(last_level, PV_LOG_WARN);
   pv_error("e");
   assert_int_equal(last_level, PV_LOG_ERROR);
   assert_int_equal(lines, 3);
   pv_log_set(remember, &lines, PV_LOG_ERROR);
   pv_warn("no");
   assert_int_equal(lines, 3);
}

static void control_bytes_are_replaced(void **state)
{
   pv_log_set(remember, &lines, PV_LOG_ERROR);
   pv_error("a\nb\tc\033[31m\x7f \xc3\xa9");
   assert_string_equal(last_line, "a?b?c?[31m? \xc3\xa9");
}

static void long_lines_are_cut(void **state)
{
   char text[3000];
   memset(text, 'x', sizeof text - 1);
   text[sizeof text - 1] = 0;
   pv_log_set(remember, &lines, PV_LOG_ERROR);
   pv_error("%s", text);
   assert_int_equal(strlen(last_line), 1023);
   assert_memory_equal(last_line, text, 1023);
}

static void without_a_sink_lines_go_to_stderr(void **state)
{
   int pipe_fds[2], saved = dup(STDERR_FILENO);
   assert_int_equal(pipe(pipe_fds), 0);
   dup2(pipe_fds[1], STDERR_FILENO);
   pv_log_set(NULL, NULL, PV_LOG_WARN);
   pv_warn("one %s", "line");
   pv_info("not this one");
   dup2(saved, STDERR_FILENO);
   close(saved);
   close(pipe_fds[1]);
   char text[256] = {0};
   assert_true(read(pipe_fds[0], text, sizeof text - 1) > 0);
   assert_string_equal(text, "pearvisor: one line\n");
   assert_int_equal(read(pipe_fds[0], text, sizeof text), 0);
   close(pipe_fds[0]);
}

int main(void)
{
   const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_asked_for_levels_reach_the_sink),
      cmocka_unit_test(control_bytes_are_replaced),
      cmocka_unit_test(long_lines_are_cut),
      cmocka_unit_test(without_a_sink_lines_go_to_stderr),
   };
   return cmocka_run_group_tests(tests, NULL, NULL);
}
