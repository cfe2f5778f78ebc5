// SPDX-License-Identifier: MIT
#version 450
// Reads the texel that it is about to write.
layout(binding = 0) uniform sampler2D itself;
layout(location = 0) in vec4 color;
layout(location = 0) out vec4 out_color;

void main()
{
   vec4 old = texelFetch(itself, ivec2(gl_FragCoord.xy), 0);
   out_color = vec4(old.gbr * 0.75 + color.rgb * 0.25, old.a);
}
