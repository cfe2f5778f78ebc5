// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_multiview : require
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   color = vec4(extra.rg, float(gl_ViewIndex) / 3.0, uv.x);
}
