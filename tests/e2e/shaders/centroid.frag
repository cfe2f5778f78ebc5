// SPDX-License-Identifier: MIT
#version 450
// Makes every sample different where the pipeline shades per sample.
layout(location = 0) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   out_color = vec4(color.rg, fract(gl_SamplePosition.x * 3.0 + gl_FragCoord.y * 0.125), color.a);
}
