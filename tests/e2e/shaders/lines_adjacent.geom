// SPDX-License-Identifier: MIT
#version 450
// Lines with their neighbours: the neighbours move the ends.
layout(lines_adjacency) in;
layout(line_strip, max_vertices = 3) out;
layout(location = 0) in vec4 color[];
layout(location = 1) in flat vec4 flat_color[];
layout(location = 0) out vec4 out_color;
layout(location = 1) out flat vec4 out_flat;

void main()
{
   for (int i = 1; i < 3; i++) {
      gl_Position = gl_in[i].gl_Position * 0.75 + gl_in[i == 1 ? 0 : 3].gl_Position * 0.25;
      out_color = color[i];
      out_flat = flat_color[3 - i];
      EmitVertex();
   }
   gl_Position = vec4(gl_in[1].gl_Position.x, gl_in[2].gl_Position.y + 0.125, 0.5, 1.0);
   out_color = vec4(1);
   out_flat = vec4(gl_PrimitiveIDIn) / 8.0;
   EmitVertex();
}
