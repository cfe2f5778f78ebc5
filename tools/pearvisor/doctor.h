// SPDX-License-Identifier: MIT
//
// Inside `pearvisor doctor`: what was found, the surveys it sends out, and who looks at what.
#ifndef PEARVISOR_DOCTOR_H
#define PEARVISOR_DOCTOR_H

#include "cli.h"

enum doctor_state { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_PROBLEM };

#define DOCTOR_LINE 512

// One thing looked at: what was found in one line and, unless it is good, what to do about it in another.
struct doctor_finding {
   enum doctor_state state;
   const char *check; // a short name for scripts
   char cause[DOCTOR_LINE], fix[DOCTOR_LINE];
};

#define DOCTOR_FINDINGS 128
struct doctor {
   const struct cli_settings *settings;
   struct doctor_finding findings[DOCTOR_FINDINGS];
   size_t count;
};

__attribute__((format(printf, 3, 4))) void doctor_good(struct doctor *doctor, const char *check, const char *format,
                                                       ...);
// Adds a finding that is not good; `cause` and `fix` are one line each, for doctor_say().
struct doctor_finding *doctor_bad(struct doctor *doctor, enum doctor_state state, const char *check);
// Fills in its cause or its fix.
__attribute__((format(printf, 2, 3))) void doctor_say(char field[DOCTOR_LINE], const char *format, ...);

// What a survey said. A survey is a process of its own: drivers crash and hang, and the loader keeps what it has seen.
struct doctor_survey {
   char out[16384]; // standard output
   char last[512];  // the last line of standard error
   int status;      // as waitpid has it
   bool hung;       // it was ended because it took too long
};

// Runs `pearvisor ARGUMENT...` (NULL-terminated, without the program's own name) with `changes` made to the
// environment (NULL-terminated "NAME=value", or "NAME" to remove one; may be NULL itself). Blocks until it has ended or
// been ended. False if it could not be started.
bool doctor_send(const char *const *arguments, const char *const *changes, struct doctor_survey *out);
// Appends what the user said about GPU and driver to a command line: at most four words. The new length.
size_t doctor_add_choice(const struct cli_settings *settings, const char **arguments, size_t n);
// True if it ended well.
bool doctor_went_well(const struct doctor_survey *survey);
// Why it did not: "crashed (signal 11)", "did not answer within 30 s", or what it said last.
void doctor_why(const struct doctor_survey *survey, char *out, size_t size);

#define DOCTOR_VENUS 22 // VK_DRIVER_ID_MESA_VENUS
// One device as a survey of Vulkan lists it.
struct doctor_device {
   char name[256], driver[256], driver_info[256];
   unsigned api_major, api_minor, type, driver_id;
   int device_result; // of vkCreateDevice
   bool swapchain;
};
// Reads the next device of a survey's output; `*at` moves on. False at the end.
bool doctor_next_device(const char **at, struct doctor_device *out);

// The library a driver manifest names, as ld.so wants it. False if there is none; errno says whether the file could be
// read (0).
bool doctor_library_of(const char *manifest, char *out, size_t size);

// Who looks at what.
void doctor_look_at_host(struct doctor *doctor);
void doctor_look_at_guest(struct doctor *doctor);

#endif
