// SPDX-License-Identifier: MIT
#version 460
#extension GL_EXT_mesh_shader : require
layout(location = 0) in vec4 color;
layout(location = 1) perprimitiveEXT flat in vec4 tint;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = color * tint;
}
