// SPDX-License-Identifier: MIT
#version 450
layout(location = 0) in flat uvec4 bits;
layout(location = 0) out uvec4 color;

void main()
{
   color = bits;
}
