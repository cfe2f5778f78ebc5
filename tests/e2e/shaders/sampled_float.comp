// SPDX-License-Identifier: MIT
#version 450
// Reads every texel of level 0 of a texture, unfiltered.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D source;
layout(binding = 1, std430) writeonly buffer Output { vec4 values[]; } target;

void main()
{
   ivec2 p = ivec2(gl_GlobalInvocationID.xy), size = textureSize(source, 0);
   if (all(lessThan(p, size)))
      target.values[p.y * size.x + p.x] = texelFetch(source, p, 0);
}
