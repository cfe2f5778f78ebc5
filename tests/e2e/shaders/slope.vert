// SPDX-License-Identifier: MIT
#version 450
// A rectangle like quad.vert's, whose depth goes from extra.z to extra.w, left to right.
layout(push_constant) uniform Push { vec4 rect; vec4 uv; vec4 extra; } push;
layout(location = 0) out vec2 out_uv;
layout(location = 1) out flat vec4 out_extra;

void main()
{
   vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
   gl_Position = vec4(mix(push.rect.xy, push.rect.zw, corner), mix(push.extra.z, push.extra.w, corner.x), 1.0);
   out_uv = mix(push.uv.xy, push.uv.zw, corner);
   out_extra = push.extra;
}
