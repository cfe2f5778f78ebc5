// SPDX-License-Identifier: MIT
#version 450
// Tells front from back.
layout(location = 0) in vec4 color;
layout(location = 1) in flat vec4 flat_color;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = gl_FrontFacing ? vec4(color.rg, 1.0, 1.0) : vec4(1.0, color.gb, 1.0);
}
