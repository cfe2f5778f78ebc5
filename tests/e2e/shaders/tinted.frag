// SPDX-License-Identifier: MIT
#version 450
layout(set = 1, binding = 0) uniform Tint { vec4 tint; } block;
layout(constant_id = 0) const float GAIN = 1.0;
layout(location = 0) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = color * block.tint * GAIN;
}
