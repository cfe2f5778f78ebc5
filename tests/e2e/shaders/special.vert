// SPDX-License-Identifier: MIT
#version 450
// Constants of the pipeline and of the commands decide where things are; every stage has its own range of the latter.
layout(constant_id = 0) const int columns = 1;
layout(constant_id = 1) const float size = 1.0;
layout(constant_id = 4) const bool mirrored = false;
layout(push_constant) uniform Push { layout(offset = 0) vec4 place; } push;
layout(location = 0) out vec2 out_uv;

void main()
{
   vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
   vec2 cell = vec2(gl_InstanceIndex % columns, gl_InstanceIndex / columns);
   gl_Position = vec4((cell * 0.25 + corner * size) * push.place.zw + push.place.xy, 0.0, 1.0);
   if (mirrored)
      gl_Position.x = -gl_Position.x;
   out_uv = corner;
}
