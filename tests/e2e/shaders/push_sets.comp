// SPDX-License-Identifier: MIT
#version 450
// target[row] = a + b * factor of a uniform buffer; all of it from pushed descriptors.
layout(local_size_x = 16) in;
layout(set = 1, binding = 0, std430) readonly buffer A { uint words[]; } a;
layout(set = 1, binding = 1, std430) readonly buffer B { uint words[]; } b;
layout(set = 1, binding = 2) uniform Block { uint factor; } block;
layout(set = 1, binding = 3, std430) writeonly buffer Output { uint words[]; } target;
layout(set = 0, binding = 0, std430) buffer Count { uint total; } count;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   target.words[i] = a.words[i] + b.words[i] * block.factor;
   if (i == 0)
      count.total++;
}
