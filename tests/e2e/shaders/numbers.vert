// SPDX-License-Identifier: MIT
#version 460
// Small triangles placed by the draw's own numbers.
layout(location = 0) out vec4 out_color;

void main()
{
   int cell = (gl_InstanceIndex + gl_DrawID * 5) & 63;
   vec2 corner = vec2(gl_VertexIndex & 1, (gl_VertexIndex >> 1) & 1);
   gl_Position = vec4((vec2(cell & 7, cell >> 3) + corner * 0.875) * 0.25 - 1.0, 0.0, 1.0);
   out_color = vec4(float(gl_DrawID & 7) / 7.0, float((gl_BaseInstance + gl_BaseVertex) & 15) / 15.0,
                    float(gl_InstanceIndex - gl_BaseInstance) / 4.0, 1.0);
}
