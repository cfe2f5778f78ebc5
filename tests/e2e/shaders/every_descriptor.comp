// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_samplerless_texture_functions : require
// Something of each kind of descriptor that a compute shader can have.
layout(local_size_x = 16) in;
layout(binding = 0) uniform sampler nearest;
layout(binding = 1) uniform sampler2D combined[2];
layout(binding = 2) uniform texture2D sampled[2];
layout(binding = 3, rgba8) uniform readonly image2D stored;
layout(binding = 4) uniform usamplerBuffer texels;
layout(binding = 5, r32ui) uniform uimageBuffer more_texels;
layout(binding = 6) uniform Block { uvec4 words[4]; } blocks[2];
layout(binding = 7, std430) buffer Output { uint words[]; } target;
layout(binding = 8) uniform Moving { uvec4 words[4]; } moving;
layout(binding = 9, std430) buffer MovingOutput { uint words[]; } moving_target;
layout(binding = 10) uniform Inline { uvec4 words[2]; } near;

uint code(vec4 v)
{
   return packUnorm4x8(v);
}

void main()
{
   uint i = gl_LocalInvocationID.x;
   ivec2 p = ivec2(i % 4, i / 4);
   vec2 at = (vec2(p) + 0.5) / 4.0;
   uint x = code(textureLod(combined[0], at, 0)) * 3u + code(textureLod(combined[1], at.yx, 0));
   x += code(textureLod(sampler2D(sampled[0], nearest), at, 0)) * 5u + code(texelFetch(sampled[1], p, 0)) * 7u;
   x += code(imageLoad(stored, p)) * 11u + texelFetch(texels, int(i)).r * 13u + imageLoad(more_texels, int(i)).r * 17u;
   x += blocks[0].words[i / 4][i % 4] * 19u + blocks[1].words[i / 4][i % 4] * 23u;
   x += near.words[i / 4 % 2][i % 4] * 29u;
   target.words[i] = target.words[i] * 31u + x;
   moving_target.words[i] += moving.words[i / 4][i % 4] + x;
   imageStore(more_texels, int(i), uvec4(x));
}
