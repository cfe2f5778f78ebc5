// SPDX-License-Identifier: MIT
#version 450
// Corners of a patch: a square's, in order.
layout(push_constant) uniform Push { vec4 levels; } push;

void main()
{
   vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1 & 1);
   gl_Position = vec4(corner * 1.75 - 0.875, 0.0, 1.0);
   gl_PointSize = 2.0;
}
