// SPDX-License-Identifier: MIT
//
// Printing, and the order of things.
#include "describe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define ROOM        (1u << 20)
#define LINE_LENGTH 400

static char room[ROOM]; // what fresh() and provide() hand out
static size_t room_used;

bool has_extension(const struct about *about, const char *name)
{
   for (uint32_t i = 0; i < about->extension_count; i++) {
      if (!strcmp(about->extensions[i].extensionName, name))
         return true;
   }
   return false;
}

bool provided(const struct about *about, const char *providers)
{
   char list[1000], *rest = list;
   snprintf(list, sizeof(list), "%s", providers);
   for (char *word; (word = strsep(&rest, " "));) {
      unsigned major, minor;
      if (sscanf(word, "%u.%u", &major, &minor) == 2 ? about->api >= VK_MAKE_API_VERSION(0, major, minor, 0)
                                                     : has_extension(about, word))
         return true;
   }
   return false;
}

void key(const char *format, ...)
{
   va_list args;
   va_start(args, format);
   vprintf(format, args);
   va_end(args);
   fputs(" = ", stdout);
}

void value(const char *format, ...)
{
   va_list args;
   va_start(args, format);
   vprintf(format, args);
   va_end(args);
   putchar('\n');
}

static void *take(size_t size)
{
   size = (size + 15) & ~(size_t)15;
   if (size > ROOM - room_used)
      fail("an implementation has more to say than %u bytes", ROOM);
   void *taken = room + room_used;
   room_used += size;
   return memset(taken, 0, size);
}

void *fresh(const struct shape *shape)
{
   room_used = 0;
   void *bytes = take(shape->size);
   if (shape->type != VK_STRUCTURE_TYPE_MAX_ENUM)
      ((VkBaseOutStructure *)bytes)->sType = shape->type;
   return bytes;
}

static uint32_t length_of(const struct member *member, const void *bytes)
{
   uint32_t length;
   if (member->length == NO_LENGTH)
      return member->count;
   memcpy(&length, (const char *)bytes + member->length, sizeof(length));
   return member->pointer || length < member->count ? length : member->count;
}

bool provide(const struct shape *shape, void *bytes)
{
   bool any = false;
   for (const struct member *member = shape->members; member->kind; member++) {
      uint32_t n = member->pointer ? length_of(member, bytes) : 0;
      if (!n)
         continue;
      char *elements = take((size_t)n * member->size);
      for (uint32_t i = 0; member->nested && member->nested->type != VK_STRUCTURE_TYPE_MAX_ENUM && i < n; i++)
         ((VkBaseOutStructure *)(elements + (size_t)i * member->size))->sType = member->nested->type;
      memcpy((char *)bytes + member->offset, &elements, sizeof(elements));
      any = true;
   }
   return any;
}

static uint64_t number(const char *at, uint32_t size)
{
   uint64_t n = 0;
   memcpy(&n, at, size); // little-endian
   return n;
}

static void print_element(const struct member *member, const char *at)
{
   float f;
   double d;
   switch (member->kind) {
   case BOOL:
      value("%s", number(at, member->size) == 0 ? "false" : number(at, member->size) == 1 ? "true" : "neither");
      break;
   case NUMBER:
      value("%" PRIu64, number(at, member->size));
      break;
   case HEX:
      value("%#" PRIx64, number(at, member->size));
      break;
   case FLOAT:
      memcpy(&f, at, sizeof(f));
      memcpy(&d, at, member->size == sizeof(d) ? sizeof(d) : 0);
      value("%a", member->size == sizeof(d) ? d : (double)f);
      break;
   default:
      fail("%s cannot be printed", member->name);
   }
}

static void print_member(const char *prefix, const struct member *member, const void *bytes)
{
   char name[LINE_LENGTH];
   const char *at = (const char *)bytes + member->offset;
   uint32_t n = length_of(member, bytes);
   if (member->pointer)
      memcpy(&at, (const void *)at, sizeof(at)); // what is there is a pointer
   if (member->kind == TEXT) {
      key("%s/%s", prefix, member->name);
      value("%.*s", (int)member->count, at);
      return;
   }
   if (member->kind == BYTES) {
      key("%s/%s", prefix, member->name);
      for (uint32_t i = 0; i < n; i++)
         printf("%02x", (unsigned char)at[i]);
      value("%s", "");
      return;
   }
   for (uint32_t i = 0; at && i < n; i++, at += member->size) {
      const bool many = member->count > 1 || member->pointer;
      snprintf(name, sizeof(name), many ? "%s/%s[%u]" : "%s/%s", prefix, member->name, i);
      if (member->kind == STRUCT) {
         print_shape(name, member->nested, at);
         continue;
      }
      key("%s", name);
      print_element(member, at);
   }
}

void print_shape(const char *prefix, const struct shape *shape, const void *bytes)
{
   for (const struct member *member = shape->members; member->kind; member++)
      print_member(prefix, member, bytes);
}

// Member by member: there may be anything in the padding.
static bool same(const struct shape *shape, const void *a, const void *b)
{
   for (const struct member *member = shape->members; member->kind; member++) {
      const char *x = (const char *)a + member->offset, *y = (const char *)b + member->offset;
      if (member->kind == TEXT && strncmp(x, y, member->count))
         return false;
      for (uint32_t i = 0; !member->pointer && member->kind != TEXT && i < member->count; i++) {
         size_t at = (size_t)i * member->size;
         if (member->kind == STRUCT ? !same(member->nested, x + at, y + at) : memcmp(x + at, y + at, member->size))
            return false;
      }
   }
   return true;
}

void say_if_other(const char *prefix, const struct shape *shape, const void *a, const void *b)
{
   if (same(shape, a, b))
      return;
   key("%s/asked in another way", prefix);
   value("another answer");
}

int main(int argc, char **argv)
{
   struct about about = {0};
   describe_instance(&about);
   describe_physical(&about);
   describe_formats(&about);
   describe_images(&about);
   describe_external(&about);
   describe_device(&about);
   describe_requirements(&about);
   vkDestroyDevice(about.device, NULL);
   vkDestroyInstance(about.instance, NULL);
   free(about.extensions);
   return fflush(stdout) || ferror(stdout);
}
