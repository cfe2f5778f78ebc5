// SPDX-License-Identifier: MIT
#version 450
#extension GL_ARB_fragment_shader_interlock : require
layout(pixel_interlock_ordered) in;
// Every fragment makes of the pixel's number another one: the order matters.
layout(binding = 0, r32ui) uniform coherent uimage2D image;
layout(location = 0) in vec2 uv;
layout(location = 1) in flat vec4 extra;
layout(location = 0) out vec4 color;

void main()
{
   ivec2 p = ivec2(gl_FragCoord.xy);
   beginInvocationInterlockARB();
   uint old = imageLoad(image, p).x;
   imageStore(image, p, uvec4(old * 5u + uint(extra.x)));
   endInvocationInterlockARB();
   color = vec4(uv, extra.y, 1.0);
}
