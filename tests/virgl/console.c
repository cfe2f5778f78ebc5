// SPDX-License-Identifier: MIT
//
// Everything of a guest that is not Vulkan, through whichever libvirglrenderer is named: prints what came of it, so
// that one library can be compared with another. Without OpenGL on this host: exits with 77.
#include "vmm.h"

#include <sys/mman.h>

#define USE_EGL         1
#define USE_SURFACELESS 8

static void ignore_fence(void *cookie, uint32_t fence)
{
   printf("fence %u\n", fence);
}

static void ignore_context_fence(void *cookie, uint32_t context, uint32_t ring_idx, uint64_t fence)
{
   printf("fence %u.%u %llu\n", context, ring_idx, (unsigned long long)fence);
}

static uint32_t sum(const void *bytes, size_t size)
{
   uint32_t hash = 2166136261u;
   for (size_t i = 0; i < size; i++)
      hash = (hash ^ ((const uint8_t *)bytes)[i]) * 16777619u;
   return hash;
}

static void say_capsets(void)
{
   static uint8_t caps[65536];
   for (uint32_t set = 1; set <= 3; set++) { // 4 is Vulkan's
      uint32_t version = 0, size = 0;
      virgl.get_cap_set(set, &version, &size);
      printf("capset %u: version %u, %u bytes\n", set, version, size);
      memset(caps, 0, sizeof caps);
      if (size && size <= sizeof caps)
         virgl.fill_caps(set, version, caps);
      for (uint32_t i = 0; i < size && i < sizeof caps; i += 32)
         printf("   %u: %08x\n", i, sum(caps + i, size - i < 32 ? size - i : 32));
   }
}

static void say_info(int resource)
{
   struct virgl_resource_info_ext ext;
   struct virgl_resource_info info;
   memset(&ext, 0, sizeof ext);
   memset(&info, 0, sizeof info);
   int ret = virgl.resource_get_info(resource, &info);
   printf("info %d: %d format %u %ux%ux%u flags %u stride %u tex %d\n", resource, ret, info.virgl_format, info.width,
          info.height, info.depth, info.flags, info.stride, info.tex_id != 0);
   ret = virgl.resource_get_info_ext(resource, &ext);
   printf("info_ext %d: %d %ux%u dmabuf %d planes %d modifier %llx\n", resource, ret, ext.base.width, ext.base.height,
          ext.has_dmabuf_export, ext.planes, (unsigned long long)ext.modifiers);
}

// A picture of the boot console: up, changed in a part, down again.
static void say_console(void)
{
   static uint32_t pixels[64 * 64], other[64 * 64];
   struct iovec iov[2] = {{pixels, 4096}, {(char *)pixels + 4096, sizeof pixels - 4096}}, to = {other, sizeof other};
   struct virgl_resource_create_args args = {.handle = 1,
                                             .target = 2,
                                             .format = 2,
                                             .bind = 2,
                                             .width = 64,
                                             .height = 64,
                                             .depth = 1,
                                             .array_size = 1,
                                             .flags = 1};
   struct virgl_box box = {.w = 64, .h = 64, .d = 1}, part = {.x = 8, .y = 16, .w = 32, .h = 8, .d = 1};
   struct virgl_box outside = {.x = 60, .w = 32, .h = 8, .d = 1};
   struct iovec *back = NULL;
   int backs = 0;
   uint32_t width = 0, height = 0;
   for (uint32_t i = 0; i < 64 * 64; i++)
      pixels[i] = i * 2654435761u | 0xff000000u;
   printf("create %d\n", virgl.resource_create(&args, NULL, 0));
   printf("again %d\n", virgl.resource_create(&args, NULL, 0) != 0);
   printf("attach %d\n", virgl.resource_attach_iov(1, iov, 2));
   printf("again %d\n", virgl.resource_attach_iov(1, iov, 2) != 0);
   printf("write %d\n", virgl.transfer_write_iov(1, 0, 0, 0, 0, &box, 0, NULL, 0));
   memset(pixels + 64 * 16, 0x40, 4096);
   printf("part %d\n", virgl.transfer_write_iov(1, 0, 0, 0, 0, &part, (16 * 64 + 8) * 4, NULL, 0));
   printf("outside %d\n", virgl.transfer_write_iov(1, 0, 0, 0, 0, &outside, 0, NULL, 0) != 0);
   printf("read %d\n", virgl.transfer_read_iov(1, 0, 0, 0, 0, &box, 0, &to, 1));
   printf("   %08x\n", sum(other, sizeof other));
   void *cursor = virgl.get_cursor_data(1, &width, &height);
   printf("cursor %ux%u %08x\n", width, height, cursor ? sum(cursor, (size_t)width * height * 4) : 0);
   free(cursor);
   say_info(1);
   virgl.resource_detach_iov(1, &back, &backs);
   printf("detach %d %d\n", back == iov, backs);
   virgl.resource_unref(1);
   virgl.resource_unref(1);
}

// An OpenGL guest's first words: a context, and a buffer it clears through the command stream.
static void say_opengl(void)
{
   uint32_t nothing[2] = {0, 0}; // a command of length 0 that does nothing
   printf("context %d", virgl.context_create(1, 4, "udev"));
   printf(" with flags %d", virgl.context_create_with_flags(2, 2, 5, "glxgx"));
   printf(" again %d", virgl.context_create_with_flags(2, 2, 5, "glxgx"));
   printf(" unknown capset %d\n", virgl.context_create_with_flags(3, 9, 5, "glxgx") != 0);
   struct virgl_resource_create_args args = {
      .handle = 7, .target = 0, .format = 64, .bind = 16, .width = 4096, .height = 1, .depth = 1, .array_size = 1};
   printf("buffer %d\n", virgl.resource_create(&args, NULL, 0));
   virgl.ctx_attach_resource(2, 7);
   printf("submit %d\n", virgl.submit_cmd(nothing, 2, 2));
   printf("fence %d\n", virgl.create_fence(1, 0));
   printf("context fence %d\n", virgl.context_create_fence(2, 1, 0, 5));
   uint64_t end = pv_now() + SEC / 2;
   while (pv_now() < end) {
      virgl.poll();
      pv_sleep_until(pv_now() + 10000000);
   }
   virgl.ctx_detach_resource(2, 7);
   virgl.resource_unref(7);
   virgl.context_destroy(2);
   virgl.context_destroy(1);
}

int main(int argc, char **argv)
{
   static struct virgl_callbacks callbacks = {
      .version = 3, .write_fence = ignore_fence, .write_context_fence = ignore_context_fence};
   static int cookie;
   if (argc != 2 || !vmm_load(argv[1]))
      return 1;
   int ret = virgl.init(&cookie, USE_EGL | USE_SURFACELESS, &callbacks);
   printf("init %d\n", ret);
   if (ret)
      return 77;
   say_capsets();
   say_console();
   say_opengl();
   virgl.force_ctx_0();
   virgl.reset();
   say_console();
   virgl.cleanup(&cookie);
   return 0;
}
