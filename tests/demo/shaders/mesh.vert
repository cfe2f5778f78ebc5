// SPDX-License-Identifier: MIT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame.glsl"
layout(push_constant) uniform Push { mat4 model; vec4 tint; vec4 surface; } push;
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 0) out vec3 world;
layout(location = 1) out vec3 out_normal;
layout(location = 2) out vec2 out_uv;
layout(location = 3) out vec4 in_light;

void main()
{
   vec4 at = push.model * vec4(position, 1.0);
   world = at.xyz;
   out_normal = mat3(push.model) * normal;
   out_uv = uv;
   in_light = frame.light * at;
   gl_Position = frame.view_projection * at;
}
