// SPDX-License-Identifier: MIT
#version 450
// Captures what it computes.
layout(xfb_buffer = 0, xfb_stride = 32) out;
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
layout(xfb_buffer = 0, xfb_offset = 0, location = 1) out vec4 captured;
layout(xfb_buffer = 0, xfb_offset = 16, location = 0) out vec4 out_color;

void main()
{
   captured = vec4(position * 2.0, float(gl_VertexIndex));
   out_color = color.bgra;
   gl_Position = vec4(position, 1.0);
}
