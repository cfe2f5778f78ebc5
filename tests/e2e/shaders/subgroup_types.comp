// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_shader_subgroup_extended_types_int8 : require
#extension GL_EXT_shader_subgroup_extended_types_int16 : require
#extension GL_EXT_shader_subgroup_extended_types_int64 : require
#extension GL_EXT_shader_subgroup_extended_types_float16 : require
// Subgroup operations on 8, 16 and 64-bit types.
layout(local_size_x = 64) in;
layout(binding = 0, std430) readonly buffer Input { uint words[]; } source;
layout(binding = 1, std430) writeonly buffer Output { uvec4 words[]; } target;

void main()
{
   uint i = gl_GlobalInvocationID.x, x = source.words[i];
   uint8_t byte = uint8_t(x);
   int16_t small = int16_t(x >> 8);
   uint64_t wide = uint64_t(x) << 20;
   float16_t half_x = float16_t(float(x & 15u));
   uint64_t sum = subgroupAdd(wide) ^ subgroupShuffleXor(wide, 1);
   uint bytes = uint(subgroupMax(byte)) + 256 * uint(subgroupInclusiveAdd(byte));
   target.words[i] = uvec4(bytes, int(subgroupMin(small)), uint(sum) ^ uint(sum >> 32),
                           floatBitsToUint(float(subgroupAdd(half_x))));
}
