// SPDX-License-Identifier: MIT
#version 450
// Vertices without a buffer: a row of zigzagging points, coloured by number.
layout(push_constant) uniform Push { vec4 place; vec4 extra; } push; // step x, height; start x, y; point size
layout(location = 0) out vec4 color;
layout(location = 1) out flat vec4 flat_color;

void main()
{
   int i = gl_VertexIndex;
   vec2 p = vec2(float(i) * push.place.x, (i & 1) != 0 ? push.place.y : 0.0) + push.place.zw;
   gl_Position = vec4(p, 0.25 + 0.0625 * float(gl_InstanceIndex), 1.0);
   gl_PointSize = push.extra.x;
   color = vec4(float(i & 3) / 3.0, float(i >> 2 & 3) / 3.0, float(i % 5) / 4.0, 1.0);
   flat_color = color;
}
