// SPDX-License-Identifier: MIT
#version 450
// What is there already and the new colour: the order matters.
layout(input_attachment_index = 0, binding = 0) uniform subpassInput before;
layout(location = 0) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   vec4 old = subpassLoad(before);
   out_color = vec4(old.rgb * 0.5 + color.rgb * 0.5, old.a + 1.0 / 16.0);
}
