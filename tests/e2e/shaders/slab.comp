// SPDX-License-Identifier: MIT
#version 450
// A few slices out of a volume, as a smaller volume.
layout(local_size_x = 4, local_size_y = 4) in;
layout(binding = 0, r32ui) uniform uimage3D slab;
layout(push_constant) uniform Push { uint number; } push;

void main()
{
   ivec3 size = imageSize(slab);
   for (int z = 0; z < size.z; z++) {
      ivec3 at = ivec3(gl_GlobalInvocationID.xy, z);
      imageStore(slab, at, uvec4(push.number << 24 | uint(size.z) << 16 | uint(z) << 8 | uint(at.y * 16 + at.x)));
   }
}
