// SPDX-License-Identifier: MIT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame.glsl"
// Fireflies on their own orbits: there is no vertex buffer, a number is enough.
layout(location = 0) out vec4 color;

float chance(uint seed)
{
   seed = (seed ^ 61u) ^ (seed >> 16);
   seed *= 9u;
   seed ^= seed >> 4;
   seed *= 0x27d4eb2du;
   return float((seed ^ (seed >> 15)) & 0xffffu) / 65535.0;
}

void main()
{
   uint n = uint(gl_VertexIndex) * 4u;
   float radius = 1.4 + 3.2 * chance(n);
   float angle = 6.2832 * chance(n + 1u) + frame.time.x * (0.9 - 0.5 * chance(n + 2u));
   float height = 0.3 + 2.6 * chance(n + 3u) + 0.15 * sin(angle * 3.0);
   gl_Position = frame.view_projection * vec4(radius * cos(angle), height, radius * sin(angle), 1.0);
   gl_PointSize = 26.0 / gl_Position.w * (0.6 + 0.8 * chance(n + 2u));
   color = vec4(mix(vec3(1.0, 0.85, 0.35), vec3(0.75, 1.0, 0.55), chance(n + 5u)), 0.55 + 0.45 * sin(angle * 7.0));
}
