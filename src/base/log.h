// SPDX-License-Identifier: MIT
//
// Log: one line per event, to one sink per process. Never called on the hot path.
#ifndef PV_BASE_LOG_H
#define PV_BASE_LOG_H

enum pv_log_level { PV_LOG_ERROR, PV_LOG_WARN, PV_LOG_INFO, PV_LOG_DEBUG };

typedef void (*pv_log_sink)(void *data, int level, const char *line);

// Sets the sink and the most talkative level that reaches it. A NULL sink writes "pearvisor: line" to stderr, which is
// also the state at start, at PV_LOG_WARN. Call before threads exist.
void pv_log_set(pv_log_sink sink, void *data, int level);

// Formats one line (cut at 1023 bytes, control bytes replaced by '?') and hands it to the sink. Thread-safe:
// the sink sees one line at a time, and must not log.
void pv_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define pv_error(...) pv_log(PV_LOG_ERROR, __VA_ARGS__)
#define pv_warn(...)  pv_log(PV_LOG_WARN, __VA_ARGS__)
#define pv_info(...)  pv_log(PV_LOG_INFO, __VA_ARGS__)
#define pv_debug(...) pv_log(PV_LOG_DEBUG, __VA_ARGS__)

#endif
