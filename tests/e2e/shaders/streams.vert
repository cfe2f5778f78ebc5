// SPDX-License-Identifier: MIT
#version 450
// Four attributes of four bindings that advance at different rates.
layout(location = 0) in vec2 corner;
layout(location = 1) in vec2 offset;
layout(location = 2) in vec4 tint;
layout(location = 3) in float shade;
layout(location = 0) out vec4 color;

void main()
{
   gl_Position = vec4(corner * 0.125 + offset, 0.0, 1.0);
   color = vec4(tint.rgb * shade, 1.0);
}
