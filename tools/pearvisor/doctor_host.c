// SPDX-License-Identifier: MIT
//
// `pearvisor doctor` on the host's side: loader, drivers, devices, memory.
#include "doctor.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MANIFESTS 64
#define TYPE_CPU      4 // VK_PHYSICAL_DEVICE_TYPE_CPU

struct manifests {
   char *paths[MAX_MANIFESTS];
   size_t count;
   const char *variable; // the environment variable that names them; NULL: they are the system's
};

static void add_manifest(struct manifests *list, const char *path, size_t length)
{
   if (length && list->count < MAX_MANIFESTS && (list->paths[list->count] = strndup(path, length)))
      list->count++;
}

static void add_folder(struct manifests *list, const char *folder, size_t length)
{
   char pattern[4096];
   glob_t found;
   snprintf(pattern, sizeof(pattern), "%.*s/vulkan/icd.d/*.json", (int)length, folder);
   if (length == 0 || glob(pattern, 0, NULL, &found))
      return;
   for (size_t i = 0; i < found.gl_pathc; i++) {
      if (!strstr(found.gl_pathv[i], "/virtio_icd")) // the guests' driver
         add_manifest(list, found.gl_pathv[i], strlen(found.gl_pathv[i]));
   }
   globfree(&found);
}

static void each_of(struct manifests *list, const char *text, void (*add)(struct manifests *, const char *, size_t))
{
   while (text && *text) {
      size_t length = strcspn(text, ":");
      add(list, text, length);
      text += length + (text[length] == ':');
   }
}

// The manifests that the Vulkan loader reads.
static void find_manifests(struct manifests *list)
{
   static const char *const variables[] = {"VK_DRIVER_FILES", "VK_ICD_FILENAMES"};
   const char *data = getenv("XDG_DATA_DIRS");
   for (size_t i = 0; i < 2; i++) {
      const char *value = getenv(variables[i]);
      if (value && *value) {
         list->variable = variables[i];
         each_of(list, value, add_manifest);
         return;
      }
   }
   each_of(list, "/etc:/usr/local/etc", add_folder);
   each_of(list, data && *data ? data : "/usr/local/share:/usr/share", add_folder);
}

static void free_manifests(struct manifests *list)
{
   for (size_t i = 0; i < list->count; i++)
      free(list->paths[i]);
}

bool doctor_library_of(const char *manifest, char *out, size_t size)
{
   static const char key[] = "\"library_path\"";
   char text[8192];
   FILE *file = fopen(manifest, "r");
   if (!file)
      return false;
   size_t n = fread(text, 1, sizeof(text) - 1, file);
   fclose(file);
   text[n] = '\0';
   errno = 0; // readable, whatever is in it
   const char *value = strstr(text, key);
   value = value ? strchr(value + strlen(key), '"') : NULL;
   const char *end = value ? strchr(value + 1, '"') : NULL;
   if (!end)
      return false;
   int length = (int)(end - value - 1), folder = (int)(strrchr(manifest, '/') ? strrchr(manifest, '/') - manifest : -1);
   bool relative = value[1] != '/' && memchr(value + 1, '/', (size_t)length); // a bare name is searched for by ld.so
   if (relative && folder >= 0)
      snprintf(out, size, "%.*s/%.*s", folder, manifest, length, value + 1);
   else
      snprintf(out, size, "%.*s", length, value + 1);
   return true;
}

// One manifest and the library behind it; true if both are good. What was named is a problem when it is not; what
// merely lies about is a warning.
static bool look_at_manifest(struct doctor *doctor, const char *path, const char *variable)
{
   enum doctor_state state = variable ? DOCTOR_PROBLEM : DOCTOR_WARNING;
   struct doctor_survey survey;
   char library[4096], why[600];
   if (!doctor_library_of(path, library, sizeof(library))) {
      struct doctor_finding *finding = doctor_bad(doctor, state, "host driver");
      if (errno)
         doctor_say(finding->cause, "the driver manifest %s cannot be read: %s", path, strerror(errno));
      else
         doctor_say(finding->cause, "the driver manifest %s names no library", path);
      if (variable)
         doctor_say(finding->fix, "unset %s, or let it name the manifest of an installed driver", variable);
      else
         doctor_say(finding->fix, "install the driver it belongs to again, or remove the file");
      return false;
   }
   if (strstr(library, "vulkan_virtio")) {
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host driver");
      doctor_say(finding->cause, "%s is the guests' driver, chosen for the host%s%s", path, variable ? " by " : "",
                 variable ? variable : "");
      doctor_say(finding->fix, "unset VK_DRIVER_FILES, VK_ICD_FILENAMES and VN_DEBUG where the server runs: they are "
                               "for its clients");
      return false;
   }
   const char *const arguments[] = {"survey", "library", library, NULL};
   if (!doctor_send(arguments, NULL, &survey))
      return true; // the next survey will say
   if (doctor_went_well(&survey))
      return true;
   if (!variable && strstr(survey.last, "ELF class")) // another architecture's, beside ours
      return false;
   struct doctor_finding *finding = doctor_bad(doctor, state, "host driver");
   doctor_why(&survey, why, sizeof(why));
   doctor_say(finding->cause, "the driver library of %s cannot be loaded: it %s", path, why);
   doctor_say(finding->fix, "install that driver again with all it needs%s%s", variable ? ", or change " : "",
              variable ? variable : "");
   return false;
}

static void look_at_library(struct doctor *doctor, const char *path)
{
   const char *const arguments[] = {"survey", "library", path, NULL};
   struct doctor_survey survey;
   char why[600];
   if (!doctor_send(arguments, NULL, &survey) || doctor_went_well(&survey))
      return;
   struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host driver");
   doctor_why(&survey, why, sizeof(why));
   doctor_say(finding->cause, "the driver library %s (from --driver) cannot be loaded: it %s", path, why);
   doctor_say(finding->fix, "name a Vulkan driver's shared library, or leave --driver out");
}

// The drivers as files. The number of good ones; -1 if that does not matter.
static int look_at_drivers(struct doctor *doctor, struct manifests *list)
{
   int good = 0;
   if (doctor->settings->driver) {
      look_at_library(doctor, doctor->settings->driver);
      return -1;
   }
   find_manifests(list);
   for (size_t i = 0; i < list->count; i++)
      good += look_at_manifest(doctor, list->paths[i], list->variable);
   if (!list->count) {
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host driver");
      doctor_say(finding->cause, "no Vulkan driver is installed (no manifest in vulkan/icd.d)");
      doctor_say(finding->fix, "install the GPU's Vulkan driver; on Debian mesa-vulkan-drivers has those of most GPUs "
                               "and a software one");
   }
   return good;
}

// Vulkan as a whole does not start: whose fault is it?
static void blame_driver(struct doctor *doctor, const struct manifests *list, const struct doctor_survey *whole)
{
   const char *const arguments[] = {"survey", "host", NULL};
   struct doctor_survey survey;
   char change[4200], older[4200], why[600];
   size_t guilty = 0;
   for (size_t i = 0; i < list->count; i++) {
      snprintf(change, sizeof(change), "VK_DRIVER_FILES=%s", list->paths[i]);
      snprintf(older, sizeof(older), "VK_ICD_FILENAMES=%s", list->paths[i]);
      const char *const changes[] = {change, older, NULL};
      if (list->count == 1)
         survey = *whole;
      else if (!doctor_send(arguments, changes, &survey) || doctor_went_well(&survey))
         continue;
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host driver");
      doctor_why(&survey, why, sizeof(why));
      doctor_say(finding->cause, "the driver of %s %s", list->paths[i], why);
      doctor_say(finding->fix, "update or remove that driver, or choose another with VK_DRIVER_FILES or --driver");
      guilty++;
   }
   if (guilty)
      return;
   struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host driver");
   doctor_why(whole, why, sizeof(why));
   doctor_say(finding->cause, "the host's Vulkan %s", why);
   doctor_say(finding->fix, "%s",
              strstr(whole->last, "loader") ? "install the Vulkan loader, on Debian libvulkan1"
                                            : "run 'vulkaninfo --summary' on the host and mend "
                                              "what it complains of first");
}

static bool is_hardware(const struct doctor_device *device)
{
   return device->type != TYPE_CPU && device->driver_id != DOCTOR_VENUS;
}

// A software device although the machine has a GPU: who keeps us from it?
static void explain_software(struct doctor *doctor, const char *name)
{
   static const char *const patterns[] = {"/dev/dri/renderD*", "/dev/nvidia[0-9]*"};
   struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_WARNING, "host GPU");
   const char *variable = getenv("VK_DRIVER_FILES")    ? "VK_DRIVER_FILES"
                          : getenv("VK_ICD_FILENAMES") ? "VK_ICD_FILENAMES"
                                                       : NULL;
   for (size_t i = 0; i < 2; i++) {
      glob_t found;
      if (glob(patterns[i], 0, NULL, &found))
         continue;
      const char *node = found.gl_pathv[0];
      doctor_say(finding->cause, "guests get the software driver %s although there is a GPU at %s", name, node);
      if (access(node, R_OK | W_OK))
         doctor_say(finding->fix, "this user may not open %s: sudo usermod -aG render,video $USER, then log in again",
                    node);
      else if (variable)
         doctor_say(finding->fix, "%s chooses the driver: let it name the GPU's, or unset it", variable);
      else
         doctor_say(finding->fix, "install that GPU's Vulkan driver");
      globfree(&found);
      return;
   }
   doctor_say(finding->cause, "guests get the software driver %s: this machine shows no GPU", name);
   doctor_say(finding->fix, "none if that is what you want; in a container or VM pass the GPU through (/dev/dri)");
}

static void look_at_device(struct doctor *doctor, const struct doctor_device *device)
{
   struct doctor_finding *finding;
   if (device->api_major == 1 && device->api_minor < 1) {
      finding = doctor_bad(doctor, DOCTOR_WARNING, "host GPU");
      doctor_say(finding->cause, "%s has only Vulkan %u.%u and is left out", device->name, device->api_major,
                 device->api_minor);
      doctor_say(finding->fix, "update its driver: PearVisor needs Vulkan 1.1 or later");
   } else if (device->device_result) {
      finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host GPU");
      doctor_say(finding->cause, "%s is listed, but no device can be made of it (vkCreateDevice gives %d)",
                 device->name, device->device_result);
      doctor_say(finding->fix, "look for the driver's complaint in the kernel log; check that kernel module and driver "
                               "have the same version, and the permissions of its device files");
   } else if (device->api_minor < 3) {
      finding = doctor_bad(doctor, DOCTOR_WARNING, "host GPU");
      doctor_say(finding->cause, "%s has Vulkan %u.%u, so guests have no more", device->name, device->api_major,
                 device->api_minor);
      doctor_say(finding->fix, "update its driver if a newer one supports this GPU");
   } else {
      doctor_good(doctor, "host GPU", "%s, %s %s, Vulkan %u.%u", device->name, device->driver, device->driver_info,
                  device->api_major, device->api_minor);
   }
}

// The devices of the host. True if there is one that could serve guests.
static bool look_at_devices(struct doctor *doctor, const char *list)
{
   struct doctor_device device, software = {0};
   unsigned usable = 0, hardware = 0, venus = 0;
   while (doctor_next_device(&list, &device)) {
      if (device.driver_id == DOCTOR_VENUS) {
         venus++;
         continue;
      }
      look_at_device(doctor, &device);
      if (device.device_result || (device.api_major == 1 && device.api_minor < 1))
         continue;
      usable++;
      hardware += is_hardware(&device);
      if (device.type == TYPE_CPU)
         software = device;
   }
   if (usable && !hardware)
      explain_software(doctor, software.name);
   if (usable)
      return true;
   struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "host GPU");
   if (venus) {
      doctor_say(finding->cause, "the only GPU of the host is a Virtio-GPU: that is the guests' driver");
      doctor_say(finding->fix, "unset VK_DRIVER_FILES and VN_DEBUG where the server runs; they are for its clients");
   } else {
      doctor_say(finding->cause, "the host's Vulkan shows no GPU that guests could use");
      doctor_say(finding->fix, "see above; a driver that works everywhere is Mesa's software driver (on Debian "
                               "mesa-vulkan-drivers)");
   }
   return false;
}

// What the renderer makes of it: which GPUs are chosen and whether guests can map their memory.
static void look_at_renderer(struct doctor *doctor)
{
   const struct cli_settings *settings = doctor->settings;
   const char *arguments[8] = {"survey"};
   struct doctor_survey survey;
   size_t n = 1;
   n = doctor_add_choice(settings, arguments, n);
   arguments[n++] = "renderer";
   if (!doctor_send(arguments, NULL, &survey))
      return;
   if (!doctor_went_well(&survey)) {
      char why[600];
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "renderer");
      doctor_why(&survey, why, sizeof(why));
      doctor_say(finding->cause, "the renderer %s", why);
      doctor_say(finding->fix, "%s", settings->gpu ? "choose a GPU that 'pearvisor info' lists" : "see above");
      return;
   }
   for (const char *line = survey.out; *line; line += strcspn(line, "\n"), line += *line == '\n') {
      char path[64] = "", name[256] = "", note[256] = "";
      if (sscanf(line, "%63[^\t]\t%255[^\t]\t%255[^\n]", path, name, note) < 2)
         continue;
      if (strcmp(path, "none")) {
         doctor_good(doctor, "guest memory", "%s: %s, %s", name, path, note);
         continue;
      }
      struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_PROBLEM, "guest memory");
      doctor_say(finding->cause, "guests cannot map memory of %s: %s", name, note);
      doctor_say(finding->fix,
                 "use a driver with VK_EXT_external_memory_host or dma-buf export; on Linux dma-buf needs "
                 "/dev/udmabuf or /dev/dri to be accessible");
   }
}

// What workers are locked in by. Guests do without, hosts would rather not.
static void look_at_sandbox(struct doctor *doctor)
{
   const char *const arguments[] = {"survey", "sandbox", NULL};
   struct doctor_survey survey;
   if (!doctor_send(arguments, NULL, &survey))
      return;
   if (doctor_went_well(&survey) && !*survey.last) {
      doctor_good(doctor, "sandbox", "workers can be jailed as --sandbox=strict demands");
      return;
   }
   const char *what = strstr(survey.last, "does not permit: ");
   struct doctor_finding *finding = doctor_bad(doctor, DOCTOR_WARNING, "sandbox");
   doctor_say(finding->cause, "workers cannot be jailed wholly; missing: %s", what ? what + 17 : survey.last);
   doctor_say(finding->fix,
              "permit user namespaces and use a kernel with Landlock (Linux 6.12 or later has all of it); "
              "until then a client that takes over its worker can reach more than it should");
}

void doctor_look_at_host(struct doctor *doctor)
{
   struct manifests list = {0};
   struct doctor_survey survey;
   const char *with_driver[] = {"survey", "--driver", doctor->settings->driver, "host", NULL};
   const char *const plain[] = {"survey", "host", NULL};
   look_at_sandbox(doctor);
   int good = look_at_drivers(doctor, &list);
   if (good && doctor_send(doctor->settings->driver ? with_driver : plain, NULL, &survey)) {
      if (!doctor_went_well(&survey))
         blame_driver(doctor, &list, &survey);
      else if (look_at_devices(doctor, survey.out))
         look_at_renderer(doctor);
   }
   free_manifests(&list);
}
