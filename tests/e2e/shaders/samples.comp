// SPDX-License-Identifier: MIT
#version 450
// Writes every sample of every pixel to a buffer.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform sampler2DMS picture;
layout(binding = 1) writeonly buffer Out { uint samples[]; };
layout(push_constant) uniform Push { ivec2 size; int count; } push;

void main()
{
   ivec2 p = ivec2(gl_GlobalInvocationID.xy);
   if (any(greaterThanEqual(p, push.size)))
      return;
   for (int i = 0; i < push.count; i++)
      samples[(p.y * push.size.x + p.x) * push.count + i] = packUnorm4x8(texelFetch(picture, p, i));
}
