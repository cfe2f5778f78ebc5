// SPDX-License-Identifier: MIT
#version 450
// A depth texture that is compared with, alone, gathered and projected.
layout(binding = 0) uniform sampler2DShadow shadow;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color.r = texture(shadow, vec3(uv, extra.x));
   color.g = textureProj(shadow, vec4(uv * 2.0, extra.x * 2.0, 2.0));
   color.ba = textureGather(shadow, uv, extra.x).xz;
}
