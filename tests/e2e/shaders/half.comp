// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
// Float16 arithmetic whose results are exact, conversions, packing and comparisons.
layout(local_size_x = 64) in;
layout(binding = 0, std430) readonly buffer Input { f16vec4 rows[]; } source;
layout(binding = 1, std430) writeonly buffer Output { f16vec4 rows[]; } target;
layout(binding = 2, std430) writeonly buffer Words { uvec4 words[]; } words;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   f16vec4 a = source.rows[i], b = source.rows[i ^ 1];
   target.rows[i * 3] = a + b;
   target.rows[i * 3 + 1] = a * b - a.wzyx;
   target.rows[i * 3 + 2] = mix(abs(a), floor(b), lessThan(a, b)) + f16vec4(dot(a, f16vec4(1.0hf)));
   words.words[i] = uvec4(packFloat2x16(a.xy), packHalf2x16(vec2(b.zw)), floatBitsToUint(float(a.x)),
                          uint(float(max(a.y, b.y)) + 1000.0));
}
