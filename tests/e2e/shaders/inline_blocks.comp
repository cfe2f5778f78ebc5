// SPDX-License-Identifier: MIT
#version 450
// Copies two inline uniform blocks of different sizes to the row of the work group.
layout(local_size_x = 16) in;
layout(binding = 0, std430) writeonly buffer Output { uvec4 words[]; } target;
layout(binding = 2) uniform Small { uvec4 words[4]; } small_block;
layout(binding = 5) uniform Large { uvec4 words[12]; } large_block;

void main()
{
   uint i = gl_LocalInvocationID.x;
   target.words[gl_GlobalInvocationID.x] = i < 4 ? small_block.words[i] : large_block.words[i - 4];
}
