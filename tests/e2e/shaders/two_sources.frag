// SPDX-License-Identifier: MIT
#version 450
// Two colours for one attachment.
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0, index = 0) out vec4 first;
layout(location = 0, index = 1) out vec4 second;

void main()
{
   first = vec4(extra.rgb, 0.25 + 0.5 * uv.x);
   second = vec4(uv, 0.5, 0.75 - 0.5 * uv.y);
}
