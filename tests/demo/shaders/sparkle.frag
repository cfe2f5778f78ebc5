// SPDX-License-Identifier: MIT
#version 450
layout(location = 0) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   float distance = length(gl_PointCoord - 0.5) * 2.0;
   out_color = vec4(color.rgb, color.a * pow(max(1.0 - distance, 0.0), 1.5));
}
