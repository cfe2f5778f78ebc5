// SPDX-License-Identifier: MIT
#version 450
// Dynamic buffers in two sets, with gaps between the bindings and an array: the order of offsets matters.
layout(local_size_x = 16) in;
layout(set = 0, binding = 1) uniform Block { uvec4 words[4]; } one;
layout(set = 0, binding = 4) uniform Blocks { uvec4 words[4]; } some[3];
layout(set = 1, binding = 0, std430) readonly buffer Input { uint words[]; } source;
layout(set = 1, binding = 3, std430) buffer Output { uint words[]; } target;

void main()
{
   uint i = gl_LocalInvocationID.x, x = one.words[i / 4][i % 4];
   for (int s = 0; s < 3; s++)
      x = x * 31u + some[s].words[i / 4][i % 4];
   target.words[i] += x ^ source.words[i];
}
