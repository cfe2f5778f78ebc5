// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_fragment_shader_barycentric : require
// Interpolates by hand.
layout(location = 0) in vec4 smooth_color;
layout(location = 1) in pervertexEXT vec4 corners[3];
layout(location = 0) out vec4 color;

void main()
{
   vec3 b = gl_BaryCoordEXT;
   color = vec4((corners[0] * b.x + corners[1] * b.y + corners[2] * b.z).rg, b.y, 1.0);
}
