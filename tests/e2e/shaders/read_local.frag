// SPDX-License-Identifier: MIT
#version 450
// What two other attachments hold at this very pixel.
layout(input_attachment_index = 0, binding = 0) uniform subpassInput first;
layout(input_attachment_index = 1, binding = 1) uniform subpassInput second;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(subpassLoad(first).rg, subpassLoad(second).ba);
}
