// SPDX-License-Identifier: MIT
#version 450
// Signed numbers of every size.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out ivec4 color;

void main()
{
   ivec2 p = ivec2(gl_FragCoord.xy);
   color = ivec4((p.x - 4) * 8, p.y * 16 - 100, (p.x - p.y) * 3, p.x * p.y - 20) * int(extra.x);
}
