// SPDX-License-Identifier: MIT
#version 450
// Integer and float arithmetic on a storage buffer; size, rounds and the operation come from three different places.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROUNDS = 1;
layout(constant_id = 2) const bool BACKWARDS = false;
layout(push_constant) uniform Push { uint count; uint salt; float scale; } push;
layout(binding = 0, std430) readonly buffer Input { uint words[]; } source;
layout(binding = 1, std430) writeonly buffer Output { uint words[]; } target;
layout(binding = 2) uniform Table { uvec4 rows[4]; } table;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   if (i >= push.count)
      return;
   uint x = source.words[i] ^ push.salt;
   for (uint round = 0; round < ROUNDS; round++)
      x = x * 1664525u + 1013904223u + table.rows[round & 3][i & 3u];
   x ^= floatBitsToUint(float(i) * push.scale + 0.5);
   target.words[BACKWARDS ? push.count - 1 - i : i] = x;
}
