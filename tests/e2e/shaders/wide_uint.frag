// SPDX-License-Identifier: MIT
#version 450
// Unsigned numbers of every size.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out uvec4 color;

void main()
{
   uvec2 p = uvec2(gl_FragCoord.xy);
   color = uvec4(p.x * 4, p.y * 7, p.x + p.y * 2, p.x & 3) * uint(extra.x);
}
