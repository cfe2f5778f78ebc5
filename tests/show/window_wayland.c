// SPDX-License-Identifier: MIT
//
// A window of a Wayland compositor. No client may read what is shown, but weston has a program that may.
#include <dirent.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wayland-client.h>

#define VK_USE_PLATFORM_WAYLAND_KHR
#include "harness.h"
#include "window.h"
#include "xdg-shell-client.h"

const uint32_t window_stride = 3;
const char *const window_extension = VK_KHR_WAYLAND_SURFACE_EXTENSION_NAME;

static struct wl_display *connection;
static struct wl_compositor *compositor;
static struct xdg_wm_base *shell;
static struct wl_surface *surface;
static struct xdg_surface *shell_surface;
static struct xdg_toplevel *toplevel;
static bool configured;

static void on_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface, uint32_t version)
{
   if (!strcmp(interface, wl_compositor_interface.name))
      compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
   else if (!strcmp(interface, xdg_wm_base_interface.name))
      shell = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
}

static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static void on_ping(void *data, struct xdg_wm_base *base, uint32_t serial)
{
   xdg_wm_base_pong(base, serial);
}

static void on_configure(void *data, struct xdg_surface *configured_surface, uint32_t serial)
{
   xdg_surface_ack_configure(configured_surface, serial);
   configured = true;
}

// The size is ours to choose: whatever the shell suggests.
static void on_toplevel_configure(void *data, struct xdg_toplevel *top, int32_t width, int32_t height,
                                  struct wl_array *states)
{
}

static void on_toplevel_close(void *data, struct xdg_toplevel *top)
{
   fail("the compositor closes the window");
}

static void roundtrip(void)
{
   if (wl_display_roundtrip(connection) < 0)
      fail("the compositor ended the connection (%d)", wl_display_get_error(connection));
}

void window_open(uint32_t width, uint32_t height)
{
   static const struct wl_registry_listener registry_listener = {on_global, on_global_remove};
   static const struct xdg_wm_base_listener shell_listener = {on_ping};
   static const struct xdg_surface_listener surface_listener = {on_configure};
   static const struct xdg_toplevel_listener toplevel_listener = {on_toplevel_configure, on_toplevel_close};
   connection = wl_display_connect(NULL);
   if (!connection)
      skip("no Wayland compositor");
   struct wl_registry *registry = wl_display_get_registry(connection);
   wl_registry_add_listener(registry, &registry_listener, NULL);
   roundtrip();
   wl_registry_destroy(registry);
   if (!compositor || !shell)
      skip("the compositor has no xdg_wm_base");
   xdg_wm_base_add_listener(shell, &shell_listener, NULL);
   surface = wl_compositor_create_surface(compositor);
   shell_surface = xdg_wm_base_get_xdg_surface(shell, surface);
   xdg_surface_add_listener(shell_surface, &surface_listener, NULL);
   toplevel = xdg_surface_get_toplevel(shell_surface);
   xdg_toplevel_add_listener(toplevel, &toplevel_listener, NULL);
   wl_surface_commit(surface);
   while (!configured)
      roundtrip();
}

VkSurfaceKHR window_surface(VkInstance instance)
{
   VkWaylandSurfaceCreateInfoKHR info = {VK_STRUCTURE_TYPE_WAYLAND_SURFACE_CREATE_INFO_KHR, .display = connection,
                                         .surface = surface};
   VkSurfaceKHR handle;
   VK(vkCreateWaylandSurfaceKHR(instance, &info, NULL, &handle));
   return handle;
}

// A Wayland window has the size of what is shown in it.
void window_resize(uint32_t width, uint32_t height)
{
   roundtrip();
}

static struct picture read_png(const char *path)
{
   png_image png = {.version = PNG_IMAGE_VERSION};
   if (!png_image_begin_read_from_file(&png, path))
      fail("%s: %s", path, png.message);
   png.format = PNG_FORMAT_BGRA;
   struct picture picture = {png.width, png.height, malloc(PNG_IMAGE_SIZE(png))};
   if (!picture.pixels || !png_image_finish_read(&png, NULL, picture.pixels, 0, NULL))
      fail("%s: %s", path, png.message);
   for (size_t i = 3; i < PNG_IMAGE_SIZE(png); i += 4)
      picture.pixels[i] = 0;
   return picture;
}

// The screenshot has the time in its name: whatever is in the folder is it.
static struct picture take_out(const char *folder)
{
   DIR *dir = opendir(folder);
   struct picture picture = {0};
   for (struct dirent *entry; dir && (entry = readdir(dir));) {
      char path[512];
      if (entry->d_name[0] == '.')
         continue;
      snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
      picture = read_png(path);
      unlink(path);
   }
   if (dir)
      closedir(dir);
   if (!picture.pixels)
      fail("weston-screenshooter left no picture");
   return picture;
}

struct picture window_look(void)
{
   char folder[] = "/tmp/pearvisor-shot-XXXXXX", command[128];
   roundtrip();
   if (!mkdtemp(folder))
      fail("cannot make a folder in /tmp");
   snprintf(command, sizeof(command), "cd %s && exec weston-screenshooter", folder);
   if (system(command) != 0)
      fail("weston-screenshooter failed");
   struct picture picture = take_out(folder);
   rmdir(folder);
   return picture;
}

void window_close(void)
{
   xdg_toplevel_destroy(toplevel);
   xdg_surface_destroy(shell_surface);
   wl_surface_destroy(surface);
   xdg_wm_base_destroy(shell);
   wl_compositor_destroy(compositor);
   wl_display_disconnect(connection);
}
