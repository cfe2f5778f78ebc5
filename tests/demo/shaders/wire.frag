// SPDX-License-Identifier: MIT
#version 450
layout(push_constant) uniform Push { mat4 model; vec4 tint; vec4 surface; } push;
layout(location = 1) in vec3 normal;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(push.tint.rgb * (0.7 + 0.3 * normalize(normal).y), push.tint.a);
}
