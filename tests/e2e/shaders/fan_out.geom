// SPDX-License-Identifier: MIT
#version 450
// Points become triangles in several layers and viewports; every invocation makes its own.
layout(points, invocations = 4) in;
layout(triangle_strip, max_vertices = 6) out;
layout(location = 0) in vec4 color[];
layout(location = 1) in flat vec4 flat_color[];
layout(location = 0) out vec4 out_color;
layout(location = 1) out flat vec4 out_flat;

void main()
{
   vec4 p = gl_in[0].gl_Position;
   for (int strip = 0; strip < 2; strip++) {
      for (int i = 0; i < 3; i++) {
         vec2 d = vec2(i == 0 ? -0.25 : 0.25 * float(i - 1), i == 1 ? -0.25 : 0.25) * (strip == 0 ? 1.0 : -0.75);
         gl_Position = vec4(p.xy + d + 0.125 * float(gl_InvocationID), p.z, 1.0);
         gl_Layer = gl_InvocationID;
         gl_ViewportIndex = strip;
         gl_PrimitiveID = gl_PrimitiveIDIn * 8 + gl_InvocationID * 2 + strip;
         out_color = color[0];
         out_flat = vec4(float(gl_InvocationID) / 3.0);
         EmitVertex();
      }
      EndPrimitive();
   }
}
