// SPDX-License-Identifier: MIT
//
// pearvisor doctor: why guests get no GPU, or a software one unawares. It tries everything as it is used later: loads
// the drivers, makes devices, starts a server and becomes its guest.
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {"ok", "warning", "problem"};

static struct doctor_finding *add(struct doctor *doctor, enum doctor_state state, const char *check)
{
   // The last place takes whatever no longer fits: the first causes are the ones worth reading.
   size_t i = doctor->count < DOCTOR_FINDINGS ? doctor->count++ : DOCTOR_FINDINGS - 1;
   doctor->findings[i] = (struct doctor_finding){.state = state, .check = check};
   return &doctor->findings[i];
}

void doctor_good(struct doctor *doctor, const char *check, const char *format, ...)
{
   struct doctor_finding *finding = add(doctor, DOCTOR_GOOD, check);
   va_list args;
   va_start(args, format);
   vsnprintf(finding->cause, sizeof(finding->cause), format, args);
   va_end(args);
}

struct doctor_finding *doctor_bad(struct doctor *doctor, enum doctor_state state, const char *check)
{
   return add(doctor, state, check);
}

void doctor_say(char field[DOCTOR_LINE], const char *format, ...)
{
   va_list args;
   va_start(args, format);
   vsnprintf(field, DOCTOR_LINE, format, args);
   va_end(args);
}

static size_t count_state(const struct doctor *doctor, enum doctor_state state)
{
   size_t n = 0;
   for (size_t i = 0; i < doctor->count; i++)
      n += doctor->findings[i].state == state;
   return n;
}

static void print_json(const struct doctor *doctor)
{
   printf("{\"problems\": %zu, \"warnings\": %zu, \"findings\": [", count_state(doctor, DOCTOR_PROBLEM),
          count_state(doctor, DOCTOR_WARNING));
   for (size_t i = 0; i < doctor->count; i++) {
      const struct doctor_finding *finding = &doctor->findings[i];
      printf("%s\n  {\"check\": \"%s\", \"state\": \"%s\", \"cause\": ", i ? "," : "", finding->check,
             state_names[finding->state]);
      cli_print_json_string(finding->cause);
      if (finding->state != DOCTOR_GOOD) {
         printf(", \"fix\": ");
         cli_print_json_string(finding->fix);
      }
      putchar('}');
   }
   puts("]}");
}

static void print_text(const struct doctor *doctor)
{
   size_t problems = count_state(doctor, DOCTOR_PROBLEM), warnings = count_state(doctor, DOCTOR_WARNING);
   for (size_t i = 0; i < doctor->count; i++) {
      const struct doctor_finding *finding = &doctor->findings[i];
      printf("%-8s %s: %s\n", state_names[finding->state], finding->check, finding->cause);
      if (finding->state != DOCTOR_GOOD)
         printf("%-8s fix: %s\n", "", finding->fix);
   }
   printf("%zu problem%s, %zu warning%s\n", problems, problems == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

int cli_doctor(const struct cli_settings *settings)
{
   static struct doctor doctor; // large
   doctor = (struct doctor){.settings = settings};
   doctor_look_at_host(&doctor);
   doctor_look_at_guest(&doctor);
   (settings->json ? print_json : print_text)(&doctor);
   return count_state(&doctor, DOCTOR_PROBLEM) ? CLI_FAILURE : CLI_OK;
}
