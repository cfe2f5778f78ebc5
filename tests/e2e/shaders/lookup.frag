// SPDX-License-Identifier: MIT
#version 450
// One texture, looked into as its sampler says.
layout(binding = 0) uniform sampler2D plain;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = textureLod(plain, uv, 0.0);
}
