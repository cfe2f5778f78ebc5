// SPDX-License-Identifier: MIT
//
// A window of an X server, without a window manager.
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

#define VK_USE_PLATFORM_XCB_KHR
#include "harness.h"
#include "window.h"

const uint32_t window_stride = 1;
const char *const window_extension = VK_KHR_XCB_SURFACE_EXTENSION_NAME;

static xcb_connection_t *connection;
static xcb_window_t window;
static uint32_t window_width, window_height;

static void check(xcb_void_cookie_t cookie, const char *what)
{
   xcb_generic_error_t *error = xcb_request_check(connection, cookie);
   if (error)
      fail("%s: X error %u", what, error->error_code);
}

void window_open(uint32_t width, uint32_t height)
{
   connection = xcb_connect(NULL, NULL);
   if (xcb_connection_has_error(connection))
      skip("no X server");
   const xcb_screen_t *screen = xcb_setup_roots_iterator(xcb_get_setup(connection)).data;
   window = xcb_generate_id(connection);
   check(xcb_create_window_checked(connection, XCB_COPY_FROM_PARENT, window, screen->root, 10, 20, (uint16_t)width,
                                   (uint16_t)height, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                                   XCB_CW_BACK_PIXEL, &screen->black_pixel),
         "creating a window");
   check(xcb_map_window_checked(connection, window), "showing a window");
   window_width = width;
   window_height = height;
}

VkSurfaceKHR window_surface(VkInstance instance)
{
   VkXcbSurfaceCreateInfoKHR info = {VK_STRUCTURE_TYPE_XCB_SURFACE_CREATE_INFO_KHR, .connection = connection,
                                     .window = window};
   VkSurfaceKHR surface;
   VK(vkCreateXcbSurfaceKHR(instance, &info, NULL, &surface));
   return surface;
}

void window_resize(uint32_t width, uint32_t height)
{
   const uint32_t size[] = {width, height};
   check(xcb_configure_window_checked(connection, window, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size),
         "resizing a window");
   window_width = width;
   window_height = height;
}

struct picture window_look(void)
{
   struct picture picture = {window_width, window_height, malloc((size_t)window_width * window_height * 4)};
   xcb_get_image_reply_t *reply =
       xcb_get_image_reply(connection,
                           xcb_get_image(connection, XCB_IMAGE_FORMAT_Z_PIXMAP, window, 0, 0, (uint16_t)window_width,
                                         (uint16_t)window_height, ~0u),
                           NULL);
   if (!picture.pixels || !reply || xcb_get_image_data_length(reply) != (int)(window_width * window_height * 4))
      fail("the X server does not tell what the window shows");
   memcpy(picture.pixels, xcb_get_image_data(reply), (size_t)window_width * window_height * 4);
   for (size_t i = 3; i < (size_t)window_width * window_height * 4; i += 4)
      picture.pixels[i] = 0;
   free(reply);
   return picture;
}

void window_close(void)
{
   check(xcb_destroy_window_checked(connection, window), "destroying a window");
   xcb_disconnect(connection);
}
