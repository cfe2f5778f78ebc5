// SPDX-License-Identifier: MIT
#version 450
// Coloured by where it landed: layer, viewport, primitive.
layout(location = 0) in vec4 color;
layout(location = 1) in flat vec4 flat_color;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = vec4(color.r * 0.5 + 0.25 * float(gl_Layer), 0.25 + 0.5 * float(gl_ViewportIndex),
                    float(gl_PrimitiveID % 16) / 15.0, flat_color.r);
}
