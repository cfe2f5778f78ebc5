// SPDX-License-Identifier: MIT
#version 450
// A smooth colour and, in blue, the flat one of the provoking vertex.
layout(location = 0) in vec4 color;
layout(location = 1) in flat vec4 flat_color;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = vec4(color.rg, 0.5 * flat_color.b + 0.5 * flat_color.r, 1.0);
}
