// SPDX-License-Identifier: MIT
#version 450
// What earlier subpasses left: a colour and a depth.
layout(input_attachment_index = 0, binding = 0) uniform subpassInput color_in;
layout(input_attachment_index = 1, binding = 1) uniform subpassInput depth_in;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(subpassLoad(color_in).gr * extra.x, subpassLoad(depth_in).r, 1.0);
}
