// SPDX-License-Identifier: MIT
//
// A display for a machine without one. QEMU draws a Venus guest's screen with OpenGL, and without a GPU's render node
// it does so only for a window; so it gets a window, of an X server that nobody looks at. That server keeps its pixels
// in a file, which is where screenshots come from (QEMU's own are black while the guest's screen is a texture).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm.h"

// Nobody manages the windows of this server: QEMU's is put into the middle as one of 640x480, and then grows to the
// right and to the bottom with the guest's screen. So that is where its 1280x800 are.
#define SHAPE "1920x1120x24"
enum { LEFT = 640, TOP = 320, WIDTH = 1280, HEIGHT = 800 };

#define PIXELS "Xvfb_screen0" // the name that Xvfb chooses

// An entry for every display: the server and QEMU have it, nobody else.
static bool write_authority(const char *path)
{
   static const char name[] = "MIT-MAGIC-COOKIE-1";
   unsigned char entry[64] = {0xff, 0xff, 0, 0, 0, 0, 0, sizeof(name) - 1};
   size_t n = 8 + sizeof(name) - 1;
   memcpy(entry + 8, name, sizeof(name) - 1);
   entry[n + 1] = 16;
   n += 2;
   if (!vm_random(entry + n, 16))
      return false;
   n += 16;
   int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
   bool good = fd >= 0 && write(fd, entry, n) == (ssize_t)n;
   if (fd >= 0)
      close(fd);
   return good;
}

// The server writes the number of its display when it is ready.
static bool read_number(int fd, struct vm_screen *screen)
{
   char number[12];
   size_t n = 0;
   struct pollfd event = {.fd = fd, .events = POLLIN};
   while (n + 1 < sizeof(number) && poll(&event, 1, 60000) > 0 && read(fd, number + n, 1) == 1 && number[n] != '\n')
      n++;
   number[n] = '\0';
   snprintf(screen->display, sizeof(screen->display), ":%s", number);
   return n > 0;
}

int vm_screen_start(struct vm_screen *screen, const char *folder, int log)
{
   int ends[2];
   char number[16];
   if (!vm_have("Xvfb")) {
      cli_fail(
          "this machine has no GPU to draw a headless guest's screen with, and no Xvfb instead: install it (Debian and "
          "Ubuntu: xvfb, Fedora: xorg-x11-server-Xvfb)");
      return -1;
   }
   snprintf(screen->authority, sizeof(screen->authority), "%s/authority", folder);
   if (!write_authority(screen->authority) || pipe(ends)) {
      cli_fail("cannot write %s: %s", screen->authority, strerror(errno));
      return -1;
   }
   fcntl(ends[0], F_SETFD, FD_CLOEXEC);
   fcntl(ends[1], F_SETFD, FD_CLOEXEC);
   snprintf(number, sizeof(number), "%d", ends[1]);
   char *argv[] = {"Xvfb",   "-displayfd", number,      "-screen", "0",        SHAPE, "-auth", screen->authority,
                   "-fbdir", ".",          "-nolisten", "tcp",     "-noreset", NULL};
   int failed = vm_spawn(&screen->pid, argv, (int[]){-1, log, log}, ends[1], folder);
   close(ends[1]);
   if (!failed && !read_number(ends[0], screen)) {
      cli_fail("Xvfb does not start; %s/log has what it said", folder);
      failed = -1;
   }
   close(ends[0]);
   return failed;
}

int vm_screen_share(struct vm_screen *screen, int log)
{
   static const char *const servers[] = {"X0tigervnc", "x0vncserver"}; // Debian's name, and everybody's
   const char *server = vm_have(servers[0]) ? servers[0] : vm_have(servers[1]) ? servers[1] : NULL;
   if (!server) {
      cli_fail(
          "this machine has no GPU to draw a guest's screen with, and no VNC server for an X display instead: install "
          "it (Debian and Ubuntu: tigervnc-scraping-server, Fedora: tigervnc-server)");
      return -1;
   }
   // The socket is in a folder, and of a mode, that keeps others out.
   char *argv[] = {(char *)server, "-display", screen->display,  "-rfbunixpath", "vnc",
                   "-rfbport",     "-1",       "-SecurityTypes", "None",         NULL};
   return vm_spawn(&screen->vnc, argv, (int[]){-1, log, log}, -1, NULL);
}

void vm_screen_end(struct vm_screen *screen, const char *folder)
{
   char path[4200];
   vm_end(&screen->vnc);
   vm_end(&screen->pid);
   snprintf(path, sizeof(path), "%s/" PIXELS, folder);
   unlink(path);
   if (*screen->authority)
      unlink(screen->authority);
}

static uint32_t big(const unsigned char *p)
{
   return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// What a PNG chunk is checked with, CRC-32; `crc` starts as 0.
static uint32_t crc32_of(uint32_t crc, const unsigned char *p, size_t n)
{
   crc = ~crc;
   while (n--) {
      crc ^= *p++;
      for (int bit = 0; bit < 8; bit++)
         crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
   }
   return ~crc;
}

static void put_big(unsigned char *p, uint32_t value)
{
   for (int i = 0; i < 4; i++)
      p[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_chunk(FILE *out, const char *type, const unsigned char *data, size_t n)
{
   unsigned char word[4];
   put_big(word, (uint32_t)n);
   fwrite(word, 1, 4, out);
   fwrite(type, 1, 4, out);
   fwrite(data, 1, n, out);
   put_big(word, crc32_of(crc32_of(0, (const unsigned char *)type, 4), data, n));
   fwrite(word, 1, 4, out);
}

// One row as a stored (not compressed) deflate block: the tool needs no library for the one picture it writes.
static size_t pack_row(unsigned char *out, const unsigned char *pixels, uint32_t width, bool last, uint32_t adler[2])
{
   size_t n = 1 + (size_t)3 * width;
   out[0] = last;
   out[1] = (unsigned char)n;
   out[2] = (unsigned char)(n >> 8);
   out[3] = (unsigned char)~out[1];
   out[4] = (unsigned char)~out[2];
   unsigned char *p = out + 5;
   *p++ = 0; // no filter
   for (uint32_t x = 0; x < width; x++, pixels += 4, p += 3) {
      p[0] = pixels[2];
      p[1] = pixels[1];
      p[2] = pixels[0];
   }
   for (size_t i = 0; i < n; i++) {
      adler[0] = (adler[0] + out[5 + i]) % 65521;
      adler[1] = (adler[1] + adler[0]) % 65521;
   }
   return n + 5;
}

// 32-bit pixels, blue first, as PNG.
static bool write_png(FILE *out, const unsigned char *pixels, uint32_t width, uint32_t height, uint32_t stride)
{
   static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
   unsigned char header[13] = {[8] = 8, [9] = 2};
   uint32_t adler[2] = {1, 0};
   unsigned char *data = malloc(2 + (size_t)height * (6 + (size_t)3 * width) + 4);
   size_t n = 2;
   if (!data)
      return false;
   data[0] = 0x78;
   data[1] = 0x01;
   for (uint32_t y = 0; y < height; y++)
      n += pack_row(data + n, pixels + (size_t)y * stride, width, y + 1 == height, adler);
   put_big(data + n, adler[1] << 16 | adler[0]);
   put_big(header, width);
   put_big(header + 4, height);
   fwrite(signature, 1, sizeof(signature), out);
   put_chunk(out, "IHDR", header, sizeof(header));
   put_chunk(out, "IDAT", data, n + 4);
   put_chunk(out, "IEND", data, 0);
   free(data);
   return !fflush(out) && !ferror(out);
}

// The file is an X window dump: 25 big-endian words, a name, a table of 12-byte colours, the pixels.
static int save_dump(const unsigned char *dump, size_t size, FILE *out, const char *path)
{
   uint32_t header = size < 100 ? 0 : big(dump), width = 0, height = 0, stride = 0;
   size_t start = 0;
   if (header >= 100) {
      width = big(dump + 16);
      height = big(dump + 20);
      stride = big(dump + 48);
      start = (size_t)header + (size_t)big(dump + 76) * 12;
   }
   if (width < LEFT + WIDTH || width > 16384 || height < TOP + HEIGHT || big(dump + 44) != 32 || stride < width * 4 ||
       start + (uint64_t)stride * height > size) {
      cli_fail("the display's pixels are not as expected");
      return -1;
   }
   if (write_png(out, dump + start + (size_t)TOP * stride + (size_t)4 * LEFT, WIDTH, HEIGHT, stride))
      return 0;
   cli_fail("cannot write %s: %s", path, strerror(errno));
   return -1;
}

int vm_screen_save(const char *folder, FILE *out, const char *path)
{
   char file[4200];
   struct stat status;
   snprintf(file, sizeof(file), "%s/" PIXELS, folder);
   int fd = open(file, O_RDONLY | O_CLOEXEC), result = -1;
   void *dump =
       fd < 0 || fstat(fd, &status) ? MAP_FAILED : mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
   if (dump == MAP_FAILED)
      cli_fail("cannot read %s: %s", file, strerror(errno));
   else {
      result = save_dump(dump, (size_t)status.st_size, out, path);
      munmap(dump, (size_t)status.st_size);
   }
   if (fd >= 0)
      close(fd);
   return result;
}
