// SPDX-License-Identifier: MIT
#version 450
layout(input_attachment_index = 0, binding = 0) uniform subpassInput first;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(1.0 - subpassLoad(first).rgb, uv.x * uv.y) + extra;
}
