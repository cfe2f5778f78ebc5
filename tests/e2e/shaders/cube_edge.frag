// SPDX-License-Identifier: MIT
#version 450
// A cube of few texels, seen along its corners.
layout(binding = 0) uniform samplerCube cube;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = textureLod(cube, vec3(uv * 2.0 - 1.0, extra.x), 0.0);
}
