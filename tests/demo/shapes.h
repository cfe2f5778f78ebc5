// SPDX-License-Identifier: MIT
//
// The demo's shapes and the pictures on them, all computed: the repository holds no binary file.
#ifndef DEMO_SHAPES_H
#define DEMO_SHAPES_H

#include <stdint.h>

#include "maths.h"

struct vertex {
   struct vec3 position, normal;
   float uv[2];
};

// A range of the one index buffer.
struct shape {
   uint32_t first, count;
};

struct shapes {
   struct vertex *vertices;
   uint32_t *indices;
   uint32_t vertex_count, index_count;
   struct shape hills, pear, stem, leaf, crate, ring;
};

// Allocates and fills everything; NULL arrays without memory. Free both arrays.
struct shapes shapes_new(void);
// Height of the hills.
float shapes_ground(float x, float z);

enum { SKIN_PEAR, SKIN_MEADOW, SKIN_CRATE, SKINS };
#define SKIN_SIZE 256
// SKIN_SIZE * SKIN_SIZE RGBA pixels of one skin.
void shapes_paint(uint32_t skin, uint8_t *pixels);

#endif
