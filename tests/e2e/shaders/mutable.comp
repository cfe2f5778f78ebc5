// SPDX-License-Identifier: MIT
#version 450
// One binding, seen as four kinds of descriptors; which element is what is known to the host.
layout(local_size_x = 16) in;
layout(binding = 0, std430) readonly buffer Words { uint words[16]; } buffers[4];
layout(binding = 0) uniform Rows { uvec4 rows[16]; } tables[4];
layout(binding = 0, r32ui) uniform readonly uimage2D images[4];
layout(binding = 0) uniform utexture2D textures[4];
layout(binding = 1, std430) writeonly buffer Output { uvec4 seen[]; } target;
layout(constant_id = 0) const uint BUFFER = 0;
layout(constant_id = 1) const uint TABLE = 1;
layout(constant_id = 2) const uint IMAGE = 2;
layout(constant_id = 3) const uint TEXTURE = 3;
#extension GL_EXT_samplerless_texture_functions : require

void main()
{
   uint i = gl_LocalInvocationID.x;
   target.seen[i] = uvec4(buffers[BUFFER].words[i], tables[TABLE].rows[i].z, imageLoad(images[IMAGE], ivec2(i, 0)).x,
                          texelFetch(textures[TEXTURE], ivec2(i, 1), 0).x);
}
