// SPDX-License-Identifier: MIT
#version 450
// Points into two streams of captured vertices, and a second point for every other one.
layout(points) in;
layout(points, max_vertices = 4) out;
layout(location = 0) in vec4 color[];
layout(stream = 0, location = 0, xfb_buffer = 0, xfb_offset = 0, xfb_stride = 16) out vec4 first;
layout(stream = 1, location = 1, xfb_buffer = 1, xfb_offset = 0, xfb_stride = 8) out vec2 second;

void main()
{
   for (int i = 0; i <= (gl_PrimitiveIDIn & 1); i++) {
      gl_Position = gl_in[0].gl_Position;
      first = color[0] + vec4(i);
      EmitStreamVertex(0);
      EndStreamPrimitive(0);
   }
   second = vec2(gl_PrimitiveIDIn, 2 * gl_PrimitiveIDIn);
   EmitStreamVertex(1);
   EndStreamPrimitive(1);
   if (gl_PrimitiveIDIn % 3 == 0) {
      second = -second;
      EmitStreamVertex(1);
      EndStreamPrimitive(1);
   }
}
