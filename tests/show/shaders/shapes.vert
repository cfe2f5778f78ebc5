// SPDX-License-Identifier: MIT
#version 450
// Triangles that turn and travel with the frame's number, each in a colour that changes with it.
layout(push_constant) uniform Push { float frame; float aspect; } push;
layout(location = 0) out vec3 color;

const vec2 CORNERS[3] = vec2[](vec2(0.0, -1.0), vec2(0.9, 0.7), vec2(-0.9, 0.7));

void main()
{
   float which = float(gl_InstanceIndex);
   float angle = push.frame * 0.13 * (1.0 + which * 0.25) + which;
   mat2 turn = mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
   vec2 at = 0.65 * vec2(sin(which * 2.4 + push.frame * 0.05), cos(which * 1.7 - push.frame * 0.08));
   vec2 corner = turn * CORNERS[gl_VertexIndex] * (0.1 + 0.02 * which);
   gl_Position = vec4(at + corner * vec2(push.aspect, 1.0), 0.0, 1.0);
   color = 0.5 + 0.5 * cos(vec3(0.0, 2.1, 4.2) + which + push.frame * 0.2 + float(gl_VertexIndex));
}
