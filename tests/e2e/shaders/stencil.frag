// SPDX-License-Identifier: MIT
#version 450
#extension GL_ARB_shader_stencil_export : require
// Writes the stencil itself.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   gl_FragStencilRefARB = int(gl_FragCoord.x) * 3 + int(gl_FragCoord.y) * int(extra.x);
   color = vec4(uv, extra.y, 1.0);
}
