// SPDX-License-Identifier: MIT
#version 450
// A strip over the tile of this number, of 64 x 64.
layout(push_constant) uniform Push { uint number; } push;

void main()
{
   uvec2 tile = uvec2(push.number % 64, push.number / 64 % 64);
   uvec2 corner = uvec2(gl_VertexIndex % 2, gl_VertexIndex / 2);
   gl_Position = vec4(vec2(tile + corner) / 32 - 1, 0, 1);
}
