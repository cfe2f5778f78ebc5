// SPDX-License-Identifier: MIT
#version 450
// One point per vertex, side by side; its colour is the attribute, bit for bit.
layout(push_constant) uniform Push { vec4 place; } push; // width and height of the picture, row
layout(location = 0) in uvec4 value;
layout(location = 0) out flat uvec4 bits;

void main()
{
   vec2 pixel = vec2(gl_VertexIndex + gl_InstanceIndex * 8, push.place.z) + 0.5;
   gl_Position = vec4(pixel / push.place.xy * 2.0 - 1.0, 0.0, 1.0);
   gl_PointSize = 1.0;
   bits = value;
}
