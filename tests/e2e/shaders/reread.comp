// SPDX-License-Identifier: MIT
#version 450
// The same texels, read as normalised colours, as sRGB and as one number each.
layout(local_size_x = 64) in;
layout(binding = 0) uniform sampler2D normalised;
layout(binding = 1) uniform sampler2D gamma;
layout(binding = 2) uniform usampler2D number;
layout(binding = 3, r32ui) uniform uimage2D stored;
layout(binding = 4) writeonly buffer Out { uvec4 words[]; };

void main()
{
   uint i = gl_GlobalInvocationID.x;
   ivec2 p = ivec2(i % 16, i / 16);
   uint old = imageAtomicXor(stored, p, 0x01020408u);
   words[2 * i] = uvec4(packUnorm4x8(texelFetch(normalised, p, 0)), texelFetch(number, p, 0).x, old, i);
   words[2 * i + 1] = floatBitsToUint(texelFetch(gamma, p, 0));
}
