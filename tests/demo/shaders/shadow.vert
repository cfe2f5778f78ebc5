// SPDX-License-Identifier: MIT
#version 450
#extension GL_GOOGLE_include_directive : require
#include "frame.glsl"
layout(push_constant) uniform Push { mat4 model; vec4 tint; vec4 surface; } push;
layout(location = 0) in vec3 position;

void main()
{
   gl_Position = frame.light * (push.model * vec4(position, 1.0));
}
