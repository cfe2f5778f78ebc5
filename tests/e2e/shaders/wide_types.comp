// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
// 64-bit integers and floats: arithmetic, shifts, comparisons, conversions.
layout(local_size_x = 64) in;
layout(binding = 0, std430) readonly buffer Input { u64vec2 words[]; } source;
layout(binding = 1, std430) writeonly buffer Output { u64vec4 words[]; } target;
layout(binding = 2, std430) writeonly buffer Reals { dvec4 reals[]; } reals;

void main()
{
   uint i = gl_GlobalInvocationID.x;
   uint64_t a = source.words[i].x, b = source.words[i].y | 1ul;
   int64_t s = int64_t(a), t = int64_t(b >> 40);
   target.words[2 * i] = u64vec4(a * b, a / b, a % (b >> 33 | 1ul), a << (b & 63ul));
   target.words[2 * i + 1] = u64vec4(uint64_t(s >> 7), uint64_t(s / (t | 1l)), uint64_t(min(s, t)),
                                     a > b ? a ^ b : a & b);
   double x = double(a >> 12), y = double(t) + 0.5LF;
   reals.reals[i] = dvec4(x * 0.25LF + y, floor(x / 1024.0LF), double(int(t)), max(x, y) - min(x, y));
}
