// SPDX-License-Identifier: MIT
#version 450
// Counts the work groups it ran as, by their position, and notes the number of groups and the base.
layout(local_size_x = 4, local_size_y = 2) in;
layout(binding = 0, std430) buffer Output { uint invocations; uint coordinates; uvec2 unused; uvec4 seen[]; } target;
shared uint sum;

void main()
{
   uvec3 g = gl_WorkGroupID;
   atomicAdd(target.invocations, 1);
   atomicAdd(target.coordinates, gl_GlobalInvocationID.x + 1000u * gl_GlobalInvocationID.y);
   if (gl_LocalInvocationIndex == 0)
      target.seen[(g.z * 16 + g.y) * 16 + g.x] += uvec4(g, 1000u * gl_NumWorkGroups.x + gl_NumWorkGroups.z);
}
