// SPDX-License-Identifier: MIT
#version 450
// A coloured vertex, placed by a uniform of set 0 and moved by another specialisation constant.
layout(set = 0, binding = 0) uniform Place { vec4 place; } block;
layout(constant_id = 0) const float SHIFT = 0.0;
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   gl_Position = vec4(position.xy * block.place.xy + block.place.zw + SHIFT, position.z, 1.0);
   out_color = color;
}
