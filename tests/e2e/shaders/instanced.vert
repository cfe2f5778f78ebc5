// SPDX-License-Identifier: MIT
#version 460
// Places instances on a grid; the draw's own numbers change the colour.
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   vec2 cell = vec2(gl_InstanceIndex % 4, gl_InstanceIndex / 4) * 0.5 - 0.75;
   gl_Position = vec4(position.xy + cell, 0.0, 1.0);
   out_color = vec4(color.rgb * (1.0 - 0.2 * gl_DrawID), 1.0) - vec4(0.25 * gl_BaseInstance / 13.0, 0, 0, 0);
}
