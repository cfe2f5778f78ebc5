// SPDX-License-Identifier: MIT
#version 450
layout(push_constant) uniform Push { uint number; } push;
layout(location = 0) out uint color;

void main()
{
   color = push.number;
}
