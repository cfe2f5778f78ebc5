// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shared_memory_block : require
// The same shared memory seen as words and as vectors.
layout(local_size_x = 64) in;
layout(binding = 0, std430) buffer Data { uvec4 rows[]; } data;
shared Words { uint words[256]; } words;
shared Rows { uvec4 rows[64]; } rows;

void main()
{
   uint i = gl_LocalInvocationID.x;
   for (uint k = 0; k < 4; k++)
      words.words[k * 64 + i] = data.rows[gl_GlobalInvocationID.x][k] + i;
   barrier();
   data.rows[gl_GlobalInvocationID.x] = rows.rows[63 - i];
}
