// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_nonuniform_qualifier : require
#extension GL_EXT_samplerless_texture_functions : require
// Arrays of textures, storage images, texel buffers and uniform buffers, each invocation with an index of its own.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint count; uint factor; } push;
layout(binding = 0, std430) writeonly buffer Output { uvec4 words[]; } target;
layout(binding = 1) uniform Block { uvec4 words[4]; } blocks[16];
layout(binding = 2, r32ui) uniform uimage2D images[16];
layout(binding = 3) uniform usamplerBuffer texels[16];
layout(binding = 4) uniform utexture2D textures[];

void main()
{
   uint i = gl_GlobalInvocationID.x, which = i * push.factor % push.count;
   uint few = which % 16;
   uint a = blocks[nonuniformEXT(few)].words[i % 4][i / 4 % 4];
   uint b = imageLoad(images[nonuniformEXT(few)], ivec2(i % 4, i / 4 % 4)).r;
   uint c = texelFetch(texels[nonuniformEXT(few)], int(i % 16)).r;
   uint d = texelFetch(textures[nonuniformEXT(which)], ivec2(i % 4, i / 4 % 4), 0).r;
   target.words[i] = uvec4(a, b, c, d);
}
