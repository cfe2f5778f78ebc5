// SPDX-License-Identifier: MIT
#version 450
layout(local_size_x = 16) in;
layout(binding = 0, std430) buffer Data { uint words[]; } data;
layout(set = 1, binding = 0) uniform Inline { uvec4 terms; } block;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   data.words[i] += block.terms[i & 3u];
}
