// SPDX-License-Identifier: MIT
//
// The describer asks a Vulkan implementation everything it can say about itself and prints "key = value" lines, the
// same lines for the same answers: describe.py compares a guest's with the host's.
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NO_LENGTH    UINT32_MAX

// A struct as vk.xml has it; members that cannot be compared (handles, pointers to one thing) are left out.
struct shape;
struct member {
   const char *name;
   enum { END, BOOL, NUMBER, HEX, FLOAT, TEXT, BYTES, STRUCT } kind;
   uint32_t offset, size, count; // of one element; how many there are at most
   const struct shape *nested;   // STRUCT
   uint32_t length;              // offset of the member that says how many there are, or NO_LENGTH
   bool pointer;                 // to that many elements, which are ours to provide
};
struct shape {
   const char *name;
   VkStructureType type; // VK_STRUCTURE_TYPE_MAX_ENUM: it has none
   size_t size;
   const struct member *members; // ends with END
};
struct extending {
   const struct shape *shape; // NULL ends a list
   const char *providers;     // versions and extensions, with spaces between
};
struct named_format {
   VkFormat format;
   const char *name; // NULL ends the list
};
extern const struct named_format all_formats[];

// The implementation that is described: its first device.
struct about {
   VkInstance instance;
   VkPhysicalDevice physical;
   uint32_t api;
   VkExtensionProperties *extensions;
   uint32_t extension_count;
   VkPhysicalDeviceMemoryProperties memory;
   VkDevice device;
};

bool has_extension(const struct about *about, const char *name);
// True if the device has one of the versions or extensions.
bool provided(const struct about *about, const char *providers);

// One line. `prefix` is the key's beginning, up to 3 further parts follow.
__attribute__((format(printf, 1, 2))) void key(const char *format, ...);
__attribute__((format(printf, 1, 2))) void value(const char *format, ...);

// Every member of a struct as lines that begin with "prefix".
void print_shape(const char *prefix, const struct shape *shape, const void *bytes);

// A line if two ways to ask are answered differently; which is the host driver's affair, but must be so in a guest too.
void say_if_other(const char *prefix, const struct shape *shape, const void *a, const void *b);

// A zeroed struct of a shape with its sType, and room behind every pointer to an array whose length is known by now.
// Static: valid until the next fresh().
void *fresh(const struct shape *shape);
// Provides room for the arrays of a struct that was asked once. True if it should be asked again.
bool provide(const struct shape *shape, void *bytes);

// The parts of the description.
void describe_instance(struct about *about);
void describe_physical(struct about *about);
void describe_formats(struct about *about);
void describe_images(struct about *about);
void describe_external(struct about *about);
void describe_device(struct about *about);
void describe_requirements(struct about *about);

#endif
