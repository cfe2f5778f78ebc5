// SPDX-License-Identifier: MIT
#version 450
// Covers samples of its own choice.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   gl_SampleMask[0] = (int(gl_FragCoord.x) & 15) | 16 * (int(gl_FragCoord.y) & 15);
   color = vec4(extra.rgb, uv.x);
}
