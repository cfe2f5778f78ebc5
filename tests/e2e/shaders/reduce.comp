// SPDX-License-Identifier: MIT
#version 450
// Sums through shared memory and an atomic: what is added does not depend on the order.
layout(local_size_x = 64) in;
layout(binding = 0, std430) readonly buffer Input { uint words[]; } source;
layout(binding = 1, std430) buffer Output { uint total; uint largest; uint partial[]; } target;
shared uint sums[64];

void main()
{
   uint i = gl_LocalInvocationID.x;
   sums[i] = source.words[gl_GlobalInvocationID.x];
   atomicMax(target.largest, sums[i]);
   for (uint half_size = 32; half_size > 0; half_size /= 2) {
      barrier();
      if (i < half_size)
         sums[i] += sums[i + half_size];
   }
   if (i == 0) {
      target.partial[gl_WorkGroupID.x] = sums[0];
      atomicAdd(target.total, sums[0]);
   }
}
