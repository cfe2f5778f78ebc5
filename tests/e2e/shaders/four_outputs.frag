// SPDX-License-Identifier: MIT
#version 450
// A different colour for each of four attachments.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 first;
layout(location = 1) out vec4 second;
layout(location = 2) out vec4 third;
layout(location = 3) out uvec4 fourth;

void main()
{
   first = vec4(extra.rgb, 0.5 + 0.25 * uv.x);
   second = vec4(uv, extra.b, 0.5);
   third = vec4(extra.g - uv.x, 2.0 * uv.y, extra.r, uv.x);
   fourth = uvec4(gl_FragCoord.xy, extra.r * 255.0, 7);
}
