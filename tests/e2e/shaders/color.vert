// SPDX-License-Identifier: MIT
#version 450
layout(push_constant) uniform Push { vec4 place; } push; // scale x, y; offset x, y
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   gl_Position = vec4(position.xy * push.place.xy + push.place.zw, position.z, 1.0);
   gl_PointSize = 4.0;
   out_color = color;
}
