// SPDX-License-Identifier: MIT
//
// A window for the presentation programs, and a look at what it shows. window_x11.c or window_wayland.c is linked in:
// programs do not know which.
#ifndef SHOW_WINDOW_H
#define SHOW_WINDOW_H

#include <stdint.h>

#include <vulkan/vulkan.h>

// What the display server shows; four bytes per pixel, blue first, the last without a meaning (and zeroed).
struct picture {
   uint32_t width, height;
   uint8_t *pixels; // the caller's to free
};

// How often a look is cheap enough: every `window_stride`th frame.
extern const uint32_t window_stride;
extern const char *const window_extension; // of the instance

// There is one. Whatever fails ends the program; without a display server it is skipped.
void window_open(uint32_t width, uint32_t height);
VkSurfaceKHR window_surface(VkInstance instance);
void window_resize(uint32_t width, uint32_t height);
// The window's contents, of the size it has.
struct picture window_look(void);
void window_close(void);

#endif
