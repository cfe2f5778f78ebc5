// SPDX-License-Identifier: MIT
//
// `pearvisor doctor` on the guest's side: its driver, the socket, the environment, and what a guest really sees.
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// Allocated; NULL after a finding.
static char *look_for_icd(struct doctor *doctor)
{
   char why[512], library[4096];
   char *icd = cli_look_for_icd(doctor->settings->icd, why, sizeof(why));
   struct doctor_survey survey;
   if (!icd) {
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest driver");
      doctor_say(finding->cause, "%s", why);
      doctor_say(finding->fix, "install Mesa's virtio Vulkan driver where the guest runs (Debian 13, Ubuntu, Fedora: "
                               "mesa-vulkan-drivers, Arch: vulkan-virtio) or name its manifest with --icd");
      return NULL;
   }
   if (!doctor_library_of(icd, library, sizeof(library))) {
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest driver");
      doctor_say(finding->cause, "the manifest %s names no library", icd);
      doctor_say(finding->fix, "install Mesa's virtio Vulkan driver again");
      free(icd);
      return NULL;
   }
   const char *const arguments[] = {"survey", "library", library, NULL};
   if (doctor_send(arguments, NULL, &survey) && !doctor_went_well(&survey)) {
      char why_not[600];
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest driver");
      doctor_why(&survey, why_not, sizeof(why_not));
      doctor_say(finding->cause, "the library of %s cannot be loaded: it %s", icd, why_not);
      doctor_say(finding->fix, "install Mesa's virtio Vulkan driver again with all it needs");
      free(icd);
      return NULL;
   }
   return icd;
}

// Is there a server behind a socket? True, or false after a finding.
static bool look_at_socket(struct doctor *doctor, const char *path)
{
   struct sockaddr_un address = {.sun_family = AF_UNIX};
   struct stat st;
   struct doctor_finding *finding;
   if (strlen(path) >= sizeof(address.sun_path)) {
      finding = doctor_bad(doctor, DOCTOR_PROBLEM, "socket");
      doctor_say(finding->cause, "the path %s is longer than the %zu bytes a socket's can have", path,
                 sizeof(address.sun_path) - 1);
      doctor_say(finding->fix, "use a shorter one: pearvisor serve --socket PATH");
      return false;
   }
   strcpy(address.sun_path, path);
   int fd = socket(AF_UNIX, SOCK_STREAM, 0), error = 0;
   if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
      error = errno;
   if (fd >= 0)
      close(fd);
   if (!error) {
      doctor_good(doctor, "socket", "a server answers at %s", path);
      return true;
   }
   finding = doctor_bad(doctor, DOCTOR_PROBLEM, "socket");
   doctor_say(finding->cause, "no server answers at %s: %s", path, strerror(error));
   if (error == EACCES || error == EPERM)
      doctor_say(finding->fix,
                 "this user may not open it: start the server with --socket-mode 0660 and a shared group, "
                 "or run both as the same user");
   else if (error == ECONNREFUSED && !stat(path, &st) && !S_ISSOCK(st.st_mode))
      doctor_say(finding->fix, "that file is no socket: name another path");
   else
      doctor_say(finding->fix, "start it: pearvisor serve --socket %s", path);
   return false;
}

// What a user's environment may do to programs that are to run as guests.
static void look_at_environment(struct doctor *doctor)
{
   static const char *const software[] = {"LIBGL_ALWAYS_SOFTWARE", "GALLIUM_DRIVER", "MESA_LOADER_DRIVER_OVERRIDE"};
   const char *flags = getenv("VN_DEBUG"), *socket_name = getenv("VTEST_SOCKET_NAME");
   struct doctor_finding *finding;
   struct rlimit files;
   if (socket_name && *socket_name && (!flags || !strstr(flags, "vtest"))) {
      finding = doctor_bad(doctor, DOCTOR_PROBLEM, "environment");
      doctor_say(finding->cause, "VTEST_SOCKET_NAME is set but VN_DEBUG does not contain vtest: the guest driver looks "
                                 "for a virtio-gpu instead of the socket");
      doctor_say(finding->fix, "eval \"$(pearvisor env)\"");
   }
   for (size_t i = 0; i < sizeof(software) / sizeof(*software); i++) {
      const char *value = getenv(software[i]);
      if (!value || !*value || !strcmp(value, "0") || !strcmp(value, "zink") || !strcmp(value, "false"))
         continue;
      finding = doctor_bad(doctor, DOCTOR_WARNING, "environment");
      doctor_say(finding->cause, "%s=%s: OpenGL programs do not use the GPU", software[i], value);
      doctor_say(finding->fix, "unset %s (OpenGL over Vulkan is MESA_LOADER_DRIVER_OVERRIDE=zink)", software[i]);
   }
   if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < 256) {
      finding = doctor_bad(doctor, DOCTOR_WARNING, "environment");
      doctor_say(finding->cause, "only %llu open files are allowed; every mapped allocation of a guest is one",
                 (unsigned long long)files.rlim_cur);
      doctor_say(finding->fix, "ulimit -n 4096");
   }
}

// The Mesa version in "Mesa 25.0.7-2+deb13u1"; false if there is none.
static bool mesa_version(const char *driver_info, unsigned *major, unsigned *minor)
{
   return sscanf(driver_info, "Mesa %u.%u", major, minor) == 2;
}

static void look_at_guest_device(struct doctor *doctor, const struct doctor_device *device)
{
   unsigned major, minor;
   struct doctor_finding *finding;
   if (mesa_version(device->driver_info, &major, &minor) && major < 24) {
      finding = doctor_bad(doctor, major < 23 ? DOCTOR_PROBLEM : DOCTOR_WARNING, "guest driver");
      doctor_say(finding->cause, "the guest's %s is too old: its protocol is another", device->driver_info);
      doctor_say(finding->fix, "install Mesa 25.0 or later where the guest runs");
   }
   if (device->device_result) {
      finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest GPU");
      doctor_say(finding->cause, "a guest sees %s, but cannot make a device of it (vkCreateDevice gives %d)",
                 device->name, device->device_result);
      doctor_say(finding->fix,
                 "see the host's findings above; 'pearvisor run --log-level debug -- vulkaninfo' says more");
      return;
   }
   doctor_good(doctor, "guest GPU", "%s, %s %s, Vulkan %u.%u", device->name, device->driver, device->driver_info,
               device->api_major, device->api_minor);
   if (device->swapchain)
      return;
   finding = doctor_bad(doctor, DOCTOR_WARNING, "guest GPU");
   doctor_say(finding->cause, "guests cannot show windows on it: %s offers no VK_KHR_swapchain", device->driver_info);
   doctor_say(finding->fix, "install a newer Mesa where the guest runs");
}

static void judge_guest(struct doctor *doctor, const struct doctor_survey *survey)
{
   struct doctor_device device, other = {0};
   const char *at = survey->out;
   unsigned venus = 0;
   char why[600];
   if (!doctor_went_well(survey)) {
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest GPU");
      doctor_why(survey, why, sizeof(why));
      doctor_say(finding->cause, "a guest that only looks at its GPU %s", why);
      doctor_say(finding->fix, "see above; 'pearvisor run --log-level debug -- vulkaninfo' says more");
      return;
   }
   while (doctor_next_device(&at, &device)) {
      if (device.driver_id == DOCTOR_VENUS) {
         venus++;
         look_at_guest_device(doctor, &device);
      } else {
         other = device;
      }
   }
   if (venus)
      return;
   struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest GPU");
   if (other.name[0])
      doctor_say(finding->cause, "a guest ends up on %s (%s) instead of PearVisor", other.name, other.driver);
   else
      doctor_say(finding->cause, "a guest sees no GPU at all");
   doctor_say(finding->fix, "let --icd name the manifest of Mesa's virtio driver (virtio_icd), version 24.0 or later");
}

// Becomes a guest of a server that exists.
static bool visit_server(const char *socket, const char *icd, struct doctor_survey *out)
{
   const char *const arguments[] = {"survey", "guest", NULL};
   struct cli_variable variables[CLI_VARIABLES];
   char *changes[CLI_VARIABLES + 1] = {0};
   bool complete = true;
   cli_guest_environment(socket, icd, variables);
   for (size_t i = 0; i < CLI_VARIABLES; i++) {
      int n = variables[i].value ? asprintf(&changes[i], "%s=%s", variables[i].name, variables[i].value)
                                 : asprintf(&changes[i], "%s", variables[i].name);
      complete = complete && n > 0;
   }
   bool sent = complete && doctor_send(arguments, (const char *const *)changes, out);
   for (size_t i = 0; i < CLI_VARIABLES; i++)
      free(changes[i]);
   cli_free_environment(variables);
   return sent;
}

// Becomes the guest of a server of its own.
static bool visit_own_server(const struct cli_settings *settings, const char *icd, struct doctor_survey *out)
{
   const char *arguments[16] = {"run", "--log-level", "error", "--icd", icd};
   size_t n = 5;
   char *self = cli_own_path();
   n = doctor_add_choice(settings, arguments, n);
   const char *const command[] = {"--", self, "survey", "guest", NULL};
   memcpy(arguments + n, command, sizeof(command));
   bool sent = self && doctor_send(arguments, NULL, out);
   free(self);
   return sent;
}

static bool host_is_bad(const struct doctor *doctor)
{
   for (size_t i = 0; i < doctor->count; i++) {
      if (doctor->findings[i].state == DOCTOR_PROBLEM && strncmp(doctor->findings[i].check, "guest memory", 12))
         return true;
   }
   return false;
}

void doctor_look_at_guest(struct doctor *doctor)
{
   const char *socket = doctor->settings->socket;
   bool host = !host_is_bad(doctor);
   struct doctor_survey survey;
   look_at_environment(doctor);
   bool reachable = socket ? look_at_socket(doctor, socket) : host;
   char *icd = look_for_icd(doctor);
   if (icd && reachable &&
       (socket ? visit_server(socket, icd, &survey) : visit_own_server(doctor->settings, icd, &survey)))
      judge_guest(doctor, &survey);
   free(icd);
}
