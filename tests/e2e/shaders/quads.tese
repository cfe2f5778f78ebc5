// SPDX-License-Identifier: MIT
#version 450
// The program changes spacing and winding, and adds points.
layout(quads, equal_spacing, ccw) in;
layout(location = 0) out vec4 color;

void main()
{
   vec3 t = gl_TessCoord;
   vec4 top = mix(gl_in[0].gl_Position, gl_in[1].gl_Position, t.x);
   vec4 bottom = mix(gl_in[2].gl_Position, gl_in[3].gl_Position, t.x);
   gl_Position = mix(top, bottom, t.y) + vec4(0.0, 0.0625 * t.x * (1.0 - t.x), 0.0, 0.0);
   gl_PointSize = 2.0;
   color = vec4(t.xy, fract(t.x * 4.0 + t.y * 2.0), 1.0);
}
