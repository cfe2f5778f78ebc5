// SPDX-License-Identifier: MIT
#version 450
// Colours beyond the range of normalised formats.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(uv.x * 1.5 - 0.25, uv.y * 2.0 - 1.0, uv.x * uv.y, 0.25 + 0.5 * uv.y) * extra.x;
}
