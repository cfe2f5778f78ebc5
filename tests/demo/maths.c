// SPDX-License-Identifier: MIT
//
// Matrices for the demo.
#include "maths.h"

struct mat4 mat4_mul(const struct mat4 *a, const struct mat4 *b)
{
   struct mat4 out;
   for (int c = 0; c < 4; c++) {
      for (int r = 0; r < 4; r++) {
         out.m[c][r] = 0;
         for (int k = 0; k < 4; k++)
            out.m[c][r] += a->m[k][r] * b->m[c][k];
      }
   }
   return out;
}

// Gauss-Jordan with the largest pivot: a perspective has zeros on its diagonal.
struct mat4 mat4_inverse(const struct mat4 *a)
{
   double w[4][8];
   for (int r = 0; r < 4; r++) {
      for (int c = 0; c < 8; c++)
         w[r][c] = c < 4 ? a->m[c][r] : r == c - 4;
   }
   for (int i = 0; i < 4; i++) {
      int pivot = i;
      for (int r = i; r < 4; r++) {
         if (fabs(w[r][i]) > fabs(w[pivot][i]))
            pivot = r;
      }
      for (int c = 0; c < 8; c++) {
         double swap = w[i][c];
         w[i][c] = w[pivot][c];
         w[pivot][c] = swap;
      }
      double divisor = w[i][i];
      for (int c = 0; c < 8; c++)
         w[i][c] /= divisor;
      for (int r = 0; r < 4; r++) {
         double factor = w[r][i];
         for (int c = 0; r != i && c < 8; c++)
            w[r][c] -= factor * w[i][c];
      }
   }
   struct mat4 out;
   for (int c = 0; c < 4; c++) {
      for (int r = 0; r < 4; r++)
         out.m[c][r] = (float)w[r][c + 4];
   }
   return out;
}

struct mat4 mat4_look_at(struct vec3 eye, struct vec3 at)
{
   struct vec3 back = vec3_normalize(vec3_sub(eye, at));
   struct vec3 right = vec3_normalize(vec3_cross((struct vec3){0, 1, 0}, back));
   struct vec3 up = vec3_cross(back, right);
   return (struct mat4){{{right.x, up.x, back.x, 0},
                         {right.y, up.y, back.y, 0},
                         {right.z, up.z, back.z, 0},
                         {-vec3_dot(right, eye), -vec3_dot(up, eye), -vec3_dot(back, eye), 1}}};
}

struct mat4 mat4_perspective(float fov_y, float aspect, float near, float far)
{
   float f = 1 / tanf(fov_y / 2);
   return (struct mat4){{{f / aspect}, {0, -f}, {0, 0, far / (near - far), -1}, {0, 0, near * far / (near - far), 0}}};
}

struct mat4 mat4_ortho(float half_width, float near, float far)
{
   return (struct mat4){
       {{1 / half_width}, {0, -1 / half_width}, {0, 0, 1 / (near - far)}, {0, 0, near / (near - far), 1}}};
}

struct mat4 mat4_place(struct vec3 at, float scale, float turn, float tilt)
{
   float c = cosf(turn) * scale, s = sinf(turn) * scale, ct = cosf(tilt), st = sinf(tilt);
   return (struct mat4){
       {{c * ct, c * st, -s, 0}, {-scale * st, scale * ct, 0, 0}, {s * ct, s * st, c, 0}, {at.x, at.y, at.z, 1}}};
}
