// SPDX-License-Identifier: MIT
#version 450
// Shows where in its point a fragment lies.
layout(location = 0) in vec4 color;
layout(location = 1) in flat vec4 flat_color;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = vec4(gl_PointCoord, gl_FrontFacing ? flat_color.b : 0.5, 1.0);
}
