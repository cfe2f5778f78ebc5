// SPDX-License-Identifier: MIT
#version 450
layout(triangles, equal_spacing, cw) in;
layout(location = 0) in vec4 color[];
layout(location = 0) out vec4 out_color;

void main()
{
   vec3 t = gl_TessCoord;
   gl_Position = t.x * gl_in[0].gl_Position + t.y * gl_in[1].gl_Position + t.z * gl_in[2].gl_Position;
   gl_Position.xy += 0.0625 * vec2(t.y - t.z, t.x * t.y * 4.0);
   out_color = t.x * color[0] + t.y * color[1] + t.z * color[2];
}
