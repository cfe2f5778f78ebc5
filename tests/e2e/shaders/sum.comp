// SPDX-License-Identifier: MIT
#version 450
// Adds what a dynamic uniform buffer, a texel buffer and a storage image hold to the output.
layout(local_size_x = 16) in;
layout(binding = 0) uniform Term { uvec4 words[4]; } term;
layout(binding = 1, std430) buffer Output { uint words[]; } target;
layout(binding = 2, r32ui) uniform uimageBuffer texels;
layout(binding = 3, rgba8ui) uniform uimage2D image;

void main()
{
   uint i = gl_LocalInvocationID.x;
   uvec4 pixel = imageLoad(image, ivec2(i % 4, i / 4));
   imageStore(image, ivec2(i % 4, i / 4), pixel.yzwx + 1);
   target.words[i] += term.words[i / 4][i % 4] + imageLoad(texels, int(i)).r + pixel.x;
}
