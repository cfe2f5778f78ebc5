// SPDX-License-Identifier: MIT
#version 450
// Triangles with their neighbours: shrunk, and coloured by the neighbours.
layout(triangles_adjacency) in;
layout(triangle_strip, max_vertices = 3) out;
layout(location = 0) in vec4 color[];
layout(location = 1) in flat vec4 flat_color[];
layout(location = 0) out vec4 out_color;
layout(location = 1) out flat vec4 out_flat;

void main()
{
   vec4 middle = (gl_in[0].gl_Position + gl_in[2].gl_Position + gl_in[4].gl_Position) / 4.0;
   for (int i = 0; i < 6; i += 2) {
      gl_Position = vec4((gl_in[i].gl_Position * 0.25 + middle).xyz, 1.0);
      gl_Position.y += i == 2 ? -0.375 : 0.125;
      out_color = color[i + 1];
      out_flat = flat_color[(i + 3) % 6] + vec4(gl_PrimitiveIDIn) / 8.0;
      EmitVertex();
   }
}
