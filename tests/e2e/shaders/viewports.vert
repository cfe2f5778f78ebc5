// SPDX-License-Identifier: MIT
#version 450
#extension GL_ARB_shader_viewport_layer_array : require
// Instance i goes to viewport i and layer i / 2.
layout(push_constant) uniform Push { vec4 rect; vec4 uv; vec4 extra; } push;
layout(location = 0) out vec2 out_uv;
layout(location = 1) out flat vec4 out_extra;

void main()
{
   vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
   gl_Position = vec4(mix(push.rect.xy, push.rect.zw, corner), 0.5 * corner.x, 1.0);
   gl_ViewportIndex = gl_InstanceIndex;
   gl_Layer = gl_InstanceIndex / 2;
   out_uv = mix(push.uv.xy, push.uv.zw, corner);
   out_extra = push.extra + vec4(0.25 * float(gl_InstanceIndex), 0, 0, 0);
}
