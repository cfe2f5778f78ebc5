// SPDX-License-Identifier: MIT
#version 450
// A pattern of pixels, so that a picture shifted or scaled is another one.
layout(location = 0) in vec3 color;
layout(location = 0) out vec4 result;

void main()
{
   float stripe = mod(floor(gl_FragCoord.x / 3.0) + floor(gl_FragCoord.y / 5.0), 2.0);
   result = vec4(color * (0.7 + 0.3 * stripe), 1.0);
}
