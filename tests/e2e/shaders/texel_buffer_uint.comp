// SPDX-License-Identifier: MIT
#version 450
// Reads a texel buffer of any unsigned format and one of signed values; writes two storage texel buffers.
layout(local_size_x = 16) in;
layout(binding = 0) uniform usamplerBuffer words;
layout(binding = 1) uniform isamplerBuffer numbers;
layout(binding = 2, r32ui) uniform uimageBuffer counters;
layout(binding = 3, rgba8) uniform writeonly imageBuffer pixels;

void main()
{
   int i = int(gl_GlobalInvocationID.x);
   uvec4 w = texelFetch(words, i);
   ivec4 n = texelFetch(numbers, i);
   imageAtomicAdd(counters, i % 4, w.x);
   imageStore(counters, i + 4, uvec4(w.x * 3u + w.y + uint(n.x) * 5u + uint(imageSize(pixels))));
   imageStore(pixels, i, vec4(i, w.x & 255u, n.x & 255, 255) / 255.0);
}
