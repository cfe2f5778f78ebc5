// SPDX-License-Identifier: MIT
#version 450
// Shrinks every triangle, so that one sees how the surface was divided.
layout(triangles) in;
layout(triangle_strip, max_vertices = 3) out;
layout(location = 0) in vec4 color[];
layout(location = 0) out vec4 out_color;

void main()
{
   vec4 middle = (gl_in[0].gl_Position + gl_in[1].gl_Position + gl_in[2].gl_Position) * 0.25;
   for (int i = 0; i < 3; i++) {
      gl_Position = vec4((gl_in[i].gl_Position * 0.25 + middle).xyz, 1.0);
      out_color = color[i] + 0.0625 * (gl_PrimitiveIDIn % 4);
      EmitVertex();
   }
   EndPrimitive();
}
