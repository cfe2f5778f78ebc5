// SPDX-License-Identifier: MIT
#version 450
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(extra.rgb, 0.5 + 0.5 * uv.x);
}
