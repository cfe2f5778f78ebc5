// SPDX-License-Identifier: MIT
#version 450
// One texture of integers, looked into as its sampler says.
layout(binding = 0) uniform isampler2D plain;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(textureLod(plain, uv, 0.0)) / 255.0;
}
