// SPDX-License-Identifier: MIT
#version 450
// Counts itself before the depth test can be known: it writes the depth.
layout(binding = 0) buffer Count { uint count; };
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   atomicAdd(count, 1);
   gl_FragDepth = gl_FragCoord.z * 0.5;
   color = vec4(uv, extra.x, 1.0);
}
