// SPDX-License-Identifier: MIT
//
// A pear is a surface of revolution, and so is nearly everything else here: a grid of points that a function places.
#include "shapes.h"

#include <stdbool.h>
#include <stdlib.h>

#define MAX_VERTICES 70000
#define MAX_INDICES  400000

typedef struct vec3 (*surface)(float u, float v);

float shapes_ground(float x, float z)
{
   float away = x * x + z * z, rise = 1 - expf(-away / 60);
   return rise * (1.1f * sinf(x * 0.33f + 1) * cosf(z * 0.27f) + 0.5f * sinf(x * 0.71f - z * 0.53f)) + away * 0.0016f;
}

static struct vec3 hills(float u, float v)
{
   float x = (u - 0.5f) * 70, z = (v - 0.5f) * 70;
   return (struct vec3){x, shapes_ground(x, z), z};
}

static struct vec3 turned(float radius, float height, float u)
{
   return (struct vec3){radius * cosf(u * 2 * PI), height, radius * sinf(u * 2 * PI)};
}

// The outline of a pear, from the dimple below to the one above, smooth between these points.
static struct vec3 pear(float u, float v)
{
   static const float outline[][2] = {{-0.05f, 0.10f}, {0, 0.06f},    {0.20f, 0.02f}, {0.50f, 0.16f}, {0.68f, 0.50f},
                                      {0.64f, 0.85f},  {0.45f, 1.2f}, {0.31f, 1.5f},  {0.26f, 1.72f}, {0.16f, 1.86f},
                                      {0.04f, 1.86f},  {0, 1.82f},    {-0.05f, 1.8f}};
   const int spans = (int)(sizeof(outline) / sizeof(outline[0])) - 3;
   float at = v * (float)spans;
   int i = (int)at < spans ? (int)at : spans - 1;
   float t = at - (float)i, xy[2];
   for (int k = 0; k < 2; k++) { // Catmull-Rom
      float a = outline[i][k], b = outline[i + 1][k], c = outline[i + 2][k], d = outline[i + 3][k];
      xy[k] = b + 0.5f * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
   }
   return turned(xy[0], xy[1], -u);
}

static struct vec3 stem(float u, float v)
{
   float radius = 0.035f + 0.03f * (1 - v) * (1 - v) + 0.02f * v * v * v;
   struct vec3 p = turned(radius, 1.78f + 0.5f * v, -u);
   p.x += 0.16f * v * v;
   return p;
}

static struct vec3 leaf(float u, float v)
{
   float width = 0.24f * sinf(PI * powf(v, 0.8f)), across = (u - 0.5f) * 2;
   return (struct vec3){0.05f + 0.75f * v, 1.98f + 0.25f * sinf(v * 2.4f) + 0.10f * across * across - 0.16f * v * v,
                        width * across};
}

static struct vec3 ring(float u, float v)
{
   float angle = v * 2 * PI, radius = 2.1f + 0.16f * cosf(angle);
   return turned(radius, 0.16f * sinf(angle), u);
}

// Normals come from the surface's own slopes, a little to both sides.
static struct vec3 normal_at(surface f, float u, float v)
{
   const float d = 0.002f;
   struct vec3 along_u = vec3_sub(f(u + d, v), f(u - d, v));
   struct vec3 along_v = vec3_sub(f(u, fminf(v + d, 1)), f(u, fmaxf(v - d, 0)));
   return vec3_normalize(vec3_cross(along_v, along_u));
}

static struct shape add_grid(struct shapes *s, surface f, uint32_t columns, uint32_t rows)
{
   struct shape shape = {s->index_count, columns * rows * 6};
   uint32_t base = s->vertex_count;
   for (uint32_t r = 0; r <= rows; r++) {
      for (uint32_t c = 0; c <= columns; c++) {
         float u = (float)c / (float)columns, v = (float)r / (float)rows;
         s->vertices[s->vertex_count++] = (struct vertex){f(u, v), normal_at(f, u, v), {u, v}};
      }
   }
   for (uint32_t r = 0; r < rows; r++) {
      for (uint32_t c = 0; c < columns; c++) {
         uint32_t a = base + r * (columns + 1) + c, b = a + columns + 1;
         const uint32_t quad[6] = {a, b, a + 1, a + 1, b, b + 1};
         for (int i = 0; i < 6; i++)
            s->indices[s->index_count++] = quad[i];
      }
   }
   return shape;
}

static struct shape add_cube(struct shapes *s)
{
   struct shape shape = {s->index_count, 36};
   for (int face = 0; face < 6; face++) {
      int axis = face / 2;
      float side = face % 2 ? 1 : -1;
      uint32_t base = s->vertex_count;
      for (int i = 0; i < 4; i++) {
         float p[3], n[3] = {0}, a = i & 1 ? 1 : -1, b = i & 2 ? 1 : -1;
         p[axis] = side;
         p[(axis + 1) % 3] = a * side;
         p[(axis + 2) % 3] = b;
         n[axis] = side;
         s->vertices[s->vertex_count++] =
             (struct vertex){{p[0] / 2, p[1] / 2, p[2] / 2}, {n[0], n[1], n[2]}, {(a + 1) / 2, (b + 1) / 2}};
      }
      const uint32_t quad[6] = {0, 1, 2, 2, 1, 3};
      for (int i = 0; i < 6; i++)
         s->indices[s->index_count++] = base + quad[i];
   }
   return shape;
}

struct shapes shapes_new(void)
{
   struct shapes s = {.vertices = malloc(MAX_VERTICES * sizeof(*s.vertices)),
                      .indices = malloc(MAX_INDICES * sizeof(*s.indices))};
   if (!s.vertices || !s.indices)
      return s;
   s.hills = add_grid(&s, hills, 100, 100);
   s.pear = add_grid(&s, pear, 96, 80);
   s.stem = add_grid(&s, stem, 16, 16);
   s.leaf = add_grid(&s, leaf, 12, 24);
   s.ring = add_grid(&s, ring, 72, 10);
   s.crate = add_cube(&s);
   return s;
}

static float noise(uint32_t x, uint32_t y)
{
   uint32_t h = x * 374761393u + y * 668265263u;
   h = (h ^ h >> 13) * 1274126177u;
   return (float)((h ^ h >> 16) & 0xffff) / 65535;
}

// Noise that repeats at the edges, so that skins can be tiled.
static float soft_noise(float x, float y, uint32_t period)
{
   uint32_t x0 = (uint32_t)x % period, y0 = (uint32_t)y % period, x1 = (x0 + 1) % period, y1 = (y0 + 1) % period;
   float fx = x - floorf(x), fy = y - floorf(y);
   fx = fx * fx * (3 - 2 * fx);
   fy = fy * fy * (3 - 2 * fy);
   float top = noise(x0, y0) * (1 - fx) + noise(x1, y0) * fx, bottom = noise(x0, y1) * (1 - fx) + noise(x1, y1) * fx;
   return top * (1 - fy) + bottom * fy;
}

static struct vec3 mix(struct vec3 a, struct vec3 b, float t)
{
   return (struct vec3){a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.z + (b.z - a.z) * t};
}

// Green to gold with a blush, and the freckles of a ripe pear.
static struct vec3 paint_pear(float u, float v, uint32_t x, uint32_t y)
{
   float blush = soft_noise(u * 4, v * 4, 4) * 0.6f + soft_noise(u * 16, v * 16, 16) * 0.4f;
   struct vec3 color = mix((struct vec3){0.62f, 0.72f, 0.16f}, (struct vec3){0.94f, 0.80f, 0.26f}, blush);
   color = mix(color, (struct vec3){0.90f, 0.42f, 0.20f}, fmaxf(0, sinf(u * 2 * PI)) * 0.45f * (1 - v));
   return noise(x / 2, y / 2) > 0.985f ? mix(color, (struct vec3){0.42f, 0.34f, 0.10f}, 0.6f) : color;
}

static struct vec3 paint_meadow(float u, float v, uint32_t x, uint32_t y)
{
   float grass = soft_noise(u * 8, v * 8, 8) * 0.5f + soft_noise(u * 32, v * 32, 32) * 0.3f + noise(x, y) * 0.2f;
   struct vec3 color = mix((struct vec3){0.20f, 0.36f, 0.10f}, (struct vec3){0.52f, 0.66f, 0.22f}, grass);
   float flower = noise(x / 3 + 91, y / 3 + 17);
   if (flower > 0.994f)
      return (struct vec3){0.98f, 0.94f, 0.75f};
   return flower > 0.990f ? (struct vec3){0.93f, 0.45f, 0.50f} : color;
}

static struct vec3 paint_crate(float u, float v, uint32_t x, uint32_t y)
{
   float edge = fminf(fminf(u, 1 - u), fminf(v, 1 - v)), plank = fmodf(v * 5, 1), grain = soft_noise(u * 4, v * 64, 64);
   struct vec3 color = mix((struct vec3){0.50f, 0.33f, 0.17f}, (struct vec3){0.76f, 0.56f, 0.33f}, grain);
   bool frame = edge < 0.11f || fabsf(u - v) < 0.07f;
   if (frame)
      color =
          mix((struct vec3){0.62f, 0.44f, 0.24f}, (struct vec3){0.84f, 0.66f, 0.42f}, soft_noise(u * 64, v * 8, 64));
   bool gap = frame ? edge > 0.095f && edge < 0.11f : plank < 0.08f;
   return gap ? mix(color, (struct vec3){0.12f, 0.07f, 0.03f}, 0.7f)
              : mix(color, (struct vec3){0, 0, 0}, 0.1f * noise(x, y));
}

void shapes_paint(uint32_t skin, uint8_t *pixels)
{
   struct vec3 (*const painters[SKINS])(float, float, uint32_t, uint32_t) = {paint_pear, paint_meadow, paint_crate};
   for (uint32_t y = 0; y < SKIN_SIZE; y++) {
      for (uint32_t x = 0; x < SKIN_SIZE; x++, pixels += 4) {
         struct vec3 c = painters[skin]((float)x / SKIN_SIZE, (float)y / SKIN_SIZE, x, y);
         pixels[0] = (uint8_t)(c.x * 255);
         pixels[1] = (uint8_t)(c.y * 255);
         pixels[2] = (uint8_t)(c.z * 255);
         pixels[3] = 255;
      }
   }
}
