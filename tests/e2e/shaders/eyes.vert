// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_multiview : require
// A rectangle like quad.vert's, shifted for every view.
layout(push_constant) uniform Push { vec4 rect; vec4 uv; vec4 extra; } push;
layout(location = 0) out vec2 out_uv;
layout(location = 1) out flat vec4 out_extra;

void main()
{
   vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
   gl_Position = vec4(mix(push.rect.xy, push.rect.zw, corner), push.extra.w, 1.0);
   gl_Position.x += 0.25 * float(gl_ViewIndex);
   out_uv = mix(push.uv.xy, push.uv.zw, corner);
   out_extra = push.extra;
}
