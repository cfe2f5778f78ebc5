// SPDX-License-Identifier: MIT
//
// As much vector arithmetic as the demo needs. Matrices are column-major, as shaders read them.
#ifndef DEMO_MATHS_H
#define DEMO_MATHS_H

#include <math.h>

#define PI 3.14159265358979f

struct vec3 {
   float x, y, z;
};

struct mat4 {
   float m[4][4]; // [column][row]
};

static inline struct vec3 vec3_sub(struct vec3 a, struct vec3 b)
{
   return (struct vec3){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline struct vec3 vec3_cross(struct vec3 a, struct vec3 b)
{
   return (struct vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static inline float vec3_dot(struct vec3 a, struct vec3 b)
{
   return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec3 vec3_normalize(struct vec3 a)
{
   float length = sqrtf(vec3_dot(a, a));
   return length > 0 ? (struct vec3){a.x / length, a.y / length, a.z / length} : (struct vec3){0, 1, 0};
}

struct mat4 mat4_mul(const struct mat4 *a, const struct mat4 *b);
struct mat4 mat4_inverse(const struct mat4 *a);
struct mat4 mat4_look_at(struct vec3 eye, struct vec3 at);
// Depth 0 to 1, y down, as Vulkan has it.
struct mat4 mat4_perspective(float fov_y, float aspect, float near, float far);
struct mat4 mat4_ortho(float half_width, float near, float far);
// Scaled, then turned about y, then tilted about z, then moved.
struct mat4 mat4_place(struct vec3 at, float scale, float turn, float tilt);

#endif
